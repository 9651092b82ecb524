//! Labelled rows, from TSV or JSONL.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use super::error::{DatasetError, read_utf8};
use super::gold::{Gold, LabelMap, NONE};
use super::records::{Record, jsonl, tsv};
use crate::incoming::{PastMessage, Role};
use crate::labels::{Act, Emotion};

/// The TSV columns or JSONL keys to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The message.
    pub text: String,
    /// The accepted intents.
    pub intent: Option<String>,
    /// The emotion.
    pub emotion: Option<String>,
    /// Whether a person should take it: yes, no or maybe.
    pub handoff: Option<String>,
    /// What is done with the topic: ask, request, report or chase.
    pub act: Option<String>,
    /// What the agent said last before the message.
    pub history_agent: Option<String>,
}

impl Default for Columns {
    /// `text`, and no labels.
    fn default() -> Self {
        Self { text: "text".to_owned(), intent: None, emotion: None, handoff: None, act: None, history_agent: None }
    }
}

impl Columns {
    /// The names of all columns that are wanted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let optional = [&self.intent, &self.emotion, &self.handoff, &self.act, &self.history_agent];
        std::iter::once(self.text.as_str()).chain(optional.into_iter().filter_map(Option::as_deref))
    }
}

/// Whether a careful lead would want a person to take a message now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffLabel {
    /// A person.
    Yes,
    /// Not needed.
    No,
    /// Either would do.
    Maybe,
}

/// One labelled message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The message.
    pub text: String,
    /// The accepted intents.
    pub intent: Option<Gold>,
    /// The emotion.
    pub emotion: Option<Emotion>,
    /// Whether a person should take it.
    pub handoff: Option<HandoffLabel>,
    /// What is done with the topic.
    pub act: Option<Act>,
    /// What the agent said last before it.
    pub history: Option<PastMessage>,
}

/// A labelled file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dataset {
    /// Its rows, in order.
    pub rows: Vec<Row>,
    /// How many rows the label map left out.
    pub dropped: usize,
}

impl Dataset {
    /// Reads a `.tsv` file (a header, tabs, no quoting) or a `.jsonl` file (one object per line). A blank cell, a null
    /// or `-` is no label. The map translates the whole cell of the intent column or, where no intent column is
    /// wanted, of the emotion column. `path` tells the format and is named in errors.
    ///
    /// # Errors
    /// All problems of the file, with their lines.
    pub fn read(path: &Path, content: &str, columns: &Columns, map: Option<&LabelMap>) -> Result<Self, DatasetError> {
        let mut problems = DatasetError::new(path);
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let records = match extension.to_ascii_lowercase().as_str() {
            "tsv" => tsv(content, columns, &mut problems),
            "jsonl" => jsonl(content, columns, &mut problems),
            _ => return Err(DatasetError::whole(path, "is of an unknown format; allowed: .tsv, .jsonl")),
        };
        let mut dataset = Self::default();
        for record in records {
            let line = record.line;
            match (Checker { columns, map, wrong: Vec::new() }).row(record) {
                Ok(Some(row)) => dataset.rows.push(row),
                Ok(None) => dataset.dropped += 1,
                Err(wrong) => wrong.into_iter().for_each(|message| problems.add(line, message)),
            }
        }
        problems.unless_any(dataset)
    }

    /// [`read_utf8`], then [`Dataset::read`].
    ///
    /// # Errors
    /// As these two.
    pub fn load(path: &Path, columns: &Columns, map: Option<&LabelMap>) -> Result<Self, DatasetError> {
        Self::read(path, &read_utf8(path)?, columns, map)
    }

    /// Every intent that some row accepts, for comparison with a catalogue: a misspelt one is never predicted.
    #[must_use]
    pub fn intents(&self) -> BTreeSet<&str> {
        let golds = self.rows.iter().filter_map(|row| row.intent.as_ref());
        golds.flat_map(|gold| gold.alternatives().iter().flatten().map(String::as_str)).collect()
    }
}

/// What a cell says once the map has been asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label<'a> {
    Unlabelled,
    Dropped,
    Is(&'a str),
}

/// Makes one row of one record, collecting everything that is wrong with it.
struct Checker<'a> {
    columns: &'a Columns,
    map: Option<&'a LabelMap>,
    wrong: Vec<String>,
}

