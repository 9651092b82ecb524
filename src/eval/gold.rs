//! Accepted labels, and the map from the labels of a foreign file to ours.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::error::DatasetError;
use crate::labels;

/// In a label map: leave the row out. In a labelled file: no label.
pub(super) const NONE: &str = "-";

/// The accepted labels of a row: `a+b` needs both, `a|b` takes either, `+` binds closer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gold {
    /// Neither this nor any of its elements is empty; ids in the order written, the more actionable first.
    alternatives: Vec<Vec<String>>,
}

/// A label with nothing between its signs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` has an empty part; allowed: ids joined with `+` (both) and `|` (either accepted)")]
pub struct GoldError(String);

impl FromStr for Gold {
    type Err = GoldError;

    fn from_str(label: &str) -> Result<Self, GoldError> {
        let ids = |alternative: &str| -> Vec<String> {
            let mut ids: Vec<String> = Vec::new();
            for id in alternative.split('+').map(str::trim) {
                if !ids.iter().any(|known| known == id) {
                    ids.push(id.to_owned());
                }
            }
            ids
        };
        let alternatives: Vec<Vec<String>> = label.split('|').map(ids).collect();
        let empty = alternatives.iter().flatten().any(String::is_empty);
        if empty { Err(GoldError(label.to_owned())) } else { Ok(Self { alternatives }) }
    }
}

impl Gold {
    /// The accepted answers, each a list of ids that must all be there.
    #[must_use]
    pub fn alternatives(&self) -> &[Vec<String>] {
        &self.alternatives
    }

    /// The first id of the first accepted answer.
    #[must_use]
    pub fn first(&self) -> &str {
        // Never empty: `from_str` splits into at least one part and refuses empty ones.
        self.alternatives[0][0].as_str()
    }

    /// Whether an id is in any accepted answer.
    #[must_use]
    pub fn accepts(&self, id: &str) -> bool {
        self.alternatives.iter().flatten().any(|accepted| accepted == id)
    }

    /// Whether every accepted answer has a business intent.
    #[must_use]
    pub fn is_business(&self) -> bool {
        self.alternatives.iter().all(|ids| ids.iter().any(|id| labels::is_business(id)))
    }

    /// Whether nothing but this id is accepted.
    #[must_use]
    pub fn is_only(&self, id: &str) -> bool {
        self.alternatives.iter().flatten().all(|accepted| accepted == id)
    }

    /// Whether every accepted answer is social and nothing else.
    #[must_use]
    pub fn is_social(&self) -> bool {
        self.alternatives.iter().flatten().all(|id| is_social(id))
    }

    /// Whether these intents are all accepted and leave nothing of at least one accepted answer out. Social ones
    /// beside others do not count on either side. Not "equal to one alternative": one answer may cover two siblings,
    /// either of which is accepted.
    #[must_use]
    pub fn is_met_by(&self, intents: &[String]) -> bool {
        let said = significant(intents);
        let covered = |ids: &Vec<String>| significant(ids).iter().all(|id| said.contains(id));
        !said.is_empty() && said.iter().all(|id| self.accepts(id)) && self.alternatives.iter().any(covered)
    }
}

fn is_social(id: &str) -> bool {
    labels::SOCIAL.contains(&id)
}

/// All but the social ones; all, if there are no others.
fn significant(ids: &[String]) -> Vec<&str> {
    let others: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !is_social(id)).collect();
    if others.is_empty() { ids.iter().map(String::as_str).collect() } else { others }
}

impl fmt::Display for Gold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alternatives: Vec<String> = self.alternatives.iter().map(|ids| ids.join("+")).collect();
        f.write_str(&alternatives.join("|"))
    }
}

impl Serialize for Gold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From the labels of a foreign file to ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelMap(HashMap<String, String>);

