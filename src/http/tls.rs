//! TLS in the process, for those who have no proxy in front.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use axum_server::tls_rustls::RustlsConfig;

/// Between two looks at the files of the certificate.
const TICK: Duration = Duration::from_secs(5);

/// A certificate with its key, taken up anew when its files change.
#[derive(Debug, Clone)]
pub struct Tls(RustlsConfig);

impl Tls {
    /// Reads a certificate chain and its private key, in PEM.
    ///
    /// # Errors
    /// When the files cannot be read, or do not belong together.
    pub async fn open(certificate: PathBuf, key: PathBuf) -> anyhow::Result<Self> {
        // Fails only if another one is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = RustlsConfig::from_pem_file(&certificate, &key).await.with_context(|| {
            format!("cannot use the certificate `{}` with the key `{}`", certificate.display(), key.display())
        })?;
        tokio::spawn(keep_fresh(config.clone(), certificate, key));
        Ok(Self(config))
    }

    pub(super) fn config(&self) -> RustlsConfig {
        self.0.clone()
    }
}

/// Certificates live for weeks, and whoever renews them writes two files: what does not fit together yet is tried again.
async fn keep_fresh(config: RustlsConfig, certificate: PathBuf, key: PathBuf) {
    let look = async || (tokio::fs::read(&certificate).await.ok(), tokio::fs::read(&key).await.ok());
    let (mut in_force, mut last) = (look().await, None);
    loop {
        tokio::time::sleep(TICK).await;
        let seen = look().await;
        if seen == in_force {
            continue;
        }
        let is_new = last.as_ref() != Some(&seen);
        match config.reload_from_pem_file(&certificate, &key).await {
            Ok(()) => {
                tracing::info!("the new certificate is in force");
                in_force = seen;
                last = None;
            }
            Err(error) => {
                if is_new {
                    tracing::error!(%error, "the new certificate is refused; the one before stays in force");
                }
                last = Some(seen);
            }
        }
    }
}
