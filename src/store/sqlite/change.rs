//! Writing a change: all of it, or an error, upon which the caller undoes what was written.

use rusqlite::{Connection, params};

use super::values::{Stored, failed, integer, json, label, micros, micros_or_none, one, refused, run};
use crate::store::{Change, Conversation, Decided, Feedback, NewEvent, StoreError, Turn, TurnKind};
use crate::ticket::Ticket;

pub(super) fn write(connection: &Connection, change: &Change) -> Stored<()> {
    let conversation =
        change.conversation.iter().try_for_each(|conversation| keep_conversation(connection, conversation));
    if conversation == Err(StoreError::Conflict) {
        // The same message, sent twice, is told as what it is, although the first one changed the conversation too.
        change.turns.iter().try_for_each(|turn| refuse_second(connection, turn))?;
    }
    conversation?;
    change.turns.iter().try_for_each(|turn| add_turn(connection, turn))?;
    change.ticket.iter().try_for_each(|ticket| keep_ticket(connection, ticket))?;
    change.events.iter().try_for_each(|event| add_event(connection, event))?;
    change.feedback.iter().try_for_each(|feedback| keep_feedback(connection, feedback))
}

/// A record with a version was changed, or added, if exactly one row was.
fn expect_one(rows: usize) -> Stored<()> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

fn keep_conversation(connection: &Connection, conversation: &Conversation) -> Stored<()> {
    const INSERT: &str = "
        INSERT INTO conversations (id, version, customer_id, channel, ticket_id, turns, opened_at, updated_at, closed_at,
            rating, rated_at, state)
        VALUES (?1, ?2 + 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";
    const UPDATE: &str = "
        UPDATE conversations SET version = version + 1, customer_id = ?3, channel = ?4, ticket_id = ?5, turns = ?6,
            opened_at = ?7, updated_at = ?8, closed_at = ?9, rating = ?10, rated_at = ?11, state = ?12
        WHERE id = ?1 AND version = ?2";
    let sql = if conversation.version == 0 { INSERT } else { UPDATE };
    let values = params![
        conversation.id,
        integer(conversation.version)?,
        conversation.customer_id,
        conversation.channel,
        conversation.ticket_id,
        integer(conversation.turns)?,
        micros(conversation.opened_at),
        micros(conversation.updated_at),
        micros_or_none(conversation.closed_at),
        conversation.rating,
        micros_or_none(conversation.rated_at),
        json(&conversation.state)?,
    ];
    expect_one(run(connection, sql, values).map_err(refused)?)
}

fn refuse_second(connection: &Connection, turn: &Turn) -> Stored<()> {
    const SAME: &str = "SELECT 1 FROM turns WHERE conversation_id = ?1 AND message_id = ?2";
    match one(connection, SAME, [&turn.conversation_id, &turn.message_id], |_| Ok(()))? {
        Some(()) => Err(StoreError::Duplicate),
        None => Ok(()),
    }
}

fn add_turn(connection: &Connection, turn: &Turn) -> Stored<()> {
    const INSERT: &str = "
        INSERT INTO turns (conversation_id, message_id, number, at, text, role, is_shadow, decision, reason, intent, emotion,
            upset, ticket_id, fingerprint, reply, agent, is_delivered)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) ON CONFLICT DO NOTHING";
    let (number, at) = (integer(turn.number)?, micros(turn.at));
    let rows = match &turn.kind {
        TurnKind::Customer(decided) => {
            let Decided { fingerprint, reply, reason, intent, upset, ticket_id, is_shadow, .. } = decided.as_ref();
            let (decision, emotion) = (label(decided.decision)?, label(decided.emotion)?);
            let (agent, is_delivered) = (None::<String>, None::<bool>);
            let values = params![
                turn.conversation_id,
                turn.message_id,
                number,
                at,
                turn.text,
                "customer",
                is_shadow,
                decision,
                reason,
                intent,
                emotion,
                f64::from(*upset),
                ticket_id,
                fingerprint,
                reply,
                agent,
                is_delivered,
            ];
            run(connection, INSERT, values)
        }
        TurnKind::Said(said) => {
            let nothing = None::<String>;
            let values = params![
                turn.conversation_id,
                turn.message_id,
                number,
                at,
                turn.text,
                label(said.role)?,
                nothing,
                nothing,
                nothing,
                nothing,
                nothing,
                nothing,
                nothing,
                nothing,
                nothing,
                said.agent,
                said.is_delivered,
            ];
            run(connection, INSERT, values)
        }
    };
    if rows.map_err(refused)? == 1 { Ok(()) } else { Err(StoreError::Duplicate) }
}

