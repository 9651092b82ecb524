//! What figures are made from.

use jiff::Timestamp;
use rusqlite::Row;

use super::Sqlite;
use super::conversations::{conversation, turn_without_texts};
use super::tickets::ticket;
use super::values::{Fields, Stored, each, micros};
use crate::store::{Conversation, Feedback, Figures, Turn};
use crate::ticket::Ticket;

impl Figures for Sqlite {
    fn each_turn(&self, from: Timestamp, to: Timestamp, out: &mut dyn FnMut(Turn)) -> Stored<()> {
        const SQL: &str = "
            SELECT conversation_id, message_id, number, at, role, is_shadow, decision, reason, intent, emotion, upset,
                ticket_id, fingerprint, agent, is_delivered
            FROM turns WHERE at >= ?1 AND at < ?2 AND role = 'customer' AND is_shadow = 0
            ORDER BY conversation_id, at, number";
        self.each(SQL, from, to, |row| turn_without_texts(row).map(&mut *out))
    }

    fn each_ticket(&self, from: Timestamp, to: Timestamp, out: &mut dyn FnMut(Ticket)) -> Stored<()> {
        const SQL: &str = "SELECT * FROM tickets WHERE created_at >= ?1 AND created_at < ?2 ORDER BY created_at, id";
        self.each(SQL, from, to, |row| ticket(row).map(&mut *out))
    }

    fn each_conversation(&self, from: Timestamp, to: Timestamp, out: &mut dyn FnMut(Conversation)) -> Stored<()> {
        const SQL: &str = "
            SELECT * FROM conversations WHERE id IN (SELECT conversation_id FROM turns WHERE at >= ?1 AND at < ?2)
            ORDER BY id";
        self.each(SQL, from, to, |row| conversation(row).map(&mut *out))
    }

    fn each_feedback(&self, from: Timestamp, to: Timestamp, out: &mut dyn FnMut(Feedback)) -> Stored<()> {
        const SQL: &str = "SELECT * FROM feedback WHERE at >= ?1 AND at < ?2 ORDER BY at, rowid";
        self.each(SQL, from, to, |row| feedback(row).map(&mut *out))
    }
}

impl Sqlite {
    fn each(&self, sql: &str, from: Timestamp, to: Timestamp, out: impl FnMut(&Row<'_>) -> Stored<()>) -> Stored<()> {
        self.readers.read(|connection| each(connection, sql, [micros(from), micros(to)], out))
    }
}

fn feedback(row: &Row<'_>) -> Stored<Feedback> {
    let fields = Fields::of("feedback", row);
    Ok(Feedback {
        conversation_id: fields.get("conversation_id")?,
        message_id: fields.get("message_id")?,
        intent: fields.get("intent")?,
        emotion: fields.label_or_none("emotion")?,
        handoff: fields.get("handoff")?,
        agent: fields.get("agent")?,
        at: fields.time("at")?,
    })
}
