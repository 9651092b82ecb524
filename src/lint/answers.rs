//! What an answer says: claims, numbers, length, language.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::manners::{VARIABLE, as_said};
use crate::yaml::{Document, Findings, Text};

/// Characters of a chat bubble that is still read to its end.
const LONGEST: [(&str, usize); 2] = [("zh", 160), ("en", 450)];

static QUANTITY: LazyLock<Regex> = LazyLock::new(|| {
    let units = "元|块钱|天|个?小时|个?工作日|折|%|percent|yuan|(?:working )?days?|hours?";
    Regex::new(&format!(r"(\d+(?:\.\d+)?) ?(?:{units})")).expect("a constant")
});

/// Done already, as told by someone who did it.
static CLAIMS: LazyLock<[(&str, Regex); 2]> = LazyLock::new(|| {
    let done = "取消|退款|退货|换货|修改|更改|改好|补发|重发|催促|下架|开票|开具|赔|退回|撤销|冻结|解绑|打款|理赔";
    let zh = format!(
        "(已经?|刚刚?)(帮|为|给|替)?(您|你)?[^，。！？]{{0,6}}({done})(了|好|成功|完)|(已经?|刚刚?)(帮|为|给|替)(您|你)(办理?|处理)?({done})"
    );
    let en = r"(?i)\b(I|we)('ve| have)( just| already)? (cancelled|canceled|refunded|changed|updated|resent|reissued|exchanged|credited|paid|removed)|\bhas been (cancelled|canceled|refunded|resent|reissued|credited)";
    [("zh", Regex::new(&zh).expect("a constant")), ("en", Regex::new(en).expect("a constant"))]
});

/// Every number that the shop file holds, as written.
pub(super) fn numbers(shop: &Document) -> BTreeSet<String> {
    let mut out = BTreeSet::from(["0".to_owned()]);
    collect(shop.value(""), &mut out);
    // 98 percent are 9.8折, and 2% off.
    let percents: Vec<u32> =
        out.iter().filter_map(|number| number.parse().ok()).filter(|number| *number < 100).collect();
    for percent in percents {
        out.insert(format!("{}", f64::from(percent) / 10.0));
        out.insert((100 - percent).to_string());
    }
    out
}

fn collect(value: Option<&Value>, out: &mut BTreeSet<String>) {
    match value {
        Some(Value::Number(number)) => {
            out.insert(number.to_string());
        }
        Some(Value::Array(items)) => items.iter().for_each(|item| collect(Some(item), out)),
        Some(Value::Object(map)) => map.values().for_each(|item| collect(Some(item), out)),
        _ => {}
    }
}

/// Whether an answer is for an upset customer.
pub(super) fn is_for_upset(document: &Document, answer: &str) -> bool {
    let emotions = document.texts(&format!("{answer}/when/emotions/*"));
    emotions.iter().any(|emotion| ["anger", "disappointment"].contains(&emotion.text))
}

/// A text in the wrong language.
pub(super) fn language(document: &Document, text: &Text<'_>, language: &str, findings: &mut Findings) {
    let said = as_said(text.text);
    let has_han = said.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let has_letters = said.chars().any(char::is_alphabetic);
    if language == "en" && has_han {
        findings.warn(&document.file, text.place, "wrong-language", "an English text with Chinese characters");
    } else if language == "zh" && has_letters && !has_han {
        findings.warn(&document.file, text.place, "wrong-language", "a Chinese text without a Chinese character");
    }
}

/// A text that is too long for a chat.
pub(super) fn length(document: &Document, text: &Text<'_>, language: &str, findings: &mut Findings) {
    let length = as_said(text.text).chars().count();
    for (_, longest) in LONGEST.iter().filter(|(of, longest)| *of == language && length > *longest) {
        let message = format!("{length} characters; {longest} are still read: say the rest when asked");
        findings.warn(&document.file, text.place, "long-answer", message);
    }
}

/// A number with a unit that is none of the shop's.
pub(super) fn contradiction(document: &Document, text: &Text<'_>, shop: &BTreeSet<String>, findings: &mut Findings) {
    // A variable is the shop's own number, whatever unit follows it.
    let plain = VARIABLE.replace_all(text.text, "x");
    for found in QUANTITY.captures_iter(&plain).filter(|found| !shop.contains(&found[1])) {
        let message =
            format!("`{}` stands nowhere in the shop file; write the variable, so that both agree", &found[0]);
        findings.warn(&document.file, text.place, "contradicts-shop", message);
    }
}

/// An answer that needs a person's hand and says that it was lent already.
pub(super) fn claim(document: &Document, (answer, text): (&str, &Text<'_>), language: &str, findings: &mut Findings) {
    if document.text(&format!("{answer}/resolves")) != Some("act") {
        return;
    }
    let said = as_said(text.text);
    for (_, claims) in CLAIMS.iter().filter(|(of, _)| *of == language) {
        if let Some(found) = claims.find(&said) {
            let message =
                format!("「{}」 claims what a person has yet to do; say who will do it, and by when", found.as_str());
            findings.error(&document.file, text.place, "claimed-action", message);
        }
    }
}

/// Questions for slots that no answer uses.
pub(super) fn slots(document: &Document, findings: &mut Findings) {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for pattern in ["/answers/*/needs/*", "/answers/*/when/slots/*"] {
        used.extend(document.texts(pattern).iter().map(|text| text.text));
    }
    for pointer in document.children("/slots") {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        if !used.contains(name) {
            let message = format!("no answer needs `{name}`, so it is never asked for");
            findings.warn(&document.file, document.place(&pointer), "unused-slot", message);
        }
    }
}
