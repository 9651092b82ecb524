//! Between columns and domain types. Times are whole microseconds, enumerations their ids, the rest JSON. A row that cannot
//! be read back is an error that names table and column, and nothing of what stands there.

use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Connection, ErrorCode, Params, Row, ffi};
use serde::Serialize;
use serde::de::value::{Error as LabelError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::store::StoreError;

pub(super) type Stored<T> = Result<T, StoreError>;

/// An error of SQLite, which speaks of tables and columns, never of values.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "; make room on the disk",
        Some(ErrorCode::ReadOnly) => "; the file must be writable for the user that the service runs as",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "; another program holds its lock",
        Some(ErrorCode::DatabaseCorrupt) => "; restore a backup",
        _ => "",
    };
    StoreError::Failed(format!("{error}{advice}"))
}

/// An error of writing a record whose version was read before. A second open ticket, or a parent that is gone by now, is
/// what somebody else did in between.
pub(super) fn refused(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error().map(|error| error.extended_code) {
        Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => StoreError::Conflict,
        _ => failed(error),
    }
}

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn micros_or_none(at: Option<Timestamp>) -> Option<i64> {
    at.map(micros)
}

/// A count as SQLite keeps it.
pub(super) fn integer(count: impl TryInto<i64>) -> Stored<i64> {
    count.try_into().map_err(|_| StoreError::Failed("a number is too large to be stored".into()))
}

/// A limit as SQLite takes it.
pub(super) fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The id of a variant, as in the API.
pub(super) fn label(value: impl Serialize) -> Stored<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(id)) => Ok(id),
        _ => Err(StoreError::Failed("an enumeration has no id to store".into())),
    }
}

pub(super) fn json(value: &impl Serialize) -> Stored<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Failed("a record cannot be written as JSON".into()))
}

/// A row, and the table that it is from.
pub(super) struct Fields<'r> {
    row: &'r Row<'r>,
    table: &'static str,
}

impl<'r> Fields<'r> {
    pub(super) fn of(table: &'static str, row: &'r Row<'r>) -> Self {
        Self { row, table }
    }

    fn unreadable(&self, column: &str) -> StoreError {
        StoreError::Failed(format!("a row of `{}` cannot be read back: column `{column}`", self.table))
    }

    pub(super) fn get<T: FromSql>(&self, column: &str) -> Stored<T> {
        self.row.get(column).map_err(|_| self.unreadable(column))
    }

    pub(super) fn count<T: TryFrom<i64>>(&self, column: &str) -> Stored<T> {
        T::try_from(self.get::<i64>(column)?).map_err(|_| self.unreadable(column))
    }

    pub(super) fn count_or_none<T: TryFrom<i64>>(&self, column: &str) -> Stored<Option<T>> {
        let count = self.get::<Option<i64>>(column)?;
        count.map(|count| T::try_from(count).map_err(|_| self.unreadable(column))).transpose()
    }

    pub(super) fn time(&self, column: &str) -> Stored<Timestamp> {
        Timestamp::from_microsecond(self.get(column)?).map_err(|_| self.unreadable(column))
    }

    pub(super) fn time_or_none(&self, column: &str) -> Stored<Option<Timestamp>> {
        let at = self.get::<Option<i64>>(column)?;
        at.map(|at| Timestamp::from_microsecond(at).map_err(|_| self.unreadable(column))).transpose()
    }

    pub(super) fn label<T: DeserializeOwned>(&self, column: &str) -> Stored<T> {
        let id: String = self.get(column)?;
        let id: StrDeserializer<'_, LabelError> = id.as_str().into_deserializer();
        T::deserialize(id).map_err(|_| self.unreadable(column))
    }

    pub(super) fn label_or_none<T: DeserializeOwned>(&self, column: &str) -> Stored<Option<T>> {
        let is_there = self.get::<Option<String>>(column)?.is_some();
        is_there.then(|| self.label(column)).transpose()
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Stored<T> {
        serde_json::from_str(&self.get::<String>(column)?).map_err(|_| self.unreadable(column))
    }
}

/// Runs a statement that gives nothing back, and tells how many rows it changed.
pub(super) fn run(connection: &Connection, sql: &str, values: impl Params) -> rusqlite::Result<usize> {
    connection.prepare_cached(sql)?.execute(values)
}

/// Reads one row after the other, until `each` fails.
pub(super) fn each(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    mut each: impl FnMut(&Row<'_>) -> Stored<()>,
) -> Stored<()> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(values).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        each(row)?;
    }
    Ok(())
}

pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl Fn(&Row<'_>) -> Stored<T>,
) -> Stored<Vec<T>> {
    let mut out = Vec::new();
    each(connection, sql, values, |row| {
        out.push(read(row)?);
        Ok(())
    })?;
    Ok(out)
}

/// The row of a key, if there is one.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl Fn(&Row<'_>) -> Stored<T>,
) -> Stored<Option<T>> {
    Ok(all(connection, sql, values, read)?.pop())
}
