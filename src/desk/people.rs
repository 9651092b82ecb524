//! What people do: take tickets, write to customers, give conversations back.

use std::sync::Arc;

use jiff::Timestamp;

use super::tickets::{self, Opening};
use super::{Back, Desk, DeskError};
use crate::catalogue::Policy;
use crate::incoming::Role;
use crate::store::{Change, Conversation, Feedback, Said, Store, StoreError, Turn, TurnKind};
use crate::ticket::{Event, Packet, StepError, Ticket, Urgency};

/// How often a step is tried anew because somebody else changed the same thing.
const TRIES: usize = 8;

/// The longest id and note that are taken, in characters.
const MAX_ID: usize = 200;
const MAX_NOTE: usize = 8000;

/// Something that a person, or another bot, said to the customer.
#[derive(Debug, Clone)]
pub struct Speech {
    /// The caller's id of the message; a new one if left out.
    pub message_id: Option<String>,
    /// `agent` or `bot`.
    pub role: Role,
    /// The person's id; must be there for `agent`.
    pub agent: Option<String>,
    /// What was said.
    pub text: String,
    /// Whether it reached the customer.
    pub is_delivered: bool,
}

/// Who is to have a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignment {
    /// This person.
    Agent(String),
    /// Whoever takes it from this queue.
    Queue(String),
    /// The bot.
    Bot,
}

/// What a step found, to be changed.
struct Found {
    conversation: Conversation,
    ticket: Ticket,
}

impl Desk {
    /// A person takes a ticket. Only one can; taking it again is the same as having it.
    ///
    /// # Errors
    /// When somebody else has it, it is closed or unknown, or the store fails.
    pub async fn claim(&self, ticket_id: &str, agent: &str) -> Result<Ticket, DeskError> {
        let agent = named("agent", agent)?;
        self.step(ticket_id, |found, now| Ok(found.ticket.claim(agent, now)?.into_iter().collect())).await
    }

    /// The person who has a ticket gives it back to its queue.
    ///
    /// # Errors
    /// When that person does not have it, it is closed or unknown, or the store fails.
    pub async fn release(&self, ticket_id: &str, agent: &str) -> Result<Ticket, DeskError> {
        let agent = named("agent", agent)?;
        self.step(ticket_id, |found, now| Ok(vec![found.ticket.release(agent, now)?])).await
    }

    /// The person who has a ticket is done with it; the next message starts anew.
    ///
    /// # Errors
    /// When that person does not have it, it is closed or unknown, or the store fails.
    pub async fn resolve(&self, ticket_id: &str, agent: &str, note: Option<String>) -> Result<Ticket, DeskError> {
        let (agent, note) = (named("agent", agent)?, self.noted(note)?);
        self.step(ticket_id, |found, now| Ok(vec![found.ticket.resolve(agent, note.clone(), now)?])).await
    }

    /// The person who has a ticket gives the conversation back to the bot.
    ///
    /// # Errors
    /// When that person does not have it, it is closed or unknown, or the store fails.
    pub async fn give_back(&self, ticket_id: &str, agent: &str, note: Option<String>) -> Result<Ticket, DeskError> {
        let (agent, note) = (named("agent", agent)?, self.noted(note)?);
        self.step(ticket_id, |found, now| Ok(vec![found.ticket.give_back(agent, note.clone(), now)?])).await
    }

    /// Gives a conversation to a person, a queue or the bot. Where no ticket is open, one is opened, except for the bot: for a
    /// person in the queue of the conversation's last topic, or in `general` if there is none.
    ///
    /// # Errors
    /// When the conversation or the queue is unknown, or the store fails.
    pub async fn assign(&self, conversation_id: &str, to: &Assignment) -> Result<Option<Ticket>, DeskError> {
        match to {
            Assignment::Agent(agent) => drop(named("agent", agent)?),
            Assignment::Queue(queue) => known_queue(self.0.back.live.engine().catalogue().policy(), queue)?,
            Assignment::Bot => {}
        }
        self.change(conversation_id, |back, conversation, ticket| {
            let now = back.clock.now();
            let (ticket, events) = assigned(back, (conversation, ticket), to, now)?;
            Ok((ticket, events, Vec::new()))
        })
        .await
    }

