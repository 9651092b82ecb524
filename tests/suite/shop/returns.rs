//! What may go back, until when and at whose cost; what falls in price; and when money is there.

use jiff::SignedDuration;
use proptest::prelude::*;
use triage::catalogue::{Catalogue, Sources};
use triage::orders::{AfterSales as Case, AfterSalesStep, Claim, Item, Lacking, Order, OrderState, Verdict};
use triage::shop::{Freight, Protection, Reason, Returns};

use super::{at, case, day, item, order, shop, stamp, yuan};
use crate::{replace_once, shipped};

fn returns() -> &'static Returns {
    &shop().returns
}

/// A verdict in a few words.
fn told(verdict: &Verdict<'_>) -> String {
    let short = |day: &jiff::civil::Date| day.strftime("%m-%d").to_string();
    match verdict {
        Verdict::Allowed { last_day, days_left, freight } => {
            let payer = if *freight == Freight::Shop { "shop" } else { "customer" };
            format!("yes until {}, {days_left} left, {payer} pays", short(last_day))
        }
        Verdict::TooLate { last_day, days_over } => format!("over since {}, {days_over} days", short(last_day)),
        Verdict::Excepted(rule) => format!("except {}", rule.map_or("itself", |rule| &rule.category)),
        Verdict::AskOpened(rule) => format!("opened? {}", rule.category),
        Verdict::NotReceived { has_left: true } => "on its way".to_owned(),
        Verdict::NotReceived { has_left: false } => "not sent".to_owned(),
        Verdict::AlreadyUnderWay(case) => format!("case {:?}", case.as_ref().map(|case| case.step)),
        Verdict::Cancelled => "cancelled".to_owned(),
        Verdict::CannotTell(Lacking::Receipt) => "no receipt".to_owned(),
        Verdict::CannotTell(Lacking::Category) => "no category".to_owned(),
    }
}

fn received(category: &str, at: &str) -> Order {
    Order { delivered_at: stamp(at), ..order(OrderState::Delivered, Some(category)) }
}

fn claim(order: &Order, reason: Reason, opened: Option<bool>) -> Claim<'_> {
    Claim { item: &order.items[0], reason, opened, member: None, category: None, returnable: None }
}

#[test]
fn seven_days_after_the_day_of_receipt() {
    for (receipt, today, verdict) in [
        ("2026-11-16T15:00", "2026-11-16T16:00", "yes until 11-23, 7 left, customer pays"),
        ("2026-11-16T15:00", "2026-11-22T10:00", "yes until 11-23, 1 left, customer pays"),
        ("2026-11-16T15:00", "2026-11-23T00:00", "yes until 11-23, 0 left, customer pays"),
        ("2026-11-16T00:00", "2026-11-23T23:59:59", "yes until 11-23, 0 left, customer pays"),
        ("2026-11-16T23:59:59", "2026-11-23T23:59:59", "yes until 11-23, 0 left, customer pays"),
        ("2026-11-16T23:59:59", "2026-11-24T00:00", "over since 11-23, 1 days"),
        ("2026-11-16T00:00", "2026-11-26T12:00", "over since 11-23, 3 days"),
        ("2026-11-28T10:00", "2026-12-05T23:00", "yes until 12-05, 0 left, customer pays"),
        ("2026-12-28T10:00", "2027-01-05T00:00", "over since 01-04, 1 days"),
    ] {
        let order = received("bedding", receipt);
        let wish = claim(&order, Reason::ChangeOfMind, None);
        assert_eq!(told(&order.may_return(&wish, returns(), &at(today))), verdict, "{receipt} {today}");
        let completed = Order { state: OrderState::Completed, ..order.clone() };
        assert_eq!(told(&completed.may_return(&wish, returns(), &at(today))), verdict, "{receipt} {today}");
    }
    let mut order = received("bedding", "2026-11-16T15:00");
    order.delivered_at = Some("2026-11-15T16:30:00Z".parse().unwrap());
    let verdict = order.may_return(&claim(&order, Reason::ChangeOfMind, None), returns(), &at("2026-11-23T20:00"));
    assert_eq!(told(&verdict), "yes until 11-23, 0 left, customer pays", "the day of receipt is that of the shop");
}

