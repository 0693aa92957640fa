//! What a server logs: one request's lines can be found together, and whoever reads slowly makes nobody wait.

use std::io::Read;
use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::program::Program;
use crate::support::stage::Stage;

const HEADER: &str = "x-request-id";

async fn ask_with_id(url: &str, id: &str) -> Response {
    Client::new().get(format!("{url}/healthz")).header(HEADER, id).send().await.unwrap()
}

fn id_of(answer: &Response) -> String {
    answer.headers()[HEADER].to_str().unwrap().to_owned()
}

/// The lines of a request, once the one that ends it is written.
async fn lines_of(stage: &Stage, id: &str) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let log = stage.server.log();
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let lines: Vec<Value> = lines.into_iter().filter(|line| line["span"]["id"] == id).collect();
        if lines.iter().any(|line| line["message"] == "answered") {
            return lines;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{log}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_strangers_request_id_is_not_taken() {
    let server = Program::new().set_up_to_serve().serve("serve").await;
    let first = id_of(&ask_with_id(&server.url, "chosen-by-a-stranger").await);
    let second = id_of(&ask_with_id(&server.url, "chosen-by-a-stranger").await);
    assert!(first.len() == 32 && first.bytes().all(|byte| byte.is_ascii_hexdigit()), "{first}");
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_log_level_that_is_none_is_told_and_the_usual_one_holds() {
    let program = Program::new().with("RUST_LOG", "couplet=loud").set_up_to_serve();
    let server = program.serve("serve").await;
    assert!(server.log().contains("RUST_LOG is passed over"), "{}", server.log());
    assert!(server.log().contains("INFO"), "{}", server.log());
}

#[tokio::test]
async fn a_trusted_proxys_request_id_is_kept_if_it_is_plain() {
    let server = Program::new().with("COUPLET_TRUSTED_PROXIES", "127.0.0.0/8").set_up_to_serve().serve("serve").await;
    for bad in ["with blank", "with\"quote", "{\"a\":1}", "é", &"a".repeat(65)] {
        assert_ne!(id_of(&ask_with_id(&server.url, bad).await), bad);
    }
    assert_eq!(id_of(&ask_with_id(&server.url, "1-67891233.abc_DEF").await), "1-67891233.abc_DEF");
}

#[tokio::test]
async fn every_line_of_a_request_carries_the_id_that_its_answer_has() {
    let stage = Stage::on(crate::support::app::Backend::Sqlite).await;
    let answer = stage.alexa().refresh("no token").await;
    let id = answer.headers[HEADER].to_str().unwrap();
    let lines = lines_of(&stage, id).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(
        (&lines[0]["message"], &lines[0]["code"], &lines[0]["level"]),
        (&"refused".into(), &"invalid_grant".into(), &"INFO".into())
    );
    assert_eq!((&lines[1]["path"], &lines[1]["status"]), (&"/oauth2/token".into(), &400.into()));
    let page = stage.person().open(&format!("{}/nothing", stage.server.url)).await;
    assert!(page.body.contains(page.header(HEADER)), "the page shows it as reference");
}

/// Asks on one connection, fifty times at once, and reads all answers.
async fn ask_many(address: &str, fifties: usize) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let request = format!("GET /oauth2/{} HTTP/1.1\r\nHost: couplet\r\n\r\n", "x".repeat(200));
    for _ in 0..fifties {
        writer.write_all(request.repeat(50).as_bytes()).await.unwrap();
        for _ in 0..50 {
            loop {
                let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await;
                // A body has no line end: the next answer begins in its line.
                match line.expect("it keeps answering").unwrap() {
                    Some(line) if line.contains("HTTP/1.1 404") => break,
                    Some(_) => {}
                    None => panic!("the connection ended"),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_server_whose_log_nobody_reads_keeps_answering_and_counts_what_is_lost() {
    let program = Program::new().set_up_to_serve();
    let (mut server, mut stderr) = program.serve_unheard().await;
    ask_many(program.variable("COUPLET_LISTEN"), 80).await;
    assert!(program.numbers().await.get("couplet_log_lines_lost_total") > 0.0);
    let reading = std::thread::spawn(move || {
        let mut log = String::new();
        stderr.read_to_string(&mut log).unwrap();
        log
    });
    server.terminate();
    assert_eq!(server.ended().await, Some(0));
    let log = reading.join().unwrap();
    assert!(log.lines().count() > 1000, "what was kept is told when somebody reads at last");
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "each line is whole");
}
