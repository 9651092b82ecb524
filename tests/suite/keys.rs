//! Who may call what: the API behind keys, as their owners meet it.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use triage::desk::{Desk, SetClock};
use triage::http::{Door, Gate, router};
use triage::keys::Keys;
use triage::live::Live;

use crate::ENGINE;
use crate::http::{Answered, PATIENT, options, send};
use crate::store::at;

/// One key of each role, known by the role's name.
const ROLES: [&str; 4] = ["gateway", "agent", "lead", "admin"];

/// The API behind a file of keys.
struct Guarded {
    app: Router,
    keys: Arc<Keys>,
    clock: Arc<SetClock>,
    folder: TempDir,
}

impl Guarded {
    fn new(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), lines);
        let keys = Arc::new(Keys::open(folder.path().join("keys.yaml")).unwrap());
        let clock = Arc::new(SetClock::at(at(0)));
        let live = Arc::new(Live::new(Arc::clone(&ENGINE)));
        let desk = Desk::open(live, None, clock.clone(), options()).unwrap();
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        let gate = Some(Gate::new(Arc::clone(&keys), clock.clone(), zone));
        Self { app: router(desk, Door { gate, ..Door::default() }), keys, clock, folder }
    }

    async fn call(&self, method: &str, path: &str, key: Option<&str>, body: Option<Value>) -> Answered {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        send(self.app.clone(), request.body(body).unwrap()).await
    }

    async fn ask(&self, key: &str) -> Answered {
        self.call("POST", "/v1/triage", Some(key), Some(json!({ "text": "在吗" }))).await
    }
}

fn write(folder: &Path, lines: &str) {
    std::fs::write(folder.join("keys.yaml"), format!("keys:\n{lines}")).unwrap();
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

/// A line of the file: a key whose secret is its name.
fn line(name: &str, role: &str, more: &str) -> String {
    format!("- {{ name: {name}, role: {role}, sha256: [{}]{more} }}\n", hash(name))
}

fn one_of_each() -> String {
    ROLES.iter().map(|role| line(role, role, "")).collect()
}

/// Every operation of the document, with its path filled.
async fn operations(guarded: &Guarded) -> Vec<(String, String, Value)> {
    let document = guarded.call("GET", "/openapi.json", None, None).await.body;
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.is_object() {
                all.push((method.to_uppercase(), path.replace("{id}", "x"), operation.clone()));
            }
        }
    }
    all
}

#[tokio::test]
async fn without_a_key_only_what_supervisors_and_readers_need_is_there() {
    let guarded = Guarded::new(&one_of_each());
    let mut open = Vec::new();
    for (method, path, operation) in operations(&guarded).await {
        for key in [None, Some("gatewa"), Some("")] {
            let answered = guarded.call(&method, &path, key, None).await;
            if answered.status != StatusCode::UNAUTHORIZED {
                open.push(path.clone());
                continue;
            }
            assert_eq!(answered.headers["www-authenticate"], "Bearer", "{path}");
            // Adapters say it in the shape of those they speak to.
            if !path.starts_with("/v1/") {
                continue;
            }
            assert_eq!(answered.code(), "unauthorized", "{path}");
            assert!(!operation["security"].as_array().unwrap().is_empty(), "{path}: the document says nothing of keys");
            for status in ["401", "403", "429"] {
                assert!(operation["responses"][status].is_object(), "{method} {path}: {status} is not described");
            }
        }
    }
    open.dedup();
    assert_eq!(open, ["/health", "/openapi.json", "/ready", "/webhooks/chatwoot"], "the last one is signed");
}

#[tokio::test]
async fn every_role_may_do_its_own_work_and_no_other() {
    let guarded = Guarded::new(&one_of_each());
    for (method, path, allowed) in [
        ("POST", "/v1/triage", &["gateway", "admin"][..]),
        ("POST", "/v1/triage/batch", &["gateway", "admin"]),
        ("POST", "/v1/quote", &["gateway", "admin"]),
        ("GET", "/v1/conversations/x", &ROLES),
        ("POST", "/v1/conversations/x/messages", &ROLES),
        ("POST", "/v1/feedback", &ROLES),
        ("GET", "/v1/handoffs", &["agent", "lead", "admin"]),
        ("GET", "/v1/handoffs/events", &["agent", "lead", "admin"]),
        ("POST", "/v1/handoffs/x/claim", &["agent", "lead", "admin"]),
        ("GET", "/v1/catalogue", &["lead", "admin"]),
        ("POST", "/v1/catalogue/rollback", &["lead", "admin"]),
        ("GET", "/v1/stats", &["lead", "admin"]),
        ("GET", "/v1/webhooks", &["admin"]),
        ("POST", "/v1/webhooks/replay", &["admin"]),
    ] {
        for role in ROLES {
            let answered = guarded.call(method, path, Some(role), None).await;
            let is_let_in = answered.status != StatusCode::FORBIDDEN;
            assert_eq!(is_let_in, allowed.contains(&role), "{role} {method} {path}: {}", answered.status);
            assert_ne!(answered.status, StatusCode::UNAUTHORIZED, "{role} {method} {path}");
            if !is_let_in {
                assert_eq!(answered.code(), "forbidden");
            }
        }
    }
}

