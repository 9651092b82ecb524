//! Noticing that files changed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread::{self, sleep};
use std::time::{Duration, Instant, SystemTime};

use super::Live;
use crate::config::Config;

/// Between two looks at the files. A look at fifty files takes a tenth of a millisecond.
const TICK: Duration = Duration::from_millis(50);

/// How long the files must have stayed as they are: editors write in several steps, and so does a checkout.
const QUIET: Duration = Duration::from_millis(150);

impl Live {
    /// Takes up edits of the files from now on, for as long as somebody else holds this.
    ///
    /// Looks at the files instead of asking the operating system to report: that also works on network folders, mounted
    /// volumes and symbolic links that are switched over, and what counts in the end is the content.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn watch(self: &Arc<Self>) -> std::io::Result<()> {
        let live = Arc::downgrade(self);
        thread::Builder::new().name("triage-catalogue".to_owned()).spawn(move || watch(&live))?;
        Ok(())
    }
}

fn watch(live: &Weak<Live>) {
    // The first look counts as a change: since the files were read, they may have been edited.
    let mut last = Look::default();
    let mut changed: Option<Instant> = None;
    loop {
        sleep(TICK);
        let Some(live) = live.upgrade() else { return };
        let look = Look::at(live.engine().config());
        if look != last {
            last = look;
            changed = Some(Instant::now());
        } else if changed.is_some_and(|changed| changed.elapsed() >= QUIET) {
            changed = None;
            // A panic costs this edit, not those after it.
            let reload = std::panic::AssertUnwindSafe(|| live.reload_if_new());
            if std::panic::catch_unwind(reload).is_err() {
                tracing::error!("taking up the edited catalogue panicked; what is served stays");
            }
        }
    }
}

/// What tells one state of the files from another without reading them.
#[derive(Default, PartialEq, Eq)]
struct Look(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Look {
    fn at(config: &Config) -> Self {
        let listing = std::fs::read_dir(&config.intents).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut paths: Vec<PathBuf> = listing.chain([config.policy.clone(), config.shop.clone()]).collect();
        paths.sort();
        Self(
            paths
                .into_iter()
                .map(|path| {
                    let seen = seen(&path);
                    (path, seen)
                })
                .collect(),
        )
    }
}

fn seen(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