#[test]
fn categories_reasons_and_members() {
    use Reason::{ChangeOfMind, Damaged, Faulty, Wrong};
    let shop_pays = "yes until 11-23, 3 left, shop pays";
    let customer_pays = "yes until 11-23, 3 left, customer pays";
    for (category, reason, opened, member, verdict) in [
        ("bedding", ChangeOfMind, None, None, customer_pays),
        ("bedding", ChangeOfMind, Some(true), Some("gold"), customer_pays),
        ("bedding", ChangeOfMind, None, Some("diamond"), shop_pays),
        ("bedding", Faulty, None, None, shop_pays),
        ("intimate", ChangeOfMind, Some(false), Some("diamond"), "except intimate"),
        ("custom", ChangeOfMind, None, None, "except custom"),
        ("fresh", ChangeOfMind, None, None, "except fresh"),
        ("digital", ChangeOfMind, None, None, "opened? digital"),
        ("digital", ChangeOfMind, Some(true), None, "except digital"),
        ("digital", ChangeOfMind, Some(false), None, customer_pays),
        ("intimate", Faulty, Some(true), None, shop_pays),
        ("fresh", Damaged, None, None, shop_pays),
        ("custom", Wrong, None, None, shop_pays),
        ("digital", Faulty, Some(true), None, shop_pays),
        ("digital", Damaged, None, None, shop_pays),
        ("", Faulty, None, None, shop_pays),
        ("", ChangeOfMind, None, None, "no category"),
        ("toys", ChangeOfMind, None, None, "no category"),
    ] {
        let order = received(category, "2026-11-16T15:00");
        let wish = Claim { member, ..claim(&order, reason, opened) };
        let found = order.may_return(&wish, returns(), &at("2026-11-20T10:00"));
        assert_eq!(told(&found), verdict, "{category} {reason:?} {opened:?} {member:?}");
    }
}

#[test]
fn what_is_never_taken_back_is_told_first_and_nobody_is_asked_in_vain() {
    for (category, opened, verdict) in [
        ("intimate", None, "except intimate"),
        ("digital", None, "over since 11-23, 2 days"),
        ("digital", Some(true), "over since 11-23, 2 days"),
        ("bedding", None, "over since 11-23, 2 days"),
    ] {
        let order = received(category, "2026-11-16T15:00");
        let wish = claim(&order, Reason::ChangeOfMind, opened);
        assert_eq!(told(&order.may_return(&wish, returns(), &at("2026-11-25T10:00"))), verdict, "{category}");
    }
}

#[test]
fn a_products_own_rule_overrides_its_category() {
    for (category, returnable, verdict) in [
        ("bedding", Some(false), "except itself"),
        ("intimate", Some(true), "yes until 11-23, 3 left, customer pays"),
        ("digital", Some(true), "yes until 11-23, 3 left, customer pays"),
        ("", Some(true), "yes until 11-23, 3 left, customer pays"),
    ] {
        let order = received(category, "2026-11-16T15:00");
        let wish = Claim { returnable, ..claim(&order, Reason::ChangeOfMind, None) };
        assert_eq!(told(&order.may_return(&wish, returns(), &at("2026-11-20T10:00"))), verdict, "{category}");
    }
    for told_by_order in [None, Some("toys".to_owned())] {
        let mut order = received("", "2026-11-16T15:00");
        order.items[0].category = told_by_order;
        let wish = Claim { category: Some("fresh"), ..claim(&order, Reason::ChangeOfMind, None) };
        let verdict = order.may_return(&wish, returns(), &at("2026-11-20T10:00"));
        assert_eq!(told(&verdict), "except fresh", "the product's category, where the order tells none that is known");
    }
}

