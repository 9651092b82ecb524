use super::decide::plan;
use crate::catalogue::{Catalogue, Flag, Intent, Resolves, Subject};
use crate::conversation::{Holder, MoodTrace, Situation};
use crate::facts::Facts;
use crate::head::IntentScore;
use crate::incoming::{HandledBy, Incoming};
use crate::labels::{self, Act};
use crate::reply::{EmotionReading, Mood};
use crate::slots::Slots;
use crate::text::Message;

/// Probability from which a social intent, a complaint or the wish for a person is taken as such. Acting on these by
/// mistake costs a polite line or a person's time, not a wrong answer, so they do not wait for the stated risk.
const LIKELY: f32 = 0.5;

/// Probability from which an answer is given that tells the customer's own: their order, their sum, the place they named.
const OWN: f32 = 0.4;

/// Slots that such answers are worked out from.
const WORKED_OUT_FROM: [&str; 6] = ["order_number", "amount", "quantity", "product", "promotion", "region"];

/// What an answer tells, and to which intent if answers to others tell something else of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told<'a> {
    subject: Subject,
    intent: Option<&'a str>,
}

/// An intent as understood in one message.
#[derive(Debug, Clone, Copy)]
pub struct Topic<'a> {
    /// The intent.
    pub intent: &'a Intent,
    /// Its score.
    pub score: IntentScore,
}

impl Topic<'_> {
    /// Whether it is business.
    #[must_use]
    pub fn is_business(&self) -> bool {
        labels::is_business(&self.intent.id)
    }
}

/// Everything that the decision looks at.
#[derive(Clone)]
pub struct Evidence<'a> {
    /// The message as read.
    pub message: &'a Message,
    /// The request around it.
    pub incoming: &'a Incoming,
    /// What leads wrote.
    pub catalogue: &'a Catalogue,
    /// Every intent, the most probable first.
    pub topics: Vec<Topic<'a>>,
    /// The probability that the message is none of the catalogue's intents.
    pub out_of_scope: f32,
    /// A business intent of an earlier message that this one continues, if this one names none.
    pub pending: Option<&'a Intent>,
    /// How the customer feels.
    pub emotion: EmotionReading,
    /// What is done with the topic: the probability of each of [`Act::ALL`].
    pub acts: [f32; 4],
    /// Whether the message is plainly a question, and not a wish put as one: pattern of the policy.
    pub is_question: bool,
    /// Filled slots.
    pub slots: Slots,
    /// What the shop's data and rules make of them.
    pub facts: Facts,
    /// What came before, and who has the conversation.
    pub situation: &'a Situation,
    /// The customer's mood with this message.
    pub mood: MoodTrace,
    /// Now, in the shop.
    pub now: &'a jiff::Zoned,
}

impl<'a> Evidence<'a> {
    /// The probability of an act. What is put as a question whether or how much (还能退不) is asked, whatever it sounds like.
    #[must_use]
    pub fn likelihood(&self, act: Act) -> f32 {
        match self.is_question {
            true if act == Act::Ask => 1.0,
            true => 0.0,
            false => self.acts[act as usize],
        }
    }

    /// The most probable act.
    #[must_use]
    pub fn act(&self) -> Act {
        let more = |a: &Act, b: &Act| self.likelihood(*a).total_cmp(&self.likelihood(*b));
        Act::ALL.into_iter().rev().max_by(more).unwrap_or(Act::Ask)
    }

    /// The business that a message is about, the most probable first, what one answer covers as one; what it continues if
    /// it names none. An intent that would be answered automatically must reach its threshold, which keeps the stated risk.
    /// One that leads to a question or to a person need only be likely, and so need those that are told the customer's own.
    #[must_use]
    pub fn business(&self) -> Vec<&'a Intent> {
        let likely = self.likely_tellings();
        let business = self.topics.iter().filter(|topic| topic.is_business() && self.is_understood(topic, &likely));
        // Thresholds are chosen for the best intent of a message; a further one must also be likely in itself.
        let best = self.topics.first().map(|topic| topic.score.intent);
        let mut out: Vec<(&Intent, Option<Told<'_>>)> = Vec::new();
        for topic in business {
            let is_further = !out.is_empty() && Some(topic.score.intent) != best;
            let told = self.tells(topic, &likely);
            let is_covered = |(other, of_other): &(&Intent, Option<Told<'_>>)| {
                other.siblings.contains(&topic.intent.id)
                    || topic.intent.siblings.contains(&other.id)
                    || (told.is_some() && told == *of_other)
            };
            if (!is_further || topic.score.probability >= LIKELY) && !out.iter().any(is_covered) {
                out.push((topic.intent, told));
            }
        }
        let mut out: Vec<&Intent> = out.into_iter().map(|(intent, _)| intent).collect();
        // A complaint beside its topic is how the topic is brought up; rule 6 sees to it.
        if out.len() > 1 {
            out.retain(|intent| intent.id != labels::COMPLAINT);
        }
        if out.is_empty() {
            out.extend(self.pending);
        }
        out
    }

