//! From a decision to words: templates filled with slots and shop facts, in the customer's language and script.

use std::cell::RefCell;

use jiff::Zoned;
use serde_json::json;

use crate::calendar;
use crate::catalogue::{Catalogue, Due, Intent, Resolves, Template, TextKey, Values, Wording};
use crate::facts;
use crate::orders::Order;
use crate::policy::{Decision, Evidence, Outcome, Plan, plan};
use crate::reply::{Answer, Choice, DecisionKind};
use crate::text::{Language, to_traditional};

/// A text that could not be filled: a bug of a template's check, never the customer's fault.
#[derive(Debug, thiserror::Error)]
#[error("a reply could not be rendered: {0}")]
pub struct AnswerError(#[from] minijinja::Error);

/// A reply in words.
pub struct Said {
    /// What the customer reads.
    pub answer: Answer,
    /// Which wording was used of each text.
    pub wordings: Vec<(String, usize)>,
    /// Whether the bot said that it is one.
    pub introduced: bool,
}

/// Stands for a time where only the words around it matter; in no text of a customer or a lead.
const ANY_TIME: &str = "\u{1}";

/// Replies offered to a person, at most.
const SUGGESTIONS: usize = 3;

/// What the texts of one reply are filled with.
struct Words<'e, 'a> {
    evidence: &'e Evidence<'a>,
    english: bool,
    values: Values,
    traditional: bool,
    seed: usize,
    used: RefCell<Vec<(String, usize)>>,
}

/// Puts a decision into words; `None` where nothing is said.
///
/// # Errors
/// When a template meets a value that is missing after all.
pub fn words(
    decision: &Decision<'_>,
    evidence: &Evidence<'_>,
    language: Language,
    due: &Due,
) -> Result<Option<Said>, AnswerError> {
    if decision.kind == DecisionKind::Silent {
        return Ok(None);
    }
    let words = Words::new(evidence, language, due);
    let mut parts: Vec<String> = Vec::new();
    let mut choices = Vec::new();
    let mut variant = 0;
    let mut intents = Vec::new();
    let introduced = evidence.catalogue.policy().introduces && !evidence.situation.state.is_introduced;
    if introduced {
        parts.push(words.policy(TextKey::Introduction)?.0);
    }
    if decision.apologise {
        parts.push(words.policy(TextKey::Apology)?.0);
    } else if decision.hurry {
        parts.push(words.policy(TextKey::Urgent)?.0);
    }
    match &decision.outcome {
        Outcome::Nothing => return Ok(None),
        Outcome::Answers(plans) => {
            for (at, plan) in plans.iter().enumerate() {
                let (text, used) = words.answer(plan)?;
                parts.push(text);
                intents.push(plan.intent.id.clone());
                variant = if at == 0 { used } else { variant };
            }
            choices = words.choices(&decision.choices);
        }
        Outcome::Slot(intent, slot) => {
            if let Some(rule) = intent.slot(slot) {
                let name = format!("{}?{slot}", intent.id);
                let (text, used) = words.pick(&name, &rule.ask, &words.values)?;
                parts.push(text);
                variant = used;
            }
            intents.push(intent.id.clone());
        }
        Outcome::Ask(key, intent, _) => {
            let (text, used) = words.policy(*key)?;
            parts.push(text);
            variant = used;
            intents.push(intent.id.clone());
        }
        Outcome::Orders(intent, orders) => {
            let titles: Vec<String> = orders.iter().map(|order| facts::in_a_list(order, words.english)).collect();
            let listed = titles.iter().enumerate().map(|(at, title)| format!("{}. {title}", at + 1));
            let listed = listed.collect::<Vec<_>>().join(if words.english { "; " } else { "；" });
            let values = words.values.and(&json!({ "choices": listed }));
            let wording = evidence.catalogue.policy().text(TextKey::WhichOrder);
            let (text, used) = words.pick("WhichOrder", wording, &values)?;
            parts.push(text);
            variant = used;
            intents.push(intent.id.clone());
            let choice = |(order, title): (&Order, String)| Choice { value: order.number.clone(), title };
            choices = orders.iter().zip(titles).map(choice).collect();
        }
        Outcome::Text(key, facts) => {
            let (text, used) = words.policy(*key)?;
            parts.push(text);
            variant = used;
            for plan in facts {
                parts.push(words.answer(plan)?.0);
                intents.push(plan.intent.id.clone());
            }
        }
        Outcome::Choices(key, offered) => {
            let titles: Vec<&str> = offered.iter().map(|intent| intent.title(words.english)).collect();
            let titles = titles.join(if words.english { " / " } else { "、" });
            let values = words.values.and(&json!({ "choices": titles }));
            let wording = words.evidence.catalogue.policy().text(*key);
            let (text, used) = words.pick(&format!("{key:?}"), wording, &values)?;
            parts.push(text);
            variant = used;
            choices = words.choices(offered);
        }
    }
    if decision.offer_person {
        parts.push(words.policy(TextKey::OfferPerson)?.0);
    }
    let tells_when =
        decision.kind == DecisionKind::Handoff || matches!(decision.outcome, Outcome::Text(TextKey::Coming, _));
    if tells_when && due.opens_at.is_some() {
        parts.push(words.policy(TextKey::NobodyOnline)?.0);
    }
    let mut text = parts.join(if words.english { " " } else { "" });
    if language == Language::ChineseTraditional {
        text = to_traditional(&text);
        for choice in &mut choices {
            choice.title = to_traditional(&choice.title);
        }
    }
    let answer = Answer { text, lang: language, intents, variant, choices };
    Ok(Some(Said { answer, wordings: words.used.into_inner(), introduced }))
}

/// Up to three replies for a person to start from: what the bot would have said or asked about each intent that is likely.
#[must_use]
pub fn suggestions(evidence: &Evidence<'_>, language: Language, due: &Due) -> Vec<String> {
    let words = Words::new(evidence, language, due);
    let reply = |plan: Plan<'_>| match plan.missing {
        Some(slot) => words.pick("", &plan.intent.slot(slot)?.ask, &words.values).ok(),
        None if plan.answer.resolves == Resolves::Act => None,
        None => words.answer(&plan).ok(),
    };
    let likely = evidence.candidates();
    let topics = likely.iter().map(|topic| topic.intent);
    let texts = topics.filter_map(|intent| reply(plan(intent, evidence)?)).map(|(text, _)| text).take(SUGGESTIONS);
    texts.map(|text| if words.traditional { to_traditional(&text) } else { text }).collect()
}

