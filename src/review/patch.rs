use std::path::Path;

use serde_json::Value;
use similar::TextDiff;

use super::Examples;
use crate::catalogue::{SourceFile, Sources};
use crate::yaml::{Document, Findings};

/// Marks every line that was not written by a person.
const MARK: &str = " # proposed by review, check";

/// Proposed examples as changes of the files that they belong in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// A unified diff, for `git apply` or `patch -p1`; empty if there is nothing to add.
    pub text: String,
    /// Intents whose file is laid out in a way that is not appended to, with the list in question.
    pub skipped: Vec<(String, &'static str)>,
}

/// Writes proposed examples as a diff of the intents' files: lines at the end of `examples.zh` and `examples.en`, each with
/// a comment. Everything else in the files stays as it is, which is checked by reading the result.
#[must_use]
pub fn patch(examples: &[Examples], sources: &Sources) -> Patch {
    let mut out = Patch { text: String::new(), skipped: Vec::new() };
    for proposed in examples {
        let stem = Some(proposed.intent.as_ref());
        let Some(file) = sources.intents.iter().find(|file| file.path.file_stem() == stem) else { continue };
        let mut text = file.text.clone();
        let lists = [("zh", &proposed.zh), ("en", &proposed.en)];
        for (language, added) in lists.into_iter().filter(|(_, added)| !added.is_empty()) {
            match append(file, &text, language, added) {
                Some(longer) => text = longer,
                None => out.skipped.push((proposed.intent.clone(), language)),
            }
        }
        out.text.push_str(&diff(file, &text));
    }
    out
}

fn diff(file: &SourceFile, text: &str) -> String {
    let name = |path: Option<&Path>| path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    let path = format!("{}/{}", name(file.path.parent()), name(Some(&file.path)));
    let diff = TextDiff::from_lines(file.text.as_str(), text);
    diff.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")).to_string()
}

/// The text with more examples, if it can be told where they go and nothing else changes by it.
fn append(file: &SourceFile, text: &str, language: &str, added: &[String]) -> Option<String> {
    let list = format!("/examples/{language}");
    let before = parse(file, text)?;
    let longer = match before.children(&list).last() {
        Some(last) => insert(text, &before, &list, (last, added))?,
        None => return None,
    };
    let mut expected = before.into_value();
    let items = expected.pointer_mut(&list)?.as_array_mut()?;
    items.extend(added.iter().map(|say| Value::String(say.clone())));
    (parse(file, &longer)?.into_value() == expected).then_some(longer)
}

fn parse(file: &SourceFile, text: &str) -> Option<Document> {
    Document::parse(&file.path, text, &mut Findings::default())
}

/// Lines after the last item of a list, or items before its closing bracket.
fn insert(text: &str, document: &Document, list: &str, (last, added): (&str, &[String])) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let first = document.place(&format!("{list}/0")).line.checked_sub(1)?;
    let at = document.place(last).line.checked_sub(1)?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let dash = lines.get(at)?;
    if !dash.trim_start().starts_with("- ") {
        return insert_inside(text, &lines, (first, at), added);
    }
    // An item may go on over lines that stand further in.
    let goes_on = |line: &&&str| line.trim().is_empty() || indent(line) > indent(dash);
    let mut next = at + 1 + lines[at + 1..].iter().take_while(goes_on).count();
    while next > at + 1 && is_blank_or_comment(lines[next - 1]) {
        next -= 1;
    }
    let mut out: String = lines[..next].concat();
    if !out.ends_with('\n') {
        out.push_str(end);
    }
    let margin = &dash[..indent(dash)];
    added.iter().for_each(|say| out.push_str(&format!("{margin}- {}{MARK}{end}", scalar(say))));
    out.push_str(&lines[next..].concat());
    Some(out)
}

fn is_blank_or_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// Items before the closing bracket of a list in brackets on one line.
fn insert_inside(text: &str, lines: &[&str], (first, at): (usize, usize), added: &[String]) -> Option<String> {
    let line = lines.get(at).filter(|_| first == at)?;
    let bracket = line.rfind(']')?;
    let items: String = added.iter().map(|say| format!(", {}", quoted(say))).collect();
    let body = line.trim_end();
    let tail = &body[bracket..];
    let mark = if tail.contains('#') { "" } else { MARK };
    let start: usize = lines[..at].iter().map(|line| line.len()).sum();
    let (before, after) = (&text[..start], &text[start + body.len()..]);
    Some(format!("{before}{}{items}{tail}{mark}{after}", &body[..bracket]))
}

