//! The live decision, abstention included: what was answered, and what was handed over.

use serde::Serialize;

use super::dataset::HandoffLabel;
use super::estimate::Estimate;
use super::gold::Gold;
use super::{Outcome, Prediction};
use crate::labels;
use crate::reply::DecisionKind;

/// What the live decisions are worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveFigures {
    /// How often each decision was taken.
    pub decisions: DecisionCounts,
    /// Of the rows with an accepted intent, the share on which no intent was decided.
    pub abstained: Estimate,
    /// Of those, the share that is `other`: where abstaining is right.
    pub abstained_rightly: Estimate,
    /// Of the rows on which an intent was decided, whatever was done then, the share with every intent right.
    pub decided_rightly: Estimate,
    /// Automatic answers.
    pub auto_answer: AutoAnswer,
    /// Hand-offs.
    pub handoff: HandoffFigures,
}

/// How often each decision was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DecisionCounts {
    /// Rows.
    pub n: usize,
    /// Answered.
    pub answer: usize,
    /// Asked back.
    pub ask: usize,
    /// Handed over.
    pub handoff: usize,
    /// Nothing said.
    pub silent: usize,
}

/// Answers without a person. A row is answered when the decision is `answer` and names an intent; a polite line that
/// names none is not. It is answered rightly when every intent is right ([`Gold::is_met_by`]) and the gold does not say
/// that a person should take it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AutoAnswer {
    /// Of the business rows answered, the share answered rightly.
    pub precision: Estimate,
    /// The same with the answers to business that was none: rows that are not business but were answered as if.
    pub precision_with_strays: Estimate,
    /// How many such rows there are.
    pub strays: usize,
    /// Of the answerable rows, the share answered rightly. Answerable are business rows that no person should take and
    /// that an answer can resolve ([`Prediction::can_resolve`]).
    pub coverage: Estimate,
    /// Business rows that no person should take but that need a hand: not answerable.
    pub needs_a_hand: usize,
    /// Answerable rows without a hand-off label, taken for `no`.
    pub without_handoff_label: usize,
    /// Of the social rows answered, the share answered rightly; apart, because they are easy.
    pub social_precision: Estimate,
}

/// Hand-offs against the rows that a person should or should not take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HandoffFigures {
    /// Of the rows handed over, the share that should be.
    pub precision: Estimate,
    /// Of the rows that should be handed over, the share that was.
    pub recall: Estimate,
    /// Rows labelled `maybe`, which neither counts.
    pub maybe_left_out: usize,
}

