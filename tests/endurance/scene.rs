//! A server process on a database, with platforms of every policy and eight people who use it at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use couplet::model::client::RefreshPolicy;
use futures_util::future::join_all;
use tokio::time::sleep;

use crate::asking::Asking;
use crate::dice::Dice;
use crate::support::app::{PASSWORD, SECRET};
use crate::support::person::Person;
use crate::support::platform::Platform;
use crate::support::program::{Program, Running};
use crate::worker::{Client, Worker};

/// Where every platform's answers go.
const CALLBACK: &str = "https://app.example.com/callback";

/// The platforms: name, options beyond the usual, what a refresh does, whether an exchange may be repeated.
const CLIENTS: [(&str, &str, RefreshPolicy, bool); 4] = [
    ("stable", "--refresh stable --access-token opaque --repeat-exchange on", RefreshPolicy::Stable, true),
    ("rotate", "--refresh rotate --access-token opaque --repeat-exchange on", RefreshPolicy::Rotate, true),
    ("jwt", "--refresh rotate --access-token jwt --repeat-exchange on", RefreshPolicy::Rotate, true),
    ("strict", "--refresh strict --access-token opaque --repeat-exchange off", RefreshPolicy::Strict, false),
];

/// How many people there are.
const PEOPLE: usize = 8;

/// A server, its database and its users.
pub struct Scene {
    program: Program,
    server: Running,
    workers: Vec<Worker>,
}

impl Scene {
    /// Sets everything up. The very first start, which makes the tables, is killed as well.
    pub async fn of(program: Program, asking: &Asking, dice: &mut Dice) -> Self {
        let cheap = [("COUPLET_PASSWORD_MEMORY_KIB", "64"), ("COUPLET_PASSWORD_ITERATIONS", "1")];
        let program = cheap.iter().fold(program.set_up_to_serve(), |program, (name, value)| program.with(name, value));
        let mut first = program.start("serve");
        sleep(dice.moment(Duration::from_millis(400))).await;
        first.kill().await;
        let server = program.serve("serve").await;
        for (id, options, ..) in CLIENTS {
            let add =
                format!("client add --name {id} --client-id {id} --redirect-uri {CALLBACK} --scope read {options}");
            program.tell(&format!("{add} --client-secret-stdin"), SECRET).done();
        }
        let client = |(id, _, policy, repeats)| {
            let platform = Platform::new(&server.url, id, Some(SECRET), CALLBACK);
            Client { platform, policy, repeats }
        };
        let clients = Arc::new(CLIENTS.map(client).into_iter().collect::<Vec<_>>());
        let worker = |number: usize| {
            let login = format!("person-{number}");
            program.tell(&format!("user add {login} --password-stdin"), PASSWORD).done();
            let (browser, asking, dice) = (Person::new(&server.url), asking.clone(), dice.other());
            Worker { asking, login, browser, clients: clients.clone(), dice, signed_in: false, links: Vec::new() }
        };
        let workers = (0..PEOPLE).map(worker).collect();
        Self { program, server, workers }
    }

    /// Everyone works while `fault` happens, and for a moment after it; then all that was used is checked.
    async fn under_load(workers: &mut [Worker], fault: impl Future<Output = ()>) {
        let stop = AtomicBool::new(false);
        let working = join_all(workers.iter_mut().map(|worker| worker.work(&stop)));
        tokio::join!(working, async {
            fault.await;
            stop.store(true, Ordering::Relaxed);
        });
    }

    /// Kills the server at some moment, now and then again while it starts.
    pub async fn kill_under_load(&mut self, dice: &mut Dice) {
        let Self { program, server, workers } = self;
        Self::under_load(workers, async {
            sleep(Duration::from_millis(50) + dice.moment(Duration::from_millis(1200))).await;
            server.kill().await;
            if dice.one_in(3) {
                let mut starting = program.start("serve");
                sleep(dice.moment(Duration::from_millis(300))).await;
                starting.kill().await;
            }
            *server = program.serve("serve").await;
            sleep(dice.moment(Duration::from_millis(300))).await;
        })
        .await;
    }

    /// Lets something befall the database that the server stays up through.
    pub async fn befall_under_load(&mut self, dice: &mut Dice, fault: impl Future<Output = ()>) {
        let (before, after) = (dice.moment(Duration::from_millis(1000)), dice.moment(Duration::from_millis(500)));
        Self::under_load(&mut self.workers, async {
            sleep(before).await;
            fault.await;
            sleep(after).await;
        })
        .await;
    }

    /// Checks every link there ever was; then the server stops as it should.
    pub async fn end(mut self) {
        join_all(self.workers.iter_mut().map(|worker| worker.check(|_| true))).await;
        self.server.terminate();
        assert_eq!(self.server.ended().await, Some(0));
    }
}
