use std::collections::BTreeSet;

use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;

use crate::yaml::Document;
use crate::yaml::Findings;

/// A reply text with variables, compiled at load. Strict: an unknown name is an error at load, not an empty gap.
#[derive(Debug)]
pub struct Template {
    source: String,
}

/// Where a template may be used, which decides what it may name.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    /// `shop.…`, fixed for a catalogue.
    /// None when the shop file has findings of its own: then no text is blamed for quoting it.
    pub(super) shop: Option<&'a BTreeSet<String>>,
    /// Slots sure to be filled.
    pub(super) slots: Vec<&'a str>,
    /// Whether `handoff.…` is known.
    pub(super) handoff: bool,
    /// Whether a next promotion tier is known to exist.
    pub(super) next_tier: bool,
    /// Further names.
    pub(super) extra: &'a [&'static str],
}

impl Scope<'_> {
    /// Every name that may stand in the template.
    fn names(&self) -> BTreeSet<String> {
        let mut names = self.shop.cloned().unwrap_or_default();
        names.extend(self.slots.iter().map(|slot| format!("slots.{slot}")));
        names.extend(self.extra.iter().map(ToString::to_string));
        names.insert("quote.free_from".to_owned());
        if self.handoff {
            names.extend(["handoff.respond_hours".to_owned(), "handoff.solve_hours".to_owned()]);
        }
        if self.slots.contains(&"region") || self.slots.contains(&"amount") {
            names.insert("quote.fee".to_owned());
        }
        if self.slots.contains(&"amount") {
            names.extend(["quote.missing", "promotion.off", "promotion.pays"].map(str::to_owned));
            if self.next_tier {
                names.extend(
                    ["promotion.next_from", "promotion.next_missing", "promotion.next_extra"].map(str::to_owned),
                );
            }
        }
        names
    }
}

impl Template {
    /// Compiles and checks the names; every problem is a finding.
    pub(super) fn check(
        source: &str,
        scope: &Scope<'_>,
        (document, pointer): (&Document, &str),
        findings: &mut Findings,
    ) -> Self {
        let place = document.place(pointer);
        if source.trim().is_empty() {
            findings.add(&document.file, place, "empty", "a text must not be empty");
        }
        match environment().template_from_str(source) {
            Ok(template) => {
                let allowed = scope.names();
                let excused = |name: &str| scope.shop.is_none() && name.starts_with("shop.");
                let used = template.undeclared_variables(true).into_iter();
                let mut unknown: Vec<String> = used.filter(|name| !allowed.contains(name) && !excused(name)).collect();
                unknown.sort();
                if unknown.is_empty() && scope.shop.is_some() {
                    // What compiles may still not render: an unknown filter, a call, a division by zero.
                    if let Err(error) = environment().render_str(source, minijinja::value::Serde(&sample(&allowed))) {
                        findings.add(&document.file, place, "bad-template", format!("cannot be rendered: {error}"));
                    }
                }
                for name in unknown {
                    let message = explain(&name, &allowed);
                    findings.add(&document.file, place, "unknown-variable", message);
                }
            }
            Err(error) => {
                let detail = error.detail().map(ToOwned::to_owned).unwrap_or_else(|| error.kind().to_string());
                findings.add(&document.file, place, "bad-template", format!("not a template: {detail}"));
            }
        }
        Self { source: source.to_owned() }
    }

    /// Fills in the variables.
    ///
    /// # Errors
    /// When a value is missing after all: the caller hands over rather than sending a text with a gap.
    pub fn render(&self, values: &Value) -> Result<String, minijinja::Error> {
        environment().render_str(&self.source, minijinja::value::Serde(values))
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}

/// A value for every name.
fn sample(names: &BTreeSet<String>) -> Value {
    let mut root = Value::Object(serde_json::Map::new());
    for name in names {
        let mut at = &mut root;
        for step in name.split('.') {
            at = &mut at[step];
        }
        *at = Value::String("1".to_owned());
    }
    root
}

fn explain(name: &str, allowed: &BTreeSet<String>) -> String {
    let group = name.split('.').next().unwrap_or_default();
    let near: Vec<&str> = allowed.iter().map(String::as_str).filter(|known| known.starts_with(group)).collect();
    let hint = match group {
        "slots" => "; the answer's `when.slots` or `needs` must hold the slot",
        "handoff" => "; only answers that resolve by `act`, and the hand-off texts of the policy, know it",
        "quote" | "promotion" => "; it is computed from slots that the answer's `when` or `needs` must hold",
        _ => "",
    };
    let known = if near.is_empty() { allowed.iter().map(String::as_str).collect() } else { near };
    format!("unknown variable `{name}`; allowed here: {}{hint}", known.join(", "))
}
