//! What the crate promises, checked through its public doors: catalogue, bundle, decisions, command line, HTTP, and the
//! direction in which its modules may know each other. No network, no data but what the repository holds.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adapters;
mod architecture;
mod bundle;
mod calendar;
mod cases;
mod catalogue;
mod catalogue_api;
mod chatwoot;
mod cli;
mod conversations;
mod decisions;
mod desk_api;
mod diff;
mod explain;
mod facts;
mod http;
mod keys;
mod leakage;
mod lint;
mod live;
mod orders;
mod products;
mod promotions;
mod quote_api;
mod review;
mod shop;
mod slots;
mod stats;
mod store;
mod tls;
mod webhooks;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use tempfile::TempDir;
use triage::Engine;

/// The shipped configuration, opened once for all tests: fitting its head takes seconds.
pub(crate) static ENGINE: LazyLock<Arc<Engine>> = LazyLock::new(|| {
    let engine = Engine::open(shipped("config/triage.yaml"));
    Arc::new(engine.unwrap_or_else(|error| panic!("the shipped configuration opens: {error}")))
});

/// A file or folder of the repository.
pub(crate) fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A copy of everything that a lead edits, read with the real bundle. Gone when dropped.
pub(crate) struct Workplace {
    folder: TempDir,
}

impl Workplace {
    /// All of `config/` and `intents/`.
    pub(crate) fn new() -> Self {
        let place = Self::without_intents();
        for name in names(&shipped("intents")) {
            place.copy(&format!("intents/{name}"));
        }
        place
    }

    /// All of `config/` and an empty `intents/`.
    pub(crate) fn without_intents() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["config", "intents"] {
            std::fs::create_dir(place.path(name)).unwrap();
        }
        for name in names(&shipped("config")) {
            place.copy(&format!("config/{name}"));
        }
        let bundle = triage::config::Config::read(&shipped("config/triage.yaml")).unwrap().bundle;
        // A key that stands twice is refused, so the shipped one becomes a comment.
        place.edit("config/triage.yaml", "\nbundle:", &format!("\nbundle: '{}' #", bundle.display()));
        place
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.path("config/triage.yaml")
    }

    /// A file or folder of the copy.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Replaces a text that stands in a file exactly once.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        self.write(name, &replace_once(&text, from, to));
    }

    fn copy(&self, name: &str) {
        std::fs::copy(shipped(name), self.path(name)).unwrap();
    }
}

/// The text with one part replaced. A part that stands there several times, or no longer, is a mistake of the test.
pub(crate) fn replace_once(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "`{from}` must stand exactly once in the file that is changed");
    text.replacen(from, to, 1)
}

/// The names in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().expect("names are UTF-8")).collect();
    names.sort();
    names
}

/// The smallest intent file that has no findings.
pub(crate) fn minimal_intent(id: &str) -> String {
    format!(
        "id: {id}
title: {{ zh: {id}, en: {id} }}
queue: presale
examples:
  zh: [关于{id}的事]
  en: [about {id}]
answers:
  - id: general
    resolves: inform
    zh: [好的, 收到, 明白]
    en: [fine, noted, understood]
"
    )
}

/// The demo's products.
pub(crate) fn products() -> Arc<dyn triage::products::Products> {
    let file = triage::sources::ProductFile::open(shipped("config/products.yaml"), Vec::new());
    Arc::new(file.unwrap_or_else(|error| panic!("{error}")))
}
