//! The catalogue that is served, changed while it serves: an edit is checked, fitted and tested beside the serving
//! generation, then takes its place at once. What fails leaves the serving generation alone.
//!
//! Messages take the engine of their moment ([`Live::engine`]) and keep it to their end; changes happen one at a time.

mod change;
mod record;
mod watch;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;

use self::change::Refusal;
use self::record::Record;
use crate::catalogue::{Findings, Sources};
use crate::config::Config;
use crate::engine::{Engine, OpenError};
use crate::lint::Linter;

pub use record::{Files, Generation, Rejection, Stage, Status};

/// An engine whose catalogue may change.
pub struct Live {
    engine: ArcSwap<Engine>,
    /// Held for the length of a change.
    change: Mutex<Linter>,
    /// Held for moments.
    record: Mutex<Record>,
}

/// Whether tests that newly fail refuse an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tests {
    /// They do.
    Run,
    /// They are not run.
    Skip,
}

/// How far a change goes.
#[derive(Clone, Copy)]
struct Effort {
    even_if_refused: bool,
    tests: Tests,
}

/// What became of a change.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The files are those that are served.
    Unchanged,
    /// Another generation is served.
    Live,
    /// The files were refused and never served.
    Rejected(Rejection),
    /// The files were served for a moment and withdrawn, since tests failed that did not fail before.
    Withdrawn(Rejection),
}

/// Why a generation cannot be gone back to.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// It is not kept, or there never was one.
    #[error("there is no generation {wanted} to go back to; kept: {kept}", wanted = wanted.map_or("before this one".to_owned(), |number| number.to_string()))]
    Unknown {
        /// The one asked for; none for the one before.
        wanted: Option<u64>,
        /// The numbers of those that are kept.
        kept: String,
    },
    /// It is kept, but can no longer be opened.
    #[error("generation {number} cannot be opened again: {why}")]
    Refused {
        /// The one asked for.
        number: u64,
        /// What is wrong with it now.
        why: String,
    },
}

