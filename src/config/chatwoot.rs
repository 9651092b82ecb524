//! `chatwoot:` in `config/triage.yaml`: the Chatwoot whose agent bot this service is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::webhooks::{Secret, SecretSource};
use crate::yaml::{Document, Findings, Place};

/// Shorter secrets can be guessed.
const SECRET_BYTES: usize = 16;

/// As written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChatwoot {
    url: String,
    #[serde(default)]
    token_file: Option<String>,
    #[serde(default)]
    token_env: Option<String>,
    #[serde(default)]
    secret_file: Option<String>,
    #[serde(default)]
    secret_env: Option<String>,
    #[serde(default = "yes")]
    labels: bool,
    #[serde(default)]
    teams: BTreeMap<String, u64>,
    #[serde(default)]
    allow_private: bool,
    #[serde(default = "wait_ms")]
    #[schemars(range(max = 10_000))]
    wait_ms: u64,
    #[serde(default = "timeout_ms")]
    #[schemars(range(min = 100, max = 60_000))]
    timeout_ms: u64,
    #[serde(default = "attempts")]
    #[schemars(range(min = 1, max = 100))]
    attempts: u32,
    #[serde(default = "queue")]
    #[schemars(range(min = 1, max = 1_000_000))]
    queue: usize,
}

fn yes() -> bool {
    true
}

fn wait_ms() -> u64 {
    1000
}

fn timeout_ms() -> u64 {
    5000
}

fn attempts() -> u32 {
    8
}

fn queue() -> usize {
    10_000
}

/// The URL may hold a token, so nothing of it is shown.
impl fmt::Debug for RawChatwoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawChatwoot(…)")
    }
}

/// A Chatwoot, checked. Token and secret are read when the service starts, so that other commands need none.
#[derive(Clone)]
pub struct ChatwootConfig {
    url: Url,
    token: SecretSource,
    secret: SecretSource,
    file: PathBuf,
    teams: BTreeMap<String, (u64, Place)>,
    allow_private: bool,
    /// Whether labels are set on a hand-off.
    pub labels: bool,
    /// How long further messages of a customer are waited for.
    pub wait: Duration,
    /// How long Chatwoot may take for one call.
    pub timeout: Duration,
    /// How often a message is tried before its conversation is opened for people.
    pub attempts: u32,
    /// Messages that may wait; one more is refused.
    pub queue: usize,
}

impl fmt::Debug for ChatwootConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatwootConfig").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl ChatwootConfig {
    /// Where it is.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether addresses are allowed that only this network reaches.
    pub(crate) fn allows_private(&self) -> bool {
        self.allow_private
    }

    /// The team in Chatwoot that a queue belongs to.
    #[must_use]
    pub fn team(&self, queue: &str) -> Option<u64> {
        self.teams.get(queue).map(|(team, _)| *team)
    }

    /// Reads token and secret.
    pub(crate) fn secrets(&self) -> Result<(Secret, Secret), Findings> {
        let variable = |name: &str| std::env::var_os(name).map(std::ffi::OsString::into_encoded_bytes);
        let read = |source: &SecretSource, who: &str| source.read(who, &self.file, SECRET_BYTES, variable);
        match (read(&self.token, "chatwoot, token"), read(&self.secret, "chatwoot, secret")) {
            (Ok(token), Ok(secret)) => Ok((token, secret)),
            (token, secret) => {
                let mut findings = Findings::default();
                [token, secret].into_iter().filter_map(Result::err).for_each(|problems| findings.extend(problems));
                Err(findings)
            }
        }
    }

    /// Checks the queues that teams are given for against those that there are.
    ///
    /// # Errors
    /// Every queue that there is not.
    pub fn check_queues<'q>(&self, queues: impl Iterator<Item = &'q str>) -> Result<(), Findings> {
        let known: Vec<&str> = queues.collect();
        let mut findings = Findings::default();
        for (queue, (_, place)) in self.teams.iter().filter(|(queue, _)| !known.contains(&queue.as_str())) {
            let message = format!("`{queue}` is not a queue of the policy; allowed: {}", known.join(", "));
            findings.add(&self.file, *place, "unknown-queue", message);
        }
        if findings.is_empty() { Ok(()) } else { Err(findings) }
    }
}

/// Checks the section; nothing if it has a finding.
pub(super) fn check(
    raw: RawChatwoot,
    file: &Path,
    document: &Document,
    findings: &mut Findings,
) -> Option<ChatwootConfig> {
    let place = |key: &str| document.place(&format!("/chatwoot/{key}"));
    let url = checked_url(&raw.url, raw.allow_private);
    let token = SecretSource::of(raw.token_file, raw.token_env, file, ["token_file", "token_env"], place);
    let secret = SecretSource::of(raw.secret_file, raw.secret_env, file, ["secret_file", "secret_env"], place);
    let mut problem = |key: &str, code: &'static str, message: String| findings.add(file, place(key), code, message);
    for (key, source) in [("token", &token), ("secret", &secret)] {
        if let Err((at, message)) = source {
            problem(at.unwrap_or("url"), "bad-secret", format!("chatwoot, {key}: {message}"));
        }
    }
    let url = url.map_err(|message| problem("url", "bad-url", message));
    let (Ok(url), Ok(token), Ok(secret)) = (url, token, secret) else { return None };
    let team = |(queue, team): (String, u64)| {
        let at = place(&format!("teams/{}", queue.replace('~', "~0").replace('/', "~1")));
        (queue, (team, at))
    };
    Some(ChatwootConfig {
        url,
        token,
        secret,
        file: file.to_owned(),
        teams: raw.teams.into_iter().map(team).collect(),
        allow_private: raw.allow_private,
        labels: raw.labels,
        wait: Duration::from_millis(raw.wait_ms),
        timeout: Duration::from_millis(raw.timeout_ms),
        attempts: raw.attempts,
        queue: raw.queue,
    })
}

/// Never repeats the URL in a message: it may hold a token.
fn checked_url(text: &str, allow_private: bool) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not a URL such as https://chat.example: {error}"))?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => {
            let advice = "use https, or `allow_private: true` inside of a network of your own";
            return Err(format!("http can be read and changed on the way; {advice}"));
        }
        other => return Err(format!("`{other}` is not allowed; allowed: https, http")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("no user and password in the URL; the token tells who asks".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(
            "the address of Chatwoot itself is meant, without `?` and `#`, such as https://chat.example".to_owned()
        );
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
