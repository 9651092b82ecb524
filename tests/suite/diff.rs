//! `triage diff`: what an edit changes on messages, from folders and from git.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::{Ran, run, small_shop};
use crate::{Workplace, replace_once, shipped};

/// Ten messages; the last holds a mobile number, and an e-mail address before it.
const MESSAGES: &str = "关于stock的事
关于quality_issue的事
关于stock的事

about wrong_or_missing
about wrong_or_missing
{\"text\": \"about wrong_or_missing\", \"message_id\": \"m-1\"}
about wrong_or_missing
about wrong_or_missing
关于wrong_or_missing的事
{\"text\": \"货号 13812345678\", \"history\": [{\"role\": \"bot\", \"text\": \"请发到 lead@shop.cn\"}]}
";

/// A shop with three intents and a file of messages.
fn recorded_shop() -> Workplace {
    let place = small_shop();
    place.edit("intents/stock.yaml", "answers:", "patterns: ['^货号']\nanswers:");
    place.write("messages.txt", MESSAGES);
    place
}

/// Other words for stock, a person for what is broken.
fn edit(place: &Workplace) {
    place.edit("intents/stock.yaml", "zh: [好的, 好呀, 好嘞]", "zh: [有货, 有的, 在的]");
    place.edit("intents/quality_issue.yaml", "resolves: inform", "resolves: act");
}

fn diff(place: &Workplace, old: &str, new: &str, more: &[&str]) -> Ran {
    let messages = place.path("messages.txt");
    let mut arguments = vec!["diff", old, new, "--on", messages.to_str().unwrap()];
    arguments.extend(more);
    run(&place.config(), &arguments, b"")
}

/// Kind, messages and lines of each group.
fn groups(ran: &Ran) -> Value {
    let groups = ran.json()["groups"].as_array().unwrap().clone();
    let groups = groups.iter().map(|group| {
        let changes = group["changes"].as_array().unwrap().iter();
        let lines: Vec<&Value> = changes.map(|change| &change["line"]).collect();
        json!([group["kind"], group["messages"], lines])
    });
    groups.collect()
}

/// Scores in texts are the model's and may move with it.
fn without_scores(text: &str) -> String {
    regex::Regex::new(r"/general \d\.\d\d").unwrap().replace_all(text, "/general [score]").into_owned()
}

#[test]
fn an_edit_is_shown_before_it_is_live() {
    let (old, new) = (recorded_shop(), recorded_shop());
    edit(&new);
    let folder = old.path("");
    let folder = folder.to_str().unwrap();
    let ran = diff(&new, folder, ".", &["--max-changed", "39%"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{}", ran.out);
    insta::assert_snapshot!(without_scores(ran.out.trim_end()), @r"
    10 messages: 4 changed (40.0 %), budget 39 %: over

    newly handed off          1   a person takes what the program did alone
      line 2      关于quality_issue的事
         answer quality_issue/general [score] → handoff action_needed (quality_issue/general resolves by act) to presale, serious

    other wording             3   the same decision in other words or numbers
      line 1      2 × 关于stock的事
         answer stock/general [score]
           before  好呀
           after   有的
      line 11     货号 [phone]
         said after  请发到 [e-mail]
         answer stock/general [score]
           before  好嘞
           after   在的
    ");

    // A configuration file stands for its catalogue too; four of ten is not more than two fifths.
    let ran = diff(&new, old.config().to_str().unwrap(), ".", &["--max-changed", "0.4", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let mut report: Value = serde_json::from_str(&without_scores(&ran.out)).unwrap();
    for side in ["old", "new"] {
        let hash = report[side]["catalogue"].as_str().unwrap().len();
        assert_eq!(hash, 64);
        report[side] = json!("[path and hash]");
    }
    report["model"] = json!("[model]");
    for group in report["groups"].as_array_mut().unwrap() {
        for change in group["changes"].as_array_mut().unwrap() {
            change["old"]["score"] = json!("[score]");
            change["new"]["score"] = json!("[score]");
        }
    }
    insta::assert_json_snapshot!("diff", report);
}

#[test]
fn the_way_back_is_another_change() {
    let (old, new) = (recorded_shop(), recorded_shop());
    edit(&new);
    let ran = diff(&new, ".", old.path("").to_str().unwrap(), &["--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "no budget, no verdict");
    assert_eq!(groups(&ran), json!([["no_longer_handed_off", 1, [2]], ["other_wording", 3, [1, 11]]]));
    assert_eq!(ran.json()["verdict"], "no_budget");
}

#[test]
fn facts_and_examples_of_the_shipped_catalogue() {
    let place = Workplace::new();
    place.edit("config/shop.yaml", "free_from: 199 ", "free_from: 159 ");
    let before = std::fs::read_to_string(place.path("intents/return_policy.yaml")).unwrap();
    place.write(
        "intents/return_policy.yaml",
        &replace_once(&before, "examples:\n  zh:\n", "examples:\n  zh:\n    - 咕咕嘎嘎咕咕\n"),
    );
    place.write("messages.txt", "满多少包邮呀\n转人工\n咕咕嘎嘎咕咕\n");
    let ran = diff(&place, shipped("").to_str().unwrap(), ".", &["--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let report = ran.json();
    let changes: Vec<&Value> =
        report["groups"].as_array().unwrap().iter().flat_map(|group| group["changes"].as_array().unwrap()).collect();
    let on_line = |line: usize| changes.iter().find(|change| change["line"] == line);
    let fee = on_line(1).unwrap_or_else(|| panic!("{report:#}"));
    assert!(
        fee["old"]["says"].as_str().unwrap().contains("199") && fee["new"]["says"].as_str().unwrap().contains("159")
    );
    assert!(on_line(2).is_none(), "{report:#}");
    let shown = on_line(3).unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(shown["new"]["intents"], json!(["return_policy"]));
}

/// Runs git in a folder, untouched by the settings of who runs the tests.
fn git(folder: &Path, arguments: &[&str]) {
    let nowhere = folder.join("no-settings");
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Lead", "-c", "user.email=lead@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", &nowhere)
        .env("GIT_CONFIG_SYSTEM", &nowhere)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .unwrap_or_else(|error| panic!("this test needs git, which cannot be run: {error}"));
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository with three commits: an empty one, one with a mistake, one that is sound. The tag `fixed` is the last.
fn repository() -> Workplace {
    let place = recorded_shop();
    let root = place.path("");
    git(&root, &["init", "--quiet"]);
    git(&root, &["commit", "--quiet", "--allow-empty", "--message", "Nothing yet"]);
    place.edit("intents/stock.yaml", "queue: presale", "queue: sales");
    git(&root, &["add", "."]);
    git(&root, &["commit", "--quiet", "--message", "A shop"]);
    place.edit("intents/stock.yaml", "queue: sales", "queue: presale");
    git(&root, &["commit", "--quiet", "--all", "--message", "The right queue"]);
    git(&root, &["tag", "fixed"]);
    place
}

#[test]
fn revisions_are_read_from_git() {
    let place = repository();
    edit(&place);
    // Not committed and not part of the catalogue: the configuration is the one on disk for both.
    place.edit("config/triage.yaml", "workers: 0", "workers: 3");
    for (old, new) in [("HEAD", "."), ("fixed", place.path("").to_str().unwrap())] {
        let ran = diff(&place, old, new, &["--json"]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{old} {new}");
        let expected = json!([["newly_handed_off", 1, [2]], ["other_wording", 3, [1, 11]]]);
        assert_eq!(groups(&ran), expected, "{old} {new}");
    }
    let ran = diff(&place, "HEAD", "fixed", &["--max-changed", "0"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let expected = "10 messages: 0 changed (0.0 %), budget 0 %: within\n\n\
                    HEAD and fixed hold the same intents, policy and shop\n";
    assert_eq!(ran.out, expected);

    let ran = diff(&place, "HEAD~1", ".", &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("HEAD~1:intents/stock.yaml:3:1: unknown-queue: unknown queue `sales`"), "{}", ran.err);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let place = repository();
    place.write("empty.txt", "\n\n");
    place.write("broken.txt", "在吗\n{\"texts\": 1}\n");
    let elsewhere = recorded_shop();
    let messages = place.path("messages.txt");
    let (empty, broken) = (place.path("empty.txt"), place.path("broken.txt"));
    let folder = place.path("intents");
    for (what, at, old, on, says) in [
        ("an unknown revision", &place, "gone", &messages, "there is no path `gone`, and no such revision in the git"),
        ("what git says of it", &place, "gone", &messages, "git says: fatal: "),
        ("a revision without a shop", &place, "HEAD~2", &messages, "the revision `HEAD~2` lacks one of `intents`, `"),
        ("no repository", &elsewhere, "HEAD", &messages, "there is no path `HEAD`, and no git repository around `"),
        ("a folder without a shop", &place, folder.to_str().unwrap(), &messages, "has no `config/triage.yaml`"),
        ("no messages", &place, ".", &empty, "holds no messages"),
        ("a bad message", &place, ".", &broken, "broken.txt:2:1: bad-message: "),
    ] {
        let ran = run(&at.config(), &["diff", old, ".", "--on", on.to_str().unwrap()], b"");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{what}: {}", ran.err);
        assert!(ran.err.contains(says), "{what}: {}", ran.err);
    }
    let ran = diff(&place, ".", ".", &["--max-changed", "2"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("`2` is not a share; write 2% or 0.02"), "{}", ran.err);
}

#[test]
fn the_problems_of_both_are_told_at_once() {
    let (old, new) = (recorded_shop(), recorded_shop());
    for place in [&old, &new] {
        place.edit("intents/stock.yaml", "queue: presale", "queue: sales");
    }
    let ran = diff(&new, old.path("").to_str().unwrap(), ".", &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert_eq!(ran.err.matches("unknown queue `sales`").count(), 2, "{}", ran.err);
}
