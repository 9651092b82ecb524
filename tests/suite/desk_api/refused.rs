//! What is refused, with status and code, and that all of it is documented.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use super::{Api, live};
use crate::http::{Answered, get, options, post, send};
use crate::shipped;

struct Refused {
    what: &'static str,
    request: Request<Body>,
    status: u16,
    code: &'static str,
}

fn no(what: &'static str, request: Request<Body>, status: u16, code: &'static str) -> Refused {
    Refused { what, request, status, code }
}

/// A desk with a conversation `c-bot`, one `c-queue` with a ticket that waits, and one `c-person` with one that `a-7` has. Gives
/// the tickets: that waits, that is claimed, that is closed.
async fn prepare() -> (Api, [String; 3]) {
    let api = Api::new();
    api.say("c-bot", "m-1", "你好").await;
    let waits = api.hand_over("c-queue").await;
    let closed = api.hand_over("c-person").await;
    for step in ["claim", "resolve"] {
        api.post(&format!("/v1/handoffs/{closed}/{step}"), json!({"agent": "a-7"})).await;
    }
    let reply = api.say("c-person", "m-2", "转人工").await;
    let taken = reply["handoff"]["ticket_id"].as_str().unwrap().to_owned();
    api.post(&format!("/v1/handoffs/{taken}/claim"), json!({"agent": "a-7"})).await;
    (api, [waits, taken, closed])
}

fn to(path: &str, body: Value) -> Request<Body> {
    post(path, body.to_string())
}

