//! Text Embeddings Inference: `/predict`.

use axum::http::{Request, StatusCode};
use serde_json::{Value, json as of};

use super::{app, curl, hurried, json, narrow, recorded};
use crate::http::{get, post, send};

const INTENTS: &str = "/predict";
const EMOTIONS: &str = "/emotion/predict";

async fn predict(path: &str, body: Value) -> Value {
    let answered = send(app(), json(path, &body)).await;
    assert_eq!(answered.status, StatusCode::OK, "{body}: {}", answered.body);
    answered.body
}

/// Label and score of each.
fn labels(predictions: &Value) -> Vec<(String, f64)> {
    let each = predictions.as_array().unwrap().iter();
    each.map(|label| (label["label"].as_str().unwrap().to_owned(), label["score"].as_f64().unwrap())).collect()
}

fn score(predictions: &Value, label: &str) -> f64 {
    labels(predictions).into_iter().find(|(name, _)| name == label).unwrap_or_else(|| panic!("no {label}")).1
}

#[tokio::test]
async fn a_recorded_batch() {
    for path in [INTENTS, EMOTIONS] {
        let batch = predict(path, recorded("tei_predict.json")).await;
        let texts = ["到新疆运费多少", "等好几天了，太让人失望了"];
        assert_eq!(batch.as_array().unwrap().len(), 2);
        for (item, text) in batch.as_array().unwrap().iter().zip(texts) {
            let alone = predict(path, of!({"inputs": text})).await;
            assert_eq!(*item, alone, "{text}: an item of a batch is what it is alone");
            assert_eq!(predict(path, of!({"inputs": [text]})).await, alone, "a list of one text is that text");
            let scores: Vec<f64> = labels(item).into_iter().map(|(_, score)| score).collect();
            assert!(scores.is_sorted_by(|a, b| a >= b), "{text}: {item}");
        }
    }
}

#[tokio::test]
async fn intents_are_those_of_the_catalogue_with_the_probability_of_none() {
    for text in ["到新疆运费多少", "量子色动力学里的夸克禁闭", "不是，我问的是退货", "😀"]
    {
        let predicted = predict(INTENTS, of!({"inputs": text})).await;
        let triage = send(app(), json("/v1/triage", &of!({"text": text}))).await.body;
        for intent in triage["intents"].as_array().unwrap() {
            let told = score(&predicted, intent["id"].as_str().unwrap());
            assert!((told - intent["score"].as_f64().unwrap()).abs() < 1e-6, "{text}: {intent} and {told}");
        }
        let none = triage["out_of_scope"].as_f64().unwrap();
        assert!((score(&predicted, "other") - none).abs() < 1e-6, "{text}");
        assert_eq!(labels(&predicted).len(), crate::ENGINE.catalogue().intents().len() + 1);
    }
}

#[tokio::test]
async fn emotions_sum_to_one() {
    let predicted = predict(EMOTIONS, of!({"inputs": "垃圾店铺，气死我了！！"})).await;
    let all = labels(&predicted);
    assert_eq!((all.len(), all[0].0.as_str()), (5, "anger"), "{predicted}");
    assert!((all.iter().map(|(_, score)| score).sum::<f64>() - 1.0).abs() < 1e-4);
}

#[tokio::test]
async fn raw_scores_are_log_odds_and_logarithms() {
    let text = "到新疆运费多少，等好几天了";
    for (path, raw_of) in [(INTENTS, (|p: f64| (p / (1.0 - p)).ln()) as fn(f64) -> f64), (EMOTIONS, f64::ln)] {
        let plain = predict(path, of!({"inputs": text})).await;
        let raw = predict(path, of!({"inputs": text, "raw_scores": true})).await;
        let names = |predictions: &Value| labels(predictions).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(&raw)[0], names(&plain)[0]);
        for (name, probability) in labels(&plain).into_iter().filter(|(_, p)| (1e-4..0.99).contains(p)) {
            let told = score(&raw, &name);
            assert!((told - raw_of(probability)).abs() < 0.02, "{path} {name}: {probability} and {told}");
        }
        assert!(labels(&raw).iter().all(|(_, score)| score.is_finite()));
    }
}

