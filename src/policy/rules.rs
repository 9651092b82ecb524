//! The rules, in the order of the contract. Each is a function of the same view; none knows the others.

use super::decide::{Outcome, Plan, plan};
use super::evidence::Evidence;
use crate::catalogue::{Intent, Resolves, TextKey};
use crate::conversation::{Awaiting, Holder};
use crate::facts::OrderFound;
use crate::labels::{COMPLAINT, Emotion, HUMAN_AGENT, ORDER_LOOKUP, PROVIDE_INFO};
use crate::reply::{DecisionKind, Reason};

/// What one rule wants.
#[derive(Clone)]
pub(super) struct Verdict<'a> {
    pub(super) kind: DecisionKind,
    pub(super) reason: Reason,
    pub(super) outcome: Outcome<'a>,
    /// What may be chosen beside an answer.
    pub(super) choices: Vec<&'a Intent>,
    pub(super) queue: String,
}

impl Clone for Outcome<'_> {
    fn clone(&self) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::Answers(plans) => Self::Answers(plans.clone()),
            Self::Slot(intent, slot) => Self::Slot(intent, slot),
            Self::Ask(key, intent, slot) => Self::Ask(*key, intent, slot),
            Self::Orders(intent, orders) => Self::Orders(intent, orders.clone()),
            Self::Text(key, plans) => Self::Text(*key, plans.clone()),
            Self::Choices(key, intents) => Self::Choices(*key, intents.clone()),
        }
    }
}

/// The evidence with what several rules ask of it.
pub(super) struct View<'e, 'a> {
    pub(super) evidence: &'e Evidence<'a>,
    business: Vec<&'a Intent>,
    plans: Vec<Plan<'a>>,
}

/// The same question so many times means that the answer does not help.
const ASKED_TOO_OFTEN: usize = 3;

/// P(positive) from which a message without a topic is praise, and wants no more than a thank-you.
const PRAISE: f32 = 0.6;

/// The rule by which whoever guesses at orders gets a person.
pub(crate) const ORDER_PROOF: &str = "policy:order_proof";

type Rule = for<'e, 'a> fn(&View<'e, 'a>) -> Option<Verdict<'a>>;

/// In the order of the contract; the number of each stands in its comment.
pub(super) const RULES: [Rule; 18] = [
    human_present,
    sensitive,
    queued,
    user_request,
    upset,
    complaint,
    not_helped,
    complex,
    proof_refused,
    needs_a_person,
    answered,
    slot_missing,
    number_alone,
    still_open,
    ambiguous,
    small_talk,
    closing,
    out_of_scope,
];

impl<'e, 'a> View<'e, 'a> {
    pub(super) fn of(evidence: &'e Evidence<'a>) -> Self {
        let business = evidence.business();
        let plans = business.iter().filter_map(|intent| plan(intent, evidence)).collect();
        Self { evidence, business, plans }
    }

    /// Whether the message is a social one.
    pub(super) fn is_social(&self) -> bool {
        self.business.is_empty()
    }

    /// Whether the message is praise, with nothing to be done.
    fn is_praise(&self) -> bool {
        let evidence = self.evidence;
        evidence.social().is_none() && self.business.is_empty() && evidence.emotion.scores.positive >= PRAISE
    }

    /// Whether the message hands over an order number and does not say what for.
    fn is_number_alone(&self) -> bool {
        let evidence = self.evidence;
        let hands_over = evidence.social().is_some_and(|topic| topic.intent.id == PROVIDE_INFO);
        hands_over && evidence.slots.is_number_alone(evidence.message.plain())
    }

    /// Whether one of the topics was answered before, with the same slots.
    pub(super) fn is_repeated(&self) -> bool {
        self.business.iter().any(|intent| self.evidence.times_given(intent) > 0)
    }

    /// The queue of the first business intent, or the general one.
    pub(super) fn queue(&self) -> String {
        let likely = || self.evidence.candidates().first().map(|topic| topic.intent);
        self.business.first().copied().or_else(likely).map_or("general", |intent| &intent.queue).to_owned()
    }

