//! One request to one endpoint, and what it said.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, StatusCode};

use super::{DELIVERY, EVENT, SIGNATURE, TIMESTAMP, caller, sign};
use crate::config::{Secret, Webhook};
use crate::ticket::Event;
use crate::yaml::Findings;

/// An answer's body is read up to here and thrown away, so that the connection can be used again.
const DRAINED: usize = 64 * 1024;

/// An endpoint with its secret.
#[derive(Debug, Clone)]
pub struct Endpoint {
    webhook: Webhook,
    secret: Secret,
}

/// Reads the secrets of all endpoints.
///
/// # Errors
/// Every secret that cannot be read or is too short, with the line that names it.
pub fn endpoints(webhooks: &[Webhook]) -> Result<Vec<Endpoint>, Findings> {
    let (mut out, mut findings) = (Vec::new(), Findings::default());
    for webhook in webhooks {
        match webhook.secret() {
            Ok(secret) => out.push(Endpoint { webhook: webhook.clone(), secret }),
            Err(problems) => findings.extend(problems),
        }
    }
    if findings.is_empty() { Ok(out) } else { Err(findings.sorted()) }
}

impl Endpoint {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.webhook.name()
    }

    /// What sends to it.
    pub(super) fn client(&self, timeout: Duration) -> Result<Client, reqwest::Error> {
        caller::client(self.webhook.url(), self.webhook.allows_private(), timeout)
    }

    /// Sends an event once.
    pub(super) async fn post(&self, client: &Client, event: &Event, now: Timestamp) -> Answer {
        if let Err(refused) = caller::literal_address(self.webhook.url(), self.webhook.allows_private()) {
            return Answer::Failed { why: refused.to_string(), asked: None };
        }
        let body = match serde_json::to_vec(event) {
            Ok(body) => body,
            Err(error) => return Answer::Failed { why: format!("cannot be written as JSON: {error}"), asked: None },
        };
        let timestamp = now.as_second().to_string();
        let request = client
            .post(self.webhook.url().clone())
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE, sign(self.secret.bytes(), &timestamp, &body))
            .header(TIMESTAMP, timestamp)
            .header(DELIVERY, &event.id)
            .header(EVENT, event.kind.id())
            .body(body);
        match request.send().await {
            Ok(response) => {
                let answer = read(&response, now);
                drain(response).await;
                answer
            }
            Err(error) => Answer::Failed { why: caller::explain(&error), asked: None },
        }
    }
}

/// What came of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It arrived.
    Taken,
    /// The endpoint is gone for good.
    Gone,
    /// It has to be tried again.
    Failed {
        /// Never holds body, URL or secret.
        why: String,
        /// How long the endpoint asks to be left alone.
        asked: Option<Duration>,
    },
}

fn read(response: &Response, now: Timestamp) -> Answer {
    let status = response.status();
    if status.is_success() {
        return Answer::Taken;
    }
    let asked = match status {
        StatusCode::GONE => return Answer::Gone,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => caller::retry_after(response, now),
        _ => None,
    };
    let hint = if status.is_redirection() { "; redirects are not followed" } else { "" };
    Answer::Failed { why: format!("status {}{hint}", status.as_u16()), asked }
}

async fn drain(mut response: Response) {
    let mut left = DRAINED;
    while let Ok(Some(chunk)) = response.chunk().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
