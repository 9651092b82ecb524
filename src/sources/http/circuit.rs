//! Leaving a system alone that does not answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which it is left alone.
const FAILURES: u32 = 5;

/// For so long at first; twice as long each time that it still does not answer then.
const FIRST: Duration = Duration::from_secs(10);

/// And for so long at most.
const LONGEST: Duration = Duration::from_secs(60);

/// Closed while the system answers. Opens after failures in a row; when its time is over, one question may try.
pub(super) struct Circuit(Mutex<State>);

struct State {
    failures: u32,
    /// Open until then, if it is.
    until: Option<Instant>,
    /// How long it opens next.
    wait: Duration,
    /// Whether a question is trying.
    is_probing: bool,
}

/// What a question may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// Ask, as everybody does.
    Through,
    /// Ask, while everybody else waits for what comes of it.
    Probe,
}

/// What became of the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// What it was.
    None,
    /// It opened, for so long.
    Opened(Duration),
    /// It closed.
    Closed,
}

impl Circuit {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { failures: 0, until: None, wait: FIRST, is_probing: false }))
    }

    /// Whether a question would be let through.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        let state = self.state();
        state.until.is_some_and(|until| now < until || state.is_probing)
    }

    /// Lets a question through, or not.
    pub(super) fn enter(&self, now: Instant) -> Option<Pass> {
        let mut state = self.state();
        match state.until {
            None => Some(Pass::Through),
            Some(until) if now < until || state.is_probing => None,
            Some(_) => {
                state.is_probing = true;
                Some(Pass::Probe)
            }
        }
    }

    /// It answered.
    pub(super) fn succeeded(&self) -> Change {
        let mut state = self.state();
        let was_open = state.until.is_some();
        *state = State { failures: 0, until: None, wait: FIRST, is_probing: false };
        if was_open { Change::Closed } else { Change::None }
    }

    /// It did not.
    pub(super) fn failed(&self, pass: Pass, now: Instant) -> Change {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let opens = match pass {
            Pass::Probe => true,
            // Those that were on their way when it opened say nothing new.
            Pass::Through => state.until.is_none() && state.failures >= FAILURES,
        };
        if !opens {
            return Change::None;
        }
        let wait = state.wait;
        state.until = Some(now + wait);
        state.wait = (wait * 2).min(LONGEST);
        state.is_probing = false;
        Change::Opened(wait)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_failures_in_a_row_and_longer_each_time() {
        let (circuit, start) = (Circuit::new(), Instant::now());
        for _ in 0..4 {
            assert_eq!(circuit.failed(Pass::Through, start), Change::None);
        }
        circuit.succeeded();
        for _ in 0..4 {
            assert_eq!(circuit.failed(Pass::Through, start), Change::None);
        }
        assert_eq!(circuit.enter(start), Some(Pass::Through));
        assert_eq!(circuit.failed(Pass::Through, start), Change::Opened(FIRST));
        assert_eq!(circuit.failed(Pass::Through, start), Change::None, "was on its way");
        let mut now = start;
        for seconds in [10, 20, 40, 60, 60] {
            let wait = Duration::from_secs(seconds);
            assert!(circuit.is_open(now) && circuit.enter(now + wait - Duration::from_millis(1)).is_none());
            now += wait;
            assert_eq!(circuit.enter(now), Some(Pass::Probe));
            assert!(circuit.is_open(now) && circuit.enter(now).is_none(), "one tries at a time");
            assert!(matches!(circuit.failed(Pass::Probe, now), Change::Opened(_)));
        }
        assert_eq!(circuit.enter(now + LONGEST), Some(Pass::Probe));
        assert_eq!(circuit.succeeded(), Change::Closed);
        assert_eq!((circuit.enter(now), circuit.failed(Pass::Through, now)), (Some(Pass::Through), Change::None));
    }
}