    /// Facts that may be given beside a hand-off.
    fn facts(&self) -> Vec<Plan<'a>> {
        let informs = |plan: &Plan<'_>| plan.is_safe() && plan.answer.resolves == Resolves::Inform;
        if self.plans.iter().all(informs) { self.plans.iter().take(1).copied().collect() } else { Vec::new() }
    }

    fn handoff(&self, code: impl Into<String>, detail: impl Into<String>, outcome: Outcome<'a>) -> Verdict<'a> {
        Verdict {
            kind: DecisionKind::Handoff,
            reason: Reason { code: code.into(), detail: detail.into() },
            outcome,
            choices: Vec::new(),
            queue: self.queue(),
        }
    }

    fn say(&self, kind: DecisionKind, code: &str, detail: impl Into<String>, outcome: Outcome<'a>) -> Verdict<'a> {
        let reason = Reason { code: code.to_owned(), detail: detail.into() };
        Verdict { kind, reason, outcome, choices: Vec::new(), queue: self.queue() }
    }
}

/// 1: a person has the conversation.
fn human_present<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    (*view.evidence.holder() == Holder::Person)
        .then(|| view.say(DecisionKind::Silent, "human_present", "a person has the conversation", Outcome::Nothing))
}

/// 2: injury, food safety, self-harm, counterfeit, infringement.
fn sensitive<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let policy = view.evidence.catalogue.policy();
    let hit = policy.sensitive.iter().find(|sensitive| sensitive.rule.matches(view.evidence.message))?;
    let code = format!("sensitive:{}", hit.rule.id);
    let verdict = view.handoff(code, "a pattern of the policy", Outcome::Text(TextKey::HandoffSensitive, Vec::new()));
    Some(Verdict { queue: hit.queue.clone(), ..verdict })
}

/// 3: a ticket is waiting. Low-risk information is still given; otherwise the customer is told once that a person is coming.
fn queued<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let Holder::Queue(waiting) = view.evidence.holder() else { return None };
    let informs = |plan: &Plan<'_>| plan.is_safe() && plan.answer.resolves == Resolves::Inform;
    // A nudge means the ticket, not what was told before.
    let asks = view.evidence.pending.is_none() && !view.plans.is_empty() && view.plans.len() <= 2;
    if asks && view.plans.iter().all(informs) {
        let outcome = Outcome::Answers(view.plans.clone());
        return Some(view.say(DecisionKind::Answer, "queued", "information while a ticket waits", outcome));
    }
    // Without the ticket nobody knows by when somebody comes.
    let tell = waiting.is_some() && !view.evidence.situation.state.is_told;
    Some(if tell {
        view.say(DecisionKind::Answer, "queued", "a ticket waits", Outcome::Text(TextKey::Coming, Vec::new()))
    } else {
        view.say(DecisionKind::Silent, "queued", "a ticket waits, the customer has been told", Outcome::Nothing)
    })
}

/// 4: asks for a person.
fn user_request<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let topic = view.evidence.likely(HUMAN_AGENT)?;
    let detail = format!("{HUMAN_AGENT} {:.2}", topic.score.probability);
    Some(view.handoff("user_request", detail, Outcome::Text(TextKey::HandoffUserRequest, Vec::new())))
}

/// 5: upset above the threshold, or a lead's trigger words.
fn upset<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let emotion = &view.evidence.emotion;
    let policy = view.evidence.catalogue.policy();
    let threshold = policy.thresholds.handoff_upset;
    let is_idea = view.evidence.is_suggestion();
    let (code, detail) = if emotion.upset >= threshold && !is_idea {
        let label = if emotion.scores.anger >= emotion.scores.disappointment {
            Emotion::Anger
        } else {
            Emotion::Disappointment
        };
        (format!("emotion:{}", label.id()), format!("{:.2} ≥ {threshold:.2}", emotion.upset))
    } else if policy.trigger_words.matches(view.evidence.message) {
        (format!("emotion:{}", Emotion::Anger.id()), "trigger words of the policy".to_owned())
    } else if view.evidence.is_souring() {
        let mood = view.evidence.mood;
        ("mood".to_owned(), format!("falling, upset {:.2} over the turns, {:.2} now", mood.level, emotion.upset))
    } else {
        return None;
    };
    Some(view.handoff(code, detail, Outcome::Text(TextKey::HandoffUpset, view.facts())))
}

