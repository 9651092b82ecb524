//! Calling others: only where it is allowed, without redirects and proxies, and told in words that give nothing away.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, redirect, retry};
use url::{Host, Url};

use super::address::{NotPublic, PublicOnly, is_public};
use super::retry::asked;

/// Who calls.
const USER_AGENT: &str = concat!("triage/", env!("CARGO_PKG_VERSION"));

/// What calls one address. Connections go to public addresses only, unless private ones are allowed.
pub(crate) fn client(url: &Url, allow_private: bool, timeout: Duration) -> Result<Client, reqwest::Error> {
    // Does nothing if the program that this library is part of has chosen another one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .timeout(timeout)
        .redirect(redirect::Policy::none())
        // A proxy would look names up itself, and be the address that is connected to.
        .no_proxy()
        .retry(retry::never());
    let builder = match url.scheme() {
        // Certificates of the system may be missing where none are needed.
        "http" => builder.tls_certs_only([]),
        _ => builder.https_only(true),
    };
    match allow_private {
        true => builder.build(),
        false => builder.dns_resolver(PublicOnly).build(),
    }
}

/// Addresses in a URL are connected to without a look-up, so they are checked by themselves.
pub(crate) fn literal_address(url: &Url, allow_private: bool) -> Result<(), NotPublic> {
    let address: IpAddr = match url.host() {
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    if allow_private || is_public(address) { Ok(()) } else { Err(NotPublic(address)) }
}

/// How long an answer asks to be left alone.
pub(crate) fn retry_after(response: &Response, now: Timestamp) -> Option<Duration> {
    let header = response.headers().get(RETRY_AFTER).and_then(|header| header.to_str().ok());
    header.and_then(|header| asked(header, now))
}

/// The kind of error and its innermost cause; those between repeat each other, and the outermost names the URL.
pub(crate) fn explain(error: &reqwest::Error) -> String {
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
