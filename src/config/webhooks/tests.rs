use super::*;
use crate::config::Config;

const GOOD: &str = "name: desk, url: 'https://desk.example/hook?token=t0ken', secret_env: DESK_SECRET";

fn check(text: &str) -> Result<Config, Vec<(usize, &'static str, String)>> {
    Config::check(Path::new("config/triage.yaml"), text).map_err(|findings| {
        findings.into_iter().map(|finding| (finding.place.line, finding.code, finding.message)).collect()
    })
}

fn one(text: &str) -> Webhook {
    check(&format!("webhooks:\n  - {{ {text} }}\n")).unwrap().webhooks.remove(0)
}

#[test]
fn what_is_left_out_has_a_default() {
    let config = check(&format!("webhooks:\n  - {{ {GOOD} }}\n")).unwrap();
    let webhook = &config.webhooks[0];
    assert_eq!((webhook.name(), config.webhook_timeout_ms, config.webhook_attempts), ("desk", 5000, 12));
    assert!(EventKind::ALL.into_iter().all(|kind| webhook.wants(kind)));
    assert!(!webhook.allows_private());
    let some = one(&format!("{GOOD}, events: [ticket.created, sla.respond_missed]"));
    let wanted: Vec<EventKind> = EventKind::ALL.into_iter().filter(|kind| some.wants(*kind)).collect();
    assert_eq!(wanted, [EventKind::Created, EventKind::RespondMissed]);
}

#[test]
fn every_problem_has_its_line() {
    for (text, line, code, part) in [
        ("name: Desk 1, url: 'https://a.b', secret_env: S", 2, "bad-name", "small letters"),
        ("name: desk, url: desk.example, secret_env: S", 2, "bad-url", "not a URL"),
        ("name: desk, url: 'ftp://a.b', secret_env: S", 2, "bad-url", "allowed: https, http"),
        ("name: desk, url: 'http://a.b', secret_env: S", 2, "bad-url", "allow_private"),
        ("name: desk, url: 'https://u:p@a.b', secret_env: S", 2, "bad-url", "no user and password"),
        ("name: desk, url: 'https://a.b'", 2, "bad-secret", "is missing"),
        ("name: desk, url: 'https://a.b', secret_env: S, secret_file: s", 2, "bad-secret", "keep one"),
        ("name: desk, url: 'https://a.b', secret: s", 2, "unknown-key", "secret_file"),
        ("url: 'https://a.b', secret_env: S", 2, "missing-key", "`name`"),
        ("name: d, url: 'https://a.b', secret_env: S, events: []", 2, "empty", "must not be empty"),
        ("name: d, url: 'https://a.b', secret_env: S, events: [ticket.creatd]", 2, "unknown-word", "`ticket.created`?"),
    ] {
        let found = check(&format!("webhooks:\n  - {{ {text} }}\n")).unwrap_err();
        assert_eq!((found.len(), found[0].0, found[0].1), (1, line, code), "{text}: {found:?}");
        assert!(found[0].2.contains(part), "{text}: {found:?}");
    }
    let found = check(&format!("webhooks:\n  - {{ {GOOD} }}\n  - {{ {GOOD} }}\nwebhook_attempts: 0\n")).unwrap_err();
    assert_eq!((found[0].0, found[0].1), (4, "schema"), "{found:?}");
    let found = check(&format!("webhooks:\n  - {{ {GOOD} }}\n  - {{ {GOOD} }}\n")).unwrap_err();
    assert_eq!((found[0].0, found[0].1), (3, "duplicate-name"), "{found:?}");
    assert!(found[0].2.contains("line 2"), "{found:?}");
}

#[test]
fn secrets_are_read_and_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let of_file = one(&format!("name: desk, url: 'https://a.b', secret_file: '{}'", file.display()));
    let of_variable = one(GOOD);
    let code = |findings: Findings| findings.iter().map(|finding| (finding.place.line, finding.code)).next().unwrap();
    assert_eq!(code(of_file.secret().unwrap_err()), (2, "secret-unreadable"));
    assert_eq!(code(of_variable.secret_from(|_| None).unwrap_err()), (2, "secret-unreadable"));
    for (content, secret) in [
        (&b"0123456789abcdef"[..], Some(&b"0123456789abcdef"[..])),
        (b"0123456789abcdef\n", Some(b"0123456789abcdef")),
        (b"0123456789abcdef\r\n", Some(b"0123456789abcdef")),
        (b" 123456789abcdef", Some(b" 123456789abcdef")),
        (b"0123456789abcde", None),
        (b"0123456789abcde\n", None),
        (b"", None),
    ] {
        std::fs::write(&file, content).unwrap();
        for read in [of_file.secret(), of_variable.secret_from(|_| Some(content.to_vec()))] {
            match (read, secret) {
                (Ok(read), Some(secret)) => assert_eq!(read.bytes(), secret),
                (Err(findings), None) => assert_eq!(code(findings), (2, "secret-short")),
                (read, _) => panic!("{content:?}: {read:?}"),
            }
        }
    }
}

#[test]
fn nothing_prints_secrets_or_tokens() {
    let webhook = one(GOOD);
    let secret = webhook.secret_from(|_| Some(b"the-very-secret-words".to_vec())).unwrap();
    let config = check(&format!("webhooks:\n  - {{ {GOOD} }}\n")).unwrap();
    let short = webhook.secret_from(|_| Some(b"short-secret".to_vec())).unwrap_err();
    let bad_url = check("webhooks:\n  - { name: desk, url: 'http://a.b?token=t0ken', secret_env: S }\n").unwrap_err();
    for printed in [
        format!("{webhook:?}"),
        format!("{secret:?}"),
        format!("{config:?}"),
        format!("{short} {short:?}"),
        format!("{bad_url:?}"),
    ] {
        assert!(!["secret-words", "short-secret", "t0ken"].iter().any(|part| printed.contains(part)), "{printed}");
    }
}
