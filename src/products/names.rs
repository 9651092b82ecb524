//! Names that stand in a text as words of their own.

/// Whether what stands at these bytes is a whole name: in Latin letters or digits, no part of a longer word, a plural apart.
pub(super) fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let name = &text[start..end];
    if inside(name.chars().next()) && inside(text[..start].chars().next_back()) {
        return false;
    }
    let last = name.chars().next_back();
    if !inside(last) {
        return true;
    }
    let after = &text[end..];
    let is_word = last.is_some_and(|c| c.is_ascii_alphabetic());
    let after = if is_word {
        after
            .strip_prefix("es")
            .or_else(|| after.strip_prefix('s'))
            .filter(|rest| !inside(rest.chars().next()))
            .unwrap_or(after)
    } else {
        after
    };
    !inside(after.chars().next())
}

/// Where a name first stands alone in a text: bytes.
pub(super) fn find(text: &str, name: &str) -> Option<std::ops::Range<usize>> {
    let hits = text.match_indices(name).map(|(start, name)| start..start + name.len());
    hits.into_iter().find(|hit| stands_alone(text, hit.start, hit.end))
}
