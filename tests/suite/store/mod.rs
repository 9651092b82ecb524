//! What every store promises, as functions that know none of them: a backend lists itself below and runs them all. What only
//! a file can do stands in `sqlite`, `crash` and `cli`.

mod changes;
mod cli;
mod crash;
mod figures;
mod inbox;
mod kept;
mod outbox;
mod sqlite;
mod tickets;
mod upkeep;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use triage::DecisionKind;
use triage::catalogue::Level;
use triage::conversation::State;
use triage::incoming::Role;
use triage::labels::Emotion;
use triage::store::{
    Change, Conversation, Decided, NewEvent, Said, Sqlite, SqliteOptions, Store, StoreError, Turn, TurnKind,
};
use triage::ticket::{Event, EventKind, Missed, Packet, Ticket, TicketState, Urgency};

/// A place for one store, empty at first.
trait Backend {
    /// Opens it; what was written before is there.
    fn open(&self) -> Arc<dyn Store>;
}

/// Runs everything that a store promises on a backend of its own each.
macro_rules! contract {
    ($backend:ident in $name:ident: $($file:ident::$promise:ident,)*) => {
        mod $name {
            $(#[test]
            fn $promise() {
                super::$file::$promise(&super::$backend::new());
            })*
        }
    };
    ($backend:ident in $name:ident) => {
        contract! { $backend in $name:
            kept::everything_is_found_again,
            kept::the_last_turns_oldest_first,
            kept::what_was_written_outlives_the_store,
            changes::versions_tell_what_others_changed,
            changes::a_message_is_stored_once,
            changes::a_change_is_all_or_nothing,
            changes::one_open_ticket_per_conversation,
            changes::what_it_belongs_to_must_be_there,
            changes::no_ticket_is_claimed_twice,
            tickets::pages_hold_each_ticket_once,
            tickets::filters,
            tickets::a_cursor_must_be_from_a_page,
            tickets::overdue_tickets,
            tickets::the_tickets_of_a_customer,
            tickets::events_since_one,
            outbox::events_of_a_ticket_arrive_in_order,
            outbox::a_lease_keeps_others_away,
            outbox::two_workers_share_what_is_due,
            outbox::failures_wait_and_die,
            outbox::the_dead_are_replayed,
            outbox::what_waits_is_counted,
            inbox::an_arrival_is_kept_once,
            inbox::too_much_is_not_kept,
            inbox::letters_of_a_conversation_come_in_order,
            inbox::what_fails_waits_with_all_behind_it,
            inbox::arrivals_go_with_what_is_old_and_who_is_forgotten,
            figures::turns_of_a_span,
            figures::tickets_conversations_and_feedback_of_a_span,
            upkeep::what_is_old_and_done_with_goes,
            upkeep::old_rows_go_in_portions,
            upkeep::forgetting_takes_all_of_one_and_nothing_of_others,
        }
    };
}

contract! { InFile in in_a_file }

/// A store in a file.
struct InFile {
    folder: TempDir,
}

impl InFile {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data/triage.db")
    }

    fn sqlite(&self) -> Sqlite {
        Sqlite::open(&self.path(), quick()).unwrap()
    }

    /// The file behind the store's back.
    fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

impl Backend for InFile {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.sqlite())
    }
}

/// Nobody waits for company.
pub(crate) fn quick() -> SqliteOptions {
    SqliteOptions { group_wait: Duration::ZERO, ..SqliteOptions::default() }
}

/// A moment, in seconds after a certain one.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-05-26T02:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

/// A conversation that nobody has stored yet.
pub(crate) fn talk(id: &str) -> Conversation {
    Conversation {
        id: id.into(),
        version: 0,
        customer_id: None,
        channel: None,
        state: State::default(),
        ticket_id: None,
        turns: 0,
        opened_at: at(0),
        updated_at: at(0),
        closed_at: None,
        rating: None,
        rated_at: None,
    }
}

fn talk_of(id: &str, customer_id: &str) -> Conversation {
    Conversation { customer_id: Some(customer_id.into()), ..talk(id) }
}

/// A customer's message that was answered.
fn asked(conversation_id: &str, number: u64) -> Turn {
    Turn {
        conversation_id: conversation_id.into(),
        message_id: format!("m-{number}"),
        number,
        at: at(number as i64),
        text: "退货运费谁出".into(),
        kind: TurnKind::Customer(Box::new(Decided {
            fingerprint: [number as u8; 32],
            reply: format!(r#"{{"number":{number}}}"#),
            decision: DecisionKind::Answer,
            reason: "answered".into(),
            intent: Some("return_freight".into()),
            emotion: Emotion::Neutral,
            upset: 0.1,
            ticket_id: None,
            is_shadow: false,
        })),
    }
}

/// What a person of the shop wrote.
fn said(conversation_id: &str, number: u64) -> Turn {
    let kind = TurnKind::Said(Said { role: Role::Agent, agent: Some("a-1".into()), is_delivered: true });
    Turn { text: "您好，我来帮您看一下".into(), kind, ..asked(conversation_id, number) }
}

/// A ticket that waits, opened after so many seconds.
pub(crate) fn waiting(id: &str, conversation_id: &str, seconds: i64) -> Ticket {
    Ticket {
        id: id.into(),
        version: 0,
        conversation_id: conversation_id.into(),
        customer_id: None,
        state: TicketState::Queued,
        queue: "aftersales".into(),
        level: Level::Normal,
        reason: "user_request".into(),
        intent: None,
        created_at: at(seconds),
        respond_due_at: at(seconds + 3600),
        resolve_due_at: None,
        claimed_at: None,
        claimed_by: None,
        responded_at: None,
        closed_at: None,
        urgency: Urgency::default(),
        missed: Missed::default(),
        note: None,
        packet: Packet::default(),
    }
}

/// Something that happened to a ticket, on its way to these endpoints.
pub(crate) fn happened(ticket: &Ticket, kind: EventKind, at: Timestamp, endpoints: &[&str]) -> NewEvent {
    let event = Event {
        id: format!("e-{}-{}", ticket.id, at.as_second()),
        kind,
        at,
        ticket: Box::new(ticket.clone()),
        message_id: None,
        say: None,
    };
    NewEvent { event, endpoints: endpoints.iter().map(|name| (*name).to_owned()).collect() }
}

/// A new conversation with a ticket of the same name.
pub(crate) fn handed_over(ticket: Ticket) -> Change {
    let conversation = Conversation {
        ticket_id: Some(ticket.id.clone()),
        customer_id: ticket.customer_id.clone(),
        ..talk(&ticket.conversation_id)
    };
    Change { conversation: Some(conversation), ticket: Some(ticket), ..Change::default() }
}

/// Writes a change that nothing stands against.
fn keep(store: &dyn Store, change: Change) {
    store.record(change).wait().unwrap();
}

/// Writes a change, and tells why not.
fn refused(store: &dyn Store, change: Change) -> StoreError {
    store.record(change).wait().unwrap_err()
}

fn ids(tickets: &[Ticket]) -> Vec<&str> {
    tickets.iter().map(|ticket| ticket.id.as_str()).collect()
}

/// All bytes of the store's files.
fn bytes(path: &Path) -> Vec<u8> {
    let of = |suffix: &str| std::fs::read(format!("{}{suffix}", path.display())).unwrap_or_default();
    ["", "-wal", "-shm", "-journal"].into_iter().flat_map(of).collect()
}
