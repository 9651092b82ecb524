use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::*;

fn message() -> &'static str {
    "hello"
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// One worker that says when it starts on a job, and finishes it when it is let go.
struct Gated {
    pool: Pool<&'static str, usize>,
    started: Receiver<()>,
    go: Sender<()>,
}

fn gated(queue: usize) -> Gated {
    let (starting, started) = std::sync::mpsc::channel();
    let (go, gate) = std::sync::mpsc::channel();
    let (gate, count) = (Mutex::new(gate), AtomicUsize::new(0));
    let work = move |_: &&'static str| {
        starting.send(()).unwrap();
        gate.lock().unwrap().recv().unwrap();
        count.fetch_add(1, Ordering::SeqCst) + 1
    };
    Gated { pool: Pool::start((1, queue), work, |_| 0).unwrap(), started, go }
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let Gated { pool, started, go } = gated(1);
    let in_hand = pool.submit(message(), soon()).unwrap();
    started.recv().unwrap();
    let waiting = pool.submit(message(), soon()).unwrap();
    assert_eq!(pool.submit(message(), soon()).unwrap_err(), Refused::Overloaded);
    go.send(()).unwrap();
    go.send(()).unwrap();
    assert_eq!((in_hand.wait().await, waiting.wait().await), (Ok(1), Ok(2)));
}

#[tokio::test]
async fn a_caller_who_left_costs_no_work() {
    let Gated { pool, started, go } = gated(2);
    let in_hand = pool.submit(message(), soon()).unwrap();
    started.recv().unwrap();
    drop(pool.submit(message(), soon()).unwrap());
    let last = pool.submit(message(), soon()).unwrap();
    go.send(()).unwrap();
    go.send(()).unwrap();
    // The last one is the second to be worked on.
    assert_eq!((in_hand.wait().await, last.wait().await), (Ok(1), Ok(2)));
}

#[tokio::test]
async fn a_deadline_holds_at_the_door_and_while_waiting() {
    let Gated { pool, started, go } = gated(2);
    assert_eq!(pool.submit(message(), Instant::now()).unwrap_err(), Refused::DeadlineExceeded);
    let in_hand = pool.submit(message(), Instant::now() + Duration::from_millis(20)).unwrap();
    started.recv().unwrap();
    assert_eq!(in_hand.wait().await, Err(Refused::DeadlineExceeded));
    go.send(()).unwrap();
}

#[test]
fn a_job_whose_deadline_passed_in_the_queue_is_not_worked_on() {
    let Gated { pool, started, go } = gated(2);
    let in_hand = pool.submit(message(), soon()).unwrap();
    started.recv().unwrap();
    let deadline = Instant::now() + Duration::from_millis(5);
    let late = pool.submit(message(), deadline).unwrap();
    while Instant::now() < deadline {
        thread::yield_now();
    }
    go.send(()).unwrap();
    assert_eq!(in_hand.answer.blocking_recv(), Ok(Ok(1)));
    assert_eq!(late.answer.blocking_recv(), Ok(Err(Refused::DeadlineExceeded)));
}

#[tokio::test]
async fn a_panic_leads_to_the_fallback_and_the_worker_lives_on() {
    let calls = AtomicUsize::new(0);
    let work = move |_: &&'static str| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => panic!("of the test"),
        call => call,
    };
    let pool = Pool::start((1, 4), work, |_| 99).unwrap();
    assert_eq!(pool.submit(message(), soon()).unwrap().wait().await, Ok(99));
    assert_eq!(pool.submit(message(), soon()).unwrap().wait().await, Ok(1));
}

#[tokio::test]
async fn a_panic_of_the_fallback_too_is_a_failure() {
    let pool = Pool::<&str, ()>::start((1, 4), |_| panic!("of the test"), |_| panic!("of the test")).unwrap();
    assert_eq!(pool.submit(message(), soon()).unwrap().wait().await, Err(Refused::Failed));
}
