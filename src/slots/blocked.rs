//! Numbers that are no slot: versions, times of day, prices by weight, percentages, rules of promotions, rooms, models.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::lexicon::Kind;
use super::numeral;
use super::scan::{Scan, Value};

macro_rules! numerals {
    () => {
        r"(?:\d+(?:\.\d+)?|[零一二三四五六七八九十百千万两]+)"
    };
}

/// 满300减50: the promotion itself, whatever its name in the shop.
static FULL_REDUCTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:每)?满\s?",
        numerals!(),
        r"(?:块|元)?(?:就|可以|能|可|立)?(?:减|立减|-)\s?",
        numerals!(),
        r"(?:块|元)?",
        r"|(?-u:\b)(?P<off>\d+)(?: yuan| rmb|元|块)? off (?:¥|\$)?(?P<over>\d{3,})(?: yuan| rmb)?",
        r"|(?-u:\b)(?P<from>[1-9]\d{2,3})\s?(?:-|减)\s?(?P<less>\d{2,3})(?-u:\b)(?:元|块)?",
    ))
    .expect("a constant pattern")
});

/// What is no slot, whatever stands around it.
static NEVER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        // Versions and devices.
        r"(?:ios|android|安卓|鸿蒙|harmonyos|windows|win|macos|(?-u:\b)v|version|版本号?|usb|wi-?fi|bluetooth|蓝牙|type-?c|iphone|ipad|galaxy|mate|redmi|(?-u:\b)app)\s?\d+(?:\.\d+)*(?:\s?(?:pro|plus|max|ultra)(?-u:\b))*",
        r"|(?-u:\b)v?\d{1,3}\.\d{1,3}(?:\.\d{1,5})+(?-u:\b)",
        // Times of day.
        r"|\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m)?",
        r"|(?-u:\b)\d{1,2}(?::\d{2})?\s?(?:[ap]\.?m(?-u:\b)\.?|o'?clock)",
        r"|(?:\d{1,2}|[一二三四五六七八九十两]{1,3})点(?:钟|半|整|一刻|三刻|[零一二三四五六七八九十]{1,3}分?|\d{1,2}分?)?",
        // Prices of a pound, of each piece.
        r"|(?:[¥$]\s?)?", numerals!(), r"\s?(?:块|元|毛|rmb|yuan|dollars?)?(?:\d{1,2}|[一二三四五六七八九])?(?:毛)?(?:钱)?\s?(?:一|1|每|/|per |a |an |每一)(?:公斤|市斤|斤|kg|千克|克|g|两|磅|lb|pound|kilo|jin|catty|liang|gram|平米?|平方|米|ml|升)(?:[^a-z]|$)",
        r"|(?:[¥$]\s?)\d+(?:\.\d+)?\s?(?:一|/|per |a |an )?(?:件|条|个|piece|each|item|bottle|box)(?-u:\b)",
        r"|", numerals!(), r"(?:块|元)(?:\d{1,2}|[一二三四五六七八九])?(?:毛)?(?:钱)?(?:一|1|每|/)(?:件|条|个|瓶|包|盒|只|双|套|箱|袋|把|张)",
        r"|(?:一|1)(?:公斤|市斤|斤|kg|千克|磅)(?:是|要|卖|才|得)?", numerals!(), r"(?:块|元)?(?:\d|[一二三四五六七八九])?|每(?:公斤|市斤|斤|kg|千克|克|两|磅|平米?|平方|米)(?:是|要|卖|才|得)?", numerals!(), r"(?:块|元)?(?:\d|[一二三四五六七八九])?",
        // Shares.
        r"|\d+(?:\.\d+)?(?:\s?[-~到至]\s?\d+(?:\.\d+)?)?\s?%|百分之", numerals!(), r"|", numerals!(), r"(?:点", numerals!(), r")?(?:折|成新?)",
        r"|(?-u:\b)\d+(?:\.\d+)?\s?(?:percent|pct)|(?-u:\b)\d{1,3}/\d{1,3}(?-u:\b)",
        // Thresholds and faces of coupons.
        r"|(?:满|够|不够|不到|未满|门槛(?:是|为)?|凑满|超过?|达到?)\s?", numerals!(), r"(?:块|元)?(?:才|就|可以|能|可|以上|起|的)?(?:包邮|免邮|免运费|起送|可用|使用|能用|打|送|赠|享|门槛)",
        r"|满\s?", numerals!(), r"(?:块|元|件)?", r"|", numerals!(), r"(?:块|元)?(?:起|以上|才|就|起才)(?:包邮|免邮|送)|(?:包邮)?门槛(?:是|为)?", numerals!(),
        r"|(?:包邮|免邮)(?:要|是|线)?(?:满)?", numerals!(), r"(?:吗|么|块|元)",
        r"|差\s?", numerals!(), r"(?:块|元)?(?:就)?(?:包邮|免邮|到满|凑|能减|满)",
        r"|(?:立减|直减|减免|优惠|便宜|减)(?:了)?", numerals!(), r"(?:块|元)?",
        r"|", numerals!(), r"(?:块|元)?(?:钱)?(?:的)?(?:无门槛|满减|代金|现金|抵用|新人)?(?:优惠券|券|红包|代金券)",
        r"|(?:over|above|minimum|threshold(?: of| is)?|at least|free from|orders? of)\s?(?:¥|\$)?\d+(?:\s?(?:yuan|rmb))?(?: or more|\+)?",
        r"|(?:¥|\$)?\d+(?:\s?(?:yuan|rmb|dollars?))?\s?(?:off(?-u:\b)|coupon|voucher|threshold|minimum|and above|or more)",
        // What carrying costs.
        r"|(?:运费|邮费|快递费用?|手续费|安装费|服务费|维修费|人工费|物流费|配送费|运费险|shipping(?: fee| cost)?|postage|freight|delivery(?: fee| cost)?)(?:是|要|收了?|付了?|花了?|才|就|居然|为什么|怎么| is| of| was| costs?|:)*\s?(?:¥|\$)?", numerals!(), r"(?:块|元| yuan| rmb)?",
        r"|", numerals!(), r"(?:块|元)(?:钱)?(?:的)?(?:运费|邮费|快递费|配送费|手续费|安装费|服务费|维修费|上门费)",
        // Rooms, floors, roads.
        r"|\d+(?:栋|幢|号楼|号院|单元|座|弄|期)(?:\d+(?:栋|号楼|单元|楼|层|室|房)?)*|", numerals!(), r"(?:号楼|楼|层|室|号线|号店|号仓|路公交|环|号电池|号色|号门|号柜|号机)",
        r"|(?:room|building|floor|apartment|apt|unit|suite|flat|gate|block|bldg|locker)\s?#?\d+[a-z]?",
        r"|\d+(?:st|nd|rd|th) (?:floor|street|avenue|time|one|order|item)",
        // Sets, ordinals, rules that are called by a number of days.
        r"|", numerals!(), r"(?:件套|条装|只装|片装|双装|件装|个装|瓶装|支装|包装|合一|面体|色可选|层纱|股)",
        r"|(?:four|three|two|six|\d+)[- ](?:piece|pack|in-1|ply|layer|person|seater|pin)(?-u:\b)",
        r"|第", numerals!(), r"(?:个|件|条|次|天|单|位|款|套|份|遍|回|批|排|页|步|档|双|瓶|年)?",
        r"|", numerals!(), r"天(?:无理由|价保|保价)|(?:24|二十四)\s?(?:小时|h)(?:客服|在线|热线|营业|便利店|服务)|(?:7|seven)[- ]days? (?:no[- ]reason|return)",
        // Numbers that everybody knows.
        r"|(?-u:\b)(?:12315|12345|10086|10010|10000|996|1314|666|7-11|24/7)(?-u:\b)",
        r"|[48]k(?:屏|电视|显示|投影|高清|超清|分辨率|画质|视频| ?tv| video| monitor| screen| resolution)",
        // Words that hold a number and what might be its measure.
        r"|一口气|一把抓|一套一套|一对一|两口子|一口价|一条龙|一条心|一个劲|一份子|三件事|一五一十|百分百|一家人|一把年纪|一本正经|三包|两面派|一棍子|一张嘴|一根筋|一盘散沙|一箱难求|一套说辞|一包在我",
        r"|六个核桃|三只松鼠|三只羊|七匹狼|一只酸奶牛|两面针|三个爸爸|百草味|三枪内衣|五个女博士",
        r"|(?:是|个|当|像|真|帮|群|这)(?:个)?二百五|三天两头|三天打鱼两天晒网|一天到晚|有一天|哪一?天|改天|前两天|这两天|那两天|过两天|等两天再|隔三差五|一天天|三更半夜|一年到头|一日三餐|百年好合|千年|万年|一年一度|一时半会|一会儿?|大半天|小半天|老半天",
        r"|one day(?: i|,)|day one|one of|no one|two-?faced|one hundred percent|(?-u:\b)24 ?h(?:our|r)s? (?:service|hotline|support)",
    ))
    .expect("a constant pattern")
});

