//! The door for programs: open a configuration, ask for a decision.

use std::path::Path;

use crate::catalogue::{Catalogue, Sources};
use crate::config::Config;
use crate::explain::Explanation;
use crate::head::{FitReport, IntentHead, Neighbour};
use crate::incoming::Incoming;
use crate::model::{Bundle, BundleError, EncoderError};
use crate::pipeline::{self, Parts};
use crate::reply::Reply;
use crate::text::Message;
use crate::yaml::Findings;

/// A model, a catalogue and the head fitted to it. Share it between threads as it is.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use triage::{Engine, Incoming};
/// let engine = Engine::open("config/triage.yaml")?;
/// let reply = engine.triage(&Incoming::text("到新疆运费多少")?);
/// assert_eq!(reply.intents[0].id, "shipping_fee");
/// # Ok(()) }
/// ```
pub struct Engine {
    config: Config,
    bundle: Bundle,
    catalogue: Catalogue,
    head: IntentHead,
    model: String,
    generation: String,
}

/// Why an engine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Problems in the configuration or the catalogue: all of them.
    #[error(transparent)]
    Findings(#[from] Findings),
    /// A file of the catalogue cannot be read.
    #[error(transparent)]
    Files(#[from] std::io::Error),
    /// The bundle is refused.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The bundle cannot read the catalogue's examples.
    #[error("the head cannot be fitted: {0}")]
    Fit(#[from] EncoderError),
}

impl Engine {
    /// Reads a configuration file and everything that it names.
    ///
    /// # Errors
    /// Every problem of the configuration, then every problem of the catalogue, then the first of the bundle.
    pub fn open(config: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::with(Config::read(config.as_ref())?)
    }

    /// As [`Engine::open`], from a configuration already read.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn with(config: Config) -> Result<Self, OpenError> {
        // The bundle takes longest; the catalogue is checked beside it.
        let (bundle, catalogue) = std::thread::scope(|scope| {
            let bundle = scope.spawn(|| Bundle::open(&config.bundle));
            let catalogue = read_catalogue(&config);
            (bundle.join().expect("loading does not panic"), catalogue)
        });
        let (catalogue, bundle) = (catalogue?, bundle?);
        let head = IntentHead::fit(&catalogue, &bundle, config.workers)?;
        let model = bundle.name();
        let generation = format!("sha256:{}#1", catalogue.hash());
        Ok(Self { config, bundle, catalogue, head, model, generation })
    }

    /// Decides about one message. Never fails: a message that cannot be processed goes to a person.
    #[must_use]
    pub fn triage(&self, incoming: &Incoming) -> Reply {
        pipeline::handle(&self.parts(), incoming, &self.now())
    }

    /// The reply to a message whose processing broke off: a hand-off, reason `bot_error`.
    #[must_use]
    pub fn model_error_reply(&self, incoming: &Incoming) -> Reply {
        pipeline::fail_open(&self.parts(), incoming, &self.now())
    }

    /// The examples of the catalogue nearest to a message, with the ids of their intents, nearest first.
    ///
    /// # Errors
    /// When the model fails.
    pub fn nearest(&self, incoming: &Incoming, count: usize) -> Result<Vec<(&str, Neighbour)>, EncoderError> {
        let reading = self.bundle.read(&Message::read(incoming.utterance()))?;
        let neighbours = self.head.nearest(&reading, count);
        Ok(neighbours.into_iter().map(|near| (self.catalogue.intents()[near.intent].id.as_str(), near)).collect())
    }

    /// What the decision about a message is made of, with the lines of the files that it resembles, and the smallest
    /// changes that would have led to another.
    ///
    /// # Errors
    /// When the model fails.
    pub fn explain(&self, incoming: &Incoming) -> Result<Explanation, EncoderError> {
        pipeline::explain(&self.parts(), incoming, &self.now())
    }

    /// The probability from which an intent is acted on, for every intent.
    #[must_use]
    pub fn thresholds(&self) -> Vec<(&str, f32)> {
        let intents = self.catalogue.intents().iter().enumerate();
        intents.map(|(at, intent)| (intent.id.as_str(), self.head.threshold(at))).collect()
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The catalogue.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The model bundle.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// What the head was fitted on, and how long it took.
    #[must_use]
    pub fn fit_report(&self) -> FitReport {
        self.head.report()
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            bundle: &self.bundle,
            catalogue: &self.catalogue,
            head: &self.head,
            model: &self.model,
            generation: &self.generation,
        }
    }

    fn now(&self) -> jiff::Zoned {
        jiff::Timestamp::now().to_zoned(self.config.time_zone.clone())
    }
}

/// Reads and checks the catalogue alone: what `triage lint` does.
///
/// # Errors
/// Every problem, with its place.
pub fn read_catalogue(config: &Config) -> Result<Catalogue, OpenError> {
    let sources = Sources::read(&config.intents, &config.policy, &config.shop)?;
    Ok(Catalogue::check(&sources)?)
}
