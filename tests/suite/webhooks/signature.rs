//! The signature as the documentation shows it.

use triage::webhooks::{VerifyError, sign, verify};

use crate::shipped;

const TOLD: &str = "docs/webhooks.md";
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const SENT: &str = "1779782400";
const BODY: &[u8] = br#"{"id":"0197","type":"ticket.created"}"#;
/// Made by another implementation.
const SIGNATURE: &str = "sha256=844ee6a345f7848c221ae4664f9f9bf5aee092910a9d2988d1ad7eb135fd6ea4";

#[test]
fn deliveries_are_believed_or_not() {
    let at = |away: i64| jiff::Timestamp::from_second(SENT.parse::<i64>().unwrap() + away).unwrap();
    let digits = SIGNATURE.strip_prefix("sha256=").unwrap();
    let other = format!("sha256={}", digits.chars().rev().collect::<String>());
    for (what, secret, sent, body, signature, away, expected) in [
        ("right", SECRET, SENT, BODY, SIGNATURE, 0, Ok(())),
        ("late", SECRET, SENT, BODY, SIGNATURE, 300, Ok(())),
        ("early", SECRET, SENT, BODY, SIGNATURE, -300, Ok(())),
        ("too late", SECRET, SENT, BODY, SIGNATURE, 301, Err(VerifyError::Outside)),
        ("too early", SECRET, SENT, BODY, SIGNATURE, -301, Err(VerifyError::Outside)),
        ("another secret", &SECRET[1..], SENT, BODY, SIGNATURE, 0, Err(VerifyError::Mismatch)),
        ("another time", SECRET, "1779782401", BODY, SIGNATURE, 0, Err(VerifyError::Mismatch)),
        ("another body", SECRET, SENT, &BODY[1..], SIGNATURE, 0, Err(VerifyError::Mismatch)),
        ("another signature", SECRET, SENT, BODY, &other, 0, Err(VerifyError::Mismatch)),
        ("no time", SECRET, "now", BODY, SIGNATURE, 0, Err(VerifyError::Timestamp)),
        ("no time", SECRET, "", BODY, SIGNATURE, 0, Err(VerifyError::Timestamp)),
        ("a time that overflows", SECRET, "-9223372036854775808", BODY, SIGNATURE, 0, Err(VerifyError::Mismatch)),
        ("no scheme", SECRET, SENT, BODY, digits, 0, Err(VerifyError::Signature)),
        ("too short", SECRET, SENT, BODY, &SIGNATURE[..70], 0, Err(VerifyError::Signature)),
        ("nothing", SECRET, SENT, BODY, "", 0, Err(VerifyError::Signature)),
        ("not digits", SECRET, SENT, BODY, "sha256=é", 0, Err(VerifyError::Signature)),
    ] {
        assert_eq!(verify(secret, sent, body, signature, at(away)), expected, "{what}");
    }
    assert_eq!(sign(SECRET, SENT, BODY), SIGNATURE);
}

#[test]
fn the_documentation_shows_this_signature_and_all_events() {
    let told = std::fs::read_to_string(shipped(TOLD)).unwrap();
    let body = std::str::from_utf8(BODY).unwrap();
    for part in [std::str::from_utf8(SECRET).unwrap(), SENT, body, SIGNATURE] {
        assert!(told.contains(part), "{TOLD} does not show {part}");
    }
    for kind in triage::ticket::EventKind::ALL {
        assert!(told.contains(&format!("`{}`", kind.id())), "{TOLD} does not tell about {}", kind.id());
    }
}
