//! Removing what is old, or whoever asks for it, so that nothing of it is left in the file.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use super::values::{Fields, Stored, all, at_most, failed, micros, run};
use super::{Sqlite, backup};
use crate::store::{Forgotten, StoreError, Upkeep};

/// How often the log is tried to be emptied while others read what is in it.
const TRIES: u32 = 10;

impl Upkeep for Sqlite {
    fn remove_before(&self, before: Timestamp, limit: usize) -> Stored<usize> {
        let (before, limit) = (micros(before), at_most(limit));
        self.writer.write(move |connection| remove_before(connection, before, limit))
    }

    fn forget(&self, customer_id: &str) -> Stored<Forgotten> {
        let customer = customer_id.to_owned();
        let forgotten = self.writer.write(move |connection| forget(connection, &customer))?;
        // As far as others let it: making sure is what `wipe` is for.
        self.writer.alone(empty_log)?;
        Ok(forgotten)
    }

    fn wipe(&self) -> Stored<()> {
        self.writer.alone(wipe)
    }

    fn backup(&self, to: &Path) -> Stored<()> {
        backup::copy(&self.path, to, &self.options)
    }
}

fn remove_before(connection: &Connection, before: i64, limit: i64) -> Stored<usize> {
    // What agents said of a turn goes with it, and deliveries go with their event.
    const REMOVE: [&str; 5] = [
        "DELETE FROM turns WHERE rowid IN (
            SELECT rowid FROM turns WHERE at < ?1 AND NOT EXISTS (
                SELECT 1 FROM tickets
                WHERE tickets.conversation_id = turns.conversation_id AND state IN ('queued', 'claimed'))
            LIMIT ?2)",
        "DELETE FROM tickets WHERE rowid IN (
            SELECT rowid FROM tickets
            WHERE state NOT IN ('queued', 'claimed') AND coalesce(closed_at, created_at) < ?1 LIMIT ?2)",
        // One without turns and tickets is left over; those that stay have some that are younger.
        "DELETE FROM conversations WHERE rowid IN (
            SELECT rowid FROM conversations WHERE opened_at < ?1 AND updated_at < ?1
                AND NOT EXISTS (SELECT 1 FROM turns WHERE turns.conversation_id = conversations.id)
                AND NOT EXISTS (SELECT 1 FROM tickets WHERE tickets.conversation_id = conversations.id)
            LIMIT ?2)",
        "DELETE FROM events WHERE sequence IN (
            SELECT sequence FROM events WHERE at < ?1 AND NOT EXISTS (
                SELECT 1 FROM deliveries WHERE deliveries.event = events.sequence AND state = 'waiting')
            LIMIT ?2)",
        "DELETE FROM inbox WHERE sequence IN (
            SELECT sequence FROM inbox WHERE since < ?1 AND state <> 'waiting' LIMIT ?2)",
    ];
    let removed = REMOVE.iter().map(|sql| run(connection, sql, [before, limit]).map_err(failed));
    removed.sum()
}

fn forget(connection: &Connection, customer_id: &str) -> Stored<Forgotten> {
    // A conversation may have become the customer's after its ticket was opened, or the other way round.
    const THEIRS: &str = "
        SELECT id FROM conversations WHERE customer_id = ?1
        UNION SELECT conversation_id FROM tickets WHERE customer_id = ?1";
    let theirs: Vec<String> = all(connection, THEIRS, [customer_id], |row| Fields::of("conversations", row).get("id"))?;
    let mut forgotten = Forgotten::default();
    for id in theirs {
        let remove = |sql: &str| run(connection, sql, [&id]).map_err(failed);
        forgotten.events += remove("DELETE FROM events WHERE conversation_id = ?1")?;
        forgotten.turns += remove("DELETE FROM turns WHERE conversation_id = ?1")?;
        forgotten.tickets += remove("DELETE FROM tickets WHERE conversation_id = ?1")?;
        forgotten.conversations += remove("DELETE FROM conversations WHERE id = ?1")?;
        remove("DELETE FROM inbox WHERE conversation_id = ?1")?;
    }
    // Events may have outlived their conversation.
    forgotten.events += run(connection, "DELETE FROM events WHERE customer_id = ?1", [customer_id]).map_err(failed)?;
    // What was told of them, even if no conversation came of it.
    run(connection, "DELETE FROM inbox WHERE customer_id = ?1", [customer_id]).map_err(failed)?;
    Ok(forgotten)
}

/// Writes the whole file anew from what is in it, and empties the log, which still holds what the pages were before.
///
/// `secure_delete` overwrites what is removed. It does not reach what SQLite left behind when it moved rows within and
/// between pages: pieces of them stay in the unused middle of a page until something else happens to be written there.
fn wipe(connection: &Connection) -> Stored<()> {
    // With nothing left in the log, cutting it off needs no room, should the disk be full half way.
    empty_log(connection)?;
    let written = connection.execute_batch("VACUUM");
    if written.is_err() {
        empty_log(connection)?;
    }
    written.map_err(failed)?;
    for _ in 0..TRIES {
        if empty_log(connection)? {
            return Ok(());
        }
        sleep(Duration::from_millis(100));
    }
    Err(StoreError::Failed("another program still reads the log, which holds what was removed; try again".into()))
}

/// Takes the log into the file and cuts it off. Not if somebody reads what stands in it.
fn empty_log(connection: &Connection) -> Stored<bool> {
    let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>("busy"));
    is_busy.map(|is_busy| !is_busy).map_err(failed)
}