#[test]
fn where_an_order_stands_comes_first() {
    use AfterSalesStep::{Done, Refunding, Refused, Requested};
    use OrderState::{
        AfterSales, AwaitingDispatch, AwaitingPayment, Cancelled, Completed, Delivered, Dispatched, Paid,
    };
    let yes = "yes until 11-23, 3 left, customer pays";
    // The units are those of one item or of several.
    for (state, step, units, verdict) in [
        (AwaitingPayment, None, 1, "not sent"),
        (Paid, None, 1, "not sent"),
        (AwaitingDispatch, None, 1, "not sent"),
        (Dispatched, None, 1, "on its way"),
        (Cancelled, None, 1, "cancelled"),
        (Cancelled, Some(Done), 1, "cancelled"),
        (AfterSales, None, 1, "case None"),
        (AfterSales, Some(Refunding), 2, "case Some(Refunding)"),
        (AfterSales, Some(Done), 2, "case Some(Done)"),
        (Paid, Some(Requested), 1, "case Some(Requested)"),
        (Delivered, Some(Requested), 2, "case Some(Requested)"),
        (Delivered, Some(Done), 1, "case Some(Done)"),
        (Completed, Some(Refused), 1, "case Some(Refused)"),
        (Completed, Some(Done), 2, yes),
        (Delivered, Some(Refused), 2, yes),
    ] {
        let mut order = Order { state, ..received("bedding", "2026-11-16T15:00") };
        order.after_sales = step.and_then(case);
        order.items[0].quantity = units;
        let now = at("2026-11-20T10:00");
        let found = order.may_return(&claim(&order, Reason::ChangeOfMind, None), returns(), &now);
        assert_eq!(told(&found), verdict, "{state:?} {step:?} {units} of one");
        order.items = (0..units).map(|_| Item { quantity: 1, ..item(Some("bedding")) }).collect();
        let found = order.may_return(&claim(&order, Reason::ChangeOfMind, None), returns(), &now);
        assert_eq!(told(&found), verdict, "{state:?} {step:?} {units} items");
    }
    for (amount, verdict) in [("399", yes), ("798", "case Some(Done)")] {
        let mut order = Order { total: yuan("798"), ..received("bedding", "2026-11-16T15:00") };
        order.after_sales = case(Done).map(|case| Case { amount: Some(yuan(amount)), ..case });
        let found = order.may_return(&claim(&order, Reason::ChangeOfMind, None), returns(), &at("2026-11-20T10:00"));
        assert_eq!(told(&found), verdict, "{amount} of 798 came back");
    }
    let lost = order(Delivered, Some("bedding"));
    let verdict = lost.may_return(&claim(&lost, Reason::Faulty, None), returns(), &at("2026-11-20T10:00"));
    assert_eq!(told(&verdict), "no receipt");
}

#[test]
fn a_shop_may_give_more_days_for_faulty_goods() {
    let returns = Returns { faulty_days: 15, ..returns().clone() };
    let order = received("fresh", "2026-11-01T15:00");
    for (today, reason, verdict) in [
        ("2026-11-16T23:59", Reason::Faulty, "yes until 11-16, 0 left, shop pays"),
        ("2026-11-17T00:00", Reason::Damaged, "over since 11-16, 1 days"),
        ("2026-11-16T10:00", Reason::ChangeOfMind, "except fresh"),
    ] {
        let wish = claim(&order, reason, None);
        assert_eq!(told(&order.may_return(&wish, &returns, &at(today))), verdict, "{today} {reason:?}");
    }
}

#[test]
fn a_share_of_what_was_paid_comes_back_for_what_is_kept() {
    for (paid, back) in [("399", "119.70"), ("29.90", "8.97"), ("0.05", "0.01"), ("0.01", "0"), ("0", "0")] {
        assert_eq!(returns().keep_at_most(yuan(paid)), yuan(back), "{paid}");
    }
}

#[test]
fn prices_that_fell() {
    use OrderState::{AwaitingPayment, Cancelled, Completed, Delivered, Paid};
    let back = |last, days_left| Protection::Back {
        last_day: day(last),
        days_left,
        difference: yuan("50"),
        total: yuan("100"),
    };
    let not_cheaper = Protection::NotCheaper { last_day: day("2026-11-17"), days_left: 2 };
    let too_late = Protection::TooLate { last_day: day("2026-11-17"), days_over: 1 };
    for (state, price_now, today, expected) in [
        (Paid, "349", "2026-11-10T23:00", back("2026-11-17", 7)),
        (Delivered, "349", "2026-11-16T23:00", back("2026-11-17", 1)),
        (Delivered, "349", "2026-11-17T23:59:59", back("2026-11-17", 0)),
        (Completed, "349", "2026-11-18T00:00", too_late),
        (Delivered, "399", "2026-11-15T10:00", not_cheaper),
        (Delivered, "399.01", "2026-11-15T10:00", not_cheaper),
        (Cancelled, "349", "2026-11-15T10:00", Protection::Cancelled),
        (AwaitingPayment, "349", "2026-11-15T10:00", Protection::NotPaid),
    ] {
        let order = order(state, Some("bedding"));
        let rules = (returns(), &shop().promotions);
        let found = order.protection(&order.items[0], (yuan(price_now), "bedding"), rules, &at(today));
        assert_eq!(found, expected, "{state:?} {price_now} {today}");
    }
}