/// A model's name: letters and digits in one word.
static MODEL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)[a-z]+-?\d[a-z0-9-]*(?-u:\b)|(?-u:\b)\d+[a-z]+\d[a-z0-9]*(?-u:\b)")
        .expect("a constant pattern")
});

/// Letters before digits that make no model of them.
const NO_MODEL: [&str; 10] = ["x", "rmb", "cny", "usd", "size", "sf", "us", "qty", "no", "order"];

pub(super) fn find(scan: &mut Scan<'_>) {
    rules(scan);
    for hit in MODEL.find_iter(scan.text) {
        let letters: String = hit.as_str().chars().take_while(char::is_ascii_alphabetic).collect();
        let is_measure = hit.as_str().ends_with("cm") || hit.as_str().ends_with("kg");
        let is_metres = letters.is_empty() && hit.as_str().contains('m');
        if !NO_MODEL.contains(&letters.as_str()) && !is_measure && !is_metres {
            scan.block(hit.range());
        }
    }
    let mut at = 0;
    while let Some(hit) = NEVER.find_at(scan.text, at) {
        if is_day(scan, &hit.range()) {
            at = hit.start() + scan.text[hit.start()..].chars().next().map_or(1, char::len_utf8);
            continue;
        }
        scan.block(hit.range());
        at = hit.end();
    }
}

