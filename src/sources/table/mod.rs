//! Orders in a SQLite file of their own, so that an import never holds up the store. One writes, many read.

mod open;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, params};

use super::OpenError;
use crate::lookup::{Lookup, Unavailable};
use crate::orders::{OF_CUSTOMER, Order, Orders, RawOrder};
use crate::text;

/// Connections that are kept for later; more are opened when they are needed, and closed again.
const KEPT: usize = 16;

/// The order of this number; if there is none, of this tracking number. Both are looked for in any case.
const BY_NUMBER: &str = "
    SELECT body FROM (
        SELECT body, 0 AS rank FROM orders WHERE number = ?1
        UNION ALL SELECT body, 1 AS rank FROM orders WHERE tracking = ?1)
    ORDER BY rank LIMIT 1";

const OF_THIS_CUSTOMER: &str = "SELECT body FROM orders WHERE customer = ?1 ORDER BY placed_at DESC LIMIT ?2";

const UPSERT: &str = "
    INSERT INTO orders (number, customer, tracking, placed_at, body) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (number) DO UPDATE SET
        customer = excluded.customer, tracking = excluded.tracking, placed_at = excluded.placed_at, body = excluded.body";

/// The source.
pub struct Table {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    /// Closed last, since only one that writes takes the log into the file.
    writer: Mutex<Connection>,
}

impl Table {
    /// Opens the file; makes it if it is not there.
    ///
    /// # Errors
    /// When it cannot be opened, or is not ours.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let writer = Mutex::new(open::writer(path)?);
        Ok(Self { path: path.to_owned(), readers: Mutex::default(), writer })
    }

    /// Writes orders, all or none; one whose number is there takes the place of that.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, orders: &[Order]) -> Result<(), OpenError> {
        let failed = |error: rusqlite::Error| open::told(&error, &self.path);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction().map_err(failed)?;
        {
            let mut upsert = transaction.prepare_cached(UPSERT).map_err(failed)?;
            for order in orders {
                let body = serde_json::to_string(&RawOrder::from(order));
                let body = body.map_err(|_| OpenError::Failed("an order cannot be written as JSON".to_owned()))?;
                let placed = order.placed_at.as_microsecond();
                let (number, tracking) = (text::key(&order.number), order.tracking.as_deref().map(text::key));
                let row = params![number, order.customer, tracking, placed, body];
                upsert.execute(row).map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }

    /// Removes the orders of a customer; how many there were. Pieces may stay in the file until [`Table::wipe`].
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(&self, customer: &str) -> Result<usize, OpenError> {
        let failed = |error: rusqlite::Error| open::told(&error, &self.path);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(())).map_err(failed)?;
        writer.execute("DELETE FROM orders WHERE customer = ?1", [customer]).map_err(failed)
    }

    /// Writes the file anew from what is in it, and empties its log, so that nothing of what was removed is left.
    ///
    /// # Errors
    /// When the file cannot be written, or another program still reads what is in the log.
    pub fn wipe(&self) -> Result<(), OpenError> {
        let failed = |error: rusqlite::Error| open::told(&error, &self.path);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.execute_batch("VACUUM").map_err(failed)?;
        let is_busy = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>("busy"));
        match is_busy.map_err(failed)? {
            false => Ok(()),
            true => Err(OpenError::Failed(format!(
                "another program still reads the log of `{}`, which holds what was removed; try again",
                self.path.display()
            ))),
        }
    }

    /// How many there are.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn count(&self) -> Result<u64, OpenError> {
        let count =
            |reader: &Connection| reader.query_row("SELECT count(*) FROM orders", [], |row| row.get::<_, i64>(0));
        let counted = self.read(count).map_err(|error| open::told(&error, &self.path))?;
        Ok(u64::try_from(counted).unwrap_or_default())
    }

    /// Reads with a connection of its own. One that failed is not used again: whatever was wrong with it goes too.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => open::reader(&self.path)?,
        };
        let value = read(&reader)?;
        let mut idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(reader);
        }
        Ok(value)
    }

    fn orders(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<Order>, Unavailable> {
        let bodies = self.read(|reader| {
            let mut statement = reader.prepare_cached(sql)?;
            statement.query_map(parameters, |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()
        });
        // SQLite's messages hold no values.
        let bodies = bodies.map_err(|error| {
            tracing::error!("the table of orders cannot be read: {error}");
            Unavailable("the table of orders cannot be read")
        })?;
        bodies.iter().map(|body| order(body)).collect()
    }
}

/// What was written was checked, so what cannot be read is damage.
fn order(body: &str) -> Result<Order, Unavailable> {
    let order = serde_json::from_str::<RawOrder>(body).ok().and_then(|raw| raw.check().ok());
    order.ok_or_else(|| {
        tracing::error!("the table of orders holds one that cannot be read; import it again");
        Unavailable("the table of orders holds one that cannot be read")
    })
}

impl Orders for Table {
    fn by_number(&self, number: &str) -> Lookup<Option<Order>> {
        Lookup::Now(self.orders(BY_NUMBER, [text::key(number)]).map(|found| found.into_iter().next()))
    }

    fn of_customer(&self, customer: &str) -> Lookup<Vec<Order>> {
        let most = i64::try_from(OF_CUSTOMER).unwrap_or(i64::MAX);
        Lookup::Now(self.orders(OF_THIS_CUSTOMER, params![customer, most]))
    }
}
