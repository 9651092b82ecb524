use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use schemars::JsonSchema;
use serde_json::Value;

use super::nearest::did_you_mean;

/// The JSON Schema of a raw type, and a validator for it that reports every deviation.
pub(crate) struct Schema {
    schema: Value,
    validator: Validator,
}

impl Schema {
    pub(crate) fn of<T: JsonSchema>() -> Self {
        let schema = schemars::schema_for!(T).to_value();
        let validator = jsonschema::validator_for(&schema).expect("a derived schema is valid");
        Self { schema, validator }
    }

    /// (JSON pointer, code, message) of every deviation.
    pub(crate) fn problems(&self, value: &Value) -> Vec<(String, &'static str, String)> {
        let mut out = Vec::new();
        for error in self.validator.iter_errors(value) {
            let pointer = error.instance_path().as_str().to_owned();
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected }
                | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                    let allowed = self.allowed_keys(error.schema_path().as_str());
                    for key in unexpected {
                        let escaped = key.replace('~', "~0").replace('/', "~1");
                        out.push((
                            format!("{pointer}/{escaped}"),
                            "unknown-key",
                            format!("unknown key `{key}`; allowed: {}{}", allowed.join(", "), meant(key, &allowed)),
                        ));
                    }
                }
                ValidationErrorKind::Required { property } => {
                    let key = property.as_str().unwrap_or_default();
                    out.push((pointer, "missing-key", format!("key `{key}` is missing")));
                }
                ValidationErrorKind::MinItems { limit: 1 } | ValidationErrorKind::MinLength { limit: 1 } => {
                    out.push((pointer, "empty", "must not be empty".to_owned()));
                }
                ValidationErrorKind::MinItems { limit } => {
                    out.push((pointer, "too-few", format!("at least {limit} are needed")));
                }
                ValidationErrorKind::MaxItems { limit } => {
                    out.push((pointer, "too-many", format!("at most {limit} are allowed")));
                }
                ValidationErrorKind::OneOfNotValid { .. }
                | ValidationErrorKind::AnyOf { .. }
                | ValidationErrorKind::Enum { .. } => {
                    let allowed = self.allowed_words(error.schema_path().as_str());
                    let found = error.instance();
                    let shown = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                    let (code, message) = match allowed.as_slice() {
                        [] => ("schema", error.to_string()),
                        _ => {
                            let meant = meant(&shown, &allowed);
                            (
                                "unknown-word",
                                format!("`{shown}` is not allowed; allowed: {}{meant}", allowed.join(", ")),
                            )
                        }
                    };
                    out.push((pointer, code, message));
                }
                _ => out.push((pointer, "schema", error.to_string())),
            }
        }
        out
    }

    /// The keys of the object schema that `path` (ending in `/additionalProperties`) belongs to.
    fn allowed_keys(&self, path: &str) -> Vec<String> {
        let object = path.rsplit_once('/').map_or("", |(object, _)| object);
        let at = self.resolve(object);
        let keys = |value: &Value| Some(value.get("properties")?.as_object()?.keys().cloned().collect());
        at.and_then(keys).unwrap_or_default()
    }

    /// The words that an enumeration (ending in `/oneOf`, `/anyOf` or `/enum`) allows.
    fn allowed_words(&self, path: &str) -> Vec<String> {
        let mut words = Vec::new();
        self.collect_words(self.resolve(path), &mut words);
        words
    }

    fn collect_words(&self, options: Option<&Value>, words: &mut Vec<String>) {
        for option in options.and_then(Value::as_array).into_iter().flatten() {
            // An optional word is a reference to an enumeration, or null.
            let referred = option.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'));
            let nested = referred.and_then(|to| self.schema.pointer(to)).and_then(|to| to.get("oneOf"));
            match option.get("const").unwrap_or(option).as_str() {
                Some(word) => words.push(word.to_owned()),
                None => self.collect_words(nested, words),
            }
        }
    }

    /// Follows a pointer through the schema, stepping over `$ref` as the validator's own path does.
    fn resolve(&self, path: &str) -> Option<&Value> {
        let mut at = &self.schema;
        for step in path.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            at = if step == "$ref" {
                self.schema.pointer(at.get("$ref")?.as_str()?.strip_prefix('#')?)?
            } else if at.is_array() {
                at.get(step.parse::<usize>().ok()?)?
            } else {
                at.get(&step)?
            };
        }
        Some(at)
    }
}

fn meant(word: &str, allowed: &[String]) -> String {
    did_you_mean(word, allowed.iter().map(String::as_str))
}