#[tokio::test]
async fn what_is_too_long_is_cut_at_the_end_that_is_said() {
    let (calm, angry) = ("请问这款杯子有几种颜色可以选呢，", "垃圾店铺，骗子，气死我了！！！");
    let text = [calm.repeat(30), angry.repeat(30)].concat();
    let anger = |body: Value| async move { score(&predict(EMOTIONS, body).await, "anger") };
    let left = anger(of!({"inputs": text, "truncation_direction": "left"})).await;
    for same in [of!({"inputs": text}), of!({"inputs": text, "truncation_direction": "Right", "truncate": true})] {
        let right = anger(same).await;
        assert!(left > right + 0.2, "the angry end is read only if the left is cut off: {left} and {right}");
    }
    let refused = send(app(), json(EMOTIONS, &of!({"inputs": text, "truncate": false}))).await;
    assert_eq!(refused.status.as_u16(), 422);
    let error = "`inputs` must have at most 128 tokens; `truncate` cuts what is longer";
    assert_eq!(refused.body, of!({"error": error, "error_type": "validation"}));
    let short = predict(EMOTIONS, of!({"inputs": "有几种颜色", "truncate": false})).await;
    assert_eq!(short, predict(EMOTIONS, of!({"inputs": "有几种颜色"})).await);
    // Longer than any message may be.
    assert!(score(&predict(INTENTS, of!({"inputs": "运费".repeat(5_000)})).await, "shipping_fee") > 0.0);
}

/// What is refused, with status, error type and words.
#[tokio::test]
async fn traps_and_refusals() {
    let pair = "`inputs`: a flat list is a pair of texts, which is not classified here; a batch is [[\"a\"], [\"b\"]]";
    let kind = "`inputs`: expected a string, or a batch such as [[\"a\"], [\"b\"]]";
    let long = vec![of!(["hi"]); 33];
    let flat = vec![of!("hi"); 33];
    for (what, request, status, kind, says) in [
        ("a pair", json(INTENTS, &of!({"inputs": ["a", "b"]})), 422, "validation", pair),
        ("more than a pair", json(INTENTS, &of!({"inputs": flat})), 422, "validation", pair),
        ("mixed", json(INTENTS, &of!({"inputs": [["a"], "b"]})), 422, "validation", pair),
        ("mixed, too", json(INTENTS, &of!({"inputs": ["a", ["b"]]})), 422, "validation", pair),
        (
            "a pair in a batch",
            json(INTENTS, &of!({"inputs": [["a"], ["a", "b"]]})),
            422,
            "validation",
            "`inputs[1]`: a flat list is a pair of texts, ",
        ),
        ("nothing", json(INTENTS, &of!({"inputs": ""})), 400, "empty", "`inputs` is empty"),
        ("no item", json(INTENTS, &of!({"inputs": []})), 400, "empty", "`inputs` is empty"),
        ("an empty item", json(INTENTS, &of!({"inputs": [["a"], []]})), 400, "empty", "`inputs[1]` is empty"),
        ("an empty text", json(INTENTS, &of!({"inputs": [["a"], [" "]]})), 400, "empty", "`inputs[1]` is empty"),
        (
            "33",
            json(INTENTS, &of!({"inputs": long})),
            413,
            "validation",
            "batch size 33 > maximum allowed batch size 32",
        ),
        ("a number", json(INTENTS, &of!({"inputs": 7})), 422, "validation", kind),
        ("tokens", json(INTENTS, &of!({"inputs": [[1, 2]]})), 422, "validation", kind),
        ("left out", json(INTENTS, &of!({"text": "a"})), 422, "validation", "body: missing field `inputs`"),
        (
            "a direction",
            json(INTENTS, &of!({"inputs": "a", "truncation_direction": "up"})),
            422,
            "validation",
            "`truncation_direction`: unknown value; allowed: ",
        ),
        (
            "too long",
            json(INTENTS, &of!({"inputs": "好".repeat(8_001), "truncate": false})),
            422,
            "validation",
            "`inputs`: text has 8001 characters, at most 8000 are allowed",
        ),
        ("no JSON", post(INTENTS, "{"), 400, "validation", "body is not JSON: "),
        ("undeclared", curl(INTENTS, "{}"), 415, "validation", "`content-type` must be `application/json`"),
        ("too large", post(EMOTIONS, " ".repeat(1024 * 1024 + 1)), 413, "validation", "body is too large"),
        ("a method", get(EMOTIONS), 405, "validation", "this path does not take this method"),
    ] {
        let answered = send(app(), request).await;
        let body = answered.body.as_object().unwrap();
        assert_eq!(body.keys().collect::<Vec<_>>(), ["error", "error_type"], "{what}");
        assert_eq!((answered.status.as_u16(), &body["error_type"]), (status, &of!(kind)), "{what}: {body:?}");
        assert!(body["error"].as_str().unwrap().starts_with(says), "{what}: {body:?}");
        assert!(answered.headers.contains_key("x-request-id"), "{what}");
    }
}