impl Checker<'_> {
    /// The row, or none if the map leaves it out.
    fn row(mut self, record: Record) -> Result<Option<Row>, Vec<String>> {
        let columns = self.columns;
        let (for_intent, for_emotion) = if columns.intent.is_some() { (self.map, None) } else { (None, self.map) };
        let intent = self.kept(&columns.intent, label(record.intent.as_deref(), for_intent));
        let emotion = self.kept(&columns.emotion, label(record.emotion.as_deref(), for_emotion));
        let handoff = self.kept(&columns.handoff, label(record.handoff.as_deref(), None));
        let act = self.kept(&columns.act, label(record.act.as_deref(), None));
        if intent == Some(Label::Dropped) || emotion == Some(Label::Dropped) {
            return Ok(None);
        }
        if record.text.is_none() {
            self.wrong.push(format!("`{}` is empty; a message is needed", columns.text));
        }
        let row = Row {
            line: record.line,
            text: record.text.unwrap_or_default(),
            intent: self.parsed(&columns.intent, intent, |id| id.parse::<Gold>().map_err(|error| error.to_string())),
            emotion: self.parsed(&columns.emotion, emotion, emotion_of),
            handoff: self.parsed(&columns.handoff, handoff, handoff_of),
            act: self.parsed(&columns.act, act, act_of),
            history: record.agent.map(|text| PastMessage { role: Role::Agent, text }),
        };
        if self.wrong.is_empty() { Ok(Some(row)) } else { Err(self.wrong) }
    }

    fn parsed<T>(
        &mut self,
        column: &Option<String>,
        label: Option<Label<'_>>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Some(Label::Is(label)) = label else { return None };
        self.kept(column, parse(label))
    }

    fn kept<T>(&mut self, column: &Option<String>, value: Result<T, String>) -> Option<T> {
        let column = column.as_deref().unwrap_or_default();
        value.map_err(|wrong| self.wrong.push(format!("`{column}`: {wrong}"))).ok()
    }
}

fn label<'a>(cell: Option<&'a str>, map: Option<&'a LabelMap>) -> Result<Label<'a>, String> {
    let Some(cell) = cell.map(str::trim) else { return Ok(Label::Unlabelled) };
    match map.map(|map| map.get(cell)) {
        Some(Some(NONE)) => Ok(Label::Dropped),
        Some(Some(mapped)) => Ok(Label::Is(mapped)),
        _ if cell == NONE => Ok(Label::Unlabelled),
        Some(None) => Err(format!("`{cell}` is not in the label map; add it there, with `-` to leave its rows out")),
        None => Ok(Label::Is(cell)),
    }
}

fn emotion_of(id: &str) -> Result<Emotion, String> {
    let found = Emotion::ALL.into_iter().find(|emotion| emotion.id() == id);
    found.ok_or_else(|| format!("`{id}` is no emotion; allowed: {}", Emotion::ALL.map(Emotion::id).join(", ")))
}

fn act_of(id: &str) -> Result<Act, String> {
    let found = Act::ALL.into_iter().find(|act| act.id() == id);
    found.ok_or_else(|| format!("`{id}` is no act; allowed: {}", Act::ALL.map(Act::id).join(", ")))
}

