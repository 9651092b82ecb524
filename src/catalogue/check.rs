use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::intent::{AnswerRule, Intent, Pattern, SlotRule};
use super::pattern::{self, PatternRule};
use super::policy::Policy;
use super::raw::{RawAnswer, RawExample, RawIntent, RawPolicy, Wordings};
use super::raw_shop::RawShop;
use super::rows::{cases, examples, named_intents, near_misses};
use super::shop::Shop;
use super::sources::{SourceFile, Sources};
use super::template::Scope;
use super::texts::wording;
use super::{Asks, Catalogue, Flag, Resolves, Subject};
use crate::labels::OTHER;
use crate::slots::{self, NAMES as SLOT_NAMES};
use crate::text::{Message, Plain, Utterance};
use crate::yaml::{self, Document, Findings, Place, Schema};

/// Checks all files and what they say of each other.
pub(super) fn catalogue(sources: &Sources) -> Result<Catalogue, Findings> {
    let mut findings = Findings::default();
    let shop = yaml::read::<RawShop>(&sources.shop.path, &sources.shop.text, &mut findings)
        .and_then(|(raw, document)| Shop::check(&raw, &document, &mut findings));
    let names = shop.as_ref().map(Shop::names);
    let mut known = PolicyNames::default();
    let policy = yaml::read::<RawPolicy>(&sources.policy.path, &sources.policy.text, &mut findings).and_then(
        |(raw, document)| {
            known = PolicyNames::of(&raw);
            let policy = Policy::check(raw, names, &document, &mut findings);
            known.document = Some(document);
            policy
        },
    );
    let mut drafts = read_intents(&sources.intents, &mut findings);
    if sources.intents.is_empty() {
        findings.add(&sources.policy.path, Place::START, "empty", "the folder of intents holds no `.yaml` file");
    }

    // A file that cannot be read still stands for its intent: its own findings are enough.
    let stems = sources.intents.iter().filter_map(|file| Some(file.path.file_stem()?.to_string_lossy().into_owned()));
    let ids: BTreeSet<String> = drafts.iter().map(|draft| draft.raw.id.clone()).chain(stems).collect();
    let mut intents = Vec::new();
    let context = Context { names, policy: &known, ids: &ids };
    for draft in &drafts {
        intents.extend(context.intent(&draft.raw, &draft.document, &mut findings));
    }
    if let Some(document) = &known.document {
        for (pointer, id) in known.intents.iter().filter(|(_, id)| !ids.contains(id)) {
            findings.add(&document.file, document.place(pointer), "unknown-intent", unknown_intent(id, &ids));
        }
    }
    let exact = exact_phrases(&drafts, &mut findings);
    let questions = questions(&drafts, &sources.policy);
    drafts.clear();

    match (shop, policy) {
        (Some(shop), Some(policy)) if findings.is_empty() => {
            intents.retain(|(_, enabled)| *enabled);
            let intents: Vec<Intent> = intents.into_iter().map(|(intent, _)| intent).collect();
            let by_id: HashMap<String, usize> =
                intents.iter().enumerate().map(|(at, intent)| (intent.id.clone(), at)).collect();
            let exact = exact.into_iter().filter_map(|(plain, id)| Some((plain, *by_id.get(&id)?))).collect();
            slots::prepare();
            Ok(Catalogue { intents, by_id, exact, questions, policy, shop, hash: sources.hash() })
        }
        _ => Err(findings.sorted()),
    }
}

/// What the policy file names, known even where the file has findings.
#[derive(Default)]
struct PolicyNames {
    queues: Vec<String>,
    tiers: Vec<String>,
    /// Intents of the level table, with their JSON pointers.
    intents: Vec<(String, String)>,
    document: Option<Document>,
}

impl PolicyNames {
    fn of(raw: &RawPolicy) -> Self {
        let rows = raw.levels.table.iter().enumerate();
        let intents = rows.flat_map(|(row, named)| {
            let ids = named.intents.iter().enumerate();
            ids.map(move |(at, id)| (format!("/levels/table/{row}/intents/{at}"), id.clone()))
        });
        Self {
            queues: raw.queues.keys().cloned().collect(),
            tiers: raw.tiers.keys().cloned().collect(),
            intents: intents.collect(),
            document: None,
        }
    }
}

