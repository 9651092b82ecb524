//! Arrivals from other systems.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::Sqlite;
use super::values::{Fields, Stored, all, at_most, failed, integer, micros, one, run};
use crate::store::{Arrival, Ending, Inbox, Letter, Receipt};

/// Letters of one conversation that are given at once.
const AT_ONCE: usize = 50;

impl Inbox for Sqlite {
    fn receive(&self, arrival: Arrival, most: usize) -> Stored<Receipt> {
        let most = at_most(most);
        self.writer.write(move |connection| receive(connection, &arrival, most))
    }

    fn take(&self, source: &str, now: Timestamp, until: Timestamp, limit: usize) -> Stored<Vec<Letter>> {
        const DUE: &str = "
            SELECT h.conversation_id FROM inbox h
            WHERE h.source = ?1 AND h.state = 'waiting' AND h.due_at <= ?2 AND NOT EXISTS (
                SELECT 1 FROM inbox b
                WHERE b.source = ?1 AND b.state = 'waiting' AND b.conversation_id = h.conversation_id
                    AND b.sequence < h.sequence)
            ORDER BY h.due_at, h.sequence LIMIT ?3";
        const HEAD: &str = "
            SELECT due_at FROM inbox
            WHERE source = ?1 AND state = 'waiting' AND conversation_id = ?2 ORDER BY sequence LIMIT 1";
        const LEASE: &str = "
            UPDATE inbox SET due_at = ?4 WHERE sequence IN (
                SELECT sequence FROM inbox
                WHERE source = ?1 AND state = 'waiting' AND conversation_id = ?2 ORDER BY sequence LIMIT ?3)";
        const LETTERS: &str = "
            SELECT sequence, conversation_id, since, attempts, progress, body FROM inbox
            WHERE source = ?1 AND state = 'waiting' AND conversation_id = ?2 ORDER BY sequence LIMIT ?3";
        let (now, until, source) = (micros(now), micros(until), source.to_owned());
        let due: Vec<String> = self.readers.read(|connection| {
            all(connection, DUE, params![source, now, at_most(limit)], |row| {
                Fields::of("inbox", row).get("conversation_id")
            })
        })?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.writer.write(move |connection| {
            let mut letters = Vec::new();
            for conversation in due {
                let due = |row: &Row<'_>| Fields::of("inbox", row).get::<i64>("due_at");
                let first = one(connection, HEAD, params![source, conversation], due)?;
                // Somebody else may have taken it meanwhile.
                if first.is_some_and(|due| due <= now) {
                    let leased = params![source, conversation, at_most(AT_ONCE), until];
                    run(connection, LEASE, leased).map_err(failed)?;
                    let values = params![source, conversation, at_most(AT_ONCE)];
                    letters.extend(all(connection, LETTERS, values, letter)?);
                }
            }
            Ok(letters)
        })
    }

    fn proceed(&self, letter: &Letter, progress: &str, until: Timestamp) -> Stored<()> {
        const SQL: &str = "UPDATE inbox SET progress = ?2, due_at = ?3 WHERE sequence = ?1 AND state = 'waiting'";
        let (sequence, progress, until) = (integer(letter.sequence)?, progress.to_owned(), micros(until));
        self.writer
            .write(move |connection| run(connection, SQL, params![sequence, progress, until]).map_err(failed).map(drop))
    }

    fn end(&self, letter: &Letter, ending: &Ending) -> Stored<()> {
        const SQL: &str = "
            UPDATE inbox SET state = iif(?3 IS NULL, 'done', 'dead'), left_as = ?2, error = ?3, body = ''
            WHERE sequence = ?1 AND state = 'waiting'";
        let (sequence, ending) = (integer(letter.sequence)?, ending.clone());
        self.writer.write(move |connection| {
            run(connection, SQL, params![sequence, ending.left_as, ending.error]).map_err(failed).map(drop)
        })
    }

    fn postpone(&self, letter: &Letter, why: &str, next: Timestamp) -> Stored<()> {
        // Whoever took it after the lease had run out may have told of it already: the number of attempts shows that.
        const SQL: &str = "
            UPDATE inbox SET attempts = attempts + 1, error = ?3, due_at = ?4
            WHERE sequence = ?1 AND attempts = ?2 AND state = 'waiting'";
        let (sequence, attempts) = (integer(letter.sequence)?, letter.attempts);
        let (why, next) = (why.to_owned(), micros(next));
        self.writer.write(move |connection| {
            run(connection, SQL, params![sequence, attempts, why, next]).map_err(failed).map(drop)
        })
    }

    fn left_as(&self, source: &str, conversation_id: &str) -> Stored<Option<String>> {
        const SQL: &str = "
            SELECT left_as FROM inbox WHERE source = ?1 AND conversation_id = ?2 AND left_as IS NOT NULL
            ORDER BY sequence DESC LIMIT 1";
        let read = |row: &Row<'_>| Fields::of("inbox", row).get("left_as");
        self.readers.read(|connection| one(connection, SQL, [source, conversation_id], read))
    }

    fn backlog(&self, source: &str) -> Stored<(u64, Option<Timestamp>)> {
        const SQL: &str =
            "SELECT count(*) AS waiting, min(since) AS since FROM inbox WHERE source = ?1 AND state = 'waiting'";
        let read = |row: &Row<'_>| {
            let fields = Fields::of("inbox", row);
            Ok((fields.count("waiting")?, fields.time_or_none("since")?))
        };
        Ok(self.readers.read(|connection| one(connection, SQL, [source], read))?.unwrap_or_default())
    }
}

fn receive(connection: &Connection, arrival: &Arrival, most: i64) -> Stored<Receipt> {
    const KNOWN: &str = "SELECT 1 FROM inbox WHERE source = ?1 AND (delivery = ?2 OR told = ?3)";
    // Counts no further than it has to.
    const WAITING: &str = "
        SELECT count(*) AS waiting FROM (SELECT 1 FROM inbox WHERE source = ?1 AND state = 'waiting' LIMIT ?2)";
    const INSERT: &str = "
        INSERT INTO inbox (source, delivery, told, conversation_id, customer_id, state, since, due_at, attempts, progress, body)
        VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6, ?7, 0, '', ?8)";
    if one(connection, KNOWN, params![arrival.source, arrival.delivery, arrival.told], |_| Ok(()))?.is_some() {
        return Ok(Receipt::Known);
    }
    let count = |row: &Row<'_>| Fields::of("inbox", row).get::<i64>("waiting");
    if one(connection, WAITING, params![arrival.source, most], count)?.unwrap_or_default() >= most {
        return Ok(Receipt::Full);
    }
    let values = params![
        arrival.source,
        arrival.delivery,
        arrival.told,
        arrival.conversation_id,
        arrival.customer_id,
        micros(arrival.at),
        micros(arrival.due_at),
        arrival.body,
    ];
    run(connection, INSERT, values).map_err(failed)?;
    Ok(Receipt::New)
}

fn letter(row: &Row<'_>) -> Stored<Letter> {
    let fields = Fields::of("inbox", row);
    Ok(Letter {
        sequence: fields.count("sequence")?,
        conversation_id: fields.get("conversation_id")?,
        since: fields.time("since")?,
        attempts: fields.count("attempts")?,
        progress: fields.get("progress")?,
        body: fields.get("body")?,
    })
}