impl LabelMap {
    /// Reads a TSV of two columns with a header: the file's label, and our ids (`a|b` either, `a+b` both, `-` leaves
    /// the row out). `path` is only named in errors.
    ///
    /// # Errors
    /// All lines that are no such pair, or map a label a second time.
    pub fn read(path: &Path, content: &str) -> Result<Self, DatasetError> {
        let mut problems = DatasetError::new(path);
        let mut map = HashMap::new();
        for (line, text) in lines(content).filter(|(line, text)| *line == 1 || !text.trim().is_empty()) {
            match pair(text) {
                Err(message) => problems.add(line, message),
                Ok(_) if line == 1 => {}
                Ok((label, ids)) => {
                    if ids != NONE
                        && let Err(error) = ids.parse::<Gold>()
                    {
                        problems.add(line, error.to_string());
                    }
                    if map.insert(label.to_owned(), ids.to_owned()).is_some() {
                        problems.add(line, format!("`{label}` is mapped twice; once is allowed"));
                    }
                }
            }
        }
        problems.unless_any(Self(map))
    }

    /// What a label stands for; `-` when its rows are left out.
    #[must_use]
    pub fn get(&self, label: &str) -> Option<&str> {
        self.0.get(label).map(String::as_str)
    }
}

fn pair(line: &str) -> Result<(&str, &str), String> {
    let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
    match fields[..] {
        [label, ids] if !label.is_empty() && !ids.is_empty() => Ok((label, ids)),
        [_, _] => Err("one of the two fields is empty; allowed: a label, a tab, our ids or `-`".to_owned()),
        _ => Err(format!("has {} field(s); two are allowed: a label, a tab, our ids or `-`", fields.len())),
    }
}

/// The lines of a file with their numbers from 1, without byte order mark and line ends.
pub(super) fn lines(content: &str) -> impl Iterator<Item = (usize, &str)> {
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    content.split('\n').enumerate().map(|(at, line)| (at + 1, line.strip_suffix('\r').unwrap_or(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gold(label: &str) -> Gold {
        label.parse().unwrap()
    }

    fn met(label: &str, intents: &str) -> bool {
        let intents: Vec<String> = intents.split_whitespace().map(str::to_owned).collect();
        gold(label).is_met_by(&intents)
    }

    #[test]
    fn reads_both_and_either() {
        let label = gold("refund_status + complaint | review+review");
        assert_eq!(label.alternatives(), [vec!["refund_status", "complaint"], vec!["review"]]);
        assert_eq!(label.to_string(), "refund_status+complaint|review");
        assert_eq!(label.first(), "refund_status");
        assert!(label.accepts("review") && !label.accepts("stock"));
        for wrong in ["", "a|", "+a", "a||b"] {
            assert!(wrong.parse::<Gold>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn tells_business_from_social() {
        assert!(gold("stock|greeting+price").is_business() && !gold("stock|greeting").is_business());
        assert!(gold("greeting|nudge").is_social() && !gold("other").is_social() && !gold("other").is_business());
    }

    #[test]
    fn is_met_when_all_is_right_and_nothing_is_missing() {
        assert!(met("stock", "stock") && met("stock", "greeting stock") && met("greeting+stock", "stock"));
        assert!(met("shipping_time|order_lookup", "shipping_time order_lookup"), "one answer covers siblings");
        assert!(!met("stock+price", "stock"), "half an answer");
        assert!(!met("stock", "stock price") && !met("stock", "") && !met("stock", "greeting"));
        assert!(met("greeting", "greeting") && !met("greeting", "nudge"));
    }

    #[test]
    fn reads_a_map_and_reports_every_bad_line() {
        let map =
            LabelMap::read(Path::new("m.tsv"), "\u{feff}from\tto\r\nPLUS会员\tmembership\r\n流程\t-\r\n").unwrap();
        assert_eq!((map.get("PLUS会员"), map.get("流程"), map.get("x")), (Some("membership"), Some("-"), None));
        let error = LabelMap::read(Path::new("m.tsv"), "from\na\tb|\na\tc\nd\t\n").unwrap_err();
        let lines: Vec<Option<usize>> = error.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [Some(1), Some(2), Some(3), Some(4)], "{error}");
    }
}
