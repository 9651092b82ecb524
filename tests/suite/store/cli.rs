//! `triage backup` and `triage forget`, beside a service that has the store open.

use triage::store::{Change, Conversations, Sqlite, Tickets};

use super::{asked, at, handed_over, keep, quick, waiting};
use crate::Workplace;
use crate::cli::run;

/// A store with one ticket of each of these customers, where the configuration says.
fn store(place: &Workplace, customers: &[&str]) -> Sqlite {
    let store = Sqlite::open(&place.path("data/triage.db"), quick()).unwrap();
    for customer in customers {
        let mut ticket = waiting(&format!("t-{customer}"), &format!("c-{customer}"), 0);
        ticket.customer_id = Some((*customer).into());
        let turns = vec![asked(&ticket.conversation_id, 0)];
        keep(&store, Change { turns, ..handed_over(ticket) });
    }
    store
}

#[test]
fn backup_while_the_store_is_open() {
    let place = Workplace::without_intents();
    let open = store(&place, &["u-5"]);
    let copy = place.path("copy.db");
    let arguments = ["backup", copy.to_str().unwrap()];
    let ran = run(&place.config(), &arguments, b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.starts_with("wrote ") && ran.out.contains("copy.db"), "{}", ran.out);
    let again = run(&place.config(), &arguments, b"");
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("a backup never replaces a file"), "{}", again.err);
    std::fs::remove_file(&copy).unwrap();
    let ran = run(&place.config(), &["backup", copy.to_str().unwrap(), "--json"], b"");
    assert_eq!(ran.json()["bytes"], std::fs::metadata(&copy).unwrap().len());
    // A restore is the copy in the place of the file.
    drop(open);
    std::fs::copy(&copy, place.path("data/triage.db")).unwrap();
    assert!(store(&place, &[]).ticket("t-u-5").unwrap().is_some());
}

#[test]
fn forget_while_the_store_is_open() {
    let place = Workplace::without_intents();
    let open = store(&place, &["u-5", "u-6", "u-7", "u-9"]);
    let asks = run(&place.config(), &["forget", "u-5"], b"y\n");
    assert_eq!(asks.code, Some(2));
    assert!(asks.err.contains("standard input is no terminal; add `--yes`"), "{}", asks.err);
    assert!(open.ticket("t-u-5").unwrap().is_some());

    let ran = run(&place.config(), &["forget", "u-5", "--yes"], b"");
    let says = "removed: 1 conversation, 1 turn, 1 ticket, 0 events, 0 orders\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), says, ""));
    assert!(open.ticket("t-u-5").unwrap().is_none() && open.conversation("c-u-5").unwrap().is_none());
    let ran = run(&place.config(), &["forget", "u-6", "u-9", "u-4", "--yes", "--json", "--quick"], b"");
    assert_eq!(
        ran.json(),
        serde_json::json!({ "conversations": 2, "turns": 2, "tickets": 2, "events": 0, "orders": 0 })
    );
    let ran = run(&place.config(), &["forget", "u-8", "--yes"], b"");
    let nothing = "removed: 0 conversations, 0 turns, 0 tickets, 0 events, 0 orders\n";
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), nothing));
    assert_eq!(open.tickets_of("u-7", at(-9)).unwrap().len(), 1);
}

/// The table is a copy too, and nothing else ever leaves it.
#[test]
fn forget_reaches_imported_orders() {
    let place = Workplace::without_intents();
    place.write(
        "orders.csv",
        "number,customer,state,placed_at,total,region
202611210007,u-5,paid,2026-11-21 10:02:00,349,浙江杭州
202611210008,u-5,paid,2026-11-21 10:03:00,20,浙江杭州
202611210009,u-6,paid,2026-11-21 10:04:00,20,上海
",
    );
    let file = place.path("orders.csv");
    assert_eq!(run(&place.config(), &["orders", "import", file.to_str().unwrap()], b"").code, Some(0));
    // No store yet: nothing is half done.
    let ran = run(&place.config(), &["forget", "u-5", "--yes"], b"");
    assert_eq!((ran.code, ran.err.contains("there is no store at `")), (Some(2), true), "{}", ran.err);
    place.edit("config/triage.yaml", "path: ../data/triage.db", "path: off");
    let ran = run(&place.config(), &["forget", "u-5", "u-7", "--yes"], b"");
    let says = "removed: 0 conversations, 0 turns, 0 tickets, 0 events, 2 orders\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), says, ""));
    assert_eq!(run(&place.config(), &["orders", "count"], b"").out, "1\n");
    let left = crate::names(&place.path("data")).into_iter().filter(|name| name.starts_with("orders.db"));
    for name in left {
        let bytes = std::fs::read(place.path("data").join(&name)).unwrap();
        let holds = |part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
        assert!(!holds("u-5") && !holds("202611210007") && !holds("浙江杭州"), "{name}");
    }
}

#[test]
fn without_a_store() {
    let place = Workplace::without_intents();
    for arguments in [&["backup", "copy.db"][..], &["forget", "u-5", "--yes"]] {
        let ran = run(&place.config(), arguments, b"");
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains("there is no store at `"), "{}", ran.err);
    }
    assert!(!place.path("data").exists(), "looking makes nothing");
    place.edit("config/triage.yaml", "path: ../data/triage.db", "path: off");
    for arguments in [&["backup", "copy.db"][..], &["forget", "u-5", "--yes"]] {
        let ran = run(&place.config(), arguments, b"");
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains("`store.path` is `off`"), "{}", ran.err);
    }
}