/// The catalogue's own questions, in plain form: how slots are asked for, and what is said when nothing fits.
fn questions(drafts: &[Draft], policy: &SourceFile) -> HashSet<String> {
    let mut ignored = Findings::default();
    let policy = yaml::read::<RawPolicy>(&policy.path, &policy.text, &mut ignored);
    let low_confidence = policy.iter().filter_map(|(raw, _)| raw.texts.get("low_confidence"));
    let slots = drafts.iter().flat_map(|draft| draft.raw.slots.values().map(|slot| &slot.ask));
    let wordings = slots.chain(low_confidence).flat_map(|wordings| wordings.zh.iter().chain(&wordings.en));
    wordings.map(|text| Plain::of(text).as_str().to_owned()).collect()
}

struct Draft {
    raw: RawIntent,
    document: Document,
}

fn read_intents(files: &[SourceFile], findings: &mut Findings) -> Vec<Draft> {
    let schema = Schema::of::<RawIntent>();
    let mut drafts: Vec<Draft> = Vec::new();
    for file in files {
        let Some(document) = Document::parse(&file.path, &file.text, findings) else { continue };
        let Some(raw) = document.read::<RawIntent>(&schema, findings) else { continue };
        let place = document.place("/id");
        if let Some(first) = drafts.iter().find(|draft| draft.raw.id == raw.id) {
            let message = format!("intent `{}` is also defined in `{}`", raw.id, first.document.file.display());
            findings.add(&file.path, place, "duplicate-id", message);
        }
        if raw.id == OTHER {
            findings.add(
                &file.path,
                place,
                "reserved-id",
                "`other` stands for messages that are none of the catalogue's",
            );
        }
        if file.path.file_stem() != Some(Path::new(&raw.id).as_os_str()) {
            let message = format!("the file must be named after its intent: `{}.yaml`", raw.id);
            findings.add(&file.path, place, "file-name", message);
        }
        drafts.push(Draft { raw, document });
    }
    drafts
}

/// Plain text of every example that has one intent only, and of every title. The same text in two intents is a finding.
fn exact_phrases(drafts: &[Draft], findings: &mut Findings) -> BTreeMap<String, String> {
    let mut seen: BTreeMap<String, (&Draft, String, bool)> = BTreeMap::new();
    for draft in drafts {
        for (language, examples) in [("zh", &draft.raw.examples.zh), ("en", &draft.raw.examples.en)] {
            for (at, example) in examples.iter().enumerate() {
                let (say, several) = match example {
                    RawExample::Text(say) => (say, false),
                    RawExample::Several(several) => (&several.say, true),
                };
                let pointer = format!("/examples/{language}/{at}");
                let Some(plain) = plain(say) else {
                    let place = draft.document.place(&pointer);
                    findings.add(
                        &draft.document.file,
                        place,
                        "empty",
                        "an example must hold text, at most 8,000 characters",
                    );
                    continue;
                };
                match seen.get(&plain) {
                    Some((other, place, _)) => {
                        let first = other.document.place(place);
                        let message = format!(
                            "example `{say}` is the same, once normalised, as {}:{}; keep one",
                            other.document.file.display(),
                            first.line
                        );
                        findings.add(
                            &draft.document.file,
                            draft.document.place(&pointer),
                            "duplicate-example",
                            message,
                        );
                    }
                    None => {
                        seen.insert(plain, (draft, pointer, several));
                    }
                }
            }
        }
    }
    let single = seen.into_iter().filter(|(_, (_, _, several))| !several);
    let mut phrases: BTreeMap<String, String> =
        single.map(|(plain, (draft, _, _))| (plain, draft.raw.id.clone())).collect();
    // A customer who is offered a title as a choice may send it back.
    let mut titles: BTreeMap<String, &Draft> = BTreeMap::new();
    for draft in drafts {
        for (language, title) in [("zh", &draft.raw.title.zh), ("en", &draft.raw.title.en)] {
            let Some(plain) = plain(title) else { continue };
            if let Some(other) = titles.get(&plain).filter(|other| other.raw.id != draft.raw.id) {
                let message =
                    format!("title `{title}` is also that of `{}`; customers could not tell them apart", other.raw.id);
                let place = draft.document.place(&format!("/title/{language}"));
                findings.add(&draft.document.file, place, "duplicate-title", message);
            }
            titles.insert(plain.clone(), draft);
            phrases.entry(plain).or_insert_with(|| draft.raw.id.clone());
        }
    }
    phrases
}

