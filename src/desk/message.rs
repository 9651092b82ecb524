//! A customer's message: from the door to the record, and back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp, Zoned};
use sha2::{Digest, Sha256};
use tokio::time::timeout_at;

use super::before::{extended, joined, new_conversation, situation, wants_a_person, weight};
use super::busy::Turn as Right;
use super::counted::{Counted, stage_took};
use super::pool::Place;
use super::{Back, Desk, DeskError, Refused, tickets};
use crate::conversation::{Situation, State};
use crate::engine::Engine;
use crate::facts::{Known, Pending};
use crate::incoming::{Incoming, Request};
use crate::labels;
use crate::pipeline::Handled;
use crate::reply::{DecisionKind, Handoff, Reason, Reply};
use crate::store::{Change, Conversation, Decided, StoreError, Turn, TurnKind};
use crate::text::{Message, mask_personal_data};
use crate::ticket::{Event, EventKind, Ticket};

/// The longest deadline that counts; a longer `deadline_ms` is shortened to it.
pub const MAX_DEADLINE: Duration = Duration::from_secs(60);

/// The longest wait for further messages that counts.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// How often a message is decided anew because somebody else changed its conversation.
const TRIES: usize = 4;

/// How far back a customer's tickets are looked at for the same story at other orders.
const LATELY: SignedDuration = SignedDuration::from_hours(24 * 90);

/// A message for a worker.
struct Task {
    incoming: Arc<Incoming>,
    shadow: bool,
    superseded: bool,
    /// What other systems have told so far.
    known: Known,
}

/// What a worker made of it.
enum Outcome {
    /// It came before: what was answered then.
    Again(String),
    /// Another message came before under its id.
    Other,
    /// Another system has to be asked first.
    Waits(Pending),
    /// It is decided; nothing is written yet.
    Decided(Box<Draft>),
}

/// A decision that is still to be written down.
struct Draft {
    /// The reply as it is sent once the change is written.
    json: String,
    /// None where nothing is kept.
    change: Option<Change>,
    counted: Counted,
}

impl Desk {
    /// Decides about a message, writes down what follows, and gives the reply as JSON. A message that was answered
    /// before, by its id, gets the same reply to the byte. On trial (`shadow`) nothing is said and no ticket is opened.
    ///
    /// # Errors
    /// When the request is not valid, when there is too much to do, when it took too long, or when the id was used before
    /// for another message. Whatever else fails sends the message to a person, and is no error.
    pub async fn message(&self, request: Request, shadow: bool) -> Result<String, DeskError> {
        let arrived = Instant::now();
        let incoming = Arc::new(request.check()?.with_ids());
        let patience = incoming.deadline_ms().map_or(self.0.deadline, Duration::from_millis).min(MAX_DEADLINE);
        let wait = Duration::from_millis(incoming.wait_ms()).min(MAX_WAIT);
        let Some(conversation) = incoming.ids().0.filter(|_| self.0.back.store.is_some()).map(str::to_owned) else {
            return self.decide((&incoming, shadow, false), arrived + patience, None).await;
        };
        for earlier in self.0.parked.take(&conversation) {
            let superseded = (&earlier.incoming, earlier.shadow, true);
            // Fails only if that caller left meanwhile.
            let _ = earlier.answer.send(self.in_turn(superseded, &conversation, arrived + patience).await);
        }
        if !wait.is_zero() {
            let (number, superseded) = self.0.parked.park(&conversation, Arc::clone(&incoming), shadow);
            let over = tokio::time::timeout(wait, superseded);
            match over.await {
                Ok(Ok(answer)) => return answer,
                Ok(Err(_gone)) => return Err(Refused::Failed.into()),
                Err(_elapsed) if self.0.parked.call_back(&conversation, number) => {}
                // A later message has just taken this one over; it is about to be answered as superseded.
                Err(_elapsed) => {}
            }
        }
        // The wait was the caller's wish: it does not count against the deadline.
        self.in_turn((&incoming, shadow, false), &conversation, arrived + wait + patience).await
    }

    /// Waits for the conversation, then decides.
    async fn in_turn(
        &self,
        message: (&Arc<Incoming>, bool, bool),
        conversation: &str,
        deadline: Instant,
    ) -> Result<String, DeskError> {
        let right = timeout_at(deadline.into(), self.0.busy.turn(conversation)).await;
        let right = right.map_err(|_elapsed| Refused::DeadlineExceeded)?;
        self.decide(message, deadline, Some(right)).await
    }

