//! The path of one message, from text to reply, in the order in which it happens.

mod classify;
mod packet;
mod proof;
mod reading;
mod remember;

use std::time::Instant;

pub(crate) use self::classify::classify;
pub use self::classify::{Classified, Kept};
use self::reading::Read;
use crate::answer::{self, Said};
use crate::catalogue::{Catalogue, Due, Level, TextKey};
use crate::conversation::{Awaiting, Holder, Situation, State};
use crate::explain::Explanation;
use crate::facts::{Facts, Found, Known, Need, Pending, Scene, ShopData};
use crate::head::IntentHead;
use crate::incoming::{HandledBy, Incoming};
use crate::labels::Emotion;
use crate::model::{Bundle, EncoderError, Reading};
use crate::orders::Viewer;
use crate::policy::{self, Decision, Evidence, Topic};
use crate::reply::{
    Answer, DecisionKind, EmotionReading, EmotionScores, Handoff, Mood, Reason, Reply, ScoredIntent, Slot, Timings,
};
use crate::shop::Reason as ReturnReason;
use crate::slots::Lexicon;
use crate::text::{Language, Message, Tally, mask_personal_data};
use crate::ticket::Packet;

/// Who takes what nobody could read.
const FALLBACK_QUEUE: &str = "general";

/// The reason of a message that could not be processed.
const BROKEN: &str = "bot_error";

/// Slots by which an order is told, and that the customer may see it.
const PROOF: [&str; 2] = ["order_number", "phone_last4"];

/// What a message is decided with.
pub(crate) struct Parts<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) head: &'a IntentHead,
    pub(crate) data: &'a ShopData,
    /// Names of promotions and products.
    pub(crate) lexicon: &'a Lexicon,
    /// Names bundle and catalogue in the reply.
    pub(crate) model: &'a str,
    pub(crate) generation: &'a str,
}

impl<'a> Parts<'a> {
    /// The same with no data of the shop to ask.
    fn without_data(&self) -> Self {
        static NONE: ShopData = ShopData { orders: None, products: None };
        Parts { data: &NONE, ..*self }
    }
}

/// What comes of a message.
pub struct Handled {
    /// What the caller gets.
    pub reply: Reply,
    /// What the next message is read against.
    pub state: State,
    /// What a person would need to know.
    pub packet: Packet,
    /// How soon a person would have to see to it …
    pub level: Level,
    /// … by when.
    pub due: Due,
    /// Whether anything was understood: business, small talk, or the wish for a person.
    pub is_understood: bool,
}

impl Handled {
    /// Whether something broke, so that the message goes to a person unread.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.reply.reasons.first().is_some_and(|reason| reason.code == BROKEN)
    }
}

/// A message on its way.
struct Handling<'a> {
    evidence: Evidence<'a>,
    /// The languages of the customer's messages, this one included.
    languages: Tally,
    /// To answer in.
    language: Language,
}

/// Decides about one message. A failing model sends it to a person.
///
/// # Errors
/// What has to be waited for first: then it is decided again, with that known.
pub(crate) fn handle(
    parts: &Parts<'_>,
    (incoming, situation): (&Incoming, &Situation),
    known: &Known,
    now: &jiff::Zoned,
) -> Result<Handled, Pending> {
    let mut watch = Watch::start();
    let message = Message::read(incoming.utterance());
    watch.timings.normalise = watch.lap();

    let meant = reading::meant(parts.catalogue, &message);
    let reading = match parts.bundle.read(meant.as_ref().unwrap_or(&message)) {
        Ok(reading) => reading,
        Err(error) => {
            tracing::error!(%error, "the model failed; the message goes to a person");
            return Ok(fail_open(parts, incoming, situation, now));
        }
    };
    let handling = consider(parts, (incoming, situation), (&message, meant.as_ref(), &reading), known, now)?;
    watch.timings.encode = watch.lap();

    let decision = policy::decide(&handling.evidence);
    let level = level(parts.catalogue, &decision, &handling.evidence);
    let due = due(parts.catalogue, (level, &decision.queue), &handling.evidence);
    let said = match answer::words(&decision, &handling.evidence, handling.language, &due) {
        Ok(said) => said,
        Err(error) => {
            tracing::error!(%error, "a reply could not be put into words; the message goes to a person");
            return Ok(fail_open(parts, incoming, situation, now));
        }
    };
    let state = remember::remember(&handling, &decision, said.as_ref());
    let packet = packet::packet(&handling, &decision, &due);
    let is_understood = handling.evidence.is_understood_at_all();
    watch.timings.decide = watch.lap();
    let reply = reply(parts, &handling, (decision, level, &due), (said, &packet), watch.timings);
    Ok(Handled { reply, state, packet, level, due, is_understood })
}