/// 6: a complaint, or a threat to escalate.
fn complaint<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let evidence = view.evidence;
    let complains = evidence.likely(COMPLAINT);
    let threatens = evidence.catalogue.policy().threats.matches(evidence.message);
    let suggests = evidence.is_suggestion();
    let detail = match (complains, threatens) {
        (_, true) => "a threat: pattern of the policy".to_owned(),
        (Some(topic), false) => format!("{COMPLAINT} {:.2}", topic.score.probability),
        (None, false) if suggests => "a suggestion: pattern of the policy".to_owned(),
        (None, false) => return None,
    };
    let own = complains.and_then(|topic| plan(topic.intent, evidence)).filter(|plan| plan.missing.is_none());
    let outcome = match own {
        _ if suggests && !threatens => Outcome::Text(TextKey::SuggestionReceived, Vec::new()),
        Some(plan) => Outcome::Answers(vec![plan]),
        None => Outcome::Text(TextKey::HandoffUpset, view.facts()),
    };
    let queue = complains.map_or_else(|| "complaint".to_owned(), |topic| topic.intent.queue.clone());
    Some(Verdict { queue, ..view.handoff("complaint", detail, outcome) })
}

/// 7: the same a third time, or the answer did not help and nothing new is said.
fn not_helped<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let evidence = view.evidence;
    let policy = evidence.catalogue.policy();
    let outcome = || Outcome::Text(TextKey::HandoffNotHelped, Vec::new());
    if let Some(intent) = view.business.iter().find(|intent| evidence.times_given(intent) + 1 >= ASKED_TOO_OFTEN) {
        let times = evidence.times_given(intent) + 1;
        return Some(view.handoff("repeated", format!("{} asked {times} times", intent.id), outcome()));
    }
    let topic = evidence.situation.state.topic.as_deref()?;
    let is_new = view.business.iter().any(|intent| intent.id != topic);
    (!is_new && policy.not_helped.matches(evidence.message))
        .then(|| view.handoff("not_helped", format!("after {topic}"), outcome()))
}

/// 8: three topics, or two of which one cannot be answered.
fn complex<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let count = view.business.len();
    // A look-up that has its data tells as plain information does.
    let tells = view.plans.iter().all(Plan::is_safe);
    let ids: Vec<&str> = view.business.iter().map(|intent| intent.id.as_str()).collect();
    (count >= 3 || (count == 2 && !tells))
        .then(|| view.handoff("complex", ids.join(" + "), Outcome::Text(TextKey::HandoffGeneral, Vec::new())))
}

/// 9, for whoever has guessed at an order: the digits are not compared any more.
fn proof_refused<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let OrderFound::Refused { needs_a_person } = view.evidence.facts.found().order else { return None };
    Some(if needs_a_person {
        let outcome = Outcome::Text(TextKey::HandoffOrderProof, Vec::new());
        view.handoff(ORDER_PROOF, "too many wrong digits", outcome)
    } else {
        // One of many: the first has told a person, and a ticket for each would drown the others.
        let outcome = Outcome::Text(TextKey::OrderProofPaused, Vec::new());
        view.say(DecisionKind::Answer, ORDER_PROOF, "too many wrong digits of late", outcome)
    })
}

