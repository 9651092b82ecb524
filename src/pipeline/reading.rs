//! What a message means, read against what came before: scores, slots, and the business that it continues.

use jiff::civil::Date;

use super::{Parts, proof};
use crate::catalogue::{Catalogue, Intent};
use crate::conversation::{self, Awaiting, Situation};
use crate::head::{IntentScore, Lexical, Scores};
use crate::incoming::{Incoming, Role};
use crate::labels::PROVIDE_INFO;
use crate::model::Reading;
use crate::policy::Topic;
use crate::slots::{Before, Slots};
use crate::text::{Message, Utterance};

/// The most that another intent can be where it is settled what the message is.
const BESIDE_EXACT: f32 = 0.1;

/// Probability from which a message names a topic by itself, and then also tells what is done with it.
const NAMED: f32 = 0.5;

/// Earlier messages of a caller's history that are read for the business that a nudge continues, at most.
const LOOK_BACK: usize = 3;

/// Slots that are told to be worked with, where others come along in passing (昨天买的).
const DATA: [&str; 3] = ["region", "amount", "order_number"];

/// Slots that change what a basket comes to.
const BASKET: [&str; 5] = ["amount", "product", "quantity", "promotion", "region"];

/// Characters of a message that may be no more than a change of the basket (8桶，我有张店铺券，用了是多少).
const BASKET_TALK: usize = 40;

/// What a message means.
pub(super) struct Read<'a> {
    pub(super) topics: Vec<Topic<'a>>,
    pub(super) out_of_scope: f32,
    pub(super) pending: Option<&'a Intent>,
    pub(super) slots: Slots,
    /// The last four digits of a phone, given as proof.
    pub(super) digits: Option<String>,
    /// What is done with the topic, where it is an earlier message that told.
    pub(super) acts: Option<[f32; 4]>,
}

/// What is meant after all, where a message sets right what was understood; not where a lead says what it is as a whole.
pub(super) fn meant(catalogue: &Catalogue, message: &Message) -> Option<Message> {
    if catalogue.exact(message.plain()).is_some() {
        return None;
    }
    let meant = conversation::without_correction(message.plain())?;
    Some(Message::read(&Utterance::new(meant).ok()?))
}

/// Reads a message against what came before.
pub(super) fn read<'a>(
    parts: &Parts<'a>,
    (incoming, situation): (&Incoming, &Situation),
    (message, meant, reading): (&Message, Option<&Message>, &Reading),
    today: Date,
) -> Read<'a> {
    let state = &situation.state;
    let before = Before { carried: &state.slots, basket: &state.basket };
    let mut slots = Slots::fill(message, incoming, before, today, parts.lexicon);
    let picked = proof::picked(message, state, incoming.verified_customer());
    if let Some(number) = &picked {
        slots.choose_order(number);
    }
    let digits = proof::digits(message, &slots, state).filter(|_| picked.is_none());
    let said = meant.unwrap_or(message);
    let lexical = Lexical::of(said.model()).after(&model_form(&state.last_line));
    let mut scores = parts.head.score(reading, &lexical);
    // What a customer says it is not, it is not; but 不是480是680 sets a value right, not the topic.
    let topic = state.topic.as_deref().and_then(|id| parts.catalogue.intent(id));
    if let (Some(_), Some(rejected)) = (meant, topic.filter(|topic| !takes(topic, message.plain(), &slots))) {
        lower(&mut scores, |score| parts.catalogue.intents()[score.intent].id == rejected.id);
    }
    let chosen = chosen(parts.catalogue, (said, meant.is_some()), situation);
    let exact = parts.catalogue.exact(said.plain());
    let settled = chosen.or(exact).or_else(|| {
        let hands_over = picked.is_some() || digits.is_some();
        proof::continued(parts.catalogue, state, hands_over)
            .or_else(|| continued(parts.catalogue, (said, &slots), &scores, situation))
    });
    let own = |intent: usize| scores.intents.iter().find(|score| score.intent == intent);
    let is_named = settled.and_then(own).is_some_and(|score| score.probability >= NAMED);
    if let Some(intent) = settled {
        settle(&mut scores, intent);
    }
    let topics = topics(parts.catalogue, &scores.intents);
    let pending = pending(parts, (incoming, situation), &topics, &slots);
    let goes_on = chosen.is_some() || pending.is_some() || (settled.is_some() && exact.is_none() && !is_named);
    let acts = state.acts.filter(|_| goes_on);
    Read { topics, out_of_scope: scores.out_of_scope, pending, slots, digits, acts }
}

