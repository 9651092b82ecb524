/// Similarity (Jaro and Winkler, 0 to 1) from which a word is likely a slip for another.
const LIKELY: f64 = 0.84;

/// What to add to the message about a word that is not known: which known one was likely meant, if any.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let likeness = |known: &str| strsim::jaro_winkler(&word.to_lowercase(), &known.to_lowercase());
    let nearest = known.into_iter().map(|known| (likeness(known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    nearest
        .filter(|(likeness, _)| *likeness >= LIKELY)
        .map_or(String::new(), |(_, known)| format!("; did you mean `{known}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_from_other_words() {
        let known = ["title", "examples", "near_misses", "enabled"];
        for (word, meant) in
            [("titel", "title"), ("exemples", "examples"), ("near_miss", "near_misses"), ("Enable", "enabled")]
        {
            assert_eq!(did_you_mean(word, known), format!("; did you mean `{meant}`?"));
        }
        for word in ["colour", "", "标题"] {
            assert_eq!(did_you_mean(word, known), "", "{word}");
        }
        assert_eq!(did_you_mean("title", []), "");
    }
}
