//! The door for programs: open a configuration, ask for a decision.

mod words;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use self::words::Words;
use crate::answer;
use crate::catalogue::{Catalogue, Due, Sources, TextKey};
use crate::config::Config;
use crate::conversation::Situation;
use crate::explain::Explanation;
use crate::facts::{Known, Pending, ShopData};
use crate::head::{FitReport, IntentHead, Neighbour, Samples};
use crate::incoming::Incoming;
use crate::lookup::Lookup;
use crate::model::{Bundle, BundleError, EncoderError};
use crate::pipeline::{self, Classified, Handled, Kept, Parts};
use crate::products::Product;
use crate::quote::{self, QuoteReply, QuoteRequest, QuoteRequestError};
use crate::reply::{DecisionKind, Reason, Reply};
use crate::slots::Lexicon;
use crate::text::{Language, Message};
use crate::yaml::Findings;

/// Products that one quote asks the shop's own system for at a time.
const PRODUCTS_AT_ONCE: usize = 8;

/// What is known where nothing is connected.
static NO_DATA: ShopData = ShopData { orders: None, products: None };

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
#[derive(Clone)]
pub struct Engine {
    config: Arc<Config>,
    bundle: Arc<Bundle>,
    sources: Arc<Sources>,
    catalogue: Arc<Catalogue>,
    head: Arc<IntentHead>,
    data: Arc<ShopData>,
    words: Arc<Words>,
    model: String,
    number: u64,
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
            let catalogue = read_sources(&config).and_then(|sources| Ok((Catalogue::check(&sources)?, sources)));
            (bundle.join().expect("loading does not panic"), catalogue)
        });
        let ((catalogue, sources), bundle) = (catalogue?, Arc::new(bundle?));
        let head = IntentHead::fit(&catalogue, &bundle, None, config.workers)?;
        Ok(Self::assemble((Arc::new(config), bundle), (Arc::new(sources), catalogue, head), 1))
    }

    /// An engine on a bundle already loaded, with a catalogue other than the configuration's.
    ///
    /// # Errors
    /// Every problem of the catalogue.
    pub fn with_catalogue(config: Config, bundle: Arc<Bundle>, sources: &Sources) -> Result<Self, OpenError> {
        let catalogue = Catalogue::check(sources)?;
        let head = IntentHead::fit(&catalogue, &bundle, None, config.workers)?;
        Ok(Self::assemble((Arc::new(config), bundle), (Arc::new(sources.clone()), catalogue, head), 1))
    }

    /// This engine with another catalogue, as the generation of this number. Texts that this one has read are not read
    /// again, which changes nothing but the time.
    ///
    /// # Errors
    /// Every problem of the catalogue.
    pub fn next(&self, sources: Arc<Sources>, number: u64) -> Result<Self, OpenError> {
        let catalogue = Catalogue::check(&sources)?;
        let head = IntentHead::fit(&catalogue, &self.bundle, Some(&self.head), self.config.workers)?;
        let next =
            Self::assemble((Arc::clone(&self.config), Arc::clone(&self.bundle)), (sources, catalogue, head), number);
        Ok(next.with_data(Arc::clone(&self.data)))
    }

    fn assemble(
        (config, bundle): (Arc<Config>, Arc<Bundle>),
        (sources, catalogue, head): (Arc<Sources>, Catalogue, IntentHead),
        number: u64,
    ) -> Self {
        let model = bundle.name();
        let generation = format!("sha256:{}#{number}", catalogue.hash());
        let (catalogue, head) = (Arc::new(catalogue), Arc::new(head));
        let words = Arc::new(Words::of(&catalogue, None));
        Self { config, bundle, sources, catalogue, head, data: Arc::default(), words, model, number, generation }
    }

    /// The same engine with the shop's orders and products, as [`crate::sources::open`] gives them. Without, a look-up goes to
    /// a person.
    #[must_use]
    pub fn with_data(&self, data: Arc<ShopData>) -> Self {
        let words = Arc::new(Words::of(&self.catalogue, data.products.as_deref()));
        Self { data, words, ..self.clone() }
    }

    /// Decides about one message. Never fails: a message that cannot be processed goes to a person.
    #[must_use]
    pub fn triage(&self, incoming: &Incoming) -> Reply {
        self.triage_at(incoming, &self.now())
    }

    /// As [`Engine::triage`], at a moment other than now: due times, opening hours and validity dates are those of this
    /// moment in the shop's time zone.
    #[must_use]
    pub fn triage_at(&self, incoming: &Incoming, now: &jiff::Zoned) -> Reply {
        self.triage_in(incoming, &self.situation(incoming), now).reply
    }

    /// What a request tells of itself of what came before it, for callers who keep their conversations themselves.
    #[must_use]
    pub fn situation(&self, incoming: &Incoming) -> Situation {
        Situation::of_history(incoming, &self.catalogue, &self.lexicon())
    }

    /// Decides about a message in what came before it. Gives, beside the reply, what the next message is to be read
    /// against, and what a person who takes over needs to know.
    #[must_use]
    pub fn triage_in(&self, incoming: &Incoming, situation: &Situation, now: &jiff::Zoned) -> Handled {
        let known = Known::default();
        self.begin(incoming, situation, &known, now).unwrap_or_else(|_pending| {
            // Nobody here can wait: what other systems would have to tell is not known.
            let lexicon = self.lexicon();
            let engine = Parts { data: &NO_DATA, ..self.parts(&lexicon) };
            pipeline::handle(&engine, (incoming, situation), &known, &self.here(now))
                .unwrap_or_else(|_| self.hand_over(incoming, situation, now))
        })
    }

    /// As [`Engine::triage_in`], for callers who can wait for what other systems tell.
    ///
    /// # Errors
    /// What has to be waited for: [`Pending::settle`] it, and begin again with what is known then.
    pub fn begin(
        &self,
        incoming: &Incoming,
        situation: &Situation,
        known: &Known,
        now: &jiff::Zoned,
    ) -> Result<Handled, Pending> {
        pipeline::handle(&self.parts(&self.lexicon()), (incoming, situation), known, &self.here(now))
    }

    /// As [`Engine::triage_in`] for a message whose processing broke off: a hand-off, reason `bot_error`.
    #[must_use]
    pub fn hand_over(&self, incoming: &Incoming, situation: &Situation, now: &jiff::Zoned) -> Handled {
        pipeline::fail_open(&self.parts(&self.lexicon()), incoming, situation, &self.here(now))
    }

    /// The reply to a message that is not decided on its own.
    #[must_use]
    pub fn silence(&self, incoming: &Incoming, reason: Reason) -> Reply {
        pipeline::blank(&self.parts(&self.lexicon()), incoming, DecisionKind::Silent, reason)
    }

    /// What a text is by itself, and how it sounds: nothing is decided. Of one that is too long for the model the `kept` end is
    /// read.
    ///
    /// # Errors
    /// When the model fails.
    pub fn classify(&self, incoming: &Incoming, kept: Kept) -> Result<Classified, EncoderError> {
        pipeline::classify(&self.parts(&self.lexicon()), incoming, kept)
    }

    /// The products that a request for a quote names without their price or category, as far as the shop's data know them.
    ///
    /// # Errors
    /// When the basket has more lines than are worked out.
    pub fn products_of(&self, request: &QuoteRequest) -> Result<Lookup<Vec<Product>>, QuoteRequestError> {
        let ids = request.unpriced()?;
        let Some(products) = &self.data.products else { return Ok(Lookup::Now(Ok(Vec::new()))) };
        let asked = ids.into_iter().map(|id| products.by_id(id)).collect();
        Ok(Lookup::all(asked, PRODUCTS_AT_ONCE).map(|found| found.into_iter().flatten().collect()))
    }

    /// What a basket costs in the best combination of promotions. Goods that come without a price or category have those of
    /// the product that `find` finds.
    ///
    /// # Errors
    /// The first field of the request that is wrong, or not known.
    pub fn quote(
        &self,
        request: &QuoteRequest,
        find: &dyn Fn(&str) -> Option<Product>,
        now: &jiff::Zoned,
    ) -> Result<QuoteReply, QuoteRequestError> {
        quote::quote(&self.catalogue, request, find, &self.here(now))
    }

    /// A text of the policy, filled with due times, where no message is read.
    #[must_use]
    pub fn text(&self, key: TextKey, language: Language, due: &Due, now: &jiff::Zoned) -> Option<String> {
        answer::plain(&self.catalogue, key, language, (&self.here(now), due))
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
        pipeline::explain(&self.parts(&self.lexicon()), incoming, &self.now())
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

    /// Intents, other than these, that have an example near one of theirs.
    #[must_use]
    pub fn near(&self, ids: &BTreeSet<&str>) -> Vec<&str> {
        let own: BTreeSet<usize> = ids.iter().filter_map(|id| self.catalogue.index(id)).collect();
        self.head.near(&own).into_iter().map(|at| self.catalogue.intents()[at].id.as_str()).collect()
    }

    /// The texts that the head was fitted on.
    #[must_use]
    pub fn samples(&self) -> &Samples {
        self.head.samples()
    }

    /// The files that the catalogue was made of.
    #[must_use]
    pub fn sources(&self) -> &Arc<Sources> {
        &self.sources
    }

    /// The day in the shop.
    #[must_use]
    pub fn today(&self) -> jiff::civil::Date {
        self.now().date()
    }

    /// Hash and generation of the catalogue, as in replies.
    #[must_use]
    pub fn generation_name(&self) -> &str {
        &self.generation
    }

    /// The number of the catalogue's generation, from 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.number
    }

    /// The model bundle.
    #[must_use]
    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    /// What the head was fitted on, and how long it took.
    #[must_use]
    pub fn fit_report(&self) -> FitReport {
        self.head.report()
    }

    /// The names to look for in messages, edited products included.
    fn lexicon(&self) -> Arc<Lexicon> {
        self.words.now(&self.catalogue, self.data.products.as_deref())
    }

    fn parts<'a>(&'a self, lexicon: &'a Lexicon) -> Parts<'a> {
        Parts {
            bundle: &self.bundle,
            catalogue: &self.catalogue,
            head: &self.head,
            data: &self.data,
            lexicon,
            model: &self.model,
            generation: &self.generation,
        }
    }

    fn here(&self, now: &jiff::Zoned) -> jiff::Zoned {
        now.with_time_zone(self.config.time_zone.clone())
    }

    /// The time in the shop.
    #[must_use]
    pub fn now(&self) -> jiff::Zoned {
        jiff::Timestamp::now().to_zoned(self.config.time_zone.clone())
    }
}

fn read_sources(config: &Config) -> Result<Sources, OpenError> {
    Ok(Sources::read(&config.intents, &config.policy, &config.shop)?)
}
