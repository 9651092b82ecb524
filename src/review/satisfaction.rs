use std::collections::BTreeMap;

use serde::Serialize;

use super::observe::Observed;
use crate::reply::DecisionKind;

/// Customers' turns from which a conversation has a course.
const LEAST_TURNS: usize = 3;

/// Conversations shown at each end.
const SHOWN: usize = 5;

/// What thanks at the end are worth, beside feelings from 0 to 1.
const THANKS: f32 = 0.15;

/// What the customer resorted to: reason, words, and what it costs. Asking for a person may be mere habit.
const ESCALATIONS: [(&str, &str, f32); 2] =
    [("complaint", "complained", 0.2), ("user_request", "asked for a person", 0.1)];

/// How far from indifferent a conversation must be to be shown; thanks alone are not enough.
const NOTABLE: f32 = 0.2;

/// Conversations by how satisfied the customer seems.
#[derive(Debug, Clone, Serialize)]
pub struct Conversations {
    /// Those that are long enough to tell.
    pub rated: usize,
    /// The most satisfied, the best first.
    pub most: Vec<Rated>,
    /// The least satisfied, the worst first.
    pub least: Vec<Rated>,
}

/// A conversation and how it went.
#[derive(Debug, Clone, Serialize)]
pub struct Rated {
    /// Its id.
    pub conversation: String,
    /// Customers' turns.
    pub turns: usize,
    /// From about -1 to 1.
    pub score: f32,
    /// How upset the first turn is.
    pub first_upset: f32,
    /// How upset the last turn is.
    pub last_upset: f32,
    /// What most turns are about, if that is known.
    pub about: Option<String>,
    /// What it was judged by.
    pub why: Vec<String>,
    /// The turn that shows it best.
    pub says: String,
}

impl Conversations {
    pub(super) fn of(conversations: &[Vec<&Observed>]) -> Self {
        let long = conversations.iter().filter(|turns| turns.len() >= LEAST_TURNS);
        let mut rated: Vec<Rated> = long.map(|turns| rate(turns)).collect();
        rated.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.conversation.cmp(&b.conversation)));
        let most = rated.iter().filter(|one| one.score >= NOTABLE).take(SHOWN).cloned().collect();
        let least = rated.iter().rev().filter(|one| one.score <= -NOTABLE).take(SHOWN).cloned().collect();
        Self { rated: rated.len(), most, least }
    }
}

/// Judges by the course of feelings, later turns weighing more, and by what the customer did.
fn rate(turns: &[&Observed]) -> Rated {
    let upset = |turn: &Observed| turn.reply.emotion.upset;
    let feeling = |turn: &&Observed| turn.reply.emotion.scores.positive - upset(turn);
    let weighted =
        turns.iter().zip(1_u16..).map(|(turn, weight)| (feeling(turn) * f32::from(weight), f32::from(weight)));
    let (sum, weights) = weighted.fold((0.0, 0.0), |(sum, weights), (value, weight)| (sum + value, weights + weight));
    let thanks = thanks(turns);
    let resorted = ESCALATIONS.iter().filter(|(code, ..)| turns.iter().any(|turn| turn.reason() == *code));
    let cost: f32 = resorted.map(|(.., cost)| cost).sum();
    let score = sum / weights + if thanks { THANKS } else { 0.0 } - cost;
    let telling = turns.iter().max_by(|a, b| {
        let shown = |turn: &&Observed| if score < 0.0 { -feeling(turn) } else { feeling(turn) };
        shown(a).total_cmp(&shown(b))
    });
    let (first, last) = (turns.first().map_or(0.0, |turn| upset(turn)), turns.last().map_or(0.0, |turn| upset(turn)));
    Rated {
        conversation: turns.first().map_or("", |turn| turn.conversation()).to_owned(),
        turns: turns.len(),
        score,
        first_upset: first,
        last_upset: last,
        about: about(turns).map(str::to_owned),
        why: why(turns, thanks),
        says: telling.map(|turn| turn.quote()).unwrap_or_default(),
    }
}

