//! `config/triage.yaml`: everything that is neither catalogue nor shop.

mod chatwoot;
mod connection;
mod sources;
mod webhooks;

use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::chatwoot::ChatwootConfig;
pub use self::connection::{Connection, Fields, Header, Template};
pub use self::sources::{
    MoneyUnit, OrdersConfig, OrdersHttp, OrdersSource, ProductState, ProductsHttp, ProductsSource,
};
pub(crate) use self::webhooks::Secret;
pub use self::webhooks::Webhook;
use crate::yaml::{self, Findings, Place};

/// As written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawConfig {
    listen: String,
    keys: String,
    tls: Option<RawTls>,
    metrics_listen: String,
    bundle: String,
    intents: String,
    policy: String,
    shop: String,
    time_zone: String,
    #[schemars(range(max = 1024))]
    workers: usize,
    #[schemars(range(min = 1, max = 1_000_000))]
    queue: usize,
    #[schemars(range(min = 1, max = 60_000))]
    deadline_ms: u64,
    #[schemars(range(min = 1024, max = 16_777_216))]
    body_bytes: usize,
    log: LogFormat,
    store: RawStore,
    orders: sources::RawOrders,
    products: sources::RawProducts,
    webhooks: Vec<webhooks::RawWebhook>,
    #[schemars(range(min = 100, max = 60_000))]
    webhook_timeout_ms: u64,
    #[schemars(range(min = 1, max = 100))]
    webhook_attempts: u32,
    // Not one of two schemas: what is wrong is told key by key.
    #[schemars(with = "chatwoot::RawChatwoot")]
    chatwoot: Option<chatwoot::RawChatwoot>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawTls {
    certificate: String,
    key: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawStore {
    #[schemars(length(min = 1))]
    path: String,
    masked: bool,
    synchronous: Synchronous,
    #[schemars(range(min = 1, max = 36_500))]
    retention_days: u32,
    #[schemars(range(max = 100))]
    group_ms: u64,
}

impl Default for RawStore {
    fn default() -> Self {
        Self {
            path: "../data/triage.db".into(),
            masked: true,
            synchronous: Synchronous::Normal,
            retention_days: 180,
            group_ms: 2,
        }
    }
}

/// The JSON Schema of the file.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawConfig).to_value()
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            keys: "off".into(),
            tls: None,
            metrics_listen: "127.0.0.1:9464".into(),
            bundle: "../models/zh-en-small".into(),
            intents: "../intents".into(),
            policy: "policy.yaml".into(),
            shop: "shop.yaml".into(),
            time_zone: "Asia/Shanghai".into(),
            workers: 0,
            queue: 256,
            deadline_ms: 2000,
            body_bytes: 65536,
            log: LogFormat::Text,
            store: RawStore::default(),
            orders: sources::RawOrders::default(),
            products: sources::RawProducts::default(),
            webhooks: Vec::new(),
            webhook_timeout_ms: 5000,
            webhook_attempts: 12,
            chatwoot: None,
        }
    }
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Whether a commit waits until it is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Synchronous {
    /// It does not: what was acknowledged outlives the process, and the last moments may be lost when the power fails.
    Normal,
    /// It does.
    Full,
}

/// What is kept, and how.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The file.
    pub path: PathBuf,
    /// Whether personal data in texts is masked before they are stored.
    pub masked: bool,
    /// Whether a commit waits for the disk.
    pub synchronous: Synchronous,
    /// After so many days what is done with goes.
    pub retention_days: u32,
    /// How long a change waits for others to share its commit, in milliseconds.
    pub group_ms: u64,
}

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Everybody who reaches the address may do everything.
    Open,
    /// Who shows a key of this file; see [`crate::keys`].
    Keys(PathBuf),
}

