use std::collections::HashMap;
use std::path::{Path, PathBuf};

use marked_yaml::{LoadError, LoaderOptions, Marker, Node, parse_yaml_with_options};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::finding::{Findings, Place};
use super::schema::Schema;

/// One YAML file: its values, and the place of every key and item by JSON pointer.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) file: PathBuf,
    value: Value,
    places: HashMap<String, Place>,
}

/// A text of a document, with its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'d> {
    pub(crate) text: &'d str,
    pub(crate) place: Place,
}

impl Document {
    /// Parses YAML. A file that is not a mapping, or holds a key twice, is a finding.
    pub(crate) fn parse(file: &Path, text: &str, findings: &mut Findings) -> Option<Self> {
        match load(text) {
            Ok(root) => {
                let mut places = HashMap::new();
                let value = convert(&root, &mut String::new(), &mut places);
                Some(Self { file: file.to_owned(), value, places })
            }
            Err(error) => {
                let (place, code, message) = explain(&error);
                findings.add(file, place, code, message);
                None
            }
        }
    }

    /// Checks the file against the schema of `T` and reads it; every deviation is a finding.
    pub(crate) fn read<T: DeserializeOwned>(&self, schema: &Schema, findings: &mut Findings) -> Option<T> {
        let problems = schema.problems(&self.value);
        for (pointer, code, message) in &problems {
            findings.add(&self.file, self.place(pointer), code, message.clone());
        }
        if !problems.is_empty() {
            return None;
        }
        match serde_json::from_value(self.value.clone()) {
            Ok(read) => Some(read),
            Err(error) => {
                findings.add(&self.file, Place::START, "schema", error.to_string());
                None
            }
        }
    }

    /// The value as read.
    pub(crate) fn into_value(self) -> Value {
        self.value
    }

    /// The value at a JSON pointer.
    pub(crate) fn value(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }

    /// The text at a JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.value(pointer)?.as_str()
    }

    /// The truth value at a JSON pointer.
    pub(crate) fn flag(&self, pointer: &str) -> Option<bool> {
        self.value(pointer)?.as_bool()
    }

    /// The JSON pointers of what stands directly below another.
    pub(crate) fn children(&self, pointer: &str) -> Vec<String> {
        match self.value(pointer) {
            Some(Value::Array(items)) => (0..items.len()).map(|at| format!("{pointer}/{at}")).collect(),
            Some(Value::Object(map)) => {
                map.keys().map(|key| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Every text at a JSON pointer in which `*` stands for any one step.
    pub(crate) fn texts(&self, pattern: &str) -> Vec<Text<'_>> {
        let mut pointers = vec![String::new()];
        for step in pattern.split('/').skip(1) {
            pointers = match step {
                "*" => pointers.iter().flat_map(|pointer| self.children(pointer)).collect(),
                _ => pointers.iter().map(|pointer| format!("{pointer}/{step}")).collect(),
            };
        }
        let text = |pointer: &String| Some(Text { text: self.text(pointer)?, place: self.place(pointer) });
        pointers.iter().filter_map(text).collect()
    }

    /// Where `pointer` (such as `/answers/0/zh/2`) stands; the nearest parent if it does not exist.
    pub(crate) fn place(&self, pointer: &str) -> Place {
        let mut at = pointer;
        loop {
            if let Some(place) = self.places.get(at) {
                return *place;
            }
            match at.rfind('/') {
                Some(cut) => at = &at[..cut],
                None => return Place::START,
            }
        }
    }
}

/// The nodes of a file.
pub(super) fn load(text: &str) -> Result<Node, LoadError> {
    // Despite its name, the second option makes the loader tell quoted scalars from plain ones.
    let options = LoaderOptions::default().error_on_duplicate_keys(true).prevent_coercion(true);
    parse_yaml_with_options(0, text, options)
}

/// The values of a file.
pub(super) fn values(root: &Node) -> Value {
    convert(root, &mut String::new(), &mut HashMap::new())
}

fn convert(node: &Node, pointer: &mut String, places: &mut HashMap<String, Place>) -> Value {
    places.entry(pointer.clone()).or_insert_with(|| place(node.span().start()));
    match node {
        Node::Scalar(scalar) if !scalar.may_coerce() => Value::String(scalar.as_str().to_owned()),
        Node::Scalar(scalar) => plain_scalar(scalar.as_str()),
        Node::Sequence(items) => {
            let convert_item = |(at, item): (usize, &Node)| nested(pointer, &at.to_string(), item, places);
            Value::Array(items.iter().enumerate().map(convert_item).collect())
        }
        Node::Mapping(pairs) => {
            let mut map = Map::new();
            for (key, item) in pairs.iter() {
                let escaped = key.as_str().replace('~', "~0").replace('/', "~1");
                // A key's own place is more useful than its value's.
                places.insert(format!("{pointer}/{escaped}"), place(key.span().start()));
                map.insert(key.as_str().to_owned(), nested(pointer, &escaped, item, places));
            }
            Value::Object(map)
        }
    }
}

fn nested(pointer: &mut String, step: &str, node: &Node, places: &mut HashMap<String, Place>) -> Value {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(step);
    let value = convert(node, pointer, places);
    pointer.truncate(length);
    value
}

/// An unquoted scalar, by the YAML 1.2 core schema: `yes` and `no` are text.
fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(number) if !text.starts_with('+') => number.into(),
            _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => text
                .parse::<f64>()
                .ok()
                .and_then(serde_json::Number::from_f64)
                .map_or_else(|| Value::String(text.to_owned()), Value::Number),
            _ => Value::String(text.to_owned()),
        },
    }
}

fn place(marker: Option<&Marker>) -> Place {
    marker.map_or(Place::START, |marker| Place { line: marker.line(), column: marker.column() })
}

fn explain(error: &LoadError) -> (Place, &'static str, String) {
    match error {
        LoadError::DuplicateKey(twice) => (
            place(twice.key.span().start()),
            "duplicate-key",
            format!(
                "key `{}` was given before, in line {}; keep one",
                twice.key.as_str(),
                place(twice.prev_key.span().start()).line
            ),
        ),
        LoadError::ScanError(marker, error) => (place(Some(marker)), "yaml", error.info().to_owned()),
        LoadError::TopLevelMustBeMapping(marker) | LoadError::TopLevelMustBeSequence(marker) => {
            (place(Some(marker)), "yaml", "the file must be a list of `key: value` lines".to_owned())
        }
        LoadError::UnexpectedAnchor(marker) => {
            (place(Some(marker)), "yaml", "anchors and aliases (`&`, `*`) are not supported; quote the text".to_owned())
        }
        LoadError::MappingKeyMustBeScalar(marker) => {
            (place(Some(marker)), "yaml", "a key must be plain text".to_owned())
        }
        LoadError::UnexpectedTag(marker) => {
            (place(Some(marker)), "yaml", "tags (`!`) are not supported; quote the text".to_owned())
        }
    }
}
