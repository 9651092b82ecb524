//! The HTTP API as a caller sees it: through the router, and once through a real socket.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use triage::desk::{Desk, Options, SystemClock};
use triage::http::{Limits, router, serve};
use triage::live::Live;

use crate::ENGINE;

/// Long enough for any machine that runs the tests.
pub(crate) const PATIENT: Duration = Duration::from_secs(30);

pub(crate) fn options() -> Options {
    Options { workers: 2, deadline: PATIENT, ..Options::default() }
}

/// The API over a catalogue, without a store.
pub(crate) fn api(live: Arc<Live>, options: Options) -> Router {
    let limits = Limits { batch: options.workers, ..Limits::default() };
    router(desk(live, options), limits)
}

fn desk(live: Arc<Live>, options: Options) -> Desk {
    Desk::open(live, None, Arc::new(SystemClock), options).unwrap()
}

fn live() -> Arc<Live> {
    Arc::new(Live::new(Arc::clone(&ENGINE)))
}

fn app() -> Router {
    api(live(), options())
}

#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answered {
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or("no error")
    }

    fn request_id(&self) -> &str {
        self.headers["x-request-id"].to_str().unwrap()
    }
}

pub(crate) async fn send(app: Router, request: Request<Body>) -> Answered {
    let response = app.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("a JSON body") };
    Answered { status: parts.status, headers: parts.headers, body }
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub(crate) fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}

pub(crate) fn triage(body: &Value) -> Request<Body> {
    post("/v1/triage", body.to_string())
}

fn batch(body: &Value) -> Request<Body> {
    post("/v1/triage/batch", body.to_string())
}

/// Where two values that are not null differ in kind: keys of objects, first items of arrays.
pub(crate) fn difference(path: &str, one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Object(one), Value::Object(other)) => {
            let keys = |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
            if keys(one) != keys(other) {
                return Some(format!("{path}: {:?} and {:?}", keys(one), keys(other)));
            }
            one.iter().find_map(|(key, value)| difference(&format!("{path}.{key}"), value, &other[key]))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.iter().zip(other).find_map(|(one, other)| difference(&format!("{path}[]"), one, other))
        }
        _ if std::mem::discriminant(one) == std::mem::discriminant(other) => None,
        _ => Some(format!("{path}: {one} and {other}")),
    }
}

#[tokio::test]
async fn one_message_gets_one_reply() {
    let request = json!({"conversation_id": "c-1", "message_id": "m-1", "text": "到新疆运费多少？"});
    let answered = send(app(), triage(&request)).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
    assert_eq!(answered.headers["content-type"], "application/json");
    assert_eq!(answered.body["conversation_id"], "c-1");
    assert_eq!(answered.body["message_id"], "m-1");
    assert!(["answer", "ask", "handoff", "silent"].iter().any(|kind| answered.body["decision"] == *kind));
    assert_ne!(answered.body["reasons"], json!([]), "a decision always has reasons");
}

