//! Counters, and the figures that they become.

use std::collections::BTreeMap;

use super::contact::Contact;
use super::report::{
    ContactFigures, ConversationFigures, DecisionFigures, Durations, EmotionFigures, EmotionShares, Figures,
    IntentFigures, LevelFigures, Mean, RatingFigures, Share, SlaFigures, TicketFigures,
};
use crate::catalogue::Level;
use crate::labels::Emotion;
use crate::reply::DecisionKind;

/// From the most urgent on.
const LEVELS: [Level; 4] = [Level::Urgent, Level::Serious, Level::Normal, Level::Suggestion];

/// Counters in all, by day and by intent.
pub(super) struct Groups {
    total: Tally,
    days: Vec<Tally>,
    intents: BTreeMap<String, Tally>,
    /// Of what no business intent was understood of.
    unknown: Option<Tally>,
}

impl Groups {
    pub(super) fn new(days: usize) -> Self {
        let days = std::iter::repeat_with(Tally::default).take(days).collect();
        Self { total: Tally::default(), days, intents: BTreeMap::new(), unknown: None }
    }

    /// Counts something of a day and an intent, wherever it belongs.
    pub(super) fn add(&mut self, day: usize, intent: Option<&str>, mut count: impl FnMut(&mut Tally)) {
        count(&mut self.total);
        if let Some(of_day) = self.days.get_mut(day) {
            count(of_day);
        }
        match intent {
            None => count(self.unknown.get_or_insert_default()),
            Some(intent) => match self.intents.get_mut(intent) {
                Some(known) => count(known),
                None => count(self.intents.entry(intent.to_owned()).or_default()),
            },
        }
    }

    pub(super) fn figures(self) -> (Figures, Vec<Figures>, Vec<IntentFigures>) {
        let known = self.intents.into_iter().map(|(intent, tally)| (Some(intent), tally));
        let intents = known.chain(self.unknown.map(|tally| (None, tally)));
        let intents = intents.map(|(intent, tally)| IntentFigures { intent, figures: tally.figures() });
        (self.total.figures(), self.days.into_iter().map(Tally::figures).collect(), intents.collect())
    }
}

/// Counters of one day, of one intent, or in all.
#[derive(Default)]
pub(super) struct Tally {
    turns: u64,
    /// By kind: answer, ask, hand-off, silent.
    decisions: [u64; 4],
    /// In the order of [`Emotion::ALL`].
    emotions: [u64; 5],
    conversations: Conversations,
    upset: (f64, f64, u64),
    ratings: [u64; 5],
    counted: u64,
    repeated: u64,
    solved: u64,
    pub(super) pending: u64,
    pub(super) unidentified: u64,
    pub(super) opened: u64,
    pub(super) first_response: Vec<u32>,
    pub(super) claim: Vec<u32>,
    pub(super) resolve: Vec<u32>,
    pub(super) sla: BTreeMap<Level, Promises>,
}

#[derive(Default)]
struct Conversations {
    begun: u64,
    handled: u64,
    answered_at_once: u64,
    ended: u64,
    contained: u64,
    handed_off: u64,
    abandoned: u64,
    reasons: BTreeMap<String, u64>,
}

/// Promises of a level.
#[derive(Default)]
pub(super) struct Promises {
    pub(super) responded: Kept,
    pub(super) resolved: Kept,
}

/// Promises kept, of those that count.
#[derive(Default, Clone, Copy)]
pub(super) struct Kept {
    kept: u64,
    of: u64,
}

impl Kept {
    pub(super) fn add(&mut self, kept: Option<bool>) {
        self.kept += u64::from(kept == Some(true));
        self.of += u64::from(kept.is_some());
    }
}

impl Tally {
    /// Counts a message; the emotion is that of one that was read.
    pub(super) fn turn(&mut self, decision: DecisionKind, emotion: Option<Emotion>) {
        self.turns += 1;
        let kind = match decision {
            DecisionKind::Answer => 0,
            DecisionKind::Ask => 1,
            DecisionKind::Handoff => 2,
            DecisionKind::Silent => 3,
        };
        self.decisions[kind] += 1;
        if let Some(at) = emotion.and_then(|emotion| Emotion::ALL.iter().position(|one| *one == emotion)) {
            self.emotions[at] += 1;
        }
    }

