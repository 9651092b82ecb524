//! The store in one SQLite file: one thread writes, many read.

mod backup;
mod change;
mod checkpoint;
mod conversations;
mod figures;
mod inbox;
mod open;
mod outbox;
mod readers;
mod tickets;
mod upkeep;
mod values;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use self::checkpoint::Checkpointer;
use self::readers::Readers;
use self::writer::Writer;
use super::{Change, Ledger, Pending, StoreError};
use crate::config::{StoreConfig, Synchronous};

/// How the file is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether a commit waits for the disk.
    pub synchronous: Synchronous,
    /// How long a change waits for others to share its commit.
    pub group_wait: Duration,
    /// Changes that may wait to be written; one more fails at once.
    pub queue: usize,
    /// How long to wait while another program holds the file's lock.
    pub busy: Duration,
    /// Whether a file that is not there is made.
    pub creates: bool,
    /// The most pages that the file may have, as if the disk were full then.
    pub max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::Normal,
            group_wait: Duration::from_millis(2),
            queue: 1024,
            busy: Duration::from_secs(5),
            creates: true,
            max_pages: None,
        }
    }
}

impl From<&StoreConfig> for Options {
    fn from(config: &StoreConfig) -> Self {
        Self { synchronous: config.synchronous, group_wait: Duration::from_millis(config.group_ms), ..Self::default() }
    }
}

/// The store in one SQLite file. Times are kept to the microsecond. Dropping it writes what is queued.
pub struct Sqlite {
    path: PathBuf,
    options: Options,
    readers: Readers,
    // Fields are dropped in this order: the connection that writes is closed last, and takes the log into the file.
    _checkpointer: Checkpointer,
    writer: Writer,
}

impl Sqlite {
    /// Opens a file, made with its folder if it is not there, and brings its tables up to date. Other programs may have it
    /// open too.
    ///
    /// # Errors
    /// When it cannot be opened or written, is no database, another program's, or a newer version's. Names the path.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        if !options.creates && !path.exists() {
            return Err(StoreError::Failed(format!("there is no store at `{}`; see `store.path`", path.display())));
        }
        let writer = Writer::start(path, &options)?;
        let checkpointer = Checkpointer::start(path, &options)?;
        let readers = Readers::new(path.to_owned(), options.clone());
        Ok(Self { path: path.to_owned(), options, readers, _checkpointer: checkpointer, writer })
    }

    /// Copies the file at `path` to a new one while others write to it, without changing its tables.
    ///
    /// # Errors
    /// When there is no store, it cannot be read, or the copy is there already or cannot be written.
    pub fn copy(path: &Path, to: &Path) -> Result<(), StoreError> {
        backup::copy(path, to, &Options::default())
    }
}

impl Ledger for Sqlite {
    fn record(&self, change: Change) -> Pending {
        let (pending, told) = Pending::new();
        self.writer.record(change, told);
        pending
    }
}
