//! Whole conversations, through the desk with a real store and a set clock. The scripts in `tests/conversations` were written
//! before the code, from the contract; what is known to fall short of them stands in `known_gaps.yaml`, and nothing else may.

mod script;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use triage::Request;
use triage::desk::{Clock, Desk, DeskError, Options, SetClock, Speech};
use triage::incoming::{Attachment, Role};
use triage::live::Live;
use triage::store::{Sqlite, SqliteOptions, Store};
use triage::ticket::Ticket;

use self::script::{Expected, Script, Turn};
use crate::{ENGINE, names, shipped};

/// A desk with one conversation going on.
struct Talk {
    desk: Desk,
    store: Arc<dyn Store>,
    clock: Arc<SetClock>,
    /// The last event seen.
    seen: u64,
    /// Who claimed last.
    agent: String,
    /// What the bot said last.
    said: String,
    messages: usize,
    _folder: TempDir,
}

/// What is known after a turn.
struct Observed {
    /// The reply to a customer's message.
    reply: Value,
    /// What the bot said before.
    said_before: String,
    /// Why what a person did was not done.
    failed: Option<DeskError>,
    events: Vec<String>,
    ticket: Option<Ticket>,
}

const CONVERSATION: &str = "c-1";

impl Talk {
    fn start(script: &Script) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions { group_wait: Duration::ZERO, ..SqliteOptions::default() };
        let store = Arc::new(Sqlite::open(&folder.path().join("triage.db"), options).unwrap());
        let clock = Arc::new(SetClock::at(script.start()));
        let live = Arc::new(Live::new(Arc::new(ENGINE.with_data(Arc::new(script.shop_data())))));
        let options = Options { workers: 1, ..Options::default() };
        let ticking: Arc<dyn Clock> = clock.clone();
        let desk = Desk::open(live, Some(store.clone()), ticking, options).unwrap();
        Self { desk, store, clock, seen: 0, agent: String::new(), said: String::new(), messages: 0, _folder: folder }
    }

    async fn turn(&mut self, script: &Script, at: usize) -> Observed {
        let turn = &script.turns[at];
        self.clock.pass(turn.pause(at == 0));
        self.desk.check_due_times().await.unwrap();
        let said_before = self.said.clone();
        let mut failed = None;
        let reply = match &turn.say {
            Some(text) => self.customer(script, turn, text).await,
            None => {
                failed = self.person(turn).await.err();
                Value::Null
            }
        };
        let news = self.store.events_after(self.seen, 1000).unwrap();
        self.seen = news.last().map_or(self.seen, |event| event.sequence);
        let ticket = self.store.conversation(CONVERSATION).unwrap().and_then(|kept| kept.ticket_id);
        Observed {
            reply,
            said_before,
            failed,
            events: news.iter().map(|event| event.event.kind.id().to_owned()).collect(),
            ticket: ticket.and_then(|id| self.store.ticket(&id).unwrap()),
        }
    }

    async fn customer(&mut self, script: &Script, turn: &Turn, text: &str) -> Value {
        self.messages += 1;
        let attachments = turn.attach.map(|kind| Attachment { kind, reference: "media/1".into() });
        let request = Request {
            conversation_id: Some(CONVERSATION.into()),
            message_id: Some(format!("m-{}", self.messages)),
            text: text.into(),
            customer: script.customer.clone(),
            attachments: attachments.into_iter().collect(),
            context: turn.context.clone(),
            deadline_ms: Some(60_000),
            ..Request::default()
        };
        let reply: Value = serde_json::from_str(&self.desk.message(request, false).await.unwrap()).unwrap();
        assert_eq!(reply["durable"], true, "{reply}");
        if let Some(said) = reply["answer"]["text"].as_str() {
            said.clone_into(&mut self.said);
        }
        reply
    }

    async fn person(&mut self, turn: &Turn) -> Result<(), DeskError> {
        let kept = self.store.conversation(CONVERSATION).unwrap().unwrap();
        let ticket = kept.ticket_id.unwrap_or_default();
        let note = |value: &Value| value.as_str().map(str::to_owned);
        if let Some(agent) = &turn.claim {
            agent.clone_into(&mut self.agent);
            self.desk.claim(&ticket, agent).await?;
        }
        if let Some(text) = &turn.agent {
            let (text, agent) = (text.clone(), Some(self.agent.clone()));
            let speech = Speech { message_id: None, role: Role::Agent, agent, text, is_delivered: true };
            self.desk.say(CONVERSATION, speech).await?;
        }
        if turn.release.is_some() {
            self.desk.release(&ticket, &self.agent).await?;
        }
        if let Some(value) = &turn.resolve {
            self.desk.resolve(&ticket, &self.agent, note(value)).await?;
        }
        if let Some(value) = &turn.give_back {
            self.desk.give_back(&ticket, &self.agent, note(value)).await?;
        }
        Ok(())
    }
}