fn handoff_of(label: &str) -> Result<HandoffLabel, String> {
    match label {
        "yes" => Ok(HandoffLabel::Yes),
        "no" => Ok(HandoffLabel::No),
        "maybe" => Ok(HandoffLabel::Maybe),
        _ => Err(format!("`{label}` is no hand-off label; allowed: yes, no, maybe")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        let named = |name: &str| Some(name.to_owned());
        let (intent, emotion) = (named("intent"), named("emotion"));
        Columns { intent, emotion, handoff: named("handoff"), history_agent: named("agent"), ..Columns::default() }
    }

    fn read(name: &str, content: &str) -> Result<Dataset, DatasetError> {
        Dataset::read(Path::new(name), content, &columns(), None)
    }

    fn problems(result: Result<Dataset, DatasetError>) -> Vec<(Option<usize>, String)> {
        result.unwrap_err().problems.into_iter().map(|problem| (problem.line, problem.message)).collect()
    }

    #[test]
    fn reads_tsv_and_jsonl_alike() {
        let tsv = "\u{feff}id\tagent\ttext\tintent\temotion\thandoff\r\n\
                   1\t稍等\t\"怎么退\tstock|price+coupon\tanger\tmaybe\r\n\r\n2\t\t在吗\t-\t\t-\r";
        let jsonl = "{\"text\":\"\\\"怎么退\",\"agent\":\"稍等\",\"intent\":\"stock|price+coupon\",\
                     \"emotion\":\"anger\",\"handoff\":\"maybe\"}\n\n{\"text\":\"在吗\",\"handoff\":null}\n";
        let (tsv, jsonl) = (read("a.TSV", tsv).unwrap(), read("a.jsonl", jsonl).unwrap());
        assert_eq!(tsv.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(jsonl.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(tsv.intents().into_iter().collect::<Vec<_>>(), ["coupon", "price", "stock"]);
        for dataset in [tsv, jsonl] {
            let [first, second] = &dataset.rows[..] else { panic!("two rows") };
            assert_eq!(first.text, "\"怎么退");
            assert_eq!(first.history, Some(PastMessage { role: Role::Agent, text: "稍等".to_owned() }));
            assert_eq!((first.emotion, first.handoff), (Some(Emotion::Anger), Some(HandoffLabel::Maybe)));
            assert_eq!((&second.intent, second.emotion, second.handoff, &second.history), (&None, None, None, &None));
        }
    }

    #[test]
    fn may_be_empty() {
        assert_eq!(read("a.tsv", "text\tintent\temotion\thandoff\tagent\n"), Ok(Dataset::default()));
        assert_eq!(read("a.jsonl", ""), Ok(Dataset::default()));
    }

    #[test]
    fn maps_labels_and_leaves_rows_out() {
        let map = LabelMap::read(Path::new("m.tsv"), "label\tids\na|b\tstock\nc\t-\nd\tanger\n").unwrap();
        let mut columns = Columns { intent: Some("label".to_owned()), ..Columns::default() };
        let read = |columns: &Columns, content| Dataset::read(Path::new("a.tsv"), content, columns, Some(&map));
        let dataset = read(&columns, "text\tlabel\nx\ta|b\ny\tc\nz\t-\n").unwrap();
        assert_eq!((dataset.rows.len(), dataset.dropped), (2, 1));
        assert_eq!(dataset.rows[0].intent.as_ref().map(Gold::first), Some("stock"));
        assert_eq!(dataset.rows[1].intent, None);
        let error = read(&columns, "text\tlabel\nx\te\n").unwrap_err().to_string();
        assert!(error.starts_with("a.tsv:2: `label`: `e` is not in the label map"), "{error}");
        columns.emotion = columns.intent.take();
        assert_eq!(read(&columns, "text\tlabel\nx\td\n").unwrap().rows[0].emotion, Some(Emotion::Anger));
    }

    #[test]
    fn reports_every_bad_line() {
        let found = problems(read(
            "a.tsv",
            "text\tintent\temotion\thandoff\tagent\nx\ty\n \ta||b\tsad\tperhaps\t\nok\tstock\t\t\t\n",
        ));
        let expected = ["has 2 field(s); the header has 5", "`text` is empty", "`intent`: `a||b` has an empty part"];
        assert_eq!(found.len(), 5, "{found:?}");
        for wanted in expected.into_iter().chain(["allowed: neutral, positive", "allowed: yes, no, maybe"]) {
            assert!(found.iter().any(|(_, message)| message.contains(wanted)), "{wanted}: {found:?}");
        }
        let found = problems(read("a.jsonl", "{\"text\":1}\n[]\n{\"text\":\n"));
        assert!(found.iter().any(|(line, message)| *line == Some(2) && message.contains("JSON object")), "{found:?}");
        assert!(found.iter().any(|(line, message)| *line == Some(3) && message.contains("column 8")), "{found:?}");
        assert!(found.iter().any(|(_, message)| message == "`text` is `1`; a string or null is allowed"), "{found:?}");
    }

    #[test]
    fn names_the_columns_there_are() {
        let error = read("a.tsv", "text\tlabel\temotion\thandoff\tagent\tagent\n").unwrap_err().to_string();
        assert!(error.starts_with("a.tsv:1: column `intent` is missing; columns in the file: text, label"), "{error}");
        assert!(error.contains("column `agent` is there more than once"), "{error}");
        assert!(problems(read("a.tsv", "")).iter().any(|(_, message)| message.contains("`text` is missing")));
        let found = problems(read("a.jsonl", "{\"message\":\"x\"}\n"));
        assert_eq!(found[0].1, "column `text` is missing; columns in the file: message");
        assert!(read("a.csv", "").unwrap_err().to_string().contains("allowed: .tsv, .jsonl"));
    }
}
