//! What letters are worked off with, and what becomes of one that fails.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::client::{CallError, Client, Standing};
use super::figures::{self, Worked};
use super::job::{Failure, Job, Step};
use super::note::{self, Reply};
use super::payload::Status;
use crate::config::ChatwootConfig;
use crate::desk::Desk;
use crate::store::{Ending, Inbox, Letter, StoreError};
use crate::webhooks::{Clock, Nudge, next_try};

/// For writing down what came of a call, and for clocks of several processes that differ.
const SPARE: Duration = Duration::from_secs(10);

/// Calling people is tried so many times as often as answering.
const CALLING: u32 = 4;

/// From this try on, what is only helpful no longer holds up what must be.
const HELPFUL_TRIES: u32 = 2;

pub(super) struct Office {
    pub(super) config: ChatwootConfig,
    pub(super) desk: Desk,
    pub(super) client: Client,
    pub(super) nudge: Nudge,
    inbox: Arc<dyn Inbox>,
    clock: Clock,
}

impl Office {
    pub(super) fn new(config: ChatwootConfig, desk: Desk, inbox: Arc<dyn Inbox>, client: Client, clock: Clock) -> Self {
        Self { config, desk, client, nudge: Nudge::default(), inbox, clock }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The shop's.
    pub(super) fn zone(&self) -> TimeZone {
        self.desk.live().engine().config().time_zone.clone()
    }

    /// Until when a letter is one's own: one call, and writing down what came of it.
    pub(super) fn lease(&self) -> Timestamp {
        self.now().saturating_add(self.config.timeout + SPARE).unwrap_or(Timestamp::MAX)
    }

    /// Asks the inbox on a thread that may wait.
    pub(super) async fn inbox<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Inbox) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inbox = Arc::clone(&self.inbox);
        let answer = tokio::task::spawn_blocking(move || ask(&*inbox)).await;
        answer.unwrap_or_else(|_| Err(StoreError::Failed("a call of the store panicked".to_owned())))
    }

    /// Works off letters of one conversation, in order, until one fails: those behind it wait.
    pub(super) async fn work(&self, letters: Vec<Letter>) {
        let mut jobs = Vec::new();
        for letter in letters {
            match Job::read(&letter) {
                Some(job) => jobs.push(job),
                None => {
                    tracing::error!(
                        letter = letter.sequence,
                        "a letter of Chatwoot cannot be read back; it is given up"
                    );
                    figures::worked(Worked::Dead);
                    let error = Some("it cannot be read back".to_owned());
                    self.end(&letter, Ending { left_as: None, error }).await;
                }
            }
        }
        let mut jobs = jobs.into_iter().peekable();
        while jobs.peek().is_some() {
            // What a customer wrote in a row is decided before anything is said: a later message may take up earlier ones.
            let mut run: Vec<Job> = std::iter::from_fn(|| jobs.next_if(|job| job.for_bot().is_some())).collect();
            let is_done = match run.is_empty() {
                false => self.answer_all(&mut run).await,
                true => match jobs.next() {
                    Some(mut job) => self.settle_other(&mut job).await,
                    None => true,
                },
            };
            if !is_done {
                return;
            }
        }
    }

    /// Answers what a customer wrote in a row. Whether all of it is done with.
    async fn answer_all(&self, run: &mut [Job]) -> bool {
        let mut rest = run;
        while !rest.is_empty() {
            let (replies, failure) = self.decide_some(rest).await;
            let taken_up: HashSet<&str> =
                replies.iter().flat_map(|reply| reply.supersedes.iter().map(String::as_str)).collect();
            let (decided, waiting) = rest.split_at_mut(replies.len());
            for (job, reply) in decided.iter_mut().zip(&replies) {
                let is_taken_up = job.for_bot().is_some_and(|written| taken_up.contains(written.message.as_str()));
                match self.act(job, reply, is_taken_up).await {
                    Ok(status) => self.done(job, Some(status)).await,
                    // One that is given up keeps the others waiting no longer.
                    Err(failure) => {
                        if !self.fail(job, failure).await {
                            return false;
                        }
                    }
                }
            }
            rest = match (failure, waiting) {
                (Some(failure), [first, others @ ..]) => {
                    if !self.fail(first, failure).await {
                        return false;
                    }
                    others
                }
                (_, waiting) => waiting,
            };
        }
        true
    }

    /// Decides one after the other, up to one that fails, or that calls people: what comes after it is decided once that is done.
    async fn decide_some(&self, jobs: &mut [Job]) -> (Vec<Reply>, Option<Failure>) {
        let mut replies: Vec<Reply> = Vec::new();
        for job in jobs {
            if replies.last().is_some_and(|reply| reply.handoff.is_some()) {
                break;
            }
            let decided = match &job.progress.given_up {
                Some(why) => Err(Failure::Lasting(why.clone())),
                None => self.decide(job).await,
            };
            match decided {
                Ok(reply) => replies.push(reply),
                Err(failure) => return (replies, Some(failure)),
            }
        }
        (replies, None)
    }

    async fn settle_other(&self, job: &mut Job) -> bool {
        match self.follow(job).await {
            Ok(status) => {
                self.done(job, status).await;
                true
            }
            Err(failure) => self.fail(job, failure).await,
        }
    }

    async fn done(&self, job: &Job, left: Option<Status>) {
        figures::worked(Worked::Done);
        self.end(&job.letter, Ending { left_as: left.map(|status| status.id().to_owned()), error: None }).await;
    }

    async fn end(&self, letter: &Letter, ending: Ending) {
        let (sequence, letter) = (letter.sequence, letter.clone());
        if let Err(error) = self.inbox(move |inbox| inbox.end(&letter, &ending)).await {
            tracing::error!(letter = sequence, "that a letter is done is not stored; it is looked at again: {error}");
        }
    }

    /// Tries again later, or calls people once it has failed for good. Whether that is done with.
    async fn fail(&self, job: &mut Job, failure: Failure) -> bool {
        let tried = job.letter.attempts.saturating_add(1);
        let (letter, conversation) = (job.letter.sequence, job.letter.conversation_id.clone());
        let failure = match failure {
            Failure::Inbox(error) => {
                tracing::error!(letter, conversation, "what is done for Chatwoot is not stored; it waits: {error}");
                return false;
            }
            Failure::Passing { why, asked } if job.progress.given_up.is_none() => {
                let Some(next) = next_try(tried, self.config.attempts, asked, self.now()) else {
                    return self.give_up(job, why).await;
                };
                tracing::warn!(letter, conversation, tried, %next, "Chatwoot is tried again: {why}");
                self.postpone(job, &why, next).await;
                return false;
            }
            other => other,
        };
        self.give_up(job, failure.to_string()).await
    }

    async fn postpone(&self, job: &Job, why: &str, next: Timestamp) {
        figures::worked(Worked::Retried);
        let (letter, why) = (job.letter.clone(), why.to_owned());
        if let Err(error) = self.inbox(move |inbox| inbox.postpone(&letter, &why, next)).await {
            tracing::error!(letter = job.letter.sequence, "that a letter failed is not stored: {error}");
        }
    }

    /// The bot has no answer: its conversation is opened for people, for as long as that takes.
    async fn give_up(&self, job: &mut Job, why: String) -> bool {
        let (letter, conversation) = (job.letter.sequence, job.letter.conversation_id.clone());
        let is_new = job.progress.given_up.is_none();
        let why = job.progress.given_up.get_or_insert(why).clone();
        if is_new {
            figures::worked(Worked::Dead);
            tracing::error!(letter, conversation, "what Chatwoot told is given up: {why}");
        }
        if job.for_bot().is_none() {
            self.end(&job.letter, Ending { left_as: None, error: Some(why) }).await;
            return true;
        }
        if is_new && self.keep(job).await.is_err() {
            return false;
        }
        let tried = job.letter.attempts.saturating_add(1);
        let (left, error) = match self.call_people(job, &why).await {
            Ok(status) => (Some(status), why),
            Err(CallError::Gone { .. }) => (Some(Status::Resolved), why),
            Err(error) => {
                let asked = if let CallError::Passing { asked, .. } = &error { *asked } else { None };
                let most = self.config.attempts.saturating_mul(CALLING);
                if let Some(next) = next_try(tried, most, asked, self.now()) {
                    tracing::warn!(letter, conversation, tried, %next, "people are called again: {error}");
                    self.postpone(job, &why, next).await;
                    return false;
                }
                tracing::error!(letter, conversation, "nobody could be called: {error}");
                (None, format!("{why}; nobody could be called: {error}"))
            }
        };
        self.end(&job.letter, Ending { left_as: left.map(|status| status.id().to_owned()), error: Some(error) }).await;
        true
    }

    async fn call_people(&self, job: &Job, why: &str) -> Result<Status, CallError> {
        let place = job.place();
        match self.client.show(place).await {
            Ok(standing) if standing.status != Status::Pending => return Ok(standing.status),
            Ok(standing) => {
                let text = note::failed(why);
                if !standing.has_said(&text)
                    && let Err(error) = self.client.note(place, &text).await
                {
                    tracing::warn!(letter = job.letter.sequence, "no note for people: {error}");
                }
            }
            Err(gone @ CallError::Gone { .. }) => return Err(gone),
            // It may be opened nevertheless.
            Err(_) => {}
        }
        self.client.open(place).await.map(|()| Status::Open)
    }

    /// Writes down what is done of a letter.
    pub(super) async fn keep(&self, job: &Job) -> Result<(), Failure> {
        let progress = serde_json::to_string(&job.progress).expect("progress is plain data");
        let (letter, until) = (job.letter.clone(), self.lease());
        self.inbox(move |inbox| inbox.proceed(&letter, &progress, until)).await.map_err(Failure::Inbox)
    }

    pub(super) async fn mark(&self, job: &mut Job, step: Step) -> Result<(), Failure> {
        job.progress.done.push(step);
        self.keep(job).await
    }

    /// Says something once. That it is about to be said is written down before: should the answer get lost, or this process
    /// die, it is looked at what was said last before it is said again.
    pub(super) async fn say_once(
        &self,
        job: &mut Job,
        step: Step,
        (text, standing): (&str, &Standing),
        say: impl Future<Output = Result<(), CallError>>,
    ) -> Result<(), Failure> {
        if job.progress.has(step) {
            return Ok(());
        }
        if job.progress.begun == Some(step) {
            if standing.has_said(text) {
                return self.mark(job, step).await;
            }
        } else {
            job.progress.begun = Some(step);
            self.keep(job).await?;
        }
        say.await?;
        self.mark(job, step).await
    }

    /// Does what helps people, but must not keep a conversation from them: it is left out if it cannot be done.
    pub(super) async fn help_once(
        &self,
        job: &mut Job,
        step: Step,
        help: impl Future<Output = Result<(), CallError>>,
    ) -> Result<(), Failure> {
        if job.progress.has(step) {
            return Ok(());
        }
        match help.await {
            Ok(()) => {}
            Err(error @ CallError::Passing { .. }) if job.letter.attempts + 1 < HELPFUL_TRIES => {
                return Err(error.into());
            }
            Err(error) => {
                tracing::warn!(letter = job.letter.sequence, "a hand-off goes on without this: {error}");
            }
        }
        self.mark(job, step).await
    }
}
