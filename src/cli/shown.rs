//! One thing of the shop's own data, as an operator looks at it.

use std::io::Write;

use anyhow::Context;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Found, print_json};

/// What is known of it, by name.
pub(super) fn fields(thing: &impl Serialize) -> anyhow::Result<Map<String, Value>> {
    match serde_json::to_value(thing).context("it cannot be shown")? {
        Value::Object(fields) => Ok(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        _ => Ok(Map::new()),
    }
}

/// A line for each field, or JSON.
pub(super) fn print(fields: &Map<String, Value>, json: bool) -> anyhow::Result<Found> {
    if json {
        print_json(fields)?;
    } else {
        let mut out = std::io::stdout().lock();
        for (name, value) in fields {
            writeln!(out, "{name}: {}", plain(value))?;
        }
    }
    Ok(Found::Nothing)
}

/// A value in one line.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("; "),
        Value::Object(parts) => {
            let known = parts.iter().filter(|(_, value)| !value.is_null());
            known.map(|(name, value)| format!("{name} {}", plain(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
