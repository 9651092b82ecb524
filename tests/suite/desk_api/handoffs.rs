//! `/v1/handoffs`: lists, and what people do with tickets.

use serde_json::{Value, json};
use triage::catalogue::Level;
use triage::store::TicketFilter;
use triage::ticket::{Ticket, TicketState, Urgency};

use super::{Api, ids};
use crate::http::{post, send};
use crate::store::{at, handed_over, waiting};

fn due(id: &str, seconds: i64) -> Ticket {
    Ticket { respond_due_at: at(seconds), ..waiting(id, &format!("c-{id}"), 0) }
}

fn upset(upset: f32, tier: Option<&str>, ticket: Ticket) -> Ticket {
    Ticket { urgency: Urgency { upset, tier: tier.map(str::to_owned) }, ..ticket }
}

fn taken(id: &str, agent: &str, opened: i64) -> Ticket {
    let (state, claimed_by) = (TicketState::Claimed, Some(agent.to_owned()));
    Ticket { state, claimed_by, ..waiting(id, &format!("c-{id}"), opened) }
}

fn closed(id: &str, state: TicketState, seconds: i64) -> Ticket {
    let claimed_by = Some("a-1".to_owned());
    Ticket { state, claimed_by, closed_at: Some(at(seconds)), ..waiting(id, &format!("c-{id}"), 0) }
}

async fn keep_all(api: &Api, tickets: impl IntoIterator<Item = Ticket>) {
    api.keep(tickets.into_iter().map(handed_over)).await;
}

/// Tickets in the order in which they are listed. An hour is 3,600 seconds; the policy moves upset customers and diamond
/// forward by one, gold by half of one.
fn in_order() -> Vec<Ticket> {
    let urgent = |ticket| Ticket { level: Level::Urgent, ..ticket };
    vec![
        urgent(due("urgent-early", 40_000)),
        urgent(due("urgent-late", 50_000)),
        upset(0.9, Some("diamond"), due("upset-diamond", 16_000)),
        due("earliest", 9_000),
        upset(0.9, None, due("upset", 13_000)),
        upset(0.3, Some("gold"), due("gold", 12_000)),
        due("old", 11_000),
        Ticket { created_at: at(5), ..due("young", 11_000) },
        upset(0.5, Some("silver"), due("last", 12_000)),
        taken("taken-first", "a-1", 1),
        taken("taken-later", "a-2", 2),
        closed("closed-last", TicketState::Resolved, 90),
        closed("closed-first", TicketState::ReturnedToBot, 80),
    ]
}

/// All pages of a list.
async fn pages(api: &Api, query: &str, limit: usize) -> Vec<String> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let page = api.get(&format!("/v1/handoffs?limit={limit}&after={after}{query}")).await;
        let items = ids(&page["items"]);
        assert!(items.len() == limit || page["next"].is_null(), "a page is full if another one follows");
        assert!(!items.is_empty() || after.is_empty(), "no page is empty but the first");
        all.extend(items.iter().map(|id| (*id).to_owned()));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return all,
        }
    }
}

#[tokio::test]
async fn urgent_ones_first_then_by_due_time_less_boosts() {
    let api = Api::new();
    let mut tickets = in_order();
    let order: Vec<String> = tickets.iter().map(|ticket| ticket.id.clone()).collect();
    tickets.reverse();
    keep_all(&api, tickets).await;
    let all = "&state=queued,claimed,resolved,returned_to_bot,expired";
    for limit in (1..=14).chain([200]) {
        assert_eq!(pages(&api, all, limit).await, order, "{limit} at a time");
        assert_eq!(pages(&api, "", limit).await, order[..11], "{limit} open ones at a time");
        assert_eq!(pages(&api, "&state=queued", limit).await, order[..9], "{limit} waiting ones at a time");
        assert_eq!(pages(&api, "&state=resolved&state=claimed", limit).await, order[9..12], "{limit} others at a time");
    }
}

