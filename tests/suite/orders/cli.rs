//! `triage orders`, and the sources that the configuration names.

use std::sync::Arc;

use futures_util::FutureExt;
use jiff::Timestamp;
use triage::config::Config;
use triage::orders::{Seen, Viewer};
use triage::sources::{self, OpenError};

use crate::Workplace;
use crate::cli::run;

const CSV: &str = "number,customer,phone_last4,state,placed_at,items,total,tracking
202611210007,u-12,13800003306,dispatched,2026-11-21 10:02:00,QH-1001*1@399.00,349.00,SF1390021457788
202611210008,u-13,0000,geheim,2026-11-21 10:02:00,,1,
";

#[test]
fn orders_are_imported_counted_and_shown_without_a_phone() {
    let place = Workplace::without_intents();
    place.write("orders.csv", CSV);
    let file = place.path("orders.csv");
    let import = ["orders", "import", file.to_str().unwrap()];
    let ran = run(&place.config(), &import, b"");
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("orders.csv:3: `state` must be one of awaiting_payment"), "{}", ran.out);
    assert!(ran.out.contains("1 imported, 1 bad in ") && ran.out.contains("the table holds 1\n"), "{}", ran.out);
    assert!(ran.err.contains("kind: table") && !(ran.out + &ran.err).contains("geheim"));
    place.edit("config/triage.yaml", "kind: demo                   # or `table`", "kind: table # or `table`");
    let ran = run(&place.config(), &[&import[..], &["--json"]].concat(), b"");
    let json = ran.json();
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    assert_eq!((&json["imported"], &json["bad"], &json["orders"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!((&json["problems"][0]["line"], &json["problems"][0]["field"]), (&3.into(), &"state".into()));

    let ran = run(&place.config(), &["orders", "count"], b"");
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "1\n"));
    let ran = run(&place.config(), &["orders", "show", "sf1390021457788"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    for line in ["number: 202611210007\n", "state: dispatched\n", "has_phone: true\n", "total: 349\n"] {
        assert!(ran.out.contains(line), "{}", ran.out);
    }
    assert!(!ran.out.contains("3306"), "{}", ran.out);
    let ran = run(&place.config(), &["orders", "show", "202611210007", "--json"], b"");
    assert_eq!(ran.json()["items"][0]["product"], "QH-1001");
    assert!(!ran.out.contains("3306"), "{}", ran.out);
    let ran = run(&place.config(), &["orders", "show", "202611219999"], b"");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "there is no such order\n"));
}

#[test]
fn what_cannot_be_imported_says_why() {
    let place = Workplace::without_intents();
    for (name, content, part) in [
        ("orders.txt", "", ".csv or .jsonl"),
        ("orders.csv", "nummer,state\n", "allowed: number, customer"),
        ("gone.csv", "", "cannot read"),
    ] {
        if name != "gone.csv" {
            place.write(name, content);
        }
        let ran = run(&place.config(), &["orders", "import", place.path(name).to_str().unwrap()], b"");
        assert_eq!(ran.code, Some(2), "{name}");
        assert!(ran.err.contains(part), "{}", ran.err);
    }
}

#[test]
fn the_demo_is_guarded_like_any_shop() {
    let config = Config::read(&crate::shipped("config/triage.yaml")).unwrap();
    let now: Timestamp = "2026-11-23T12:00:00+08:00".parse().unwrap();
    let data = sources::open_at(&config, &[], Arc::new(move || now)).unwrap().orders.unwrap();
    let see = |viewer| data.see("202605260001", viewer, now).wait().now_or_never().unwrap().unwrap();
    assert_eq!(see(Viewer::default()), Seen::NeedsProof);
    assert!(matches!(see(Viewer { digits: Some("0000"), ..Viewer::default() }), Seen::Wrong { .. }));
    for viewer in
        [Viewer { digits: Some("3306"), ..Viewer::default() }, Viewer { customer: Some("demo"), ..Viewer::default() }]
    {
        let Seen::Order(order, _) = see(viewer) else { panic!("{viewer:?}") };
        assert_eq!(order.expected_on.unwrap().to_string(), "2026-11-24", "tomorrow");
    }
    assert_eq!(data.own("demo").wait().now_or_never().unwrap().unwrap().len(), 2);
}

#[test]
fn a_source_that_cannot_be_opened_says_why() {
    let place = Workplace::without_intents();
    let open = || sources::open(&Config::read(&place.config()).unwrap(), &[]).err().unwrap();
    place.edit("config/demo_orders.yaml", "placed: 2d 3h ago", "placed: lately");
    let OpenError::Findings(findings) = open() else { panic!("not told of") };
    assert!(findings.to_string().contains("demo_orders.yaml:11:"), "{findings}");
    place.edit("config/triage.yaml", "kind: demo                   # or `table`", "kind: table # or `table`");
    place.write("data", "a file where a folder is needed");
    assert!(open().to_string().contains("see `orders.path`"));
}
