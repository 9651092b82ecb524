//! The tests that leads write: what is told of those that fail, the report for build servers, and changing what they
//! expect without losing a comment.

use std::path::PathBuf;

use serde_json::{Value, json};
use triage::cases::{self, Edited, Failure, Kept, Key, Update};
use triage::catalogue::Sources;
use triage::{Engine, Incoming};

use crate::cli::{run, small_shop};
use crate::{Workplace, minimal_intent};

/// Every kind of value, in every layout that a lead might write it in.
const TESTS: &str = "tests:   # the lead's own words
  - { say: 关于stock的事, expect: stock, decision: answer, answer_has: 好 }
  - { say: about stock, expect: quality_issue } # a comment that stays
  - say: 我的手机是13800138000，about stock
    expect_not: quality_issue
    decision: 'handoff'   # quoted
    emotion: \"anger\"
    answer_has: 退款
  # between
  - { say: \"about quality_issue\", expect: quality_issue,   expect_not: quality_issue }
  - { say: \"about wrong_or_missing\", expect: stock, expect_not: wrong_or_missing }
  - {say: 关于stock的事, expect: \"st\\x6fck\", decision: ask}\r
";

/// The small shop with tests that fail in every way.
fn failing_shop() -> Workplace {
    let place = small_shop();
    let fixed = minimal_intent("stock").replace("zh: [好的, 收到, 明白]", "zh: [好的, 好呀, 好嘞]");
    place.write("intents/stock.yaml", &format!("{fixed}{TESTS}"));
    place
}

fn open(place: &Workplace) -> (Engine, Sources, Vec<Failure>) {
    let engine = Engine::open(place.config()).unwrap();
    let config = engine.config().clone();
    let sources = Sources::read(&config.intents, &config.policy, &config.shop).unwrap();
    let failures = cases::run(&engine, engine.catalogue().intent("stock").unwrap());
    (engine, sources, failures)
}

/// What is decided about the third test: the model's business, only not what the test expects.
fn decided(engine: &Engine) -> &'static str {
    let third = Incoming::text(engine.catalogue().intent("stock").unwrap().cases[2].say.as_str()).unwrap();
    let decided = engine.triage(&third).decision.id();
    assert_ne!(decided, "handoff");
    decided
}

fn stock(place: &Workplace) -> String {
    std::fs::read_to_string(place.path("intents/stock.yaml")).unwrap()
}

#[test]
fn failures_say_what_was_expected_and_why_it_came_otherwise() {
    let place = failing_shop();
    let (engine, _, failures) = open(&place);
    type Told<'f> = (usize, usize, Vec<(Key, &'f str, &'f str)>);
    let told: Vec<Told<'_>> = failures
        .iter()
        .map(|failure| {
            let problems = failure.problems.iter();
            let problems = problems.filter(|problem| problem.key != Key::AnswerHas);
            let problems = problems.map(|problem| (problem.key, problem.expected.as_str(), problem.got.as_str()));
            (failure.at, failure.line, problems.collect())
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, 14, vec![(Key::Expect, "quality_issue", "stock")]),
            (2, 15, vec![(Key::Decision, "handoff", decided(&engine)), (Key::Emotion, "anger", "neutral")]),
            (3, 21, vec![(Key::ExpectNot, "quality_issue", "quality_issue")]),
            (
                4,
                22,
                vec![
                    (Key::Expect, "stock", "wrong_or_missing"),
                    (Key::ExpectNot, "wrong_or_missing", "wrong_or_missing")
                ]
            ),
            (5, 23, vec![(Key::Decision, "ask", "answer")]),
        ]
    );
    let first = &failures[0];
    assert_eq!((first.candidates.len(), first.candidates[0].id.as_str()), (2, "stock"));
    assert!(first.candidates[0].is_settled, "an example of the file is this message");
    assert_eq!(first.reason.as_ref().unwrap().code, "answered");
    assert_eq!(first.problems[0].to_string(), "expect: quality_issue, got stock");
    let words = failures[1].problems.iter().find(|problem| problem.key == Key::AnswerHas).unwrap();
    assert_eq!((words.expected.as_str(), words.got.is_empty()), ("退款", false));
}

#[test]
fn expectations_are_updated_and_everything_else_is_left() {
    let place = failing_shop();
    let (engine, sources, failures) = open(&place);
    let update = Update::plan(&sources, &failures);
    let changes: Vec<(usize, Key)> = update.changes.iter().map(|change| (change.line, change.key)).collect();
    assert_eq!(changes, [(14, Key::Expect), (15, Key::Decision), (15, Key::Emotion), (23, Key::Decision)]);
    let kept: Vec<(usize, Key)> = update.kept.iter().map(|Kept { line, key, .. }| (*line, *key)).collect();
    assert_eq!(
        kept,
        [(15, Key::AnswerHas), (21, Key::ExpectNot), (22, Key::Expect), (22, Key::ExpectNot)],
        "what a person has to think about"
    );
    assert!(update.kept[2].why.contains("expect_not"), "{}", update.kept[2].why);
    let [Edited { path, before, after }] = update.files.as_slice() else { panic!("one file: {:?}", update.files) };
    assert_eq!((path, before.as_str()), (&failures[0].file, stock(&place).as_str()));
    let wanted = before
        .replace("about stock, expect: quality_issue } #", "about stock, expect: stock } #")
        .replace("'handoff'   #", &format!("'{}'   #", decided(&engine)))
        .replace("\"anger\"", "\"neutral\"")
        .replace("decision: ask}\r", "decision: answer}\r");
    assert_eq!(*after, wanted);
    update.verify(&engine, &sources).unwrap();
    let left: Vec<usize> = update.left(&failures).iter().map(|failure| failure.line).collect();
    assert_eq!(left, [15, 21, 22]);
}

/// A plan that does not do what it says is found out before anything is written.
#[test]
fn an_update_that_would_not_hold_is_refused() {
    let place = failing_shop();
    let (engine, sources, failures) = open(&place);
    let told = |change: &dyn Fn(&mut String)| {
        let mut update = Update::plan(&sources, &failures);
        change(&mut update.files[0].after);
        update.verify(&engine, &sources).unwrap_err().to_string()
    };
    let still = told(&|after| *after = after.replace(&format!("'{}'", decided(&engine)), "'silent'"));
    assert!(still.contains("stock.yaml:15: `decision` would fail still"), "{still}");
    let refused = told(&|after| *after = after.replace("queue: presale", "queue: nowhere"));
    assert!(refused.contains("unknown-queue"), "{refused}");
}

#[test]
fn what_the_file_does_not_say_plainly_is_kept() {
    let place = small_shop();
    let tests = "tests:\n  - { say: about stock, expect: \"quality\\x5fissue\" }\n";
    place.write("intents/stock.yaml", &format!("{}{tests}", minimal_intent("stock")));
    let (_, sources, failures) = open(&place);
    let update = Update::plan(&sources, &failures);
    assert_eq!((update.changes.len(), update.files.len(), update.kept.len()), (0, 0, 1));
    assert!(update.kept[0].why.contains("by hand"), "{}", update.kept[0].why);
}

#[test]
fn test_tells_people_machines_and_build_servers() {
    let place = failing_shop();
    let report = place.path("report.xml");
    let ran = run(&place.config(), &["test", "--junit", report.to_str().unwrap()], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    let file = place.path("intents/stock.yaml");
    let first = format!(
        "{}:14: about stock\n  - expect      quality_issue\n  + expect      stock\n    intents     stock 0.99 (exact), ",
        file.display()
    );
    assert!(ran.out.starts_with(&first), "{}", ran.out);
    for part in [
        "\n    because     answered (stock/general 0.99)\n",
        "\n  - answer_has  退款\n  + said        ",
        "\n  - expect_not  quality_issue\n  + understood  quality_issue\n",
        ":15: 我的手机是[phone]，about stock\n",
    ] {
        assert!(ran.out.contains(part), "`{part}` in {}", ran.out);
    }
    assert!(ran.out.ends_with("\n6 tests, 5 failed\n") && !ran.out.contains('\u{1b}'), "{}", ran.out);
    expect_junit(&std::fs::read_to_string(report).unwrap(), &file);

    let ran = run(&place.config(), &["test", "stock", "--json", "--allow", "0.9"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "five in six are let fail");
    let found = ran.json();
    assert_eq!((&found["tests"], &found["failed"]), (&json!(6), &json!(5)));
    let first = &found["failures"][0];
    assert_eq!(first["problems"], json!([{ "key": "expect", "expected": "quality_issue", "got": "stock" }]));
    assert_eq!((&first["line"], &first["candidates"][0]["id"]), (&json!(14), &json!("stock")));
    assert!(!ran.out.contains("13800138000"), "{}", ran.out);
    let ran = run(&place.config(), &["test", "stok"], b"");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("there is no intent `stok`; there are: quality_issue, stock, wrong_or_missing"),
        "{}",
        ran.err
    );
}

/// The report as another program reads it.
fn expect_junit(text: &str, file: &std::path::Path) {
    let document = roxmltree::Document::parse(text).unwrap();
    let root = document.root_element();
    assert_eq!((root.attribute("tests"), root.attribute("failures")), (Some("6"), Some("5")));
    let suites: Vec<&str> = root.children().filter_map(|suite| suite.attribute("name")).collect();
    assert_eq!(suites, ["quality_issue", "stock", "wrong_or_missing"]);
    let cases: Vec<_> = root.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    let named: Vec<(Option<&str>, Option<&str>)> =
        cases.iter().map(|case| (case.attribute("name"), case.attribute("line"))).collect();
    assert_eq!(
        named[..3],
        [
            (Some("关于stock的事"), Some("13")),
            (Some("about stock"), Some("14")),
            (Some("我的手机是[phone]，about stock"), Some("15")),
        ]
    );
    let failures: Vec<_> = cases.iter().map(|case| case.children().find(|node| node.has_tag_name("failure"))).collect();
    assert!(failures[0].is_none());
    let failure = failures[1].unwrap();
    assert_eq!(failure.attribute("message"), Some("expect: quality_issue, got stock"));
    assert_eq!(cases[1].attribute("file"), file.to_str());
    assert!(failure.text().unwrap().contains("because answered"), "{failure:?}");
    assert!(!text.contains("13800138000"));
}

#[test]
fn update_expected_writes_what_it_showed() {
    let place = failing_shop();
    let before = stock(&place);
    let ran = run(&place.config(), &["test", "--update-expected", "--yes"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "some have to be thought about: {}", ran.out);
    let after = stock(&place);
    for (sign, from, to) in [('-', &before, &after), ('+', &after, &before)] {
        for line in from.lines().filter(|line| !to.contains(*line)) {
            assert!(ran.out.contains(&format!("\n{sign}{line}")), "`{sign}{line}` is shown: {}", ran.out);
        }
    }
    assert!(ran.out.ends_with("wrote 4 changes to 1 file\n"), "{}", ran.out);
    let names = std::fs::read_dir(place.path("intents")).unwrap().map(|entry| entry.unwrap().path());
    let names: Vec<PathBuf> = names.filter(|path| path.extension().is_none_or(|ending| ending != "yaml")).collect();
    assert_eq!(names, [""; 0].map(PathBuf::from), "nothing is left beside the files");
    let found: Value = run(&place.config(), &["test", "--json"], b"").json();
    let left: Vec<&str> = found["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| failure["problems"][0]["key"].as_str().unwrap())
        .collect();
    assert_eq!(left, ["answer_has", "expect_not", "expect"]);
    // A second time there is nothing that it could do.
    let ran = run(&place.config(), &["test", "--update-expected", "--yes"], b"");
    assert!(ran.out.ends_with("nothing to change\n") && stock(&place) == after, "{}", ran.out);
}
