//! The catalogue that changes while it serves, through [`Live`]: what an edit has to pass, what is told of one that does
//! not, and going back. The watching of the files is in `live/watch.rs`.

pub(crate) mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use triage::live::{Files, Live, Outcome, Rejection, RollbackError, Stage, Tests};
use triage::{DecisionKind, Engine, Incoming, Reply};

use crate::{Workplace, names, replace_once};

/// An intent whose second test is answered by the model, and so may be lost to a pattern elsewhere.
const STOCK: &str = "id: stock
title: { zh: 库存, en: Stock }
queue: presale
examples:
  zh: [还有现货吗, 什么时候补货, 限购几件]
  en: [is it in stock]
answers:
  - id: general
    resolves: inform
    zh: [第一版有货, 第一版，有货的, 第一版，有现货]
    en: [in stock, we have it, it is there]
tests:
  - { say: 还有现货吗, expect: stock, decision: answer }
  - { say: 这款限购吗, expect: stock }
";

/// A shop that is served from files of its own. Its intents speak of different things, so that an edit of one does not
/// concern the others.
pub(crate) struct Shop {
    pub(crate) place: Workplace,
    pub(crate) live: Arc<Live>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::of(STOCK)
    }

    fn of(stock: &str) -> Self {
        let place = Workplace::without_intents();
        place.write("intents/stock.yaml", stock);
        for (id, zh, en) in [
            ("quality_issue", "屏幕碎了, 用两天就开线了", "the zip broke"),
            ("wrong_or_missing", "发错颜色了, 漏发赠品", "you sent the wrong colour"),
        ] {
            let text = crate::minimal_intent(id);
            let text = replace_once(&text, &format!("关于{id}的事"), zh);
            place.write(&format!("intents/{id}.yaml"), &replace_once(&text, &format!("about {id}"), en));
        }
        let live = Live::open(place.config()).unwrap_or_else(|error| panic!("{error}"));
        Self { place, live: Arc::new(live) }
    }

    /// Edits the answer about stock, so that it begins with another word.
    pub(crate) fn say(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.place.path("intents/stock.yaml")).unwrap();
        self.place.write("intents/stock.yaml", &text.replace(from, to));
    }

    fn reload(&self) -> Outcome {
        self.live.reload(Tests::Run)
    }

    /// The word that the answer about stock begins with now.
    pub(crate) fn says(&self) -> String {
        let reply = ask(&self.live.engine(), "还有现货吗");
        assert_eq!(reply.decision, DecisionKind::Answer);
        reply.answer.unwrap().text.chars().take(3).collect()
    }

    /// The numbers of the generations that are kept, the newest first.
    fn kept(&self) -> Vec<u64> {
        self.live.status().generations.iter().map(|kept| kept.number).collect()
    }

    /// All files, to be put back.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let paths = ["intents", "config"].map(|folder| self.place.path(folder));
        let paths = paths.iter().flat_map(|folder| names(folder).into_iter().map(|name| folder.join(name)));
        paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }

    fn put_back(&self, files: &[(PathBuf, Vec<u8>)]) {
        for name in names(&self.place.path("intents")) {
            let path = self.place.path(&format!("intents/{name}"));
            if path.is_dir() {
                std::fs::remove_dir(path).unwrap();
            }
        }
        files.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
    }
}

pub(crate) fn ask(engine: &Engine, text: &str) -> Reply {
    engine.triage(&Incoming::text(text).unwrap())
}

fn is_live(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Live)
}

fn is_unchanged(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unchanged)
}

fn rejected(outcome: Outcome) -> Rejection {
    match outcome {
        Outcome::Rejected(rejection) => {
            assert_ne!(rejection.stage, Stage::AllTests);
            rejection
        }
        Outcome::Withdrawn(rejection) => {
            assert_eq!(rejection.stage, Stage::AllTests);
            rejection
        }
        other => panic!("the edit must be refused: {other:?}"),
    }
}