/// The checked configuration, its paths resolved.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the service listens.
    pub listen: SocketAddr,
    /// Who may call.
    pub access: Access,
    /// Certificate chain and private key in PEM; plain HTTP if `None`.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Where metrics are served; nowhere if `None`.
    pub metrics_listen: Option<SocketAddr>,
    /// Folder of the bundle.
    pub bundle: PathBuf,
    /// Folder of the intents.
    pub intents: PathBuf,
    /// The policy file.
    pub policy: PathBuf,
    /// The shop file.
    pub shop: PathBuf,
    /// Of the shop.
    pub time_zone: jiff::tz::TimeZone,
    /// Threads that decide, at least one.
    pub workers: usize,
    /// Messages waiting for a worker.
    pub queue: usize,
    /// For callers who send no deadline, in milliseconds.
    pub deadline_ms: u64,
    /// Longest request in bytes.
    pub body_bytes: usize,
    /// How logs are written.
    pub log: LogFormat,
    /// What is kept; nothing if `None`.
    pub store: Option<StoreConfig>,
    /// Where orders come from.
    pub orders: OrdersConfig,
    /// Where products come from.
    pub products: ProductsSource,
    /// Where events are delivered.
    pub webhooks: Vec<Webhook>,
    /// How long an endpoint may take to answer, in milliseconds.
    pub webhook_timeout_ms: u64,
    /// How often an event is sent before it is laid aside.
    pub webhook_attempts: u32,
    /// The Chatwoot whose agent bot this is, if it is one's.
    pub chatwoot: Option<ChatwootConfig>,
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Every problem, with its place.
    pub fn read(path: &Path) -> Result<Self, Findings> {
        let mut findings = Findings::default();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::check(path, &text),
            Err(error) => {
                findings.add(path, Place::START, "unreadable", format!("cannot read the configuration: {error}"));
                Err(findings)
            }
        }
    }

    fn check(path: &Path, text: &str) -> Result<Self, Findings> {
        let mut findings = Findings::default();
        // A file of comments only means: all defaults.
        let empty = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        let text = if empty { "{}" } else { text };
        let Some((raw, document)) = yaml::read::<RawConfig>(path, text, &mut findings) else {
            return Err(findings.sorted());
        };
        let mut address = |key: &str, text: &str| {
            let parsed = text.parse::<SocketAddr>().ok();
            if parsed.is_none() {
                let message = format!("`{text}` is not an address with a port, such as 127.0.0.1:8080");
                findings.add(path, document.place(key), "bad-address", message);
            }
            parsed
        };
        let listen = address("/listen", &raw.listen);
        let metrics_listen = match raw.metrics_listen.as_str() {
            "off" => Some(None),
            text => address("/metrics_listen", text).map(Some),
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        let access = access(folder, &raw.keys);
        if raw.keys == "off" && listen.is_some_and(|address| !address.ip().is_loopback()) {
            let message = "others than this machine can reach `listen`, and nobody needs a key; name a file of keys, \
                           which `triage keys new` begins, or write `keys: open` if that is meant";
            findings.add(path, document.place("/listen"), "open-to-all", message);
        }
        let time_zone = jiff::tz::TimeZone::get(&raw.time_zone);
        if time_zone.is_err() {
            let message = format!("`{}` is not a time zone, such as Asia/Shanghai", raw.time_zone);
            findings.add(path, document.place("/time_zone"), "bad-time-zone", message);
        }
        let webhooks = webhooks::check(raw.webhooks, path, &document, &mut findings);
        let chatwoot = raw.chatwoot.and_then(|raw| chatwoot::check(raw, path, &document, &mut findings));
        let orders = raw.orders.check(path, &document, &mut findings);
        let products = raw.products.check(path, &document, &mut findings);
        let (Some(listen), Some(metrics_listen), Ok(time_zone)) = (listen, metrics_listen, time_zone) else {
            return Err(findings.sorted());
        };
        let (Some(orders), Some(products)) = (orders, products) else { return Err(findings.sorted()) };
        if !findings.is_empty() {
            return Err(findings.sorted());
        }
        let workers = match raw.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        Ok(Self {
            listen,
            access,
            tls: raw.tls.map(|tls| (beside(folder, &tls.certificate), beside(folder, &tls.key))),
            metrics_listen,
            bundle: beside(folder, &raw.bundle),
            intents: beside(folder, &raw.intents),
            policy: beside(folder, &raw.policy),
            shop: beside(folder, &raw.shop),
            time_zone,
            workers,
            queue: raw.queue,
            deadline_ms: raw.deadline_ms,
            body_bytes: raw.body_bytes,
            log: raw.log,
            store: store(folder, raw.store),
            orders,
            products,
            webhooks,
            webhook_timeout_ms: raw.webhook_timeout_ms,
            webhook_attempts: raw.webhook_attempts,
            chatwoot,
        })
    }
}

