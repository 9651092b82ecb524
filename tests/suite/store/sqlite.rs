//! What only a store in a file can do, or can suffer.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use triage::store::{
    Change, Conversation, Conversations, Figures, Ledger, Outbox, Sqlite, SqliteOptions, StoreError, TicketFilter,
    Tickets, Turn, TurnKind, Upkeep,
};
use triage::ticket::{EventKind, Packet, Ticket, TicketState};

use super::{InFile, asked, at, bytes, happened, keep, quick, talk, talk_of, waiting};

/// What an error says.
fn message<T>(outcome: Result<T, StoreError>) -> String {
    match outcome {
        Err(StoreError::Failed(text)) => text,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("there is no error"),
    }
}

/// A conversation of one turn with a text of so many characters.
fn talk_with_text(id: &str, characters: usize) -> Change {
    let text = "退".repeat(characters);
    let turns = vec![Turn { text, ..asked(id, 0) }];
    Change { conversation: Some(talk(id)), turns, ..Change::default() }
}

#[test]
fn the_file_is_its_owners() {
    let place = InFile::new();
    let store = place.sqlite();
    keep(&store, talk_with_text("c-1", 1));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(place.path().parent().unwrap()), 0o700);
        for suffix in ["", "-wal", "-shm"] {
            let name = format!("{}{suffix}", place.path().display());
            assert_eq!(mode(Path::new(&name)), 0o600, "{name}");
        }
    }
    drop(store);
    let rest: Vec<_> = crate::names(place.path().parent().unwrap());
    assert_eq!(rest, ["triage.db"], "the log is taken into the file at the end");
    let raw = place.raw();
    let version: i64 = raw.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 2);
}

#[test]
fn what_cannot_be_opened_is_told() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    let open = |name: &str| message(Sqlite::open(&path(name), quick()));
    std::fs::write(path("notes.txt"), "not a database at all, but long enough to be looked at".repeat(99)).unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    let other = rusqlite::Connection::open(path("other.db")).unwrap();
    other.execute_batch("CREATE TABLE notes (text)").unwrap();
    Sqlite::open(&path("newer.db"), quick()).unwrap();
    rusqlite::Connection::open(path("newer.db")).unwrap().execute_batch("PRAGMA user_version = 7").unwrap();
    for (name, says) in [
        ("notes.txt", "is not a database, or is damaged; move it away"),
        ("folder", "file and folder must be there and writable"),
        ("notes.txt/data/triage.db", "cannot create the folder"),
        ("other.db", "is the database of another program; let `store.path` name a file of its own"),
        ("newer.db", "written by a newer version of Triage: its tables are of version 7, this program knows up to 2"),
    ] {
        let told = open(name);
        assert!(
            told.contains(says) && told.contains(&path(name.split('/').next().unwrap()).display().to_string()),
            "{told}"
        );
    }
    let missing = SqliteOptions { creates: false, ..quick() };
    let told = message(Sqlite::open(&path("missing.db"), missing));
    assert!(told.starts_with("there is no store at `"), "{told}");
    assert!(!path("missing.db").exists());
}

/// As root every file can be written, so there this shows nothing.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let place = InFile::new();
    drop(place.sqlite());
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o400)).unwrap();
    if std::fs::OpenOptions::new().write(true).open(place.path()).is_err() {
        let told = message(Sqlite::open(&place.path(), quick()));
        assert!(told.contains("writable for the user that the service runs as"), "{told}");
    }
}

#[test]
fn a_row_that_cannot_be_read_is_told_without_what_is_in_it() {
    let place = InFile::new();
    let store = place.sqlite();
    let ticket = waiting("t-1", "c-1", 0);
    let events = vec![happened(&ticket, EventKind::Created, at(1), &["crm"])];
    let turns = vec![asked("c-1", 0)];
    keep(&store, Change { conversation: Some(talk("c-1")), turns, ticket: Some(ticket), events, feedback: None });
    let spoil = |sql: &str| place.raw().execute_batch(sql).unwrap();
    spoil("UPDATE tickets SET level = 'secret'");
    spoil("UPDATE conversations SET state = '{\"asks\": \"secret\"}'");
    spoil("UPDATE turns SET fingerprint = x'536563726574'");
    spoil("UPDATE events SET event = 'secret'");
    let filter = TicketFilter { limit: 1, ..TicketFilter::default() };
    for (told, names) in [
        (message(store.ticket("t-1")), "`tickets` cannot be read back: column `level`"),
        (message(store.tickets(&filter)), "`tickets` cannot be read back: column `level`"),
        (message(store.conversation("c-1")), "`conversations` cannot be read back: column `state`"),
        (message(store.turns("c-1", 9)), "`turns` cannot be read back: column `fingerprint`"),
        (message(store.each_turn(at(0), at(9), &mut |_| {})), "`turns` cannot be read back: column `fingerprint`"),
        (message(store.events_after(0, 9)), "`events` cannot be read back: column `event`"),
        (message(store.lease(at(5), at(9), 9)), "`events` cannot be read back: column `event`"),
    ] {
        assert!(told.ends_with(names) && !told.to_lowercase().contains("secret"), "{told}");
    }
    spoil("UPDATE tickets SET level = 'normal'");
    assert!(store.ticket("t-1").unwrap().is_some(), "it goes on where it can");
}

