//! `/v1/catalogue` as whoever releases an edit sees it, and what a running program tells of one: log and metrics.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use regex::Regex;
use serde_json::{Value, json};

use crate::http::{Answered, api, exchange, get, options, post, send, triage};
use crate::live::Shop;
use crate::live::watch::until;
use crate::{Workplace, replace_once};

/// What differs from run to run: hashes, times, scores, ids, and the folder of the files.
static PASSING: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
    let of = |pattern: &str, instead| (Regex::new(pattern).unwrap(), instead);
    [
        of("sha256:[0-9a-f]{64}", "[hash]"),
        of(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[time]"),
        of(r"\b0\.\d+", "[score]"),
        of("[0-9a-f]{8}-[0-9a-f-]{27}", "[id]"),
    ]
});

fn lasting(place: &Workplace, value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let text = text.replace(&*place.path("").to_string_lossy(), "").replace("config/../", "");
            json!(
                PASSING.iter().fold(text, |text, (pattern, instead)| pattern.replace_all(&text, *instead).into_owned())
            )
        }
        Value::Number(number) if number.is_f64() => json!("[score]"),
        Value::Array(items) => items.iter().map(|item| lasting(place, item)).collect(),
        Value::Object(map) => {
            // Some warnings are the model's.
            let of = |key: &str, value| if key == "warnings" { json!("[warnings]") } else { lasting(place, value) };
            map.iter().map(|(key, value)| (key.clone(), of(key, value))).collect()
        }
        other => other.clone(),
    }
}

fn change(what: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(format!("/v1/catalogue/{what}")).body(body.into()).unwrap()
}

struct Api {
    shop: Shop,
    app: Router,
}

impl Api {
    fn new() -> Self {
        let shop = Shop::new();
        let app = api(shop.live.clone(), options());
        Self { shop, app }
    }

    async fn send(&self, request: Request<Body>) -> Answered {
        let answered = send(self.app.clone(), request).await;
        Answered { body: lasting(&self.shop.place, &answered.body), ..answered }
    }

    /// The body of what goes well.
    async fn body(&self, request: Request<Body>) -> Value {
        let answered = self.send(request).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
        answered.body
    }

    async fn says(&self) -> String {
        self.body(triage(&json!({"text": "还有现货吗"}))).await["answer"]["text"]
            .as_str()
            .unwrap()
            .chars()
            .take(3)
            .collect()
    }
}

#[tokio::test]
async fn an_edit_is_asked_about_and_released() {
    let api = Api::new();
    insta::assert_json_snapshot!("status", api.body(get("/v1/catalogue")).await);
    insta::assert_json_snapshot!("valid", api.body(change("validate", "")).await);
    let unchanged = api.body(change("reload", "")).await;
    assert_eq!((&unchanged["outcome"], &unchanged["rejection"]), (&json!("unchanged"), &Value::Null));

    api.shop.say("第一版", "第二版");
    let valid = api.body(change("validate", "")).await;
    assert_eq!((&valid["valid"], &valid["rejection"]), (&json!(true), &Value::Null));
    assert_eq!(api.says().await, "第一版", "asking changes nothing");
    insta::assert_json_snapshot!("live", api.body(change("reload", "")).await);
    assert_eq!(api.says().await, "第二版");
    let reply = api.body(triage(&json!({"text": "你好"}))).await;
    assert_eq!(reply["catalogue"], "[hash]#2");
}

