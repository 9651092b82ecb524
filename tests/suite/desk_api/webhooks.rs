//! `/v1/webhooks`: what waits, what was given up, and trying that again.

use serde_json::{Value, json};
use triage::store::Change;
use triage::ticket::EventKind;

use super::{Api, lasting};
use crate::store::{at, handed_over, happened, waiting};

/// An event for each ticket and endpoint, of which those to `crm` and `bi` were given up.
async fn prepare(api: &Api) {
    for number in 1..=3 {
        let ticket = waiting(&format!("t-{number}"), &format!("c-{number}"), 0);
        let events = vec![happened(&ticket, EventKind::Created, at(number), &["crm", "bi", "desk"])];
        api.keep([Change { events, ..handed_over(ticket) }]).await;
    }
    for delivery in api.store.lease(at(10), at(20), 99).unwrap().iter().filter(|one| one.endpoint != "desk") {
        api.store.failed(delivery, "status 500", None).unwrap();
    }
}

async fn dead(api: &Api, query: &str) -> (Vec<u64>, Value) {
    let page = api.get(&format!("/v1/webhooks/dead{query}")).await;
    let sequences = page["items"].as_array().unwrap().iter().map(|one| one["sequence"].as_u64().unwrap());
    (sequences.collect(), page["next"].clone())
}

#[tokio::test]
async fn what_was_given_up_is_listed() {
    let api = Api::new();
    assert_eq!(api.get("/v1/webhooks").await, json!({"waiting": 0, "oldest": null}));
    assert_eq!(dead(&api, "").await, (vec![], Value::Null));
    prepare(&api).await;
    assert_eq!(api.get("/v1/webhooks").await, json!({"waiting": 3, "oldest": "2026-05-26T02:00:01Z"}));
    insta::assert_json_snapshot!("dead", lasting(&api.get("/v1/webhooks/dead?limit=1").await));
    let (all, next) = dead(&api, "").await;
    assert_eq!((all.len(), next), (6, Value::Null));
    for limit in 1..=6 {
        let (mut found, mut next) = dead(&api, &format!("?limit={limit}")).await;
        while let Some(after) = next.as_u64() {
            let (more, following) = dead(&api, &format!("?limit={limit}&after={after}")).await;
            assert!(!more.is_empty());
            found.extend(more);
            next = following;
        }
        assert_eq!(found, all, "{limit} at a time");
    }
}

#[tokio::test]
async fn what_was_given_up_is_tried_again() {
    let api = Api::new();
    prepare(&api).await;
    api.pass(100);
    let replay = async |what: Value| api.post("/v1/webhooks/replay", what).await["replayed"].clone();
    let (all, _) = dead(&api, "").await;
    assert_eq!(replay(json!({"sequence": all[0]})).await, 1);
    assert_eq!(replay(json!({"sequence": all[0]})).await, 0, "it is on its way");
    assert_eq!(dead(&api, "").await.0, all[1..]);
    assert_eq!(replay(json!({"endpoint": "nobody"})).await, 0);
    let of_bi = replay(json!({"endpoint": "bi"})).await.as_u64().unwrap();
    assert_eq!(dead(&api, "").await.0.len() as u64, 5 - of_bi);
    assert_eq!(replay(json!({})).await, 5 - of_bi);
    assert_eq!(api.get("/v1/webhooks").await["waiting"], 9);
}