#[test]
fn a_full_disk_fails_and_goes_on_when_there_is_room() {
    let place = InFile::new();
    let store = Sqlite::open(&place.path(), SqliteOptions { max_pages: Some(100), ..quick() }).unwrap();
    let mut kept = 0;
    let told = loop {
        match store.record(talk_with_text(&format!("c-{kept}"), 2000)).wait() {
            Ok(()) => kept += 1,
            outcome => break message(outcome),
        }
        assert!(kept < 200, "the file must not grow further");
    };
    assert!(told.contains("full; make room on the disk"), "{told}");
    // What there was is there; what failed is not; small changes beside a large one may still fit.
    assert_eq!(store.turns(&format!("c-{}", kept - 1), 9).unwrap().len(), 1);
    assert_eq!(store.conversation(&format!("c-{kept}")).unwrap(), None);
    let group: Vec<_> = (0..20).map(|number| store.record(talk_with_text(&format!("x-{number}"), 9000))).collect();
    assert!(group.into_iter().all(|pending| message(pending.wait()).contains("full")));
    while store.remove_before(at(99), 10).unwrap() > 0 {}
    keep(&store, talk_with_text("c-new", 2000));
    drop(store);
    assert_eq!(place.sqlite().turns("c-new", 9).unwrap().len(), 1);
}

#[test]
fn a_lock_of_another_program_fails_and_goes_on_when_it_is_gone() {
    let place = InFile::new();
    let options = SqliteOptions { busy: Duration::from_millis(20), queue: 2, ..quick() };
    let store = Sqlite::open(&place.path(), options).unwrap();
    let other = place.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let told = message(store.record(talk_with_text("c-1", 1)).wait());
    assert!(told.ends_with("another program holds its lock"), "{told}");
    assert_eq!(store.conversation("c-1").unwrap(), None, "reading waits for nobody");
    let many: Vec<_> = (0..50).map(|number| store.record(talk_with_text(&format!("c-{number}"), 1))).collect();
    let told: Vec<String> = many.into_iter().map(|pending| message(pending.wait())).collect();
    assert!(told.iter().any(|told| told == "more is waiting to be written than the queue holds"), "{told:?}");
    other.execute_batch("COMMIT").unwrap();
    keep(&store, talk_with_text("c-1", 1));
}

#[test]
fn two_stores_on_one_file() {
    let place = InFile::new();
    let (one, other) = (place.sqlite(), place.sqlite());
    std::thread::scope(|scope| {
        for (name, store) in [("one", &one), ("other", &other)] {
            scope.spawn(move || {
                for number in 0..100 {
                    keep(store, talk_with_text(&format!("{name}-{number}"), 100));
                }
            });
        }
    });
    let mut count = 0;
    one.each_conversation(at(0), at(9), &mut |_| count += 1).unwrap();
    assert_eq!(count, 200);
    let read = one.conversation("other-7").unwrap().unwrap();
    keep(&other, Change { conversation: Some(read.clone()), ..Change::default() });
    let late = Change { conversation: Some(read), ..Change::default() };
    assert_eq!(one.record(late).wait(), Err(StoreError::Conflict));
}

/// The word that is looked for afterwards. Every record of the customer holds it.
const CANARY: &str = "canary-金丝雀";

/// A conversation that holds the word wherever a text may stand.
fn telling(customer: &str, id: &str, word: &str, round: i64) -> Change {
    let mut conversation = Conversation { customer_id: Some(customer.into()), ..talk(id) };
    conversation.state.last_line = format!("{word}{}", "您好".repeat(20));
    let mut turn = asked(id, 0);
    turn.text = format!("{word}{}", "退".repeat(50 + (round as usize * 37) % 900));
    if let TurnKind::Customer(decided) = &mut turn.kind {
        decided.reply = format!("{{\"word\":\"{word}\",\"padding\":\"{}\"}}", "x".repeat((round as usize * 53) % 3000));
    }
    let packet =
        Packet { summary: word.into(), suggestions: vec![word.repeat(round as usize % 30)], ..Packet::default() };
    let ticket = Ticket {
        customer_id: Some(customer.into()),
        note: Some(word.into()),
        packet,
        ..waiting(&format!("t-{id}"), id, round)
    };
    let events = vec![happened(&ticket, EventKind::Created, at(round), &["crm"])];
    Change { conversation: Some(conversation), turns: vec![turn], ticket: Some(ticket), events, feedback: None }
}

/// Goes on with a conversation, so that its row grows and moves.
fn goes_on(store: &Sqlite, id: &str, number: u64, word: &str) {
    let mut conversation = store.conversation(id).unwrap().unwrap();
    conversation.state.last_line.push_str(&word.repeat(3));
    conversation.turns = number;
    let turns = vec![Turn { text: word.repeat(number as usize), ..asked(id, number) }];
    keep(store, Change { conversation: Some(conversation), turns, ..Change::default() });
}