#[tokio::test]
async fn what_is_refused_is_told() {
    let api = Api::new();
    api.shop.place.edit("intents/stock.yaml", "queue: presale", "queue: sales");
    insta::assert_json_snapshot!("invalid", api.body(change("validate", "")).await);
    assert_eq!(api.body(get("/v1/catalogue")).await["last_rejection"], Value::Null, "asking leaves no trace");
    let rejected = api.body(change("reload", "")).await;
    assert_eq!(rejected["outcome"], "rejected");
    assert_eq!(
        (&rejected["rejection"]["stage"], &rejected["catalogue"]["files"]),
        (&json!("checking"), &json!("refused"))
    );
    assert_eq!(rejected["catalogue"], api.body(get("/v1/catalogue")).await);
    assert_eq!(rejected["catalogue"]["last_rejection"], rejected["rejection"]);

    api.shop.place.edit("intents/stock.yaml", "queue: sales", "queue: presale");
    api.shop.place.edit(
        "intents/stock.yaml",
        "tests:\n",
        "tests:\n  - { say: 我的手机13888881234 限购几件, expect: quality_issue }\n",
    );
    let mut rejected = api.body(change("reload", "")).await;
    assert_eq!(rejected["outcome"], "rejected");
    assert!(!rejected.to_string().contains("1388888"), "{rejected}");
    // The model's own view of it may move with the model.
    let failure = rejected["rejection"]["failures"][0].as_object_mut().unwrap();
    assert_eq!(failure.remove("candidates").unwrap()[0]["id"], "stock");
    assert!(failure.remove("reason").unwrap().is_object());
    insta::assert_json_snapshot!("failing_test", rejected["rejection"]);

    api.shop.place.edit("intents/stock.yaml", "  - { say: 我的手机13888881234 限购几件, expect: quality_issue }\n", "");
    api.shop.place.edit("intents/quality_issue.yaml", "answers:", "patterns: ['^这款']\nanswers:");
    let withdrawn = api.body(change("reload", "")).await;
    assert_eq!((&withdrawn["outcome"], &withdrawn["rejection"]["stage"]), (&json!("withdrawn"), &json!("all_tests")));
    assert_eq!((&withdrawn["catalogue"]["generation"], api.says().await.as_str()), (&json!(1), "第一版"));
}

