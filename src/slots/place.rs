//! Where a parcel goes to or comes from. A place inside another name (北京烤鸭, 上海牌手表) is neither.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::scan::{Scan, Value};
use crate::region::{self, Mention};

/// What is called after a place: goods and brands.
static THING_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:烤鸭|长绒棉|棉花?|牌|鸡饭|鸡|鸭|鹅|鱼|虾|蟹|拉面|面皮|米粉|热干面|凉皮|小面|火锅|底料|特产|土特产|大枣|红枣|枣|葡萄|苹果|梨|橙|橘|蜜瓜|哈密瓜|核桃|牛肉|羊肉|牦牛|",
        r"菜|料理|小吃|风味|味|口味|啤酒|白酒|黄酒|龙井|绿茶|红茶|茶|丝绸|刺绣|陶瓷|瓷器|玉|银|火腿|粽|月饼|糕|饼|酱|醋|腐乳|豆腐|咖啡|椰子|芒果|荔枝|龙眼|木瓜|辣椒|臭豆腐|",
        r"手表|制造|产|风格|风情|式|款|版|系|时装|大学|银行|晚报|人(?:家|说)|话$|路|街|大厦|酒店|饭店|厨房|印象|故事|记忆|往事|爱情|姑娘|小姐|时间|标准|迪士尼|证券|医院|地铁)"
    ))
    .expect("a constant pattern")
});

/// What is said of a place that a parcel goes to.
static GOES_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:$|[\s,.!?;。、~)）\]/:\p{So}\p{Sk}]|省|市|区|县|州|地区|那边|这边|那里|这里|这儿|那儿|那|这|本地|市区|郊区|乡下|农村|偏远|境内|当地|范围|",
        r"的|运费|邮费|快递|物流|包|免邮|发货|收货|收|几天|几号|多久|多少|要|需要|能|可以|可|会|是|算|也|都|还|就|不|没|有|到|发|寄|送|运|和|跟|或|还是|及|与|、|吗|呢|吧|么|啊|呀|了|",
        r"怎么|为|为什么|现在|今天|明天|后天|疫情|下雪|顺丰|圆通|中通|邮政|京东|仓|站|分拨|转运|中转|集散|以内|以外|大概|一般|最快|什么|啥|哪|用|走|得|贵|便宜|加|满|买|下单|退|换|\d|地址|朋友|客户|用户|个人|直发|直达|出发|过来|过去|来|去|派|签|停|卡|，)"
    ))
    .expect("a constant pattern")
});

/// What makes a place one that a parcel goes to or comes from.
static GOES_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:到|寄|发|往|送|去|从|在|自|由|回|至|运|邮|递|给|住|人在|地址|收货地|地区|家|是|:|来|改成|改为|改|换成|换到|转|离|经|过|距|我|我们|和|跟|、|或|还是)\s?$",
    )
    .expect("a constant pattern")
});

static ENGLISH_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|\b(?:to|in|from|for|via|near|into|at|is|and|or|reach|deliver|ship|send|serve|around|outside|between|of|my|live)\b|[,:(/])\s?(?:my (?:place|home|house|flat|friend|parents) in |downtown |central |rural )?$").expect("a constant pattern")
});

static ENGLISH_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^\s?(?:$|[,.!?;)/:'\p{So}]|\p{Han}|\d|(?:and|or|is|are|was|in|to|from|for|by|on|at|via|with|yet|now|today|tomorrow|please|pls|take|takes|cost|costs|how|what|when|address|area|province|city|region|",
        r"shipping|delivery|postage|freight|fee|order|orders|parcel|package|customers?|available|possible|ok|too|as|if|before|within|free|then|still|does|do|can|will|has|only|not|instead|thanks|after|until|arrive|warehouse|extra|count|counts|remote)\b)"
    ))
    .expect("a constant pattern")
});

/// A sender's place is named after these.
static FROM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:从|自|由|(?-u:\b)from )(?:我?们?|你们?|the )?$").expect("a constant pattern"));

