use super::*;
use crate::Request;

fn refused(text: &str) -> String {
    match parse::<Request>(text) {
        Ok(_) => panic!("{text} was taken"),
        Err(problem) => format!("{problem:?}"),
    }
}

fn message(text: &str) -> String {
    typed::<Request>(text).expect_err("is wrong")
}

#[test]
fn messages_name_the_field_and_what_is_allowed() {
    for (text, expected) in [
        (r"{}", "body: missing field `text`"),
        (r#"{"text":"a","text":"b"}"#, "body: duplicate field `text`"),
        (
            r#"{"text":"a","txt":1,"x":2}"#,
            "`txt`: unknown field; allowed: `conversation_id`, `message_id`, `text`, `channel`, `lang`, `customer`, `context`, `attachments`, `history`, `handled_by`, `wait_ms`, `deadline_ms`",
        ),
        (r#"{"text":"a","context":{"basket":[{"any":1}],"page":7}}"#, "`context.page`: expected a string"),
        (
            r#"{"text":"a","attachments":[{"kind":"image","ref":"r"}]}"#,
            "`attachments[0].ref`: unknown field; allowed: `kind` or `reference`",
        ),
        (r#"{"text":7}"#, "`text`: expected a string"),
        (r#"{"text":"a","customer":{"verified":"yes"}}"#, "`customer.verified`: expected a boolean"),
        (r#"{"text":"a","customer":"u-5"}"#, "`customer`: expected an object"),
        (r#"{"text":"a","history":{}}"#, "`history`: expected an array"),
        (r#"{"text":"a","deadline_ms":-1}"#, "`deadline_ms`: expected a whole number, 0 or more"),
        (r#"{"text":"a","history":[{"role":"bot","text":"b"},{"role":"bot"}]}"#, "`history[1]`: missing field `text`"),
        (
            r#"{"text":"a","history":[{"role":"boss","text":"b"}]}"#,
            "`history[0].role`: unknown value; allowed: `customer`, `agent`, `bot`",
        ),
        (r#"{"text":"a","handled_by":5}"#, "`handled_by`: expected a string"),
        (
            r#"{"text":"a","customer":{"phone":"13800138000"}}"#,
            "`customer.phone`: unknown field; allowed: `id`, `verified`, `name`, `tier`, `tags`",
        ),
        (r#"["a"]"#, "body: expected an object"),
    ] {
        assert_eq!(message(text), expected, "{text}");
    }
}

#[test]
fn nothing_of_the_body_is_repeated() {
    let canary = "张三13800138000";
    for text in [
        r#"{"text":"a","CANARY":1}"#,
        r#"{"text":"a","customer":{"CANARY":1}}"#,
        r#"{"text":"a","customer":{"verified":"CANARY"}}"#,
        r#"{"text":"a","customer":{"verified":"x, expected CANARY"}}"#,
        r#"{"text":"a","handled_by":"CANARY"}"#,
        r#"{"text":"a","handled_by":{"CANARY":1}}"#,
        r#"{"text":"a","handled_by":{"bot":"CANARY"}}"#,
        r#"{"text":"a","handled_by":", expected CANARY"}"#,
        r#"{"text":"a","lang":["CANARY"]}"#,
        r#"{"text":"CANARY" "CANARY"}"#,
        r#"{"text":"\ud800CANARY"}"#,
        r#"CANARY"#,
        r#"["CANARY"]"#,
        r#"{"text":"a"} CANARY"#,
    ] {
        let refused = refused(&text.replace("CANARY", canary));
        assert!(!refused.contains("张三") && !refused.contains("138001"), "{text}: {refused}");
    }
}

#[test]
fn wrong_json_and_wrong_fields_are_told_apart() {
    for (text, code) in [
        ("", "InvalidJson"),
        ("{", "InvalidJson"),
        (r#"{"text":"a",}"#, "InvalidJson"),
        (r#"{"text":"\ud800"}"#, "InvalidJson"),
        (r#"{"text":"a"} {}"#, "InvalidJson"),
        (r#"{"text":"a","wait_ms":1e999}"#, "InvalidJson"),
        (r#"{"text":"a","handled_by":5}"#, "InvalidRequest"),
        (r#"{"text":null}"#, "InvalidRequest"),
        ("[]", "InvalidRequest"),
        ("null", "InvalidRequest"),
    ] {
        assert!(refused(text).contains(&format!("code: {code}")), "{text}: {}", refused(text));
    }
}