    /// Writes down what was said to the customer by somebody else than the bot here. Sent again under the same id, it
    /// counts once.
    ///
    /// # Errors
    /// When a field is not allowed, the conversation is unknown, the id was used for something else, or the store fails.
    pub async fn say(&self, conversation_id: &str, speech: Speech) -> Result<(), DeskError> {
        let Speech { message_id, role, agent, text, is_delivered } = speech;
        if text.trim().is_empty() || text.chars().count() > crate::text::MAX_CHARS {
            let message = format!("`text` must have 1 to {} characters", crate::text::MAX_CHARS);
            return Err(DeskError::Invalid(message));
        }
        if role == Role::Customer {
            return Err(DeskError::Invalid(
                "`role` must be agent or bot; what customers write goes to /v1/triage".into(),
            ));
        }
        if role == Role::Agent && agent.is_none() {
            let message = format!("`agent` must be given where `role` is agent; 1 to {MAX_ID} characters are allowed");
            return Err(DeskError::Invalid(message));
        }
        let message_id = message_id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        if let Some(agent) = &agent {
            named("agent", agent)?;
        }
        named("message_id", &message_id)?;
        let said = Said { role, agent, is_delivered };
        self.change(conversation_id, |back, conversation, mut ticket| {
            let now = back.clock.now();
            let text = back.as_stored(&text);
            let kind = TurnKind::Said(said.clone());
            if let Some(known) = back.store()?.turn(&conversation.id, &message_id)? {
                let is_same = known.text == text && known.kind == kind;
                return if is_same {
                    Err(DeskError::Store(StoreError::Duplicate))
                } else {
                    Err(DeskError::OtherMessage(message_id.clone()))
                };
            }
            let turn = Turn {
                conversation_id: conversation.id.clone(),
                message_id: message_id.clone(),
                number: conversation.turns,
                at: now,
                text: text.clone(),
                kind,
            };
            conversation.turns += 1;
            if is_delivered {
                conversation.state.last_line = text;
                conversation.state.burst = None;
                if let Some(ticket) = ticket.as_mut().filter(|_| role == Role::Agent) {
                    ticket.answered(now);
                }
            }
            Ok((ticket, Vec::new(), vec![turn]))
        })
        .await
        .map(drop)
        .or_else(|error| if error == DeskError::Store(StoreError::Duplicate) { Ok(()) } else { Err(error) })
    }

    /// Closes a conversation that has no open ticket.
    ///
    /// # Errors
    /// When the conversation is unknown, a ticket is open in it, or the store fails.
    pub async fn close(&self, conversation_id: &str) -> Result<(), DeskError> {
        let closed = self.change(conversation_id, |back, conversation, ticket| {
            if let Some(ticket) = &ticket {
                let owner = ticket.claimed_by.clone().unwrap_or_else(|| format!("queue {}", ticket.queue));
                return Err(StepError::Taken(owner).into());
            }
            conversation.closed_at = Some(back.clock.now());
            Ok((None, Vec::new(), Vec::new()))
        });
        closed.await.map(drop)
    }

    /// What the customer thinks of a conversation, 1 to 5. A later rating replaces an earlier one.
    ///
    /// # Errors
    /// When the rating is not allowed, the conversation is unknown, or the store fails.
    pub async fn rate(&self, conversation_id: &str, rating: u8) -> Result<(), DeskError> {
        if !(1..=5).contains(&rating) {
            return Err(DeskError::Invalid("`rating`: 1 to 5 are allowed".into()));
        }
        let rated = self.change(conversation_id, |back, conversation, ticket| {
            conversation.rating = Some(rating);
            conversation.rated_at = Some(back.clock.now());
            Ok((ticket, Vec::new(), Vec::new()))
        });
        rated.await.map(drop)
    }