/// The choice that the message makes, of those that the last reply offered; or that it sets right.
fn chosen(catalogue: &Catalogue, (message, corrects): (&Message, bool), situation: &Situation) -> Option<usize> {
    let offered = match &situation.state.awaiting {
        Awaiting::Choice(offered) => offered,
        _ if corrects => &situation.state.offered,
        _ => return None,
    };
    let intents: Vec<&Intent> = offered.iter().filter_map(|id| catalogue.intent(id)).collect();
    let find = |titles: Vec<&str>| conversation::choice(message.plain(), &titles);
    let at = find(intents.iter().map(|intent| intent.title(false)).collect())
        .or_else(|| find(intents.iter().map(|intent| intent.title(true)).collect()))
        .or_else(|| find(intents.iter().map(|intent| intent.id.as_str()).collect()))?;
    catalogue.index(&intents[at].id)
}

/// The intent that a message goes on with although it does not name it: by the slot that was asked for, by yes to the one
/// thing that was offered, or by another value for what was just told (那西藏呢).
fn continued(
    catalogue: &Catalogue,
    (message, slots): (&Message, &Slots),
    scores: &Scores,
    situation: &Situation,
) -> Option<usize> {
    let state = &situation.state;
    let names = |slot: &str| slots.names(slot);
    let id_of = |score: &IntentScore| catalogue.intents()[score.intent].id.as_str();
    let first = scores.intents.first()?;
    let has_topic_of_its_own =
        |other: &str| scores.intents.iter().any(|s| s.is_confident() && is_business(id_of(s)) && id_of(s) != other);
    let uses = |id: &str| {
        let intent = catalogue.intent(id);
        intent.is_some_and(|intent| intent.slots.iter().any(|slot| names(&slot.name))) && !has_topic_of_its_own(id)
    };
    let id = match &state.awaiting {
        Awaiting::Slot { intent, slot } if names(slot) && !has_topic_of_its_own(intent) => intent,
        Awaiting::Choice(offered) if offered.len() == 1 && (id_of(first) == "affirm" || uses(&offered[0])) => {
            &offered[0]
        }
        _ => {
            let topic = catalogue.intent(state.topic.as_ref()?)?;
            if !takes(topic, message.plain(), slots) || has_topic_of_its_own(&topic.id) {
                return None;
            }
            // What somebody pays for shipping is part of a sum, and a topic by itself.
            let is_sum = |intent: &Intent| intent.asks.baskets && !conversation::is_fragment(message.plain());
            // Of the topics that this is worked out for, the one that the message itself speaks of.
            let least = catalogue.policy().thresholds.candidate;
            let own = scores.intents.iter().find(|s| s.probability >= least && is_business(id_of(s)));
            let own = own.map(|score| (&catalogue.intents()[score.intent], score.probability));
            let spoken_of = match own {
                Some((own, _)) if own.id == topic.id || (is_sum(own) && is_sum(topic)) => own,
                Some((own, probability))
                    if probability >= NAMED
                        && !conversation::is_fragment(message.plain())
                        && takes(own, message.plain(), slots) =>
                {
                    own
                }
                _ => topic,
            };
            let is_own = own.is_some_and(|(own, _)| own.id == spoken_of.id);
            let is_change = topic.asks.baskets && message.plain().chars().count() <= BASKET_TALK;
            if !is_own && !is_change && !conversation::is_ellipsis(message.plain()) {
                return None;
            }
            &spoken_of.id
        }
    };
    catalogue.index(id)
}

