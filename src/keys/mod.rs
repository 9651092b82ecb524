//! Who may call: keys with roles, kept as hashes only, each with limits of its own.
//!
//! [`KeySet`] is what a file says, checked. [`Keys`] is the set that is in force: it takes up edits of the file while the
//! service runs, and keeps what it has where an edit cannot be read. Knows no HTTP; time comes in.

mod budget;
mod file;
mod watch;

use std::fmt;
use std::sync::Arc;

use jiff::Zoned;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

pub use self::budget::{Budget, Exhausted, Limits, SMALLEST_BURST};
pub use self::file::schema;
pub use self::watch::{Keys, Owner};

/// How the keys that [`Secret::fresh`] makes begin, so that scanners of source code can find lost ones.
const PREFIX: &str = "triage_";

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sends customers' messages, and tells what became of conversations.
    Gateway,
    /// Works on hand-offs.
    Agent,
    /// Looks after the catalogue, and reads the figures.
    Lead,
    /// Everything.
    Admin,
}

impl Role {
    /// Its name in files and logs.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Agent => "agent",
            Self::Lead => "lead",
            Self::Admin => "admin",
        }
    }
}

/// A key as its owner has it. Nothing prints it but [`Secret::reveal`].
pub struct Secret(String);

impl Secret {
    /// A new one, of 256 random bits: long enough that a plain hash of it cannot be undone by guessing.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub fn fresh() -> std::io::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
        Ok(Self(format!("{PREFIX}{}", hex::encode(bytes))))
    }

    /// To be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What a file of keys holds of it.
    #[must_use]
    pub fn hash(&self) -> String {
        hex::encode(digest(&self.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// A key, checked.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its name, in logs, metrics and the desk's queue.
    pub name: Arc<str>,
    /// What its owner may do.
    pub role: Role,
    /// SHA-256 of the secrets that open it: more than one while it is changed.
    hashes: Vec<[u8; 32]>,
    /// The last day on which it opens.
    until: Option<jiff::civil::Date>,
    /// How much of it may be used.
    pub limits: Limits,
}

/// Every key that is known.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<Key>);

impl KeySet {
    /// The key that a secret opens today. Takes the same time whichever it is and whether there is one.
    #[must_use]
    pub fn opened_by(&self, secret: &str, now: &Zoned) -> Option<&Key> {
        let given = digest(secret);
        let mut found = None;
        for key in &self.0 {
            let fits = key.hashes.iter().fold(Choice::from(0), |fits, hash| fits | hash[..].ct_eq(&given));
            if fits.into() {
                found = Some(key);
            }
        }
        found.filter(|key| key.until.is_none_or(|until| now.date() <= until))
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests;
