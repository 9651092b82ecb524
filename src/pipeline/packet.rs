//! What a person who takes over is told.

use super::Handling;
use crate::answer::suggestions;
use crate::catalogue::Due;
use crate::facts::OrderFound;
use crate::policy::Decision;
use crate::text::mask_personal_data;
use crate::ticket::Packet;

/// All that this message adds to a hand-off; the turns come from the store.
pub(super) fn packet(handling: &Handling<'_>, decision: &Decision<'_>, due: &Due) -> Packet {
    let evidence = &handling.evidence;
    let mut answered: Vec<String> = Vec::new();
    for given in &evidence.situation.state.given {
        if !answered.contains(&given.intent) {
            answered.push(given.intent.clone());
        }
    }
    Packet {
        summary: summary(handling, decision),
        turns: Vec::new(),
        entities: evidence.slots.found().to_vec(),
        attachments: evidence.incoming.request.attachments.clone(),
        lookups: evidence.facts.found().lookups(),
        answered,
        signals: signals(handling),
        suggestions: suggestions(evidence, handling.language, due),
    }
}

/// What a person reads first: the customer's words with personal data masked, what they are about, how they feel.
fn summary(handling: &Handling<'_>, decision: &Decision<'_>) -> String {
    let evidence = &handling.evidence;
    let said = mask_personal_data(evidence.incoming.utterance().as_str(), evidence.message);
    let topic = evidence.business().first().copied().or_else(|| evidence.topics.first().map(|topic| topic.intent));
    let topic = topic.map_or("-", |intent| intent.title(false));
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

fn signals(handling: &Handling<'_>) -> Vec<String> {
    let (policy, message) = (handling.evidence.catalogue.policy(), handling.evidence.message);
    let named = [(&policy.threats, "threat_of_exposure"), (&policy.trigger_words, "insult")];
    let fixed = named.into_iter().filter(|(rule, _)| rule.matches(message)).map(|(_, name)| name);
    let own = policy.signals.iter().filter(|rule| rule.matches(message)).map(|rule| rule.id.as_str());
    let guesses = matches!(handling.evidence.facts.found().order, OrderFound::Wrong | OrderFound::Refused { .. });
    fixed.chain(own).chain(guesses.then_some("order_guessing")).map(str::to_owned).collect()
}