#[test]
fn an_edited_answer_is_said() {
    let shop = Shop::new();
    assert!(is_unchanged(&shop.reload()));
    assert!(ask(&shop.live.engine(), "你好").catalogue.ends_with("#1"));
    let before = shop.live.engine();

    shop.say("第一版", "第二版");
    assert_eq!(shop.says(), "第一版", "nobody asked for a reload");
    assert!(is_live(&shop.reload()));
    assert_eq!(shop.says(), "第二版");
    let status = shop.live.status();
    assert_eq!((status.generation, status.files, shop.kept()), (2, Files::Served, vec![2, 1]));
    assert_eq!((status.generations[0].replaces, status.generations[1].replaces), (Some(1), None));
    assert_eq!(ask(&shop.live.engine(), "你好").catalogue, format!("{}#2", status.hash));
    assert!(ask(&before, "你好").catalogue.ends_with("#1"), "who has an engine keeps it");

    // What counts is the content, and files of a catalogue only.
    shop.say("第二版", "第二版");
    shop.say("第二版", "第三版");
    shop.say("第三版", "第二版");
    for left_behind in ["intents/.stock.yaml.swp", "intents/.#stock.yaml", "intents/stock.yaml~", "intents/4913"] {
        shop.place.write(left_behind, "half a");
    }
    assert!(is_unchanged(&shop.reload()));
    shop.say("第二版", "第一版");
    assert!(is_live(&shop.reload()), "what was served before is a new generation all the same");
    assert_eq!((shop.live.status().generation, shop.says().as_str()), (3, "第一版"));
    let hashes: Vec<String> = shop.live.status().generations.into_iter().map(|kept| kept.hash).collect();
    assert_eq!((hashes[0] == hashes[2], hashes[0] == hashes[1]), (true, false));
}

