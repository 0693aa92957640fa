//! A real server process with Alexa's client and Alice, all made by the command line.
//! It owns only the setting; processes are `program`'s, people and platforms their own.

use serde_json::Value;

use super::app::{ALICE, Backend, PASSWORD, SECRET};
use super::person::Person;
use super::platform::Platform;
use super::program::{Program, Running};

/// A server process, and the command line beside it.
pub struct Stage {
    /// The command line, on the server's database.
    pub program: Program,
    /// The server.
    pub server: Running,
}

impl Stage {
    /// Sets everything up and waits until the server answers.
    pub async fn on(backend: Backend) -> Self {
        Self::of(Program::on(backend).await).await
    }

    /// The same with a program whose environment the test has chosen.
    pub async fn of(program: Program) -> Self {
        let program = program.set_up_to_serve();
        let server = program.serve("serve").await;
        let client = "client add --preset alexa --vendor-id M2TESTVENDOR0 --client-id alexa --client-secret-stdin \
                      --scope lights:read --scope lights:write";
        program.tell(client, SECRET).done();
        program.tell(&format!("user add {ALICE} --password-stdin"), PASSWORD).done();
        Self { program, server }
    }

    /// Alexa.
    pub fn alexa(&self) -> Platform {
        self.platform("alexa", SECRET)
    }

    /// Alexa with another id or secret.
    pub fn platform(&self, id: &str, secret: &str) -> Platform {
        Platform::new(&self.server.url, id, Some(secret), "https://layla.amazon.com/api/skill/link/M2TESTVENDOR0")
    }

    /// Another server process on the same database, as Alexa reaches it; it runs as long as the second value lives.
    pub async fn second_server(&self) -> (Platform, Running) {
        let running = self.program.serve_beside().await;
        let mut alexa = self.alexa();
        alexa.url = running.url.clone();
        (alexa, running)
    }

    /// A person with a fresh browser.
    pub fn person(&self) -> Person {
        Person::new(&self.server.url)
    }

    /// An endpoint's JSON.
    pub async fn get(&self, path: &str) -> Value {
        let text = reqwest::get(format!("{}{path}", self.server.url)).await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}
