//! Values in text: sentences by hand, the exam under `tests/slots`, and what holds for any text.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde::Deserialize;
use triage::slots::{Before, Carried, Kind, Lexicon, Line, NAMES, Slots};
use triage::text::{Message, Plain, Utterance, mask_personal_data};
use triage::{Incoming, Request, region};

const TODAY: Date = date(2026, 11, 23);

/// The products and promotions of the exam, with names that its definition leaves obvious.
static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let products: [(&str, &[&str]); 15] = [
        (
            "QH-1001",
            &[
                "纯棉四件套",
                "四件套",
                "four-piece bedding",
                "four piece bedding",
                "four-piece set",
                "bedding set",
                "cotton bedding",
            ],
        ),
        ("QH-1002", &["全棉毛巾", "毛巾", "cotton towel", "towel"]),
        ("QH-1003", &["记忆棉枕头", "记忆枕", "枕头", "memory foam pillow", "memory pillow", "pillow"]),
        ("QH-2001", &["珐琅铸铁锅", "铸铁锅", "珐琅锅", "enamelled pot", "enameled pot", "cast iron pot", "pot"]),
        ("QH-2002", &["不粘炒锅", "炒锅", "不粘锅", "non-stick wok", "nonstick wok", "wok"]),
        ("QH-2003", &["不锈钢保温杯", "保温杯", "thermos"]),
        ("QH-3001", &["电饭煲", "电饭锅", "rice cooker"]),
        ("QH-3002", &["蓝牙音箱", "音箱", "bluetooth speaker", "speaker"]),
        ("QH-3003", &["充电宝", "power bank"]),
        ("QH-4001", &["莫代尔内裤三条装", "莫代尔内裤", "内裤", "modal briefs", "briefs"]),
        ("QH-4002", &["纯棉家居服", "家居服", "cotton loungewear", "loungewear"]),
        ("QH-5001", &["烟台苹果5斤", "烟台苹果", "苹果", "apple"]),
        ("QH-6001", &["定制刻字保温杯", "刻字保温杯", "定制保温杯", "刻字杯", "engraved thermos"]),
        ("QH-7001", &["浓缩洗衣液", "洗衣液", "laundry liquid", "laundry detergent", "detergent"]),
        ("QH-7002", &["收纳箱三件套", "收纳箱", "storage box"]),
    ];
    let promotions: [(&str, &[&str]); 9] = [
        ("shop_coupon", &["店铺券", "店铺优惠券", "shop coupon", "store coupon"]),
        ("platform_coupon", &["平台券", "平台优惠券", "platform coupon"]),
        ("bedding_coupon", &["家纺券", "家纺优惠券", "bedding coupon"]),
        ("full_reduction", &["满减", "full reduction"]),
        (
            "member",
            &[
                "会员折扣",
                "会员价",
                "会员优惠",
                "金卡折扣",
                "银卡折扣",
                "钻石折扣",
                "member discount",
                "member price",
                "gold discount",
            ],
        ),
        ("towel_half", &["第二件半价", "second half price", "second one half price", "second at half price"]),
        ("detergent_3for2", &["买二送一", "3 for 2", "three for two", "buy two get one", "buy 2 get 1"]),
        ("flash", &["限时价", "秒杀", "限时秒杀", "秒杀价", "flash sale", "flash price"]),
        ("tote_gift", &["满赠", "帆布袋", "tote bag", "tote"]),
    ];
    let products = products.into_iter().map(|(id, names)| (Kind::Product, id, names));
    Lexicon::new(products.chain(promotions.into_iter().map(|(id, names)| (Kind::Promotion, id, names))))
});

fn incoming(text: &str) -> Incoming {
    Request { text: text.into(), ..Request::default() }.check().unwrap()
}

fn fill_on(text: &str, today: Date, remembered: &[Carried]) -> Slots {
    let incoming = incoming(text);
    Slots::fill(
        &Message::read(incoming.utterance()),
        &incoming,
        Before { carried: remembered, basket: &[] },
        today,
        &LEXICON,
    )
}

fn fill(text: &str) -> Slots {
    fill_on(text, TODAY, &[])
}