fn plain(say: &str) -> Option<String> {
    let message = Message::read(&Utterance::new(say).ok()?);
    (!message.is_empty()).then(|| message.plain().to_owned())
}

fn unknown_intent(id: &str, ids: &BTreeSet<String>) -> String {
    let meant = yaml::did_you_mean(id, ids.iter().map(String::as_str));
    format!("unknown intent `{id}`; there is no `{id}.yaml`{meant}")
}

/// What an intent is checked against.
struct Context<'a> {
    names: Option<&'a BTreeSet<String>>,
    policy: &'a PolicyNames,
    ids: &'a BTreeSet<String>,
}

impl Context<'_> {
    /// The checked intent and whether it is enabled.
    fn intent(&self, raw: &RawIntent, document: &Document, findings: &mut Findings) -> Option<(Intent, bool)> {
        let mut report = |pointer: &str, code: &'static str, message: String| {
            findings.add(&document.file, document.place(pointer), code, message);
        };
        let queues = &self.policy.queues;
        if !queues.is_empty() && !queues.contains(&raw.queue) {
            report("/queue", "unknown-queue", unknown("queue", &raw.queue, queues));
        }
        for (pointer, id) in named_intents(raw) {
            let is_other = id == OTHER && pointer.starts_with("/near_misses");
            if !is_other && !self.ids.contains(id) {
                report(&pointer, "unknown-intent", unknown_intent(id, self.ids));
            }
        }
        for name in raw.slots.keys().filter(|name| !SLOT_NAMES.contains(&name.as_str())) {
            report(&format!("/slots/{name}"), "unknown-slot", unknown_slot(name));
        }
        if raw.answers.last().is_some_and(|answer| !is_unconditional(answer)) {
            let last = format!("/answers/{}", raw.answers.len() - 1);
            report(
                &last,
                "no-default-answer",
                "the last answer must have no `when`, so that there is always one".into(),
            );
        }

        let patterns = raw.patterns.iter().enumerate();
        let patterns = patterns
            .filter_map(|(at, source)| {
                let pointer = format!("/patterns/{at}");
                let regex = pattern::compile(source, document, &pointer, findings)?;
                Some(Pattern { regex, line: document.place(&pointer).line })
            })
            .collect();
        let high_risk = raw.high_risk.iter().enumerate();
        let high_risk = high_risk
            .map(|(at, rule)| PatternRule::check(rule, document, &format!("/high_risk/{at}"), findings))
            .collect();
        let slots = raw
            .slots
            .iter()
            .map(|(name, slot)| {
                let scope = Scope { shop: self.names, ..self.scope() };
                let pointer = format!("/slots/{name}/ask");
                SlotRule { name: name.clone(), ask: wording(&slot.ask, &scope, (document, &pointer), findings) }
            })
            .collect();
        let answers = raw.answers.iter().enumerate();
        let answers = answers
            .map(|(at, answer)| self.answer(raw, answer, (document, &format!("/answers/{at}")), findings))
            .collect();
        let intent = Intent {
            id: raw.id.clone(),
            file: document.file.clone(),
            title_zh: raw.title.zh.clone(),
            title_en: raw.title.en.clone(),
            queue: raw.queue.clone(),
            siblings: raw.siblings.clone(),
            is_high_risk: raw.risk == super::raw::RawRisk::High,
            examples: examples(raw, document),
            near_misses: near_misses(raw, document),
            high_risk,
            asks: Asks {
                orders: asks(raw, ORDER, "order."),
                items: asks(raw, "", "return.") || asks(raw, "", "protection."),
                products: asks(raw, "product", "product."),
                baskets: asks(raw, "", "basket."),
            },
            slots,
            answers,
            cases: cases(raw, document),
            patterns,
        };
        Some((intent, raw.enabled))
    }

    fn scope(&self) -> Scope<'_> {
        Scope { shop: self.names, slots: Vec::new(), handoff: false, flags: &[], extra: &[] }
    }

    fn answer(
        &self,
        intent: &RawIntent,
        raw: &RawAnswer,
        (document, pointer): (&Document, &str),
        findings: &mut Findings,
    ) -> AnswerRule {
        let mut report = |at: &str, code: &'static str, message: String| {
            findings.add(&document.file, document.place(&format!("{pointer}/{at}")), code, message);
        };
        for (at, name) in raw.when.slots.iter().enumerate().filter(|(_, name)| !is_slot(name)) {
            report(&format!("when/slots/{at}"), "unknown-slot", unknown_slot(name));
        }
        for (at, name) in raw.needs.iter().enumerate() {
            // Which order is asked for by its number.
            let name = if name == ORDER { "order_number" } else { name };
            if !is_slot(name) {
                report(&format!("needs/{at}"), "unknown-slot", unknown_slot(name));
            } else if !intent.slots.contains_key(name) {
                let message = format!("slot `{name}` is needed but `slots.{name}.ask` does not say how to ask for it");
                report(&format!("needs/{at}"), "missing-slot", message);
            }
        }
        let tiers = &self.policy.tiers;
        if !tiers.is_empty() {
            for (at, name) in raw.when.tiers.iter().enumerate().filter(|(_, name)| !tiers.contains(name)) {
                report(&format!("when/tiers/{at}"), "unknown-tier", unknown("tier", name, tiers));
            }
        }
        let mut day = |key: &str, text: Option<&String>| {
            let text = text?;
            let parsed = text.parse().ok();
            if parsed.is_none() {
                report(&format!("valid/{key}"), "bad-date", format!("`{text}` is not a day; write 2026-11-30"));
            }
            parsed
        };
        let valid = raw.valid.as_ref();
        let from = day("from", valid.and_then(|valid| valid.from.as_ref()));
        let until = day("until", valid.and_then(|valid| valid.until.as_ref()));
        if from.is_some() && until.is_some() && from > until {
            report("valid", "bad-date", "`from` is after `until`".to_owned());
        }
        let known = [(ORDER, Flag::OrderKnown), ("product", Flag::ProductKnown)];
        let needed = known.iter().filter(|(name, _)| raw.needs.iter().any(|need| need == name)).map(|(_, flag)| *flag);
        let flags: Vec<Flag> = raw.when.flags.iter().copied().chain(needed).collect();
        let filled: Vec<&str> = raw.when.slots.iter().chain(&raw.needs).map(String::as_str).collect();
        let scope = Scope { slots: filled, handoff: raw.resolves == Resolves::Act, flags: &flags, ..self.scope() };
        let wordings = Wordings { zh: raw.zh.clone(), en: raw.en.clone() };
        AnswerRule {
            id: raw.id.clone(),
            slots: raw.when.slots.clone(),
            acts: raw.when.acts.clone(),
            emotions: raw.when.emotions.clone(),
            tiers: raw.when.tiers.clone(),
            tags: raw.when.tags.clone(),
            flags: raw.when.flags.clone(),
            needs: raw.needs.clone(),
            resolves: raw.resolves,
            subject: Subject::of(&flags, &raw.when.slots),
            from,
            until,
            wording: wording(&wordings, &scope, (document, pointer), findings),
        }
    }
}

