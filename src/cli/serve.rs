use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use super::Found;
use crate::adapters::chatwoot::{Chatwoot, Secrets};
use crate::config::{Access, Config, LogFormat, StoreConfig, Webhook};
use crate::desk::{self, Desk, Routes, SystemClock};
use crate::engine::{Engine, OpenError};
use crate::http::{self, Door, Gate, Limits, Metrics, Tls};
use crate::keys::Keys;
use crate::live::Live;
use crate::store::{Inbox, Outbox, Sqlite, SqliteOptions, Store};
use crate::ticket::EventKind;
use crate::webhooks::{self, Deliverer, Nudge, Settings};

pub(super) fn run(config: &Path) -> anyhow::Result<Found> {
    let started = Instant::now();
    let config = Config::read(config).map_err(OpenError::from)?;
    start_logging(config.log);
    http::log_panics_without_message();
    let limits = Limits { body_bytes: config.body_bytes, batch: config.workers, ..Limits::default() };
    let gate = gate(&config)?;
    let options = desk::Options {
        workers: config.workers,
        queue: config.queue,
        deadline: Duration::from_millis(config.deadline_ms),
        masked: config.store.as_ref().is_none_or(|store| store.masked),
        ..desk::Options::default()
    };
    let endpoints = webhooks::endpoints(&config.webhooks).map_err(OpenError::from)?;
    let options = desk::Options { routes: routes(&config.webhooks), ..options };
    let secrets = config.chatwoot.as_ref().map(Secrets::read).transpose().map_err(OpenError::from)?;
    let store = config.store.as_ref().map(open_store).transpose()?;
    let metrics = Metrics::install()?;
    let engine = Arc::new(super::connected(&Engine::with(config)?)?);
    if let Some(chatwoot) = &engine.config().chatwoot {
        chatwoot.check_queues(engine.catalogue().policy().queues()).map_err(OpenError::from)?;
    }
    let live = Arc::new(Live::new(Arc::clone(&engine)));
    live.watch().context("cannot watch the files of the catalogue")?;
    let retention = engine.config().store.as_ref().map(|store| store.retention_days);
    let (config, fit) = (engine.config().clone(), engine.fit_report());
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = bind(config.listen, "listen").await?;
        let tls = match config.tls.clone() {
            Some((certificate, key)) => Some(Tls::open(certificate, key).await?),
            None => None,
        };
        let metrics_address = match config.metrics_listen {
            Some(address) => {
                let listener = bind(address, "metrics_listen").await?;
                let address = listener.local_addr()?;
                tokio::spawn(metrics.serve(listener));
                Some(tracing::field::display(address))
            }
            None => None,
        };
        metrics::gauge!("triage_model_info", "bundle" => engine.bundle().name().to_string()).set(1.0);
        tracing::info!(
            address = %listener.local_addr()?,
            metrics = metrics_address,
            bundle = engine.bundle().name(),
            intents = engine.catalogue().intents().len(),
            examples = fit.examples,
            embedded = fit.embedded,
            fit_ms = fit.fitting.as_millis() as u64,
            start_ms = started.elapsed().as_millis() as u64,
            "ready"
        );
        // Only `live` holds engines: the first one goes when it is replaced.
        drop(engine);
        let kept = store.map(Arc::new);
        let nudge = Nudge::default();
        let settings = Settings {
            timeout: Duration::from_millis(config.webhook_timeout_ms),
            attempts: config.webhook_attempts,
            clock: Arc::new(jiff::Timestamp::now),
        };
        let clock = Arc::clone(&settings.clock);
        let inbox = kept.clone().map(|store| store as Arc<dyn Inbox>);
        let outbox = kept.clone().map(|store| store as Arc<dyn Outbox>);
        let deliverer =
            outbox.map(|outbox| Deliverer::start(outbox, endpoints, settings, nudge.clone())).transpose()?;
        let kept = kept.map(|store| store as Arc<dyn Store>);
        let desk = Desk::open(live, kept, Arc::new(SystemClock), options).context("cannot start the worker threads")?;
        tokio::spawn(desk.clone().keep_watch());
        if let Some(days) = retention {
            tokio::spawn(desk.clone().keep_tidy(days));
        }
        tokio::spawn(ring(desk.news(), nudge));
        let chatwoot = config.chatwoot.clone().zip(secrets);
        let chatwoot = chatwoot.map(|(config, secrets)| Chatwoot::open(config, secrets, desk.clone(), inbox, clock));
        let door = Door { limits, gate, tls, chatwoot: chatwoot.transpose()? };
        let worker = door.chatwoot.as_ref().map(Chatwoot::start);
        let served = http::serve(listener, desk, door, stopped()).await;
        if let Some(worker) = worker {
            worker.stop().await;
        }
        if let Some(deliverer) = deliverer {
            deliverer.stop().await;
        }
        served
    })?;
    Ok(Found::Nothing)
}

/// Which webhook wants which events.
fn routes(webhooks: &[Webhook]) -> Routes {
    let wanted = |webhook: &Webhook| EventKind::ALL.into_iter().filter(|kind| webhook.wants(*kind)).collect();
    Routes::new(webhooks.iter().map(|webhook| (webhook.name().to_owned(), wanted(webhook))).collect())
}

/// Lets the deliverer know of new events as they are stored.
async fn ring(mut news: watch::Receiver<u64>, nudge: Nudge) {
    while news.changed().await.is_ok() {
        nudge.ring();
    }
}

/// Who is let in, and taking up edits of that.
fn gate(config: &Config) -> anyhow::Result<Option<Gate>> {
    let Access::Keys(path) = &config.access else { return Ok(None) };
    let keys = Arc::new(Keys::open(path.clone()).map_err(OpenError::from)?);
    keys.watch().context("cannot watch the file of keys")?;
    Ok(Some(Gate::new(keys, Arc::new(SystemClock), config.time_zone.clone())))
}

fn open_store(config: &StoreConfig) -> anyhow::Result<Sqlite> {
    let options = SqliteOptions {
        synchronous: config.synchronous,
        group_wait: Duration::from_millis(config.group_ms),
        ..SqliteOptions::default()
    };
    Ok(Sqlite::open(&config.path, options)?)
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}, the `{key}`; is another program using it?"))
}

fn start_logging(format: LogFormat) {
    let filter = EnvFilter::builder().parse_lossy("info,tract=warn");
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// Resolves when the process is asked to stop.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
            return;
        }
    }
    let _ = interrupt.await;
}