/// Every expectation with whether it was met, by key.
fn compared(expected: &Expected, got: &Observed) -> Vec<(&'static str, bool, String)> {
    let reply = &got.reply;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let codes: Vec<String> = list(&reply["reasons"]).iter().map(|reason| text(&reason["code"])).collect();
    let said = text(&reply["answer"]["text"]);
    let handoff = &reply["handoff"];
    let ticket = got.ticket.as_ref();
    let level =
        ticket.map(|ticket| serde_json::to_value(ticket.level).unwrap()).unwrap_or_else(|| handoff["level"].clone());
    let queue = ticket.map(|ticket| ticket.queue.clone()).unwrap_or_else(|| text(&handoff["queue"]));
    let created = got.events.iter().any(|event| event == "ticket.created");
    let state = match (ticket, created) {
        (_, true) => "new",
        (Some(_), false) => "same",
        (None, false) => "none",
    };
    let offers = ["转人工", "轉人工", "\"agent\""].iter().any(|words| said.contains(words));
    let due = ticket.map(|ticket| ticket.respond_due_at);
    let mut out = Vec::new();
    let mut check = |key, is_met, what: &dyn std::fmt::Display| out.push((key, is_met, what.to_string()));
    let first = |value: &[String]| value.first().cloned().unwrap_or_default();
    if let Some(error) = &got.failed {
        check("step", false, error);
    }
    if let Some(decision) = &expected.decision {
        check("decision", reply["decision"] == **decision, &reply["decision"]);
    }
    if !expected.reason.all().is_empty() {
        check("reason", expected.reason.all().contains(&first(&codes)), &codes.join(" "));
    }
    if !expected.reasons.is_empty() {
        check("reasons", expected.reasons.iter().all(|code| codes.contains(code)), &codes.join(" "));
    }
    if !expected.not_reasons.is_empty() {
        check("not_reasons", !expected.not_reasons.iter().any(|code| codes.contains(code)), &codes.join(" "));
    }
    if !expected.intent.all().is_empty() {
        let intent = text(&reply["intents"][0]["id"]);
        check("intent", expected.intent.all().contains(&intent), &intent);
    }
    if !expected.emotion.all().is_empty() {
        let emotion = text(&reply["emotion"]["label"]);
        check("emotion", expected.emotion.all().contains(&emotion), &reply["emotion"]);
    }
    if let Some(mood) = &expected.mood {
        check("mood", reply["emotion"]["mood"] == **mood, &reply["emotion"]);
    }
    if let Some(wanted) = &expected.queue {
        check("queue", queue == *wanted, &queue);
    }
    if let Some(wanted) = &expected.level {
        check("level", level == **wanted, &level);
    }
    if let Some(wanted) = &expected.ticket {
        check("ticket", state == wanted, &state);
    }
    if !expected.has.all().is_empty() {
        check("has", expected.has.all().iter().all(|part| said.contains(part)), &said);
    }
    if !expected.has_not.all().is_empty() {
        check("has_not", !expected.has_not.all().iter().any(|part| said.contains(part)), &said);
    }
    if let Some(lang) = &expected.lang {
        check("lang", reply["answer"]["lang"] == **lang, &reply["answer"]["lang"]);
    }
    if !expected.choices.is_empty() {
        let offered: Vec<String> = list(&reply["answer"]["choices"]).iter().map(|c| text(&c["value"])).collect();
        check("choices", expected.choices.iter().all(|choice| offered.contains(choice)), &offered.join(" "));
    }
    if !expected.slots.is_empty() {
        let found: Vec<(String, String)> =
            list(&reply["slots"]).iter().map(|slot| (text(&slot["name"]), text(&slot["value"]))).collect();
        let is_found = |(name, value): (&String, &String)| found.iter().any(|(n, v)| n == name && v == value);
        check("slots", expected.slots.iter().all(is_found), &format!("{found:?}"));
    }
    if let Some(count) = expected.supersedes {
        check("supersedes", list(&reply["supersedes"]).len() == count, &reply["supersedes"]);
    }
    if let Some(wanted) = expected.new_words {
        check("new_words", (said != got.said_before) == wanted, &said);
    }
    if let Some(wanted) = expected.offers_person {
        check("offers_person", offers == wanted, &said);
    }
    if let Some(wanted) = expected.suggestions {
        check("suggestions", list(&reply["suggestions"]).is_empty() != wanted, &reply["suggestions"]);
    }
    if let Some(wanted) = &expected.respond_by {
        let wanted: jiff::Timestamp = wanted.parse().unwrap();
        check("respond_by", due == Some(wanted), &format!("{due:?}"));
    }
    if !expected.events.is_empty() {
        check("events", expected.events.iter().all(|event| got.events.contains(event)), &got.events.join(" "));
    }
    out
}

/// By file: which expectations of which turn are not met, and how many there are.
async fn play(path: &Path) -> (Vec<String>, usize) {
    let script = Script::read(path);
    let mut talk = Talk::start(&script);
    let (mut missed, mut count) = (Vec::new(), 0);
    for (at, turn) in script.turns.iter().enumerate() {
        let got = talk.turn(&script, at).await;
        for (key, is_met, what) in compared(&turn.expect, &got) {
            count += 1;
            if !is_met {
                missed.push(format!("turn {}: {key}", at + 1));
                println!(
                    "{}: turn {} 「{}」: {key}: got {what}",
                    path.display(),
                    at + 1,
                    turn.say.as_deref().unwrap_or("-")
                );
            }
        }
    }
    (missed, count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_go_as_written() {
    let folder = shipped("tests/conversations");
    let known = std::fs::read_to_string(folder.join("known_gaps.yaml")).unwrap();
    let known: BTreeMap<String, Vec<String>> = serde_norway::from_str(&known).unwrap();
    let (mut missed, mut met, mut all) = (BTreeMap::new(), 0, 0);
    for name in names(&folder).into_iter().filter(|name| name != "known_gaps.yaml") {
        let (gaps, count) = play(&folder.join(&name)).await;
        all += count;
        met += count - gaps.len();
        if !gaps.is_empty() {
            missed.insert(name, gaps);
        }
    }
    println!("{met} of {all} expectations met; {} conversations fall short somewhere", missed.len());
    assert_eq!(missed, known, "what falls short must be what `known_gaps.yaml` says, no more and no less");
}
