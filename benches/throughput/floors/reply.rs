//! Owns the floor of an answer: the web framework alone, in a process of its own, with as many workers as the server has.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use serde_json::Value;

use super::{Floor, What};
use crate::load::{Load, Processes};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::support::postgres::free_port;

/// The argument that makes this program the bare server.
pub const ARGUMENT: &str = "--bare-reply";

/// Where its port and its answer stand.
const PORT: &str = "BARE_REPLY_PORT";
const ANSWER: &str = "BARE_REPLY_ANSWER";

/// Measures an answer of the same length as that scenario's.
pub fn run(stage: &Stage, scenario: Scenario, connections: &[usize], time: Duration, each: &mut impl FnMut(Floor)) {
    let answer = scenario.specimen(stage);
    let port = free_port();
    let mut command = Command::new(std::env::current_exe().unwrap());
    let child = command.arg(ARGUMENT).env(PORT, port.to_string()).env(ANSWER, answer).spawn().unwrap();
    let server = Bare(child);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "the bare server does not answer");
        sleep(Duration::from_millis(5));
    }
    for count in connections {
        let load = Load::start(address, scenario.repeated(stage, *count));
        let run = load.measure(Processes { server: server.0.id(), database: None }, time);
        let (rate, cpu) = (run.rate(), run.each(run.server));
        each(Floor { what: What::Reply(scenario), backend: None, connections: *count, rate, cpu });
    }
}

struct Bare(Child);

impl Drop for Bare {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Serves until it is killed.
pub fn serve() {
    let variable = |name| std::env::var(name).unwrap();
    let answer: Value = serde_json::from_str(&variable(ANSWER)).unwrap();
    let port: u16 = variable(PORT).parse().unwrap();
    let answer = Data::new(answer);
    let serving = async move {
        HttpServer::new(move || App::new().app_data(answer.clone()).default_service(web::to(reply)))
            .workers(available_parallelism().map_or(2, usize::from))
            .bind(("127.0.0.1", port))
            .unwrap()
            .run()
            .await
            .unwrap();
    };
    actix_web::rt::System::new().block_on(serving);
}

async fn reply(_form: Bytes, answer: Data<Value>) -> HttpResponse {
    HttpResponse::Ok().json(&**answer)
}
