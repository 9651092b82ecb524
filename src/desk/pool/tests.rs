use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// One worker, whose jobs say when they start and finish when they are let go.
struct Gated {
    pool: Pool,
    starting: Sender<()>,
    started: Receiver<()>,
    go: Sender<()>,
    gate: Arc<Mutex<Receiver<()>>>,
    count: Arc<AtomicUsize>,
}

fn gated(queue: usize) -> Gated {
    let (starting, started) = channel();
    let (go, gate) = channel();
    let pool = Pool::start(1, queue).unwrap();
    Gated { pool, starting, started, go, gate: Arc::new(Mutex::new(gate)), count: Arc::default() }
}

impl Gated {
    /// A job that makes its number.
    fn submit(&self, deadline: Instant) -> Result<Place<usize>, Refused> {
        let (starting, gate, count) = (self.starting.clone(), Arc::clone(&self.gate), Arc::clone(&self.count));
        let work = move || {
            starting.send(()).unwrap();
            gate.lock().unwrap().recv().unwrap();
            count.fetch_add(1, Ordering::SeqCst) + 1
        };
        self.pool.submit((None, 1), deadline, work, || 0)
    }
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let pool = gated(1);
    let in_hand = pool.submit(soon()).unwrap();
    pool.started.recv().unwrap();
    let waiting = pool.submit(soon()).unwrap();
    assert_eq!(pool.submit(soon()).unwrap_err(), Refused::Overloaded);
    pool.go.send(()).unwrap();
    pool.go.send(()).unwrap();
    assert_eq!((in_hand.wait().await, waiting.wait().await), (Ok(1), Ok(2)));
}

#[tokio::test]
async fn a_caller_who_left_costs_no_work() {
    let pool = gated(2);
    let in_hand = pool.submit(soon()).unwrap();
    pool.started.recv().unwrap();
    drop(pool.submit(soon()).unwrap());
    let last = pool.submit(soon()).unwrap();
    pool.go.send(()).unwrap();
    pool.go.send(()).unwrap();
    // The last one is the second to be worked on.
    assert_eq!((in_hand.wait().await, last.wait().await), (Ok(1), Ok(2)));
}

#[tokio::test]
async fn a_deadline_holds_at_the_door_and_while_waiting() {
    let pool = gated(2);
    assert_eq!(pool.submit(Instant::now()).unwrap_err(), Refused::DeadlineExceeded);
    let in_hand = pool.submit(Instant::now() + Duration::from_millis(20)).unwrap();
    pool.started.recv().unwrap();
    assert_eq!(in_hand.wait().await, Err(Refused::DeadlineExceeded));
    pool.go.send(()).unwrap();
}

#[test]
fn a_job_whose_deadline_passed_in_the_queue_is_not_worked_on() {
    let pool = gated(2);
    let in_hand = pool.submit(soon()).unwrap();
    pool.started.recv().unwrap();
    let deadline = Instant::now() + Duration::from_millis(5);
    let late = pool.submit(deadline).unwrap();
    while Instant::now() < deadline {
        thread::yield_now();
    }
    pool.go.send(()).unwrap();
    assert_eq!(in_hand.answer.blocking_recv(), Ok(Ok(1)));
    assert_eq!(late.answer.blocking_recv(), Ok(Err(Refused::DeadlineExceeded)));
}

#[tokio::test]
async fn a_panic_leads_to_the_fallback_and_the_worker_lives_on() {
    let pool = Pool::start(1, 4).unwrap();
    let panics = || -> u32 { panic!("of the test") };
    assert_eq!(pool.submit((None, 1), soon(), panics, || 99).unwrap().wait().await, Ok(99));
    assert_eq!(pool.submit((None, 1), soon(), || 1, panics).unwrap().wait().await, Ok(1));
    assert_eq!(pool.submit((None, 1), soon(), panics, panics).unwrap().wait().await, Err(Refused::Failed));
    assert_eq!(pool.submit((None, 1), soon(), || "another kind", || "").unwrap().wait().await, Ok("another kind"));
}

#[test]
fn what_cannot_be_done_in_time_is_refused_at_once() {
    let pool = gated(100);
    pool.pool.pace.took(1, Duration::from_secs(3600));
    let in_hand = pool.submit(soon()).unwrap();
    pool.started.recv().unwrap();
    // Nobody waits: it may be quicker than those before it.
    let next = pool.submit(soon()).unwrap();
    assert_eq!(pool.submit(soon()).unwrap_err(), Refused::Overloaded);
    assert!(pool.submit(Instant::now() + Duration::from_secs(3 * 3600)).is_ok());
    for _ in 0..3 {
        pool.go.send(()).unwrap();
    }
    assert_eq!((in_hand.answer.blocking_recv(), next.answer.blocking_recv()), (Ok(Ok(1)), Ok(Ok(2))));
}
