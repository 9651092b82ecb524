//! What `lint` finds in broken files, all of it in one go and in its place, and that the shipped files are sound.

mod broken;

use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::json;
use triage::catalogue::{
    AnswerRule, Catalogue, Finding, Findings, Flag, Resolves, SourceFile, Sources, TextKey, Values,
};
use triage::region;
use triage::shop::Money;
use triage::text::{Message, Utterance};

use crate::{minimal_intent, replace_once, shipped};

/// An intent that uses everything a file can hold. The cases below break it, one text at a time.
const GIFT_WRAP: &str = r#"id: gift_wrap
title: { zh: 礼品包装, en: Gift wrapping }
queue: presale
siblings: [gift_card]

examples:
  zh:
    - 能包装成礼物吗
    - { say: 包装一下要多久, also: [gift_card] }
  en:
    - can you gift wrap it

near_misses:
  - { say: 礼品卡怎么买, belongs: gift_card }
  - { say: 今天天气怎么样, belongs: other }

patterns:
  - '^礼品包装[?]?$'

high_risk:
  - id: broken_gift
    any:
      - '礼物(坏|碎)了'
    hits:
      - 礼物坏了
    passes:
      - 礼物盒有货吗

slots:
  region:
    ask:
      zh: [寄到哪里呢？]
      en: [Where to?]

answers:
  - id: remote
    when: { slots: [region], flags: [remote_region], tiers: [gold] }
    resolves: inform
    valid: { from: 2026-11-01, until: 2026-11-12 }
    zh:
      - "{{ slots.region }}加收 {{ quote.fee }} 元"
      - 偏远一
      - 偏远二
    en:
      - "{{ slots.region }} costs {{ quote.fee }}"
      - remote one
      - remote two
  - id: by_hand
    when: { acts: [request], emotions: [anxiety], tags: [vip] }
    needs: [region]
    resolves: act
    zh:
      - "{{ handoff.respond_by }} 前包好"
      - 转交一
      - 转交二
    en:
      - "wrapped by {{ handoff.respond_by }}"
      - passed one
      - passed two
  - id: general
    resolves: inform
    zh:
      - "{{ shop.name }}可以包装"
      - 可以一
      - 可以二
    en:
      - "{{ shop.name }} does"
      - yes one
      - yes two

tests:
  - { say: 可以包成礼物吗, expect: gift_wrap }
  - { say: 礼品卡, expect_not: gift_wrap }
"#;

const WRAP: &str = "gift_wrap.yaml";
const CARD: &str = "gift_card.yaml";
const POLICY: &str = "policy.yaml";
const SHOP: &str = "shop.yaml";

/// A text that stands once in a file, and what takes its place.
type Edit = (&'static str, &'static str, &'static str);

/// A finding: the file, a text of the line it must point to (none for the top), its code, and what its message says.
type Expected = (&'static str, &'static str, &'static str, &'static str);

/// What is broken, how, and every finding that follows.
type Broken<'a> = (&'a str, &'a [Edit], &'a [Expected]);

static SHIPPED: LazyLock<Sources> = LazyLock::new(|| {
    let path = |name: &str| shipped(name);
    Sources::read(&path("intents"), &path("config/policy.yaml"), &path("config/shop.yaml")).unwrap()
});

/// A small catalogue: the shipped policy and shop, and four intents, two of which the policy's table of levels names.
fn small() -> Sources {
    let file = |name: &str, text: String| SourceFile { path: PathBuf::from(name), text };
    let minimal = |id: &str| file(&format!("{id}.yaml"), minimal_intent(id));
    Sources {
        intents: vec![
            minimal("gift_card"),
            file(WRAP, GIFT_WRAP.to_owned()),
            minimal("quality_issue"),
            minimal("wrong_or_missing"),
        ],
        policy: file(POLICY, SHIPPED.policy.text.clone()),
        shop: file(SHOP, SHIPPED.shop.text.clone()),
    }
}

