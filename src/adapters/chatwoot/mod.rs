//! Chatwoot: this service as the agent bot of its conversations. `docs/chatwoot.md` tells how the two are connected.
//!
//! What Chatwoot tells is checked, put into the [`Inbox`] of the store and acknowledged; one task, [`Worker`], takes it from there,
//! in order for each conversation, asks the [`Desk`] and does in Chatwoot what follows, one call after the other, each written
//! down as done. Where nothing is kept, the same is done before Chatwoot is answered.

mod client;
mod decide;
mod figures;
mod follow;
mod job;
mod note;
mod office;
mod payload;
mod unkept;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use self::client::Client;
use self::figures::Taken;
use self::office::Office;
use self::payload::{Status, What};
use self::unkept::Unkept;
use crate::config::{ChatwootConfig, Secret};
use crate::desk::Desk;
use crate::store::{Arrival, Inbox, Receipt, StoreError};
use crate::webhooks::{Clock, VerifyError, verify};
use crate::yaml::Findings;

pub use client::StartError;
pub use payload::Unreadable;
pub use worker::Worker;

/// What stands in the store for where it came from.
const SOURCE: &str = "chatwoot";

/// Chatwoot waits five seconds for an answer. Where nothing is kept, all is done by then or refused.
const PATIENCE: Duration = Duration::from_secs(4);

/// Token and signing secret. Nothing prints them.
#[derive(Debug, Clone)]
pub struct Secrets {
    token: Secret,
    signing: Secret,
}

impl Secrets {
    /// Reads both.
    ///
    /// # Errors
    /// Each that cannot be read or is too short, with the line that names it.
    pub fn read(config: &ChatwootConfig) -> Result<Self, Findings> {
        let (token, signing) = config.secrets()?;
        Ok(Self { token, signing })
    }
}

/// Headers of a webhook.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'h> {
    /// `X-Chatwoot-Signature`.
    pub signature: Option<&'h str>,
    /// `X-Chatwoot-Timestamp`.
    pub timestamp: Option<&'h str>,
    /// `X-Chatwoot-Delivery`.
    pub delivery: Option<&'h str>,
}

/// What became of a webhook that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is kept, or done with.
    Taken,
    /// It came before.
    Known,
    /// It is none of this service's business.
    Ignored,
}

/// Why a webhook was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is not known who sent it.
    #[error("the signature headers of Chatwoot are missing")]
    Unsigned,
    /// It was not sent by Chatwoot, or too long ago.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// It is not what Chatwoot sends.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Too much is waiting.
    #[error("too much is waiting; please send it again")]
    Overloaded,
    /// It could not be kept, or done; it may be sent again.
    #[error("{0}")]
    Failed(String),
}

/// The agent bot. Clones are the same.
#[derive(Clone)]
pub struct Chatwoot {
    office: Arc<Office>,
    signing: Secret,
    /// Where nothing is kept.
    unkept: Option<Arc<Unkept>>,
}

impl Chatwoot {
    /// Opens it. Without an inbox everything is done before Chatwoot is answered.
    ///
    /// # Errors
    /// When nothing could ever be sent to Chatwoot.
    pub fn open(
        config: ChatwootConfig,
        secrets: Secrets,
        desk: Desk,
        inbox: Option<Arc<dyn Inbox>>,
        clock: Clock,
    ) -> Result<Self, StartError> {
        figures::describe();
        let client = Client::new(&config, &secrets.token, Arc::clone(&clock))?;
        let unkept = inbox.is_none().then(|| Arc::new(Unkept::default()));
        let inbox = match (inbox, &unkept) {
            (Some(inbox), _) => inbox,
            (None, Some(unkept)) => Arc::clone(unkept) as Arc<dyn Inbox>,
            (None, None) => unreachable!("one of the two is there"),
        };
        let office = Office::new(config, desk, inbox, client, clock);
        Ok(Self { office: Arc::new(office), signing: secrets.signing, unkept })
    }

