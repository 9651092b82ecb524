//! The keys that are in force, and taking up edits of their file.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread::{self, sleep};
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Zoned;

use super::{Budget, Exhausted, Key, KeySet, Role};
use crate::yaml::Findings;

/// Between two looks at the file.
const TICK: Duration = Duration::from_millis(500);

/// The keys that are in force.
#[derive(Debug)]
pub struct Keys {
    path: PathBuf,
    current: ArcSwap<Current>,
}

/// A set, with what is left of each key.
#[derive(Debug)]
struct Current {
    /// The file, as it was read.
    text: String,
    set: KeySet,
    budgets: HashMap<Arc<str>, Arc<Budget>>,
}

/// Somebody who showed a key.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The key's name.
    pub name: Arc<str>,
    /// What they may do.
    pub role: Role,
    budget: Arc<Budget>,
}

impl Owner {
    /// Counts so many requests of theirs, all or none.
    ///
    /// # Errors
    /// When there are not so many left.
    pub fn spend(&self, requests: NonZeroU32, now: &Zoned) -> Result<(), Exhausted> {
        self.budget.take(requests, now)
    }
}

impl Keys {
    /// Reads the file.
    ///
    /// # Errors
    /// Every problem of the file.
    pub fn open(path: PathBuf) -> Result<Self, Findings> {
        let current = ArcSwap::from_pointee(Current::after(None, KeySet::read(&path)?));
        Ok(Self { path, current })
    }

    /// Who has this secret.
    #[must_use]
    pub fn owner(&self, secret: &str, now: &Zoned) -> Option<Owner> {
        let current = self.current.load();
        let Key { name, role, .. } = current.set.opened_by(secret, now)?;
        Some(Owner { name: Arc::clone(name), role: *role, budget: Arc::clone(current.budgets.get(name)?) })
    }

    /// Reads the file again. What is used of a key stays used.
    ///
    /// # Errors
    /// Every problem of the file; the keys stay as they were.
    pub fn reload(&self) -> Result<usize, Findings> {
        let current = Current::after(Some(&self.current.load()), KeySet::read(&self.path)?);
        let count = current.set.iter().count();
        self.current.store(Arc::new(current));
        Ok(count)
    }

    /// Takes up edits of the file from now on, for as long as somebody else holds this.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn watch(self: &Arc<Self>) -> std::io::Result<()> {
        let keys = Arc::downgrade(self);
        thread::Builder::new().name("triage-keys".to_owned()).spawn(move || watch(&keys))?;
        Ok(())
    }
}

impl Current {
    fn after(before: Option<&Self>, (text, set): (String, KeySet)) -> Self {
        let budget = |key: &Key| match before.and_then(|before| before.budgets.get(&key.name)) {
            Some(kept) if kept.limits() == key.limits => Arc::clone(kept),
            Some(other) => Arc::new(other.renewed(key.limits)),
            None => Arc::new(Budget::new(key.limits)),
        };
        let budgets = set.iter().map(|key| (Arc::clone(&key.name), budget(key))).collect();
        Self { text, set, budgets }
    }
}

/// Looks at the content: the file is small, and a mounted secret may change without its times.
fn watch(keys: &Weak<Keys>) {
    let (mut last, mut refused) = (None, None);
    loop {
        sleep(TICK);
        let Some(keys) = keys.upgrade() else { return };
        let seen = std::fs::read(&keys.path).ok();
        // Editors write in several steps: what is taken up was seen twice.
        let is_settled = last.as_ref() == Some(&seen);
        last = Some(seen.clone());
        let is_known = seen.as_deref() == Some(keys.current.load().text.as_bytes()) || refused.as_ref() == Some(&seen);
        if !is_settled || is_known {
            continue;
        }
        match keys.reload() {
            Ok(count) => {
                refused = None;
                tracing::info!(keys = count, "the edited keys are in force");
            }
            Err(findings) => {
                refused = Some(seen);
                tracing::error!(%findings, "the edited keys are refused; those before stay in force");
            }
        }
    }
}
