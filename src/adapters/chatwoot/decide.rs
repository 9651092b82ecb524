//! What a customer wrote: asked of the desk, and done in Chatwoot.

use std::sync::Arc;

use super::SOURCE;
use super::client::{CallError, Standing};
use super::job::{Failure, Job, Step};
use super::note::{self, Handoff, Reply};
use super::office::Office;
use super::payload::{Status, What, Written};
use crate::Request;
use crate::desk::{Assignment, DeskError, Record};
use crate::incoming::{Customer, HandledBy};
use crate::reply::{Choice, DecisionKind};
use crate::store::{StoreError, TurnKind};
use crate::ticket::Ticket;

/// Turns that are looked at for what was offered last.
const LAST_TURNS: usize = 10;

/// A decision that could not be stored is asked for again so many times; then people are called without a ticket.
const STORE_TRIES: u32 = 2;

impl Office {
    /// What the desk says to a message that the bot is to answer.
    pub(super) async fn decide(&self, job: &mut Job) -> Result<Reply, Failure> {
        let record = self.record(&job.letter.conversation_id).await?;
        let Some(written) = job.for_bot().cloned() else {
            return Err(Failure::Lasting("it is no message of a customer".to_owned()));
        };
        let is_known = record.as_ref().is_some_and(|record| turn_number(record, &written.message).is_some());
        let has_ticket = record.as_ref().is_some_and(|record| record.ticket.is_some());
        if has_ticket && !is_known && !job.progress.person {
            self.look_who_has_it(job).await?;
        }
        let handled_by = if job.progress.person { HandledBy::Person } else { HandledBy::Bot };
        let text = record.as_ref().and_then(|record| chosen(record, &written));
        let reply = self.ask(job, &written, text, handled_by).await?;
        let keeps = self.desk.store().is_ok();
        if keeps && !reply.durable && job.letter.attempts < STORE_TRIES {
            return Err(Failure::Passing { why: "the decision could not be stored".to_owned(), asked: None });
        }
        Ok(reply)
    }

    /// A ticket is open here. If people had the conversation in Chatwoot, and it is the bot's again, they gave it back.
    async fn look_who_has_it(&self, job: &mut Job) -> Result<(), Failure> {
        if !self.was_with_people(&job.letter.conversation_id).await? {
            return Ok(());
        }
        if self.client.show(job.place()).await?.status == Status::Pending {
            return self.return_to_bot(&job.letter.conversation_id).await;
        }
        job.progress.person = true;
        self.keep(job).await
    }

    /// Whether the conversation was last left to people.
    pub(super) async fn was_with_people(&self, conversation: &str) -> Result<bool, Failure> {
        let id = conversation.to_owned();
        let left = self.inbox(move |inbox| inbox.left_as(SOURCE, &id)).await.map_err(Failure::Inbox)?;
        Ok(left.is_some_and(|left| Status::of(&left) != Status::Pending))
    }

