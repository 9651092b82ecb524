use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use super::*;

const OLD: &str = "triage_old-key-of-the-test";
const NEW: &str = "triage_new-key-of-the-test";

fn at(text: &str) -> Zoned {
    text.parse().unwrap()
}

fn noon() -> Zoned {
    at("2026-11-24T12:00:00+08:00[Asia/Shanghai]")
}

fn hash(secret: &str) -> String {
    hex::encode(digest(secret))
}

fn check(text: &str) -> Result<KeySet, crate::yaml::Findings> {
    KeySet::check(Path::new("keys.yaml"), text)
}

#[test]
fn a_key_opens_by_any_of_its_secrets_until_its_last_day() {
    let text = format!(
        "keys:\n- {{ name: app, role: gateway, sha256: [{}, {}] }}\n- {{ name: desk, role: agent, sha256: [{}], until: 2026-11-24 }}\n",
        hash(OLD),
        hash(NEW),
        hash("third")
    );
    let keys = check(&text).unwrap();
    let name = |secret: &str, now: &Zoned| keys.opened_by(secret, now).map(|key| (key.name.to_string(), key.role));
    let app = Some(("app".to_owned(), Role::Gateway));
    assert_eq!((name(OLD, &noon()), name(NEW, &noon())), (app.clone(), app));
    assert_eq!(name("third", &noon()), Some(("desk".to_owned(), Role::Agent)));
    assert_eq!(name("third", &at("2026-11-25T00:00:00+08:00[Asia/Shanghai]")), None);
    for wrong in ["", "triage_", &hash(OLD), "triage_old-key-of-the-tesT"] {
        assert_eq!(name(wrong, &noon()), None, "{wrong}");
    }
}

#[test]
fn all_problems_of_a_file_are_told_at_once_and_none_repeats_a_key() {
    let text = format!(
        "keys:\n- name: App\n  role: gateway\n  sha256: [{OLD}]\n- name: a\n  role: lead\n  sha256: [{OLD}]\n  until: soon\n  burst: 40\n\
         - name: a\n  role: admin\n  sha256: [{0}, {0}]\n",
        hash(NEW)
    );
    let findings = check(&text).unwrap_err();
    let told: Vec<(usize, &str)> = findings.iter().map(|finding| (finding.place.line, finding.code)).collect();
    let expected = [
        (2, "bad-name"),
        (7, "bad-hash"),
        (8, "bad-date"),
        (9, "burst-alone"),
        (10, "duplicate-name"),
        (12, "duplicate-hash"),
    ];
    assert_eq!(told, expected, "{findings}");
    assert!(!findings.to_string().contains(OLD), "{findings}");
    for (text, code) in [
        ("keys: []\n", "no-keys"),
        ("keys:\n- { name: a, role: king, sha256: [x] }\n", "wrong-value"),
        ("keys:\n- { name: a, role: lead }\n", "missing-key"),
    ] {
        let findings = check(text).unwrap_err();
        assert!(!findings.is_empty(), "{code}: {findings}");
    }
}

#[test]
fn a_fresh_key_is_long_differs_and_is_known_by_its_hash() {
    let (one, other) = (Secret::fresh().unwrap(), Secret::fresh().unwrap());
    assert_ne!(one.reveal(), other.reveal());
    assert_eq!(one.reveal().len(), PREFIX.len() + 64);
    let keys = check(&format!("keys: [{{ name: a, role: admin, sha256: [{}] }}]", one.hash())).unwrap();
    assert!(keys.opened_by(one.reveal(), &noon()).is_some() && keys.opened_by(other.reveal(), &noon()).is_none());
    assert_eq!(format!("{one:?}"), "Secret(…)");
}

fn some(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

#[test]
fn a_day_is_counted_in_whole_requests_and_begins_anew_at_midnight() {
    let budget = Budget::new(Limits { per_day: Some(3), ..Limits::default() });
    assert_eq!(budget.take(some(2), &noon()), Ok(()));
    let wait = Duration::from_secs(12 * 3600);
    assert_eq!(budget.take(some(2), &noon()), Err(Exhausted::Day { wait }), "all or none");
    assert_eq!(budget.take(some(1), &noon()), Ok(()));
    let renewed = budget.renewed(Limits { per_day: Some(4), ..Limits::default() });
    assert_eq!(renewed.take(some(2), &noon()), Err(Exhausted::Day { wait }), "what is used stays used");
    assert_eq!(renewed.take(some(1), &noon()), Ok(()));
    assert_eq!(renewed.take(some(4), &at("2026-11-25T00:00:01+08:00[Asia/Shanghai]")), Ok(()));
}

#[test]
fn a_burst_is_let_through_and_no_more() {
    let budget = Budget::new(Limits { per_second: Some(some(1)), ..Limits::default() });
    assert_eq!(budget.take(some(SMALLEST_BURST), &noon()), Ok(()), "a full batch fits however slow the rate");
    let refused = budget.take(some(1), &noon()).unwrap_err();
    assert!(matches!(refused, Exhausted::Rate { wait } if wait <= Duration::from_secs(1)), "{refused:?}");
    assert!(matches!(budget.take(some(1000), &noon()), Err(Exhausted::Rate { .. })));
}