/// Around a name that may be an everyday word.
static SURELY_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:寄到|发到|送到|运到|到|寄往|发往|送往|寄|发往|发货到|地址是?|人在|住在|来自)$")
        .expect("a constant pattern")
});
static SURELY_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:$|[\s,.!?。]|要|能|多久|多少|几天|运费|邮费|快递|包邮|可以|的运费|的话|吗|呢|会|算)")
        .expect("a constant pattern")
});

pub(super) fn find(scan: &mut Scan<'_>) {
    for mention in merged(scan.text) {
        let (before, after) = (scan.before(mention.range.start), scan.after(mention.range.end));
        drop_namesake(scan, &mention);
        let is_sure = !mention.is_doubtful || (SURELY_BEFORE.is_match(before) && SURELY_AFTER.is_match(after));
        if is_sure && is_place(scan, &mention.range) {
            scan.add("region", Value::Region(mention.region), mention.range);
        }
    }
}

/// 阿克苏苹果 are not the 烟台苹果 that the shop calls 苹果 for short.
fn drop_namesake(scan: &mut Scan<'_>, mention: &Mention) {
    let lexicon = scan.lexicon;
    let text = scan.text;
    scan.found.retain(|found| {
        let Value::Product(id) = &found.value else { return true };
        let is_beside = found.range.start == mention.range.end;
        let elsewhere = |front: &str| region::by_name(front).is_some_and(|region| region != mention.region);
        !(is_beside && lexicon.is_short_for(id, &text[found.range.clone()], elsewhere))
    });
}

/// The mentions, neighbours of which one lies in the other as one: 浙江杭州, Hangzhou, Zhejiang.
fn merged(text: &str) -> Vec<Mention> {
    const BETWEEN: [&str; 6] = ["", "省", "市", "区", "地区", "自治区"];
    let mut out: Vec<Mention> = Vec::new();
    for mention in region::mentions(text) {
        if let Some(last) = out.last_mut() {
            let gap = &text[last.range.end..mention.range.start];
            let is_near =
                gap.len() <= 6 && BETWEEN.contains(&gap.trim_matches([' ', ',', '-', '·', '/', '(', ')', '的']));
            let is_narrower = mention.region.is_within(last.region);
            if is_near && !mention.is_doubtful && (is_narrower || last.region.is_within(mention.region)) {
                if is_narrower {
                    last.region = mention.region;
                }
                last.range.end = mention.range.end;
                continue;
            }
        }
        out.push(mention);
    }
    out
}

fn is_place(scan: &Scan<'_>, range: &Range<usize>) -> bool {
    let (before, after) = (scan.before(range.start), scan.after(range.end));
    if scan.text[range.clone()].starts_with(|c: char| c.is_ascii_alphabetic()) {
        let is_told = ENGLISH_BEFORE.is_match(before) || before.ends_with(|c: char| !c.is_ascii());
        // A name may go on behind the place: Hainan chicken rice.
        return ENGLISH_AFTER.is_match(after) && (is_told || !before.ends_with(|c: char| c.is_ascii_alphabetic()));
    }
    !THING_AFTER.is_match(after) && (GOES_AFTER.is_match(after) || GOES_BEFORE.is_match(before))
}

/// A parcel's destination comes before its origin, so that the first place is the one that counts; of several
/// destinations the most specific of the last.
pub(super) fn destination_first(scan: &mut Scan<'_>) {
    let mut places: Vec<usize> = (0..scan.found.len()).filter(|at| scan.found[*at].name == "region").collect();
    let goes = |at: usize| !FROM.is_match(scan.before(scan.found[at].range.start));
    let region = |at: usize| match &scan.found[at].value {
        Value::Region(region) => Some(*region),
        _ => None,
    };
    let mut best: Option<usize> = None;
    for &at in places.iter().filter(|at| goes(**at)) {
        let narrows = |kept: usize| match (region(kept), region(at)) {
            (Some(kept), Some(new)) => kept != new && kept.is_within(new),
            _ => false,
        };
        if !best.is_some_and(narrows) {
            best = Some(at);
        }
    }
    let Some(best) = best.filter(|best| places.first() != Some(best)) else { return };
    let first = places.remove(0);
    let destination = scan.found.remove(best);
    scan.found.insert(first, destination);
}
