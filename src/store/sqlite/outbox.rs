//! Events on their way out.
//!
//! What is due is looked up by a reader; the writer only takes the lease, so that many events waiting for an endpoint that is
//! down hold up no message.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

use super::Sqlite;
use super::values::{Fields, Stored, all, at_most, failed, micros, one, run};
use crate::store::{Delivery, Outbox};

impl Outbox for Sqlite {
    fn lease(&self, now: Timestamp, until: Timestamp, limit: usize) -> Stored<Vec<Delivery>> {
        const DUE: &str = "
            SELECT d.sequence, d.endpoint, d.attempts, d.since, d.error, e.event
            FROM deliveries d JOIN events e ON e.sequence = d.event
            WHERE d.state = 'waiting' AND d.due_at <= ?1 AND NOT EXISTS (
                SELECT 1 FROM deliveries b
                WHERE b.state = 'waiting' AND b.ticket_id = d.ticket_id AND b.endpoint = d.endpoint
                    AND b.sequence < d.sequence)
            ORDER BY d.due_at, d.sequence LIMIT ?2";
        const LEASE: &str = "
            UPDATE deliveries AS d SET due_at = ?3 WHERE sequence = ?1 AND state = 'waiting' AND due_at <= ?2 AND NOT EXISTS (
                SELECT 1 FROM deliveries b
                WHERE b.state = 'waiting' AND b.ticket_id = d.ticket_id AND b.endpoint = d.endpoint
                    AND b.sequence < d.sequence)";
        let (now, until) = (micros(now), micros(until));
        let mut due = self.readers.read(|connection| all(connection, DUE, [now, at_most(limit)], delivery))?;
        if due.is_empty() {
            return Ok(due);
        }
        let names: Vec<i64> = due.iter().map(|delivery| name(delivery.sequence)).collect();
        let taken = self.writer.write(move |connection| {
            let take = |name: &i64| run(connection, LEASE, [*name, now, until]).map(|rows| rows == 1).map_err(failed);
            names.iter().map(take).collect::<Stored<Vec<bool>>>()
        })?;
        // Others may have taken some of them meanwhile.
        let mut taken = taken.into_iter();
        due.retain(|_| taken.next() == Some(true));
        Ok(due)
    }

    fn delivered(&self, delivery: &Delivery, now: Timestamp) -> Stored<()> {
        const SQL: &str = "
            UPDATE deliveries SET state = 'delivered', delivered_at = ?2, error = NULL
            WHERE sequence = ?1 AND state <> 'delivered'";
        let values = [name(delivery.sequence), micros(now)];
        self.writer.write(move |connection| run(connection, SQL, values).map_err(failed).map(drop))
    }

    fn failed(&self, delivery: &Delivery, why: &str, next: Option<Timestamp>) -> Stored<()> {
        // Whoever took it after the lease had run out may have told of it already: the number of attempts shows that.
        const SQL: &str = "
            UPDATE deliveries
            SET state = iif(?4 IS NULL, 'dead', 'waiting'), due_at = coalesce(?4, due_at), attempts = attempts + 1, error = ?3
            WHERE sequence = ?1 AND attempts = ?2 AND state = 'waiting'";
        let (name, attempts, why) = (name(delivery.sequence), delivery.attempts, why.to_owned());
        let next = next.map(micros);
        self.writer
            .write(move |connection| run(connection, SQL, params![name, attempts, why, next]).map_err(failed).map(drop))
    }

    fn dead(&self, after: u64, limit: usize) -> Stored<Vec<Delivery>> {
        const SQL: &str = "
            SELECT d.sequence, d.endpoint, d.attempts, d.since, d.error, e.event
            FROM deliveries d JOIN events e ON e.sequence = d.event
            WHERE d.state = 'dead' AND d.sequence > ?1 ORDER BY d.sequence LIMIT ?2";
        self.readers.read(|connection| all(connection, SQL, [name(after), at_most(limit)], delivery))
    }

    fn replay(&self, sequence: Option<u64>, endpoint: Option<&str>, now: Timestamp) -> Stored<usize> {
        let mut sql =
            "UPDATE deliveries SET state = 'waiting', since = ?1, due_at = ?1, attempts = 0 WHERE state = 'dead'"
                .to_owned();
        let mut values = vec![Value::from(micros(now))];
        if let Some(sequence) = sequence {
            values.push(Value::from(name(sequence)));
            sql.push_str(" AND sequence = ?");
        }
        if let Some(endpoint) = endpoint {
            values.push(Value::from(endpoint.to_owned()));
            sql.push_str(" AND endpoint = ?");
        }
        self.writer.write(move |connection| run(connection, &sql, params_from_iter(values)).map_err(failed))
    }

    fn lag(&self) -> Stored<(u64, Option<Timestamp>)> {
        const SQL: &str = "SELECT count(*) AS waiting, min(since) AS since FROM deliveries WHERE state = 'waiting'";
        let read = |row: &Row<'_>| {
            let fields = Fields::of("deliveries", row);
            Ok((fields.count("waiting")?, fields.time_or_none("since")?))
        };
        let lag = self.readers.read(|connection| one(connection, SQL, [], read))?;
        Ok(lag.unwrap_or_default())
    }
}

/// A delivery's name as SQLite keeps it; one too large names nothing.
fn name(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn delivery(row: &Row<'_>) -> Stored<Delivery> {
    let fields = Fields::of("deliveries", row);
    Ok(Delivery {
        sequence: fields.count("sequence")?,
        endpoint: fields.get("endpoint")?,
        event: Fields::of("events", row).json("event")?,
        attempts: fields.count("attempts")?,
        since: fields.time("since")?,
        error: fields.get("error")?,
    })
}
