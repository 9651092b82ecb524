//! How many of a product are meant: 3件, 两个, 一箱, 2 of the pots, five towels.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Line;
use super::numeral::{Form, Number};
use super::scan::{Found, Scan, SpokenOf, Value};

static MEASURE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:多|来)?(?:大|小|整)?(?P<unit>件|个|条|箱|包|瓶|双|套|盒|只|张|床|把|台|袋|桶|卷|打|对|口|顶|罐|提|组|枚|根|片|份|壶|支|盏|本|副|盆|筐|听|板|块)")
        .expect("a constant pattern")
});

/// What a measure word counts besides goods.
static NO_GOODS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:大|小|新|旧|好|坏|不同的?|其他|别的|这样的|那样的|完整的|合理的|明确的|准确的|电子|纸质)?",
        r"(?:问题|月|小时|星期|礼拜|钟头|季|人|电话|说法|解释|交代|交待|机会|答复|回复|理由|订单|单子|单号|单|客服|地址|手机|号|朋友|同事|半|多月|多小时|字|建议|疑问|事|忙|链接|图|照片|视频|评|好评|差评|",
        r"劲|样|道理|比方|优惠|活动|券|卷|红包|发票|工作日|码|尺码|尺寸|快递|师傅|态度|意思|办法|地方|原因|方案|环节|情况|步骤|账号|店|平台|群|结果|准信|时间|差|表情|答案|词|颜色|色|味|口味|版本|款式|款|折|",
        r"包裹|条件|年|学期|天|点|分|位|头|短信|信息|消息|评论|记录|物流|路|裂|划痕|缝|洞|口子|卡|票|会员|等级|档|渠道|系统|城市|省|国家|国|放心|愿意|不|孩子|宝宝|老人|男|女|家|妈|爸|老公|老婆|公司|单位|性|级|挡|度|平|厘米|公分|米|克|斤|块钱|钱|次|套房|套路|套餐价)"
    ))
    .expect("a constant pattern")
});

/// What stands behind one thing where it is one of something to be had, and not a way of speaking.
static ONE_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:$|[\s,.!?;。、~)）\p{So}]|的|可以|能|够|怎|多少|吗|呢|吧|坏|破|漏|少|也|就|了|是|有|还|给|退|换|没收|没发|寄|发|到|行|包邮|xl|[sml](?-u:\b))").expect("a constant pattern")
});
static ONE_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:买|要|拍|来|订|定|退|换|发|收|寄|少|多|下单|补|各|只|剩|拿|送|加|带|入|选|购|抢|囤|丢|漏|留|坏|破|碎|分)(?:了|过|到|的|给我|我|一下|多|的是|掉)?$")
        .expect("a constant pattern")
});

static ENGLISH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s?(?:more |extra |whole |full )?(?:x |× ?)?(?:(?:pieces?|pcs?|sets?|boxes|box|bottles?|packs?|pairs?|units?|copies|items?|bags?|cartons?|cases?|rolls?)(?-u:\b)|of (?:the|them|these|those|each|your|my)(?-u:\b))")
        .expect("a constant pattern")
});

/// In front of a number that stands for goods named before: I ordered two pillows and got one.
static GOT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)(?:got|get|received|only|ordered|order|bought|buy|need|want|sent|send|missing|returned|return|keep|kept|take|have)(?: me| just| only| back| another)? $")
        .expect("a constant pattern")
});

/// One of a measure, in English.
static A_BOX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)an? (?:set|box|pair|pack|bottle|case|bag|carton) of(?-u:\b)").expect("a constant pattern")
});

/// 毛巾x3, towels × 3.
static TIMES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s?[x×*]\s?(?P<count>\d{1,4})(?-u:\b)").expect("a constant pattern"));

/// Characters of a message that may be no more than another count.
const SHORT: usize = 24;

