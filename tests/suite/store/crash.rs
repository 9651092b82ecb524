//! A process that dies in the middle of its work: whatever it said was written is there.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use triage::store::{Change, Conversations, Ledger, Sqlite, Tickets};

use super::{InFile, asked, handed_over, quick, waiting};

/// Tells this program that it is the one that dies.
const DIES: &str = "TRIAGE_TEST_WRITES_UNTIL_KILLED";

/// Threads that write in it.
const THREADS: usize = 8;

#[test]
fn what_was_acknowledged_outlives_a_killed_process() {
    if let Some(path) = std::env::var_os(DIES) {
        write_until_killed(&PathBuf::from(path));
    }
    let place = InFile::new();
    drop(place.sqlite());
    let mut acknowledged = Vec::new();
    for (round, after) in [1, 20, 100, 400, 1000, 37].into_iter().enumerate() {
        acknowledged.extend(killed(&place, round, after));
        let store = place.sqlite();
        for id in &acknowledged {
            assert_eq!(store.conversation(id).unwrap().map(|conversation| conversation.version), Some(1), "{id}");
            assert_eq!(store.turns(id, 9).unwrap(), [asked(id, 0)], "{id}");
            assert!(store.ticket(id).unwrap().is_some(), "{id}");
        }
        let verdict: String = place.raw().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
    }
    assert!(acknowledged.len() > 1500);
}

/// Starts this very test as another process, and kills it after it has acknowledged so much. Everything it acknowledged.
fn killed(place: &InFile, round: usize, after: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::crash::what_was_acknowledged_outlives_a_killed_process", "--nocapture"])
        .env(DIES, place.path())
        .env("TRIAGE_TEST_ROUND", round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    // After the kill, what is still in the pipe counts too: it was said. The last line may be cut off.
    for line in lines.map_while(Result::ok) {
        acknowledged.extend(line.strip_prefix("written ").and_then(|id| id.strip_suffix(';')).map(str::to_owned));
        if acknowledged.len() == after {
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success());
    assert!(acknowledged.len() >= after, "it wrote {} of {after}", acknowledged.len());
    acknowledged
}

fn write_until_killed(path: &std::path::Path) -> ! {
    let round = std::env::var("TRIAGE_TEST_ROUND").unwrap();
    let store = Sqlite::open(path, quick()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, round) = (&store, &round);
            scope.spawn(move || {
                for number in 0.. {
                    let id = format!("c-{round}-{thread}-{number}");
                    let change = Change { turns: vec![asked(&id, 0)], ..handed_over(waiting(&id, &id, 0)) };
                    store.record(change).wait().unwrap();
                    writeln!(std::io::stdout().lock(), "written {id};").unwrap();
                }
            });
        }
    });
    unreachable!("it writes until it is killed")
}
