//! From files to an engine that may serve: check, lint, fit, test.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cases::{self, Failure};
use crate::catalogue::{Findings, Intent, Severity, Sources};
use crate::engine::{Engine, OpenError};
use crate::lint::{self, Linter};

/// Why an edit does not become the serving generation.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("{0}; nothing was changed")]
    Unreadable(String),
    #[error("{} in the files; nothing was changed", counted(.0.len(), "error"))]
    Findings(Findings),
    #[error("{0}; nothing was changed")]
    Fit(String),
    #[error("{} of what changed, or of what it collides with; nothing was changed", counted(.0.len(), "failing test"))]
    Tests(Vec<Failure>),
    #[error("{} elsewhere that passed before", counted(.0.len(), "failing test"))]
    AllTests(Vec<Failure>),
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Runs something long on a thread that gives way to those that decide about messages.
pub(super) fn at_low_priority<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            // Threads that this one starts inherit it. Without it a change takes as long, only messages wait more.
            #[cfg(target_os = "linux")]
            if let Err(error) = rustix::process::setpriority_process(None, NICE) {
                tracing::debug!(%error, "the priority could not be lowered");
            }
            work()
        });
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Linux gives a thread of nice 0 about nine times as much time as one of this.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Checks and lints the files, and fits their head beside it. Warnings come with the engine: those of the text, and what
/// the model takes the examples of changed files for.
pub(super) fn prepare(
    serving: &Engine,
    sources: Arc<Sources>,
    number: u64,
    linter: &mut Linter,
) -> Result<(Engine, Findings), Refusal> {
    let today = serving.today();
    let linted = Arc::clone(&sources);
    let (next, lint) = std::thread::scope(|scope| {
        let lint = scope.spawn(move || linter.lint(&linted, today));
        (serving.next(sources, number), lint.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let mut errors = lint.clone().only(Severity::Error);
    match next {
        Ok(engine) if errors.is_empty() => {
            let changed = changed(&engine, serving);
            let ids: Option<Vec<&str>> = changed.as_ref().map(|changed| changed.iter().copied().collect());
            let mut warnings = lint;
            if ids.as_ref().is_some_and(|ids| !ids.is_empty()) {
                let samples = engine.samples();
                warnings.extend(lint::by_vector(engine.catalogue(), samples, engine.sources(), ids.as_deref()));
            }
            Ok((engine, warnings.sorted()))
        }
        Ok(_) => Err(Refusal::Findings(errors.sorted())),
        Err(OpenError::Findings(findings)) => {
            errors.extend(findings);
            Err(Refusal::Findings(errors.sorted()))
        }
        Err(error) => Err(Refusal::Fit(error.to_string())),
    }
}

/// Runs the tests of what changed and of what it collides with.
pub(super) fn test_first(next: &Engine, serving: &Engine) -> Result<(), Refusal> {
    match newly_failing(next, serving, &concerned(next, serving)) {
        failures if failures.is_empty() => Ok(()),
        failures => Err(Refusal::Tests(failures)),
    }
}

/// Runs all other tests.
pub(super) fn test_others(next: &Engine, serving: &Engine) -> Result<(), Refusal> {
    let first = concerned(next, serving);
    let others = next.catalogue().intents().iter().map(|intent| intent.id.as_str());
    let others = others.filter(|id| !first.contains(id)).collect();
    match newly_failing(next, serving, &others) {
        failures if failures.is_empty() => Ok(()),
        failures => Err(Refusal::AllTests(failures)),
    }
}

/// The intents whose files changed, those that they name or that name them, and those whose examples are near theirs;
/// all if policy or shop changed, which every answer may depend on.
fn concerned<'e>(next: &'e Engine, serving: &Engine) -> BTreeSet<&'e str> {
    let intents = next.catalogue().intents();
    let Some(changed) = changed(next, serving) else {
        return intents.iter().map(|intent| intent.id.as_str()).collect();
    };
    let mut out = changed.clone();
    for intent in intents {
        let named = named(intent);
        if changed.contains(intent.id.as_str()) {
            out.extend(named);
        } else if named.iter().any(|id| changed.contains(id)) {
            out.insert(intent.id.as_str());
        }
    }
    out.extend(next.near(&changed));
    out
}

/// The intents whose files changed; `None` if policy or shop did.
fn changed<'e>(next: &'e Engine, serving: &Engine) -> Option<BTreeSet<&'e str>> {
    let files = next.sources().changed_intents(serving.sources())?;
    let is_changed = |intent: &&Intent| files.iter().any(|file| **file == intent.file);
    Some(next.catalogue().intents().iter().filter(is_changed).map(|intent| intent.id.as_str()).collect())
}

fn named(intent: &Intent) -> Vec<&str> {
    let misses = intent.near_misses.iter().map(|miss| miss.belongs.as_str());
    intent.siblings.iter().map(String::as_str).chain(misses).collect()
}

/// The tests of these intents that fail and did not fail before: they passed, or they are new.
fn newly_failing(next: &Engine, serving: &Engine, ids: &BTreeSet<&str>) -> Vec<Failure> {
    let intents: Vec<&Intent> = ids.iter().filter_map(|id| next.catalogue().intent(id)).collect();
    let failing = |intent: &Intent| {
        let failures = cases::run(next, intent).into_iter();
        failures.filter(|failure| !failed_before(failure, intent, serving)).collect::<Vec<_>>()
    };
    let size = intents.len().div_ceil(next.config().workers).max(1);
    std::thread::scope(|scope| {
        let part = |part: &[&Intent]| part.iter().flat_map(|intent| failing(intent)).collect::<Vec<_>>();
        let workers: Vec<_> = intents.chunks(size).map(|intents| scope.spawn(move || part(intents))).collect();
        let finished = workers.into_iter().map(|worker| worker.join());
        finished.flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn failed_before(failure: &Failure, intent: &Intent, serving: &Engine) -> bool {
    let case = &intent.cases[failure.at];
    let before = serving.catalogue().intent(&intent.id).into_iter().flat_map(|intent| &intent.cases);
    before.filter(|before| before.is_same(case)).any(|before| !cases::passes(serving, before))
}