/// 9: needs a hand, is marked as high risk, or the tier wants a person.
fn needs_a_person<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let evidence = view.evidence;
    let first = view.plans.first();
    let general = || Outcome::Text(TextKey::HandoffGeneral, Vec::new());
    let rule = view.business.iter().find_map(|intent| {
        let hit = intent.high_risk.iter().find(|rule| rule.matches(evidence.message));
        hit.map(|rule| rule.id.clone()).or_else(|| intent.is_high_risk.then(|| intent.id.clone()))
    });
    let own = |plan: &Plan<'a>| plan.answer.resolves == Resolves::Act && plan.missing.is_none();
    if let Some(rule) = rule {
        let outcome = first.filter(|plan| own(plan)).map_or_else(general, |plan| Outcome::Answers(vec![*plan]));
        return Some(view.handoff(format!("policy:{rule}"), "marked as high risk", outcome));
    }
    // A picture to a question that plain information answers changes nothing; anything else wants a pair of eyes.
    let informs = |plan: &Plan<'a>| plan.is_safe() && plan.answer.resolves == Resolves::Inform;
    if evidence.has_attachment() && evidence.is_aftersale(view.business.first().copied()) && !first.is_some_and(informs)
    {
        let outcome = Outcome::Text(TextKey::AttachmentReceived, Vec::new());
        return Some(view.handoff("action_needed", "an attachment has to be looked at", outcome));
    }
    let first = first?;
    if evidence.catalogue.policy().tier(evidence.tier()).handoff {
        return Some(view.handoff("policy:tier", evidence.tier().unwrap_or_default(), general()));
    }
    own(first).then(|| {
        let detail = format!("{}/{} resolves by act", first.intent.id, first.answer.id);
        view.handoff("action_needed", detail, Outcome::Answers(vec![*first]))
    })
}

/// 10: confident, slots filled.
fn answered<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    if view.plans.is_empty() || view.plans.len() > 2 || !view.plans.iter().all(Plan::is_safe) {
        return None;
    }
    let score = |intent: &Intent| {
        let topic = view.evidence.topics.iter().find(|topic| topic.intent.id == intent.id);
        topic.map_or(0.0, |topic| topic.score.probability)
    };
    let details: Vec<String> = view
        .plans
        .iter()
        .map(|plan| format!("{}/{} {:.2}", plan.intent.id, plan.answer.id, score(plan.intent)))
        .collect();
    Some(view.say(DecisionKind::Answer, "answered", details.join(" + "), Outcome::Answers(view.plans.clone())))
}

/// 11: confident, slot missing.
fn slot_missing<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    view.plans.iter().find_map(|plan| ask_for_missing(view, plan))
}

/// Asks for what an answer needs; of an order, for what is still open: which it is, or that the customer may see it.
fn ask_for_missing<'a>(view: &View<'_, 'a>, plan: &Plan<'a>) -> Option<Verdict<'a>> {
    let (intent, missing) = (plan.intent, plan.missing?);
    let (slot, outcome) = match &view.evidence.facts.found().order {
        _ if missing != "order" => (missing, Outcome::Slot(intent, missing)),
        OrderFound::OneOf(orders) => ("order_number", Outcome::Orders(intent, orders.clone())),
        OrderFound::NeedsProof(_) => ("phone_last4", Outcome::Ask(TextKey::OrderProof, intent, "phone_last4")),
        OrderFound::Wrong => ("phone_last4", Outcome::Ask(TextKey::OrderProofWrong, intent, "phone_last4")),
        _ => ("order_number", Outcome::Slot(intent, "order_number")),
    };
    let detail = format!("{}/{} needs it", intent.id, plan.answer.id);
    Some(view.say(DecisionKind::Ask, &format!("slot:{slot}"), detail, outcome))
}

/// An order number alone, with nothing that it is for: how that order is, and what may be wanted of it.
fn number_alone<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let evidence = view.evidence;
    if !view.is_number_alone() {
        return None;
    }
    let known = |ids: &[&str]| ids.iter().filter_map(|id| evidence.catalogue.intent(id)).collect();
    let state = evidence.catalogue.intent(ORDER_LOOKUP).and_then(|intent| plan(intent, evidence));
    match state {
        Some(plan) if plan.is_safe() => {
            let verdict = view.say(DecisionKind::Answer, "answered", ALONE, Outcome::Answers(vec![plan]));
            Some(Verdict { choices: known(&["modify_order", "return_policy"]), ..verdict })
        }
        Some(plan) if plan.missing == Some("order") => ask_for_missing(view, &plan),
        _ => {
            let choices = known(&[ORDER_LOOKUP, "modify_order", "return_policy"]);
            let outcome = Outcome::Choices(TextKey::OrderReceived, choices);
            Some(view.say(DecisionKind::Ask, "ambiguous", ALONE, outcome))
        }
    }
}

const ALONE: &str = "an order number alone";

