use marked_yaml::Node;
use serde_json::Value;

use super::document::{load, values};

/// A file with the text at one JSON pointer replaced, and every other byte as it was: comments, quotes, line ends.
///
/// `None` where that cannot be done for sure: the file does not say `from` there in one piece, or would say anything
/// else than before, but for the new text.
pub(crate) fn replace(file: &str, pointer: &str, from: &str, to: &str) -> Option<String> {
    let root = load(file).ok()?;
    let scalar = node(&root, pointer)?.as_scalar()?;
    let start = scalar.span().start()?.character();
    let (start, _) = file.char_indices().nth(start)?;
    let quotes = usize::from(file[start..].starts_with(['"', '\'']));
    let (before, rest) = file.split_at(start + quotes);
    let changed = format!("{before}{to}{}", rest.strip_prefix(from)?);

    let mut expected = values(&root);
    let place = expected.pointer_mut(pointer)?;
    if *place != Value::String(from.to_owned()) {
        return None;
    }
    *place = Value::String(to.to_owned());
    (values(&load(&changed).ok()?) == expected).then_some(changed)
}

fn node<'n>(root: &'n Node, pointer: &str) -> Option<&'n Node> {
    pointer.split('/').skip(1).try_fold(root, |at, step| match at {
        Node::Mapping(map) => map.get_node(step),
        Node::Sequence(items) => items.get_node(step.parse().ok()?),
        Node::Scalar(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_the_value_and_nothing_else() {
        for (file, pointer, changed) in [
            ("a: old # old\nb: old\n", "/a", "a: new # old\nb: old\n"),
            ("好: 话\r\nb: [x, 'old'] # 说明\r\n", "/b/1", "好: 话\r\nb: [x, 'new'] # 说明\r\n"),
            ("t:\n  - { say: old, key: \"old\" }", "/t/0/key", "t:\n  - { say: old, key: \"new\" }"),
            ("a: >-\n  old\n", "/a", "a: >-\n  new\n"),
            ("t:\n- say: old\n  key:\n    old\n", "/t/0/key", "t:\n- say: old\n  key:\n    new\n"),
        ] {
            assert_eq!(replace(file, pointer, "old", "new").as_deref(), Some(changed), "{file}");
        }
    }

    #[test]
    fn leaves_what_is_not_certain() {
        for (what, file, to) in [
            ("another value", "a: older", "new"),
            ("no such key", "b: old", "new"),
            ("not a text", "a: [old]", "new"),
            ("an escape", r#"a: "\x6fld""#, "new"),
            ("no longer a text", "a: old", "true"),
            ("no longer one value", "a: old", "new, b: 1"),
            ("not YAML", "a: [old", "new"),
        ] {
            assert_eq!(replace(file, "/a", "old", to), None, "{what}");
        }
    }
}
