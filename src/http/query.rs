//! Reads what stands in the address: the id in the path, and the query. As with bodies, whatever is wrong is said in our own
//! shape and words, without what was found.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::extract::is_name;
use super::problem::{Code, Problem};

/// A query. A parameter that takes several values may be repeated, or hold them with commas between; one that is empty counts as
/// left out.
pub(super) struct Query<T>(pub(super) T);

/// The id in the path.
pub(super) struct Id(pub(super) String);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default()).map(Self).map_err(|why| Problem::new(Code::InvalidRequest, why))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = Path::<String>::from_request_parts(parts, state).await;
        id.map(|Path(id)| Self(id)).map_err(|_| Problem::new(Code::InvalidUtf8, "the id in the path is not UTF-8"))
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, String> {
    let single = single(query);
    let reader = serde_html_form::Deserializer::from_bytes(single.as_bytes());
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let parameter = error.path().iter().next().and_then(|segment| match segment {
            Segment::Map { key } if is_name(key) => Some(format!("`{key}`")),
            _ => None,
        });
        explain(&parameter.unwrap_or_else(|| "query".to_owned()), &error.inner().to_string())
    })
}

/// The query with one pair for each value. Commas are looked for before `%2C` becomes one, so that a value can hold some.
fn single(query: &str) -> String {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('=').or((!pair.is_empty()).then_some((pair, ""))));
    let values = pairs.flat_map(|(key, values)| {
        values.split(',').filter(|value| !value.is_empty()).map(move |value| format!("{key}={value}"))
    });
    values.collect::<Vec<_>>().join("&")
}

/// Which parameter is wrong and what is allowed, without what was found.
fn explain(parameter: &str, message: &str) -> String {
    let allowed = message.rsplit_once(", expected ").map(|(_found, expected)| expected);
    let allowed = allowed.map(|expected| expected.strip_prefix("one of ").unwrap_or(expected));
    match allowed {
        Some(allowed) if message.starts_with("unknown field `") => {
            format!("{parameter}: unknown parameter; allowed: {allowed}")
        }
        Some(allowed) if message.starts_with("unknown variant `") => {
            format!("{parameter}: unknown value; allowed: {allowed}")
        }
        _ if message == "unsupported value" => format!("{parameter}: only one value is allowed"),
        _ if message.contains("true") || message.contains("bool") => format!("{parameter}: allowed: `true`, `false`"),
        // As `ParseIntError` says it; what is wrong with a date speaks of digits too.
        _ if ["invalid digit found", "number too", "cannot parse integer"].iter().any(|of| message.starts_with(of)) => {
            format!("{parameter}: expected a whole number, 0 or more")
        }
        // What is left are dates: queries hold nothing else.
        _ => format!("{parameter}: expected a date such as 2026-05-26"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use serde::Deserialize;

    use super::*;
    use crate::ticket::TicketState;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Asked {
        state: Vec<TicketState>,
        customer: Vec<String>,
        limit: Option<usize>,
        from: Option<Date>,
        shadow: bool,
    }

    #[test]
    fn lists_numbers_and_what_is_left_out() {
        let customers =
            |ids: &[&str]| Asked { customer: ids.iter().map(|id| (*id).to_owned()).collect(), ..Asked::default() };
        for (query, expected) in [
            ("", Asked::default()),
            ("&&", Asked::default()),
            ("state=&customer=,&limit=&shadow", Asked::default()),
            ("limit=7", Asked { limit: Some(7), ..Asked::default() }),
            ("from=2026-05-26", Asked { from: Some(Date::constant(2026, 5, 26)), ..Asked::default() }),
            ("shadow=true", Asked { shadow: true, ..Asked::default() }),
            ("customer=u-5", customers(&["u-5"])),
            ("customer=u-5,u-6&customer=u-7", customers(&["u-5", "u-6", "u-7"])),
            ("customer=u%2C5,u=6", customers(&["u,5", "u=6"])),
            ("customer=%E7%8E%8B+x", customers(&["王 x"])),
            (
                "state=queued,claimed&state=expired",
                Asked {
                    state: vec![TicketState::Queued, TicketState::Claimed, TicketState::Expired],
                    ..Asked::default()
                },
            ),
        ] {
            assert_eq!(parse::<Asked>(query).as_ref(), Ok(&expected), "{query}");
        }
    }

    #[test]
    fn messages_name_the_parameter_and_what_is_allowed() {
        let states = "`queued`, `claimed`, `resolved`, `returned_to_bot`, `expired`";
        for (query, expected) in [
            (
                "stat=queued",
                "`stat`: unknown parameter; allowed: `state`, `customer`, `limit`, `from`, `shadow`".to_owned(),
            ),
            (
                "13800138000=1",
                "query: unknown parameter; allowed: `state`, `customer`, `limit`, `from`, `shadow`".to_owned(),
            ),
            ("state=open", format!("`state`: unknown value; allowed: {states}")),
            ("state=queued,open", format!("`state`: unknown value; allowed: {states}")),
            ("limit=-1", "`limit`: expected a whole number, 0 or more".to_owned()),
            ("limit=ten", "`limit`: expected a whole number, 0 or more".to_owned()),
            ("limit=1&limit=2", "`limit`: only one value is allowed".to_owned()),
            ("limit=1,2", "`limit`: only one value is allowed".to_owned()),
            ("limit=99999999999999999999", "`limit`: expected a whole number, 0 or more".to_owned()),
            ("from=13800138000", "`from`: expected a date such as 2026-05-26".to_owned()),
            ("from=2026-02-30", "`from`: expected a date such as 2026-05-26".to_owned()),
            ("from=yesterday", "`from`: expected a date such as 2026-05-26".to_owned()),
            ("shadow=yes", "`shadow`: allowed: `true`, `false`".to_owned()),
        ] {
            assert_eq!(parse::<Asked>(query), Err(expected), "{query}");
        }
    }
}
