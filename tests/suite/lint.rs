//! The linter: a mistake of each family is found at its line, once, with what to write instead.

use triage::catalogue::{Catalogue, Severity, Sources};
use triage::head::Samples;
use triage::lint;

use crate::{ENGINE, Workplace, minimal_intent, shipped};

const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 23);

fn findings(place: &Workplace) -> Vec<(String, usize, &'static str, String)> {
    let sources =
        Sources::read(&place.path("intents"), &place.path("config/policy.yaml"), &place.path("config/shop.yaml"));
    let findings = lint::lint(&sources.unwrap(), TODAY);
    let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    findings.iter().map(|found| (name(&found.file), found.place.line, found.code, found.message.clone())).collect()
}

/// The shipped catalogue with one text of one file replaced.
fn broken(file: &str, from: &str, to: &str) -> Workplace {
    let place = Workplace::new();
    place.edit(file, from, to);
    place
}

#[test]
fn the_shipped_catalogue_and_the_starter_have_nothing_to_lint() {
    assert_eq!(findings(&Workplace::new()), []);
    let starter = |name: &str| shipped(&format!("src/cli/starter/{name}"));
    let sources =
        Sources::read(&starter("intents"), &starter("config/policy.yaml"), &starter("config/shop.yaml")).unwrap();
    assert_eq!(lint::lint(&sources, TODAY).to_string(), "0 problems");
}

#[test]
fn one_mistake_of_each_family_is_found_at_its_line() {
    let answer = |zh: &str, more: &str| {
        let base = minimal_intent("gift");
        base.replace("zh: [好的, 收到, 明白]", &format!("zh:\n      - 好的\n      - 收到\n      - {zh}{more}"))
    };
    let whole = |intent: String| {
        let place = Workplace::new();
        let tests = "tests:\n  - { say: 关于gift的事, expect: gift }\n";
        place.write("intents/gift.yaml", &format!("{intent}{tests}"));
        place
    };
    let thin = |text: &str| {
        text.replace(
            "zh: [关于gift的事]",
            "zh: [关于gift的事, 礼盒包装, 包漂亮点, 送人的, 要个礼盒, 丝带有吗, 能写贺卡不, 生日送人用]",
        )
    };
    let full = |text: String| thin(&text).replace("en: [about gift]", "en: [about gift, wrap it please, any gift box]");
    for (code, place, line) in [
        ("vague-word", whole(full(answer("礼盒可能明天到", ""))), 13),
        ("empty-promise", whole(full(answer("绝对不会错", ""))), 13),
        ("informal-you", whole(full(answer("你稍等一下", ""))), 13),
        ("too-many-emoji", whole(full(answer("好的😊😊😊", ""))), 13),
        ("wrong-language", whole(full(answer("All right", ""))), 13),
        ("contradicts-shop", whole(full(answer("礼盒 37 元一个", ""))), 13),
        ("long-answer", whole(full(answer(&"好的，礼盒可以包。".repeat(30), ""))), 13),
        ("thin-examples", whole(minimal_intent("gift")), 5),
        ("personal-data", whole(full(answer("好的呢", "")).replace("生日送人用", "我电话13812345678")), 5),
        (
            "unused-slot",
            whole(format!(
                "{}slots:\n  region:\n    ask: {{ zh: [寄到哪里呢], en: [Where to] }}\n",
                full(answer("好的呢", ""))
            )),
            16,
        ),
        ("claimed-action", whole(full(answer("已为您取消订单", "")).replace("resolves: inform", "resolves: act")), 13),
        ("unknown-key", whole(format!("{}colour: red\n", full(answer("好的呢", "")))), 15),
        ("bad-allow", whole(full(answer("好的呢", " # lint: allow vague-word"))), 13),
        ("unused-allow", whole(full(answer("好的呢", " # lint: allow vague-word because 老板说可以"))), 13),
        ("unknown-queue", broken("intents/stock.yaml", "queue: presale", "queue: presell"), 3),
    ] {
        let found = findings(&place);
        let hits: Vec<_> = found.iter().filter(|(_, _, own, _)| *own == code).collect();
        assert!(!hits.is_empty(), "{code} is not found: {found:?}");
        assert!(hits.iter().any(|(_, at, ..)| *at == line), "{code} is not in line {line}: {hits:?}");
    }
}

