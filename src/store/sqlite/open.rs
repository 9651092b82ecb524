//! Opening the file: folder, permissions, what it is, and what its tables have to become.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, TransactionBehavior};
use rusqlite_migration::{Error as MigrationError, M, MigrationDefinitionError, Migrations};

use super::Options;
use super::values::{Stored, failed};
use crate::config::Synchronous;
use crate::store::StoreError;

/// What made the tables as they are, oldest first. Never changed once released; only added to.
const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("../../../migrations/sqlite/0001_store.sql")),
    M::up(include_str!("../../../migrations/sqlite/0002_inbox.sql")),
];

/// "TRIA", as the first migration writes it.
const APPLICATION_ID: i64 = 0x5452_4941;

/// Statements that a connection keeps prepared: more than there are.
const STATEMENTS: usize = 64;

/// Where the write-ahead log is cut back to after a long reader, in bytes.
const LOG_LIMIT: u32 = 64 << 20;

/// From so many pages on (64 MB) the writer takes the log into the file itself, should nobody else have done it.
const LOG_PAGES: u32 = 16_384;

/// The connection that writes, its tables up to date.
pub(super) fn writer(path: &Path, options: &Options) -> Stored<Connection> {
    if options.creates {
        create(path)?;
    }
    let mut connection = existing(path, options)?;
    // SQLite opens a file that may only be read without a word, and fails with the first change.
    if connection.is_readonly(MAIN_DB).map_err(failed)? {
        return Err(StoreError::Failed(format!(
            "`{}` can only be read; it must be writable for the user that the service runs as",
            path.display()
        )));
    }
    settle(&mut connection, path, options).map_err(|error| told(error, path))?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// A connection to a file that is there, to write or to copy it; its tables are left as they are.
pub(super) fn existing(path: &Path, options: &Options) -> Stored<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags, options).map_err(|error| told(error, path))?;
    refuse_strangers(&connection, path)?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path, options: &Options) -> Stored<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    connect(path, flags, options).map_err(failed)
}

fn connect(path: &Path, flags: OpenFlags, options: &Options) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Makes folder and file, for nobody but the user that the service runs as.
pub(super) fn create(path: &Path) -> Stored<()> {
    let wrong = |what: &str, path: &Path, error: &std::io::Error| {
        let advice = "the folder must be writable for the user that the service runs as; see `store.path`";
        StoreError::Failed(format!("cannot create the {what} `{}`: {error}; {advice}", path.display()))
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        create_folder(folder).map_err(|error| wrong("folder", folder, &error))?;
    }
    match create_file(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(wrong("store", path, &error)),
        Ok(()) => Ok(()),
    }
}

fn create_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Makes an empty file that is not there yet. SQLite gives its other files the permissions of this one.
pub(super) fn create_file(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true).open(path).map(drop)
}

/// A file of another program stays as it is.
fn refuse_strangers(connection: &Connection, path: &Path) -> Stored<()> {
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| told(error, path));
    let is_ours = ask("PRAGMA application_id")? == APPLICATION_ID;
    if is_ours || ask("SELECT count(*) FROM sqlite_master")? == 0 {
        return Ok(());
    }
    Err(StoreError::Failed(format!(
        "`{}` is the database of another program; let `store.path` name a file of its own",
        path.display()
    )))
}

fn settle(connection: &mut Connection, path: &Path, options: &Options) -> rusqlite::Result<()> {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        // Network file systems have no shared memory, which the log needs.
        return Err(rusqlite::Error::InvalidPath(PathBuf::from(path)));
    }
    let synchronous = match options.synchronous {
        Synchronous::Normal => "NORMAL",
        Synchronous::Full => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_LIMIT, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    Ok(())
}

/// Brings the tables up to date, once if several programs open the file at the same time.
fn migrate(connection: &mut Connection, path: &Path) -> Stored<()> {
    let migrations = Migrations::from_slice(MIGRATIONS);
    let outcome = match migrations.to_latest(connection) {
        // Somebody else was faster; what is left to do is nothing.
        Err(MigrationError::RusqliteError { .. }) => migrations.to_latest(connection),
        outcome => outcome,
    };
    outcome.map_err(|error| match error {
        MigrationError::RusqliteError { err, .. } => told(err, path),
        MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
            let found = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap_or(0);
            StoreError::Failed(format!(
                "`{}` was written by a newer version of Triage: its tables are of version {found}, this program knows up \
                 to {}; run that version, or restore a backup made before it",
                path.display(),
                MIGRATIONS.len()
            ))
        }
        other => StoreError::Failed(format!("cannot bring `{}` up to date: {other}", path.display())),
    })
}

/// Why a file cannot be opened, and what to do.
pub(super) fn told(error: rusqlite::Error, path: &Path) -> StoreError {
    let path = path.display();
    let text = match (&error, error.sqlite_error_code()) {
        (rusqlite::Error::InvalidPath(_), _) => {
            format!("the file system of `{path}` has no shared memory; the store must be on a local disk")
        }
        (_, Some(ErrorCode::NotADatabase)) => {
            format!("`{path}` is not a database, or is damaged; move it away, or let `store.path` name another file")
        }
        (_, Some(ErrorCode::DatabaseCorrupt)) => format!("`{path}` is damaged; restore a backup"),
        (_, Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)) => format!(
            "cannot open `{path}`: {error}; file and folder must be there and writable for the user that the service runs as"
        ),
        (_, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) => {
            format!("`{path}` is locked by another program; try again when it is done")
        }
        (_, Some(ErrorCode::DiskFull)) => format!("cannot write `{path}`: the disk is full"),
        _ => format!("cannot open `{path}`: {error}"),
    };
    StoreError::Failed(text)
}
