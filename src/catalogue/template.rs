use std::collections::BTreeSet;

use minijinja::value::{Serde, Value, merge_maps};
use minijinja::{Environment, UndefinedBehavior};

use super::flag::Flag;
use crate::yaml::{Document, Findings, did_you_mean};

/// A reply text with variables, compiled at load. Strict: an unknown name is an error at load, not an empty gap.
#[derive(Debug)]
pub struct Template {
    /// Holds this one template, compiled; none for a text that is no template, which is a finding.
    compiled: Environment<'static>,
}

/// The name of a template within its own environment.
const NAME: &str = "text";

/// What templates are filled with. Cheap to clone and to add to: what is inside is shared.
#[derive(Debug, Clone)]
pub struct Values(Value);

impl Values {
    /// From an object, its keys as names.
    #[must_use]
    pub fn of(object: &serde_json::Value) -> Self {
        Self(Value::from(Serde(object)))
    }

    /// These, and the names of another object, which takes the place of what both name. (Of merged maps the last counts.)
    #[must_use]
    pub fn and(&self, object: &serde_json::Value) -> Self {
        Self(merge_maps([self.0.clone(), Value::from(Serde(object))]))
    }
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
    /// Facts sure to hold, which tell what else is known.
    pub(super) flags: &'a [Flag],
    /// Further names.
    pub(super) extra: &'a [&'static str],
}

impl Scope<'_> {
    /// Every name that may stand in the template.
    fn names(&self) -> BTreeSet<String> {
        let mut names = self.shop.cloned().unwrap_or_default();
        names.extend(self.slots.iter().map(|slot| format!("slots.{slot}")));
        names.extend(self.extra.iter().map(ToString::to_string));
        names.extend(["quote.free_from", "delivery.leaves_by"].map(str::to_owned));
        if names.contains("shop.members.day") {
            names.insert("member_day.next".to_owned());
        }
        if self.slots.contains(&"region") {
            names.extend(["delivery.from", "delivery.until"].map(str::to_owned));
        }
        if self.handoff {
            names.extend(["handoff.respond_by".to_owned(), "handoff.solve_by".to_owned()]);
        }
        if self.slots.contains(&"region") || self.slots.contains(&"amount") {
            names.insert("quote.fee".to_owned());
        }
        if self.slots.contains(&"amount") {
            let sums = ["off", "pays", "total", "lines", "gifts"].map(|name| format!("promotion.{name}"));
            names.extend(sums);
            names.insert("quote.missing".to_owned());
        }
        names.extend(self.flags.iter().flat_map(|flag| flag.variables()).map(ToString::to_string));
        // A basket has a fee where it is known where it goes.
        if self.slots.contains(&"region") && names.contains("basket.total") {
            names.insert("basket.fee".to_owned());
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
        let mut compiled = environment();
        match compiled.add_template_owned(NAME, source.to_owned()).and_then(|()| compiled.get_template(NAME)) {
            Ok(template) => {
                let allowed = scope.names();
                let excused = |name: &str| scope.shop.is_none() && name.starts_with("shop.");
                let used = template.undeclared_variables(true).into_iter();
                let mut unknown: Vec<String> = used.filter(|name| !allowed.contains(name) && !excused(name)).collect();
                unknown.sort();
                if unknown.is_empty() && scope.shop.is_some() {
                    // What compiles may still not render: an unknown filter, a call, a division by zero.
                    if let Err(error) = template.render(sample(&template, &allowed)) {
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
        Self { compiled }
    }

    /// Fills in the variables.
    ///
    /// # Errors
    /// When a value is missing after all: the caller hands over rather than sending a text with a gap.
    pub fn render(&self, values: &Values) -> Result<String, minijinja::Error> {
        self.compiled.get_template(NAME)?.render(&values.0)
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}

/// A value for every name that the template uses.
fn sample(template: &minijinja::Template<'_, '_>, allowed: &BTreeSet<String>) -> Value {
    let mut root = serde_json::Value::Object(serde_json::Map::new());
    for name in template.undeclared_variables(true).iter().filter(|name| allowed.contains(*name)) {
        let mut at = &mut root;
        for step in name.split('.') {
            at = &mut at[step];
        }
        *at = serde_json::Value::String("1".to_owned());
    }
    Value::from(Serde(root))
}

fn explain(name: &str, allowed: &BTreeSet<String>) -> String {
    let group = name.split('.').next().unwrap_or_default();
    let near: Vec<&str> = allowed.iter().map(String::as_str).filter(|known| known.starts_with(group)).collect();
    let hint = match group {
        "slots" => "; the answer's `when.slots` or `needs` must hold the slot",
        "handoff" => "; only answers that resolve by `act`, and the hand-off texts of the policy, know it",
        "order" | "after" | "return" | "protection" | "product" | "basket" | "stacking" | "delivery" | "member_day" => {
            "; a flag of the answer's `when` must say that it is known"
        }
        "quote" | "promotion" => "; it is computed from slots that the answer's `when` or `needs` must hold",
        _ => "",
    };
    let known = if near.is_empty() { allowed.iter().map(String::as_str).collect() } else { near };
    let meant = did_you_mean(name, known.iter().copied());
    format!("unknown variable `{name}`; allowed here: {}{hint}{meant}", known.join(", "))
}
