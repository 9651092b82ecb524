//! Whether the goods are opened or used.

use std::sync::LazyLock;

use regex::Regex;

use super::scan::{Scan, Value};

static CLOSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:没有?|未|还没有?|都没有?|不曾|从没)(?:有)?(?:拆(?:封|开|过|包装?|箱)?|开(?:封|过|箱)|打开(?:过)?|用过?|使用过?|试过?|动过)|没用|全新|原封(?:不动)?|完好未拆|封条(?:还|都)在|",
        r"unopened|un-opened|(?:not|never|haven't|hasn't|have not|has not|isn't|didn't)(?: been| even| yet)* (?:opened?|used?|unsealed|unboxed)|brand new|still sealed|(?:is|it's|they're|are) sealed|factory sealed",
    ))
    .expect("a constant pattern")
});

static OPENED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"已?(?:经)?拆(?:封|开|包装|箱)?(?:了|过|的)|已?(?:经)?拆封|开封了?|开过封|打开(?:了|过|用)|用(?:过|了)(?:几次|一次|两次|一下|几天)?|使用过|试用过|",
        r"(?-u:\b)(?:opened|unsealed|unboxed|used (?:it|them|once|twice)|already used|been used)(?-u:\b)",
    ))
    .expect("a constant pattern")
});

/// What else is used, and used up: coupons, money, services.
const NO_GOODS: [&str; 14] =
    ["券", "红包", "优惠", "积分", "余额", "支付", "微信", "快递", "过期", "多久", "多长", "几年", "很久", "好久"];

pub(super) fn find(scan: &mut Scan<'_>) {
    if !scan.text.contains(['拆', '封', '用', '开', '试', '新', 'o', 'u', 'b', 's', '动']) {
        return;
    }
    if let Some(hit) = CLOSED.find(scan.text) {
        // 是全新的吗 asks what is sold; 没用 says that something does not help.
        let after = scan.near_after(hit.end(), 3);
        let is_asked =
            hit.as_str() == "全新" && (after.contains('吗') || after.contains('么') || after.contains("正品"));
        let is_no_help = matches!(hit.as_str(), "没用" | "没有用") && !scan.text.contains('拆');
        if !is_asked && !is_no_help {
            scan.add("opened", Value::Opened(false), hit.range());
        }
        return;
    }
    if let Some(hit) = OPENED.find(scan.text) {
        let is_goods = !NO_GOODS.iter().any(|word| {
            scan.near_after(hit.end(), 4).contains(word) || scan.near_before(hit.start(), 4).contains(word)
        });
        let is_asked = scan.before(hit.start()).ends_with(['能', '不', '可', '会', '要', '法', '使', '信', '作', '费']);
        if is_goods && !is_asked {
            scan.add("opened", Value::Opened(true), hit.range());
        }
    }
}