/// The rice cooker costs 249 from 10:00 to 12:00, from 14:00 to 16:00 and from 20:00 to 22:00.
#[test]
fn timed_offers_are_told_by_what_was_paid_and_when() {
    for (placed, paid, price_now, today, found) in [
        // Bought in the offer: whatever it costs now.
        ("2026-11-10T10:30", "249", "299", "2026-11-12T13:00", "timed"),
        ("2026-11-10T10:30", "249", "199", "2026-11-12T13:00", "timed"),
        // At that price, but outside of the offer's hours.
        ("2026-11-10T13:00", "249", "199", "2026-11-12T13:00", "back"),
        // In its hours, but dearer: the second unit, which the offer is not for.
        ("2026-11-10T10:30", "299", "279", "2026-11-12T13:00", "back"),
        // Only the offer that holds now is cheaper.
        ("2026-11-10T13:00", "299", "299", "2026-11-12T10:30", "timed"),
        ("2026-11-10T13:00", "299", "299", "2026-11-12T13:00", "not cheaper"),
        // The ordinary price fell, and there is an offer beside it.
        ("2026-11-10T13:00", "299", "279", "2026-11-12T10:30", "back"),
        // The offer holds for what was paid less than it asks, too; it is no drop.
        ("2026-11-10T13:00", "229", "299", "2026-11-12T10:30", "not cheaper"),
        // The days come first.
        ("2026-11-10T10:30", "249", "199", "2026-11-18T10:30", "too late"),
    ] {
        let mut order = Order { placed_at: at(placed).timestamp(), ..order(OrderState::Paid, Some("appliance")) };
        order.items[0] = Item { product: "qh-3001".to_owned(), price: yuan(paid), ..item(Some("appliance")) };
        let told = |returns: &Returns| {
            let rules = (returns, &shop().promotions);
            match order.protection(&order.items[0], (yuan(price_now), "appliance"), rules, &at(today)) {
                Protection::Back { .. } => "back",
                Protection::NotCheaper { .. } => "not cheaper",
                Protection::TooLate { .. } => "too late",
                Protection::Timed => "timed",
                Protection::NotPaid | Protection::Cancelled => "neither",
            }
        };
        assert_eq!(told(returns()), found, "{placed} {paid} {price_now} {today}");
        let mut lenient = returns().clone();
        lenient.protection.not_for_timed = false;
        assert_ne!(told(&lenient), "timed", "{placed} {paid} {price_now} {today}");
    }
}

#[test]
fn a_timed_offer_for_a_category_is_for_the_products_own_too() {
    let with_offer = |only: &str| {
        let shop = std::fs::read_to_string(shipped("config/shop.yaml")).unwrap();
        let edited = replace_once(&shop, "only: { products: [QH-3001] }", only);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.yaml");
        std::fs::write(&path, edited).unwrap();
        let sources = Sources::read(&shipped("intents"), &shipped("config/policy.yaml"), &path).unwrap();
        Catalogue::check(&sources).unwrap()
    };
    let catalogue = with_offer("only: { categories: [appliance] }");
    let promotions = &catalogue.shop().promotions;
    let morning = at("2026-11-12T10:30").datetime();
    for (categories, price) in [
        (&["", "appliance"][..], Some(yuan("249"))),
        (&["appliance", "kitchen"], Some(yuan("249"))),
        (&["", "kitchen"], None),
    ] {
        assert_eq!(promotions.timed_price("X-1", categories, morning), price, "{categories:?}");
        assert_eq!(promotions.timed_price("X-1", categories, at("2026-11-12T12:00").datetime()), None);
    }
}