#[tokio::test]
async fn warnings_are_told_and_tests_can_be_skipped() {
    let api = Api::new();
    api.shop.say("还有现货吗, 什么时候补货", "还有现货吗");
    let raw = |request| send(api.app.clone(), request);
    let is_thin = |warnings: &Value| warnings.as_array().unwrap().iter().any(|one| one["code"] == "thin-examples");
    assert!(is_thin(&raw(change("validate", "")).await.body["warnings"]));
    let live = raw(change("reload", "")).await.body;
    assert!(live["outcome"] == "live" && is_thin(&live["catalogue"]["warnings"]), "{live}");

    api.shop.place.edit("intents/stock.yaml", "tests:\n", "tests:\n  - { say: 限购几件, expect: quality_issue }\n");
    let skip = |body: &'static str| post("/v1/catalogue/reload", body);
    assert_eq!(api.body(skip("{}")).await["outcome"], "rejected");
    assert_eq!(api.body(skip(r#"{"skip_tests": false}"#)).await["outcome"], "rejected");
    let unknown = api.send(skip(r#"{"skip": true}"#)).await;
    assert_eq!((unknown.status.as_u16(), unknown.code()), (422, "invalid_request"));
    assert_eq!(api.body(skip(r#"{"skip_tests": true}"#)).await["outcome"], "live");
}

#[tokio::test]
async fn going_back() {
    let api = Api::new();
    for (from, to) in [("第一版", "第二版"), ("第二版", "第三版")] {
        api.shop.say(from, to);
        assert_eq!(api.body(change("reload", "")).await["outcome"], "live");
    }
    insta::assert_json_snapshot!("rolled_back", api.body(change("rollback", "")).await);
    assert_eq!(api.says().await, "第二版");
    let back = |body: &'static str| post("/v1/catalogue/rollback", body);
    for (request, generation, says) in [
        (back(r#"{"generation": 3}"#), 3, "第三版"),
        (back("{}"), 2, "第二版"),
        (back(r#"{"generation": null}"#), 1, "第一版"),
        (back(r#"{"generation": 2}"#), 2, "第二版"),
        (back(""), 1, "第一版"),
    ] {
        assert_eq!((&api.body(request).await["generation"], api.says().await.as_str()), (&json!(generation), says));
    }
    let mut unknown = back(r#"{"generation": 9}"#);
    unknown.headers_mut().insert("x-request-id", "req-1".parse().unwrap());
    let unknown = api.send(unknown).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    insta::assert_json_snapshot!("unknown_generation", unknown.body);
    for (what, request, status, code) in [
        ("none before", change("rollback", ""), 404, "unknown_generation"),
        ("no number", back(r#"{"generation": "2"}"#), 422, "invalid_request"),
        ("a negative number", back(r#"{"generation": -1}"#), 422, "invalid_request"),
        ("another field", back(r#"{"number": 2}"#), 422, "invalid_request"),
        ("no JSON", back("{"), 400, "invalid_json"),
        ("too long", post("/v1/catalogue/rollback", " ".repeat(1025)), 413, "body_too_large"),
        ("no media type", change("rollback", r#"{"generation": 2}"#), 415, "unsupported_media_type"),
        ("a question", get("/v1/catalogue/rollback"), 405, "method_not_allowed"),
        ("a question", get("/v1/catalogue/reload"), 405, "method_not_allowed"),
        ("a change of all", post("/v1/catalogue", "{}"), 405, "method_not_allowed"),
    ] {
        let answered = api.send(request).await;
        assert_eq!((answered.status.as_u16(), answered.code()), (status, code), "{what}: {}", answered.body);
        assert_eq!(api.body(get("/v1/catalogue")).await["generation"], 1, "{what}");
    }
}

/// The program, until dropped.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The next line of a log whose message is this.
fn logged(lines: &mut impl Iterator<Item = Value>, message: &str) -> Value {
    let is_it = |line: &Value| line["fields"]["message"].as_str().is_some_and(|said| said.contains(message));
    lines.find(is_it).unwrap_or_else(|| panic!("`{message}` is not in the log"))
}

fn fetch(address: SocketAddr, path: &str) -> String {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n")).unwrap()
}

/// One process counts for all of it, so this is asked of a process of its own.
#[test]
fn a_running_program_tells_of_a_refused_edit() {
    let place = Shop::new().place;
    place.edit("config/triage.yaml", "\nlisten:", "\nlisten: 127.0.0.1:0 #");
    place.edit("config/triage.yaml", "\nmetrics_listen:", "\nmetrics_listen: 127.0.0.1:0 #");
    place.edit("config/triage.yaml", "\nlog:", "\nlog: json #");
    let mut program = Command::new(env!("CARGO_BIN_EXE_triage"));
    program.arg("--config").arg(place.config()).arg("serve").stdin(Stdio::null()).stderr(Stdio::piped());
    let mut serving = Serving(program.spawn().unwrap());
    let lines = BufReader::new(serving.0.stderr.take().unwrap()).lines();
    let mut log = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).expect("every line is JSON"));
    let ready = logged(&mut log, "ready");
    let address = |key: &str| -> SocketAddr { ready["fields"][key].as_str().unwrap().parse().unwrap() };
    let (service, metrics) = (address("address"), address("metrics"));
    logged(&mut log, "listening");
    assert!(fetch(metrics, "/metrics").contains("\ntriage_catalogue_files_refused 0\n"));

    let stock = std::fs::read_to_string(place.path("intents/stock.yaml")).unwrap();
    place.write("intents/stock.yaml", &replace_once(&stock, "queue: presale", "queue: sales"));
    let finding = logged(&mut log, "unknown-queue");
    assert!(finding["fields"]["message"].as_str().unwrap().contains("stock.yaml:3:1: "), "{finding}");
    let refused = logged(&mut log, "the edited catalogue is refused");
    assert_eq!((&refused["level"], &refused["fields"]["stage"]), (&json!("ERROR"), &json!("checking")));
    until("the metric", || fetch(metrics, "/metrics").contains("\ntriage_catalogue_files_refused 1\n"));
    let status = fetch(service, "/v1/catalogue");
    assert!(status.contains(r#""files":"refused""#) && status.contains(r#""code":"unknown-queue""#), "{status}");

    let text = fetch(metrics, "/metrics");
    assert!(text.contains("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{text}");
    let (_, text) = text.split_once("\r\n\r\n").unwrap();
    let numbers = Regex::new(r"(?m)^(\S*(?:_bucket|_sum)\S*) \S+$").unwrap();
    let text = numbers.replace_all(text, "$1 [n]");
    // The rest counts what this test does while it waits.
    let mut lines: Vec<&str> = text.lines().filter(|line| line.contains("triage_catalogue")).collect();
    lines.sort_unstable();
    insta::assert_snapshot!("metrics", lines.join("\n"));
    place.write("intents/stock.yaml", &stock);
    until("the files as they were", || fetch(metrics, "/metrics").contains("\ntriage_catalogue_files_refused 0\n"));
}
