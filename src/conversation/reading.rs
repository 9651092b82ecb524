//! Short messages that make sense only against what came before.

use std::sync::LazyLock;

use regex::Regex;

/// Which of `offered` titles a message chooses, by number (第二个, 2, the second one, 后面那个) or by its title.
#[must_use]
pub fn choice(plain: &str, offered: &[&str]) -> Option<usize> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"^(?:我?(?:要|选|问|说)的?是?|就是?|the |option |number )*(?:第|选项?)?\s*([1-9一二两三四五]|first|second|third|last|最后一|前面|上面|后面|下面)\s*(?:个|项|种|条|那个|这个|那|one|吧|呀|啊|的|咯|啦|\s)*[。.!、)）]?$";
        Regex::new(pattern).expect("a constant pattern")
    });
    let said = plain.trim();
    if said.is_empty() || offered.is_empty() {
        return None;
    }
    let titles = offered.iter().position(|title| title.eq_ignore_ascii_case(said));
    if titles.is_some() {
        return titles;
    }
    let number = NUMBER.captures(said)?;
    let at = match number.get(1)?.as_str() {
        "1" | "一" | "first" | "前面" | "上面" => 0,
        "2" | "二" | "两" | "second" => 1,
        "3" | "三" | "third" => 2,
        "4" | "四" => 3,
        "5" | "五" => 4,
        "last" | "最后一" | "后面" | "下面" => offered.len() - 1,
        _ => return None,
    };
    (at < offered.len()).then_some(at)
}

/// What is meant after all, when a message sets right what was understood: 退货 of 不是，我问的是退货. None if it does not,
/// or if nothing follows.
#[must_use]
pub fn without_correction(plain: &str) -> Option<&str> {
    static CORRECTION: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"^[啊哦噢呃额诶哎呀]?[，, ]*(?:(?:不是|不对|不不|错了|[点选搞弄说按](?:错|反)了|你?(?:理解|听|看)错了|no|nope|not that|that's not it)[，,。.!！ ~啊呀哦的了吧呢这个那个]*)+(?:我?(?:是|想|要)?(?:问|说|指|要)的?(?:是|就是)?|i (?:meant|mean|was asking about|asked about|want)|my question is about)?[：:，, ]*(.+)$";
        Regex::new(pattern).expect("a constant pattern")
    });
    static MEANT: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"^(?:我(?:刚才?)?(?:问|说|指)的(?:明明)?(?:是|就是)|我是(?:问|说)|i (?:meant|was asking about))[：:，, ]*(.+)$";
        Regex::new(pattern).expect("a constant pattern")
    });
    let said = plain.trim();
    let found = CORRECTION.captures(said).or_else(|| MEANT.captures(said))?;
    let meant = found.get(1)?.as_str().trim_matches(|c: char| c.is_whitespace() || "，,。.!！".contains(c));
    // 不是吗, 不是啊 hold nothing new.
    (meant.chars().count() >= 2).then_some(meant)
}

/// Whether a message begins like one that asks the same of something else: 那202611120011呢, and order 202611200031?
#[must_use]
pub fn opens_as_another(plain: &str) -> bool {
    ["那", "还有", "另外", "and ", "what about", "how about", "ok and", "also "]
        .iter()
        .any(|start| plain.starts_with(start))
}

/// Whether a message ends like one that only names another value: 凑到199呢, 也是199的.
#[must_use]
pub fn is_fragment(plain: &str) -> bool {
    const FEW: usize = 12;
    let said = plain.trim_end_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace());
    said.chars().count() <= FEW && said.ends_with(['呢', '的', '咧', '勒'])
}

/// Whether a message may leave out what it is about: a few words, or a few more after 那 or "what about".
#[must_use]
pub fn is_ellipsis(plain: &str) -> bool {
    const FEW: usize = 14;
    const FEW_MORE: usize = 36;
    plain.chars().count() <= if opens_as_another(plain) { FEW_MORE } else { FEW }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_by_number_and_by_title() {
        let offered = ["运费", "退货政策", "发票"];
        for (said, at) in [
            ("第二个", Some(1)),
            ("2", Some(1)),
            ("选2", Some(1)),
            ("我问的是第一个", Some(0)),
            ("最后一个吧", Some(2)),
            ("the second one", Some(1)),
            ("退货政策", Some(1)),
            ("前面那个", Some(0)),
            ("第四个", None),
            ("2个包裹", None),
            ("我买了第二件", None),
            ("", None),
        ] {
            assert_eq!(choice(said, &offered), at, "{said}");
        }
    }

    #[test]
    fn corrections_hold_what_is_meant() {
        for (said, meant) in [
            ("不是,我问的是退货", Some("退货")),
            ("不是 我是说换货", Some("换货")),
            ("不对不对，我要问运费谁出", Some("运费谁出")),
            ("我问的是发票", Some("发票")),
            ("no, i meant the shipping fee", Some("the shipping fee")),
            ("啊点错了,是第一个", Some("是第一个")),
            ("不是", None),
            ("不是啊", None),
            ("不是吗", None),
            ("运费多少", None),
        ] {
            assert_eq!(without_correction(said), meant, "{said}");
        }
    }
}
