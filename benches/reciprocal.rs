//! How long Alexa waits at the reciprocal endpoint while the partner hangs, beside an introspection, and beside what the disk
//! needs for one durable write: all in one run, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement that meets something unforeseen must fail, and prints what it saw"
)]

use std::io::Write;
use std::time::{Duration, Instant};

#[path = "../tests/it/support"]
#[expect(dead_code, reason = "the tests need more of their actors")]
mod support {
    pub mod app;
    pub mod ledger;
    pub mod login_with_amazon;
    pub mod person;
    pub mod platform;
    pub mod postgres;
    pub mod program;
    pub mod stage;
    pub mod twilio;
    pub mod two_way;
    pub mod watchdog;
}

use support::app::Backend;
use support::login_with_amazon::WireFault;
use support::two_way::TwoWay;

/// Links, each of which takes one code.
const LINKS: usize = 200;

#[tokio::main]
async fn main() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let two_way = TwoWay::on(backend).await;
        two_way.amazon.fail_always(Some(WireFault::Hang));
        let person = two_way.stage.person();
        let alexa = two_way.stage.alexa();
        let (mut introspections, mut codes, mut repeats) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..LINKS {
            let tokens = alexa.link(&person).await;
            let code = two_way.amazon.issue_code();
            let began = Instant::now();
            assert!(alexa.is_active(&tokens.access).await);
            introspections.push(began.elapsed());
            for times in [&mut codes, &mut repeats] {
                let began = Instant::now();
                assert_eq!(two_way.hand_over(&tokens, code.expose()).await.status, 200);
                times.push(began.elapsed());
            }
        }
        println!("{backend:?}, {LINKS} links, the partner hangs");
        report("introspection", introspections);
        report("reciprocal, a new code", codes);
        report("reciprocal, repeated", repeats);
    }
    println!("The disk");
    report("4 KiB written and synced", disk());
}

fn disk() -> Vec<Duration> {
    let folder = tempfile::tempdir().unwrap();
    let mut file = std::fs::File::create(folder.path().join("file")).unwrap();
    let times = (0..LINKS).map(|_| {
        let began = Instant::now();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        began.elapsed()
    });
    times.collect()
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!("  {what:26} median {:7.2} ms   p95 {:7.2} ms   p99 {:7.2} ms", at(50), at(95), at(99));
}
