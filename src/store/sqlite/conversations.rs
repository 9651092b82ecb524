//! Conversations and their turns.

use rusqlite::{Row, params};

use super::Sqlite;
use super::values::{Fields, Stored, all, at_most, one};
use crate::incoming::Role;
use crate::store::{Conversation, Conversations, Decided, Said, StoreError, Turn, TurnKind};

impl Conversations for Sqlite {
    fn conversation(&self, id: &str) -> Stored<Option<Conversation>> {
        const SQL: &str = "SELECT * FROM conversations WHERE id = ?1";
        self.readers.read(|connection| one(connection, SQL, [id], conversation))
    }

    fn turn(&self, conversation_id: &str, message_id: &str) -> Stored<Option<Turn>> {
        const SQL: &str = "SELECT * FROM turns WHERE conversation_id = ?1 AND message_id = ?2";
        self.readers.read(|connection| one(connection, SQL, [conversation_id, message_id], turn))
    }

    fn turns(&self, conversation_id: &str, last: usize) -> Stored<Vec<Turn>> {
        const SQL: &str = "SELECT * FROM turns WHERE conversation_id = ?1 ORDER BY number DESC, rowid DESC LIMIT ?2";
        let mut turns =
            self.readers.read(|connection| all(connection, SQL, params![conversation_id, at_most(last)], turn))?;
        turns.reverse();
        Ok(turns)
    }
}

pub(super) fn conversation(row: &Row<'_>) -> Stored<Conversation> {
    let fields = Fields::of("conversations", row);
    Ok(Conversation {
        id: fields.get("id")?,
        version: fields.count("version")?,
        customer_id: fields.get("customer_id")?,
        channel: fields.get("channel")?,
        state: fields.json("state")?,
        ticket_id: fields.get("ticket_id")?,
        turns: fields.count("turns")?,
        opened_at: fields.time("opened_at")?,
        updated_at: fields.time("updated_at")?,
        closed_at: fields.time_or_none("closed_at")?,
        rating: fields.count_or_none("rating")?,
        rated_at: fields.time_or_none("rated_at")?,
    })
}

fn turn(row: &Row<'_>) -> Stored<Turn> {
    read_turn(row, |fields, column| fields.get(column))
}

/// A turn without its texts, from a row that does not have them.
pub(super) fn turn_without_texts(row: &Row<'_>) -> Stored<Turn> {
    read_turn(row, |_, _| Ok(String::new()))
}

fn read_turn(row: &Row<'_>, text: impl Fn(&Fields<'_>, &str) -> Result<String, StoreError>) -> Stored<Turn> {
    let fields = Fields::of("turns", row);
    let kind = match fields.label("role")? {
        Role::Customer => TurnKind::Customer(Box::new(Decided {
            fingerprint: fields.get("fingerprint")?,
            reply: text(&fields, "reply")?,
            decision: fields.label("decision")?,
            reason: fields.get("reason")?,
            intent: fields.get("intent")?,
            emotion: fields.label("emotion")?,
            upset: fields.get("upset")?,
            ticket_id: fields.get("ticket_id")?,
            is_shadow: fields.get("is_shadow")?,
        })),
        role => TurnKind::Said(Said { role, agent: fields.get("agent")?, is_delivered: fields.get("is_delivered")? }),
    };
    Ok(Turn {
        conversation_id: fields.get("conversation_id")?,
        message_id: fields.get("message_id")?,
        number: fields.count("number")?,
        at: fields.time("at")?,
        text: text(&fields, "text")?,
        kind,
    })
}