pub(super) fn find(scan: &mut Scan<'_>) {
    times(scan);
    for number in scan.numbers().iter() {
        let is_count = !number.is_range && number.form != Form::Row && number.value.fract() == 0.0;
        if !is_count || !(1.0..=10_000.0).contains(&number.value) || !scan.is_free(&number.range) {
            continue;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 10,000")]
        let count = number.value as u32;
        if let Some((end, times)) = measured(scan, number) {
            scan.add("quantity", Value::Quantity(count * times), number.range.start..end);
        } else if is_counted(scan, number) || is_another(scan, number) {
            scan.add("quantity", Value::Quantity(count), number.range.clone());
        }
    }
    for hit in A_BOX.find_iter(scan.text) {
        scan.add("quantity", Value::Quantity(1), hit.range());
    }
}

fn times(scan: &mut Scan<'_>) {
    let ends: Vec<usize> =
        scan.found.iter().filter(|found| found.name == "product").map(|found| found.range.end).collect();
    for end in ends {
        if let Some(hit) = TIMES.captures(scan.after(end))
            && let Some(count) = hit.name("count")
            && let Ok(value) = count.as_str().parse()
        {
            scan.add("quantity", Value::Quantity(value), end + count.start()..end + count.end());
        }
    }
}

/// A number with a measure word: where the word ends, and how many one of it is.
fn measured(scan: &Scan<'_>, number: &Number) -> Option<(usize, u32)> {
    let at = number.range.end;
    let hit = MEASURE.captures(scan.after(at))?;
    let unit = hit.name("unit")?;
    let end = at + unit.end();
    let (before, after) = (scan.near_before(number.range.start, 8), scan.after(end));
    let product = |from: usize, within: usize| {
        scan.found
            .iter()
            .any(|found| found.name == "product" && found.range.start >= from && found.range.start <= from + within)
    };
    let is_goods = product(end, 0);
    let is_label =
        before.ends_with(['第', '每', '某', '.', '-', '/']) || before.ends_with(|c: char| c.is_ascii_alphabetic());
    let promotion_follows = scan.found.iter().any(|found| found.name == "promotion" && found.range.start == end);
    let is_free_shipping = unit.as_str() == "包" && after.starts_with('邮');
    if is_label || promotion_follows || is_free_shipping || (NO_GOODS.is_match(after) && !is_goods) {
        return None;
    }
    // 两件九折, 3件起 and 块 are rules and money.
    let is_rule = after.starts_with('起') || after.chars().take(4).any(|c| c == '折');
    let unit = unit.as_str();
    if is_rule
        || (matches!(unit, "块" | "打" | "口" | "本" | "头") && !is_goods && !product(end, 9))
        || (unit == "支" && number.value > 20.0)
        || (unit == "张" && scan.text.contains('券'))
    {
        return None;
    }
    if number.value == 1.0 && !is_goods {
        let is_way_of_speaking = before
            .ends_with(['这', '那', '哪', '同', '另', '任', '上', '下', '头', '整', '不', '唯', '统', '之', '外'])
            || after.starts_with(['都', '也', '不'])
            || after.starts_with("一");
        // Of goods that are spoken of; 一个 may be one of anything.
        let is_spoken_of = unit != "个" && scan.found.iter().any(|found| matches!(found.name, "product" | "quantity"));
        let is_had = is_spoken_of || ONE_AFTER.is_match(after) || ONE_BEFORE.is_match(before) || product(end, 18);
        if is_way_of_speaking || !is_had {
            return None;
        }
    }
    Some((end, if unit == "打" { 12 } else { 1 }))
}

/// A number right before what it counts: five towels, 2 of the pots, 俩枕头.
fn is_counted(scan: &Scan<'_>, number: &Number) -> bool {
    let (before, after) = (scan.before(number.range.start), scan.after(number.range.end));
    let text = &scan.text[number.range.clone()];
    if before.ends_with(|c: char| c.is_ascii_alphanumeric() || "-.#$¥".contains(c)) {
        return false;
    }
    if text == "俩" || text == "仨" {
        let is_people = before.ends_with(['咱', '你', '我', '他', '她', '们']) || NO_GOODS.is_match(after);
        return !is_people;
    }
    let gap = |found: &&Found| found.name == "product" && found.range.start >= number.range.end;
    if let Some(product) = scan.found.iter().filter(gap).min_by_key(|found| found.range.start) {
        let between = &scan.text[number.range.end..product.range.start];
        let is_beside = between.trim().is_empty() && (between.starts_with(' ') || number.form == Form::Small);
        let is_adjectives = between.starts_with(' ')
            && between.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '-'))
            && between.split_whitespace().count() <= 2
            && !between
                .split_whitespace()
                .any(|word| ["days", "day", "weeks", "for", "in", "on", "yuan", "to", "is", "dollars"].contains(&word));
        if is_beside || is_adjectives {
            return true;
        }
    }
    let is_last = after.trim_start().is_empty() || after.starts_with([',', '.', '!', '?', ';']);
    let is_had = number.form == Form::Word && is_last && GOT.is_match(before);
    ENGLISH.is_match(after) || (is_had && scan.found.iter().any(|found| found.name == "product"))
}

/// Another count of goods that were named before: and 4?, ok 14 then.
fn is_another(scan: &Scan<'_>, number: &Number) -> bool {
    let (before, after) = (scan.before(number.range.start), scan.after(number.range.end));
    let is_alone = |beside: &str, end: bool| {
        let next = if end { beside.chars().next() } else { beside.chars().next_back() };
        next.is_none_or(|c| {
            c == ' '
                || c == ','
                || c == '?'
                || c == '!'
                || (!end && "那要买来拿".contains(c))
                || (end && "呢吧的".contains(c))
        })
    };
    let names_none = scan.found.iter().all(|found| found.name != "product" && found.name != "amount");
    scan.spoken_of == SpokenOf::Goods
        && names_none
        && number.form != Form::Scaled
        && number.value <= 999.0
        && scan.text.chars().count() <= SHORT
        && is_alone(before, false)
        && is_alone(after, true)
}

/// Products with their quantities: each quantity goes to the nearest product that has none.
pub(super) fn lines(found: &[Found]) -> Vec<Line> {
    let mut lines: Vec<(Range<usize>, Line)> = Vec::new();
    for found in found {
        if let Value::Product(id) = &found.value {
            lines.push((found.range.clone(), Line { product: id.clone(), quantity: None }));
        }
    }
    let mut counts: Vec<(&Range<usize>, u32)> = found
        .iter()
        .filter_map(|found| if let Value::Quantity(count) = found.value { Some((&found.range, count)) } else { None })
        .collect();
    counts.sort_by_key(|(range, _)| range.start);
    for (range, count) in counts {
        let gap = |place: &Range<usize>| {
            if place.start >= range.end { place.start - range.end } else { range.start.saturating_sub(place.end) }
        };
        let open = lines.iter_mut().filter(|(_, line)| line.quantity.is_none());
        if let Some((_, line)) = open.min_by_key(|(place, _)| gap(place)) {
            line.quantity = Some(count);
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}