    /// Gives a message to the workers.
    fn submit(&self, task: Task, deadline: Instant) -> Result<Place<Outcome>, Refused> {
        let task = Arc::new(task);
        let (deciding, falling_back) = (Arc::clone(&self.0.back), Arc::clone(&self.0.back));
        let again = Arc::clone(&task);
        let load = (self.1.clone(), weight(&task.incoming));
        self.0.pool.submit(load, deadline, move || deciding.decide(&task), move || falling_back.hand_over(&again))
    }

    /// Decides and writes down; again if somebody else, in another process, changed the conversation meanwhile.
    async fn decide(
        &self,
        (incoming, shadow, superseded): (&Arc<Incoming>, bool, bool),
        deadline: Instant,
        mut right: Option<Right>,
    ) -> Result<String, DeskError> {
        // Kept for all tries: a message looks things up once, and counts as one guess.
        let known = Known::on_trial(shadow);
        let mut tries = 0;
        while tries < TRIES {
            let task = Task { incoming: Arc::clone(incoming), shadow, superseded, known: known.clone() };
            let draft = match self.submit(task, deadline)?.wait().await? {
                Outcome::Waits(pending) => {
                    // No worker waits with it.
                    let told = timeout_at(deadline.into(), pending.settle(&known)).await;
                    told.map_err(|_elapsed| Refused::DeadlineExceeded)?;
                    continue;
                }
                Outcome::Again(json) => return Ok(json),
                Outcome::Other => {
                    let id = incoming.ids().1.unwrap_or_default();
                    return Err(DeskError::OtherMessage(id.to_owned()));
                }
                Outcome::Decided(draft) => *draft,
            };
            let Some(change) = draft.change else {
                draft.counted.count();
                return Ok(draft.json);
            };
            let back = Arc::clone(&self.0.back);
            let (held, since) = (right.take(), Instant::now());
            // In a task of its own: should the caller leave now, the conversation stays taken until all is written.
            let writing = tokio::spawn(async move { (back.record(change).await, held) });
            let (written, held) = match timeout_at(deadline.into(), writing).await {
                Ok(Ok(done)) => done,
                Ok(Err(_panicked)) => return Err(Refused::Failed.into()),
                Err(_elapsed) => return Err(Refused::DeadlineExceeded.into()),
            };
            match written {
                Ok(()) => {
                    stage_took("store", since.elapsed());
                    draft.counted.count();
                    return Ok(draft.json);
                }
                Err(StoreError::Conflict | StoreError::Duplicate) => {
                    right = held;
                    tries += 1;
                }
                Err(error) => {
                    tracing::error!(%error, "a decision could not be stored; the message goes to a person");
                    return Ok(self.unstored(incoming));
                }
            }
        }
        tracing::error!("a conversation changed too often; the message goes to a person");
        Ok(self.unstored(incoming))
    }

    /// What is said where nothing can be kept.
    fn unstored(&self, incoming: &Incoming) -> String {
        let reply = self.0.back.unstored(incoming);
        Counted::of(&reply).count();
        json(&reply)
    }
}

impl Back {
    /// What a worker does with a message.
    fn decide(&self, task: &Task) -> Outcome {
        let engine = self.live.engine();
        self.attempt(&engine, task, |incoming, situation, now| engine.begin(incoming, situation, &task.known, now))
    }

    /// The same when that panicked.
    fn hand_over(&self, task: &Task) -> Outcome {
        let engine = self.live.engine();
        self.attempt(&engine, task, |incoming, situation, now| Ok(engine.hand_over(incoming, situation, now)))
    }

    fn attempt(
        &self,
        engine: &Engine,
        task: &Task,
        handle: impl Fn(&Incoming, &Situation, &Zoned) -> Result<Handled, Pending>,
    ) -> Outcome {
        let (incoming, now) = (&*task.incoming, self.now());
        let Some((conversation, store)) = incoming.ids().0.zip(self.store.as_deref()) else {
            let situation = engine.situation(incoming);
            let mut reply = match handle(incoming, &situation, &now) {
                Ok(handled) => handled.reply.shortened(),
                Err(pending) => return Outcome::Waits(pending),
            };
            hide_if(task.shadow, &mut reply);
            return Outcome::Decided(Box::new(Draft {
                json: json(&reply),
                change: None,
                counted: Counted::of(&reply),
            }));
        };
        let outcome = || -> Result<Outcome, StoreError> {
            let own = incoming.ids().1.unwrap_or_default();
            if let Some(turn) = store.turn(conversation, own)? {
                return Ok(again(&turn, incoming));
            }
            let kept = store.conversation(conversation)?;
            let ticket = match kept.as_ref().and_then(|kept| kept.ticket_id.as_deref()) {
                Some(id) => store.ticket(id)?.filter(|ticket| ticket.state.is_open()),
                None => None,
            };
            let kept = kept.unwrap_or_else(|| new_conversation(conversation, incoming, engine, &now));
            let draft = self.draft(engine, task, (kept, ticket), (&now, &handle))?;
            Ok(draft.map_or_else(Outcome::Waits, |draft| Outcome::Decided(Box::new(draft))))
        };
        outcome().unwrap_or_else(|error| {
            tracing::error!(%error, "the store cannot be read; the message goes to a person");
            let reply = self.unstored(incoming);
            Outcome::Decided(Box::new(Draft { json: json(&reply), change: None, counted: Counted::of(&reply) }))
        })
    }

