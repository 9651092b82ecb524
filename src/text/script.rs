use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use serde::{Deserialize, Serialize};

/// The language and script of a text; customers are answered in their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Language {
    /// Chinese in simplified script, also when in doubt.
    #[default]
    #[serde(rename = "zh-Hans")]
    ChineseSimplified,
    /// Chinese in traditional script.
    #[serde(rename = "zh-Hant")]
    ChineseTraditional,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// How many messages a customer wrote in each language and script.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    counts: [u32; 3],
    latest: Option<Language>,
}

impl Tally {
    /// Counts a message; one without letters counts for nothing.
    pub fn add(&mut self, text: &str) {
        if text.chars().any(char::is_alphabetic) {
            let language = Language::of(text);
            let count = &mut self.counts[language as usize];
            *count = count.saturating_add(1);
            self.latest = Some(language);
        }
    }

    /// The language and script of most messages, the latest breaking ties; `None` if nothing was counted.
    #[must_use]
    pub fn majority(&self) -> Option<Language> {
        let latest = self.latest?;
        let most = *self.counts.iter().max()?;
        let all = [latest, Language::ChineseSimplified, Language::ChineseTraditional, Language::English];
        all.into_iter().find(|language| self.counts[*language as usize] == most)
    }
}

static TO_SIMPLIFIED: LazyLock<OpenCC> = LazyLock::new(|| converter(BuiltinConfig::T2s));
static TO_TRADITIONAL: LazyLock<OpenCC> = LazyLock::new(|| converter(BuiltinConfig::S2tw));

fn converter(config: BuiltinConfig) -> OpenCC {
    OpenCC::from_config(config).expect("the conversion tables are compiled in")
}

/// Traditional Chinese to simplified, by words.
#[must_use]
pub fn to_simplified(text: &str) -> String {
    TO_SIMPLIFIED.convert(text)
}

/// Simplified Chinese to traditional, by words, in the standard of Taiwan.
#[must_use]
pub fn to_traditional(text: &str) -> String {
    TO_TRADITIONAL.convert(text)
}

/// Whether `c` is a Chinese character.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}' | '々' | '〇')
}

impl Language {
    /// English when Latin words outweigh Chinese characters (a word counts as one and a half: it says about as
    /// much); traditional when more characters exist only in traditional than only in simplified script.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let han = text.chars().filter(|c| is_han(*c)).count();
        let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1).count();
        if words * 3 > han * 2 {
            return Self::English;
        }
        if han == 0 {
            return Self::ChineseSimplified;
        }
        let changed = |converted: &str| text.chars().zip(converted.chars()).filter(|(a, b)| a != b).count();
        let traditional_only = changed(&to_simplified(text));
        if traditional_only == 0 {
            return Self::ChineseSimplified;
        }
        let simplified_only = changed(&to_traditional(text));
        if traditional_only >= simplified_only { Self::ChineseTraditional } else { Self::ChineseSimplified }
    }

    /// The majority over several texts, the later ones breaking ties; `None` if there are none with letters.
    pub fn majority<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut tally = Tally::default();
        texts.for_each(|text| tally.add(text));
        tally.majority()
    }

    /// The tag used in the API: `zh-Hans`, `zh-Hant` or `en`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::ChineseSimplified => "zh-Hans",
            Self::ChineseTraditional => "zh-Hant",
            Self::English => "en",
        }
    }

    /// Reads a tag, loosely: `zh`, `zh-CN`, `zh-TW`, `zh-HK`, `zh-Hant`, `en`, `en-US` …
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.to_ascii_lowercase().replace('_', "-");
        match tag.as_str() {
            "zh" | "zh-cn" | "zh-sg" | "cn" => Some(Self::ChineseSimplified),
            "zh-tw" | "zh-hk" | "zh-mo" => Some(Self::ChineseTraditional),
            "en" => Some(Self::English),
            _ if tag.starts_with("zh-hans") => Some(Self::ChineseSimplified),
            _ if tag.starts_with("zh-hant") => Some(Self::ChineseTraditional),
            _ if tag.starts_with("en-") => Some(Self::English),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_language_and_script() {
        use Language::{ChineseSimplified, ChineseTraditional, English};
        for (text, language) in [
            ("我的快递到哪了", ChineseSimplified),
            ("我的快遞到哪了", ChineseTraditional),
            ("where is my parcel", English),
            ("ok 我知道了", ChineseSimplified),
            ("iPhone 15 有货吗", ChineseSimplified),
            ("please 帮我 check my order status thanks", English),
            ("😡😡", ChineseSimplified),
            ("12345", ChineseSimplified),
            ("", ChineseSimplified),
        ] {
            assert_eq!(Language::of(text), language, "{text}");
        }
    }

    #[test]
    fn majority_counts_messages() {
        let texts = ["where is my order", "hello there", "好的"];
        assert_eq!(Language::majority(texts.into_iter()), Some(Language::English));
        assert_eq!(Language::majority(["123"].into_iter()), None);
    }
}