fn of_conversations() -> Vec<Refused> {
    let in_bot = |what: &str, body: Value| to(&format!("/v1/conversations/c-bot/{what}"), body);
    let nobody = |what: &str, body: Value| to(&format!("/v1/conversations/c-9/{what}"), body);
    let said = |change: Value| {
        let mut body = json!({"role": "agent", "agent": "a-7", "text": "您好"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        in_bot("messages", body)
    };
    vec![
        no("unknown conversation", get("/v1/conversations/c-9"), 404, "not_found"),
        no("no id", get("/v1/conversations/"), 404, "not_found"),
        no("an id that is no text", get("/v1/conversations/%FF"), 400, "invalid_utf8"),
        no("too many turns", get("/v1/conversations/c-bot?last=501"), 422, "invalid_request"),
        no("no number", get("/v1/conversations/c-bot?last=x"), 422, "invalid_request"),
        no("unknown parameter", get("/v1/conversations/c-bot?first=5"), 422, "invalid_request"),
        no("closing nothing", nobody("close", json!({})), 404, "not_found"),
        no("closing what waits", to("/v1/conversations/c-queue/close", json!({})), 409, "ticket_open"),
        no("closing what a person has", to("/v1/conversations/c-person/close", json!({})), 409, "ticket_open"),
        no("giving away nothing", nobody("assign", json!({"to": "bot"})), 404, "not_found"),
        no("to nobody", in_bot("assign", json!({})), 422, "invalid_request"),
        no("to two", in_bot("assign", json!({"agent": "a-7", "queue": "order"})), 422, "invalid_request"),
        no("to whom?", in_bot("assign", json!({"to": "person"})), 422, "invalid_request"),
        no("to no queue", in_bot("assign", json!({"queue": "nowhere"})), 422, "invalid_request"),
        no("to nobody's name", in_bot("assign", json!({"agent": ""})), 422, "invalid_request"),
        no("to a long name", in_bot("assign", json!({"agent": "a".repeat(201)})), 422, "invalid_request"),
        no("rating nothing", nobody("rating", json!({"rating": 5})), 404, "not_found"),
        no("no rating", in_bot("rating", json!({})), 422, "invalid_request"),
        no("too good", in_bot("rating", json!({"rating": 6})), 422, "invalid_request"),
        no("far too good", in_bot("rating", json!({"rating": 256})), 422, "invalid_request"),
        no("too bad", in_bot("rating", json!({"rating": 0})), 422, "invalid_request"),
        no("below zero", in_bot("rating", json!({"rating": -1})), 422, "invalid_request"),
        no("in between", in_bot("rating", json!({"rating": 4.5})), 422, "invalid_request"),
        no("saying nowhere", nobody("messages", json!({"role": "bot", "text": "您好"})), 404, "not_found"),
        no("as the customer", said(json!({"role": "customer"})), 422, "invalid_request"),
        no("a person without a name", said(json!({"agent": null})), 422, "invalid_request"),
        no("saying nothing", said(json!({"text": " "})), 422, "invalid_request"),
        no("saying too much", said(json!({"text": "好".repeat(8_001)})), 422, "invalid_request"),
        no("an empty id", said(json!({"message_id": ""})), 422, "invalid_request"),
        no("a message's id", said(json!({"message_id": "m-1"})), 409, "message_conflict"),
        no("perhaps", said(json!({"delivered": "perhaps"})), 422, "invalid_request"),
    ]
}

fn of_tickets([waits, taken, closed]: &[String; 3]) -> Vec<Refused> {
    let step =
        |ticket: &str, step: &str, agent: &str| to(&format!("/v1/handoffs/{ticket}/{step}"), json!({"agent": agent}));
    let mut refused = vec![
        no("unknown ticket", get("/v1/handoffs/t-9"), 404, "not_found"),
        no("an id that is no text", get("/v1/handoffs/%FF"), 400, "invalid_utf8"),
        no("unknown state", get("/v1/handoffs?state=open"), 422, "invalid_request"),
        no("unknown level", get("/v1/handoffs?level=high"), 422, "invalid_request"),
        no("unknown filter", get("/v1/handoffs?status=queued"), 422, "invalid_request"),
        no("no items", get("/v1/handoffs?limit=0"), 422, "invalid_request"),
        no("too many items", get("/v1/handoffs?limit=201"), 422, "invalid_request"),
        no("two limits", get("/v1/handoffs?limit=1&limit=2"), 422, "invalid_request"),
        no("no cursor", get("/v1/handoffs?after=13"), 422, "invalid_request"),
        no("a cursor cut off", get("/v1/handoffs?after=wn12.3"), 422, "invalid_request"),
        no("another cursor", get("/v1/handoffs?after=ox1.2"), 422, "invalid_request"),
        no("a cursor of several bytes", get("/v1/handoffs?after=%E5%A5%BD"), 422, "invalid_request"),
        no("claiming nothing", step("t-9", "claim", "a-7"), 404, "not_found"),
        no("claiming another's", step(taken, "claim", "a-8"), 409, "ticket_taken"),
        no("claiming what is done", step(closed, "claim", "a-7"), 409, "ticket_closed"),
    ];
    for name in ["release", "resolve", "return"] {
        refused.extend([
            no("what is not there", step("t-9", name, "a-7"), 404, "not_found"),
            no("what nobody has", step(waits, name, "a-7"), 409, "ticket_not_yours"),
            no("what another has", step(taken, name, "a-8"), 409, "ticket_taken"),
            no("what is done", step(closed, name, "a-7"), 409, "ticket_closed"),
        ]);
    }
    for name in ["claim", "release", "resolve", "return"] {
        let body = |body: Value| to(&format!("/v1/handoffs/{waits}/{name}"), body);
        refused.extend([
            no("nobody", body(json!({})), 422, "invalid_request"),
            no("an empty name", body(json!({"agent": ""})), 422, "invalid_request"),
            no("a long name", body(json!({"agent": "a".repeat(201)})), 422, "invalid_request"),
            no("another field", body(json!({"agent": "a-7", "by": "a-7"})), 422, "invalid_request"),
        ]);
    }
    for name in ["resolve", "return"] {
        let note = json!({"agent": "a-7", "note": "好".repeat(8_001)});
        refused.push(no("a long note", to(&format!("/v1/handoffs/{taken}/{name}"), note), 422, "invalid_request"));
    }
    refused
}

fn of_the_rest() -> Vec<Refused> {
    let feedback = |change: Value| {
        let mut body = json!({"conversation_id": "c-bot", "message_id": "m-1", "agent": "a-7", "intent": "other"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        to("/v1/feedback", body)
    };
    let mut refused = vec![
        no("of no message", feedback(json!({"message_id": "m-9"})), 404, "not_found"),
        no("of no conversation", feedback(json!({"conversation_id": "c-9"})), 404, "not_found"),
        no("of no intent", feedback(json!({"intent": "weather"})), 422, "invalid_request"),
        no("of no emotion", feedback(json!({"emotion": "rage"})), 422, "invalid_request"),
        no("of nothing", feedback(json!({"intent": null})), 422, "invalid_request"),
        no("by nobody", feedback(json!({"agent": ""})), 422, "invalid_request"),
        no("too many dead", get("/v1/webhooks/dead?limit=201"), 422, "invalid_request"),
        no("after what?", get("/v1/webhooks/dead?after=x"), 422, "invalid_request"),
        no("again what?", to("/v1/webhooks/replay", json!({"sequence": "all"})), 422, "invalid_request"),
        no("a shadow of what?", to("/v1/triage?shadow=perhaps", json!({"text": "hi"})), 422, "invalid_request"),
        no("another mode", to("/v1/triage?shade=true", json!({"text": "hi"})), 422, "invalid_request"),
        no("no day", get("/v1/stats?from=yesterday"), 422, "invalid_request"),
        no("which days?", get("/v1/stats?days=7"), 422, "invalid_request"),
        no("an event's path", post("/v1/handoffs/events", "{}"), 405, "method_not_allowed"),
    ];
    for path in ["/v1/handoffs", "/v1/webhooks", "/v1/webhooks/dead", "/v1/conversations/c-bot"] {
        refused.push(no("a question only", post(path, "{}"), 405, "method_not_allowed"));
    }
    for path in [
        "/v1/feedback",
        "/v1/webhooks/replay",
        "/v1/conversations/c-bot/assign",
        "/v1/conversations/c-bot/rating",
        "/v1/conversations/c-bot/messages",
        "/v1/handoffs/t-9/claim",
        "/v1/handoffs/t-9/release",
        "/v1/handoffs/t-9/resolve",
        "/v1/handoffs/t-9/return",
    ] {
        refused.extend([
            no("no JSON", post(path, "{"), 400, "invalid_json"),
            no("no text", post(path, &b"{\"agent\":\"\xc4\xe3\"}"[..]), 400, "invalid_utf8"),
            no("too long", post(path, " ".repeat(128 * 1024 + 1)), 413, "body_too_large"),
            no("no media type", Request::post(path).body(Body::from("{}")).unwrap(), 415, "unsupported_media_type"),
        ]);
    }
    for path in ["/v1/feedback", "/v1/webhooks/replay", "/v1/conversations/c-bot/close", "/v1/handoffs/t-9/claim"] {
        refused.push(no("no question", get(path), 405, "method_not_allowed"));
    }
    refused
}

/// The path as in the document.
fn template(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').collect();
    let of = |(at, segment): (usize, &&str)| match segments.get(2) {
        Some(&("conversations" | "handoffs")) if at == 3 && *segment != "events" => "{id}".to_owned(),
        _ => (*segment).to_owned(),
    };
    segments.iter().enumerate().map(of).collect::<Vec<_>>().join("/")
}

fn is_in_the_one_shape(what: &str, answered: &Answered, status: u16, code: &str) {
    assert_eq!((answered.status.as_u16(), answered.code()), (status, code), "{what}: {}", answered.body);
    let error = answered.body["error"].as_object().unwrap();
    assert_eq!(error.keys().collect::<Vec<_>>(), ["code", "message", "request_id", "retryable"], "{what}");
    let message = error["message"].as_str().unwrap();
    assert!(!message.starts_with(char::is_uppercase) && !message.ends_with('.'), "{what}: {message}");
}

#[tokio::test]
async fn everything_wrong_has_its_status_and_code_and_is_documented() {
    let (api, tickets) = prepare().await;
    let document = api.get("/openapi.json").await;
    let refused = [of_conversations(), of_tickets(&tickets), of_the_rest()].into_iter().flatten();
    for Refused { what, request, status, code } in refused {
        let path = request.uri().path().to_owned();
        let method = if request.method() == Method::GET { "get" } else { "post" };
        let what = format!("{what}: {method} {}", request.uri());
        let answered = api.send(request).await;
        is_in_the_one_shape(&what, &answered, status, code);
        let documented = &document["paths"][template(&path)][method]["responses"][status.to_string()];
        if status != 405 && path != "/v1/conversations/" {
            let examples = &documented["content"]["application/json"]["examples"];
            assert_eq!(examples[code]["value"]["error"]["code"], code, "{what} is not documented");
        }
    }
    // Nothing of all this changed anything.
    for (conversation, held, turns) in [("c-bot", "bot", 1), ("c-queue", "queue", 1), ("c-person", "person", 2)] {
        let kept = api.get(&format!("/v1/conversations/{conversation}")).await;
        assert_eq!((&kept["handled_by"], &kept["turn_count"]), (&json!(held), &json!(turns)), "{kept}");
    }
}

#[tokio::test]
async fn messages_say_what_is_allowed_and_repeat_nothing() {
    let (api, [waits, ..]) = prepare().await;
    let canary = "13812345678";
    let long = canary.repeat(20);
    let long_agent = "`agent` has 220 characters; 1 to 200 are allowed";
    let long_id = "`message_id` has 220 characters; 1 to 200 are allowed";
    let with = |mut body: Value, change: Value| {
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    let said = |change| with(json!({"role": "agent", "agent": "a-7", "text": "您好"}), change);
    let feedback = |change| {
        with(json!({"conversation_id": "c-bot", "message_id": "m-1", "agent": "a-7", "handoff": true}), change)
    };
    for (request, expected) in [
        (get("/v1/handoffs?limit=900"), "`limit`: 1 to 200 are allowed"),
        (get("/v1/handoffs?state=13812345678"), "`state`: unknown value; allowed: `queued`, `claimed`, `resolved`, "),
        (get("/v1/handoffs?13812345678=1"), "query: unknown parameter; allowed: `state`, `queue`, `level`, "),
        (get("/v1/handoffs?after=13812345678"), "`after` is not the `next` of an earlier page"),
        (get("/v1/conversations/13812345678"), "there is no such conversation"),
        (get("/v1/handoffs/13812345678"), "there is no such ticket"),
        (get("/v1/stats?from=1380-01-02&to=1380-01-01"), "`to` must not be before `from`"),
        (get("/v1/stats?from=1380-01-01&to=1381-12-31"), "`from` to `to` may be 366 days at most"),
        (get("/v1/handoffs/13812345678%FF"), "the id in the path is not UTF-8"),
        (get("/v1/conversations/c-bot?last=900"), "`last`: 0 to 500 are allowed"),
        (
            to(&format!("/v1/handoffs/{waits}/resolve"), json!({"agent": canary})),
            "the ticket is not with this agent; it has to be claimed first",
        ),
        (to("/v1/conversations/c-person/close", json!({})), "a ticket is open in the conversation; it has to be "),
        (
            to("/v1/conversations/c-bot/assign", json!({"agent": canary, "to": "bot"})),
            "exactly one of `agent`, `queue` and `to` must be given",
        ),
        (
            to("/v1/conversations/c-bot/assign", json!({"queue": canary})),
            "`queue`: unknown value; allowed: `aftersale`, ",
        ),
        (to("/v1/conversations/c-bot/assign", json!({"agent": long})), long_agent),
        (to("/v1/conversations/c-bot/messages", said(json!({"agent": long}))), long_agent),
        (to("/v1/conversations/c-bot/messages", said(json!({"message_id": long}))), long_id),
        (
            to("/v1/conversations/c-bot/messages", said(json!({"agent": null}))),
            "`agent` must be given where `role` is agent; 1 to 200 characters are allowed",
        ),
        (to(&format!("/v1/handoffs/{waits}/claim"), json!({"agent": long})), long_agent),
        (to("/v1/feedback", feedback(json!({"agent": long}))), long_agent),
        (
            to("/v1/feedback", feedback(json!({"intent": canary}))),
            "`intent`: unknown value; allowed: the ids of the catalogue's intents, and `other`",
        ),
        (to("/v1/conversations/c-bot/rating", json!({"rating": 138})), "`rating`: 1 to 5 are allowed"),
        (to("/v1/conversations/c-bot/rating", json!({"rating": 999})), "`rating`: 1 to 5 are allowed"),
    ] {
        let uri = request.uri().clone();
        let answered = api.send(request).await;
        let message = answered.body["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(expected), "{uri}: {message}");
        assert!(!answered.body.to_string().contains(canary), "{uri}: {message}");
    }
}

#[tokio::test]
async fn a_service_that_keeps_nothing_says_so() {
    let by = json!({"agent": "a-7"});
    for request in [
        get("/v1/conversations/c-1"),
        to("/v1/conversations/c-1/close", json!({})),
        to("/v1/conversations/c-1/assign", by.clone()),
        to("/v1/conversations/c-1/rating", json!({"rating": 5})),
        to("/v1/conversations/c-1/messages", json!({"role": "bot", "text": "您好"})),
        to("/v1/feedback", json!({"conversation_id": "c-1", "message_id": "m-1", "agent": "a-7", "handoff": true})),
        get("/v1/handoffs"),
        get("/v1/handoffs/t-1"),
        get("/v1/handoffs/events"),
        to("/v1/handoffs/t-1/claim", by.clone()),
        to("/v1/handoffs/t-1/release", by.clone()),
        to("/v1/handoffs/t-1/resolve", by.clone()),
        to("/v1/handoffs/t-1/return", by),
        get("/v1/stats"),
        get("/v1/webhooks"),
        get("/v1/webhooks/dead"),
        to("/v1/webhooks/replay", json!({})),
    ] {
        let uri = request.uri().clone();
        let answered = send(crate::http::api(live(), options()), request).await;
        is_in_the_one_shape(&uri.to_string(), &answered, 501, "no_store");
    }
}

/// The table for people has the codes of the program, with their status and whether to try again.
#[tokio::test]
async fn the_table_of_codes_in_the_guide_is_true() {
    let document = Api::new().get("/openapi.json").await;
    let guide = std::fs::read_to_string(shipped("docs/api.md")).unwrap();
    let rows: BTreeMap<String, (String, bool)> = guide.lines().filter_map(row).collect();
    let codes = document["components"]["schemas"]["ErrorDetail"]["properties"]["code"]["enum"].as_array().unwrap();
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str().unwrap()).collect();
    let mut listed: Vec<&str> = rows.keys().map(String::as_str).collect();
    listed.sort_by_key(|code| codes.iter().position(|known| known == code));
    assert_eq!(listed, codes);
    for (path, operations) in document["paths"].as_object().unwrap() {
        for operation in operations.as_object().unwrap().values() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let examples = response["content"]["application/json"]["examples"].as_object();
                for (code, example) in examples.into_iter().flatten().filter(|(code, _)| rows.contains_key(*code)) {
                    let retryable = example["value"]["error"]["retryable"].as_bool().unwrap();
                    assert_eq!(rows[code], (status.clone(), retryable), "{code} of {path}");
                }
            }
        }
    }
}

/// Code, status, and whether to try again, of a row of the table.
fn row(line: &str) -> Option<(String, (String, bool))> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let code = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
    let is_status = cells.get(2)?.len() == 3 && cells[2].parse::<u16>().is_ok();
    is_status.then(|| (code.to_owned(), (cells[2].to_owned(), cells[3] == "yes")))
}