/// What is broken, and how.
type Broken = (&'static str, fn(&Workplace));

const BROKEN: [Broken; 10] = [
    ("no YAML", |place| place.edit("intents/stock.yaml", "限购几件]", "限购几件")),
    ("two mistakes in two files", |place| {
        place.edit("intents/stock.yaml", "queue: presale", "queue: sales");
        place.edit("config/policy.yaml", "\nthresholds:", "\nthreshold:");
    }),
    ("an answer that claims what nobody did", |place| {
        place.edit("intents/stock.yaml", "resolves: inform", "resolves: act");
        place.edit("intents/stock.yaml", "第一版有货", "已为您退款成功");
    }),
    ("somebody's number in an example", |place| {
        place.edit("intents/stock.yaml", "限购几件]", "限购几件, 打13812345678]")
    }),
    ("no UTF-8", |place| std::fs::write(place.path("intents/stock.yaml"), b"id: \xff").unwrap()),
    ("a folder", |place| std::fs::create_dir(place.path("intents/x.yaml")).unwrap()),
    ("no policy", |place| std::fs::remove_file(place.path("config/policy.yaml")).unwrap()),
    ("an empty folder", |place| {
        for name in names(&place.path("intents")) {
            std::fs::remove_file(place.path(&format!("intents/{name}"))).unwrap();
        }
    }),
    ("a new test that fails", |place| {
        place.edit("intents/stock.yaml", "tests:\n", "tests:\n  - { say: 限购几件, expect: quality_issue }\n");
    }),
    ("a pattern that takes what another intent is tested for", |place| {
        place.edit("intents/quality_issue.yaml", "answers:", "patterns: ['^这款']\nanswers:")
    }),
];

/// Where a rejection says that something is wrong.
fn places(rejection: &Rejection) -> Vec<String> {
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let findings = rejection.findings.iter().map(|finding| {
        format!("{}:{}:{}: {}", name(&finding.file), finding.place.line, finding.place.column, finding.code)
    });
    let failures = rejection.failures.iter().map(|failure| format!("{}:{}: test", name(&failure.file), failure.line));
    findings.chain(failures).collect()
}

#[test]
fn what_is_wrong_is_told_and_leaves_the_old_one_serving() {
    let shop = Shop::new();
    let files = shop.files();
    let mut told = String::new();
    for (what, breaks) in BROKEN {
        breaks(&shop.place);
        let foretold = shop.live.validate().unwrap_err();
        assert_eq!(shop.live.status().files, Files::Served, "{what}: asking changes nothing");
        let rejection = rejected(shop.reload());
        assert_eq!((foretold.stage, places(&foretold)), (rejection.stage, places(&rejection)), "{what}");
        assert!(!foretold.message.contains("withdrawn"), "{what}: {}", foretold.message);
        assert_eq!(rejection.hash.is_none(), rejection.stage == Stage::Reading, "{what}");
        let message = rejection.message.replace(&*shop.place.path("").to_string_lossy(), "");
        told += &format!("{what}\n  {}: {}\n", rejection.stage.id(), message.replace("config/../", ""));
        told.extend(places(&rejection).into_iter().map(|place| format!("  {place}\n")));

        let status = shop.live.status();
        assert_eq!((status.generation, status.files, shop.kept()), (1, Files::Refused, vec![1]), "{what}");
        assert_eq!(status.last_rejection.unwrap().at, rejection.at, "{what}");
        assert_eq!(shop.says(), "第一版", "{what}");
        shop.put_back(&files);
        assert!(is_unchanged(&shop.reload()), "{what}");
        let status = shop.live.status();
        assert_eq!((status.files, status.last_rejection.unwrap().at), (Files::Served, rejection.at), "{what}");
    }
    assert_eq!(shop.live.validate().err().map(|rejection| rejection.message), None);
    insta::assert_snapshot!("refused", told);
}

#[test]
fn tests_that_failed_before_do_not_block() {
    let failing = "  - { say: 什么时候补货, expect: quality_issue }\n";
    let shop = Shop::of(&format!("{STOCK}{failing}"));
    shop.say("第一版", "第二版");
    shop.say("tests:\n", "tests:\n  # a line further down\n");
    assert!(is_live(&shop.reload()), "it failed before");
    shop.say("什么时候补货, expect: quality_issue", "什么时候补货, expect: wrong_or_missing");
    let rejection = rejected(shop.reload());
    assert_eq!((rejection.stage, places(&rejection)), (Stage::Tests, vec!["stock.yaml:16: test".to_owned()]));
    let problem = &rejection.failures[0].problems[0];
    assert_eq!((problem.expected.as_str(), problem.got.as_str()), ("wrong_or_missing", "stock"));
    shop.say("什么时候补货, expect: wrong_or_missing", "什么时候补货, expect: stock");
    assert!(is_live(&shop.reload()));
    shop.say("什么时候补货, expect: stock", "什么时候补货, expect: quality_issue");
    assert_eq!(rejected(shop.reload()).stage, Stage::Tests, "it passed in between");
}

/// When it must be live whatever else it does: tests are passed over, errors are not.
#[test]
fn tests_can_be_skipped_and_errors_cannot() {
    let shop = Shop::new();
    shop.place.edit("intents/quality_issue.yaml", "answers:", "patterns: ['^这款']\nanswers:");
    shop.place.edit("intents/stock.yaml", "tests:\n", "tests:\n  - { say: 限购几件, expect: quality_issue }\n");
    assert_eq!(rejected(shop.reload()).stage, Stage::Tests);
    assert!(is_live(&shop.live.reload(Tests::Skip)));
    assert_eq!((shop.live.status().generation, shop.live.status().files), (2, Files::Served));
    shop.say("第一版", "第二版");
    assert!(is_live(&shop.reload()), "they fail since before");
    shop.place.edit("intents/stock.yaml", "queue: presale", "queue: sales");
    let rejection = match shop.live.reload(Tests::Skip) {
        Outcome::Rejected(rejection) => rejection,
        other => panic!("the edit must be refused: {other:?}"),
    };
    assert_eq!((rejection.stage, shop.says().as_str()), (Stage::Checking, "第二版"));
}

/// Why a generation cannot be gone back to.
fn refused(shop: &Shop, number: Option<u64>) -> String {
    let error = shop.live.roll_back(number).unwrap_err();
    assert!(matches!(error, RollbackError::Unknown { .. }), "{error}");
    error.to_string()
}

#[test]
fn going_back() {
    let shop = Shop::new();
    let serves = |generation, files, says: &str| {
        let status = shop.live.status();
        assert_eq!((status.generation, status.files, shop.says().as_str()), (generation, files, says));
        assert!(ask(&shop.live.engine(), "你好").catalogue.ends_with(&format!("#{generation}")));
    };
    assert_eq!(refused(&shop, None), "there is no generation before this one to go back to; kept: 1");
    shop.say("第一版", "第二版");
    assert!(is_live(&shop.reload()));
    shop.say("第二版", "第三版");
    assert!(is_live(&shop.reload()));
    assert_eq!(refused(&shop, Some(9)), "there is no generation 9 to go back to; kept: 1, 2, 3");
    serves(3, Files::Served, "第三版");

    shop.live.roll_back(None).unwrap();
    serves(2, Files::HeldBack, "第二版");
    assert_eq!(shop.kept(), [3, 2, 1]);
    shop.live.roll_back(None).unwrap();
    serves(1, Files::HeldBack, "第一版");
    refused(&shop, None);
    shop.live.roll_back(Some(3)).unwrap();
    serves(3, Files::Served, "第三版");

    shop.live.roll_back(Some(1)).unwrap();
    assert!(is_live(&shop.reload()), "who asks gets the files");
    serves(4, Files::Served, "第三版");
    shop.live.roll_back(None).unwrap();
    serves(1, Files::HeldBack, "第一版");
    shop.say("第三版", "第一版");
    assert!(is_unchanged(&shop.reload()));
    serves(1, Files::Served, "第一版");
}

/// What a program was started with is not linted; going back to it must not depend on that.
#[test]
fn going_back_to_what_lint_would_refuse() {
    let claim = STOCK.replace("inform", "act").replace("[第一版有货", "[已为您退款成功");
    let shop = Shop::of(&claim);
    shop.place.write("intents/stock.yaml", STOCK);
    assert!(is_live(&shop.reload()));
    shop.live.roll_back(None).unwrap();
    assert_eq!(shop.live.status().generation, 1);
}

#[test]
fn ten_generations_are_kept() {
    let shop = Shop::new();
    for number in 2..=12 {
        shop.place.write("intents/stock.yaml", &format!("{STOCK}# {number}\n"));
        assert!(is_live(&shop.reload()));
    }
    assert_eq!(shop.kept(), [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    assert!(refused(&shop, Some(2)).ends_with("kept: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12"));
    shop.live.roll_back(Some(3)).unwrap();

    // What is withdrawn takes nobody's place, and its number is not given again.
    shop.place.write("intents/stock.yaml", &format!("{STOCK}# 3\n"));
    shop.place.edit("intents/quality_issue.yaml", "answers:", "patterns: ['^这款']\nanswers:");
    assert_eq!(rejected(shop.reload()).stage, Stage::AllTests);
    assert_eq!(shop.kept(), [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    assert_eq!(shop.live.status().generation, 3);
    shop.place.edit("intents/quality_issue.yaml", "['^这款']", "['^那款']");
    assert!(is_live(&shop.reload()));
    assert_eq!(shop.kept(), [14, 12, 11, 10, 9, 8, 7, 6, 5, 3], "the one that was not served for longest is gone");
    shop.live.roll_back(None).unwrap();
    assert_eq!(shop.live.status().generation, 3);
}

const GIFT_WRAP: &str = "id: gift_wrap
title: { zh: 礼品包装, en: Gift wrapping }
queue: presale
examples:
  zh:
    - 可以帮我包成礼物吗
    - 有没有礼盒包装
    - 送人的 能不能包装得好看一点
    - 能代写贺卡吗
    - 包装里可以放张卡片不
    - 生日礼物 麻烦包一下
    - 你们提供礼品袋吗
    - 想要个蝴蝶结的礼品包装
  en: [do you offer gift wrapping]
answers:
  - id: general
    resolves: inform
    zh: [礼盒包装请在下单时备注。, 需要礼盒包装的话，下单时备注。, 下单时备注一下，就有礼盒包装。]
    en: [Please add a note to your order for gift wrapping., Add a note and we will gift wrap it., A note is enough for gift wrapping.]
tests:
  - { say: 能帮我包装成礼物吗, expect: gift_wrap }
";

/// A reply without what tells one generation or one moment from another.
fn lasting(engine: &Engine, text: &str) -> Value {
    let mut reply = json!(ask(engine, text));
    for passing in ["catalogue", "timings_us"] {
        reply.as_object_mut().unwrap().remove(passing).unwrap();
    }
    reply
}

/// With the shipped catalogue and model: a new intent is served, and one that takes what another is tested for is not.
#[test]
fn a_new_intent_comes_live() {
    let place = Workplace::new();
    let live = Live::open(place.config()).unwrap();
    assert_ne!(ask(&live.engine(), "有礼盒包装吗").intents[0].id, "gift_wrap");
    place.write("intents/gift_wrap.yaml", GIFT_WRAP);
    assert_eq!(live.validate().err().map(|rejection| rejection.message), None);
    assert!(is_live(&live.reload(Tests::Run)));
    let reply = ask(&live.engine(), "有礼盒包装吗");
    assert_eq!((reply.decision, reply.intents[0].id.as_str()), (DecisionKind::Answer, "gift_wrap"));
    assert!(reply.answer.unwrap().text.contains("备注") && reply.catalogue.ends_with("#2"));
    // Whichever way the files came to be what they are.
    let fresh = Engine::open(place.config()).unwrap();
    for text in
        ["有礼盒包装吗", "贺卡可以代写吗", "到新疆运费多少", "怎么还没发货", "have you got it in red", "天气真好"]
    {
        assert_eq!(lasting(&live.engine(), text), lasting(&fresh, text), "{text}");
    }

    // Each is nearly what a test of `stock` says.
    let stolen = "    - 这款有没有现货呀\n    - 这款现货还有吗\n    - 红色的几时能补货\n    - 红色什么时候补货呢
    - 为什么商品下架了呀\n    - 这个商品怎么下架了\n    - 每人限购多少件\n    - 一个人限购多少件呢\n";
    let (head, rest) = GIFT_WRAP.split_once("    - 可以").unwrap();
    let (_, tail) = rest.split_once("礼品包装\n  en").unwrap();
    let thief = format!("{head}{stolen}  en{}", tail.split_once("tests:").unwrap().0);
    let thief = thief.replace("gift_wrap", "arrival").replace("礼品包装, en: Gift wrapping", "到货, en: Arrival");
    place.write("intents/arrival.yaml", &thief.replace("do you offer gift wrapping", "has it arrived in red"));
    let rejection = rejected(live.reload(Tests::Run));
    assert!(rejection.failures.iter().any(|failure| failure.intent == "stock"), "{rejection:?}");
    assert!(rejection.failures.iter().any(|failure| failure.problems[0].got == "arrival"), "{rejection:?}");
    assert_eq!(live.status().generation, 2);
}
