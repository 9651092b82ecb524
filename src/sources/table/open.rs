//! The file of the table, and connections to it.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use crate::sources::OpenError;

/// Released ones are never changed.
const MIGRATIONS: &[M<'static>] = &[M::up(include_str!("../../../migrations/orders/0001_orders.sql"))];

/// "TRIO", as the first migration writes it.
const APPLICATION_ID: i64 = 0x5452_494F;

/// How long an import waits for another one.
const BUSY: Duration = Duration::from_secs(10);

/// Where the write-ahead log is cut back to after an import, in bytes.
const LOG_LIMIT: u32 = 16 << 20;

/// The connection that writes, its tables up to date.
pub(super) fn writer(path: &Path) -> Result<Connection, OpenError> {
    create(path)?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| told(&error, path))?;
    settle(&mut connection, path)?;
    let migrations = Migrations::from_slice(MIGRATIONS);
    // Another program may have been faster; then nothing is left to do.
    let outcome = migrations.to_latest(&mut connection).or_else(|_| migrations.to_latest(&mut connection));
    outcome.map_err(|error| OpenError::Failed(format!("cannot bring `{}` up to date: {error}", path.display())))?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// Makes folder and file, for nobody but the user that the program runs as.
fn create(path: &Path) -> Result<(), OpenError> {
    let failed = |error: std::io::Error| {
        let advice = "the folder must be writable for the user that the program runs as; see `orders.path`";
        OpenError::Failed(format!("cannot create `{}`: {error}; {advice}", path.display()))
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.write(true).create_new(true).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

fn settle(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| told(&error, path);
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(failed);
    let is_ours = ask("PRAGMA application_id")? == APPLICATION_ID || ask("SELECT count(*) FROM sqlite_master")? == 0;
    if !is_ours {
        return Err(OpenError::Failed(format!(
            "`{}` is a database of something else; let `orders.path` name a file of its own",
            path.display()
        )));
    }
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        let path = path.display();
        return Err(OpenError::Failed(format!(
            "`{path}` must be on a local disk: its file system has no shared memory"
        )));
    }
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_LIMIT, |_| Ok(())).map_err(failed)?;
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    Ok(())
}

/// Why it cannot be used, and what to do.
pub(super) fn told(error: &rusqlite::Error, path: &Path) -> OpenError {
    let path = path.display();
    OpenError::Failed(match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            format!("`{path}` is not a database, or is damaged; move it away, or let `orders.path` name another file")
        }
        Some(ErrorCode::DatabaseCorrupt) => format!("`{path}` is damaged; move it away and import the orders again"),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => format!(
            "cannot open `{path}`: {error}; file and folder must be writable for the user that the program runs as"
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("`{path}` is being written by another import; try again when it is done")
        }
        Some(ErrorCode::DiskFull) => format!("cannot write `{path}`: the disk is full"),
        _ => format!("cannot use `{path}`: {error}"),
    })
}
