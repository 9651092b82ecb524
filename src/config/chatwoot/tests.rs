use super::*;
use crate::config::Config;

const GOOD: &str = "url: 'https://chat.example/at/here', token_env: TOKEN, secret_env: SECRET";

fn check(text: &str) -> Result<ChatwootConfig, Vec<(usize, &'static str, String)>> {
    let config = Config::check(Path::new("config/triage.yaml"), &format!("chatwoot:\n  {{ {text} }}\n"));
    config.map(|config| config.chatwoot.unwrap()).map_err(|findings| {
        findings.into_iter().map(|finding| (finding.place.line, finding.code, finding.message)).collect()
    })
}

#[test]
fn what_is_left_out_has_a_default() {
    assert!(Config::check(Path::new("c.yaml"), "# nothing\n").unwrap().chatwoot.is_none());
    let config = check(GOOD).unwrap();
    assert!(config.labels && !config.allows_private());
    assert_eq!((config.wait.as_millis(), config.timeout.as_millis()), (1000, 5000));
    assert_eq!((config.attempts, config.queue, config.team("aftersale")), (8, 10_000, None));
    let config = check(&format!("{GOOD}, teams: {{ aftersale: 4 }}, wait_ms: 0")).unwrap();
    assert_eq!((config.team("aftersale"), config.team("presale"), config.wait), (Some(4), None, Duration::ZERO));
}

#[test]
fn every_problem_has_its_line() {
    let keys = "token_env: T, secret_env: S";
    for (text, code, part) in [
        (format!("url: chat.example, {keys}"), "bad-url", "not a URL"),
        (format!("url: 'ftp://chat.example', {keys}"), "bad-url", "allowed: https, http"),
        (format!("url: 'http://chat.example', {keys}"), "bad-url", "allow_private"),
        (format!("url: 'https://u:p@chat.example', {keys}"), "bad-url", "no user and password"),
        (format!("url: 'https://chat.example/?a=b', {keys}"), "bad-url", "without `?`"),
        ("url: 'https://chat.example', secret_env: S".into(), "bad-secret", "`token_file: path` or `token_env: NAME`"),
        ("url: 'https://chat.example', token_env: T".into(), "bad-secret", "`secret_file: path` or `secret_env: NAME`"),
        (format!("url: 'https://chat.example', {keys}, token_file: t"), "bad-secret", "keep one"),
        (format!("url: 'https://chat.example', {keys}, token: t"), "unknown-key", "token_env"),
        (keys.into(), "missing-key", "`url`"),
        (format!("{GOOD}, attempts: 0"), "schema", "1"),
        (format!("{GOOD}, wait_ms: 10001"), "schema", "10000"),
    ] {
        let found = check(&text).unwrap_err();
        // What is missing stands nowhere; its section does.
        let line = if code == "missing-key" { 1 } else { 2 };
        assert_eq!((found.len(), found[0].0, found[0].1), (1, line, code), "{text}: {found:?}");
        assert!(found[0].2.contains(part), "{text}: {found:?}");
    }
}

#[test]
fn a_team_for_a_queue_that_there_is_not_is_found() {
    let config = check(&format!("{GOOD}, teams: {{ aftersale: 4, aftersales: 5 }}")).unwrap();
    let queues = ["presale", "aftersale"];
    let found: Vec<String> =
        config.check_queues(queues.into_iter()).unwrap_err().into_iter().map(|finding| finding.message).collect();
    assert_eq!(found, ["`aftersales` is not a queue of the policy; allowed: presale, aftersale"]);
    assert!(check(GOOD).unwrap().check_queues(queues.into_iter()).is_ok());
}

#[test]
fn neither_url_nor_secrets_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let secret = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{name} with enough bytes\n")).unwrap();
        path.display().to_string()
    };
    let text = format!(
        "url: 'https://chat.example/hidden', token_file: '{}', secret_file: '{}'",
        secret("token"),
        secret("signing")
    );
    let config = check(&text).unwrap();
    let (token, secret) = config.secrets().unwrap();
    assert_eq!((token.bytes(), secret.bytes()), (&b"token with enough bytes"[..], &b"signing with enough bytes"[..]));
    let printed = format!("{config:?} {token:?} {secret:?}");
    assert!(!printed.contains("hidden") && !printed.contains("enough"), "{printed}");
    let gone = check(GOOD).unwrap().secrets().unwrap_err();
    let codes: Vec<&str> = gone.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["secret-unreadable", "secret-unreadable"]);
}
