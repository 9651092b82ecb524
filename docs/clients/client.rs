//! Sends one message of a customer to Triage over HTTP and does what the reply asks for.
//!
//! ```sh
//! cargo run --release --example client -- CONVERSATION TEXT [MESSAGE_ID]
//! ```
//!
//! `TRIAGE_URL` (`http://127.0.0.1:8080`) says where, `TRIAGE_KEY` is sent as a key if it is set. Exits with 0 if the service decided, with 1 if the
//! message has to go to your own people. What is printed here is where your gateway calls its own functions. To decide in your own
//! process, without HTTP, use `triage::Engine`.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// How long the customer may wait, all tries together.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one of them may take.
const TRY: Duration = Duration::from_secs(2);

const AGAIN: [u16; 5] = [429, 500, 502, 503, 504];

/// The fields that are used here; there are more, and new ones may come.
#[derive(Debug, Deserialize)]
struct Reply {
    decision: String,
    durable: bool,
    supersedes: Vec<String>,
    answer: Option<Answer>,
    #[serde(default)]
    suggestions: Vec<Suggestion>,
    handoff: Option<Handoff>,
    reasons: Vec<Reason>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    text: String,
    choices: Vec<Choice>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    title: String,
}

#[derive(Debug, Deserialize)]
struct Suggestion {
    text: String,
}

#[derive(Debug, Deserialize)]
struct Handoff {
    ticket_id: Option<String>,
    queue: String,
    level: String,
    respond_due_at: String,
    summary: String,
}

#[derive(Debug, Deserialize)]
struct Reason {
    code: String,
}

/// What came of one try.
enum Tried {
    Decided(Box<Reply>),
    /// Not decided. `again` says whether the same message may be sent once more, and `after` how long to wait first.
    Failed {
        why: String,
        again: bool,
        after: Option<Duration>,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = env::args().skip(1);
    let (Some(conversation), Some(text)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: client CONVERSATION TEXT [MESSAGE_ID]");
    };
    let id = arguments.next().unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let message = json!({
        "conversation_id": conversation, "message_id": id, "text": text, "deadline_ms": u64::try_from(TRY.as_millis())?,
    });
    // This program brings its own TLS; a client is built once and used for all calls. It fails if that was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A little longer than the deadline, so that an error comes in the service's own words.
    let client = reqwest::Client::builder().timeout(TRY + Duration::from_millis(500)).build()?;
    match decide(&client, &message).await? {
        Some(reply) => {
            println!("decision: {}", reply.decision);
            act(&reply);
            Ok(ExitCode::SUCCESS)
        }
        None => Ok(ExitCode::FAILURE),
    }
}

/// The reply, or none after telling why. Every try has the same `message_id`, so the message is decided once.
async fn decide(client: &reqwest::Client, message: &Value) -> anyhow::Result<Option<Box<Reply>>> {
    let (give_up, mut wait) = (Instant::now() + PATIENCE, Duration::from_millis(200));
    loop {
        let (why, again, after) = match post(client, message).await? {
            Tried::Decided(reply) => return Ok(Some(reply)),
            Tried::Failed { why, again, after } => (why, again, after),
        };
        let pause = after.unwrap_or(wait);
        if !again || Instant::now() + pause > give_up {
            println!("to your own people: {why}");
            return Ok(None);
        }
        sleep(pause).await;
        wait *= 2;
    }
}

/// One try.
async fn post(client: &reqwest::Client, message: &Value) -> anyhow::Result<Tried> {
    let url = env::var("TRIAGE_URL").unwrap_or_else(|_| "http://127.0.0.1:8080".to_owned());
    let mut request = client.post(format!("{url}/v1/triage")).header(CONTENT_TYPE, "application/json");
    if let Some(key) = env::var("TRIAGE_KEY").ok().filter(|key| !key.is_empty()) {
        request = request.header(AUTHORIZATION, format!("Bearer {key}"));
    }
    let Ok(response) = request.body(message.to_string()).send().await else { return Ok(unheard()) };
    let status = response.status();
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let Ok(body) = response.text().await else { return Ok(unheard()) };
    if status.is_success() {
        let reply = serde_json::from_str(&body).context("the reply is not what docs/api.md says")?;
        return Ok(Tried::Decided(Box::new(reply)));
    }
    let why = format!("status {} {}", status.as_u16(), explain(&body));
    Ok(Tried::Failed { why, again: AGAIN.contains(&status.as_u16()), after: seconds.map(Duration::from_secs) })
}

/// Nothing came back.
fn unheard() -> Tried {
    Tried::Failed { why: "status 0 without a reason".to_owned(), again: true, after: None }
}

fn explain(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    match &body["error"] {
        Value::Null => "without a reason".to_owned(),
        error => {
            let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            format!("{}: {} (request {})", part("code"), part("message"), part("request_id"))
        }
    }
}

/// What docs/api.md asks of a gateway.
fn act(reply: &Reply) {
    for earlier in &reply.supersedes {
        println!("leave out, if not shown yet: the reply to {earlier}");
    }
    if let Some(answer) = &reply.answer {
        println!("say: {}", answer.text);
        answer.choices.iter().for_each(|choice| println!("choice: {}", choice.title));
    }
    match (reply.decision.as_str(), &reply.handoff) {
        ("handoff", Some(handoff)) if reply.durable => {
            let ticket = handoff.ticket_id.as_deref().unwrap_or_default();
            println!("waits for a person: ticket {ticket} in {}", handoff.queue);
        }
        ("handoff", Some(handoff)) => {
            // Nobody else knows of it.
            let Handoff { queue, level, respond_due_at, summary, .. } = handoff;
            println!("put into {queue} yourself: {level}, by {respond_due_at}: {summary}");
        }
        ("silent", _) => {
            let told = |code: &&str| code.starts_with("sensitive:") || code.starts_with("emotion:");
            for code in reply.reasons.iter().map(|reason| reason.code.as_str()).filter(told) {
                println!("tell the person: {code}");
            }
            reply.suggestions.iter().for_each(|suggestion| println!("offer the person: {}", suggestion.text));
        }
        _ => {}
    }
}