#[tokio::test]
async fn a_key_is_read_from_either_header_and_never_from_the_address() {
    let guarded = Guarded::new(&one_of_each());
    for (name, value, is_let_in) in [
        ("authorization", "Bearer gateway", true),
        ("authorization", "bearer  gateway", true),
        ("authorization", "Basic gateway", false),
        ("authorization", "gateway", false),
        ("x-api-key", "gateway", true),
        ("x-api-key", "nobody", false),
    ] {
        let request = Request::post("/v1/triage").header("content-type", "application/json").header(name, value);
        let answered = send(guarded.app.clone(), request.body(Body::from(r#"{"text":"在吗"}"#)).unwrap()).await;
        assert_eq!(answered.status == StatusCode::OK, is_let_in, "{name}: {value}");
    }
    let answered = guarded.call("POST", "/v1/triage?token=gateway", None, Some(json!({ "text": "在吗" }))).await;
    assert_eq!(answered.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_that_sends_too_much_is_told_when_to_come_back_and_others_go_on() {
    let lines = line("busy", "gateway", ", per_second: 1, burst: 32") + &line("calm", "gateway", "");
    let guarded = Guarded::new(&lines);
    let requests: Vec<Value> = (0..32).map(|number| json!({ "text": format!("在吗{number}") })).collect();
    let batch = guarded.call("POST", "/v1/triage/batch", Some("busy"), Some(json!({ "requests": requests }))).await;
    // The door counts one, and so many more are in the batch.
    assert_eq!(batch.status, StatusCode::OK, "{}", batch.body);
    let refused = guarded.ask("busy").await;
    assert_eq!((refused.status, refused.code()), (StatusCode::TOO_MANY_REQUESTS, "rate_limited"));
    assert_eq!(refused.body["error"]["retryable"], true);
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(guarded.ask("calm").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_day_ends_at_midnight_of_the_shop() {
    let guarded = Guarded::new(&line("few", "gateway", ", per_day: 2"));
    for status in [StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS] {
        assert_eq!(guarded.ask("few").await.status, status);
    }
    let refused = guarded.ask("few").await;
    assert_eq!(refused.code(), "quota_exceeded");
    let seconds: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    guarded.clock.pass(jiff::SignedDuration::from_secs(seconds - 1));
    assert_eq!(guarded.ask("few").await.code(), "quota_exceeded");
    guarded.clock.pass(jiff::SignedDuration::from_secs(1));
    assert_eq!(guarded.ask("few").await.status, StatusCode::OK);
}

#[tokio::test]
async fn keys_are_changed_without_a_restart_and_a_bad_file_changes_nothing() {
    let guarded = Guarded::new(&line("old", "gateway", ", per_day: 3"));
    assert_eq!(guarded.ask("old").await.status, StatusCode::OK);
    // Both for a while, then only the new one: the same key, of which one request is used.
    let both = format!("- {{ name: old, role: gateway, sha256: [{}, {}], per_day: 3 }}\n", hash("old"), hash("new"));
    write(guarded.folder.path(), &both);
    assert_eq!(guarded.keys.reload().unwrap(), 1);
    assert_eq!((guarded.ask("old").await.status, guarded.ask("new").await.status), (StatusCode::OK, StatusCode::OK));
    assert_eq!(guarded.ask("new").await.code(), "quota_exceeded");
    write(guarded.folder.path(), "- { name: old, role: gateway, sha256: [new] }\n");
    assert!(guarded.keys.reload().is_err());
    assert_eq!(guarded.ask("new").await.code(), "quota_exceeded", "the keys before are in force");
    write(guarded.folder.path(), &line("new", "gateway", ""));
    guarded.keys.reload().unwrap();
    assert_eq!(
        (guarded.ask("old").await.status, guarded.ask("new").await.status),
        (StatusCode::UNAUTHORIZED, StatusCode::OK)
    );
}

#[tokio::test]
async fn an_edit_of_the_file_is_noticed() {
    let guarded = Guarded::new(&line("old", "gateway", ""));
    guarded.keys.watch().unwrap();
    write(guarded.folder.path(), &line("new", "gateway", ""));
    let noticed = async {
        while guarded.ask("new").await.status != StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENT, noticed).await.expect("the edit is never noticed");
    assert_eq!(guarded.ask("old").await.status, StatusCode::UNAUTHORIZED);
}