#[tokio::test]
async fn a_json_media_type_with_parameters_or_suffix_is_taken() {
    for media_type in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.shop+json"] {
        let request = Request::post("/v1/triage").header("content-type", media_type);
        let answered = send(app(), request.body(Body::from(r#"{"text":"你好"}"#)).unwrap()).await;
        assert_eq!(answered.status, StatusCode::OK, "{media_type}: {}", answered.body);
    }
}

#[tokio::test]
async fn the_longest_text_is_taken() {
    let answered = send(app(), triage(&json!({"text": "好".repeat(8_000)}))).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
}

#[tokio::test]
async fn attachments_need_no_text() {
    let request = json!({"text": "", "attachments": [{"kind": "image", "reference": "r-1"}]});
    assert_eq!(send(app(), triage(&request)).await.status, StatusCode::OK);
}

/// Requests that are refused: what they are, the request, status and code.
fn refused() -> Vec<(&'static str, Request<Body>, u16, &'static str)> {
    let one = "/v1/triage";
    let many = "/v1/triage/batch";
    let typed = |media_type| Request::post(one).header("content-type", media_type);
    let with_history = |past: Value| json!({"text": "hi", "history": [past]});
    vec![
        ("empty body", post(one, ""), 400, "invalid_json"),
        ("cut off", post(one, r#"{"text":"hi"#), 400, "invalid_json"),
        ("trailing comma", post(one, r#"{"text":"hi",}"#), 400, "invalid_json"),
        ("two objects", post(one, r#"{"text":"hi"}{}"#), 400, "invalid_json"),
        ("lone surrogate", post(one, r#"{"text":"\ud83d"}"#), 400, "invalid_json"),
        ("nested too deep", post(one, format!("{{\"text\":{}", "[".repeat(9_000))), 400, "invalid_json"),
        ("not UTF-8", post(one, &b"{\"text\":\"\xc4\xe3\xba\xc3\"}"[..]), 400, "invalid_utf8"),
        ("array", post(one, r#"["hi"]"#), 422, "invalid_request"),
        ("no text", triage(&json!({})), 422, "invalid_request"),
        ("null text", triage(&json!({"text": null})), 422, "invalid_request"),
        ("unknown field", triage(&json!({"text": "hi", "txt": "hi"})), 422, "invalid_request"),
        ("unknown inner field", triage(&json!({"text": "hi", "customer": {"phone": "1"}})), 422, "invalid_request"),
        ("number for text", triage(&json!({"text": 7})), 422, "invalid_request"),
        ("number for a name", triage(&json!({"text": "hi", "handled_by": 7})), 422, "invalid_request"),
        ("unknown name", triage(&json!({"text": "hi", "handled_by": "boss"})), 422, "invalid_request"),
        ("unknown role", triage(&with_history(json!({"role": "boss", "text": "hi"}))), 422, "invalid_request"),
        ("negative deadline", triage(&json!({"text": "hi", "deadline_ms": -1})), 422, "invalid_request"),
        ("unknown language", triage(&json!({"text": "hi", "lang": "fr"})), 422, "invalid_request"),
        ("empty id", triage(&json!({"text": "hi", "message_id": ""})), 422, "invalid_request"),
        ("long id", triage(&json!({"text": "hi", "message_id": "m".repeat(201)})), 422, "invalid_request"),
        ("empty text", triage(&json!({"text": ""})), 422, "text_empty"),
        ("only spaces", triage(&json!({"text": " \n\u{3000}"})), 422, "text_empty"),
        ("long text", triage(&json!({"text": "好".repeat(8_001)})), 422, "text_too_long"),
        ("long body", post(one, " ".repeat(64 * 1024 + 1)), 413, "body_too_large"),
        ("long batch body", post(many, " ".repeat(1024 * 1024 + 1)), 413, "body_too_large"),
        ("no media type", Request::post(one).body(Body::from("{}")).unwrap(), 415, "unsupported_media_type"),
        (
            "form",
            typed("application/x-www-form-urlencoded").body("text=hi".into()).unwrap(),
            415,
            "unsupported_media_type",
        ),
        ("plain text", typed("text/plain").body("hi".into()).unwrap(), 415, "unsupported_media_type"),
        (
            "compressed",
            typed("application/json").header("content-encoding", "gzip").body("{}".into()).unwrap(),
            415,
            "unsupported_media_type",
        ),
        ("no batch", batch(&json!({})), 422, "invalid_request"),
        ("empty batch", batch(&json!({"requests": []})), 422, "invalid_request"),
        ("long batch", batch(&json!({"requests": vec![json!({"text": "hi"}); 33]})), 422, "invalid_request"),
        ("bad item", batch(&json!({"requests": [{"text": "hi"}, {"text": 7}]})), 422, "invalid_request"),
        ("unknown path", get("/v2/triage"), 404, "not_found"),
        ("root", get("/"), 404, "not_found"),
        ("wrong method", get(one), 405, "method_not_allowed"),
        ("wrong method for health", post("/health", "{}"), 405, "method_not_allowed"),
        ("no time at all", triage(&json!({"text": "hi", "deadline_ms": 0})), 504, "deadline_exceeded"),
    ]
}

#[tokio::test]
async fn bad_requests_get_the_right_status_and_code_in_the_one_shape() {
    for (what, request, status, code) in refused() {
        let answered = send(app(), request).await;
        assert_eq!((answered.status.as_u16(), answered.code()), (status, code), "{what}: {}", answered.body);
        assert_eq!(answered.headers["content-type"], "application/json", "{what}");
        let error = answered.body["error"].as_object().unwrap();
        assert_eq!(answered.body.as_object().unwrap().len(), 1, "{what}: {}", answered.body);
        assert_eq!(error.keys().collect::<Vec<_>>(), ["code", "message", "request_id", "retryable"], "{what}");
        assert_eq!(error["request_id"], answered.request_id(), "{what}");
        assert_eq!(error["retryable"], json!(status == 504), "{what}");
        let message = error["message"].as_str().unwrap();
        assert!(!message.starts_with(char::is_uppercase) && !message.ends_with('.'), "{what}: {message}");
    }
}

#[tokio::test]
async fn messages_say_where_and_what_is_allowed() {
    for (body, expected) in [
        (r#"{"text":"hi",}"#, "body is not JSON: trailing comma at line 1 column 14"),
        (r#"{"txt":"hi"}"#, "`txt`: unknown field; allowed: `conversation_id`, `message_id`, `text`, "),
        (r#"{"customer":{}}"#, "body: missing field `text`"),
        (r#"{"text":"hi","customer":{"verified":1}}"#, "`customer.verified`: expected a boolean"),
        (r#"{"text":"hi","lang":"fr"}"#, "`lang` is not supported; allowed: zh-Hans, zh-Hant, en"),
        (r#"{"text":""}"#, "`text` is empty and there are no attachments; one of them must be given"),
    ] {
        let answered = send(app(), post("/v1/triage", body)).await;
        let message = answered.body["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(expected), "{body}: {message}");
    }
}

#[tokio::test]
async fn an_error_body() {
    let mut request = triage(&json!({"text": "hi", "history": [{"role": "boss", "text": "hi"}]}));
    request.headers_mut().insert("x-request-id", "req-1".parse().unwrap());
    insta::assert_json_snapshot!(send(app(), request).await.body, @r#"
    {
      "error": {
        "code": "invalid_request",
        "message": "`history[0].role`: unknown value; allowed: `customer`, `agent`, `bot`",
        "request_id": "req-1",
        "retryable": false
      }
    }
    "#);
}

#[tokio::test]
async fn the_callers_request_id_is_kept_if_it_is_sane() {
    let ask = |id: &'static [u8]| {
        let mut request = get("/health");
        request.headers_mut().insert("x-request-id", axum::http::HeaderValue::from_bytes(id).unwrap());
        send(app(), request)
    };
    assert_eq!(ask(b"req-81/a:b").await.request_id(), "req-81/a:b");
    assert_eq!(ask(&[b'a'; 64]).await.request_id(), "a".repeat(64));
    for insane in [&b""[..], &[b'a'; 65], b"two words", "张三".as_bytes()] {
        let id = ask(insane).await.request_id().to_owned();
        assert_eq!((id.len(), &id[14..15]), (36, "7"), "{id} is not a UUID of version 7");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let answered = send(app(), get("/v1/triage/batch")).await;
    assert_eq!(answered.headers["allow"], "POST");
}

#[tokio::test]
async fn a_batch_is_answered_in_order_each_for_itself() {
    let mut requests: Vec<_> = (0..32).map(|n| json!({"message_id": format!("m-{n}"), "text": "运费多少"})).collect();
    requests[3] = json!({"text": ""});
    requests[5] = json!({"text": "hi", "deadline_ms": 0});
    let mut request = batch(&json!({"requests": requests}));
    request.headers_mut().insert("x-request-id", "req-1".parse().unwrap());
    // One place in the queue: a batch does not need more than its share.
    let app = api(live(), Options { workers: 1, queue: 1, ..options() });
    let answered = send(app, request).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
    let replies = answered.body["replies"].as_array().unwrap();
    assert_eq!(replies.len(), 32);
    for (n, reply) in replies.iter().enumerate() {
        match n {
            3 => assert_eq!(reply["error"]["code"], "text_empty"),
            5 => assert_eq!(reply["error"]["code"], "deadline_exceeded"),
            _ => assert_eq!(reply["message_id"], format!("m-{n}"), "{reply}"),
        }
    }
    assert_eq!(replies[3]["error"]["request_id"], "req-1");
}

async fn at_once(options: Options) -> Vec<Answered> {
    let app = api(live(), options);
    let ask = |n: usize| triage(&json!({"message_id": format!("m-{n}"), "text": "运费多少"}));
    let tasks: Vec<_> = (0..200).map(|n| tokio::spawn(send(app.clone(), ask(n)))).collect();
    let mut answers = Vec::new();
    for (n, task) in tasks.into_iter().enumerate() {
        let answered = task.await.unwrap();
        if answered.status == StatusCode::OK {
            assert_eq!(answered.body["message_id"], format!("m-{n}"), "a reply went to another caller");
        }
        answers.push(answered);
    }
    answers
}

#[tokio::test]
async fn two_hundred_at_once_fit_in_the_usual_queue() {
    for answered in at_once(options()).await {
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
    }
}

#[tokio::test]
async fn two_hundred_at_once_are_answered_or_told_to_come_back() {
    let answers = at_once(Options { workers: 1, queue: 2, ..options() }).await;
    for answered in &answers {
        if answered.status != StatusCode::OK {
            assert_eq!((answered.status.as_u16(), answered.code()), (429, "overloaded"), "{}", answered.body);
            // Not all at the same time.
            assert!(["1", "2", "3"].contains(&answered.headers["retry-after"].to_str().unwrap()));
            assert_eq!(answered.body["error"]["retryable"], true);
        }
    }
    assert!(answers.iter().any(|answered| answered.status == StatusCode::OK));
}

#[tokio::test]
async fn health_and_readiness() {
    for (path, status) in [("/health", "alive"), ("/ready", "ready")] {
        let answered = send(app(), get(path)).await;
        assert_eq!((answered.status, answered.body), (StatusCode::OK, json!({"status": status})));
    }
}

#[tokio::test]
async fn the_openapi_document() {
    let mut answered = send(app(), get("/openapi.json")).await;
    assert_eq!(answered.body["openapi"], "3.1.0");
    assert_eq!(answered.body["info"]["version"], env!("CARGO_PKG_VERSION"));
    // Else every release would change the snapshot.
    answered.body["info"]["version"] = json!("[version]");
    insta::assert_json_snapshot!("openapi", answered.body);
}

#[tokio::test]
async fn the_examples_in_the_openapi_document_are_true() {
    let document = send(app(), get("/openapi.json")).await.body;
    for path in ["/v1/triage", "/v1/triage/batch"] {
        let operation = &document["paths"][path]["post"];
        let request = &operation["requestBody"]["content"]["application/json"]["example"];
        let example = &operation["responses"]["200"]["content"]["application/json"]["example"];
        let mut request = request.clone();
        // The deadline of the example is for a server that does nothing else.
        request.as_object_mut().unwrap().remove("deadline_ms");
        let answered = send(app(), post(path, request.to_string())).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}: {}", answered.body);
        assert_eq!(difference("reply", example, &answered.body), None, "{path}");
    }
}

#[tokio::test]
async fn every_refusal_of_a_triage_call_is_documented() {
    let document = send(app(), get("/openapi.json")).await.body;
    for (what, request, status, code) in refused() {
        let path = request.uri().path().to_owned();
        let Some(documented) = document["paths"][&path]["post"]["responses"].as_object() else { continue };
        if status != 405 {
            let examples = &documented[&status.to_string()]["content"]["application/json"]["examples"];
            assert_eq!(examples[code]["value"]["error"]["code"], code, "{what}");
        }
    }
}

/// Everything logged in this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn neither_errors_nor_logs_repeat_what_a_customer_wrote() {
    let log = Log::default();
    let writer = log.clone();
    let filter = tracing_subscriber::EnvFilter::new("triage=trace,axum=trace,tower_http=trace");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || writer.clone()).init();
    let canary = "张三丰13812345678";
    for body in [
        r#"{"text":"CANARY","deadline_ms":0}"#,
        r#"{"text":"CANARY","CANARY":1}"#,
        r#"{"text":"CANARY","lang":"CANARY"}"#,
        r#"{"text":["CANARY"]}"#,
        r#"{"text":"CANARY""#,
        r#"{"text":"hi","handled_by":"CANARY"}"#,
        r#"{"text":"hi","customer":{"verified":"CANARY"}}"#,
        r#"{"text":"hi","customer":{"verified":"x, expected CANARY"}}"#,
        "CANARY",
    ] {
        let answered = send(app(), post("/v1/triage", body.replace("CANARY", canary))).await;
        assert_ne!(answered.status, StatusCode::OK, "{body}");
        let said = answered.body.to_string();
        assert!(!said.contains("张三丰") && !said.contains("1381234"), "{body}: {said}");
    }
    let request = json!({"text": canary, "customer": {"name": canary}, "history": [{"role": "bot", "text": canary}]});
    assert_eq!(send(app(), triage(&request)).await.status, StatusCode::OK);
    let mut unknown = get("/v9/13812345678?q=13812345678");
    unknown.headers_mut().insert("x-request-id", "req-canary".parse().unwrap());
    assert_eq!(send(app(), unknown).await.status, StatusCode::NOT_FOUND);

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("req-canary"), "refusals are logged with their id: {logged}");
    assert!(logged.contains("deadline_exceeded"), "so are failures: {logged}");
    assert!(!logged.contains("张三丰") && !logged.contains("1381234"), "{logged}");
}

/// One request on a connection of its own, as text.
pub(crate) fn exchange(address: SocketAddr, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENT))?;
    stream.write_all(request.as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

fn ask_ready(address: SocketAddr) -> io::Result<String> {
    exchange(address, "GET /ready HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n")
}

fn ask_triage(address: SocketAddr) -> io::Result<String> {
    let body = r#"{"text":"运费多少"}"#;
    let head = "POST /v1/triage HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-type: application/json";
    exchange(address, &format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_a_socket_answers_and_goes_down_in_order() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let server = tokio::spawn(serve(listener, desk(live(), options()), Limits::default(), shutdown));

    let client = tokio::task::spawn_blocking(move || {
        assert!(ask_triage(address).unwrap().starts_with("HTTP/1.1 200 OK"));
        assert!(ask_ready(address).unwrap().contains(r#"{"status":"ready"}"#));
        stop.send(()).unwrap();
        // Before the door closes there is a second in which `/ready` says no and messages are still answered.
        let no = (0..1_000).map(|_| ask_ready(address).unwrap()).find(|answer| answer.contains("503"));
        assert!(no.unwrap().contains(r#""code":"not_ready""#));
        assert!(ask_triage(address).unwrap().starts_with("HTTP/1.1 200 OK"));
    });
    client.await.unwrap();
    server.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).is_err(), "the door is still open");
}