/// Name, value, text of every slot; personal values, which are masked, as they stand in the text.
fn told(text: &str, today: Date) -> Vec<(String, String, String)> {
    let chars: Vec<char> = text.chars().collect();
    let slots = fill_on(text, today, &[]);
    let all = slots.found().iter().map(|slot| {
        let written: String = chars[slot.start.unwrap()..slot.end.unwrap()].iter().collect();
        let plain = Plain::of(&written);
        let value = match slot.name.as_str() {
            // Without +86.
            "phone" => {
                let digits: String = plain.as_str().chars().filter(char::is_ascii_digit).collect();
                digits[digits.len() - 11..].to_owned()
            }
            "email" => plain.as_str().to_owned(),
            _ => slot.value.clone(),
        };
        (slot.name.clone(), value, written)
    });
    all.collect()
}

#[test]
fn sentences_by_hand() {
    let rows = include_str!("../slots/own.txt").lines().filter(|row| !row.starts_with('#') && !row.trim().is_empty());
    let mut wrong = Vec::new();
    for row in rows {
        let (text, wanted) = row.rsplit_once(" |").unwrap();
        let mut wanted: Vec<(&str, &str)> =
            wanted.split_whitespace().map(|slot| slot.split_once('=').unwrap()).collect();
        let found = told(text, TODAY);
        let mut found: Vec<(&str, &str)> = found
            .iter()
            .filter(|(name, ..)| name != "opened")
            .map(|(name, value, _)| (name.as_str(), value.as_str()))
            .collect();
        wanted.sort_unstable();
        found.sort_unstable();
        if found != wanted {
            wrong.push(format!("{text}: {found:?} instead of {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[derive(Deserialize)]
struct Case {
    text: String,
    today: Date,
    slots: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    name: String,
    value: String,
    text: String,
}

/// Right, wrong and missed.
#[derive(Default, Clone, Copy)]
struct Score(u32, u32, u32);

impl Score {
    fn precision(self) -> f64 {
        f64::from(self.0) / f64::from((self.0 + self.1).max(1))
    }

    fn recall(self) -> f64 {
        f64::from(self.0) / f64::from((self.0 + self.2).max(1))
    }
}

/// 300 sentences written by others before the extractor was; `tests/slots/README.md` has the figures of the first run.
#[test]
fn the_exam_is_passed() {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in include_str!("../slots/sentences.jsonl").lines().filter(|line| !line.trim().is_empty()) {
        let Case { text, today, mut slots } = serde_json::from_str(line).unwrap();
        for (name, value, written) in told(&text, today).into_iter().filter(|(name, ..)| name != "opened") {
            let overlaps = |expected: &Expected| expected.text.contains(&written) || written.contains(&expected.text);
            let is_it = |expected: &Expected| expected.name == name && expected.value == value && overlaps(expected);
            let score = scores.entry(name.clone()).or_default();
            match slots.iter().position(is_it) {
                Some(at) => {
                    slots.remove(at);
                    score.0 += 1;
                }
                None => {
                    score.1 += 1;
                    wrong.push(format!("{text}: {name} {value} too many"));
                }
            }
        }
        for missed in slots {
            wrong.push(format!("{text}: {} {} missed", missed.name, missed.value));
            scores.entry(missed.name).or_default().2 += 1;
        }
    }
    let sum = scores.values().fold(Score::default(), |sum, one| Score(sum.0 + one.0, sum.1 + one.1, sum.2 + one.2));
    let counted =
        scores.iter().filter(|(_, score)| score.0 + score.2 >= 10).map(|(name, score)| (name.as_str(), *score));
    for (name, score) in counted.chain([("all", sum)]) {
        let (precision, recall) = (score.precision(), score.recall());
        assert!(precision >= 0.95 && recall >= 0.95, "{name}: {precision:.3}, {recall:.3}\n{}", wrong.join("\n"));
    }
}

#[test]
fn fields_hold_what_was_found() {
    let slots = fill("昨天买的2条毛巾和三个枕头，付了318，送到义乌，订单202611220001和202611220002，等了三天");
    assert_eq!(slots.region.unwrap().name(false), "义乌");
    assert_eq!(slots.amount.unwrap().to_string(), "318");
    assert_eq!(slots.order_number.as_deref(), Some("202611220001"));
    assert_eq!(slots.orders, ["202611220001", "202611220002"]);
    assert_eq!(slots.dates, [date(2026, 11, 22)]);
    assert_eq!(slots.spans.iter().map(ToString::to_string).collect::<Vec<_>>(), ["P3D"]);
    assert_eq!(slots.products, ["QH-1002", "QH-1003"]);
    let line = |product: &str, quantity| Line { product: product.into(), quantity: Some(quantity) };
    assert_eq!(slots.lines(), [line("QH-1002", 2), line("QH-1003", 3)]);
    assert_eq!(slots.values("order_number").len(), 2);
    assert!(slots.values("colour").is_empty() && slots.has("date") && slots.names("product") && !slots.has("size"));

    let slots = fill("身高1米7，体重130斤，L码还是店铺券");
    assert_eq!((slots.height, slots.weight), (Some(170), Some(65.0)));
    assert_eq!(
        (slots.sizes.as_slice(), slots.promotions.as_slice()),
        (&["L".to_owned()][..], &["shop_coupon".to_owned()][..])
    );
}

#[test]
fn opened_or_not() {
    for (text, opened) in [
        ("已经拆封了还能退吗", Some(true)),
        ("拆了发现是坏的", Some(true)),
        ("用过一次就坏了", Some(true)),
        ("I already opened it", Some(true)),
        ("没拆封能退吗", Some(false)),
        ("还没拆，全新的", Some(false)),
        ("it is unopened", Some(false)),
        ("never used it", Some(false)),
        ("是全新的吗", None),
        ("没用，还是不行", None),
        ("什么时候到", None),
    ] {
        assert_eq!(fill(text).opened, opened, "{text}");
    }
}

#[test]
fn a_destination_counts_before_an_origin() {
    for (text, first) in [
        ("从北京发到新疆几天", "新疆"),
        ("发到新疆从北京要几天", "新疆"),
        ("shipping from Beijing to Tibet", "西藏"),
        ("寄浙江杭州", "杭州"),
        ("北京朝阳收得到吗", "朝阳区"),
        ("长春朝阳区", "朝阳"),
        ("江苏南京鼓楼", "鼓楼"),
        ("贵州省都匀市", "都匀"),
    ] {
        let slots = fill(text);
        assert_eq!(slots.region.map(|region| region.name(false)).as_deref(), Some(first), "{text}");
        assert_eq!(slots.found()[0].value, first, "{text}");
    }
    for text in ["鼓楼区运费", "和平吗", "大家都很友好", "重新安排一下", "大城市", "朝阳"] {
        assert!(fill(text).region.is_none(), "{text}");
    }
}

#[test]
fn counties_lie_in_their_cities() {
    let find = |name: &str| region::by_name(name).unwrap_or_else(|| panic!("{name} is known"));
    for (county, city, province) in
        [("余杭", "杭州", "浙江"), ("昆山", "苏州", "江苏"), ("莎车", "喀什", "新疆"), ("浦东", "上海", "上海")]
    {
        assert!(find(county).is_within(find(city)) && find(county).province() == find(province), "{county}");
        assert!(!find(city).is_within(find(county)) || city == county, "{city}");
    }
    // Names in the generated list are looked for as they are.
    for row in include_str!("../../src/region/counties.tsv").lines().skip(1) {
        for name in row.split('\t').skip(4).flat_map(|names| names.split(',')) {
            assert_eq!(Plain::of(name).as_str(), name, "training/places.py must write it in plain form");
        }
    }
}

#[test]
fn carried_and_overridden() {
    let first = fill("买2条毛巾，用店铺券，480元，寄到新疆，昨天的订单202611220001，电话13812345678，尾号3306");
    let carried = first.carried();
    let names: Vec<&str> = carried.iter().map(|carried| carried.name.as_str()).collect();
    assert_eq!(names, ["region", "amount", "order_number", "product", "promotion"], "no day, count or personal data");

    let second = fill_on("那西藏呢，枕头也要", TODAY, &carried);
    assert_eq!(second.region.unwrap().name(false), "西藏");
    assert_eq!(second.products, ["QH-1003"], "products of the message take the place of earlier ones");
    assert_eq!(second.promotions, ["shop_coupon"]);
    assert_eq!(second.named().len(), 2);
    assert!(second.values("amount")[0].start.is_none());

    // Of several sums none is the sum, and an earlier one is not either.
    let third = fill_on("100块和200块的都要", TODAY, &carried);
    assert!(third.amount.is_none() && !third.has("amount") && third.values("amount").len() == 2);
    let parcel = fill_on("SF1390021457788到哪了", TODAY, &carried);
    assert_eq!(parcel.order_number.as_deref(), Some("SF1390021457788"));
    assert_eq!(parcel.tracking_number.as_deref(), Some("SF1390021457788"));
    assert!(parcel.names("order_number") && parcel.orders.is_empty());

    // A county keeps its city while it is carried.
    let county = fill("寄到长春朝阳区");
    let later = fill_on("多久到", TODAY, &county.carried());
    assert_eq!(later.region, county.region);
}

#[test]
fn personal_values_are_masked() {
    let slots = fill("电话13812345678，邮箱A.B@shop.cn");
    let shown: Vec<&str> = slots.found().iter().map(|slot| slot.value.as_str()).collect();
    assert_eq!(shown, ["[phone]", "[e-mail]"]);
    assert!(!format!("{slots:?}").contains("138123"));
}

#[test]
fn order_numbers_of_another_form() {
    let lexicon = Lexicon::default().with_order_number(regex::Regex::new(r"^QH\d{9}$").unwrap());
    let incoming = incoming("订单qh123456789和202611220001");
    let slots = Slots::fill(&Message::read(incoming.utterance()), &incoming, Before::default(), TODAY, &lexicon);
    assert_eq!(slots.orders, ["QH123456789"]);
}

proptest! {
    /// Whatever is written: no panic, places inside the text, known names, grouped by name.
    #[test]
    fn any_text_is_read(text in "\\PC{0,40}|[0-9零一二三十百千万两件个块元天月日号点半/.:,-xXLM不是码斤米 ]{0,30}|([0-9]{1,12}|不是|买了|满|块|元|到新疆|周三|a |two |towels|lb|/|-| ){0,12}") {
        // A message of nothing is refused before it comes here.
        let text = format!("亲{text}");
        let slots = fill(&text);
        let total = text.chars().count();
        let mut groups: Vec<&str> = Vec::new();
        for slot in slots.found() {
            prop_assert!(NAMES.contains(&slot.name.as_str()));
            let (start, end) = (slot.start.unwrap(), slot.end.unwrap());
            prop_assert!(start < end && end <= total, "{}", slot.name);
            if groups.last() != Some(&slot.name.as_str()) {
                prop_assert!(!groups.contains(&slot.name.as_str()));
                groups.push(&slot.name);
            }
        }
    }

    /// Masking what is personal changes nothing else: its slots go, the others stay.
    #[test]
    fn masked_text_tells_the_rest(parts in proptest::collection::vec(proptest::sample::select(vec![
        "电话13812345678，", "邮箱a.b@shop.cn，", "寄到新疆，", "买了3件，", "付了480元，", "昨天，", "订单202611220001，", "等了三天，", "毛巾，",
    ]), 0..6)) {
        let text = format!("亲，{}", parts.concat());
        let message = Message::read(&Utterance::new(text.as_str()).unwrap());
        let masked = mask_personal_data(&text, &message);
        let rest = |slots: &Slots| -> Vec<(String, String)> {
            let others = slots.found().iter().filter(|slot| !["phone", "email"].contains(&slot.name.as_str()));
            others.map(|slot| (slot.name.clone(), slot.value.clone())).collect()
        };
        let (before, after) = (fill(&text), fill(&masked));
        prop_assert_eq!(rest(&before), rest(&after));
        prop_assert!(after.values("phone").is_empty() && after.values("email").is_empty());
        prop_assert_eq!(mask_personal_data(&masked, &Message::read(&Utterance::new(masked.as_str()).unwrap())), masked);
    }
}