    pub(super) async fn return_to_bot(&self, conversation: &str) -> Result<(), Failure> {
        match self.desk.assign(conversation, &Assignment::Bot).await {
            Ok(_) | Err(DeskError::Unknown { .. } | DeskError::NoStore | DeskError::Step(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A conversation here with its open ticket; nothing if it is not known, or nothing is kept.
    pub(super) async fn record(&self, conversation: &str) -> Result<Option<Record>, Failure> {
        match self.desk.conversation(conversation, LAST_TURNS).await {
            Ok(record) => Ok(Some(record)),
            Err(DeskError::Unknown { .. } | DeskError::NoStore) => Ok(None),
            // The desk hands a message over that it cannot store.
            Err(DeskError::Store(StoreError::Failed(_))) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks the desk. `text` stands in for what was written.
    pub(super) async fn ask(
        &self,
        job: &Job,
        written: &Written,
        text: Option<String>,
        handled_by: HandledBy,
    ) -> Result<Reply, Failure> {
        let customer = Customer { id: written.customer.clone(), verified: written.verified, ..Customer::default() };
        let request = Request {
            conversation_id: Some(job.letter.conversation_id.clone()),
            message_id: Some(written.message.clone()),
            text: text.unwrap_or_else(|| written.text.clone()),
            channel: written.channel.clone(),
            customer: Some(customer),
            attachments: written.attachments.clone(),
            handled_by,
            ..Request::default()
        };
        let json = self.desk.message(request, false).await?;
        serde_json::from_str(&json).map_err(|_| Failure::Lasting("the desk's reply cannot be read".to_owned()))
    }

    /// Does what follows. What the conversation is left as.
    pub(super) async fn act(&self, job: &mut Job, reply: &Reply, is_taken_up: bool) -> Result<Status, Failure> {
        let place = job.place();
        let standing = self.client.show(place).await?;
        // Somebody has taken it meanwhile, or it is done already.
        if standing.status != Status::Pending || job.progress.person {
            return Ok(standing.status);
        }
        if let Some(handoff) = &reply.handoff {
            return self.hand_over(job, reply, handoff, (standing, is_taken_up)).await;
        }
        self.speak(job, reply, (&standing, is_taken_up)).await?;
        Ok(Status::Pending)
    }

    /// Tells the customer, unless a later reply does so.
    async fn speak(
        &self,
        job: &mut Job,
        reply: &Reply,
        (standing, is_taken_up): (&Standing, bool),
    ) -> Result<(), Failure> {
        let Some(answer) = reply.answer.as_ref().filter(|_| reply.decision != DecisionKind::Silent && !is_taken_up)
        else {
            return Ok(());
        };
        let say = self.client.say(job.place(), &answer.text, &answer.choices);
        self.say_once(job, Step::Said, (&answer.text, standing), say).await
    }

    /// First what people need, then the word to the customer, then the conversation is opened: nobody finds it before all is
    /// there, and Chatwoot counts it as a hand-off since it is still the bot's.
    async fn hand_over(
        &self,
        job: &mut Job,
        reply: &Reply,
        handoff: &Handoff,
        (standing, is_taken_up): (Standing, bool),
    ) -> Result<Status, Failure> {
        let place = job.place();
        let ticket = self.ticket(handoff).await;
        let note = note::note(reply, handoff, ticket.as_ref(), &self.zone());
        self.say_once(job, Step::Note, (&note, &standing), self.client.note(place, &note)).await?;
        self.help_once(job, Step::Priority, self.client.set_priority(place, note::priority(handoff.level))).await?;
        if let Some(team) = self.config.team(&handoff.queue) {
            self.help_once(job, Step::Team, self.client.set_team(place, team)).await?;
        }
        if self.config.labels {
            let labels = note::labels(reply, handoff);
            self.help_once(job, Step::Labels, self.tag(job.place(), &standing, labels)).await?;
        }
        self.speak(job, reply, (&standing, is_taken_up)).await?;
        let status = self.client.show(place).await?.status;
        if status != Status::Pending {
            return Ok(status);
        }
        self.client.open(place).await?;
        Ok(Status::Open)
    }

    /// Sets labels, or an attribute where bots may not set labels. Both calls replace what is there.
    async fn tag(
        &self,
        place: super::client::Place,
        standing: &Standing,
        labels: Vec<String>,
    ) -> Result<(), CallError> {
        let mut all = standing.labels.clone();
        all.extend(labels.iter().filter(|label| !standing.labels.contains(label)).cloned());
        match self.client.set_labels(place, &all).await {
            Err(CallError::Denied { .. }) => {
                let mut attributes = standing.attributes.clone();
                attributes.insert("triage".to_owned(), labels.join(" ").into());
                self.client.set_attributes(place, &attributes).await
            }
            other => other,
        }
    }

    /// The ticket with what was looked up; the note does without it if it cannot be read.
    async fn ticket(&self, handoff: &Handoff) -> Option<Ticket> {
        let id = handoff.ticket_id.as_deref()?;
        let store = Arc::clone(self.desk.store().ok()?);
        let id = id.to_owned();
        tokio::task::spawn_blocking(move || store.ticket(&id)).await.ok()?.ok()?
    }

    /// Whether the message is the bot's after all: what Chatwoot told may be older than what is so.
    pub(super) async fn is_bots_by_now(&self, job: &mut Job) -> Result<bool, Failure> {
        if !matches!(job.told.what, What::Customer(_)) || job.told.status == Status::Open {
            return Ok(false);
        }
        Ok(self.client.show(job.place()).await?.status == Status::Pending)
    }
}

fn turn_number(record: &Record, message: &str) -> Option<u64> {
    record.turns.iter().find(|turn| turn.message_id == message).map(|turn| turn.number)
}

/// The title of what was offered last, if the customer sent its value.
fn chosen(record: &Record, written: &Written) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Offer {
        answer: Option<Offered>,
    }
    #[derive(serde::Deserialize)]
    struct Offered {
        choices: Vec<Choice>,
    }
    let own = turn_number(record, &written.message).unwrap_or(u64::MAX);
    let earlier = record.turns.iter().rev().filter(|turn| turn.number < own);
    let mut replies = earlier.filter_map(|turn| match &turn.kind {
        TurnKind::Customer(decided) => Some(&decided.reply),
        TurnKind::Said(_) => None,
    });
    let offer: Offer = serde_json::from_str(replies.next()?).ok()?;
    let mut choices = offer.answer?.choices.into_iter();
    choices.find(|choice| choice.value == written.text.trim()).map(|choice| choice.title)
}