/// The figures of the live decisions.
pub(super) fn live(outcomes: &[Outcome<'_>]) -> LiveFigures {
    let labelled: Vec<Judged<'_>> = outcomes.iter().filter_map(Judged::of).collect();
    let (decided, abstained): (Vec<&Judged<'_>>, Vec<&Judged<'_>>) =
        labelled.iter().partition(|row| names_an_intent(row.predicted));
    LiveFigures {
        decisions: count(outcomes),
        abstained: Estimate::share(labelled.iter().map(|row| !names_an_intent(row.predicted))),
        abstained_rightly: Estimate::share(abstained.iter().map(|row| row.gold.accepts(labels::OTHER))),
        decided_rightly: Estimate::share(decided.iter().map(|row| row.intents_right())),
        auto_answer: auto_answer(&labelled),
        handoff: handoff(outcomes),
    }
}

fn count(outcomes: &[Outcome<'_>]) -> DecisionCounts {
    let mut counts = DecisionCounts { n: outcomes.len(), ..DecisionCounts::default() };
    for outcome in outcomes {
        *match outcome.predicted.decision {
            DecisionKind::Answer => &mut counts.answer,
            DecisionKind::Ask => &mut counts.ask,
            DecisionKind::Handoff => &mut counts.handoff,
            DecisionKind::Silent => &mut counts.silent,
        } += 1;
    }
    counts
}

fn names_an_intent(predicted: &Prediction) -> bool {
    predicted.decided.iter().any(|id| id != labels::OTHER)
}

/// A row with an accepted intent.
struct Judged<'a> {
    gold: &'a Gold,
    handoff: Option<HandoffLabel>,
    predicted: &'a Prediction,
}

impl<'a> Judged<'a> {
    fn of(outcome: &'a Outcome<'_>) -> Option<Self> {
        let gold = outcome.gold.intent.as_ref()?;
        Some(Self { gold, handoff: outcome.gold.handoff, predicted: &outcome.predicted })
    }

    fn intents_right(&self) -> bool {
        self.gold.is_met_by(&self.predicted.decided)
    }

    fn answered(&self) -> bool {
        self.predicted.decision == DecisionKind::Answer && names_an_intent(self.predicted)
    }

    fn answered_rightly(&self) -> bool {
        self.answered() && self.intents_right() && self.no_person_should() && self.predicted.can_resolve
    }

    fn is_answerable(&self) -> bool {
        self.gold.is_business() && self.no_person_should() && self.predicted.can_resolve
    }

    fn needs_a_hand(&self) -> bool {
        self.gold.is_business() && self.no_person_should() && !self.predicted.can_resolve
    }

    fn no_person_should(&self) -> bool {
        self.handoff != Some(HandoffLabel::Yes)
    }

    /// Answered as business without being any.
    fn is_stray(&self) -> bool {
        let business = self.predicted.decided.iter().any(|id| labels::is_business(id));
        self.answered() && business && !self.gold.is_business()
    }
}

fn auto_answer(rows: &[Judged<'_>]) -> AutoAnswer {
    let business = |row: &&Judged<'_>| row.answered() && row.gold.is_business();
    let with_strays = |row: &&Judged<'_>| business(row) || row.is_stray();
    let social = |row: &&Judged<'_>| row.answered() && row.gold.is_social();
    let answerable: Vec<&Judged<'_>> = rows.iter().filter(|row| row.is_answerable()).collect();
    AutoAnswer {
        precision: Estimate::share(rows.iter().filter(business).map(Judged::answered_rightly)),
        precision_with_strays: Estimate::share(rows.iter().filter(with_strays).map(Judged::answered_rightly)),
        strays: rows.iter().filter(|row| row.is_stray()).count(),
        coverage: Estimate::share(answerable.iter().map(|row| row.answered_rightly())),
        needs_a_hand: rows.iter().filter(|row| row.needs_a_hand()).count(),
        without_handoff_label: answerable.iter().filter(|row| row.handoff.is_none()).count(),
        social_precision: Estimate::share(rows.iter().filter(social).map(Judged::answered_rightly)),
    }
}

fn handoff(outcomes: &[Outcome<'_>]) -> HandoffFigures {
    let handed = |outcome: &Outcome<'_>| outcome.predicted.decision == DecisionKind::Handoff;
    let labelled = |label| outcomes.iter().filter(move |outcome| outcome.gold.handoff == Some(label));
    let yes: Vec<bool> = labelled(HandoffLabel::Yes).map(handed).collect();
    let no = labelled(HandoffLabel::No).filter(|outcome| handed(outcome));
    HandoffFigures {
        precision: Estimate::share(yes.iter().copied().filter(|handed| *handed).chain(no.map(|_| false))),
        recall: Estimate::share(yes.iter().copied()),
        maybe_left_out: labelled(HandoffLabel::Maybe).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Row;
    use crate::eval::sample::{outcomes, prediction, row};

    fn case(gold: &str, handoff: Option<HandoffLabel>, decision: DecisionKind, decided: &str) -> (Row, Prediction) {
        let decided = decided.split_whitespace().map(str::to_owned).collect();
        (Row { handoff, ..row(gold) }, Prediction { decision, decided, ..prediction("other", 0.0) })
    }

    fn figures(cases: impl IntoIterator<Item = (Row, Prediction)>) -> LiveFigures {
        let (rows, said): (Vec<Row>, Vec<Prediction>) = cases.into_iter().unzip();
        live(&outcomes(&rows, said))
    }

    fn same(estimate: Estimate, hits: f64, n: usize) {
        assert!((estimate.value.unwrap() * n as f64 - hits).abs() < 1e-9 && estimate.n == n, "{estimate:?}");
    }

    #[test]
    fn counts_by_hand() {
        use DecisionKind::{Answer, Ask, Handoff, Silent};
        use HandoffLabel::{Maybe, No, Yes};
        let found = figures([
            case("stock", Some(No), Answer, "stock"),
            case("stock", None, Answer, "greeting stock"),
            case("stock", Some(Maybe), Answer, "price"),
            case("stock", Some(Yes), Answer, "stock"),
            case("stock+price", Some(No), Answer, "stock"),
            case("stock", Some(No), Answer, ""),
            case("stock", Some(No), Ask, ""),
            case("complaint", Some(Yes), Handoff, "complaint"),
            case("stock", Some(No), Handoff, "stock"),
            case("stock", Some(Maybe), Handoff, "stock"),
            case("other", Some(No), Answer, "stock"),
            case("other", Some(No), Answer, "other"),
            case("greeting", Some(No), Answer, "greeting"),
            case("thanks_bye", Some(No), Silent, "thanks_bye"),
            case("", None, Silent, ""),
        ]);
        assert_eq!(found.decisions, DecisionCounts { n: 15, answer: 9, ask: 1, handoff: 3, silent: 2 });
        let auto = &found.auto_answer;
        // Answered business: rows 1 to 5, of which 1 and 2 are right; the stray is row 11.
        same(auto.precision, 2.0, 5);
        same(auto.precision_with_strays, 2.0, 6);
        assert_eq!((auto.strays, auto.without_handoff_label), (1, 1));
        // Answerable: rows 1, 2, 3, 5, 6, 7, 9, 10.
        same(auto.coverage, 2.0, 8);
        same(auto.social_precision, 1.0, 1);
        same(found.handoff.precision, 1.0, 2);
        same(found.handoff.recall, 1.0, 2);
        assert_eq!(found.handoff.maybe_left_out, 2);
        // No intent: rows 6, 7, 12; only the last is `other`.
        same(found.abstained, 3.0, 14);
        same(found.abstained_rightly, 1.0, 3);
        // Decided: all but these and the unlabelled; wrong are 3, 5 and 11.
        same(found.decided_rightly, 8.0, 11);
    }

    #[test]
    fn what_needs_a_hand_is_not_answerable() {
        let mut rows =
            [case("stock", None, DecisionKind::Answer, "stock"), case("stock", None, DecisionKind::Answer, "stock")];
        rows[1].1.can_resolve = false;
        let auto = figures(rows).auto_answer;
        same(auto.precision, 1.0, 2);
        same(auto.coverage, 1.0, 1);
        assert_eq!(auto.needs_a_hand, 1);
    }

    #[test]
    fn extremes_have_no_nan() {
        let none = figures([]);
        assert_eq!(none.decisions, DecisionCounts::default());
        assert_eq!((none.auto_answer.precision, none.handoff.recall), Default::default());
        let wrong = figures([case("stock", Some(HandoffLabel::Yes), DecisionKind::Answer, "price")]);
        same(wrong.auto_answer.precision, 0.0, 1);
        same(wrong.handoff.recall, 0.0, 1);
        assert_eq!((wrong.auto_answer.coverage, wrong.handoff.precision), Default::default());
    }
}