impl Live {
    /// Serves an engine as its first generation.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        let record = Record::new(&engine);
        metrics::gauge!("triage_catalogue_generation").set(as_float(engine.generation()));
        metrics::gauge!("triage_catalogue_files_refused").set(0.0);
        Self { engine: ArcSwap::new(engine), change: Mutex::default(), record: Mutex::new(record) }
    }

    /// As [`Engine::open`].
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn open(config: impl AsRef<Path>) -> Result<Self, OpenError> {
        Ok(Self::new(Arc::new(Engine::open(config)?)))
    }

    /// The engine of this moment.
    #[must_use]
    pub fn engine(&self) -> Arc<Engine> {
        self.engine.load_full()
    }

    /// What is served, what can be gone back to, and what was last refused.
    #[must_use]
    pub fn status(&self) -> Status {
        self.record().status()
    }

    /// Takes up the files as they are now, unless something is wrong with them. Takes about a second. Without `tests`
    /// not even failing ones refuse the files, for when something must be live whatever else it does.
    pub fn reload(&self, tests: Tests) -> Outcome {
        self.take_up(&mut self.change(), Effort { even_if_refused: true, tests })
    }

    /// As [`Live::reload`], but files that were refused or rolled back from before are not tried again.
    fn reload_if_new(&self) -> Outcome {
        self.take_up(&mut self.change(), Effort { even_if_refused: false, tests: Tests::Run })
    }

    /// What a reload would find, without doing it: warnings.
    ///
    /// # Errors
    /// Why the files would be refused.
    pub fn validate(&self) -> Result<Findings, Rejection> {
        let mut change = self.change();
        let linter: &mut Linter = &mut change;
        let serving = self.engine();
        let sources = read(serving.config()).map_err(|refusal| Rejection::new(refusal, None))?;
        let hash = sources.hash();
        let tried = change::at_low_priority(|| {
            let (next, warnings) = change::prepare(&serving, Arc::new(sources), serving.generation(), linter)?;
            change::test_first(&next, &serving)?;
            change::test_others(&next, &serving)?;
            Ok(warnings)
        });
        tried.map_err(|refusal| Rejection::new(refusal, Some(hash)))
    }

    /// Serves an earlier generation again, the one before if none is named. The files are left as they are, and taken
    /// up again when they change.
    ///
    /// # Errors
    /// When there is no such generation.
    pub fn roll_back(&self, wanted: Option<u64>) -> Result<(), RollbackError> {
        let _one_at_a_time = self.change();
        let started = Instant::now();
        let serving = self.engine();
        let (number, sources) = self.record().find(wanted)?;
        // Neither linted nor tested: it was served before, and who goes back is in a hurry.
        let opened = change::at_low_priority(|| serving.next(sources, number));
        let engine = opened.map_err(|error| RollbackError::Refused { number, why: error.to_string() })?;
        let on_disk = read(serving.config()).ok().map(|sources| sources.hash());
        self.serve(engine, Findings::default());
        self.record().hold_back(on_disk);
        counted("rolled_back", started);
        tracing::warn!(generation = number, "an earlier catalogue is served again, as asked");
        Ok(())
    }

    fn take_up(&self, linter: &mut Linter, effort: Effort) -> Outcome {
        let started = Instant::now();
        let serving = self.engine();
        let sources = match read(serving.config()) {
            Ok(sources) => Arc::new(sources),
            Err(refusal) => return self.refuse(refusal, None, started),
        };
        let hash = sources.hash();
        if hash == serving.catalogue().hash() {
            self.record().in_step();
            return Outcome::Unchanged;
        }
        if !effort.even_if_refused && self.record().is_refused(&hash) {
            return Outcome::Unchanged;
        }
        let number = self.record().next_number();
        let prepared = change::at_low_priority(|| {
            let (next, warnings) = change::prepare(&serving, sources, number, linter)?;
            if effort.tests == Tests::Run {
                change::test_first(&next, &serving)?;
            }
            Ok((next, warnings))
        });
        let engine = match prepared {
            Ok((next, warnings)) => {
                warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
                self.serve(next, warnings)
            }
            Err(refusal) => return self.refuse(refusal, Some(hash), started),
        };
        let report = engine.fit_report();
        tracing::info!(
            generation = number,
            intents = engine.catalogue().intents().len(),
            examples = report.examples,
            embedded = report.embedded,
            refitted = report.refitted,
            fit_ms = report.fitting.as_millis() as u64,
            change_ms = started.elapsed().as_millis() as u64,
            "the edited catalogue is served"
        );
        // The serving generation of before is at hand until all tests are through.
        let tested = match effort.tests {
            Tests::Run => change::at_low_priority(|| change::test_others(&engine, &serving)),
            Tests::Skip => Ok(()),
        };
        if let Err(refusal) = tested {
            let rejection = Rejection::new(refusal, Some(hash)).withdrawn();
            self.engine.store(Arc::clone(&serving));
            self.record().withdraw(&serving, rejection.clone());
            metrics::gauge!("triage_catalogue_generation").set(as_float(serving.generation()));
            counted("withdrawn", started);
            announce(&rejection, serving.generation());
            return Outcome::Withdrawn(rejection);
        }
        self.record().settle();
        counted("live", started);
        Outcome::Live
    }

    fn serve(&self, engine: Engine, warnings: Findings) -> Arc<Engine> {
        let engine = Arc::new(engine);
        self.engine.store(Arc::clone(&engine));
        self.record().serving(&engine, warnings);
        metrics::gauge!("triage_catalogue_generation").set(as_float(engine.generation()));
        metrics::gauge!("triage_catalogue_files_refused").set(0.0);
        engine
    }

    fn refuse(&self, refusal: Refusal, hash: Option<String>, started: Instant) -> Outcome {
        let rejection = Rejection::new(refusal, hash);
        // Who is told by the log or a metric, and then asks, finds it.
        self.record().reject(rejection.clone());
        counted("rejected", started);
        announce(&rejection, self.engine().generation());
        Outcome::Rejected(rejection)
    }

    fn change(&self) -> MutexGuard<'_, Linter> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(config: &Config) -> Result<Sources, Refusal> {
    Sources::read(&config.intents, &config.policy, &config.shop).map_err(|error| Refusal::Unreadable(error.to_string()))
}

/// Says what is wrong where people look, each finding on a line of its own. What customers say in tests is left out.
fn announce(rejection: &Rejection, serving: u64) {
    metrics::gauge!("triage_catalogue_files_refused").set(1.0);
    for finding in &rejection.findings {
        tracing::error!("{finding}");
    }
    for failure in &rejection.failures {
        tracing::error!("{}:{}: test of `{}` fails", failure.file.display(), failure.line, failure.intent);
    }
    tracing::error!(
        stage = rejection.stage.id(),
        findings = rejection.findings.len(),
        failures = rejection.failures.len(),
        serving,
        "the edited catalogue is refused: {}",
        rejection.message
    );
}

fn counted(outcome: &'static str, started: Instant) {
    metrics::counter!("triage_catalogue_changes_total", "outcome" => outcome).increment(1);
    metrics::histogram!("triage_catalogue_change_seconds", "outcome" => outcome)
        .record(started.elapsed().as_secs_f64());
}

#[expect(clippy::cast_precision_loss, reason = "generations are counted by hand")]
fn as_float(number: u64) -> f64 {
    number as f64
}
