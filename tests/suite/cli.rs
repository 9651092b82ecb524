//! The program as a person starts it: what it prints, and its exit codes. Every start that opens an engine takes
//! seconds, so each of them shows as much as it can.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Workplace, minimal_intent, shipped};

pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// Runs the program in an empty folder, so that nothing is found by chance.
pub(crate) fn run<S: AsRef<OsStr>>(config: &Path, arguments: &[S], input: &[u8]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_triage"))
        .arg("--config")
        .arg(config)
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

pub(crate) fn shipped_config() -> std::path::PathBuf {
    shipped("config/triage.yaml")
}

/// A shop with three intents: quick to fit.
pub(crate) fn small_shop() -> Workplace {
    let place = Workplace::without_intents();
    for id in ["quality_issue", "wrong_or_missing"] {
        place.write(&format!("intents/{id}.yaml"), &minimal_intent(id));
    }
    let tests = "tests:
  - { say: 关于stock的事, expect: stock, decision: answer, answer_has: 好 }
  - { say: about stock, expect: quality_issue }
";
    let fixed = minimal_intent("stock").replace("zh: [好的, 收到, 明白]", "zh: [好的, 好呀, 好嘞]");
    place.write("intents/stock.yaml", &format!("{fixed}{tests}"));
    place
}

#[test]
fn lint_of_sound_files() {
    let ran = run(&shipped_config(), &["lint"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.ends_with(" examples: no problems\n"), "{}", ran.out);
    let ran = run(&shipped_config(), &["lint", "--json"], b"");
    assert_eq!((ran.code, ran.json()), (Some(0), serde_json::json!([])));
}

#[test]
fn lint_of_broken_files() {
    let place = small_shop();
    place.edit("intents/stock.yaml", "queue: presale", "queue: sales");
    place.edit("intents/quality_issue.yaml", "title:", "titel:");
    let ran = run(&place.config(), &["lint", "--errors"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{}", ran.out);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!((lines.len(), lines[3]), (4, "3 problems"), "{}", ran.out);
    let stock =
        format!("{}:3:1: unknown-queue: unknown queue `sales`; allowed: ", place.path("intents/stock.yaml").display());
    // Paths are given relative to the configuration file, as it names them.
    let normal = ran.out.replace("config/../", "");
    assert!(normal.lines().any(|line| line.starts_with(&stock)), "{normal}");

    let found = run(&place.config(), &["lint", "--errors", "--json"], b"");
    assert_eq!(found.code, Some(1));
    let found = found.json();
    let codes: Vec<&str> = found.as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["missing-key", "unknown-key", "unknown-queue"]);
    let keys: Vec<&String> = found[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["file", "line", "column", "severity", "code", "message"]);
    assert_eq!((&found[2]["line"], &found[2]["column"]), (&serde_json::json!(3), &serde_json::json!(1)));
}

/// However many layers an error comes through, a person reads it once.
#[test]
fn an_error_is_told_once() {
    let place = small_shop();
    place.edit("intents/stock.yaml", "queue: presale", "queue: sales");
    let ran = run(&place.config(), &["ask", "你好"], b"");
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert_eq!(ran.err.matches("unknown queue `sales`").count(), 1, "{}", ran.err);
}

#[test]
fn what_cannot_run_exits_with_two() {
    let place = Workplace::without_intents();
    std::fs::remove_dir(place.path("intents")).unwrap();
    let gone = place.path("gone.yaml");
    for (what, config, arguments, says) in [
        ("no intents", place.config(), &["lint"][..], "cannot read `"),
        ("no configuration", gone, &["ask", "你好"], "cannot read the configuration"),
        ("nothing to ask", place.config(), &["ask"], "required"),
        ("a share above all", place.config(), &["test", "--allow", "5"], "from 0 to 1"),
        ("yes to nothing", place.config(), &["test", "--yes"], "--update-expected"),
        ("an update and a report", place.config(), &["test", "--update-expected", "--json"], "cannot be used with"),
        ("nobody to ask", place.config(), &["test", "--update-expected"], "standard input is no terminal; add `--yes`"),
        ("text and lines", place.config(), &["ask", "--jsonl", "你好"], "cannot be used with"),
        ("an unknown command", place.config(), &["aks"], "unrecognized subcommand"),
        (
            "a bundle that is not there",
            place.config(),
            &["bundle", "verify", "gone"],
            "cannot read `gone/manifest.yaml`",
        ),
    ] {
        let ran = run(&config, arguments, b"");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{what}: {}", ran.err);
        assert!(ran.err.contains(says), "{what}: {}", ran.err);
    }
}

#[test]
fn ask_answers_lines_in_order() {
    let lines = [
        r#"{"id": "a", "text": "包邮吗"}"#,
        r#"{"id": 2, "text": "包邮吗", "lang": "en", "history": [{"role": "customer", "text": "to Xinjiang"}]}"#,
        r#"{"id": "broken""#,
        "",
        r#"{"id": {"n": 4}, "text": ""}"#,
        r#"{"id": 5, "text": "你好", "lang": "fr"}"#,
        r#"{"text": "你好"}"#,
    ];
    let mut input = lines.join("\n").into_bytes();
    input.extend(
        b"\n{\"id\": 7, \"text\": \"\xff\"}\r\n{\"id\": 8, \"text\": \"\xe8\xbd\xac\xe4\xba\xba\xe5\xb7\xa5\"}",
    );
    let ran = run(&shipped_config(), &["ask", "--jsonl"], &input);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "a bad line is a finding");
    let replies: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<String> = replies.iter().map(|reply| reply["id"].to_string()).collect();
    assert_eq!(ids, ["\"a\"", "2", "null", "{\"n\":4}", "5", "null", "null", "8"]);
    for (at, error) in [(2, "line 3: "), (3, "line 5: `text` is empty"), (4, "line 6: `lang` is `fr`"), (6, "line 8: ")]
    {
        let said = replies[at]["error"].as_str().unwrap_or_else(|| panic!("{}", replies[at]));
        assert!(said.starts_with(error), "{said}");
    }
    for (at, decision, language) in
        [(0, "answer", "zh-Hans"), (1, "answer", "en"), (5, "answer", "zh-Hans"), (7, "handoff", "zh-Hans")]
    {
        assert_eq!(
            (&replies[at]["decision"], &replies[at]["answer"]["lang"]),
            (&decision.into(), &language.into()),
            "line {at}"
        );
    }
    assert_eq!(replies[1]["slots"][0]["value"], "新疆");
}

#[test]
fn eval_measures_a_file() {
    let place = small_shop();
    let file = place.path("gold.tsv");
    place.write("gold.tsv", "text\tintent\temotion\n关于stock的事\tstock\tneutral\nabout quality_issue\tquality_issue\t\nabout stock\twrong_or_missing|stock\t-\n");
    let file = file.to_str().unwrap();
    let ran = run(&place.config(), &["eval", file, "--intent", "intent", "--emotion", "emotion", "--json"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let report = ran.json();
    assert_eq!(report["rows"], 3);
    assert_eq!(report["intents"]["accuracy"]["value"], 1.0, "{report:#}");
    assert_eq!(report["emotions"]["accuracy"]["n"], 1);
    assert_eq!(report["wrong"], serde_json::json!([]));
}

#[test]
fn eval_knows_what_needs_a_hand() {
    let place = Workplace::new();
    // Cancelling is done by a person, the rule about it is told.
    place.write("gold.tsv", "text\tintent\tact\n取消订单\tcancel_order\trequest\n订单能取消吗\tcancel_order\task\n");
    let file = place.path("gold.tsv");
    let arguments = ["eval", file.to_str().unwrap(), "--intent", "intent", "--act", "act", "--json"];
    let ran = run(&place.config(), &arguments, b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let auto = &ran.json()["live"]["auto_answer"];
    assert_eq!((&auto["needs_a_hand"], &auto["coverage"]["n"]), (&1.into(), &1.into()), "{auto:#}");
    place.write("gold.tsv", "text\tintent\tact\n取消订单\tcancel_order\tplead\n");
    let ran = run(&place.config(), &arguments, b"");
    assert!(
        ran.err.contains("gold.tsv:2: `act`: `plead` is no act; allowed: ask, request, report, chase"),
        "{}",
        ran.err
    );
}

#[test]
fn eval_writes_a_page() {
    let place = small_shop();
    place.write("gold.tsv", "text\tintent\n关于<b>stock</b>的事\tquality_issue\nabout stock\tstock\n");
    let (file, page) = (place.path("gold.tsv"), place.path("page.html"));
    let arguments = ["eval", file.to_str().unwrap(), "--intent", "intent", "--html", page.to_str().unwrap()];
    let ran = run(&place.config(), &arguments, b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg") && page.contains("关于&lt;b&gt;stock") && !page.contains("<b>stock"), "{page}");
    assert!(page.contains("关于stock的事 (stock, "), "wrong cases show the examples nearest to them: {page}");
}

#[test]
fn eval_fits_a_labelled_file() {
    let place = Workplace::without_intents();
    place.write("train.tsv", "text\tlabel\nwhat is the weather today\tweather\nwill it rain\tweather\nis it sunny outside\tweather\nplay some music\tmusic\nput on a song\tmusic\nplay my favourite album\tmusic\n");
    place.write("test.tsv", "text\tlabel\nis it going to rain tomorrow\tweather\nplay a song by queen\tmusic\n");
    let (train, test) = (place.path("train.tsv"), place.path("test.tsv"));
    let ran =
        run(&place.config(), &["eval", "--fewshot", train.to_str().unwrap(), test.to_str().unwrap(), "--json"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.json()["intents"]["accuracy"]["value"], 1.0);
    assert_eq!(ran.json()["intents"]["accuracy"]["n"], 2);
}

#[test]
fn bundles_are_read_and_timed() {
    let bundle = triage::config::Config::read(&shipped_config()).unwrap().bundle;
    let bundle = bundle.to_str().unwrap();
    let ran = run(&shipped_config(), &["bundle", "read", bundle], "到新疆运费多少\n \n".as_bytes());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0]["ids"].as_array().unwrap().len() > 2, "{}", lines[0]);
    assert_eq!(lines[1]["ids"].as_array().unwrap().len(), 1, "nothing is read as one unknown token: {}", lines[1]);
    let ran = run(
        &shipped_config(),
        &["bundle", "measure", bundle, bundle, "--tokens", "5,8", "--rounds", "20", "--json"],
        b"",
    );
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let tokens: Vec<u64> = ran.json().as_array().unwrap().iter().map(|row| row["tokens"].as_u64().unwrap()).collect();
    assert_eq!(tokens, [5, 5, 8, 8]);
}

#[test]
fn eval_names_the_columns_that_there_are() {
    let place = Workplace::without_intents();
    place.write("gold.tsv", "text\tlabel\n你好\tgreeting\n");
    let ran = run(&place.config(), &["eval", place.path("gold.tsv").to_str().unwrap(), "--intent", "intent"], b"");
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(
        ran.err.contains("gold.tsv:1: column `intent` is missing; columns in the file: text, label"),
        "{}",
        ran.err
    );
}

#[test]
fn bundle_verify_and_normalise() {
    let ran = run(&shipped_config(), &["bundle", "verify"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.contains("@") && ran.out.contains(" dimensions, ") && ran.out.lines().count() == 1, "{}", ran.out);
    let ran = run(&shipped_config(), &["bundle", "normalise"], "訂單202605260001到哪了？？？？\nＨello\n".as_bytes());
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "订单<order>到哪了???\nhello\n"));
}

#[test]
fn openapi_is_printed_without_any_file() {
    let ran = run(Path::new("gone.yaml"), &["openapi"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let document = ran.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    assert!(document["paths"]["/v1/triage"]["post"].is_object());
}

#[test]
fn init_writes_a_catalogue_that_works_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("shop");
    let bundle = crate::shipped("models/zh-en-small");
    let init = || run(&at, &["init", at.to_str().unwrap(), "--bundle", bundle.to_str().unwrap()], b"");
    assert_eq!(init().code, Some(0));
    std::fs::write(at.join("config/shop.yaml"), "mine").unwrap();
    assert!(init().out.contains("kept "));
    assert_eq!(std::fs::read_to_string(at.join("config/shop.yaml")).unwrap(), "mine");
    std::fs::remove_file(at.join("config/shop.yaml")).unwrap();
    init();
    let config = at.join("config/triage.yaml");
    for command in ["lint", "test"] {
        let ran = run(&config, &[command], b"");
        assert_eq!(ran.code, Some(0), "{command}: {}{}", ran.out, ran.err);
    }
    for (name, key) in [("intent", "near_misses"), ("products", "size_chart")] {
        let schema = std::fs::read_to_string(at.join(format!("schemas/{name}.json"))).unwrap();
        assert!(schema.contains(key), "{name}");
    }
}

#[test]
fn products_are_shown_by_their_id() {
    let place = Workplace::without_intents();
    let ran = run(&place.config(), &["products", "show", "qh-4002"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    for line in
        ["id: QH-4002\n", "title: zh 纯棉家居服, en cotton loungewear\n", "price: 169\n", "stock: 44\n", "size_chart: "]
    {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    let ran = run(&place.config(), &["products", "show", "QH-7002", "--json"], b"");
    let json = ran.json();
    assert_eq!((&json["status"], json.get("stock"), json.get("sizes")), (&"discontinued".into(), None, None));
    let ran = run(&place.config(), &["products", "show", "QH-9999"], b"");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "there is no such product\n"));
    place.edit("config/triage.yaml", "kind: demo                   # or `file`", "kind: none # or `file`");
    for arguments in [&["products", "show", "QH-4002"][..], &["products", "check"]] {
        let ran = run(&place.config(), arguments, b"");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
        assert!(ran.err.contains("`products.kind` is"), "{}", ran.err);
    }
}

#[test]
fn the_file_of_products_is_checked_by_itself_and_by_lint() {
    let place = small_shop();
    let ran = run(&place.config(), &["products", "check"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.ends_with("products.yaml: 15 products: no problems\n"), "{}", ran.out);
    let ran = run(&place.config(), &["products", "check", "--json"], b"");
    assert_eq!(ran.json(), serde_json::json!({"products": 15, "problems": []}));

    place.edit("config/products.yaml", "price: 468", "price: 468.005");
    place.edit("config/products.yaml", "category: fresh", "category: frish");
    let ran = run(&place.config(), &["products", "check"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!((lines.len(), lines[2]), (3, "2 problems"), "{}", ran.out);
    assert!(lines[0].contains("products.yaml:") && lines[0].contains("is not a sum in yuan"), "{}", ran.out);
    assert!(lines[1].contains("unknown-category") && lines[1].contains("did you mean `fresh`?"), "{}", ran.out);
    let ran = run(&place.config(), &["products", "check", "--json"], b"");
    assert_eq!(
        (&ran.json()["products"], &ran.json()["problems"][1]["code"]),
        (&Value::Null, &"unknown-category".into())
    );
    let ran = run(&place.config(), &["lint", "--errors", "--no-model"], b"");
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains(lines[0]) && ran.out.contains(lines[1]), "{}", ran.out);

    std::fs::remove_file(place.path("config/products.yaml")).unwrap();
    let ran = run(&place.config(), &["products", "check"], b"");
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("products.yaml:1:1: unreadable"), "{}", ran.out);
}

#[test]
fn review_writes_a_page_and_a_patch_and_never_the_catalogue() {
    let place = Workplace::new();
    let record = shipped("tests/suite/review/week.jsonl");
    let (page, patch) = (place.path("page.md"), place.path("patch.diff"));
    let arguments = ["review", record.to_str().unwrap(), "--out", page.to_str().unwrap(), "--patch"];
    let intents = std::fs::read_to_string(place.path("intents/exchange.yaml")).unwrap();
    let ran = run(&place.config(), &[&arguments[..], &[patch.to_str().unwrap(), "--json"]].concat(), b"");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.json()["unanswered"]["groups"][0]["turns"].as_u64().unwrap() >= 6);
    assert!(ran.err.contains("turns reviewed") && ran.err.contains("examples proposed"), "{}", ran.err);
    assert!(std::fs::read_to_string(&page).unwrap().starts_with("# Review\n"));
    assert!(std::fs::read_to_string(&patch).unwrap().contains("+++ b/intents/exchange.yaml"));
    assert_eq!(std::fs::read_to_string(place.path("intents/exchange.yaml")).unwrap(), intents);
    for path in ["intents/exchange.yaml", "intents/new.yaml", "config/policy.yaml"] {
        let path = place.path(path);
        let ran = run(&place.config(), &[&arguments[..], &[path.to_str().unwrap()]].concat(), b"");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
        assert!(ran.err.contains("is part of the catalogue or the record"), "{}", ran.err);
    }
    place.write("bad.jsonl", "在吗\n{\"texts\":1}\n");
    let ran = run(&place.config(), &["review", place.path("bad.jsonl").to_str().unwrap()], b"");
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("bad.jsonl:2:1: bad-message"), "{}", ran.err);
}
