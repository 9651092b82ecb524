use std::collections::BTreeSet;

use serde::Serialize;

use crate::catalogue::Level;
use crate::reply::{DecisionKind, Reply};

/// How a decision changed, in the order in which a lead should read: what went wrong here is noticed by nobody else.
///
/// First what a customer loses: the person who would have come, hours, the answer at once, any help. Then what may
/// now be said wrongly: another topic, or an answer where there was none, which nobody looks at either and so is
/// never harmless. Last what costs little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person took it, and no longer does.
    NoLongerHandedOff,
    /// A person still takes it, but has more time to.
    LessUrgent,
    /// A person takes what the program did alone.
    NewlyHandedOff,
    /// It was answered; now the program asks back, cannot help, or says nothing.
    NoLongerAnswered,
    /// The program asked back; now it cannot help, or says nothing.
    NewlyTurnedAway,
    /// Answered or handed over as before, but about something else.
    OtherIntent,
    /// An answer where there was none.
    NewlyAnswered,
    /// The program asks back as before, but about something else.
    OtherQuestion,
    /// The program asks back where it could not help, or says something where it said nothing.
    NewlyAsked,
    /// Another team takes it, or with more urgency.
    OtherQueue,
    /// The same decision about the same intents in other words; a number may be among them.
    OtherWording,
}

impl Kind {
    /// The id, as in JSON.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.words().0
    }

    /// What it means, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NoLongerHandedOff => ("no_longer_handed_off", "a person took these"),
            Self::LessUrgent => ("less_urgent", "a person still takes these, but has more time to"),
            Self::NewlyHandedOff => ("newly_handed_off", "a person takes what the program did alone"),
            Self::NoLongerAnswered => ("no_longer_answered", "these were answered"),
            Self::NewlyTurnedAway => ("newly_turned_away", "the program asked back, and no longer helps"),
            Self::OtherIntent => ("other_intent", "answered or handed over as something else"),
            Self::NewlyAnswered => ("newly_answered", "answered with nobody looking: is it right?"),
            Self::OtherQuestion => ("other_question", "the program asks back about something else"),
            Self::NewlyAsked => ("newly_asked", "the program asks back where it did not help"),
            Self::OtherQueue => ("other_queue", "another team takes these, or sooner"),
            Self::OtherWording => ("other_wording", "the same decision in other words or numbers"),
        }
    }

    /// Tells two decisions about one message apart; `None` if customer and colleagues notice no difference.
    #[must_use]
    pub fn of(old: &Side, new: &Side) -> Option<Self> {
        let (had, has) = (old.help(), new.help());
        let kind = match (had, has) {
            (Help::Person, Help::Person) => return handed_over(old, new).or_else(|| words(old, new)),
            (Help::Person, _) => Self::NoLongerHandedOff,
            (_, Help::Person) => Self::NewlyHandedOff,
            _ if had == has => return topic(old, new).or_else(|| words(old, new)),
            (Help::Answer, _) => Self::NoLongerAnswered,
            (_, Help::Answer) => Self::NewlyAnswered,
            _ if has < had => Self::NewlyTurnedAway,
            _ => Self::NewlyAsked,
        };
        Some(kind)
    }
}

/// What of a hand-off changed. Why it is one may change freely, as long as the same person takes it as soon.
fn handed_over(old: &Side, new: &Side) -> Option<Kind> {
    let about_both = !old.intents.is_empty() && !new.intents.is_empty();
    if new.level < old.level {
        Some(Kind::LessUrgent)
    } else if about_both && old.about() != new.about() {
        Some(Kind::OtherIntent)
    } else {
        ((&old.queue, old.level) != (&new.queue, new.level)).then_some(Kind::OtherQueue)
    }
}

