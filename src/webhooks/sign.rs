//! The signature: HMAC-SHA256 over `"{timestamp}.{body}"`, so that neither can be changed, nor an old delivery be sent again.

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// How far the clocks of sender and receiver may be apart, and how long a delivery may be on its way, in seconds.
const WINDOW: i64 = 300;

/// What stands before the signature: how it was made.
const SCHEME: &str = "sha256=";

/// Why a delivery is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The timestamp is not a number.
    #[error("the timestamp is not a number of seconds since 1970")]
    Timestamp,
    /// It was sent too long ago, or the clocks are apart.
    #[error("the timestamp is more than {WINDOW} seconds away from now")]
    Outside,
    /// The signature does not look like one.
    #[error("the signature is not `{SCHEME}` with 64 hexadecimal digits")]
    Signature,
    /// Another secret, or a body or timestamp that was changed.
    #[error("the signature does not fit secret, timestamp and body")]
    Mismatch,
}

/// The value of the header `X-Triage-Signature`.
#[must_use]
pub fn sign(secret: &[u8], timestamp: &str, body: &[u8]) -> String {
    format!("{SCHEME}{}", hex::encode(mac(secret, timestamp, body).finalize().into_bytes()))
}

/// Checks a delivery as a receiver should: the signature in constant time, and that it was sent within five minutes of `now`.
///
/// # Errors
/// When the delivery is not to be believed.
pub fn verify(secret: &[u8], timestamp: &str, body: &[u8], signature: &str, now: Timestamp) -> Result<(), VerifyError> {
    let sent: i64 = timestamp.parse().map_err(|_| VerifyError::Timestamp)?;
    let mut tag = [0; 32];
    let digits = signature.strip_prefix(SCHEME).ok_or(VerifyError::Signature)?;
    hex::decode_to_slice(digits, &mut tag).map_err(|_| VerifyError::Signature)?;
    mac(secret, timestamp, body).verify_slice(&tag).map_err(|_| VerifyError::Mismatch)?;
    let away = now.as_second().saturating_sub(sent).unsigned_abs();
    if away > WINDOW.unsigned_abs() { Err(VerifyError::Outside) } else { Ok(()) }
}

fn mac(secret: &[u8], timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}