    /// Everything that follows from a message in its conversation.
    fn draft(
        &self,
        engine: &Engine,
        task: &Task,
        (mut kept, ticket): (Conversation, Option<Ticket>),
        (now, handle): (&Zoned, &impl Fn(&Incoming, &Situation, &Zoned) -> Result<Handled, Pending>),
    ) -> Result<Result<Draft, Pending>, StoreError> {
        let incoming = &*task.incoming;
        let own = self.as_stored(incoming.utterance().as_str());
        let situation = situation(engine, &kept, ticket.as_ref(), now);
        let mut burst = joined(engine, &situation, incoming, now);
        // Whoever is handed over needs no other reply any more.
        let supersedes = burst.as_ref().map(|burst| burst.message_ids.clone()).unwrap_or_default();
        let mut alone = None;
        if burst.is_some() && !task.superseded {
            match handle(incoming, &situation, now) {
                Ok(handled) if wants_a_person(&handled.reply) => (burst, alone) = (None, Some(Ok(handled))),
                Ok(_) => {}
                Err(pending) => return Ok(Err(pending)),
            }
        }
        let (mut reply, state, opened, events);
        if task.superseded {
            let reason = Reason { code: "superseded".into(), detail: "decided with a later message".into() };
            reply = engine.silence(incoming, reason);
            state = State { last_at: Some(now.timestamp()), ..situation.state.clone() };
            (opened, events) = (ticket, Vec::new());
        } else {
            let handled = match (&burst, alone) {
                (_, Some(alone)) => alone,
                (Some(burst), None) => {
                    let before = Situation { state: burst.before.clone(), holder: situation.holder.clone() };
                    handle(&incoming.following(&burst.text), &before, now)
                }
                (None, None) => handle(incoming, &situation, now),
            };
            let handled = match handled {
                Ok(handled) => handled,
                Err(pending) => return Ok(Err(pending)),
            };
            // Only a ticket that is opened needs what came before.
            let opens = ticket.is_none() && handled.reply.decision == DecisionKind::Handoff;
            let (turns, earlier) = if opens { self.past(&kept, incoming, now)? } else { Default::default() };
            let step = tickets::Step {
                incoming,
                conversation: &kept,
                handled: &handled,
                turns: &turns,
                earlier: &earlier,
                own: &own,
                now,
            };
            (opened, events) = if task.shadow { (ticket, Vec::new()) } else { tickets::after(ticket, &step) };
            reply = handled.reply;
            state = handled.state;
        }
        let is_new = events.iter().any(|event: &Event| event.kind == EventKind::Created);
        let state = State { is_told: state.is_told && !is_new, ..state };
        reply.supersedes = supersedes;
        reply.durable = true;
        reply.handoff =
            handoff(reply.handoff.take(), opened.as_ref().filter(|ticket| ticket.state.is_open()), task.shadow);
        let mut reply = reply.shortened();
        let turn = turn(&kept, task, (own.clone(), &reply, opened.as_ref()), now);
        hide_if(task.shadow, &mut reply);
        let (json, counted) = (json(&reply), Counted::of(&reply));
        let before = burst.as_ref().map_or(&situation.state, |burst| &burst.before);
        let burst = Some(Box::new(extended(burst.as_ref(), before, incoming, &own)));
        // From the record, not from `state`: a burst is decided on what was known before its first message.
        let tier = incoming.tier().map(str::to_owned).or(kept.state.tier);
        // Digits that were not counted open nothing for good.
        let proven = if task.shadow { kept.state.proven } else { state.proven };
        kept.state = State { burst, tier, proven, ..state };
        kept.ticket_id = opened.as_ref().filter(|ticket| ticket.state.is_open()).map(|ticket| ticket.id.clone());
        kept.turns += 1;
        kept.updated_at = now.timestamp();
        kept.closed_at = None;
        let turn = Turn { kind: with_reply(turn.kind, &json), ..turn };
        let ticket = opened.filter(|_| !events.is_empty());
        let events = events.into_iter().map(|event| self.routed(event)).collect();
        let change = Change { conversation: Some(kept), turns: vec![turn], ticket, events, feedback: None };
        Ok(Ok(Draft { json, change: Some(change), counted }))
    }

