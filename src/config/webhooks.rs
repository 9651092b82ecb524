//! `webhooks:` in `config/triage.yaml`: where events are delivered.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::beside;
use crate::ticket::EventKind;
use crate::yaml::{Document, Findings, Place};

/// Shorter secrets can be guessed.
const SECRET_BYTES: usize = 16;

/// Names become labels of metrics and words in logs.
const NAME_LENGTH: usize = 64;

/// As written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWebhook {
    name: String,
    url: String,
    #[serde(default)]
    secret_file: Option<String>,
    #[serde(default)]
    secret_env: Option<String>,
    #[serde(default)]
    #[schemars(length(min = 1))]
    events: Option<Vec<EventKind>>,
    #[serde(default)]
    allow_private: bool,
}

/// The URL may hold a token, so only the name is shown.
impl fmt::Debug for RawWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawWebhook").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An endpoint that events are delivered to, checked. Its secret is read when the deliveries start, so that commands that
/// deliver nothing need none.
#[derive(Clone)]
pub struct Webhook {
    name: String,
    url: Url,
    secret: SecretSource,
    events: Vec<EventKind>,
    allow_private: bool,
    file: PathBuf,
}

/// Where a secret is found, and where the configuration says so.
#[derive(Debug, Clone)]
pub(super) enum SecretSource {
    File(PathBuf, Place),
    Variable(String, Place),
}

impl SecretSource {
    /// The one of two keys that is given, `keys` being their names. The error has the key to blame, if one is there.
    pub(super) fn of(
        path: Option<String>,
        variable: Option<String>,
        file: &Path,
        keys: [&'static str; 2],
        place: impl Fn(&str) -> Place,
    ) -> Result<Self, (Option<&'static str>, String)> {
        let [of_path, of_variable] = keys;
        match (path, variable) {
            (Some(path), None) => {
                Ok(Self::File(beside(file.parent().unwrap_or(Path::new(".")), &path), place(of_path)))
            }
            (None, Some(name)) => Ok(Self::Variable(name, place(of_variable))),
            (None, None) => Err((None, format!("it is missing; give `{of_path}: path` or `{of_variable}: NAME`"))),
            (Some(_), Some(_)) => {
                Err((Some(of_variable), format!("`{of_path}` and `{of_variable}` are both given; keep one")))
            }
        }
    }

    /// Reads it, and refuses it if it is shorter than `least` bytes. `who` says whose it is, `file` who names it.
    pub(super) fn read(
        &self,
        who: &str,
        file: &Path,
        least: usize,
        variable: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Secret, Findings> {
        let refused = |place: Place, code: &'static str, message: String| {
            let mut findings = Findings::default();
            findings.add(file, place, code, format!("{who}: {message}"));
            findings
        };
        let (place, what, bytes) = match self {
            Self::File(path, place) => {
                let read = std::fs::read(path).map_err(|error| {
                    refused(*place, "secret-unreadable", format!("cannot read `{}`: {error}", path.display()))
                })?;
                (*place, format!("the secret in `{}`", path.display()), read)
            }
            Self::Variable(name, place) => {
                let read = variable(name).ok_or_else(|| {
                    refused(*place, "secret-unreadable", format!("the environment variable `{name}` is not set"))
                })?;
                (*place, format!("the secret in the environment variable `{name}`"), read)
            }
        };
        // Editors and `echo` end a file with a line break that nobody means.
        let secret = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let secret = secret.strip_suffix(b"\r").unwrap_or(secret);
        if secret.len() < least {
            let length = secret.len();
            let message = format!(
                "{what} has {length} bytes; at least {least} are needed, for example from `openssl rand -hex 32`"
            );
            return Err(refused(place, "secret-short", message));
        }
        Ok(Secret(secret.to_vec()))
    }
}

/// What deliveries are signed with. Nothing prints it.
#[derive(Clone)]
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Path and query of the URL may hold a token, so only its host is shown.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("name", &self.name)
            .field("host", &self.url.host_str())
            .field("events", &self.events)
            .field("allow_private", &self.allow_private)
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// The name, unique among the endpoints: what [`NewEvent`](crate::store::NewEvent) calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it wants events of this kind.
    #[must_use]
    pub fn wants(&self, kind: EventKind) -> bool {
        self.events.contains(&kind)
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether addresses are allowed that only this network reaches.
    pub(crate) fn allows_private(&self) -> bool {
        self.allow_private
    }

    /// Reads the secret.
    pub(crate) fn secret(&self) -> Result<Secret, Findings> {
        self.secret_from(|name| std::env::var_os(name).map(std::ffi::OsString::into_encoded_bytes))
    }

    fn secret_from(&self, variable: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Secret, Findings> {
        self.secret.read(&format!("webhook `{}`", self.name), &self.file, SECRET_BYTES, variable)
    }
}

/// Checks all endpoints; those without a finding are returned.
pub(super) fn check(raw: Vec<RawWebhook>, file: &Path, document: &Document, findings: &mut Findings) -> Vec<Webhook> {
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut out = Vec::new();
    for (at, raw) in raw.into_iter().enumerate() {
        let place = |key: &str| document.place(&format!("/webhooks/{at}/{key}"));
        let mut problem = |key: &str, code: &'static str, message: String| {
            findings.add(file, place(key), code, message);
        };
        if let Some(message) = name_problem(&raw.name) {
            problem("name", "bad-name", message);
        }
        if let Some(line) = names.get(&raw.name) {
            let message = format!("webhook `{}` was given before, in line {line}; names must differ", raw.name);
            problem("name", "duplicate-name", message);
        }
        names.entry(raw.name.clone()).or_insert_with(|| place("name").line);
        let url = checked_url(&raw).map_err(|message| problem("url", "bad-url", message));
        let keys = ["secret_file", "secret_env"];
        let secret = SecretSource::of(raw.secret_file.clone(), raw.secret_env.clone(), file, keys, place);
        let secret = secret.map_err(|(key, message)| {
            problem(key.unwrap_or("name"), "bad-secret", format!("webhook `{}`, secret: {message}", raw.name));
        });
        if let (Ok(url), Ok(secret)) = (url, secret) {
            let events = raw.events.unwrap_or_else(|| EventKind::ALL.to_vec());
            let (name, allow_private, file) = (raw.name, raw.allow_private, file.to_owned());
            out.push(Webhook { name, url, secret, events, allow_private, file });
        }
    }
    out
}

fn name_problem(name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let is_good = (1..=NAME_LENGTH).contains(&name.len()) && name.chars().all(is_plain);
    (!is_good).then(|| format!("a name has 1 to {NAME_LENGTH} small letters, digits, `-` and `_`, such as `desk-1`"))
}

/// Never repeats the URL in a message: it may hold a token.
fn checked_url(raw: &RawWebhook) -> Result<Url, String> {
    let name = &raw.name;
    let url = Url::parse(&raw.url)
        .map_err(|error| format!("webhook `{name}`: not a URL such as https://desk.example/triage: {error}"))?;
    match url.scheme() {
        "https" => {}
        "http" if raw.allow_private => {}
        "http" => {
            return Err(format!(
                "webhook `{name}`: http can be read and changed on the way; use https, or `allow_private: true` inside of \
                 a network of your own"
            ));
        }
        other => return Err(format!("webhook `{name}`: `{other}` is not allowed; allowed: https, http")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("webhook `{name}`: no user and password in a URL; the signature tells who it is from"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
