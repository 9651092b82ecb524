//! The path of one message, from text to reply, in the order in which it happens.

use std::time::Instant;

use crate::answer;
use crate::catalogue::{Catalogue, Intent, Level};
use crate::explain::Explanation;
use crate::head::{IntentHead, IntentScore, Lexical, Scores};
use crate::incoming::{HandledBy, Incoming, Role};
use crate::labels::Emotion;
use crate::model::{Bundle, EncoderError, Reading};
use crate::policy::{self, Decision, Evidence, Topic};
use crate::reply::{DecisionKind, EmotionReading, EmotionScores, Handoff, Mood, Reason, Reply, ScoredIntent, Timings};
use crate::slots::Slots;
use crate::text::{Language, Message, Utterance, mask_personal_data};

/// The most that another intent can be where a lead's example or pattern is the message.
const BESIDE_EXACT: f32 = 0.1;

/// Who takes what nobody could read.
const FALLBACK_QUEUE: &str = "general";

/// What a message is decided with.
pub(crate) struct Parts<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) head: &'a IntentHead,
    /// Names bundle and catalogue in the reply.
    pub(crate) model: &'a str,
    pub(crate) generation: &'a str,
}

/// Decides about one message. A failing model sends it to a person.
pub(crate) fn handle(parts: &Parts<'_>, incoming: &Incoming, now: &jiff::Zoned) -> Reply {
    let mut watch = Watch::start();
    let message = Message::read(incoming.utterance());
    watch.timings.normalise = watch.lap();

    let reading = match parts.bundle.read(&message) {
        Ok(reading) => reading,
        Err(error) => {
            tracing::error!(%error, "the model failed; the message goes to a person");
            return fail_open(parts, incoming, now);
        }
    };
    let evidence = evidence(parts, incoming, (&message, &reading), now.date());
    watch.timings.encode = watch.lap();

    let decision = policy::decide(&evidence);
    let language = language(incoming);
    let level = level(parts.catalogue, &decision, &evidence);
    let due = parts.catalogue.policy().due(level, &decision.queue, now);
    let answer = match answer::words(&decision, &evidence, language, (now, &due)) {
        Ok(answer) => answer,
        Err(error) => {
            tracing::error!(%error, "a reply could not be put into words; the message goes to a person");
            return fail_open(parts, incoming, now);
        }
    };
    let handoff = (decision.kind == DecisionKind::Handoff).then(|| Handoff {
        ticket_id: None,
        queue: decision.queue.clone(),
        level,
        respond_due_at: due.respond_at.timestamp(),
        resolve_due_at: due.solve_at.as_ref().map(jiff::Zoned::timestamp),
        summary: summary(&evidence, &decision),
        signals: signals(&evidence),
    });
    watch.timings.decide = watch.lap();

    let (conversation, own) = incoming.ids();
    Reply {
        conversation_id: conversation.map(str::to_owned),
        message_id: own.map(str::to_owned),
        decision: decision.kind,
        durable: false,
        supersedes: Vec::new(),
        answer,
        intents: scored(&evidence),
        out_of_scope: evidence.out_of_scope,
        slots: evidence.slots.found().to_vec(),
        emotion: evidence.emotion,
        handoff,
        reasons: decision.reasons,
        model: parts.model.to_owned(),
        catalogue: parts.generation.to_owned(),
        timings_us: watch.timings,
    }
}

/// Everything that the decision about a message as read looks at.
fn evidence<'a>(
    parts: &Parts<'a>,
    incoming: &'a Incoming,
    (message, reading): (&'a Message, &Reading),
    today: jiff::civil::Date,
) -> Evidence<'a> {
    let scores = score(parts, message, reading, &line_before(incoming));
    Evidence {
        message,
        incoming,
        catalogue: parts.catalogue,
        topics: topics(parts.catalogue, &scores.intents),
        out_of_scope: scores.out_of_scope,
        pending: pending(parts, incoming, &scores.intents),
        emotion: EmotionReading::of(reading.emotion, reading.intensity),
        acts: reading.act,
        slots: Slots::fill(message, incoming),
        today,
    }
}

/// What the decision about a message was made of, and what would have changed it.
///
/// # Errors
/// When the model fails.
pub(crate) fn explain(parts: &Parts<'_>, incoming: &Incoming, now: &jiff::Zoned) -> Result<Explanation, EncoderError> {
    let message = Message::read(incoming.utterance());
    let reading = parts.bundle.read(&message)?;
    let evidence = evidence(parts, incoming, (&message, &reading), now.date());
    let nearest = parts.head.nearest(&reading, Explanation::NEAREST);
    Ok(Explanation::of(&evidence, &in_order(&evidence), &nearest))
}

/// The hand-off of a message that could not be understood because something broke.
pub(crate) fn fail_open(parts: &Parts<'_>, incoming: &Incoming, now: &jiff::Zoned) -> Reply {
    let due = parts.catalogue.policy().due(Level::Normal, FALLBACK_QUEUE, now);
    let text = answer::plain_handoff(parts.catalogue, language(incoming), (now, &due));
    let (conversation, own) = incoming.ids();
    let calm = EmotionScores { neutral: 1.0, positive: 0.0, anxiety: 0.0, disappointment: 0.0, anger: 0.0 };
    let message = Message::read(incoming.utterance());
    // A person who has the conversation is told; the customer is not talked over.
    let person_present = incoming.request.handled_by == HandledBy::Person;
    Reply {
        conversation_id: conversation.map(str::to_owned),
        message_id: own.map(str::to_owned),
        decision: DecisionKind::Handoff,
        durable: false,
        supersedes: Vec::new(),
        answer: text.filter(|_| !person_present).map(|text| crate::reply::Answer {
            text,
            lang: language(incoming),
            intents: Vec::new(),
            variant: 0,
            choices: Vec::new(),
        }),
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
        handoff: Some(Handoff {
            ticket_id: None,
            queue: FALLBACK_QUEUE.to_owned(),
            level: Level::Normal,
            respond_due_at: due.respond_at.timestamp(),
            resolve_due_at: due.solve_at.as_ref().map(jiff::Zoned::timestamp),
            summary: mask_personal_data(incoming.utterance().as_str(), &message),
            signals: Vec::new(),
        }),
        reasons: vec![Reason { code: "bot_error".into(), detail: "the message could not be processed".into() }],
        model: parts.model.to_owned(),
        catalogue: parts.generation.to_owned(),
        timings_us: Timings::default(),
    }
}