fn text_of<'a>(sources: &'a mut Sources, name: &str) -> &'a mut String {
    let intents = sources.intents.iter_mut();
    let mut files = intents.chain([&mut sources.policy, &mut sources.shop]);
    &mut files.find(|file| file.path.as_os_str() == name).unwrap().text
}

fn edited(edits: &[Edit]) -> Sources {
    let mut sources = small();
    for (file, from, to) in edits {
        let text = text_of(&mut sources, file);
        *text = replace_once(text, from, to);
    }
    sources
}

fn findings(sources: &Sources) -> Findings {
    Catalogue::check(sources).err().unwrap_or_default()
}

/// The line, from 1, in which a text begins, newlines in front of it not counted. Nothing means the top.
fn line_of(text: &str, snippet: &str) -> usize {
    if snippet.is_empty() {
        return 1;
    }
    assert_eq!(text.matches(snippet).count(), 1, "`{snippet}` must stand exactly once in the file that is changed");
    let leading = snippet.len() - snippet.trim_start_matches('\n').len();
    let start = text.find(snippet).unwrap() + leading;
    1 + text[..start].matches('\n').count()
}

/// What is found in broken files and should not be, or the other way round.
fn problem((what, edits, expected): &Broken<'_>) -> Option<String> {
    let mut sources = edited(edits);
    let found = findings(&sources);
    let mut expected: Vec<(String, usize, &str, &str)> = expected
        .iter()
        .map(|(file, snippet, code, says)| {
            ((*file).to_owned(), line_of(text_of(&mut sources, file), snippet), *code, *says)
        })
        .collect();
    expected.sort();
    let places = found.iter().map(|found| (found.file.display().to_string(), found.place.line, found.code));
    let wanted: Vec<_> = expected.iter().map(|(file, line, code, _)| (file.clone(), *line, *code)).collect();
    if !places.eq(wanted.iter().cloned()) {
        return Some(format!("{what}: expected {wanted:?}, found\n{found}"));
    }
    let untold = expected.iter().find(|(_, line, code, says)| {
        let tells = |found: &Finding| (found.place.line, found.code) == (*line, *code) && found.message.contains(says);
        !found.iter().any(tells)
    });
    untold.map(|(file, line, _, says)| format!("{what}: {file}:{line} should say `{says}`, found\n{found}"))
}