fn keep_ticket(connection: &Connection, ticket: &Ticket) -> Stored<()> {
    const INSERT: &str = "
        INSERT INTO tickets (id, version, conversation_id, customer_id, state, queue, level, reason, intent, created_at,
            respond_due_at, resolve_due_at, claimed_at, claimed_by, responded_at, closed_at, upset, tier, missed_respond,
            missed_resolve, note, packet)
        VALUES (?1, ?2 + 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)
        ON CONFLICT DO NOTHING";
    const UPDATE: &str = "
        UPDATE tickets SET version = version + 1, conversation_id = ?3, customer_id = ?4, state = ?5, queue = ?6, level = ?7,
            reason = ?8, intent = ?9, created_at = ?10, respond_due_at = ?11, resolve_due_at = ?12, claimed_at = ?13,
            claimed_by = ?14, responded_at = ?15, closed_at = ?16, upset = ?17, tier = ?18, missed_respond = ?19,
            missed_resolve = ?20, note = ?21, packet = ?22
        WHERE id = ?1 AND version = ?2";
    let sql = if ticket.version == 0 { INSERT } else { UPDATE };
    let values = params![
        ticket.id,
        integer(ticket.version)?,
        ticket.conversation_id,
        ticket.customer_id,
        label(ticket.state)?,
        ticket.queue,
        label(ticket.level)?,
        ticket.reason,
        ticket.intent,
        micros(ticket.created_at),
        micros(ticket.respond_due_at),
        micros_or_none(ticket.resolve_due_at),
        micros_or_none(ticket.claimed_at),
        ticket.claimed_by,
        micros_or_none(ticket.responded_at),
        micros_or_none(ticket.closed_at),
        f64::from(ticket.urgency.upset),
        ticket.urgency.tier,
        ticket.missed.respond,
        ticket.missed.resolve,
        ticket.note,
        json(&ticket.packet)?,
    ];
    expect_one(run(connection, sql, values).map_err(refused)?)
}

fn add_event(connection: &Connection, new: &NewEvent) -> Stored<()> {
    const EVENT: &str = "INSERT INTO events (at, conversation_id, customer_id, event) VALUES (?1, ?2, ?3, ?4)";
    const DELIVERY: &str = "
        INSERT INTO deliveries (event, endpoint, ticket_id, state, since, due_at, attempts)
        VALUES (?1, ?2, ?3, 'waiting', ?4, ?4, 0) ON CONFLICT DO NOTHING";
    let (at, ticket) = (micros(new.event.at), &new.event.ticket);
    let values = params![at, ticket.conversation_id, ticket.customer_id, json(&new.event)?];
    run(connection, EVENT, values).map_err(failed)?;
    let sequence = connection.last_insert_rowid();
    for endpoint in &new.endpoints {
        run(connection, DELIVERY, params![sequence, endpoint, ticket.id, at]).map_err(failed)?;
    }
    Ok(())
}

fn keep_feedback(connection: &Connection, feedback: &Feedback) -> Stored<()> {
    const KEEP: &str = "
        INSERT INTO feedback (conversation_id, message_id, agent, at, intent, emotion, handoff)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (conversation_id, message_id, agent)
        DO UPDATE SET at = excluded.at, intent = excluded.intent, emotion = excluded.emotion, handoff = excluded.handoff";
    let values = params![
        feedback.conversation_id,
        feedback.message_id,
        feedback.agent,
        micros(feedback.at),
        feedback.intent,
        feedback.emotion.map(label).transpose()?,
        feedback.handoff,
    ];
    run(connection, KEEP, values).map_err(refused).map(drop)
}
