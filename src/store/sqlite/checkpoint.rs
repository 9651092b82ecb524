//! Takes the log into the file beside the writer, so that no message waits for the disk while that is done.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::values::{Stored, failed};
use super::{Options, open};
use crate::store::StoreError;

/// How often it looks whether there is something to take over.
const EVERY: Duration = Duration::from_secs(1);

/// From so many pages on (16 MB) the log has to begin anew. Otherwise it would grow for as long as something is written all
/// the time: it begins anew by itself only when all of it has been taken over.
const LARGE: i64 = 4096;

/// How long the writer may be held up until nobody reads what stands in the log.
const PATIENCE: Duration = Duration::from_millis(10);

pub(super) struct Checkpointer {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread.
    pub(super) fn start(path: &Path, options: &Options) -> Stored<Self> {
        let connection = open::existing(path, options)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let (stop, stopped) = sync_channel::<()>(0);
        let thread = std::thread::Builder::new().name("checkpoint".into()).spawn(move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = take_over(&connection) {
                    tracing::warn!(%error, "the store's log cannot be taken into its file");
                }
            }
        });
        let thread = thread.map_err(|error| StoreError::Failed(format!("cannot start a thread: {error}")))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn take_over(connection: &Connection) -> rusqlite::Result<()> {
    let pages: i64 = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get("log"))?;
    if pages >= LARGE {
        // Little is left to be taken over by now. Where somebody reads for long, it is tried again.
        connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
    }
    Ok(())
}
