//! Edits that are noticed, however an editor writes them. Nothing here asserts how long something takes: what must come
//! is waited for, and where something must not happen, a slow machine can only miss a mistake.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use triage::live::Files;

use super::{STOCK, Shop, ask, is_live};
use crate::replace_once;

/// Waits until something is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}: waited for a minute");
        sleep(Duration::from_millis(10));
    }
}

/// Long enough for an edit to be noticed and taken up.
const WHILE: Duration = Duration::from_millis(700);

fn watched() -> Shop {
    let shop = Shop::new();
    shop.live.watch().unwrap();
    shop
}

fn version(name: &str) -> String {
    STOCK.replace("第一版", name)
}

#[test]
fn edits_are_taken_up_by_themselves() {
    let shop = Shop::new();
    // An edit after the files were read and before they are watched.
    shop.place.write("intents/stock.yaml", &version("第二版"));
    shop.live.watch().unwrap();
    until("an edit while the program starts", || shop.says() == "第二版");

    // As most editors save: another file takes the name.
    shop.place.write("intents/.stock.yaml.new", &version("第三版"));
    std::fs::rename(shop.place.path("intents/.stock.yaml.new"), shop.place.path("intents/stock.yaml")).unwrap();
    until("a file that takes the place of another", || shop.says() == "第三版");

    for name in ["config/policy.yaml", "config/shop.yaml", "intents/quality_issue.yaml"] {
        let before = shop.live.status().hash;
        let text = std::fs::read_to_string(shop.place.path(name)).unwrap();
        shop.place.write(name, &format!("{text}# edited\n"));
        until(name, || shop.live.status().hash != before);
    }
    assert_eq!(shop.live.status().last_rejection.map(|rejection| rejection.message), None);
}

#[test]
fn a_file_written_in_two_halves_is_read_whole() {
    let shop = watched();
    let whole = version("第二版");
    let (half, _) = whole.split_once("有货的").unwrap();
    let started = Instant::now();
    shop.place.write("intents/stock.yaml", half);
    sleep(Duration::from_millis(60));
    shop.place.write("intents/stock.yaml", &whole);
    let was_quick = started.elapsed() < Duration::from_millis(150);
    until("the whole file", || {
        let says = shop.says();
        assert!(says == "第一版" || says == "第二版", "{says}");
        says == "第二版"
    });
    // On a machine so slow that the half stood there for longer, it may have been looked at.
    assert!(!was_quick || shop.live.status().last_rejection.is_none());
}

#[test]
fn a_bad_edit_waits_for_the_next() {
    let shop = watched();
    shop.place.write("intents/stock.yaml", &replace_once(STOCK, "queue: presale", "queue: sales"));
    until("the refusal", || shop.live.status().files == Files::Refused);
    let refused = shop.live.status().last_rejection.unwrap().at;
    shop.place.write("intents/stock.yaml", &replace_once(STOCK, "queue: presale", "queue: sales"));
    sleep(WHILE);
    let status = shop.live.status();
    assert_eq!((status.last_rejection.unwrap().at, status.generation), (refused, 1), "the same is not tried again");
    shop.place.write("intents/stock.yaml", &version("第二版"));
    until("the mended file", || shop.says() == "第二版");
    assert_eq!(shop.live.status().files, Files::Served);
}

#[test]
fn files_that_go_and_come_back() {
    let shop = watched();
    let has_stock = || shop.live.engine().catalogue().intent("stock").is_some();
    std::fs::remove_file(shop.place.path("intents/stock.yaml")).unwrap();
    until("an intent less", || !has_stock());
    shop.place.write("intents/stock.yaml", STOCK);
    until("the intent again", has_stock);

    let generation = shop.live.status().generation;
    // The policy names it.
    let (path, aside) = (shop.place.path("intents/wrong_or_missing.yaml"), shop.place.path("aside"));
    std::fs::rename(&path, &aside).unwrap();
    until("the refusal", || shop.live.status().files == Files::Refused);
    std::fs::rename(&aside, &path).unwrap();
    until("the files as they were", || shop.live.status().files == Files::Served);
    // All of them at once, as when a version is checked out.
    std::fs::rename(shop.place.path("intents"), shop.place.path("gone")).unwrap();
    until("the refusal", || shop.live.status().files == Files::Refused);
    std::fs::rename(shop.place.path("gone"), shop.place.path("intents")).unwrap();
    until("the files as they were", || shop.live.status().files == Files::Served);
    assert_eq!(shop.live.status().generation, generation);
}