    /// What an agent says that a message was.
    ///
    /// # Errors
    /// When the message or the intent is unknown, or the store fails.
    pub async fn feedback(&self, feedback: Feedback) -> Result<(), DeskError> {
        let back = &self.0.back;
        named("agent", &feedback.agent)?;
        if let Some(intent) = &feedback.intent
            && back.live.engine().catalogue().intent(intent).is_none()
            && intent != crate::labels::OTHER
        {
            let message = "`intent`: unknown value; allowed: the ids of the catalogue's intents, and `other`";
            return Err(DeskError::Invalid(message.into()));
        }
        let (conversation, message) = (feedback.conversation_id.clone(), feedback.message_id.clone());
        let known = reading(back, move |store| store.turn(&conversation, &message)).await?;
        if !known.is_some_and(|turn| matches!(turn.kind, TurnKind::Customer(_))) {
            return Err(DeskError::Unknown { what: "message", id: feedback.message_id });
        }
        Ok(back.record(Change { feedback: Some(feedback), ..Change::default() }).await?)
    }

    /// One step of a ticket's life.
    async fn step(
        &self,
        ticket_id: &str,
        step: impl Fn(&mut Found, Timestamp) -> Result<Vec<Event>, DeskError> + Send + Sync,
    ) -> Result<Ticket, DeskError> {
        let id = ticket_id.to_owned();
        let unknown = || DeskError::Unknown { what: "ticket", id: ticket_id.to_owned() };
        let ticket = reading(&self.0.back, move |store| store.ticket(&id)).await?.ok_or_else(unknown)?;
        let changed = self.change(&ticket.conversation_id, |back, conversation, current| {
            // A closed ticket is not the conversation's any more; the step itself says so.
            let current = match current.filter(|current| current.id == ticket.id) {
                Some(current) => current,
                None => back.store()?.ticket(&ticket.id)?.ok_or_else(unknown)?,
            };
            let mut found = Found { conversation: conversation.clone(), ticket: current };
            let events = step(&mut found, back.clock.now())?;
            *conversation = found.conversation;
            Ok((Some(found.ticket), events, Vec::new()))
        });
        changed.await?.ok_or_else(unknown)
    }