/// Everything that the decision about a message as read looks at.
fn consider<'a>(
    parts: &Parts<'a>,
    (incoming, situation): (&'a Incoming, &'a Situation),
    (message, meant, reading): (&'a Message, Option<&Message>, &Reading),
    known: &Known,
    now: &'a jiff::Zoned,
) -> Result<Handling<'a>, Pending> {
    let read = reading::read(parts, (incoming, situation), (message, meant, reading), now.date());
    let emotion = EmotionReading::of(reading.emotion, reading.intensity);
    let mood = situation.state.mood.after(emotion.upset, now.timestamp());
    let mut languages = situation.state.languages;
    languages.add(incoming.utterance().as_str());
    let reason = reason(parts.catalogue, message, &read.topics);
    let scene = Scene::of(incoming, &situation.state, &read.slots, reason, message.plain());
    let found = looked_up(parts, (incoming, situation), (&read, &scene), known, now)?;
    let facts = Facts::of(parts.catalogue, &read.slots, scene, found, now);
    Ok(Handling {
        evidence: Evidence {
            message,
            incoming,
            catalogue: parts.catalogue,
            topics: read.topics,
            out_of_scope: read.out_of_scope,
            pending: read.pending,
            emotion: EmotionReading { mood: mood.mood(), ..emotion },
            acts: read.acts.unwrap_or(reading.act),
            is_question: parts.catalogue.policy().questions.matches(message),
            slots: read.slots,
            facts,
            situation,
            mood,
            now,
        },
        language: incoming.language.or(languages.majority()).unwrap_or_default(),
        languages,
    })
}