/// What an answer needs that is about an order which the customer may see.
pub(crate) const ORDER: &str = "order";

/// Whether an answer needs this, or has a condition that tells of it.
fn asks(raw: &RawIntent, need: &str, variables: &str) -> bool {
    let tells = |flag: &Flag| flag.variables().iter().any(|name| name.starts_with(variables));
    raw.answers.iter().any(|answer| answer.needs.iter().any(|name| name == need) || answer.when.flags.iter().any(tells))
}

fn is_slot(name: &str) -> bool {
    SLOT_NAMES.contains(&name)
}

fn unknown(what: &str, name: &str, known: &[String]) -> String {
    let meant = yaml::did_you_mean(name, known.iter().map(String::as_str));
    format!("unknown {what} `{name}`; allowed: {}{meant}", known.join(", "))
}

fn unknown_slot(name: &str) -> String {
    let known: Vec<String> = SLOT_NAMES.into_iter().chain([ORDER]).map(str::to_owned).collect();
    unknown("slot", name, &known)
}

fn is_unconditional(answer: &RawAnswer) -> bool {
    let when = &answer.when;
    when.slots.is_empty()
        && when.acts.is_empty()
        && when.emotions.is_empty()
        && when.tiers.is_empty()
        && when.tags.is_empty()
        && when.flags.is_empty()
        && answer.valid.is_none()
}
