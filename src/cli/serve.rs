use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::Found;
use crate::config::{Config, LogFormat};
use crate::engine::{Engine, OpenError};
use crate::http::{self, Limits, Metrics};
use crate::live::Live;

pub(super) fn run(config: &Path) -> anyhow::Result<Found> {
    let started = Instant::now();
    let config = Config::read(config).map_err(OpenError::from)?;
    start_logging(config.log);
    http::log_panics_without_message();
    let limits = Limits {
        workers: config.workers,
        queue: config.queue,
        deadline: Duration::from_millis(config.deadline_ms),
        body_bytes: config.body_bytes,
    };
    let metrics = Metrics::install()?;
    let engine = Arc::new(Engine::with(config)?);
    let live = Arc::new(Live::new(Arc::clone(&engine)));
    live.watch().context("cannot watch the files of the catalogue")?;
    let (config, fit) = (engine.config().clone(), engine.fit_report());
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = bind(config.listen, "listen").await?;
        let metrics_address = match config.metrics_listen {
            Some(address) => {
                let listener = bind(address, "metrics_listen").await?;
                let address = listener.local_addr()?;
                tokio::spawn(metrics.serve(listener));
                Some(tracing::field::display(address))
            }
            None => None,
        };
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
        http::serve(listener, live, limits, stopped()).await
    })?;
    Ok(Found::Nothing)
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
