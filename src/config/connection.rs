//! How another system of the shop is asked: addresses, headers, limits.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::webhooks::Secret;
use crate::yaml::{Document, Findings, Place, did_you_mean};

/// As written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConnection {
    headers: BTreeMap<String, RawHeader>,
    allow_http: bool,
    #[schemars(range(min = 10, max = 30_000))]
    timeout_ms: u64,
    #[schemars(range(min = 10, max = 60_000))]
    budget_ms: u64,
    #[schemars(range(max = 2))]
    retries: usize,
    #[schemars(range(min = 1, max = 1000))]
    calls: usize,
    #[schemars(range(max = 3600))]
    cache_seconds: u64,
    #[schemars(range(max = 3600))]
    absent_seconds: u64,
    #[schemars(range(min = 1024, max = 16_777_216))]
    body_bytes: usize,
}

impl Default for RawConnection {
    fn default() -> Self {
        Self {
            headers: BTreeMap::new(),
            allow_http: false,
            timeout_ms: 800,
            budget_ms: 1600,
            retries: 1,
            calls: 16,
            cache_seconds: 15,
            absent_seconds: 5,
            body_bytes: 262_144,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum RawHeader {
    Text(String),
    Variable(RawVariable),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawVariable {
    env: String,
    #[serde(default)]
    prefix: String,
}

/// A value may be a secret that somebody wrote here nonetheless.
impl fmt::Debug for RawHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawHeader(…)")
    }
}

/// How another system is asked, checked.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Sent with every request.
    pub headers: Vec<Header>,
    /// For one try.
    pub timeout: Duration,
    /// For all tries of one question, and waiting for a turn.
    pub budget: Duration,
    /// Tries after the first.
    pub retries: usize,
    /// Requests on their way at once.
    pub calls: usize,
    /// How long an answer is used again.
    pub cache: Duration,
    /// How long it is believed that there is nothing.
    pub absent: Duration,
    /// Longest answer in bytes.
    pub body_bytes: usize,
}

/// A header of every request. A value from the environment is read when the source is opened, so that commands that ask
/// nothing need none.
#[derive(Clone)]
pub struct Header {
    name: String,
    value: HeaderValue,
    place: Place,
    file: PathBuf,
}

#[derive(Clone)]
enum HeaderValue {
    Text(String),
    Variable { name: String, prefix: String },
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Header {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads the value.
    pub(crate) fn value(&self) -> Result<Secret, Findings> {
        self.value_from(|name| std::env::var(name).ok())
    }

    pub(super) fn value_from(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Secret, Findings> {
        let refused = |message: String| {
            let mut findings = Findings::default();
            findings.add(&self.file, self.place, "secret-unreadable", format!("header `{}`: {message}", self.name));
            findings
        };
        let value = match &self.value {
            HeaderValue::Text(text) => text.clone(),
            HeaderValue::Variable { name, prefix } => {
                let value = variable(name)
                    .ok_or_else(|| refused(format!("the environment variable `{name}` is not set, or is not text")))?;
                format!("{prefix}{}", value.trim())
            }
        };
        if value.is_empty() || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(refused("the value must be plain ASCII in one line, and not empty".to_owned()));
        }
        Ok(Secret::new(value.into_bytes()))
    }
}

/// An address with one place to fill in. It may hold a token, so only the host is shown.
#[derive(Clone)]
pub struct Template {
    before: String,
    after: String,
    host: String,
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Template {
    /// The address for a value, percent-encoded; none where the value would change the path.
    #[must_use]
    pub fn fill(&self, value: &str) -> Option<Url> {
        // Dots alone mean another folder, encoded or not.
        if value.bytes().all(|byte| byte == b'.') {
            return None;
        }
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        Url::parse(&format!("{}{value}{}", self.before, self.after)).ok()
    }

    /// Whether what is sent can be read on the way.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.before.starts_with("http:")
    }
}

/// What is checked, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Site<'d> {
    pub(super) file: &'d Path,
    pub(super) document: &'d Document,
    /// `/orders` or `/products`.
    pub(super) at: &'static str,
}

impl Site<'_> {
    pub(super) fn place(&self, key: &str) -> Place {
        self.document.place(&format!("{}/{key}", self.at))
    }

    pub(super) fn problem(&self, findings: &mut Findings, key: &str, code: &'static str, message: String) {
        findings.add(self.file, self.place(key), code, message);
    }
}

