//! Connections that only read. They see the last commit, and neither wait for the writer nor hold it up.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::values::Stored;
use super::{Options, open};

/// Connections kept for later; more are opened when they are needed, and closed again.
const KEPT: usize = 16;

pub(super) struct Readers {
    path: PathBuf,
    options: Options,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, options: Options) -> Self {
        Self { path, options, idle: Mutex::default() }
    }

    /// Reads with a connection of its own. One that failed is not used again: whatever was wrong with it goes too.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Connection) -> Stored<T>) -> Stored<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open::reader(&self.path, &self.options)?,
        };
        let value = read(&connection)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        Ok(value)
    }
}
