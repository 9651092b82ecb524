//! The wanted cells of each line of a TSV or JSONL file.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::dataset::Columns;
use super::error::DatasetError;
use super::gold::lines;

/// The wanted cells of one line; blank ones are none.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) line: usize,
    pub(super) text: Option<String>,
    pub(super) intent: Option<String>,
    pub(super) emotion: Option<String>,
    pub(super) handoff: Option<String>,
    pub(super) act: Option<String>,
    pub(super) agent: Option<String>,
}

impl Record {
    /// Asks `cell` for each column that is wanted.
    fn pick(line: usize, columns: &Columns, mut cell: impl FnMut(&str) -> Option<String>) -> Self {
        let mut cell = |name: &str| cell(name).filter(|value| !value.trim().is_empty());
        let text = cell(&columns.text);
        let mut optional = |name: &Option<String>| name.as_deref().and_then(&mut cell);
        Self {
            line,
            text,
            intent: optional(&columns.intent),
            emotion: optional(&columns.emotion),
            handoff: optional(&columns.handoff),
            act: optional(&columns.act),
            agent: optional(&columns.history_agent),
        }
    }
}

/// Reads tab-separated lines under a header, without any quoting; blank lines are skipped.
pub(super) fn tsv(content: &str, columns: &Columns, problems: &mut DatasetError) -> Vec<Record> {
    let mut lines = lines(content);
    let header: Vec<&str> = lines.next().map_or("", |(_, header)| header).split('\t').map(str::trim).collect();
    if !has_columns(columns, &header, problems) {
        return Vec::new();
    }
    let mut records = Vec::new();
    for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
        let fields: Vec<&str> = text.split('\t').collect();
        if fields.len() == header.len() {
            let at = |name: &str| header.iter().position(|column| *column == name);
            records.push(Record::pick(line, columns, |name| at(name).map(|at| fields[at].to_owned())));
        } else {
            problems.add(line, format!("has {} field(s); the header has {}", fields.len(), header.len()));
        }
    }
    records
}

/// Reads one JSON object per line; blank lines are skipped. A key may be absent from a line, but not from all.
pub(super) fn jsonl(content: &str, columns: &Columns, problems: &mut DatasetError) -> Vec<Record> {
    let mut records = Vec::new();
    let mut keys = BTreeSet::new();
    for (line, text) in lines(content).filter(|(_, text)| !text.trim().is_empty()) {
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(object) => {
                records.push(Record::pick(line, columns, |name| string(line, name, object.get(name), problems)));
                keys.extend(object.into_iter().map(|(key, _)| key));
            }
            Err(error) => problems.add(line, not_json(&error)),
        }
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    if keys.is_empty() || has_columns(columns, &keys, problems) { records } else { Vec::new() }
}

fn string(line: usize, key: &str, value: Option<&Value>, problems: &mut DatasetError) -> Option<String> {
    match value {
        None | Some(Value::Null) => None,
        Some(Value::String(value)) => Some(value.clone()),
        Some(other) => {
            problems.add(line, format!("`{key}` is `{other}`; a string or null is allowed"));
            None
        }
    }
}

/// The parser counts lines within the one it was given; only its column helps.
fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cause = text.split(" at line ").next().unwrap_or_default();
    format!("is not a JSON object: {cause} at column {}; allowed: one object per line", error.column())
}

/// Whether each wanted column is there exactly once.
fn has_columns(columns: &Columns, there: &[&str], problems: &mut DatasetError) -> bool {
    let before = problems.problems.len();
    for name in columns.names() {
        let named = match there.iter().filter(|column| **column == name).count() {
            1 => continue,
            0 => "is missing",
            _ => "is there more than once",
        };
        problems.add(1, format!("column `{name}` {named}; columns in the file: {}", there.join(", ")));
    }
    problems.problems.len() == before
}