    /// The turns of a conversation so far, and what its customer brought to people lately, if the caller vouches for who
    /// that is.
    fn past(
        &self,
        kept: &Conversation,
        incoming: &Incoming,
        now: &Zoned,
    ) -> Result<(Vec<Turn>, Vec<Ticket>), StoreError> {
        let Some(store) = self.store.as_deref() else { return Ok(Default::default()) };
        let since = now.timestamp().saturating_sub(LATELY).unwrap_or(Timestamp::MIN);
        let tickets = match incoming.verified_customer() {
            Some(customer) => store.tickets_of(customer, since)?,
            None => Vec::new(),
        };
        Ok((store.turns(&kept.id, tickets::PACKET_TURNS)?, tickets))
    }

    /// A text as it is stored.
    pub(super) fn as_stored(&self, text: &str) -> String {
        match crate::text::Utterance::new(text) {
            Ok(utterance) if self.masked => mask_personal_data(text, &Message::read(&utterance)),
            _ => text.to_owned(),
        }
    }

    /// The hand-off of a message that cannot be stored: the gateway routes it, and may send it again.
    fn unstored(&self, incoming: &Incoming) -> Reply {
        let handled = self.live.engine().hand_over(incoming, &Situation::default(), &self.now());
        Reply {
            reasons: vec![Reason { code: "bot_error".into(), detail: "the message could not be stored".into() }],
            ..handled.reply
        }
    }
}

fn json(reply: &Reply) -> String {
    serde_json::to_string(reply).expect("a reply is plain data")
}

/// On trial nothing is said.
fn hide_if(shadow: bool, reply: &mut Reply) {
    if shadow {
        reply.shadow = true;
        reply.answer = None;
        reply.suggestions.clear();
    }
}

fn again(turn: &Turn, incoming: &Incoming) -> Outcome {
    match &turn.kind {
        TurnKind::Customer(decided) if decided.fingerprint == fingerprint(incoming) => {
            Outcome::Again(decided.reply.clone())
        }
        _ => Outcome::Other,
    }
}

/// What a message is, whoever sends it again: not how long they wait for the answer.
fn fingerprint(incoming: &Incoming) -> [u8; 32] {
    let request = Request { wait_ms: None, deadline_ms: None, ..incoming.request.clone() };
    let body = serde_json::to_vec(&(incoming.utterance().as_str(), request)).expect("a request is plain data");
    Sha256::digest(body).into()
}

/// The hand-off that the caller is told of: the ticket that is open, or the one that there would be.
fn handoff(decided: Option<Handoff>, open: Option<&Ticket>, shadow: bool) -> Option<Handoff> {
    match open {
        Some(ticket) if !shadow => Some(Handoff {
            ticket_id: Some(ticket.id.clone()),
            queue: ticket.queue.clone(),
            level: ticket.level,
            respond_due_at: ticket.respond_due_at,
            resolve_due_at: ticket.resolve_due_at,
            summary: ticket.packet.summary.clone(),
            signals: ticket.packet.signals.clone(),
        }),
        _ => decided,
    }
}

fn turn(
    kept: &Conversation,
    task: &Task,
    (text, reply, ticket): (String, &Reply, Option<&Ticket>),
    now: &Zoned,
) -> Turn {
    let understood = reply.intents.first().filter(|first| labels::is_business(&first.id) && first.score >= 0.5);
    Turn {
        conversation_id: kept.id.clone(),
        message_id: task.incoming.ids().1.unwrap_or_default().to_owned(),
        number: kept.turns,
        at: now.timestamp(),
        text,
        kind: TurnKind::Customer(Box::new(Decided {
            fingerprint: fingerprint(&task.incoming),
            reply: String::new(),
            decision: reply.decision,
            reason: reply.reasons.first().map(|reason| reason.code.clone()).unwrap_or_default(),
            intent: understood.map(|intent| intent.id.clone()),
            emotion: reply.emotion.label,
            upset: reply.emotion.upset,
            ticket_id: ticket.map(|ticket| ticket.id.clone()),
            is_shadow: task.shadow,
        })),
    }
}

fn with_reply(kind: TurnKind, json: &str) -> TurnKind {
    match kind {
        TurnKind::Customer(decided) => TurnKind::Customer(Box::new(Decided { reply: json.to_owned(), ..*decided })),
        said => said,
    }
}