/// Whether answer or question are about something else.
fn topic(old: &Side, new: &Side) -> Option<Kind> {
    let same = old.because == new.because && (old.is_one_line() || old.about() == new.about());
    match old.decision {
        _ if same => None,
        DecisionKind::Silent => None,
        DecisionKind::Ask => Some(Kind::OtherQuestion),
        DecisionKind::Answer | DecisionKind::Handoff => Some(Kind::OtherIntent),
    }
}

fn words(old: &Side, new: &Side) -> Option<Kind> {
    (old.says != new.says).then_some(Kind::OtherWording)
}

/// What a customer gets, the least first. "That is beyond me" is an answer to the policy, not to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Help {
    Nothing,
    TurnedAway,
    Question,
    Answer,
    Person,
}

/// What remains of a reply for comparing it: decision, reason, topic, words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// What happens with the message.
    pub decision: DecisionKind,
    /// The code of the deciding reason.
    pub because: String,
    /// The evidence for it.
    pub detail: String,
    /// The intents that the reply is about.
    pub intents: Vec<String>,
    /// The intents that it offers to choose from.
    pub choices: Vec<String>,
    /// How sure the decision is, 0 to 1: the score of its first intent, or of what else decided.
    pub score: f32,
    /// Who takes it over, for hand-offs.
    pub queue: Option<String>,
    /// How soon, for hand-offs.
    pub level: Option<Level>,
    /// What the customer reads; none when silent.
    pub says: Option<String>,
}

impl Side {
    /// What remains of a reply.
    #[must_use]
    pub fn of(reply: &Reply) -> Self {
        let reason = reply.reasons.first();
        let answer = reply.answer.as_ref();
        Self {
            decision: reply.decision,
            because: reason.map(|reason| reason.code.clone()).unwrap_or_default(),
            detail: reason.map(|reason| reason.detail.clone()).unwrap_or_default(),
            intents: answer.map(|answer| answer.intents.clone()).unwrap_or_default(),
            choices: answer
                .map(|answer| answer.choices.iter().map(|choice| choice.value.clone()).collect())
                .unwrap_or_default(),
            score: sureness(reply),
            queue: reply.handoff.as_ref().map(|handoff| handoff.queue.clone()),
            level: reply.handoff.as_ref().map(|handoff| handoff.level),
            says: answer.map(|answer| answer.text.clone()),
        }
    }

    fn help(&self) -> Help {
        match self.decision {
            DecisionKind::Silent => Help::Nothing,
            DecisionKind::Answer if self.because == "out_of_scope" => Help::TurnedAway,
            DecisionKind::Ask => Help::Question,
            DecisionKind::Answer => Help::Answer,
            DecisionKind::Handoff => Help::Person,
        }
    }

    /// Whether the reason alone tells what is said: which intent it came from is noticed by nobody.
    fn is_one_line(&self) -> bool {
        ["out_of_scope", "closing", "low_confidence"].contains(&self.because.as_str())
    }

    /// Intents and choices; their order is a matter of words.
    fn about(&self) -> BTreeSet<&str> {
        self.intents.iter().chain(&self.choices).map(String::as_str).collect()
    }
}