fn expect_findings(cases: &[Broken<'_>]) {
    let problems: Vec<String> = cases.iter().filter_map(problem).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn the_small_catalogue_is_sound() {
    assert_eq!(findings(&small()), Findings::default());
    let catalogue = Catalogue::check(&small()).unwrap();
    assert_eq!(catalogue.intents().len(), 4);
}

#[test]
fn files_of_the_wrong_shape() {
    expect_findings(broken::SHAPES);
}

#[test]
fn files_that_say_something_wrong() {
    expect_findings(broken::MEANINGS);
}

#[test]
fn files_that_are_no_list_of_keys() {
    for text in ["- a\n- b\n", "only words", "42", "id: a\n\tqueue: b\n", "", "# nothing\n"] {
        let mut sources = small();
        *text_of(&mut sources, WRAP) = text.to_owned();
        let found = findings(&sources);
        let own: Vec<_> = found.iter().filter(|found| found.file.as_os_str() == WRAP).collect();
        assert_eq!(own.len(), found.len(), "what names the broken intent is not blamed: {found}");
        assert!(!own.is_empty() && own.iter().all(|found| found.place.line <= 2), "{text:?}: {found}");
    }
}

/// A finding says what is wrong and what is allowed.
#[test]
fn words_that_are_not_allowed_are_told_which_are() {
    let untold = broken::VALUES.iter().filter_map(|(what, edit, snippet, says)| {
        problem(&(what, &[*edit], &[(edit.0, snippet, "unknown-word", says)]))
    });
    assert_eq!(untold.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn wordings_may_be_five() {
    let five = "      - yes two\n      - yes three\n      - yes four";
    let found = findings(&edited(&[(WRAP, "      - yes two", five)]));
    assert!(found.is_empty(), "five are allowed:\n{found}");
}

/// One mistake in the shop must not be told again for every text that quotes the shop.
#[test]
fn a_broken_shop_does_not_blame_the_texts_that_quote_it() {
    expect_findings(&[(
        "a misspelt key of the shop",
        &[(SHOP, "\ndelay_coupon_max:", "\ndelay_cupon_max:")],
        &[
            (SHOP, "\nname: ", "missing-key", "key `delay_coupon_max` is missing"),
            (SHOP, "delay_cupon_max", "unknown-key", "unknown key `delay_cupon_max`; allowed: "),
        ],
    )]);
}

/// Names that neither the policy nor an intent knows.
const UNKNOWN_NAMES: [Edit; 3] = [
    (WRAP, "queue: presale", "queue: sales"),
    (WRAP, "tiers: [gold]", "tiers: [platinum]"),
    (POLICY, "intents: [wrong_or_missing,", "intents: [lost,"),
];

/// "All problems in one go" holds for what an intent says of the policy, even if the policy itself has problems.
#[test]
fn a_policy_with_findings_still_knows_its_queues_and_tiers() {
    expect_findings(&[(
        "a text left out, and unknown names",
        &[broken::NO_APOLOGY, &UNKNOWN_NAMES].concat(),
        &[
            (WRAP, "queue: sales", "unknown-queue", "sales"),
            (WRAP, "tiers: [platinum]", "unknown-tier", "platinum"),
            (POLICY, "\ntexts:\n", "missing-key", "text `apology` is missing"),
            (POLICY, "intents: [lost,", "unknown-intent", "lost"),
        ],
    )]);
}

/// Of a policy that does not even have the right shape nothing is known, so nobody is blamed for what they say of it.
#[test]
fn a_policy_of_the_wrong_shape_does_not_blame_the_intents_that_name_it() {
    let edits = [&UNKNOWN_NAMES[..], &[(POLICY, "    suggestion: {", "    # suggestion: {")]].concat();
    let expected = [(POLICY, "  times:", "missing-key", "key `suggestion` is missing")];
    expect_findings(&[("a level without times, and unknown names", &edits, &expected)]);
}

/// The program hands over to `general` where no topic is known, and to `complaint` where only a threat is: without
/// these queues a message would go to nobody.
#[test]
fn queues_that_the_program_itself_uses_must_be_there() {
    for (from, to) in [("  general: {", "  desk: {"), ("  complaint: {", "  grief: {")] {
        let found = findings(&edited(&[(POLICY, from, to)]));
        assert!(
            found.iter().any(|found| found.message.contains(from.trim_end_matches(": {").trim())),
            "{from}: {found}"
        );
    }
}

/// What can only fail when a customer is waiting must be found by the linter.
#[test]
fn a_template_that_cannot_be_rendered_is_a_finding() {
    let texts = ["{{ shop.name|shout }}", "{{ shop.name is odd }}", "{{ shop.name() }}", "{{ 1 // 0 }}"];
    let accepted = texts.into_iter().filter(|text| {
        let mut sources = small();
        let wrap = text_of(&mut sources, WRAP);
        *wrap = replace_once(wrap, "- yes one", &format!("- \"{text}\""));
        findings(&sources).is_empty()
    });
    assert_eq!(accepted.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn an_intent_that_is_switched_off_is_not_there() {
    let catalogue = Catalogue::check(&edited(&[(WRAP, "queue: presale", "queue: presale\nenabled: false")])).unwrap();
    assert!(catalogue.intent("gift_wrap").is_none() && catalogue.intents().len() == 3);
    assert_eq!(catalogue.exact("能包装成礼物吗"), None, "its examples are no longer certain");
    let broken = edited(&[(WRAP, "queue: presale", "queue: sales\nenabled: false")]);
    assert_eq!(findings(&broken).len(), 1, "it is checked all the same");
}

#[test]
fn what_examples_titles_and_patterns_settle() {
    let sources = edited(&[(CARD, "answers:", "patterns: ['^礼品(包装[?]?|卡)$']\nanswers:")]);
    let catalogue = Catalogue::check(&sources).unwrap();
    let id = |plain: &str| catalogue.exact(plain).map(|at| catalogue.intents()[at].id.as_str());
    assert_eq!(id("能包装成礼物吗"), Some("gift_wrap"), "an example");
    assert_eq!(id("礼品包装"), Some("gift_wrap"), "a title, which is offered as a choice");
    assert_eq!(id("gift wrapping"), Some("gift_wrap"), "a title in English");
    assert_eq!(id("礼品卡"), Some("gift_card"), "a pattern");
    assert_eq!(id("礼品包装?"), None, "patterns of two intents");
    assert_eq!(id("包装一下要多久"), None, "an example with two intents");
    assert_eq!(id("别的"), None);
}

/// A title is an exact phrase: what two intents are called settles nothing.
#[test]
fn a_title_that_another_intent_has_is_a_finding() {
    let found = findings(&edited(&[(CARD, "title: { zh: gift_card,", "title: { zh: 礼品包装,")]));
    assert_eq!(found.len(), 1, "{found}");
}

#[test]
fn the_hash_names_the_files() {
    let hash = |sources: &Sources| Catalogue::check(sources).unwrap().hash().to_owned();
    let same = hash(&small());
    assert_eq!((hash(&small()), same.len()), (same.clone(), 64));
    for edit in [
        (WRAP, "- yes one", "- yes, one"),
        (POLICY, "# Matched on", "# matched on"),
        (SHOP, "# per order", "# an order"),
    ] {
        assert_ne!(hash(&edited(&[edit])), same, "{edit:?}");
    }
}

#[test]
fn files_that_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.yaml", "a.yml", ".hidden.yaml", "notes.md", "c.yaml~"] {
        std::fs::write(folder.path().join(name), "x").unwrap();
    }
    let file = folder.path().join("b.yaml");
    let sources = Sources::read(folder.path(), &file, &file).unwrap();
    let names: Vec<_> = sources.intents.iter().map(|file| file.path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["a.yml", "b.yaml"]);
    let gone = folder.path().join("gone");
    for (intents, policy) in [(&gone, &file), (&folder.path().to_owned(), &gone)] {
        let error = Sources::read(intents, policy, &file).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot read `{}`: ", gone.display())), "{error}");
    }
    let none = tempfile::tempdir().unwrap();
    let none = Sources::read(none.path(), &shipped("config/policy.yaml"), &shipped("config/shop.yaml")).unwrap();
    assert!(findings(&none).iter().any(|finding| finding.code == "empty"), "an empty folder is no catalogue");
}

#[test]
fn the_shipped_catalogue_has_no_findings() {
    let found = findings(&SHIPPED);
    assert!(found.is_empty(), "{found}");
}

#[test]
fn every_shipped_example_with_one_intent_is_certain() {
    let catalogue = Catalogue::check(&SHIPPED).unwrap();
    for (at, intent) in catalogue.intents().iter().enumerate() {
        for example in intent.examples.iter().filter(|example| example.also.is_empty()) {
            let message = Message::read(&Utterance::new(example.say.as_str()).unwrap());
            assert_eq!(catalogue.exact(message.plain()), Some(at), "{}: {}", intent.id, example.say);
        }
    }
}

/// What the slots of one message may be: a place of each kind, an amount on each side of every limit, an order.
struct Filled {
    region: Option<region::Region>,
    amount: Option<Money>,
    order: bool,
}

impl Filled {
    fn all() -> Vec<Self> {
        let regions = [None, Some("浙江"), Some("新疆"), Some("香港")];
        let amounts = [None, Some(100.0), Some(199.0), Some(480.0), Some(1000.0)];
        let mut out = Vec::new();
        for region in regions {
            for amount in amounts {
                for order in [false, true] {
                    let region = region.map(|name| region::by_name(name).unwrap());
                    out.push(Self { region, amount: amount.map(Money::from_yuan), order });
                }
            }
        }
        out
    }

    fn has(&self, slot: &str) -> bool {
        match slot {
            "region" => self.region.is_some(),
            "amount" => self.amount.is_some(),
            "order_number" => self.order,
            _ => panic!("unknown slot `{slot}`"),
        }
    }

    fn holds(&self, flag: Flag, catalogue: &Catalogue) -> bool {
        let quote = catalogue.shop().shipping.quote(self.region, self.amount);
        let promotion = self.amount.map(|amount| catalogue.shop().promotion.quote(amount));
        match flag {
            Flag::RemoteRegion => quote.is_remote,
            Flag::UnservedRegion => quote.is_unserved,
            Flag::FreeShipping => quote.is_free,
            Flag::TierReached => promotion.is_some_and(|promotion| promotion.off > Money::default()),
            Flag::NextTier => promotion.is_some_and(|promotion| promotion.next.is_some()),
        }
    }

    fn allows(&self, answer: &AnswerRule, catalogue: &Catalogue) -> bool {
        answer.slots.iter().chain(&answer.needs).all(|slot| self.has(slot))
            && answer.flags.iter().all(|flag| self.holds(*flag, catalogue))
    }

    /// What docs/INTENTS.md promises to a text, and nothing more.
    fn values(&self, catalogue: &Catalogue, english: bool, handoff: bool) -> Values {
        let shop = catalogue.shop();
        let mut values = json!({
            "slots": {},
            "quote": { "free_from": shop.shipping.free_from },
        });
        let quote = shop.shipping.quote(self.region, self.amount);
        if let Some(region) = self.region {
            values["slots"]["region"] = json!(region.name(english));
            values["quote"]["fee"] = json!(quote.fee);
        }
        if let Some(amount) = self.amount {
            values["slots"]["amount"] = json!(amount);
            values["quote"]["fee"] = json!(quote.fee);
            values["quote"]["missing"] = json!(quote.missing);
            let promotion = shop.promotion.quote(amount);
            values["promotion"] = json!({ "off": promotion.off, "pays": promotion.pays });
            if let Some(next) = promotion.next {
                values["promotion"]["next_from"] = json!(next.from);
                values["promotion"]["next_missing"] = json!(next.missing);
                values["promotion"]["next_extra"] = json!(next.extra);
            }
        }
        if self.order {
            values["slots"]["order_number"] = json!("202605260001");
        }
        if handoff {
            let soon = if english { "tomorrow at 10:05" } else { "明天 10:05" };
            values["handoff"] = json!({ "respond_by": soon, "solve_by": soon });
        }
        shop.values(english).and(&values)
    }
}

/// A text as a customer reads it: filled, in the right script, without signs of a template.
fn expect_readable(what: &str, text: &str, english: bool) {
    assert!(!text.trim().is_empty(), "{what} is empty");
    assert!(!text.contains("{{") && !text.contains("}}") && !text.contains("undefined"), "{what}: {text}");
    assert!(text.chars().count() < 600, "{what} is too long: {text}");
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    assert_eq!(text.contains(is_han), !english, "{what} is in the wrong language: {text}");
}

#[test]
fn every_shipped_answer_can_be_told_with_every_filling_that_it_allows() {
    let catalogue = Catalogue::check(&SHIPPED).unwrap();
    let fillings = Filled::all();
    for intent in catalogue.intents() {
        for answer in &intent.answers {
            let allowed: Vec<&Filled> = fillings.iter().filter(|filled| filled.allows(answer, &catalogue)).collect();
            assert!(!allowed.is_empty(), "{}/{} can never be given", intent.id, answer.id);
            for filled in allowed {
                for english in [false, true] {
                    let values = filled.values(&catalogue, english, answer.resolves == Resolves::Act);
                    for (at, wording) in answer.wording.variants(english).iter().enumerate() {
                        let what = format!("{}/{} {at}", intent.id, answer.id);
                        let text = wording.render(&values).unwrap_or_else(|error| panic!("{what}: {error}"));
                        expect_readable(&what, &text, english);
                    }
                }
            }
        }
    }
}

#[test]
fn every_shipped_question_and_every_text_of_the_policy_can_be_told() {
    use TextKey::{
        Ambiguous, Apology, AttachmentReceived, Closing, HandoffGeneral, HandoffSensitive, HandoffUpset,
        HandoffUserRequest, LowConfidence, NobodyOnline, OfferPerson, OrderReceived, OutOfScope, Urgent,
    };
    let catalogue = Catalogue::check(&SHIPPED).unwrap();
    let nothing = Filled { region: None, amount: None, order: false };
    for english in [false, true] {
        for intent in catalogue.intents() {
            for slot in &intent.slots {
                for wording in slot.ask.variants(english) {
                    let text = wording.render(&nothing.values(&catalogue, english, false)).unwrap();
                    expect_readable(&format!("the question of {} for {}", intent.id, slot.name), &text, english);
                }
            }
        }
        for (key, handoff) in [
            (HandoffUserRequest, true),
            (HandoffUpset, true),
            (HandoffSensitive, true),
            (HandoffGeneral, true),
            (AttachmentReceived, true),
            (NobodyOnline, true),
            (Apology, false),
            (Urgent, false),
            (OfferPerson, false),
            (Ambiguous, false),
            (OutOfScope, false),
            (LowConfidence, false),
            (Closing, false),
            (OrderReceived, false),
        ] {
            let filled = Filled { order: key == OrderReceived, ..nothing };
            let mut values = filled.values(&catalogue, english, handoff && key != NobodyOnline);
            if key == Ambiguous {
                values = values.and(&json!({ "choices": "A / B" }));
            }
            if key == NobodyOnline {
                let opens = if english { "on Sat 28 Nov at 10:00" } else { "11月28日 10:00 (周六)" };
                values = values.and(&json!({ "handoff": { "opens_at": opens } }));
            }
            for wording in catalogue.policy().text(key).variants(english) {
                expect_readable(&format!("{key:?}"), &wording.render(&values).unwrap(), english);
            }
        }
    }
}

/// What is missing to free shipping is "zero when reached or out of reach".
#[test]
fn nothing_is_missing_where_nothing_is_delivered() {
    let catalogue = Catalogue::check(&SHIPPED).unwrap();
    let negative = Filled::all().into_iter().filter_map(|filled| {
        let quote = catalogue.shop().shipping.quote(filled.region, filled.amount);
        let place = filled.region.map(|region| region.name(false)).unwrap_or_default();
        (quote.missing < Money::default()).then(|| format!("{place} {:?}: {}", filled.amount, quote.missing))
    });
    assert_eq!(negative.collect::<Vec<_>>(), [""; 0]);
}

/// The manners that docs/INTENTS.md promises, on every shipped answer in Chinese.
#[test]
fn the_shipped_answers_keep_their_manners() {
    const RUDE: [&str; 10] = ["你", "可能", "大概", "应该", "很快", "不久", "绝对", "一定", "保证", "肯定没问题"];
    let catalogue = Catalogue::check(&SHIPPED).unwrap();
    let fillings = Filled::all();
    let mut found = Vec::new();
    for intent in catalogue.intents() {
        for answer in &intent.answers {
            let filled = fillings.iter().find(|filled| filled.allows(answer, &catalogue)).unwrap();
            for wording in answer.wording.variants(false) {
                let text = wording.render(&filled.values(&catalogue, false, true)).unwrap();
                let rude = RUDE.iter().find(|word| text.contains(**word));
                found.extend(rude.map(|word| format!("{}/{}: {word}: {text}", intent.id, answer.id)));
            }
        }
    }
    assert_eq!(found, [""; 0]);
}
