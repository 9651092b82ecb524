//! A copy of the file, made while it is written to.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::values::{Stored, failed};
use super::{Options, open};
use crate::store::StoreError;

/// Pages copied at a stretch: 4 MB.
const PAGES: i32 = 1024;

/// Between stretches, so that the disk serves others too.
const PAUSE: Duration = Duration::from_millis(5);

/// Copies the store at `from` to a new file, and checks the copy. What is written meanwhile is not in it.
pub(super) fn copy(from: &Path, to: &Path, options: &Options) -> Stored<()> {
    if !from.exists() {
        return Err(StoreError::Failed(format!("there is no store at `{}`; see `store.path`", from.display())));
    }
    let source = open::existing(from, options)?;
    open::create_file(to).map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AlreadyExists => "; a backup never replaces a file",
            ErrorKind::NotFound => "; the folder must be there",
            _ => "",
        };
        StoreError::Failed(format!("cannot write `{}`: {error}{advice}", to.display()))
    })?;
    let outcome = copy_into(&source, to).map_err(|error| told(&error, to)).and_then(|()| check(to));
    if outcome.is_err() {
        // Half a copy must not be taken for one.
        remove(to);
    }
    outcome
}

fn copy_into(source: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut copy = connect(to)?;
    // One reading transaction for all steps: the copy is of one moment, and starts over for no change.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_master")?;
    let backup = Backup::new(source, &mut copy)?;
    while backup.step(PAGES)? != StepResult::Done {
        sleep(PAUSE);
    }
    drop(backup);
    source.execute_batch("COMMIT")
}

fn check(to: &Path) -> Stored<()> {
    let copy = connect(to).map_err(failed)?;
    let verdict = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0)).map_err(failed)?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(StoreError::Failed(format!("the copy `{}` is damaged, and so may be the store; it was removed", to.display())))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

fn told(error: &rusqlite::Error, to: &Path) -> StoreError {
    StoreError::Failed(format!("cannot copy the store to `{}`: {error}; nothing is left of the copy", to.display()))
}

fn remove(to: &Path) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let mut name = to.as_os_str().to_owned();
        name.push(suffix);
        // What is not there need not be removed, and what cannot be removed was told of already.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}