impl RawConnection {
    pub(super) fn allows_http(&self) -> bool {
        self.allow_http
    }

    pub(super) fn check(self, site: Site<'_>, findings: &mut Findings) -> Connection {
        if self.budget_ms < self.timeout_ms {
            let message = format!("a budget of {} ms is shorter than one try, {} ms", self.budget_ms, self.timeout_ms);
            site.problem(findings, "http/budget_ms", "bad-budget", message);
        }
        let mut headers = Vec::new();
        for (name, value) in self.headers {
            let key = format!("http/headers/{}", name.replace('~', "~0").replace('/', "~1"));
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            {
                let message = "a header's name has letters, digits, `-` and `_`, such as Authorization".to_owned();
                site.problem(findings, &key, "bad-header", message);
            }
            let value = match value {
                RawHeader::Text(text) => HeaderValue::Text(text),
                RawHeader::Variable(RawVariable { env, prefix }) => HeaderValue::Variable { name: env, prefix },
            };
            let header = Header { name, value, place: site.place(&key), file: site.file.to_owned() };
            if let HeaderValue::Text(_) = &header.value
                && let Err(problems) = header.value()
            {
                findings.extend(problems);
            }
            headers.push(header);
        }
        Connection {
            headers,
            timeout: Duration::from_millis(self.timeout_ms),
            budget: Duration::from_millis(self.budget_ms),
            retries: self.retries,
            calls: self.calls,
            cache: Duration::from_secs(self.cache_seconds),
            absent: Duration::from_secs(self.absent_seconds),
            body_bytes: self.body_bytes,
        }
    }
}

/// Checks an address whose place is `{name}`. Never repeats it in a message: it may hold a token.
pub(super) fn template(text: &str, name: &str, allows_http: bool) -> Result<Template, String> {
    let place = format!("{{{name}}}");
    let example = format!("such as https://shop.example/api/{place}");
    let Some((before, after)) = text.split_once(&place).filter(|(_, after)| !after.contains(&place)) else {
        return Err(format!("`{place}` must stand in it exactly once, {example}"));
    };
    if after.contains(['{', '}']) || before.contains(['{', '}']) {
        return Err(format!("only `{place}` can be filled in, {example}"));
    }
    let url = Url::parse(&format!("{before}x{after}")).map_err(|error| format!("not a URL, {example}: {error}"))?;
    match url.scheme() {
        "https" => {}
        "http" if allows_http => {}
        "http" => {
            let advice = "use https, or `allow_http: true` inside of a network of your own";
            return Err(format!("http can be read and changed on the way; {advice}"));
        }
        other => return Err(format!("`{other}` is not allowed; allowed: https, http")),
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    // Two values that differ only show in the path or the query if nothing before them does.
    let other = Url::parse(&format!("{before}y{after}")).map_err(|error| format!("not a URL, {example}: {error}"))?;
    if other.authority() != url.authority() || other.fragment() != url.fragment() {
        return Err(format!("`{place}` must stand in the path or the query, {example}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("no user and password in a URL; give `headers` under `http`".to_owned());
    }
    Ok(Template { before: before.to_owned(), after: after.to_owned(), host })
}

/// Where our fields are in their answers, as JSON pointers.
#[derive(Debug, Clone)]
pub struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    /// The pointer to a field; to the whole if it has none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Checks what was written against all fields with their defaults.
    pub(super) fn check(
        written: BTreeMap<String, String>,
        all: &[(&'static str, &str)],
        site: Site<'_>,
        findings: &mut Findings,
    ) -> Self {
        let mut fields: BTreeMap<&'static str, String> =
            all.iter().map(|(name, pointer)| (*name, (*pointer).to_owned())).collect();
        for (name, pointer) in written {
            let key = format!("fields/{}", name.replace('~', "~0").replace('/', "~1"));
            let Some((known, _)) = all.iter().find(|(known, _)| *known == name) else {
                let names: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
                let meant = did_you_mean(&name, names.iter().copied());
                let message = format!("unknown key `{name}`; allowed: {}{meant}", names.join(", "));
                site.problem(findings, &key, "unknown-key", message);
                continue;
            };
            if !pointer.is_empty() && !pointer.starts_with('/') {
                let message = format!("`{pointer}` is not a JSON pointer, such as /data/{name}; empty means the whole");
                site.problem(findings, &key, "bad-pointer", message);
            }
            fields.insert(known, pointer);
        }
        Self(fields)
    }
}