/// Whether a message tells something that answers of this intent are worked out from.
fn takes(intent: &Intent, plain: &str, slots: &Slots) -> bool {
    let another_order = slots.names("order_number") && conversation::opens_as_another(plain);
    let names = |name: &str| slots.names(name) && (name != "order_number" || another_order);
    let used = intent.slots.iter().any(|slot| names(&slot.name));
    used || (intent.asks.baskets && BASKET.into_iter().any(|name| slots.names(name)))
}

fn is_business(id: &str) -> bool {
    crate::labels::is_business(id)
}

/// Makes an intent certain: a lead, or the customer, said what this is. Whatever else the model hears in it is no second
/// topic.
fn settle(scores: &mut Scores, intent: usize) {
    let Some(at) = scores.intents.iter().position(|score| score.intent == intent) else { return };
    let mut first = scores.intents.remove(at);
    first.probability = first.probability.max(0.99);
    first.threshold = first.threshold.min(first.probability);
    lower(scores, |_| true);
    scores.intents.insert(0, first);
    scores.out_of_scope = scores.out_of_scope.min(0.01);
}

fn lower(scores: &mut Scores, which: impl Fn(&IntentScore) -> bool) {
    for score in scores.intents.iter_mut().filter(|score| which(score)) {
        score.probability = score.probability.min(BESIDE_EXACT);
    }
    scores.intents.sort_by(|a, b| b.probability.total_cmp(&a.probability));
}

fn topics<'a>(catalogue: &'a Catalogue, scores: &[IntentScore]) -> Vec<Topic<'a>> {
    scores.iter().map(|score| Topic { intent: &catalogue.intents()[score.intent], score: *score }).collect()
}

/// A line of the shop as the model reads it.
fn model_form(line: &str) -> String {
    Utterance::new(line).map(|line| Message::read(&line).model().to_owned()).unwrap_or_default()
}

/// What the customer spoke of before, when this message only chases it or hands over data for it.
fn pending<'a>(
    parts: &Parts<'a>,
    (incoming, situation): (&Incoming, &Situation),
    topics: &[Topic<'a>],
    slots: &Slots,
) -> Option<&'a Intent> {
    let catalogue = parts.catalogue;
    let first = topics.first()?;
    if !["nudge", PROVIDE_INFO].contains(&first.intent.id.as_str()) {
        return None;
    }
    let state = &situation.state;
    let earlier = match &state.topic {
        Some(topic) => catalogue.intent(topic),
        None => last_topic(parts, incoming),
    }?;
    // Data that nobody asked for, or for something that does not need it, is a topic still to be named.
    let is_asked_for = state.topic.is_none() || state.awaiting != Awaiting::Nothing;
    let fits = first.intent.id == "nudge"
        || earlier.slots.iter().any(|slot| slots.names(&slot.name))
        || (!DATA.into_iter().any(|name| slots.names(name)) && is_asked_for);
    fits.then_some(earlier)
}

/// What a message is by itself, with nothing before it.
pub(super) fn by_itself(parts: &Parts<'_>, message: &Message, reading: &Reading) -> Scores {
    let mut scores = parts.head.score(reading, &Lexical::of(message.model()).after(""));
    if let Some(exact) = parts.catalogue.exact(message.plain()) {
        settle(&mut scores, exact);
    }
    scores
}

/// The last business that a customer spoke of in a history that the caller keeps.
fn last_topic<'a>(parts: &Parts<'a>, incoming: &Incoming) -> Option<&'a Intent> {
    let catalogue = parts.catalogue;
    let mut earlier = incoming.history().iter().rev().filter(|past| past.role == Role::Customer).take(LOOK_BACK);
    earlier.find_map(|past| {
        let message = Message::read(&Utterance::new(past.text.as_str()).ok()?);
        let reading = parts.bundle.read(&message).ok()?;
        let scores = by_itself(parts, &message, &reading);
        let confident = |topic: &Topic<'_>| topic.is_business() && topic.score.is_confident();
        topics(catalogue, &scores.intents).into_iter().find(confident).map(|topic| topic.intent)
    })
}