/// Full reductions spelled out, as the promotion of that name.
fn rules(scan: &mut Scan<'_>) {
    for hit in FULL_REDUCTION.captures_iter(scan.text) {
        let Some(whole) = hit.get(0) else { continue };
        let number = |name: &str| hit.name(name).and_then(|number| numeral::parse(number.as_str()));
        let is_rule = match (number("from").or(number("over")), number("less").or(number("off"))) {
            (Some(from), Some(less)) => less * 2.0 < from && from % 10.0 == 0.0,
            _ => true,
        };
        let is_inside = scan.before(whole.start()).ends_with(['-', '.', '/'])
            || scan.after(whole.end()).starts_with(['-', '.', '/']);
        if !is_rule || (is_inside && hit.name("from").is_some()) || !scan.is_free(&whole.range()) {
            continue;
        }
        match scan.lexicon.id_of(Kind::Promotion, "满减") {
            Some(id) => scan.add("promotion", Value::Promotion(id.to_owned()), whole.range()),
            None => scan.block(whole.range()),
        }
    }
}

/// A day written like a version or a share: 2026.11.11, 11/18.
fn is_day(scan: &Scan<'_>, range: &Range<usize>) -> bool {
    let text = &scan.text[range.clone()];
    let is_dotted = text.starts_with("20") && text.len() >= 8 && text.split('.').count() == 3;
    let is_slashed = text.contains('/') && text.is_ascii();
    is_dotted || is_slashed && super::date::is_slashed_day(scan, range)
}