    fn is_understood(&self, topic: &Topic<'a>, likely: &[Told<'a>]) -> bool {
        let answers = || plan(topic.intent, self).is_some_and(|plan| plan.is_safe());
        topic.score.is_confident()
            || self.tells(topic, likely).is_some()
            || (topic.score.probability >= LIKELY && !answers())
    }

    /// What answers would tell of the customer's own, where it is likely that one of them is meant. Such an answer names what
    /// it is about, the order or the sum, so that a customer who meant something else sees it at a glance. Where all that the
    /// message can mean is answered by the same, and it gives what that is worked out from, there is nothing to ask back.
    fn likely_tellings(&self) -> Vec<Told<'a>> {
        let least = self.catalogue.policy().thresholds.candidate;
        let mut missed: Vec<(Told<'a>, f32)> = Vec::new();
        let mut is_all = true;
        for topic in self.topics.iter().filter(|topic| topic.is_business()) {
            let is_candidate = topic.score.probability >= least;
            let told = self.told(topic);
            is_all &= !is_candidate || told.is_some();
            let Some(told) = told else { continue };
            // Probabilities of intents are no shares of one: each of them is right or wrong by itself.
            let wrong = 1.0 - topic.score.probability;
            match missed.iter_mut().find(|(other, _)| *other == told) {
                Some((_, all_wrong)) => *all_wrong *= wrong,
                None if is_candidate => missed.push((told, wrong)),
                None => {}
            }
        }
        let is_only = is_all && missed.len() == 1 && WORKED_OUT_FROM.into_iter().any(|name| self.slots.names(name));
        missed.into_iter().filter(|(_, all_wrong)| is_only || 1.0 - all_wrong >= OWN).map(|(told, _)| told).collect()
    }

    /// What a topic's answer tells of, if that is likely to be meant and this is a topic that may be meant.
    fn tells(&self, topic: &Topic<'a>, likely: &[Told<'a>]) -> Option<Told<'a>> {
        let is_candidate = topic.score.probability >= self.catalogue.policy().thresholds.candidate;
        self.told(topic).filter(|told| is_candidate && likely.contains(told))
    }

    /// What a topic's answer tells of the customer's own: at once, or once it is known which order is meant.
    fn told(&self, topic: &Topic<'a>) -> Option<Told<'a>> {
        let plan = plan(topic.intent, self)?;
        let waits = plan.missing == Some("order") && plan.answer.resolves != Resolves::Act && !plan.intent.is_high_risk;
        let subject = plan.answer.subject.filter(|_| waits || plan.is_safe())?;
        Some(Told { subject, intent: (!subject.is_told_once()).then_some(topic.intent.id.as_str()) })
    }

    /// The social intent that the message is, if it holds no business.
    #[must_use]
    pub fn social(&self) -> Option<Topic<'a>> {
        let first = self.topics.first()?;
        let social = labels::SOCIAL.contains(&first.intent.id.as_str());
        (social && first.score.probability >= LIKELY && self.business().is_empty()).then_some(*first)
    }

    /// Whether the message holds business, is small talk, or wants a person.
    #[must_use]
    pub fn is_understood_at_all(&self) -> bool {
        !self.business().is_empty() || self.social().is_some() || self.likely(labels::HUMAN_AGENT).is_some()
    }

    /// The intent, if it is likely.
    #[must_use]
    pub fn likely(&self, id: &str) -> Option<Topic<'a>> {
        self.topics.iter().find(|topic| topic.intent.id == id && topic.score.probability >= LIKELY).copied()
    }

    /// Intents worth asking about: up to three, one of a pair of siblings. Business, since the others are no topic.
    #[must_use]
    pub fn candidates(&self) -> Vec<Topic<'a>> {
        let least = self.catalogue.policy().thresholds.candidate;
        let mut out: Vec<Topic<'a>> = Vec::new();
        for topic in self.topics.iter().filter(|topic| topic.is_business() && topic.score.probability >= least) {
            if !out.iter().any(|other| other.intent.siblings.contains(&topic.intent.id)) {
                out.push(*topic);
            }
        }
        out.truncate(3);
        out
    }

    /// Who has the conversation: what is known here, and what the request says.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        match (self.incoming.request.handled_by, &self.situation.holder) {
            (HandledBy::Person, _) => &Holder::Person,
            (HandledBy::Queue, Holder::Bot) => &Holder::Queue(None),
            (_, own) => own,
        }
    }

    /// How often an intent was answered within the window, with the values that its slots have now.
    #[must_use]
    pub fn times_given(&self, intent: &Intent) -> usize {
        let window = self.catalogue.policy().windows.repetition;
        let from = self.now.timestamp().saturating_sub(window).unwrap_or(jiff::Timestamp::MIN);
        self.situation.state.times_given(&intent.id, &self.slot_values(intent), from)
    }

    /// The values that an intent's answers are worked out from, as one text: with others it is another question.
    #[must_use]
    pub fn slot_values(&self, intent: &Intent) -> String {
        let sums = |name: &str| intent.asks.baskets && ["amount", "promotion", "region"].contains(&name);
        let used = |slot: &&crate::reply::Slot| intent.slot(&slot.name).is_some() || sums(&slot.name);
        let mut values: Vec<String> = self.slots.found().iter().filter(used).map(|slot| slot.value.clone()).collect();
        if intent.asks.baskets {
            let basket = self.facts.scene().basket.iter();
            values.extend(basket.map(|line| format!("{}*{}", line.product, line.quantity.unwrap_or(1))));
        }
        values.join(" ")
    }

    /// Whether the customer has an idea for the shop, told without anger.
    #[must_use]
    pub fn is_suggestion(&self) -> bool {
        let policy = self.catalogue.policy();
        self.emotion.scores.anger < policy.thresholds.notice_upset && policy.suggestions.matches(self.message)
    }

    /// Whether what came with a message is for a person's eyes: it belongs to a topic whose queue looks at pictures, or to
    /// none that is known.
    #[must_use]
    pub fn is_aftersale(&self, topic: Option<&Intent>) -> bool {
        let earlier = || self.catalogue.intent(self.situation.state.topic.as_ref()?);
        topic.or_else(earlier).is_none_or(|intent| self.catalogue.policy().looks_at_pictures(&intent.queue))
    }

    /// Whether the customer gets more and more upset over the turns, and is so now.
    #[must_use]
    pub fn is_souring(&self) -> bool {
        let from = self.catalogue.policy().thresholds.mood_upset;
        self.mood.mood() == Mood::Falling && self.mood.level >= from && self.emotion.upset >= from
    }

    /// The customer's tier and tags.
    pub(super) fn tier(&self) -> Option<&str> {
        self.incoming.request.customer.as_ref()?.tier.as_deref()
    }

    pub(super) fn has_tag(&self, tag: &str) -> bool {
        self.incoming.request.customer.iter().flat_map(|customer| &customer.tags).any(|own| own == tag)
    }

    pub(super) fn has_attachment(&self) -> bool {
        !self.incoming.request.attachments.is_empty()
    }

    /// Whether a computed fact holds.
    pub(super) fn holds(&self, flag: Flag) -> bool {
        self.facts.holds(flag)
    }

    /// Whether something that an answer needs is known: a slot, or what was looked up for one.
    pub(super) fn has(&self, name: &str) -> bool {
        match name {
            "order" => self.facts.holds(Flag::OrderKnown),
            "product" => self.facts.holds(Flag::ProductKnown),
            slot => self.slots.has(slot),
        }
    }

    /// The same with other slots, and what follows from them.
    #[must_use]
    pub fn with_slots(&self, slots: Slots) -> Self {
        let facts = self.facts.with_slots(self.catalogue, &slots, self.now);
        Self { slots, facts, ..self.clone() }
    }
}