    pub(super) fn conversation(&mut self, contact: &Contact, has_ended: bool) {
        let counts = &mut self.conversations;
        counts.begun += 1;
        if !contact.is_handled() {
            return;
        }
        counts.handled += 1;
        counts.answered_at_once += u64::from(contact.is_answered_at_once());
        if !has_ended {
            return;
        }
        counts.ended += 1;
        counts.contained += u64::from(contact.is_contained());
        counts.abandoned += u64::from(contact.is_abandoned());
        if let Some(reason) = contact.handoff_reason() {
            counts.handed_off += 1;
            *counts.reasons.entry(reason.to_owned()).or_default() += 1;
        }
        if let Some((first, last)) = contact.upset() {
            self.upset = (self.upset.0 + f64::from(first), self.upset.1 + f64::from(last), self.upset.2 + 1);
        }
    }

    /// Counts a conversation that is old enough to tell whether the customer came back.
    pub(super) fn contact(&mut self, is_repeated: bool, is_solved: bool) {
        self.counted += 1;
        self.repeated += u64::from(is_repeated);
        self.solved += u64::from(is_solved);
    }

    pub(super) fn rating(&mut self, rating: u8) {
        if let Some(count) = usize::from(rating).checked_sub(1).and_then(|at| self.ratings.get_mut(at)) {
            *count += 1;
        }
    }

    fn figures(self) -> Figures {
        let decision = |kind: usize| Share::of(self.decisions[kind], self.turns);
        Figures {
            turns: self.turns,
            decisions: DecisionFigures {
                answer: decision(0),
                ask: decision(1),
                handoff: decision(2),
                silent: decision(3),
            },
            contacts: ContactFigures {
                repeated_within_7_days: Share::of(self.repeated, self.counted),
                solved_at_first_contact: Share::of(self.solved, self.counted),
                pending: self.pending,
                unidentified: self.unidentified,
            },
            rating: rating(self.ratings),
            emotion: emotion(self.emotions, self.upset),
            conversations: self.conversations.figures(),
            tickets: TicketFigures {
                opened: self.opened,
                first_response: Durations::of(self.first_response),
                claim: Durations::of(self.claim),
                resolve: Durations::of(self.resolve),
                sla: all_levels(&self.sla),
                sla_by_level: by_level(&self.sla),
            },
        }
    }
}

impl Conversations {
    fn figures(self) -> ConversationFigures {
        ConversationFigures {
            begun: self.begun,
            handled: self.handled,
            answered_at_once: Share::of(self.answered_at_once, self.handled),
            contained: Share::of(self.contained, self.ended),
            handed_off: Share::of(self.handed_off, self.ended),
            abandoned: Share::of(self.abandoned, self.ended),
            handoff_reasons: self.reasons,
        }
    }
}

fn rating(given: [u64; 5]) -> RatingFigures {
    let count: u64 = given.iter().sum();
    let sum: u64 = given.iter().zip(1_u64..).map(|(count, rating)| count * rating).sum();
    let satisfied = Share::of(given[3] + given[4], count);
    RatingFigures { mean: Mean::of(sum as f64, count), distribution: given, satisfied }
}

fn emotion(counts: [u64; 5], (start, end, conversations): (f64, f64, u64)) -> EmotionFigures {
    let read = counts.iter().sum();
    let [neutral, positive, anxiety, disappointment, anger] = counts.map(|count| Share::of(count, read));
    EmotionFigures {
        labels: EmotionShares { neutral, positive, anxiety, disappointment, anger },
        upset_at_start: Mean::of(start, conversations),
        upset_at_end: Mean::of(end, conversations),
    }
}

fn all_levels(sla: &BTreeMap<Level, Promises>) -> SlaFigures {
    let sum = |part: fn(&Promises) -> Kept| {
        let sums = sla.values().map(part).fold((0, 0), |sum, one| (sum.0 + one.kept, sum.1 + one.of));
        Share::of(sums.0, sums.1)
    };
    SlaFigures { responded: sum(|level| level.responded), resolved: sum(|level| level.resolved) }
}

fn by_level(sla: &BTreeMap<Level, Promises>) -> Vec<LevelFigures> {
    let share = |kept: Kept| Share::of(kept.kept, kept.of);
    let none = Promises::default();
    let of_level = |level: Level| {
        let promises = sla.get(&level).unwrap_or(&none);
        LevelFigures {
            level,
            sla: SlaFigures { responded: share(promises.responded), resolved: share(promises.resolved) },
        }
    };
    LEVELS.into_iter().map(of_level).collect()
}