/// A text as YAML, plain where nothing in it means anything to YAML.
fn scalar(say: &str) -> String {
    let is_safe = |c: char| c.is_alphanumeric() || " ，。！？、～…（）?!~%+/.;".contains(c);
    let plain = say.starts_with(char::is_alphabetic)
        && say.chars().all(is_safe)
        && !["true", "false", "null", "yes", "no", "on", "off"].contains(&say.to_ascii_lowercase().as_str());
    if plain { say.to_owned() } else { quoted(say) }
}

/// In double quotes: what JSON writes, YAML reads.
fn quoted(say: &str) -> String {
    Value::String(say.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(text: &str, zh: &[&str], en: &[&str]) -> Patch {
        let file = |name: &str, text: &str| SourceFile { path: name.into(), text: text.to_owned() };
        let sources = Sources {
            intents: vec![file("shop/intents/gift.yaml", text)],
            policy: file("policy.yaml", ""),
            shop: file("shop.yaml", ""),
        };
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        patch(&[Examples { intent: "gift".to_owned(), zh: own(zh), en: own(en) }], &sources)
    }

    /// The lines that a diff adds.
    fn added(patch: &Patch) -> Vec<&str> {
        let lines = patch.text.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++"));
        lines.map(|line| &line[1..]).collect()
    }

    #[test]
    fn lists_of_every_layout_are_appended_to() {
        let one = "    - 包一下 # proposed by review, check";
        for (what, text, expected) in [
            ("a list in lines", "examples:\n  zh:\n    - 包装\n  en:\n    - wrap\n", one),
            ("the end of the file", "examples:\n  en: [wrap]\n  zh:\n    - 包装", one),
            ("comments after it", "examples:\n  zh:\n    - 包装\n    # more\n\n  en: [wrap]\n", one),
            ("an item of several lines", "examples:\n  zh:\n    - { say: 包装,\n        also: [x] }\n  en: [a]\n", one),
            ("a comment beside it", "examples:\n  zh:\n    - 包装 # old\n  en: [a]\n", one),
            ("no margin", "examples:\n  zh:\n  - 包装\n  en: [a]\n", "  - 包一下 # proposed by review, check"),
            (
                "brackets",
                "examples:\n  zh: [包装]\n  en: [a]\n",
                "  zh: [包装, \"包一下\"] # proposed by review, check",
            ),
            ("brackets, comment", "examples:\n  zh: [包装] # old\n  en: [a]\n", "  zh: [包装, \"包一下\"] # old"),
        ] {
            let patch = add(text, &["包一下"], &[]);
            assert_eq!((added(&patch).last(), patch.skipped.len()), (Some(&expected), 0), "{what}: {}", patch.text);
        }
    }

    #[test]
    fn what_means_something_to_yaml_is_quoted() {
        let texts = ["123", "a: b", "# x", "yes", "- 包", "他说\"好\"", "包不包😊", "好 # 吗", "包装吗？"];
        let patch = add("examples:\n  zh:\n    - 包装\n  en:\n    - wrap\n", &texts, &["can't you wrap it"]);
        assert_eq!(patch.skipped, []);
        let read: Vec<&str> = added(&patch).iter().map(|line| &line[6..line.len() - MARK.len()]).collect();
        assert_eq!(read[0], "\"123\"");
        assert_eq!(read[8..], ["包装吗？", "\"can't you wrap it\""]);
    }

    #[test]
    fn a_layout_that_is_not_understood_is_left_alone() {
        let patch = add("examples:\n  zh: [包装,\n    包]\n  en: [wrap]\n", &["包一下"], &["wrap this"]);
        assert_eq!(patch.skipped, [("gift".to_owned(), "zh")]);
        assert_eq!(added(&patch), ["  en: [wrap, \"wrap this\"] # proposed by review, check"]);
        assert_eq!(add("examples: {}\n", &["包一下"], &[]).text, "");
        assert_eq!(add("examples:\n  zh: [a]\n", &[], &[]), Patch { text: String::new(), skipped: Vec::new() });
    }

    #[test]
    fn line_ends_stay() {
        let patch = add("examples:\r\n  zh:\r\n    - 包装\r\n  en: [a]\r\n", &["包一下"], &[]);
        assert!(patch.text.contains("check\r\n"), "{}", patch.text);
    }
}