    /// Starts working off what is kept, in a task of the current runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use = "nothing is worked off any more when this is dropped"]
    pub fn start(&self) -> Worker {
        Worker::start(Arc::clone(&self.office))
    }

    /// Takes a webhook. It is not lost any more when this gives [`Outcome::Taken`].
    ///
    /// # Errors
    /// When it is not Chatwoot's, cannot be read, or cannot be kept now.
    pub async fn receive(&self, headers: Headers<'_>, body: &[u8]) -> Result<Outcome, Refused> {
        let (event, taken) = match self.checked(headers, body) {
            Err(refused) => ("other", Err(refused)),
            Ok(read) => match read.told {
                None => (read.event, Ok(Outcome::Ignored)),
                Some(told) => (read.event, self.keep(told, headers.delivery).await),
            },
        };
        figures::taken(
            event,
            match &taken {
                Ok(Outcome::Taken) => Taken::New,
                Ok(Outcome::Known) => Taken::Known,
                Ok(Outcome::Ignored) => Taken::Ignored,
                Err(Refused::Unsigned | Refused::Signature(_)) => Taken::Unsigned,
                Err(Refused::Unreadable(_)) => Taken::Unreadable,
                Err(Refused::Overloaded) => Taken::Overloaded,
                Err(Refused::Failed(_)) => Taken::Failed,
            },
        );
        taken
    }

    /// Nothing of the body is looked at before its signature is.
    fn checked(&self, headers: Headers<'_>, body: &[u8]) -> Result<payload::Read, Refused> {
        let (Some(signature), Some(timestamp)) = (headers.signature, headers.timestamp) else {
            return Err(Refused::Unsigned);
        };
        verify(self.signing.bytes(), timestamp, body, signature, self.office.now())?;
        Ok(payload::read(body)?)
    }

    async fn keep(&self, told: payload::Told, delivery: Option<&str>) -> Result<Outcome, Refused> {
        let now = self.office.now();
        let body = serde_json::to_string(&told).map_err(|error| Refused::Failed(error.to_string()))?;
        // Only what a customer writes to the bot may have more to come.
        let is_for_bot = matches!(told.what, What::Customer(_)) && told.status == Status::Pending;
        let wait = if is_for_bot && self.unkept.is_none() { self.office.config.wait } else { Duration::ZERO };
        let arrival = Arrival {
            source: SOURCE.to_owned(),
            delivery: delivery.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned),
            told: told.key(),
            conversation_id: told.id(),
            customer_id: told.customer().map(str::to_owned),
            at: now,
            due_at: now.saturating_add(wait).unwrap_or(now),
            body,
        };
        if let Some(unkept) = &self.unkept {
            return self.do_at_once(unkept, arrival).await;
        }
        let most = self.office.config.queue;
        let receipt = self.office.inbox(move |inbox| inbox.receive(arrival, most)).await;
        match receipt.map_err(|error: StoreError| Refused::Failed(error.to_string()))? {
            Receipt::Known => Ok(Outcome::Known),
            Receipt::Full => Err(Refused::Overloaded),
            Receipt::New => {
                let office = Arc::clone(&self.office);
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    office.nudge.ring();
                });
                Ok(Outcome::Taken)
            }
        }
    }

    /// Where nothing is kept: Chatwoot learns that it arrived once all is done, and sends it again if not.
    async fn do_at_once(&self, unkept: &Unkept, arrival: Arrival) -> Result<Outcome, Refused> {
        let Some(letter) = unkept.begin(arrival) else { return Ok(Outcome::Known) };
        let sequence = letter.sequence;
        let work = self.office.work(vec![letter]);
        let is_in_time = tokio::time::timeout(PATIENCE, work).await.is_ok();
        match unkept.leave(sequence) {
            None => Ok(Outcome::Taken),
            Some(why) if is_in_time => Err(Refused::Failed(why)),
            Some(_) => Err(Refused::Failed("it took too long".to_owned())),
        }
    }
}
