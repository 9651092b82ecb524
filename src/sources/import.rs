//! Orders from a file into the table: CSV with a header, or JSON lines. Good ones are kept, bad ones are told of.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::OpenError;
use super::read::{self, Problem};
use super::table::Table;
use crate::orders::Order;

/// Orders that are written together.
const BATCH: usize = 1000;

/// Longest line of a file in bytes.
const LINE: usize = 1 << 20;

/// The case is an object in an order; in a CSV file its fields have columns of their own, which begin with this.
const CASE: &str = "after_sales_";

/// What an import tells while it runs.
#[derive(Debug)]
pub enum Step {
    /// So many orders have been read.
    Read(u64),
    /// A line is not taken.
    Bad {
        /// Which, from 1.
        line: u64,
        /// Why. Holds no value.
        problem: Problem,
    },
}

/// What came of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Orders that were taken; one that stands in the file twice counts twice.
    pub good: u64,
    /// Lines that were not.
    pub bad: u64,
}

/// Reads a file into the table. Times without a zone are of `zone`.
///
/// # Errors
/// When the file cannot be read at all, or the table not be written.
pub fn import(file: &Path, table: &Table, zone: &TimeZone, tell: &mut dyn FnMut(Step)) -> Result<Imported, OpenError> {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    let opened = File::open(file);
    let opened = opened.map_err(|error| OpenError::Failed(format!("cannot read `{}`: {error}", file.display())))?;
    let mut intake = Intake { table, zone, tell, waiting: Vec::with_capacity(BATCH), imported: Imported::default() };
    match extension.as_str() {
        "csv" => read_csv(opened, file, &mut intake)?,
        "jsonl" | "ndjson" => read_lines(opened, file, &mut intake)?,
        _ => {
            let message = "the name must end in .csv or .jsonl, which tells how to read it";
            return Err(OpenError::Failed(format!("`{}`: {message}", file.display())));
        }
    }
    intake.flush()?;
    Ok(intake.imported)
}

struct Intake<'a> {
    table: &'a Table,
    zone: &'a TimeZone,
    tell: &'a mut dyn FnMut(Step),
    waiting: Vec<Order>,
    imported: Imported,
}

impl Intake<'_> {
    fn take(&mut self, line: u64, value: Result<Value, Problem>) -> Result<(), OpenError> {
        match value.and_then(|value| read::order(value, self.zone)) {
            Ok(order) => {
                self.waiting.push(order);
                self.imported.good += 1;
            }
            Err(problem) => {
                self.imported.bad += 1;
                (self.tell)(Step::Bad { line, problem });
            }
        }
        let read = self.imported.good + self.imported.bad;
        if read.is_multiple_of(BATCH as u64) {
            (self.tell)(Step::Read(read));
        }
        if self.waiting.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), OpenError> {
        self.table.write(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }
}

fn bad(field: &'static str, problem: &'static str) -> Problem {
    Problem { field: field.into(), problem }
}

fn broken(file: &Path, error: &dyn std::fmt::Display) -> OpenError {
    OpenError::Failed(format!("cannot read `{}` to its end: {error}", file.display()))
}

fn read_lines(opened: File, file: &Path, intake: &mut Intake<'_>) -> Result<(), OpenError> {
    let mut reader = BufReader::new(opened);
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let most = LINE as u64 + 1;
        let read = reader.by_ref().take(most).read_until(b'\n', &mut bytes).map_err(|error| broken(file, &error))?;
        if read == 0 {
            break;
        }
        let is_cut = read > LINE && !bytes.ends_with(b"\n");
        if is_cut {
            reader.skip_until(b'\n').map_err(|error| broken(file, &error))?;
        }
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes).trim_ascii();
        if text.is_empty() {
            continue;
        }
        let value = if is_cut {
            Err(bad("line", "has more than a million bytes"))
        } else {
            serde_json::from_slice(text).map_err(|_| bad("line", "is not a JSON object in UTF-8"))
        };
        intake.take(line, value)?;
    }
    Ok(())
}

fn read_csv(opened: File, file: &Path, intake: &mut Intake<'_>) -> Result<(), OpenError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(opened);
    let header = reader.headers().map_err(|error| broken(file, &error))?.clone();
    check_header(&header).map_err(|problem| OpenError::Failed(format!("`{}`: {problem}", file.display())))?;
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| broken(file, &error))? {
        let line = record.position().map_or(0, csv::Position::line);
        intake.take(line, row(&header, &record))?;
    }
    Ok(())
}

/// Columns that a CSV file may have.
fn columns() -> Vec<String> {
    let of_order = read::FIELDS.iter().filter(|field| **field != "after_sales").map(|field| (*field).to_owned());
    of_order.chain(read::OF_CASE.iter().map(|field| format!("{CASE}{field}"))).collect()
}

/// A file without a header has values in its first line: only what looks like a name of ours is repeated.
fn check_header(header: &csv::StringRecord) -> Result<(), String> {
    let columns = columns();
    for (at, column) in header.iter().enumerate() {
        if !columns.iter().any(|known| known == column) {
            let named = if read::is_plain(column) { format!(" `{column}`") } else { String::new() };
            let allowed = columns.join(", ");
            return Err(format!("column {}{named} of the first line is not known; allowed: {allowed}", at + 1));
        }
        if header.iter().take(at).any(|other| other == column) {
            return Err(format!("column `{column}` stands twice in the first line"));
        }
    }
    match read::NEEDED.iter().find(|needed| !header.iter().any(|column| column == **needed)) {
        Some(missing) => Err(format!("column `{missing}` is missing in the first line")),
        None => Ok(()),
    }
}

/// A row as the object that a JSON line would be.
fn row(header: &csv::StringRecord, record: &csv::ByteRecord) -> Result<Value, Problem> {
    if record.len() != header.len() {
        return Err(bad("line", "has more or fewer columns than the first line"));
    }
    let (mut order, mut case) = (Map::new(), Map::new());
    for (column, text) in header.iter().zip(record) {
        let text = std::str::from_utf8(text).map_err(|_| bad("line", "is not UTF-8"))?;
        if text.is_empty() {
            continue;
        }
        match column.strip_prefix(CASE) {
            Some(part) => case.insert(part.to_owned(), text.into()),
            None if column == "items" => order.insert(column.to_owned(), items(text)?),
            None => order.insert(column.to_owned(), text.into()),
        };
    }
    if !case.is_empty() {
        order.insert("after_sales".to_owned(), Value::Object(case));
    }
    Ok(Value::Object(order))
}

/// `[{"product": …}]`, or `QH-1001*1@399.00;QH-1002*2@29.90`, where the id stands for the title too.
fn items(text: &str) -> Result<Value, Problem> {
    let problem = || {
        bad(
            "items",
            "must be JSON, or `id*quantity@price` with `;` between them, such as QH-1001*1@399.00;QH-1002*2@29.90",
        )
    };
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(|_| problem());
    }
    let item = |text: &str| {
        let (product, rest) = text.trim().split_once('*')?;
        let (quantity, price) = rest.split_once('@')?;
        Some(json!({ "product": product, "title": product, "quantity": quantity, "price": price }))
    };
    let parts = text.split(';').filter(|part| !part.trim().is_empty());
    parts.map(|part| item(part).ok_or_else(problem)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

#[cfg(test)]
mod tests;
