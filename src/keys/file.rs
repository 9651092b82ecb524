//! The file of keys: as written, and how it is checked.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::Path;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Key, KeySet, Limits, Role, SMALLEST_BURST};
use crate::yaml::{self, Findings, Place};

/// Names become labels of metrics and words in logs.
const NAME_LENGTH: usize = 64;

/// As written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawKeys {
    keys: Vec<RawKey>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawKey {
    name: String,
    role: Role,
    /// While a key is changed, the old and the new one.
    #[schemars(length(min = 1, max = 4))]
    sha256: Vec<String>,
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    per_second: Option<u32>,
    #[serde(default)]
    #[schemars(range(min = 32, max = 1_000_000))]
    burst: Option<u32>,
    #[serde(default)]
    #[schemars(range(min = 1))]
    per_day: Option<u64>,
    /// The last day, such as 2027-01-31.
    #[serde(default)]
    until: Option<String>,
}

/// The JSON Schema of the file.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawKeys).to_value()
}

impl KeySet {
    /// Reads and checks a file; gives its text, too.
    ///
    /// # Errors
    /// Every problem, with its place. No finding repeats what stands in the place of a hash: it may be a key.
    pub fn read(path: &Path) -> Result<(String, Self), Findings> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::check(path, &text).map(|keys| (text, keys)),
            Err(error) => {
                let mut findings = Findings::default();
                findings.add(path, Place::START, "unreadable", format!("cannot read the keys: {error}"));
                Err(findings)
            }
        }
    }

    pub(super) fn check(path: &Path, text: &str) -> Result<Self, Findings> {
        let mut findings = Findings::default();
        let Some((raw, document)) = yaml::read::<RawKeys>(path, text, &mut findings) else {
            return Err(findings.sorted());
        };
        if raw.keys.is_empty() {
            let message = "no key is given, so nobody could call; `keys: off` in the configuration lets everybody in";
            findings.add(path, document.place("/keys"), "no-keys", message);
        }
        let mut seen = Seen::default();
        let mut keys = Vec::new();
        for (at, raw) in raw.keys.into_iter().enumerate() {
            let mut problem = |key: &str, code: &'static str, message: String| {
                findings.add(path, document.place(&format!("/keys/{at}/{key}")), code, message);
            };
            keys.extend(checked(raw, &mut seen, &mut problem));
        }
        if findings.is_empty() { Ok(Self(keys)) } else { Err(findings.sorted()) }
    }
}

/// What no two keys may share, and which key has it.
#[derive(Default)]
struct Seen {
    names: HashMap<String, ()>,
    hashes: HashMap<[u8; 32], String>,
}

fn checked(raw: RawKey, seen: &mut Seen, problem: &mut dyn FnMut(&str, &'static str, String)) -> Option<Key> {
    let RawKey { name, role, sha256, per_second, burst, per_day, until } = raw;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if !(1..=NAME_LENGTH).contains(&name.len()) || !name.chars().all(is_plain) {
        let message = format!("a name has 1 to {NAME_LENGTH} small letters, digits, `-` and `_`, such as `shop-app`");
        problem("name", "bad-name", message);
        return None;
    }
    if seen.names.insert(name.clone(), ()).is_some() {
        let message = format!("key `{name}` was given before; a second secret goes into its `sha256`");
        problem("name", "duplicate-name", message);
    }
    let mut hashes = Vec::new();
    for (at, text) in sha256.iter().enumerate() {
        let place = format!("sha256/{at}");
        let mut hash = [0; 32];
        if hex::decode_to_slice(text, &mut hash).is_err() {
            let message = format!(
                "key `{name}`: not a SHA-256 in 64 hexadecimal digits; `triage keys new {name}` makes a key and its hash"
            );
            problem(&place, "bad-hash", message);
        } else if let Some(other) = seen.hashes.insert(hash, name.clone()) {
            problem(&place, "duplicate-hash", format!("key `{other}` has the same hash; every key has its own"));
        }
        hashes.push(hash);
    }
    let until = until.map(|text| text.parse::<Date>());
    if let Some(Err(_)) = until {
        problem("until", "bad-date", format!("key `{name}`: `until` is a day such as 2027-01-31"));
    }
    if burst.is_some() && per_second.is_none() {
        let message = format!("key `{name}`: `burst` ({SMALLEST_BURST} or more) counts only beside `per_second`");
        problem("burst", "burst-alone", message);
    }
    let limits =
        Limits { per_second: per_second.and_then(NonZeroU32::new), burst: burst.and_then(NonZeroU32::new), per_day };
    Some(Key { name: name.into(), role, hashes, until: until.and_then(Result::ok), limits })
}