#[test]
fn refunds_are_counted_in_working_days() {
    for (approved, paid_by, from, until) in [
        ("2026-11-23T00:00", "2026-11-26", "2026-11-27", "2026-12-07"),
        ("2026-11-20T23:59", "2026-11-25", "2026-11-26", "2026-12-04"),
        ("2026-11-21T10:00", "2026-11-25", "2026-11-26", "2026-12-04"),
        ("2026-11-22T10:00", "2026-11-25", "2026-11-26", "2026-12-04"),
        ("2026-11-24T10:00", "2026-11-27", "2026-11-30", "2026-12-08"),
        // Over the Spring Festival.
        ("2027-02-01T10:00", "2027-02-04", "2027-02-12", "2027-02-22"),
        ("2027-02-03T10:00", "2027-02-15", "2027-02-16", "2027-02-24"),
        ("2027-02-05T10:00", "2027-02-16", "2027-02-17", "2027-02-25"),
        ("2027-02-11T10:00", "2027-02-16", "2027-02-17", "2027-02-25"),
    ] {
        let refund = returns().refund_by(&at(approved));
        let found = (refund.paid_by, refund.arrives.from, refund.arrives.until);
        assert_eq!(found, (day(paid_by), day(from), day(until)), "{approved}");
    }
}

fn any_state() -> impl Strategy<Value = OrderState> {
    prop::sample::select(&OrderState::ALL[..])
}

fn any_reason() -> impl Strategy<Value = Reason> {
    prop::sample::select(vec![Reason::ChangeOfMind, Reason::Faulty, Reason::Wrong, Reason::Damaged])
}

proptest! {
    /// There is a verdict for everything; nothing goes back that has not arrived; what may go back is inside its days;
    /// and a fault of the shop is never worse for the customer than a change of mind.
    #[test]
    fn verdicts_are_total_and_kind(
        state in any_state(),
        reason in any_reason(),
        category in prop::sample::select(vec!["", "bedding", "intimate", "digital", "fresh", "custom", "toys"]),
        opened in any::<Option<bool>>(),
        returnable in any::<Option<bool>>(),
        minutes in prop::option::of(-60 * 24 * 3..60 * 24 * 10_i64),
    ) {
        let receipt = minutes.map(|minutes| &at("2026-11-16T00:00") + SignedDuration::from_mins(minutes));
        let delivered_at = receipt.as_ref().map(jiff::Zoned::timestamp);
        let order = Order { delivered_at, ..order(state, Some(category)) };
        let now = at("2026-11-26T12:00");
        let verdict = |reason| {
            let wish = Claim { returnable, ..claim(&order, reason, opened) };
            order.may_return(&wish, returns(), &now)
        };
        if let Verdict::Allowed { last_day, days_left, .. } = verdict(reason) {
            prop_assert!(matches!(state, OrderState::Delivered | OrderState::Completed));
            prop_assert!(now.date() <= last_day && days_left <= 7);
            prop_assert_eq!(days_left == 0, now.date() == last_day);
        }
        if matches!(verdict(Reason::ChangeOfMind), Verdict::Allowed { .. }) {
            let is_freight_free = matches!(verdict(Reason::Faulty), Verdict::Allowed { freight: Freight::Shop, .. });
            prop_assert!(is_freight_free);
        }
    }

    #[test]
    fn money_arrives_on_working_days_after_approval(minutes in 0..60 * 24 * 365_i64) {
        let approved = &at("2026-06-01T00:00") + SignedDuration::from_mins(minutes);
        let refund = returns().refund_by(&approved);
        prop_assert!(approved.date() < refund.paid_by && refund.paid_by < refund.arrives.from);
        prop_assert!(refund.arrives.from <= refund.arrives.until);
        for day in [refund.paid_by, refund.arrives.from, refund.arrives.until] {
            prop_assert!(day.weekday().to_monday_one_offset() <= 5 && returns().closed.on(day).is_none());
        }
        let later = returns().refund_by(&(&approved + SignedDuration::from_hours(24)));
        prop_assert!(refund.paid_by <= later.paid_by && refund.arrives.until <= later.arrives.until);
    }
}