/// The probability that carried the decision.
fn sureness(reply: &Reply) -> f32 {
    let because = reply.reasons.first().map_or("", |reason| reason.code.as_str());
    let topic = reply.answer.iter().flat_map(|answer| &answer.intents).next();
    let score = |id: &String| reply.intents.iter().find(|intent| intent.id == *id).map(|intent| intent.score);
    if because.starts_with("emotion:") {
        reply.emotion.upset
    } else if let Some(score) = topic.and_then(score) {
        score
    } else if because == "out_of_scope" {
        reply.out_of_scope
    } else {
        reply.intents.first().map_or(0.0, |first| first.score)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `answer`, `ask`, `handoff`, `silent`; `beyond` is the answer that turns a customer away.
    fn side(name: &str) -> Side {
        let (decision, because, intent) = match name {
            "answer" => (DecisionKind::Answer, "answered", "stock"),
            "beyond" => (DecisionKind::Answer, "out_of_scope", ""),
            "ask" => (DecisionKind::Ask, "slot:region", "stock"),
            "handoff" => (DecisionKind::Handoff, "action_needed", "stock"),
            _ => (DecisionKind::Silent, "queued", ""),
        };
        let is_handoff = decision == DecisionKind::Handoff;
        Side {
            decision,
            because: because.to_owned(),
            detail: String::new(),
            intents: Some(intent.to_owned()).filter(|id| !id.is_empty()).into_iter().collect(),
            choices: Vec::new(),
            score: 0.9,
            queue: is_handoff.then(|| "presale".to_owned()),
            level: is_handoff.then_some(Level::Normal),
            says: (name != "silent").then(|| name.to_owned()),
        }
    }

    #[test]
    fn every_pair_of_decisions() {
        let names = ["answer", "beyond", "ask", "handoff", "silent"];
        // Row: before; column: after.
        let table = [
            ["-", "no_longer_answered", "no_longer_answered", "newly_handed_off", "no_longer_answered"],
            ["newly_answered", "-", "newly_asked", "newly_handed_off", "newly_turned_away"],
            ["newly_answered", "newly_turned_away", "-", "newly_handed_off", "newly_turned_away"],
            ["no_longer_handed_off", "no_longer_handed_off", "no_longer_handed_off", "-", "no_longer_handed_off"],
            ["newly_answered", "newly_asked", "newly_asked", "newly_handed_off", "-"],
        ];
        for (before, row) in names.iter().zip(table) {
            for (after, expected) in names.iter().zip(row) {
                let kind = Kind::of(&side(before), &side(after)).map_or("-", Kind::id);
                assert_eq!(kind, expected, "{before} → {after}");
            }
        }
    }

    #[test]
    fn the_same_decision_otherwise() {
        type Edit = fn(&mut Side);
        let cases: [(&str, &str, Edit, &str); 17] = [
            ("other words", "answer", |side| side.says = Some("有货".into()), "other_wording"),
            ("another score", "answer", |side| side.score = 0.5, "-"),
            ("other evidence", "answer", |side| side.detail = "stock/general 0.91".into(), "-"),
            ("another topic", "answer", |side| side.intents = vec!["price".into()], "other_intent"),
            ("a second topic", "answer", |side| side.intents.push("price".into()), "other_intent"),
            ("a closing line", "answer", |side| side.because = "closing".into(), "other_intent"),
            ("small talk", "beyond", |side| side.intents = vec!["chitchat".into()], "-"),
            ("another slot", "ask", |side| side.because = "slot:amount".into(), "other_question"),
            ("a choice more", "ask", |side| side.choices.push("price".into()), "other_question"),
            ("another question", "ask", |side| side.says = Some("?".into()), "other_wording"),
            ("another reason", "handoff", |side| side.because = "complaint".into(), "-"),
            ("no fact beside it", "handoff", |side| side.intents.clear(), "-"),
            ("another topic", "handoff", |side| side.intents = vec!["price".into()], "other_intent"),
            ("another team", "handoff", |side| side.queue = Some("order".into()), "other_queue"),
            ("sooner", "handoff", |side| side.level = Some(Level::Urgent), "other_queue"),
            ("later", "handoff", |side| side.level = Some(Level::Suggestion), "less_urgent"),
            ("another reason", "silent", |side| side.because = "human_present".into(), "-"),
        ];
        for (what, name, edit, expected) in cases {
            let (old, mut new) = (side(name), side(name));
            edit(&mut new);
            assert_eq!(Kind::of(&old, &new).map_or("-", Kind::id), expected, "{name}: {what}");
        }
    }

    #[test]
    fn ids_are_those_of_json() {
        for kind in [Kind::NoLongerHandedOff, Kind::LessUrgent, Kind::NewlyTurnedAway, Kind::OtherWording] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.id());
        }
    }
}