/// What the shop's data say to a message. An order is looked up while the bot has the conversation: nothing of one is told,
/// and no digits are tried, once a person is called.
fn looked_up(
    parts: &Parts<'_>,
    (incoming, situation): (&Incoming, &Situation),
    (read, scene): (&Read<'_>, &Scene),
    known: &Known,
    now: &jiff::Zoned,
) -> Result<Found, Pending> {
    let with_bot = situation.holder == Holder::Bot && incoming.request.handled_by == HandledBy::Bot;
    let least = parts.catalogue.policy().thresholds.candidate;
    let is_likely = |topic: &&Topic<'_>| topic.is_business() && topic.score.probability >= least;
    let topics = || read.topics.iter().filter(is_likely).map(|topic| topic.intent).chain(read.pending);
    let is_awaited = matches!(&situation.state.awaiting, Awaiting::Slot { slot, .. } if PROOF.contains(&slot.as_str()));
    let asks_order =
        topics().any(|intent| intent.asks.orders) || is_awaited || read.slots.is_number_alone(&scene.plain);
    let need = Need {
        order: with_bot && asks_order,
        items: topics().any(|intent| intent.asks.items),
        product: topics().any(|intent| intent.asks.products),
        basket: topics().any(|intent| intent.asks.baskets),
        slots: &read.slots,
        scene,
        context_product: incoming.request.context.as_ref().and_then(|context| context.product.as_deref()),
        viewer: Viewer {
            customer: incoming.verified_customer(),
            digits: read.digits.as_deref(),
            proven: &situation.state.proven,
            conversation: incoming.ids().0,
            wrong: situation.state.wrong_proofs,
            is_trial: false,
        },
        now: now.timestamp(),
    };
    Found::look_up(&need, parts.data, known)
}

/// Why goods would go back, if the message tells.
fn reason(catalogue: &Catalogue, message: &Message, topics: &[Topic<'_>]) -> Option<ReturnReason> {
    let is_about = |id: &str| topics.iter().any(|topic| topic.intent.id == id && topic.score.probability >= 0.5);
    if is_about("wrong_or_missing") {
        return Some(ReturnReason::Wrong);
    }
    (is_about("quality_issue") || catalogue.policy().faults.matches(message)).then_some(ReturnReason::Faulty)
}

/// What the decision about a message was made of, and what would have changed it.
///
/// # Errors
/// When the model fails.
pub(crate) fn explain(parts: &Parts<'_>, incoming: &Incoming, now: &jiff::Zoned) -> Result<Explanation, EncoderError> {
    let situation = Situation::of_history(incoming, parts.catalogue, parts.lexicon);
    let message = Message::read(incoming.utterance());
    let meant = reading::meant(parts.catalogue, &message);
    let reading = parts.bundle.read(meant.as_ref().unwrap_or(&message))?;
    let about = (&message, meant.as_ref(), &reading);
    // What would have to be waited for counts as not to be had.
    let handling = consider(parts, (incoming, &situation), about, &Known::default(), now)
        .or_else(|_pending| consider(&parts.without_data(), (incoming, &situation), about, &Known::default(), now));
    let Ok(handling) = handling else { unreachable!("without data nothing has to be waited for") };
    let nearest = parts.head.nearest(&reading, Explanation::NEAREST);
    Ok(Explanation::of(&handling.evidence, &in_order(&handling.evidence), &nearest))
}

/// The reply as the caller gets it. Whether it is durable, and its ticket, are known only once it is stored.
fn reply(
    parts: &Parts<'_>,
    handling: &Handling<'_>,
    (decision, level, due): (Decision<'_>, Level, &Due),
    (said, packet): (Option<Said>, &Packet),
    timings_us: Timings,
) -> Reply {
    let evidence = &handling.evidence;
    let incoming = evidence.incoming;
    let handoff = (decision.kind == DecisionKind::Handoff).then(|| Handoff {
        ticket_id: None,
        queue: decision.queue.clone(),
        level,
        respond_due_at: due.respond_at.timestamp(),
        resolve_due_at: due.solve_at.as_ref().map(jiff::Zoned::timestamp),
        summary: packet.summary.clone(),
        signals: packet.signals.clone(),
    });
    let with_person = *evidence.holder() == Holder::Person;
    let (conversation, own) = incoming.ids();
    Reply {
        conversation_id: conversation.map(str::to_owned),
        message_id: own.map(str::to_owned),
        decision: decision.kind,
        durable: false,
        shadow: false,
        supersedes: Vec::new(),
        answer: said.map(|said| said.answer),
        suggestions: if with_person { packet.suggestions.clone() } else { Vec::new() },
        intents: scored(evidence),
        out_of_scope: evidence.out_of_scope,
        slots: evidence.slots.found().iter().map(|slot| in_own_text(slot, incoming.before)).collect(),
        emotion: evidence.emotion.clone(),
        handoff,
        reasons: decision.reasons,
        model: parts.model.to_owned(),
        catalogue: parts.generation.to_owned(),
        timings_us,
    }
}

/// The hand-off of a message that could not be understood because something broke.
pub(crate) fn fail_open(parts: &Parts<'_>, incoming: &Incoming, situation: &Situation, now: &jiff::Zoned) -> Handled {
    let due = parts.catalogue.policy().due(Level::Normal, FALLBACK_QUEUE, now);
    let mut languages = situation.state.languages;
    languages.add(incoming.utterance().as_str());
    let language = incoming.language.or(languages.majority()).unwrap_or_default();
    let text = answer::plain(parts.catalogue, TextKey::HandoffGeneral, language, (now, &due));
    let message = Message::read(incoming.utterance());
    let summary = mask_personal_data(incoming.utterance().as_str(), &message);
    // A person who has the conversation is told; the customer is not talked over.
    let with_person = incoming.request.handled_by == HandledBy::Person || situation.holder == Holder::Person;
    let reason = Reason { code: BROKEN.into(), detail: "the message could not be processed".into() };
    let mut reply = blank(parts, incoming, DecisionKind::Handoff, reason);
    reply.answer = text.filter(|_| !with_person).map(|text| Answer {
        text,
        lang: language,
        intents: Vec::new(),
        variant: 0,
        choices: Vec::new(),
    });
    reply.handoff = Some(Handoff {
        ticket_id: None,
        queue: FALLBACK_QUEUE.to_owned(),
        level: Level::Normal,
        respond_due_at: due.respond_at.timestamp(),
        resolve_due_at: due.solve_at.as_ref().map(jiff::Zoned::timestamp),
        summary: summary.clone(),
        signals: Vec::new(),
    });
    let packet = Packet { summary, attachments: incoming.request.attachments.clone(), ..Packet::default() };
    let state = State { languages, last_at: Some(now.timestamp()), burst: None, ..situation.state.clone() };
    Handled { reply, state, packet, level: Level::Normal, due, is_understood: false }
}

/// A reply to a message that was not read.
pub(crate) fn blank(parts: &Parts<'_>, incoming: &Incoming, decision: DecisionKind, reason: Reason) -> Reply {
    let (conversation, own) = incoming.ids();
    let calm = EmotionScores { neutral: 1.0, positive: 0.0, anxiety: 0.0, disappointment: 0.0, anger: 0.0 };
    Reply {
        conversation_id: conversation.map(str::to_owned),
        message_id: own.map(str::to_owned),
        decision,
        durable: false,
        shadow: false,
        supersedes: Vec::new(),
        answer: None,
        suggestions: Vec::new(),
        intents: Vec::new(),
        out_of_scope: 0.0,
        emotion: EmotionReading {
            label: Emotion::Neutral,
            scores: calm,
            upset: 0.0,
            intensity: 0.0,
            mood: Mood::Steady,
        },
        slots: Vec::new(),
        handoff: None,
        reasons: vec![reason],
        model: parts.model.to_owned(),
        catalogue: parts.generation.to_owned(),
        timings_us: Timings::default(),
    }
}

/// By when a person must see to it: as promised before, where a ticket waits that is no less urgent.
fn due(catalogue: &Catalogue, (level, queue): (Level, &str), evidence: &Evidence<'_>) -> Due {
    let (policy, now) = (catalogue.policy(), evidence.now);
    match evidence.holder() {
        Holder::Queue(Some(waiting)) if level <= waiting.level && waiting.respond_due_at > now.timestamp() => Due {
            respond_at: waiting.respond_due_at.to_zoned(now.time_zone().clone()),
            solve_at: None,
            ..policy.due(waiting.level, &waiting.queue, now)
        },
        _ => policy.due(level, queue, now),
    }
}

/// A slot with its place in the message's own text; without one where it stands in the text before it, of so many characters.
fn in_own_text(slot: &Slot, before: usize) -> Slot {
    let own = |place: Option<usize>| place.and_then(|place| place.checked_sub(before));
    let start = own(slot.start);
    Slot { start, end: start.and(own(slot.end)), ..slot.clone() }
}

fn level(catalogue: &Catalogue, decision: &Decision<'_>, evidence: &Evidence<'_>) -> Level {
    let intents: Vec<String> = evidence.business().iter().map(|intent| intent.id.clone()).collect();
    let threat = catalogue.policy().threats.matches(evidence.message).then_some("threat");
    let suggestion = evidence.is_suggestion().then_some("suggestion");
    let reasons = decision.reasons.iter().map(|reason| reason.code.as_str());
    let codes: Vec<&str> = reasons.chain(threat).chain(suggestion).collect();
    catalogue.policy().level(&intents, codes.iter().copied())
}

/// Intents for the reply, with the probability of each.
fn scored(evidence: &Evidence<'_>) -> Vec<ScoredIntent> {
    let scored = |topic: &Topic<'_>| ScoredIntent {
        id: topic.intent.id.clone(),
        score: topic.score.probability,
        act: topic.is_business().then_some(evidence.act()),
    };
    in_order(evidence).iter().map(scored).collect()
}

/// The decided intents first, then by probability.
fn in_order<'a>(evidence: &Evidence<'a>) -> Vec<Topic<'a>> {
    let decided = evidence.business();
    let place = |topic: &Topic<'_>| decided.iter().position(|intent| intent.id == topic.intent.id);
    let mut topics = evidence.topics.clone();
    topics.sort_by_key(|topic| place(topic).unwrap_or(usize::MAX));
    topics
}

/// Measures stages.
struct Watch {
    last: Instant,
    timings: Timings,
}

impl Watch {
    fn start() -> Self {
        Self { last: Instant::now(), timings: Timings::default() }
    }

    /// Microseconds since the last lap.
    fn lap(&mut self) -> u64 {
        let now = Instant::now();
        let micros = u64::try_from(now.duration_since(self.last).as_micros()).unwrap_or(u64::MAX);
        self.last = now;
        micros
    }
}