    /// Reads a conversation and its open ticket, changes both, writes them; again if somebody else did so meanwhile. Gives the
    /// ticket as it is stored then.
    async fn change(
        &self,
        conversation_id: &str,
        change: impl Fn(
            &Back,
            &mut Conversation,
            Option<Ticket>,
        ) -> Result<(Option<Ticket>, Vec<Event>, Vec<Turn>), DeskError>
        + Send
        + Sync,
    ) -> Result<Option<Ticket>, DeskError> {
        let back = &self.0.back;
        let _turn = self.0.busy.turn(conversation_id).await;
        for _ in 0..TRIES {
            let id = conversation_id.to_owned();
            let found = reading(back, move |store| {
                let conversation = store.conversation(&id)?;
                let ticket = match conversation.as_ref().and_then(|kept| kept.ticket_id.as_deref()) {
                    Some(id) => store.ticket(id)?,
                    None => None,
                };
                Ok(conversation.map(|conversation| (conversation, ticket)))
            });
            let unknown = || DeskError::Unknown { what: "conversation", id: conversation_id.to_owned() };
            let (mut conversation, ticket) = found.await?.ok_or_else(unknown)?;
            let before = (conversation.clone(), ticket.clone());
            let (ticket, events, turns) = change(back, &mut conversation, ticket)?;
            if (&conversation, &ticket) == (&before.0, &before.1) && events.is_empty() && turns.is_empty() {
                return Ok(ticket);
            }
            settle(&mut conversation, ticket.as_ref(), before.1.as_ref(), back.clock.now());
            let changed = ticket.clone().filter(|ticket| before.1.as_ref() != Some(ticket));
            let events = events.into_iter().map(|event| back.routed(event)).collect();
            let change = Change { conversation: Some(conversation), turns, ticket: changed, events, feedback: None };
            let version = change.ticket_version();
            match back.record(change).await {
                Ok(()) => {
                    return Ok(ticket.map(|ticket| Ticket { version: version.unwrap_or(ticket.version), ..ticket }));
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }
}

/// The conversation after its ticket changed: who has it, and a fresh start when a person is done.
fn settle(conversation: &mut Conversation, ticket: Option<&Ticket>, before: Option<&Ticket>, now: Timestamp) {
    let open = ticket.filter(|ticket| ticket.state.is_open());
    if before.is_some() && open.is_none() {
        conversation.state = conversation.state.anew();
    }
    conversation.ticket_id = open.map(|ticket| ticket.id.clone());
    conversation.updated_at = now;
}

fn assigned(
    back: &Back,
    (conversation, ticket): (&Conversation, Option<Ticket>),
    to: &Assignment,
    now: Timestamp,
) -> Result<(Option<Ticket>, Vec<Event>), DeskError> {
    let mut events = Vec::new();
    let mut ticket = match (ticket, to) {
        (None, Assignment::Bot) => return Ok((None, events)),
        (Some(ticket), _) => ticket,
        (None, _) => {
            let (opened, created) = opened(back, conversation, to)?;
            events.push(created);
            opened
        }
    };
    match to {
        Assignment::Agent(agent) => {
            if ticket.claimed_by.as_ref().is_some_and(|owner| owner != agent) {
                let owner = ticket.claimed_by.clone().unwrap_or_default();
                events.push(ticket.release(&owner, now)?);
            }
            events.extend(ticket.claim(agent, now)?);
        }
        Assignment::Queue(queue) => events.extend(ticket.move_to(queue, now)?),
        Assignment::Bot => events.push(ticket.recall(now)?),
    }
    Ok((Some(ticket), events))
}

/// A ticket that a person, not a decision, opens: of the conversation's last topic, where there is one that the catalogue
/// still has.
fn opened(back: &Back, conversation: &Conversation, to: &Assignment) -> Result<(Ticket, Event), DeskError> {
    let engine = back.live.engine();
    let now = back.now();
    let state = &conversation.state;
    let topic = state.topic.as_deref().and_then(|topic| engine.catalogue().intent(topic));
    let queue = match to {
        Assignment::Queue(queue) => queue.as_str(),
        _ => topic.map_or("general", |topic| &topic.queue),
    };
    let reason = "assigned";
    // By the same table as a decision's, so that a grave topic does not wait because a person took it up.
    let level = engine.catalogue().policy().level(state.topic.as_slice(), std::iter::once(reason));
    let turns = back.store()?.turns(&conversation.id, tickets::PACKET_TURNS)?;
    Ok(tickets::open(Opening {
        conversation,
        customer_id: conversation.customer_id.as_deref(),
        queue: queue.to_owned(),
        level,
        reason: reason.into(),
        intent: state.topic.clone(),
        due: &engine.catalogue().policy().due(level, queue, &now),
        urgency: Urgency { upset: state.mood.level, tier: state.tier.clone() },
        packet: Packet { turns: tickets::past_turns(&turns), ..Packet::default() },
        at: now.timestamp(),
    }))
}

/// Reads on a thread that may wait for a disk.
pub(super) async fn reading<T: Send + 'static>(
    back: &Back,
    read: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, DeskError> {
    let store = Arc::clone(back.store()?);
    let read = tokio::task::spawn_blocking(move || read(&*store)).await;
    Ok(read.map_err(|_panicked| StoreError::Failed("a read broke off".into()))??)
}

fn named<'i>(field: &str, id: &'i str) -> Result<&'i str, DeskError> {
    match id.chars().count() {
        1..=MAX_ID => Ok(id),
        length => Err(DeskError::Invalid(format!("`{field}` has {length} characters; 1 to {MAX_ID} are allowed"))),
    }
}

fn known_queue(policy: &Policy, queue: &str) -> Result<(), DeskError> {
    if policy.has_queue(queue) {
        return Ok(());
    }
    let allowed: Vec<String> = policy.queues().map(|name| format!("`{name}`")).collect();
    Err(DeskError::Invalid(format!("`queue`: unknown value; allowed: {}", allowed.join(", "))))
}

impl Desk {
    fn noted(&self, note: Option<String>) -> Result<Option<String>, DeskError> {
        match &note {
            Some(text) if text.chars().count() > MAX_NOTE => {
                Err(DeskError::Invalid(format!("`note` may have {MAX_NOTE} characters")))
            }
            _ => Ok(note.map(|note| self.0.back.as_stored(&note))),
        }
    }
}