/// A batch, even of one, is refused where a single text is.
#[tokio::test]
async fn nothing_passes_by_the_queue() {
    for inputs in [of!("hi"), of!(["hi"]), of!([["hi"]]), of!([["hi"], ["ho"]])] {
        let answered = send(hurried(), json(INTENTS, &of!({"inputs": inputs}))).await;
        assert_eq!((answered.status.as_u16(), &answered.body["error_type"]), (429, &of!("overloaded")), "{inputs}");
        assert!(["1", "2", "3"].contains(&answered.headers["retry-after"].to_str().unwrap()));
    }
    // One place in the queue: a batch does not need more than its share.
    let batch = of!({"inputs": vec![of!(["运费多少"]); 32]});
    let answered = send(narrow(), json(INTENTS, &batch)).await;
    assert_eq!((answered.status.as_u16(), answered.body.as_array().map(Vec::len)), (200, Some(32)));
}

#[tokio::test]
async fn headers_tell_what_it_took() {
    let texts = ["到新疆运费多少", "😀hi"];
    let answered = send(app(), json(INTENTS, &of!({"inputs": [[texts[0]], [texts[1]]]}))).await;
    let header = |name: &str| answered.headers[name].to_str().unwrap().to_owned();
    let number = |name: &str| header(name).parse::<u64>().unwrap_or_else(|_| panic!("{name}: {}", header(name)));
    assert_eq!(header("x-compute-type"), "cpu");
    assert_eq!(number("x-compute-characters"), 10);
    assert!((2..=20).contains(&number("x-compute-tokens")), "{}", number("x-compute-tokens"));
    let total = number("x-total-time");
    assert_eq!(number("x-compute-time"), total);
    for part in ["x-tokenization-time", "x-queue-time", "x-inference-time"] {
        assert!(number(part) <= total, "{part}: {} of {total}", number(part));
    }
}

#[tokio::test]
async fn what_is_served() {
    let mut info = send(app(), get("/info")).await.body;
    let triage = send(app(), json("/v1/triage", &of!({"text": "你好"}))).await.body;
    assert_eq!(info["model_id"], triage["model"]);
    let labels = &info["model_type"]["classifier"];
    let of_ids = labels["id2label"].as_object().unwrap();
    assert!(of_ids.iter().all(|(id, label)| labels["label2id"][label.as_str().unwrap()].as_u64() == id.parse().ok()));
    assert_eq!(of_ids.len(), crate::ENGINE.catalogue().intents().len() + 1);
    assert_eq!(of_ids.values().next_back(), Some(&of!("other")));
    // What changes with every edit and release.
    for passing in ["model_id", "model_sha", "version", "model_type"] {
        info[passing] = of!(format!("[{passing}]"));
    }
    insta::assert_json_snapshot!("tei_info", info);
    let emotions = send(app(), get("/emotion/info")).await.body;
    let emotions = emotions["model_type"]["classifier"]["id2label"].as_object().unwrap().values().cloned();
    assert_eq!(emotions.collect::<Vec<_>>(), ["neutral", "positive", "anxiety", "disappointment", "anger"]);
    for path in ["/health", "/emotion/health"] {
        assert_eq!(send(app(), Request::get(path).body(Default::default()).unwrap()).await.status, StatusCode::OK);
    }
}