impl<'e, 'a> Words<'e, 'a> {
    fn new(evidence: &'e Evidence<'a>, language: Language, due: &Due) -> Self {
        let english = language == Language::English;
        // The same message in the same conversation always gets the same wording.
        let seed = evidence.message.plain().bytes().fold(7_usize, |sum, byte| sum.wrapping_mul(31) ^ usize::from(byte));
        Self {
            evidence,
            english,
            values: values(evidence, english, (evidence.now, due)),
            traditional: language == Language::ChineseTraditional,
            seed,
            used: RefCell::default(),
        }
    }

    fn policy(&self, key: TextKey) -> Result<(String, usize), AnswerError> {
        self.pick(&format!("{key:?}"), self.evidence.catalogue.policy().text(key), &self.values)
    }

    fn answer(&self, plan: &Plan<'_>) -> Result<(String, usize), AnswerError> {
        self.pick(&format!("{}/{}", plan.intent.id, plan.answer.id), &plan.answer.wording, &self.values)
    }

    /// Intents as a gateway offers them.
    fn choices(&self, offered: &[&Intent]) -> Vec<Choice> {
        let choice =
            |intent: &&Intent| Choice { value: intent.id.clone(), title: intent.title(self.english).to_owned() };
        offered.iter().map(choice).collect()
    }

    /// One wording of a text, filled, and its number; not the one that this text had last in the conversation.
    fn pick(&self, name: &str, wording: &Wording, values: &Values) -> Result<(String, usize), AnswerError> {
        let state = &self.evidence.situation.state;
        let variants = wording.variants(self.english);
        let mut at = self.seed % variants.len().max(1);
        let is_last = match state.wordings.get(name) {
            Some(last) => *last == at,
            // Callers who keep their conversations send what was said, not which wording it was.
            None => self.was_said(&variants[at], values)?,
        };
        if is_last && variants.len() > 1 {
            at = (at + 1) % variants.len();
        }
        let text = variants[at].render(values)?;
        self.used.borrow_mut().push((name.to_owned(), at));
        Ok((text, at))
    }

    /// Whether the bot's last line holds this wording, whatever time of a hand-off it named.
    fn was_said(&self, wording: &Template, values: &Values) -> Result<bool, AnswerError> {
        let last_line = &self.evidence.situation.state.last_line;
        if last_line.is_empty() {
            return Ok(false);
        }
        let times = json!({ "respond_by": ANY_TIME, "solve_by": ANY_TIME, "opens_at": ANY_TIME });
        let text = wording.render(&values.and(&json!({ "handoff": times })))?;
        let shown = if self.traditional { to_traditional(&text) } else { text };
        let mut rest = last_line.as_str();
        let mut follows = |part: &str| {
            let found = rest.find(part);
            rest = found.map_or(rest, |at| &rest[at + part.len()..]);
            found.is_some()
        };
        Ok(!shown.is_empty() && shown.split(ANY_TIME).all(&mut follows))
    }
}

/// Everything that a template may name and that is known for this message.
fn values(evidence: &Evidence<'_>, english: bool, due: (&Zoned, &Due)) -> Values {
    let mut values = evidence.facts.values(english);
    values["handoff"] = handoff(due, english);
    evidence.catalogue.shop().values(english).and(&values)
}

/// When somebody answers, solves, and is there at all, in words. Where nothing is to be solved, an answer settles it.
fn handoff((now, due): (&Zoned, &Due), english: bool) -> serde_json::Value {
    let by = |moment: &Zoned| calendar::by(moment, now, english);
    let mut values = json!({
        "respond_by": by(&due.respond_at),
        "solve_by": by(due.solve_at.as_ref().unwrap_or(&due.respond_at)),
    });
    if let Some(opens_at) = &due.opens_at {
        values["opens_at"] = calendar::at(opens_at, now, english).into();
    }
    values
}

/// Texts of the policy, for moments in which no message is read: something broke, or a ticket waits for too long. That nobody
/// is there is told where nobody is.
#[must_use]
pub fn plain(catalogue: &Catalogue, key: TextKey, language: Language, (now, due): (&Zoned, &Due)) -> Option<String> {
    let english = language == Language::English;
    let shop = catalogue.shop();
    let values = shop.values(english).and(&json!({
        "handoff": handoff((now, due), english),
        "quote": { "free_from": shop.shipping.free_from },
    }));
    let absent = due.opens_at.as_ref().map(|_| TextKey::NobodyOnline);
    let said = [Some(key), absent].into_iter().flatten().map(|key| {
        let wording = catalogue.policy().text(key).variants(english).first()?;
        wording.render(&values).ok()
    });
    let text = said.collect::<Option<Vec<_>>>()?.join(if english { " " } else { "" });
    Some(if language == Language::ChineseTraditional { to_traditional(&text) } else { text })
}