/// Whether one of the last two turns thanks.
fn thanks(turns: &[&Observed]) -> bool {
    let thanks = |turn: &&&Observed| turn.best().is_some_and(|best| best.id == "thanks_bye" && best.score >= 0.5);
    turns.iter().rev().take(2).any(|turn| thanks(&turn))
}

/// What it was judged by, in words.
fn why(turns: &[&Observed], thanks: bool) -> Vec<String> {
    let handed_over =
        |turn: &&&Observed| turn.reply.decision == DecisionKind::Handoff && turn.reason().starts_with("emotion:");
    let positive = |turn: &&&Observed| turn.reply.emotion.scores.positive >= 0.5;
    let mut out = Vec::new();
    match turns.iter().filter(handed_over).count() {
        0 => {}
        count => out.push(format!("upset in {count} of {} turns", turns.len())),
    }
    for (code, words, _) in ESCALATIONS {
        match turns.iter().filter(|turn| turn.reason() == code).count() {
            0 => {}
            1 => out.push(words.to_owned()),
            times => out.push(format!("{words} {times} times")),
        }
    }
    match turns.iter().filter(positive).count() {
        0 => {}
        count => out.push(format!("warm in {count} of {} turns", turns.len())),
    }
    if thanks {
        out.push("thanks at the end".to_owned());
    }
    out
}

/// The topic of most turns; the earliest of several.
fn about<'t>(turns: &[&'t Observed]) -> Option<&'t str> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (at, topic) in turns.iter().enumerate().filter_map(|(at, turn)| Some((at, turn.topic()?))) {
        counts.entry(topic).or_insert((0, at)).0 += 1;
    }
    counts.into_iter().max_by_key(|(_, (count, first))| (*count, std::cmp::Reverse(*first))).map(|(topic, _)| topic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::by_conversation;
    use crate::review::sample::{Told, told};

    fn rated(conversations: &[(&'static str, &[Told])]) -> Conversations {
        let tell = |(id, turns): &(&'static str, &[Told])| -> Vec<Observed> {
            turns.iter().map(|turn| told(&Told { conversation: id, ..turn.clone() })).collect()
        };
        let turns: Vec<Observed> = conversations.iter().flat_map(tell).collect();
        Conversations::of(&by_conversation(&turns))
    }

    fn ids(rated: &[Rated]) -> Vec<&str> {
        rated.iter().map(|one| one.conversation.as_str()).collect()
    }

    #[test]
    fn the_end_weighs_more_than_the_beginning() {
        let plain = Told { code: "answered", ..Told::default() };
        let upset = Told { code: "emotion:anger", upset: 0.9, ..Told::default() };
        let warm = Told { code: "closing", positive: 0.9, intents: &[("thanks_bye", 0.9)], ..Told::default() };
        let complains = Told { code: "complaint", ..Told::default() };
        let found = rated(&[
            ("calm", &[plain.clone(), plain.clone(), plain.clone()]),
            ("short", &[upset.clone(), upset.clone()]),
            ("worse", &[plain.clone(), plain.clone(), upset.clone()]),
            ("better", &[upset.clone(), plain.clone(), warm.clone()]),
            ("worst", &[plain.clone(), upset.clone(), upset.clone()]),
            ("best", &[plain.clone(), warm.clone(), warm.clone()]),
            ("complains", &[plain.clone(), plain.clone(), complains]),
        ]);
        assert_eq!(found.rated, 6, "two turns are no course");
        assert_eq!(ids(&found.most), ["best", "better"]);
        assert_eq!(ids(&found.least), ["worst", "worse", "complains"]);
        assert_eq!(found.least[0].why, ["upset in 2 of 3 turns"]);
        assert_eq!(found.most[0].why, ["warm in 2 of 3 turns", "thanks at the end"]);
        assert_eq!((found.most[1].first_upset, found.most[1].last_upset), (0.9, 0.0));
    }
}