#[tokio::test]
async fn a_long_queue_is_in_order_from_the_first_page_on() {
    let api = Api::new();
    // More than are read at a time; those opened last are due first.
    let ticket = |number| Ticket { created_at: at(number), ..due(&format!("t-{number:04}"), 90_000 - number) };
    keep_all(&api, (0..1200).map(ticket)).await;
    let listed = pages(&api, "", 200).await;
    let expected: Vec<String> = (0..1200).rev().map(|number| format!("t-{number:04}")).collect();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_page_goes_on_where_the_one_before_ended() {
    let api = Api::new();
    keep_all(&api, in_order()).await;
    let first = api.get("/v1/handoffs?limit=3").await;
    assert_eq!(ids(&first["items"]), ["urgent-early", "urgent-late", "upset-diamond"]);
    // Whoever was last on the page is taken meanwhile, and somebody new comes to the front.
    api.post("/v1/handoffs/upset-diamond/claim", json!({"agent": "a-7"})).await;
    keep_all(&api, [due("new", 100)]).await;
    let next = first["next"].as_str().unwrap();
    let second = api.get(&format!("/v1/handoffs?limit=2&after={next}")).await;
    assert_eq!(ids(&second["items"]), ["earliest", "upset"]);
}

#[tokio::test]
async fn filters() {
    let api = Api::new();
    let queue = |queue: &str, ticket: Ticket| Ticket { queue: queue.into(), ..ticket };
    let of = |customer: &str, ticket: Ticket| Ticket { customer_id: Some(customer.into()), ..ticket };
    keep_all(
        &api,
        [
            queue("logistics", due("t-1", 1)),
            of("u-5", Ticket { level: Level::Serious, ..due("t-2", 2) }),
            of("u,6", queue("finance", due("t-3", 3))),
            Ticket { level: Level::Suggestion, ..due("t-4", 4) },
            taken("x-1", "a-1", 1),
            of("u-5", taken("x-2", "a-2", 2)),
            queue("logistics", closed("y-1", TicketState::Resolved, 90)),
            closed("y-2", TicketState::Expired, 80),
        ],
    )
    .await;
    for (query, expected) in [
        ("", &["t-1", "t-2", "t-3", "t-4", "x-1", "x-2"][..]),
        ("state=queued", &["t-1", "t-2", "t-3", "t-4"]),
        ("state=claimed", &["x-1", "x-2"]),
        ("state=resolved", &["y-1"]),
        ("state=expired,resolved", &["y-1", "y-2"]),
        ("state=returned_to_bot", &[]),
        ("queue=logistics", &["t-1"]),
        ("queue=logistics&state=queued,resolved", &["t-1", "y-1"]),
        ("queue=logistics&queue=finance", &["t-1", "t-3"]),
        ("queue=logistics,finance", &["t-1", "t-3"]),
        ("queue=gone", &[]),
        ("level=serious", &["t-2"]),
        ("level=serious,suggestion", &["t-2", "t-4"]),
        ("level=urgent", &[]),
        ("customer=u-5", &["t-2", "x-2"]),
        ("customer=u%2C6", &["t-3"]),
        ("customer=u-5,u%2C6", &["t-2", "t-3", "x-2"]),
        ("agent=a-1", &["x-1"]),
        ("agent=a-1&agent=a-2", &["x-1", "x-2"]),
        ("agent=a-1&state=resolved,expired", &["y-1", "y-2"]),
        ("agent=a-2&customer=u-5&level=normal&queue=aftersales", &["x-2"]),
        ("state=&queue=&limit=2", &["t-1", "t-2"]),
    ] {
        let page = api.get(&format!("/v1/handoffs?{query}")).await;
        assert_eq!(ids(&page["items"]), expected, "{query}");
    }
}

#[tokio::test]
async fn lists_leave_out_what_is_long() {
    let api = Api::new();
    let ticket = api.hand_over("c-1").await;
    let page = api.get("/v1/handoffs").await;
    let packet = &page["items"][0]["packet"];
    assert_eq!((&packet["turns"], packet["summary"].as_str().is_some_and(|text| !text.is_empty())), (&json!([]), true));
    let whole = api.get(&format!("/v1/handoffs/{ticket}")).await;
    assert_eq!(whole["packet"]["turns"].as_array().unwrap().len(), 2, "{whole}");
}

/// What was said since the hand-off stands in the ticket, until it is closed.
#[tokio::test]
async fn a_ticket_grows_until_it_is_closed() {
    let api = Api::new();
    let ticket = api.hand_over("c-1").await;
    let texts = async || -> Vec<String> {
        let whole = api.get(&format!("/v1/handoffs/{ticket}")).await;
        let turns = whole["packet"]["turns"].as_array().unwrap();
        let customers = turns.iter().filter(|turn| turn["role"] != "bot");
        customers.map(|turn| turn["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts().await, ["转人工"]);
    // In the same moment as the hand-off, and later.
    api.say("c-1", "m-2", "人呢").await;
    api.pass(5);
    api.post(&format!("/v1/handoffs/{ticket}/claim"), json!({"agent": "a-7"})).await;
    api.post("/v1/conversations/c-1/messages", json!({"role": "agent", "agent": "a-7", "text": "在的"})).await;
    assert_eq!(texts().await, ["转人工", "人呢", "在的"]);
    api.pass(5);
    api.post(&format!("/v1/handoffs/{ticket}/return"), json!({"agent": "a-7"})).await;
    api.pass(5);
    api.say("c-1", "m-3", "你好").await;
    assert_eq!(texts().await, ["转人工", "人呢", "在的"]);
}

#[tokio::test]
async fn the_life_of_a_ticket() {
    let api = Api::new();
    for (last, state) in [("resolve", "resolved"), ("return", "returned_to_bot")] {
        let conversation = format!("c-{last}");
        let events = api.desk.last_event().await.unwrap();
        let ticket = api.hand_over(&conversation).await;
        let step = async |step: &str, body: Value| api.post(&format!("/v1/handoffs/{ticket}/{step}"), body).await;
        let by = json!({"agent": "a-7"});
        let claimed = step("claim", by.clone()).await;
        assert_eq!((&claimed["state"], &claimed["claimed_by"]), (&json!("claimed"), &json!("a-7")));
        let again = step("claim", by.clone()).await;
        assert_eq!((&again["claimed_by"], &again["claimed_at"]), (&json!("a-7"), &claimed["claimed_at"]));
        assert_eq!(api.desk.last_event().await.unwrap(), events + 2, "taking it again is the same as having it");
        let released = step("release", by.clone()).await;
        assert_eq!((&released["state"], &released["claimed_by"]), (&json!("queued"), &Value::Null));
        step("claim", json!({"agent": "a-8"})).await;
        let done = step(last, json!({"agent": "a-8", "note": "请打13888881234"})).await;
        assert_eq!(done["state"], state);
        assert_eq!(api.get(&format!("/v1/conversations/{conversation}")).await["handled_by"], "bot");
        assert!(!done["note"].as_str().unwrap().contains("13888881234"), "{done}");
    }
}

/// Answers and events tell the version that is stored. What one step does is one change, however many events tell of it.
#[tokio::test]
async fn a_version_is_the_one_that_is_stored() {
    let api = Api::new();
    let first = api.desk.last_event().await.unwrap();
    let ticket = api.hand_over("c-1").await;
    let stored = || api.store.ticket(&ticket).unwrap().unwrap().version;
    assert_eq!(stored(), 1);
    api.say("c-1", "m-2", "人呢").await;
    assert_eq!(stored(), 2);
    for (step, agent, version) in [("claim", "a-7", 3), ("claim", "a-7", 3), ("release", "a-7", 4), ("claim", "a-7", 5)]
    {
        let answered = api.post(&format!("/v1/handoffs/{ticket}/{step}"), json!({"agent": agent})).await;
        assert_eq!((&answered["version"], stored()), (&json!(version), version), "{step}");
    }
    let given = api.post("/v1/conversations/c-1/assign", json!({"agent": "a-8"})).await;
    assert_eq!((&given["ticket"]["version"], stored()), (&json!(6), 6));
    let said = json!({"role": "agent", "agent": "a-8", "text": "在的"});
    api.post("/v1/conversations/c-1/messages", said).await;
    assert_eq!(stored(), 7, "a change without an event");
    api.pass(90 * 24 * 3600);
    assert_eq!(api.desk.check_due_times().await.unwrap(), 1);
    let done = api.post(&format!("/v1/handoffs/{ticket}/resolve"), json!({"agent": "a-8"})).await;
    assert_eq!((&done["version"], stored()), (&json!(9), 9));
    let events = api.store.events_after(first, 99).unwrap();
    let told: Vec<_> = events.iter().map(|stored| (stored.event.kind.id(), stored.event.ticket.version)).collect();
    let expected = [
        ("ticket.created", 1),
        ("ticket.message", 2),
        ("ticket.claimed", 3),
        ("ticket.released", 4),
        ("ticket.claimed", 5),
        ("ticket.released", 6),
        ("ticket.claimed", 6),
        ("sla.resolve_missed", 8),
        ("ticket.resolved", 9),
    ];
    assert_eq!(told, expected);
}

/// Each of 200 people reaches for 40 of 1,000 tickets, and each ticket is wanted by eight.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_ticket_is_claimed_twice() {
    const TICKETS: usize = 1000;
    let api = Api::new();
    keep_all(&api, (0..TICKETS).map(|number| due(&format!("t-{number}"), number as i64))).await;
    let people = (0..200).map(|person| {
        let app = api.app.clone();
        tokio::spawn(async move {
            let mut own = Vec::new();
            for step in 0..40 {
                let id = format!("t-{}", (person % 25 * 40 + step) % TICKETS);
                let request =
                    post(&format!("/v1/handoffs/{id}/claim"), json!({"agent": format!("a-{person}")}).to_string());
                let answered = send(app.clone(), request).await;
                match answered.status.as_u16() {
                    200 => own.push((id, format!("a-{person}"))),
                    _ => assert_eq!(answered.code(), "ticket_taken", "{}", answered.body),
                }
            }
            own
        })
    });
    let mut claimed = Vec::new();
    for person in people.collect::<Vec<_>>() {
        claimed.extend(person.await.unwrap());
    }
    claimed.sort();
    let filter = TicketFilter { states: vec![TicketState::Claimed], limit: 2 * TICKETS, ..TicketFilter::default() };
    let kept = api.store.tickets(&filter).unwrap().items;
    let mut kept: Vec<_> = kept.into_iter().map(|ticket| (ticket.id, ticket.claimed_by.unwrap())).collect();
    kept.sort();
    assert_eq!((claimed.len(), &claimed), (TICKETS, &kept));
    assert_eq!(api.store.events_after(0, 2 * TICKETS).unwrap().len(), TICKETS, "each claim is told once");
}

/// A hint for the person who takes over, and only of a customer for whom the caller vouches.
#[tokio::test]
async fn the_same_story_at_another_order_is_a_hint() {
    for verified in [true, false] {
        let api = Api::new();
        let mut hints = Vec::new();
        for (conversation, order) in [("c-1", "202605260001"), ("c-2", "202605260002"), ("c-3", "202605260002")] {
            let request = json!({
                "conversation_id": conversation,
                "message_id": "m-1",
                "text": format!("订单{order}少发了一件，帮我补发"),
                "customer": {"id": "u-5", "verified": verified},
            });
            let reply = api.post("/v1/triage", request).await;
            assert_eq!(reply["decision"], "handoff", "{reply}");
            hints.push(
                reply["handoff"]["signals"].as_array().unwrap().iter().any(|hint| hint == "repeats_across_orders"),
            );
        }
        assert_eq!(hints, [false, verified, verified]);
    }
}
