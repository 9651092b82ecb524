//! One request to one endpoint, and what it said.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect, retry};
use url::Host;

use super::address::{NotPublic, PublicOnly, is_public};
use super::retry::asked;
use super::{DELIVERY, EVENT, SIGNATURE, TIMESTAMP, sign};
use crate::config::{Secret, Webhook};
use crate::ticket::Event;
use crate::yaml::Findings;

/// Who sends.
const USER_AGENT: &str = concat!("triage/", env!("CARGO_PKG_VERSION"));

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
        // Does nothing if the program that this library is part of has chosen another one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .user_agent(USER_AGENT)
            .timeout(timeout)
            .redirect(redirect::Policy::none())
            // A proxy would look names up itself, and be the address that is connected to.
            .no_proxy()
            .retry(retry::never());
        let builder = match self.webhook.url().scheme() {
            // Certificates of the system may be missing where none are needed.
            "http" => builder.tls_certs_only([]),
            _ => builder.https_only(true),
        };
        match self.webhook.allows_private() {
            true => builder.build(),
            false => builder.dns_resolver(PublicOnly).build(),
        }
    }

    /// Sends an event once.
    pub(super) async fn post(&self, client: &Client, event: &Event, now: Timestamp) -> Answer {
        if let Err(refused) = self.literal_address() {
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
            Err(error) => Answer::Failed { why: explain(&error), asked: None },
        }
    }

    /// Addresses in a URL are connected to without a look-up, so they are checked here.
    fn literal_address(&self) -> Result<(), NotPublic> {
        let address: IpAddr = match self.webhook.url().host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if self.webhook.allows_private() || is_public(address) { Ok(()) } else { Err(NotPublic(address)) }
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
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let header = response.headers().get(RETRY_AFTER).and_then(|header| header.to_str().ok());
            header.and_then(|header| asked(header, now))
        }
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

/// The kind of error and its innermost cause; those between repeat each other, and the outermost names the URL.
fn explain(error: &reqwest::Error) -> String {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause.and_then(Error::source) {
        cause = Some(inner);
    }
    let what = match error {
        _ if error.is_timeout() => return "no answer in time".to_owned(),
        _ if error.is_connect() => "cannot connect",
        _ => "no answer",
    };
    cause.map_or(what.to_owned(), |cause| format!("{what}: {cause}"))
}