fn access(folder: &Path, keys: &str) -> Access {
    match keys {
        "off" | "open" => Access::Open,
        path => Access::Keys(beside(folder, path)),
    }
}

fn store(folder: &Path, raw: RawStore) -> Option<StoreConfig> {
    let RawStore { path, masked, synchronous, retention_days, group_ms } = raw;
    let path = match path.as_str() {
        "off" => return None,
        path => beside(folder, path),
    };
    Some(StoreConfig { path, masked, synchronous, retention_days, group_ms })
}

/// A path given relative to a folder, without `..` where that is the same place: `config/../intents` is `intents`, unless
/// `config` is a link. Messages name these paths.
fn beside(folder: &Path, name: &str) -> PathBuf {
    let joined = folder.join(name);
    let mut short = PathBuf::new();
    for part in joined.components() {
        match part {
            Component::ParentDir if matches!(short.components().next_back(), Some(Component::Normal(_))) => {
                short.pop();
            }
            Component::CurDir => {}
            _ => short.push(part),
        }
    }
    let is_same = short.canonicalize().is_ok_and(|one| joined.canonicalize().is_ok_and(|other| one == other));
    if is_same { short } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_holds_the_defaults() {
        let path = Path::new("config/triage.yaml");
        let shipped = Config::read(path).unwrap();
        let default = Config::check(path, "# nothing\n").unwrap();
        assert_eq!(format!("{shipped:?}"), format!("{default:?}"));
    }

    #[test]
    fn paths_are_short_where_that_is_the_same_place() {
        for (folder, name, path) in [
            ("config", "../intents", "intents"),
            ("./config", "policy.yaml", "config/policy.yaml"),
            ("config", "../gone", "config/../gone"),
            ("", "../gone", "../gone"),
        ] {
            assert_eq!(beside(Path::new(folder), name), Path::new(path), "{folder} {name}");
        }
    }

    #[test]
    fn all_problems_at_once() {
        let text = "listen: here\ntime_zone: Mars\n";
        let findings = Config::check(Path::new("c.yaml"), text).unwrap_err();
        let places: Vec<(usize, &str)> = findings.iter().map(|f| (f.place.line, f.code)).collect();
        assert_eq!(places, [(1, "bad-address"), (2, "bad-time-zone")]);
        let findings = Config::check(Path::new("c.yaml"), "listen: 0.0.0.0:80\n").unwrap_err();
        assert_eq!(findings.iter().map(|f| f.code).collect::<Vec<_>>(), ["open-to-all"]);
        for allowed in
            ["listen: 0.0.0.0:80\nkeys: keys.yaml\n", "listen: '[::]:80'\nkeys: open\n", "listen: '[::1]:80'\n"]
        {
            assert!(Config::check(Path::new("c.yaml"), allowed).is_ok(), "{allowed}");
        }
        let findings = Config::check(Path::new("c.yaml"), "lisen: 1\nqueue: 0\n").unwrap_err();
        assert_eq!(findings.len(), 2, "{findings}");
        let findings = Config::check(Path::new("c.yaml"), "store: { path: '', synchronous: never }\n").unwrap_err();
        assert_eq!(findings.len(), 2, "{findings}");
    }
}