#[test]
fn a_comment_with_a_reason_allows_a_finding_in_one_place() {
    let sentence = |comment: &str| {
        format!("{}tests:\n  - {{ say: 关于gift的事, expect: gift }}\n", minimal_intent("gift")).replace(
            "zh: [好的, 收到, 明白]",
            &format!("zh:\n      - 好的\n      - 绝对可以{comment}\n      - 绝对没问题"),
        )
    };
    let count = |comment: &str| {
        let place = Workplace::new();
        place.write("intents/gift.yaml", &sentence(comment));
        findings(&place).iter().filter(|(_, _, code, _)| *code == "empty-promise").count()
    };
    assert_eq!((count(""), count(" # lint: allow empty-promise because 活动口号")), (2, 1));
}

#[test]
fn every_rule_has_a_page_with_its_four_parts() {
    for code in lint::codes() {
        let page = lint::page(code).unwrap();
        assert!(page.starts_with(&format!("# {code}\n")), "{code}: the page must begin with its name");
        for part in ["## What", "## Why", "## Wrong", "## Right"] {
            assert!(page.contains(part), "{code}: the page has no `{part}`");
        }
        assert!(page.contains("Severity: error") || page.contains("Severity: warning"), "{code}");
    }
}

#[test]
fn sarif_names_rule_level_and_place() {
    let place = broken("intents/stock.yaml", "queue: presale", "queue: presell");
    let sources =
        Sources::read(&place.path("intents"), &place.path("config/policy.yaml"), &place.path("config/shop.yaml"));
    let found = lint::lint(&sources.unwrap(), TODAY);
    assert!(found.iter().all(|finding| finding.severity == Severity::Error));
    let report = lint::sarif::report(&found);
    let result = &report["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"unknown-queue".into(), &"error".into()));
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 3);
}

/// What the model makes of the examples of the files in a place.
fn by_vector(place: &Workplace, only: Option<&[&str]>) -> Vec<(String, usize, &'static str, String)> {
    let sources =
        Sources::read(&place.path("intents"), &place.path("config/policy.yaml"), &place.path("config/shop.yaml"))
            .unwrap();
    let catalogue = Catalogue::check(&sources).unwrap();
    let samples = Samples::read(&catalogue, ENGINE.bundle(), None, 2).unwrap();
    let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let findings = lint::by_vector(&catalogue, &samples, &sources, only);
    findings.iter().map(|found| (name(&found.file), found.place.line, found.code, found.message.clone())).collect()
}

#[test]
fn examples_that_the_model_takes_for_others_are_named_with_their_pair() {
    assert_eq!(by_vector(&Workplace::new(), None), [], "the shipped examples are told apart, or say why not");
    let place = Workplace::new();
    let first = "examples:\n  zh:\n";
    place.edit("intents/invoice.yaml", first, &format!("{first}    - 我的快递到哪了呀\n    - 请问运费是多少钱呀\n"));
    let found = by_vector(&place, Some(&["invoice"]));
    let line = |text: &str| {
        let lines = std::fs::read_to_string(place.path("intents/invoice.yaml")).unwrap();
        lines.lines().position(|line| line.contains(text)).unwrap() + 1
    };
    let codes: Vec<(usize, &str)> = found.iter().map(|(_, line, code, _)| (*line, *code)).collect();
    assert_eq!(codes.len(), 2, "{found:#?}");
    for (text, other) in [("我的快递到哪了呀", "order_lookup.yaml:"), ("请问运费是多少钱呀", "shipping_fee.yaml:")]
    {
        let (.., message) = found.iter().find(|(_, at, ..)| *at == line(text)).unwrap();
        assert!(message.contains(other), "{text}: {message}");
    }
    // The same from the other side, once for a pair.
    let all = by_vector(&place, None);
    assert!(all.len() >= 2 && all.iter().filter(|(_, _, code, _)| *code == "near-duplicate").count() <= 2, "{all:#?}");
}

#[test]
fn a_slip_is_told_what_was_likely_meant() {
    for (file, from, to, meant) in [
        ("intents/stock.yaml", "queue: presale", "queue: presell", "did you mean `presale`?"),
        ("intents/stock.yaml", "title:", "titel:", "did you mean `title`?"),
        ("config/policy.yaml", "thresholds:", "treshold:", "did you mean `thresholds`?"),
    ] {
        let found = findings(&broken(file, from, to));
        assert!(found.iter().any(|(.., message)| message.contains(meant)), "{to}: {found:?}");
    }
}