#[test]
fn nothing_of_a_forgotten_customer_is_left_in_the_file() {
    let place = InFile::new();
    let store = place.sqlite();
    let name = |customer: usize| format!("{}-{}", if customer == 7 { CANARY } else { "u" }, customer * 7919 % 1009);
    let talks = |customer: usize| (0..3).map(move |talk| format!("{}/{talk}", name(customer)));
    for round in 0..3_usize {
        for customer in 0..60 {
            let customer = customer * 37 % 60;
            let id = talks(customer).nth(round).unwrap();
            keep(&store, telling(&name(customer), &id, &name(customer), (round * 60 + customer) as i64));
        }
    }
    for number in 1..6 {
        for customer in 0..60 {
            for id in talks(customer * 41 % 60) {
                goes_on(&store, &id, number, &name(customer * 41 % 60));
            }
        }
    }
    for delivery in store.lease(at(9999), at(10_000), 999).unwrap() {
        let why = format!("refused: {}", delivery.event.ticket.packet.summary);
        store.failed(&delivery, &why, None).unwrap();
    }
    let hits = || {
        let bytes = bytes(&place.path());
        bytes.windows(CANARY.len()).filter(|window| *window == CANARY.as_bytes()).count()
    };
    assert!(hits() > 30, "it is there before: {}", hits());
    let forgotten = store.forget(&name(7)).unwrap();
    assert_eq!((forgotten.conversations, forgotten.turns, forgotten.tickets, forgotten.events), (3, 18, 3, 3));
    store.wipe().unwrap();
    assert_eq!(hits(), 0);
    assert_eq!(store.turns(&talks(8).next().unwrap(), 99).unwrap().len(), 6, "others' are there");
    drop(store);
    assert_eq!(hits(), 0);
}

#[test]
fn a_backup_is_of_one_moment_while_everything_goes_on() {
    let place = InFile::new();
    let store = place.sqlite();
    for number in 0..300 {
        keep(&store, talk_with_text(&format!("c-{number}"), 5000));
    }
    let (first, second) = (place.path().with_extension("1"), place.path().with_extension("2"));
    let is_done = AtomicBool::new(false);
    let during = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut number = 0;
            while !is_done.load(Ordering::Relaxed) {
                // Both or neither are in a copy.
                let mut change = talk_with_text(&format!("d-{number}"), 500);
                change.ticket = Some(waiting(&format!("d-{number}"), &format!("d-{number}"), 0));
                keep(&store, change);
                number += 1;
            }
            number
        });
        store.backup(&first).unwrap();
        Sqlite::copy(&place.path(), &second).unwrap();
        is_done.store(true, Ordering::Relaxed);
        writing.join().unwrap()
    });
    for (path, made_by) in [(&first, "the store"), (&second, "another program")] {
        let raw = rusqlite::Connection::open(path).unwrap();
        let verdict: String = raw.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok", "{made_by}");
        drop(raw);
        let copy = Sqlite::open(path, quick()).unwrap();
        assert_eq!(copy.turns("c-299", 9).unwrap().len(), 1, "{made_by}");
        let (mut turns, mut tickets) = (0, 0);
        copy.each_turn(at(0), at(9), &mut |_| turns += 1).unwrap();
        copy.each_ticket(at(0), at(9), &mut |_| tickets += 1).unwrap();
        assert_eq!(turns, 300 + tickets, "{made_by}");
        assert!(tickets <= during);
        keep(&copy, talk_with_text("c-new", 1));
    }
    let told = message(store.backup(&first));
    assert!(told.contains("a backup never replaces a file"), "{told}");
    let told = message(store.backup(&place.path().with_extension("gone").join("backup")));
    assert!(told.contains("the folder must be there"), "{told}");
    let told = message(Sqlite::copy(&place.path().with_extension("gone"), &second));
    assert!(told.starts_with("there is no store at"), "{told}");
    let mut rest = crate::names(place.path().parent().unwrap());
    rest.retain(|name| !name.starts_with("triage.db"));
    assert_eq!(rest, ["triage.1", "triage.2"]);
}

/// A group that waits for company is written with it, and what it was told is what others read.
#[test]
fn changes_that_wait_for_company_are_read_once_told() {
    let place = InFile::new();
    let options = SqliteOptions { group_wait: Duration::from_millis(20), ..quick() };
    let store = Sqlite::open(&place.path(), options).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..5 {
                    let id = format!("c-{thread}-{number}");
                    let ticket = Some(waiting(&id, &id, 0));
                    keep(store, Change { ticket, conversation: Some(talk_of(&id, "u-1")), ..Change::default() });
                    assert_eq!(store.ticket(&id).unwrap().map(|ticket| ticket.state), Some(TicketState::Queued));
                    // A job of another kind in between.
                    assert_eq!(store.remove_before(at(-9), 9).unwrap(), 0);
                    store.wipe().unwrap();
                }
            });
        }
    });
}
