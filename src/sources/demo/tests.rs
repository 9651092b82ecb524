use std::sync::Arc;

use futures_util::FutureExt;

use super::*;

const NOW: &str = "2026-11-23T12:00:00+08:00";

fn read(path: &Path) -> Result<Demo, OpenError> {
    let now: Timestamp = NOW.parse().unwrap();
    Demo::read(path, TimeZone::get("Asia/Shanghai").unwrap(), Arc::new(move || now))
}

fn found<T: Send + 'static>(lookup: Lookup<T>) -> T {
    lookup.wait().now_or_never().expect("known at once").unwrap()
}

#[test]
fn the_shipped_orders_are_alive() {
    let demo = read(Path::new("config/demo_orders.yaml")).unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let first = found(demo.by_number("202605260001")).unwrap();
    assert_eq!(found(demo.by_number("SF1390021457001")).unwrap(), first);
    assert_eq!(first.customer.as_deref(), Some("demo"));
    assert_eq!(first.phone_last4.as_deref(), Some("3306"));
    assert_eq!(first.dispatched_at.unwrap().to_string(), "2026-11-22T04:00:00Z", "yesterday");
    assert_eq!(first.expected_on.unwrap().to_string(), "2026-11-24", "tomorrow");
    let open = |customer: &str| found(demo.of_customer(customer)).iter().filter(|order| order.state.is_open()).count();
    assert_eq!((open("demo"), open("demo2"), open("nobody")), (1, 3, 0));
    let orders: Vec<&Order> = demo.orders.iter().map(|(order, _)| order).collect();
    for state in OrderState::ALL {
        assert!(orders.iter().any(|order| order.state == state), "{state:?}");
    }
    let told: Vec<Order> = demo.orders.iter().map(|(order, _)| found(demo.by_number(&order.number)).unwrap()).collect();
    let today = now.to_zoned(demo.zone.clone()).date();
    let is_late = |order: &&Order| order.state == OrderState::Dispatched && order.expected_on.unwrap() < today;
    assert_eq!(told.iter().filter(is_late).count(), 1);
    assert!(
        told.iter().any(|order| matches!(&order.after_sales, Some(case) if case.step == AfterSalesStep::Refunding))
    );
    for order in &told {
        let times = [Some(order.placed_at), order.paid_at, order.dispatched_at, order.delivered_at];
        let times: Vec<Timestamp> = times.into_iter().flatten().collect();
        assert!(times.is_sorted() && times.iter().all(|at| *at < now), "{}: {times:?}", order.number);
        assert!(order.customer.as_deref().unwrap().starts_with("demo"), "{}", order.number);
    }
}

#[test]
fn every_problem_has_its_line() {
    let good = "customer: demo, state: paid, total: '1'";
    for (order, line, code, part) in [
        (format!("number: '1234', {good}, placed: yesterday"), 3, "bad-span", "2d 3h ago"),
        (format!("number: '1234', {good}, placed: 1h ago, paid: soon"), 3, "bad-span", "`soon`"),
        (format!("number: '1', {good}, placed: 1h ago"), 3, "bad-order", "`number` must have"),
        (format!("number: '1000', {good}, placed: 1h ago"), 3, "duplicate-number", "in line 2"),
        (format!("number: '1234', {good}, placed_at: 1h ago"), 3, "unknown-key", "placed"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.yaml");
        let text = format!("orders:\n  - {{ number: '1000', {good}, placed: 1h ago }}\n  - {{ {order} }}\n");
        std::fs::write(&path, text).unwrap();
        let Err(OpenError::Findings(findings)) = read(&path) else { panic!("{order} is taken") };
        let finding = findings.iter().find(|finding| finding.code == code).unwrap_or_else(|| panic!("{findings}"));
        assert_eq!(finding.place.line, line, "{findings}");
        assert!(finding.message.contains(part), "{findings}");
    }
    assert!(matches!(read(Path::new("config/none.yaml")), Err(OpenError::Findings(_))));
}