/// What was asked for is still open, and nothing that was said instead is understood.
fn still_open<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let evidence = view.evidence;
    let Awaiting::Slot { intent, .. } = &evidence.situation.state.awaiting else { return None };
    let says_else = !view.business.is_empty()
        || evidence.social().is_some()
        || view.is_praise()
        || evidence.candidates().iter().any(|topic| evidence.likely(&topic.intent.id).is_some());
    let plan = plan(evidence.catalogue.intent(intent)?, evidence).filter(|_| !says_else)?;
    ask_for_missing(view, &plan)
}

/// 12: candidates, none safe.
fn ambiguous<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let evidence = view.evidence;
    if !view.business.is_empty() {
        return None;
    }
    let candidates = evidence.candidates();
    if candidates.is_empty() || evidence.social().is_some() || view.is_praise() {
        return None;
    }
    let detail: Vec<String> = candidates
        .iter()
        .map(|topic| {
            format!("{} {:.2} < {:.2}", topic.intent.id, topic.score.probability, topic.score.threshold.min(1.0))
        })
        .collect();
    let choices = candidates.iter().map(|topic| topic.intent).collect();
    Some(view.say(DecisionKind::Ask, "ambiguous", detail.join(", "), Outcome::Choices(TextKey::Ambiguous, choices)))
}

/// 13, small talk: the social intent's own line.
fn small_talk<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let topic = view.evidence.social().filter(|topic| !is_closing(topic.intent))?;
    let plan = plan(topic.intent, view.evidence)?;
    let detail = format!("{} {:.2}", topic.intent.id, topic.score.probability);
    let code = if topic.intent.id == "chitchat" { "out_of_scope" } else { "answered" };
    Some(view.say(DecisionKind::Answer, code, detail, Outcome::Answers(vec![plan])))
}

/// 14: thanks, or ok with nothing pending: one line, then nothing.
fn closing<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let state = &view.evidence.situation.state;
    if view.is_praise() {
        let detail = format!("praise {:.2}", view.evidence.emotion.scores.positive);
        let outcome = Outcome::Text(TextKey::Closing, Vec::new());
        return Some(view.say(DecisionKind::Answer, "closing", detail, outcome));
    }
    let topic = view.evidence.social().filter(|topic| is_closing(topic.intent))?;
    let detail = format!("{} {:.2}", topic.intent.id, topic.score.probability);
    if let Awaiting::Slot { intent, slot } = &state.awaiting
        && topic.intent.id == "affirm"
    {
        // 好的，我翻一下: it is on its way.
        let detail = format!("{intent} still needs it");
        return Some(view.say(DecisionKind::Silent, &format!("slot:{slot}"), detail, Outcome::Nothing));
    }
    if state.is_closed {
        return Some(view.say(DecisionKind::Silent, "closing", detail, Outcome::Nothing));
    }
    let own = plan(topic.intent, view.evidence).filter(|_| topic.intent.id == "thanks_bye");
    let outcome = own.map_or_else(|| Outcome::Text(TextKey::Closing, Vec::new()), |plan| Outcome::Answers(vec![plan]));
    Some(view.say(DecisionKind::Answer, "closing", detail, outcome))
}

fn is_closing(intent: &Intent) -> bool {
    intent.id == "thanks_bye" || intent.id == "affirm"
}

/// 13, other business: nothing of the catalogue is at all likely.
fn out_of_scope<'a>(view: &View<'_, 'a>) -> Option<Verdict<'a>> {
    let probability = view.evidence.out_of_scope;
    let fits = view.business.is_empty() && view.evidence.social().is_none() && view.evidence.candidates().is_empty();
    (fits && probability >= 0.5).then(|| {
        let outcome = Outcome::Text(TextKey::OutOfScope, Vec::new());
        view.say(DecisionKind::Answer, "out_of_scope", format!("none of the catalogue {probability:.2}"), outcome)
    })
}

/// 15: nothing fits.
pub(super) fn nothing_fits<'a>(view: &View<'_, 'a>) -> Verdict<'a> {
    let best = view
        .evidence
        .topics
        .first()
        .map_or(String::new(), |topic| format!("best: {} {:.2}", topic.intent.id, topic.score.probability));
    view.say(DecisionKind::Ask, "low_confidence", best, Outcome::Text(TextKey::LowConfidence, Vec::new()))
}