/// What the agent or the bot said last, as the model reads it; empty if nobody said anything.
fn line_before(incoming: &Incoming) -> String {
    let mut said = incoming.history().iter().rev().filter(|past| past.role != Role::Customer);
    let utterance = said.next().and_then(|past| Utterance::new(past.text.as_str()).ok());
    utterance.map(|utterance| Message::read(&utterance).model().to_owned()).unwrap_or_default()
}

/// Every intent's score: certain where a lead's example or pattern is the message, the head's otherwise.
fn score(parts: &Parts<'_>, message: &Message, reading: &Reading, before: &str) -> Scores {
    let mut scores = parts.head.score(reading, &Lexical::of(message.model()).after(before));
    if let Some(exact) = parts.catalogue.exact(message.plain())
        && let Some(at) = scores.intents.iter().position(|score| score.intent == exact)
    {
        let mut first = scores.intents.remove(at);
        first.probability = first.probability.max(0.99);
        first.threshold = first.threshold.min(first.probability);
        // A lead said what this is: whatever else the model hears in it is no second topic.
        for other in &mut scores.intents {
            other.probability = other.probability.min(BESIDE_EXACT);
        }
        scores.intents.insert(0, first);
        scores.out_of_scope = scores.out_of_scope.min(0.01);
    }
    scores
}

fn topics<'a>(catalogue: &'a Catalogue, scores: &[IntentScore]) -> Vec<Topic<'a>> {
    scores.iter().map(|score| Topic { intent: &catalogue.intents()[score.intent], score: *score }).collect()
}

/// What the customer spoke of before, when this message only chases it or hands over data for it.
fn pending<'a>(parts: &Parts<'a>, incoming: &Incoming, scores: &[IntentScore]) -> Option<&'a Intent> {
    let catalogue = parts.catalogue;
    let first = scores.first()?;
    let continues = ["nudge", "provide_info"].contains(&catalogue.intents()[first.intent].id.as_str());
    if !continues {
        return None;
    }
    let mut earlier = incoming.history().iter().rev().filter(|past| past.role == Role::Customer).take(3);
    earlier.find_map(|past| {
        let message = Message::read(&Utterance::new(past.text.as_str()).ok()?);
        let reading: Result<Reading, EncoderError> = parts.bundle.read(&message);
        let scores = score(parts, &message, &reading.ok()?, "");
        topics(catalogue, &scores.intents)
            .into_iter()
            .find(|topic| topic.is_business() && topic.score.is_confident())
            .map(|topic| topic.intent)
    })
}

/// The language to answer in: as asked for, else that of the message, else that of most of the customer's messages.
fn language(incoming: &Incoming) -> Language {
    let text = incoming.utterance().as_str();
    let said = |text: &str| text.chars().any(char::is_alphabetic);
    incoming.language.unwrap_or_else(|| {
        let customer = incoming.history().iter().filter(|past| past.role == Role::Customer);
        let history = customer.map(|past| past.text.as_str());
        let all = history.chain(said(text).then_some(text));
        Language::majority(all).unwrap_or_default()
    })
}

fn level(catalogue: &Catalogue, decision: &Decision<'_>, evidence: &Evidence<'_>) -> Level {
    let intents: Vec<String> = evidence.business().iter().map(|intent| intent.id.clone()).collect();
    let threat = catalogue.policy().threats.matches(evidence.message).then_some("threat");
    let codes: Vec<&str> = decision.reasons.iter().map(|reason| reason.code.as_str()).chain(threat).collect();
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

/// What a person reads first: the customer's words with personal data masked, what they are about, how they feel.
fn summary(evidence: &Evidence<'_>, decision: &Decision<'_>) -> String {
    let said = mask_personal_data(evidence.incoming.utterance().as_str(), evidence.message);
    let topic = evidence.topics.first().map_or("-", |topic| topic.intent.title(false));
    let emotion = &evidence.emotion;
    let why = decision.reasons.first().map_or("", |reason| reason.code.as_str());
    let mut out = format!("「{said}」 {topic} · {} {:.2} · {why}", emotion.label.id(), emotion.upset);
    for slot in evidence.slots.found() {
        out.push_str(&format!(" · {}: {}", slot.name, slot.value));
    }
    for attachment in &evidence.incoming.request.attachments {
        out.push_str(&format!(" · {:?}: {}", attachment.kind, attachment.reference));
    }
    out
}

fn signals(evidence: &Evidence<'_>) -> Vec<String> {
    let policy = evidence.catalogue.policy();
    let mut out = Vec::new();
    if policy.threats.matches(evidence.message) {
        out.push("threat_of_exposure".to_owned());
    }
    if policy.trigger_words.matches(evidence.message) {
        out.push("insult".to_owned());
    }
    out
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
