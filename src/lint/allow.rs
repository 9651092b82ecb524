//! Allowing a finding in one place, with a reason: `# lint: allow CODE because REASON` on its line or the line above.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use super::{codes, may_be_allowed};
use crate::catalogue::SourceFile;
use crate::yaml::{Findings, Place};

static COMMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|\s)# *lint: *allow\s+(\S+)(?:\s+because\s+(\S.*))?").expect("a constant"));

/// The findings that no comment allows, and those of the comments themselves.
///
/// `ran` tells the rules that findings come from: of others it cannot be said that a comment is needed no more, and what
/// is wrong with a comment is said once, by those who ran the rules of the text.
pub(super) fn apply<'s>(
    files: impl Iterator<Item = &'s SourceFile>,
    findings: Findings,
    ran: &dyn Fn(&str) -> bool,
) -> Findings {
    let mut out = Findings::default();
    // The lines that a comment speaks for, whether it was needed, by file, line and code.
    let mut allowed: BTreeMap<(PathBuf, usize, String), (Place, bool)> = BTreeMap::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate() {
            let Some(found) = COMMENT.captures(line) else { continue };
            let column = line[..found.get(1).map_or(0, |code| code.start())].chars().count() + 1;
            let place = Place { line: at + 1, column };
            match problem(&found[1], found.get(2).is_some()) {
                Some(message) if ran("bad-allow") => out.error(&file.path, place, "bad-allow", message),
                Some(_) => {}
                None => {
                    // A comment on a line of its own speaks for the next one.
                    let alone = line.trim_start().starts_with('#');
                    let key = (file.path.clone(), at + 1 + usize::from(alone), found[1].to_owned());
                    allowed.insert(key, (place, false));
                }
            }
        }
    }
    for finding in findings.into_iter() {
        match allowed.get_mut(&(finding.file.clone(), finding.place.line, finding.code.to_owned())) {
            Some((_, needed)) => *needed = true,
            None => out.push(finding),
        }
    }
    for ((file, _, code), (place, _)) in allowed.into_iter().filter(|((_, _, code), (_, needed))| !needed && ran(code))
    {
        out.warn(&file, place, "unused-allow", format!("nothing here is `{code}` any more; remove the comment"));
    }
    out
}

fn problem(code: &str, has_reason: bool) -> Option<String> {
    if !codes().any(|known| known == code) {
        let lint: Vec<&str> = codes().filter(|code| may_be_allowed(code)).collect();
        return Some(format!("unknown rule `{code}`; allowed: {}", lint.join(", ")));
    }
    if !may_be_allowed(code) {
        return Some(format!("`{code}` cannot be allowed: the catalogue does not load with it"));
    }
    (!has_reason).then(|| "say why: `# lint: allow CODE because REASON`".to_owned())
}