#[test]
fn what_was_gone_back_from_is_left_alone_until_it_changes() {
    let shop = watched();
    shop.place.write("intents/stock.yaml", &version("第二版"));
    until("the edit", || shop.says() == "第二版");
    shop.live.roll_back(None).unwrap();
    shop.place.write("intents/stock.yaml", &version("第二版"));
    sleep(WHILE);
    let status = shop.live.status();
    assert_eq!((status.generation, status.files, shop.says().as_str()), (1, Files::HeldBack, "第一版"));
    shop.place.write("intents/stock.yaml", &version("第三版"));
    until("the next edit", || shop.says() == "第三版");
    let status = shop.live.status();
    assert_eq!((status.generation, status.files), (3, Files::Served));
}

/// The numbers of the threads that watch files, those of other tests included.
#[cfg(target_os = "linux")]
fn watching() -> BTreeSet<String> {
    let threads = crate::names(std::path::Path::new("/proc/self/task")).into_iter();
    // The system keeps fifteen characters of a name. A thread may end while it is looked at.
    let name = |thread: &String| std::fs::read_to_string(format!("/proc/self/task/{thread}/comm")).unwrap_or_default();
    threads.filter(|thread| name(thread).trim_end() == "triage-catalogu").collect()
}

#[test]
#[cfg(target_os = "linux")]
fn nobody_watches_for_nobody() {
    let before = watching();
    let shop = watched();
    until("a thread that watches", || watching().difference(&before).next().is_some());
    let new: BTreeSet<String> = watching().difference(&before).cloned().collect();
    // In the middle of a change, too.
    shop.place.write("intents/stock.yaml", &version("第二版"));
    until("the edit", || shop.says() == "第二版");
    shop.place.write("intents/stock.yaml", &version("第三版"));
    let live = std::sync::Arc::downgrade(&shop.live);
    drop(shop);
    until("nobody holds it", || live.strong_count() == 0);
    until("the end of the thread", || watching().is_disjoint(&new));
}

#[test]
fn messages_are_answered_while_generations_change() {
    let shop = Shop::new();
    let done = AtomicBool::new(false);
    let catalogues = std::thread::scope(|scope| {
        let customers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let (mut seen, mut last) = (BTreeSet::new(), 0);
                    while !done.load(Ordering::Relaxed) {
                        let reply = ask(&shop.live.engine(), "这款限购吗");
                        assert_ne!(reply.reasons[0].code, "bot_error");
                        assert_eq!(reply.intents[0].id, "stock");
                        let number: u64 = reply.catalogue.rsplit_once('#').unwrap().1.parse().unwrap();
                        assert!(number >= last, "nobody goes back here");
                        last = number;
                        seen.insert(reply.catalogue);
                    }
                    seen
                })
            })
            .collect();
        let outcomes: Vec<_> = (2..=6)
            .map(|number| {
                shop.place.write("intents/stock.yaml", &format!("{STOCK}# {number}\n"));
                shop.reload()
            })
            .collect();
        done.store(true, Ordering::Relaxed);
        assert!(outcomes.iter().all(is_live), "{outcomes:?}");
        customers.into_iter().flat_map(|customer| customer.join().unwrap()).collect::<BTreeSet<String>>()
    });
    let generations = shop.live.status().generations;
    let served: BTreeSet<String> = generations.iter().map(|kept| format!("{}#{}", kept.hash, kept.number)).collect();
    assert!(catalogues.is_subset(&served) && catalogues.len() > 1, "{catalogues:?} of {served:?}");
}
