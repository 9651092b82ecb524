//! Messages on record, to try a catalogue on: what customers wrote, with what was said before.

use std::path::Path;

use serde::Deserialize;

use crate::incoming::{Incoming, PastMessage, Request, Role};
use crate::yaml::{Findings, Place};

/// A customer's message on record.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The line of the file that it comes from.
    pub line: usize,
    /// Names its conversation: the id on record, or the line.
    pub conversation: String,
    /// What the customer wrote, with what was said before it.
    pub incoming: Incoming,
}

/// A line of JSON: a request to the API, a request beside its reply, or a whole conversation.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Beside {
        request: Request,
    },
    Whole {
        #[serde(default, alias = "conversation_id")]
        id: Option<String>,
        turns: Vec<PastMessage>,
    },
    Alone(Request),
}

/// Reads a file of messages, one or one conversation per line; empty lines count for nothing. A line is
///
/// * a message as text,
/// * a JSON object as `POST /v1/triage` takes it, alone or as `request` beside other keys, or
/// * a JSON object with `turns`, each with `role` and `text`: every customer's turn in it becomes a message with the
///   turns before it as history.
///
/// # Errors
/// Every line that cannot be read, and why.
pub fn read(path: &Path) -> Result<Vec<Turn>, Findings> {
    let mut findings = Findings::default();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            findings.add(path, Place::START, "unreadable", format!("cannot read the messages: {error}"));
            return Err(findings);
        }
    };
    let mut turns = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match parse(line, at + 1) {
            Ok(read) => turns.extend(read),
            Err(message) => {
                findings.add(path, Place { line: at + 1, column: 1 }, "bad-message", message);
            }
        }
    }
    if findings.is_empty() { Ok(turns) } else { Err(findings) }
}

fn parse(line: &str, number: usize) -> Result<Vec<Turn>, String> {
    let turn = |conversation: Option<String>, request: Request| -> Result<Turn, String> {
        let conversation = conversation.unwrap_or_else(|| format!("line {number}"));
        Ok(Turn { line: number, conversation, incoming: request.check().map_err(|error| error.to_string())? })
    };
    if !line.trim_start().starts_with('{') {
        return Ok(vec![turn(None, Request { text: line.to_owned(), ..Request::default() })?]);
    }
    let value: serde_json::Value = serde_json::from_str(line).map_err(|error| format!("not JSON: {error}"))?;
    // What the error of an untagged enumeration does not say.
    let allowed = "neither a request (`text`, …), nor `request` beside its reply, nor a conversation (`turns`, each with \
                   `role` customer, agent or bot, and `text`)";
    match serde_json::from_value(value).map_err(|_| allowed.to_owned())? {
        Line::Alone(request) | Line::Beside { request } => Ok(vec![turn(request.conversation_id.clone(), request)?]),
        Line::Whole { id, turns } => {
            let asked = turns.iter().enumerate().filter(|(_, said)| said.role == Role::Customer);
            asked
                .filter(|(_, said)| !said.text.trim().is_empty())
                .map(|(at, said)| {
                    let request =
                        Request { text: said.text.clone(), history: turns[..at].to_vec(), ..Request::default() };
                    turn(id.clone(), request)
                })
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_a_line() {
        let cases = [
            ("到新疆运费多少", vec![("line 7", "到新疆运费多少", 0)]),
            (r#"{"text":"在吗","conversation_id":"c-1"}"#, vec![("c-1", "在吗", 0)]),
            (r#"{"request":{"text":"在吗"},"reply":{"decision":"answer"}}"#, vec![("line 7", "在吗", 0)]),
            (
                r#"{"id":"d","turns":[{"role":"customer","text":"在吗"},{"role":"agent","text":"在的"},{"role":"customer","text":"退货"}]}"#,
                vec![("d", "在吗", 0), ("d", "退货", 2)],
            ),
        ];
        for (line, expected) in cases {
            let turns = parse(line, 7).unwrap();
            let read: Vec<(&str, &str, usize)> = turns
                .iter()
                .map(|turn| {
                    (turn.conversation.as_str(), turn.incoming.utterance().as_str(), turn.incoming.history().len())
                })
                .collect();
            assert_eq!(read, expected, "{line}");
        }
    }

    #[test]
    fn every_bad_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.jsonl");
        std::fs::write(&path, "在吗\n{\n\n{\"texts\":1}\n{\"text\":\"\"}\n").unwrap();
        let findings = read(&path).unwrap_err();
        assert_eq!(findings.iter().map(|finding| finding.place.line).collect::<Vec<_>>(), [2, 4, 5]);
        assert!(read(&folder.path().join("none")).is_err());
    }
}
