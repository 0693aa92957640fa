//! Partners on the command line, and the clients that fetch their tokens.

use std::path::Path;

use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::SECRET;
use crate::support::program::{Program, Ran};
use crate::support::rows::Rows;
use crate::support::two_way::TwoWay;

/// Our id at Login with Amazon.
const ID: &str = "amzn1.application-oa2-client.0123456789abcdef";
/// Our secret there.
const PARTNER_SECRET: &str = "amzn1.oa2-cs.v1.a+partner/secret%20of=ours";

async fn with_alexa(backend: Backend) -> Program {
    let program = Program::on(backend).await.set_up_to_serve();
    let add = "client add --preset alexa --vendor-id M2TESTVENDOR0 --client-id alexa --client-secret-stdin";
    program.tell(add, SECRET).done();
    program
}

fn set(program: &Program, options: &str) -> Ran {
    program.tell(&format!("client set-partner alexa --partner-client-secret-stdin {options}"), PARTNER_SECRET)
}

fn set_alexa(program: &Program, options: &str) -> Ran {
    set(program, &format!("--partner alexa --partner-client-id {ID} {options}"))
}

#[rstest]
#[case::plain_http("--partner alexa --token-url http://api.amazon.com/auth/o2/token", "--token-url: it must be https")]
#[case::like_loopback("--partner alexa --token-url http://127.0.0.1.example.com/", "--token-url: it must be https")]
#[case::user_info("--partner alexa --token-url https://id:pw@api.amazon.com/", "--token-url: leave out")]
#[case::fragment("--partner alexa --token-url https://api.amazon.com/#x", "--token-url: leave out")]
#[case::relative("--partner alexa --token-url /auth/o2/token", "--token-url: write it whole")]
#[case::unknown_without_url("--partner google", "--token-url: is missing")]
#[case::bad_name("--partner Alexa", "--partner: ")]
#[case::long_name("--partner a23456789012345678901234567890123", "--partner: ")]
#[case::bad_scope("--partner alexa --scope \"", "--scope: ")]
#[case::joined_scopes("--partner alexa --scope a,b", "--scope: has a comma")]
#[tokio::test]
async fn what_is_wrong_with_a_partner_is_named_and_nothing_is_set(#[case] options: &str, #[case] words: &str) {
    let program = with_alexa(Sqlite).await;
    let ran = set(&program, &format!("--partner-client-id {ID} {options}"));
    assert!(ran.refused(2).starts_with(words), "{ran:?}");
    assert_eq!(program.run("client show alexa --json").json()["partner"], json!(null));
}

#[tokio::test]
async fn an_id_at_the_partner_that_can_not_be_one_is_refused() {
    let program = with_alexa(Sqlite).await;
    let long = "a".repeat(257);
    for id in ["schlüssel", &long] {
        let ran = set(&program, &format!("--partner alexa --partner-client-id {id}"));
        assert!(ran.refused(2).starts_with("--partner-client-id: "), "{ran:?}");
    }
    set(&program, &format!("--partner alexa --partner-client-id {}", &long[1..])).done();
}

#[rstest]
#[case::empty("\n", "empty")]
#[case::nothing("", "empty")]
#[case::not_ascii("geheim-ü\n", "printable ASCII")]
#[tokio::test]
async fn a_secret_that_can_not_be_one_is_refused(#[case] input: &str, #[case] words: &str) {
    let program = with_alexa(Sqlite).await;
    let ran = program.tell(&format!("client set-partner alexa --partner alexa --partner-client-id {ID}"), input);
    assert!(ran.refused(2).contains(words) && !ran.err.contains("geheim"), "{ran:?}");
    assert_eq!(program.run("client show alexa --json").json()["partner"], json!(null));
}

#[tokio::test]
async fn a_client_that_is_unknown_or_public_gets_no_partner() {
    let program = with_alexa(Sqlite).await;
    program.run("client add --name App --public --client-id app --redirect-uri com.example:/cb").done();
    for (client, words) in [("nobody", "couplet client list"), ("app", "public client")] {
        let set = format!("client set-partner {client} --partner alexa --partner-client-id {ID}");
        assert!(program.tell(&set, PARTNER_SECRET).refused(1).contains(words), "{client}");
    }
}

#[rstest]
#[case::ours("alexa", "this client's own id")]
#[case::the_skill("amzn1.ask.skill.0d2b3c4d", "is a skill id")]
#[tokio::test]
async fn an_id_that_is_another_one_is_refused(#[case] id: &str, #[case] words: &str) {
    let program = with_alexa(Sqlite).await;
    let ran = set(&program, &format!("--partner alexa --partner-client-id {id}"));
    let told = ran.refused(2);
    assert!(told.contains(words) && told.contains("Alexa Skill Messaging"), "{told}");
}

#[tokio::test]
async fn an_id_that_does_not_look_like_amazon_s_is_taken_with_a_warning() {
    let program = with_alexa(Sqlite).await;
    let ran = set(&program, "--partner alexa --partner-client-id something --json");
    assert_eq!(ran.json()["partner"]["partner_client_id"], "something");
    assert!(ran.err.contains("warning") && ran.err.lines().count() == 1, "{ran:?}");
}

#[tokio::test]
async fn a_right_id_is_taken_without_a_hint() {
    let program = with_alexa(Sqlite).await;
    assert_eq!(set_alexa(&program, "--json").err, "");
    let other = "--partner other --token-url https://other.example/token --partner-client-id anything --json";
    assert_eq!(set(&program, other).err, "");
}

#[rstest]
#[tokio::test]
async fn alexa_is_reached_at_login_with_amazon_unless_told_otherwise(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = with_alexa(backend).await;
    let set = set_alexa(&program, "--json").json();
    let expected = json!({
        "name": "alexa",
        "token_url": "https://api.amazon.com/auth/o2/token",
        "partner_client_id": ID,
        "scope": "",
    });
    assert_eq!(set["partner"], expected);
    assert_eq!(program.run("client show alexa --json").json(), set);
    let told = set_alexa(&program, "--token-url http://127.0.0.1:8080/token --json").json();
    assert_eq!(told["partner"]["token_url"], "http://127.0.0.1:8080/token");
}

#[rstest]
#[tokio::test]
async fn setting_again_replaces_everything(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = with_alexa(backend).await;
    set_alexa(&program, "--scope alexa::async_event:write --scope profile").done();
    let other = "--partner other --token-url https://other.example/token --partner-client-id us";
    set(&program, other).done();
    let expected = json!({
        "name": "other",
        "token_url": "https://other.example/token",
        "partner_client_id": "us",
        "scope": "",
    });
    assert_eq!(program.run("client show alexa --json").json()["partner"], expected);
}

#[tokio::test]
async fn a_client_is_shown_with_its_partner_in_words() {
    let program = with_alexa(Sqlite).await;
    set_alexa(&program, "--scope alexa::async_event:write --scope profile").done();
    let ran = program.run("client show alexa");
    let printed = |label: &str| ran.done().lines().find_map(|line| line.strip_prefix(label)).map(str::trim);
    assert_eq!(printed("partner "), Some("alexa"));
    assert_eq!(printed("partner_token_url"), Some("https://api.amazon.com/auth/o2/token"));
    assert_eq!(printed("partner_client_id"), Some(ID));
    assert_eq!(printed("partner_scope"), Some("alexa::async_event:write profile"));
    assert!(!ran.err.contains("set-partner"), "{ran:?}");
}

#[tokio::test]
async fn a_new_client_is_told_what_two_way_links_need() {
    let program = Program::new().with("COUPLET_PUBLIC_URL", "https://auth.example.com");
    let ran = program.run("client add --preset alexa --vendor-id M2TESTVENDOR0 --client-id alexa");
    let line = r#""reciprocalAccessTokenUrl": "https://auth.example.com/oauth2/reciprocal""#;
    assert!(ran.done().contains(line), "{ran:?}");
    assert!(ran.err.contains("couplet client set-partner alexa --partner alexa"), "{ran:?}");
}

#[rstest]
#[tokio::test]
async fn what_has_no_partner_loses_none(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = with_alexa(backend).await;
    assert!(program.run("client remove-partner alexa").refused(1).contains("alexa has no partner"));
    assert!(program.run("client remove-partner nobody").refused(1).contains("couplet client list"));
}

#[rstest]
#[tokio::test]
async fn a_removed_partner_takes_its_tokens_along_and_leaves_the_links(#[values(Sqlite, Postgres)] backend: Backend) {
    let two_way = TwoWay::on(backend).await;
    let tokens = two_way.link_both_ways().await;
    let program = &two_way.stage.program;
    assert_eq!(two_way.partner_token(&tokens).await.status, 200);
    program.run("client remove-partner alexa").done();
    let mut rows = Rows::at(&program.database_url()).await;
    assert_eq!((rows.count("partners").await, rows.count("reverse_links").await), (0, 0));
    assert_eq!(program.run("client show alexa --json").json()["partner"], json!(null));
    assert_eq!(two_way.partner_token(&tokens).await.error(), "invalid_target");
    assert_eq!(two_way.stage.alexa().refresh(&tokens.refresh).await.status, 200, "the link goes on");
    program.run("client remove-partner alexa").refused(1);
}

fn files(folder: &Path) -> Vec<u8> {
    std::fs::read_dir(folder).unwrap().flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn the_partners_secret_is_printed_and_stored_nowhere(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = with_alexa(backend).await;
    let shown = ["client show alexa", "client list", "client set alexa --name Other", "client disable alexa"];
    let mut all = vec![set_alexa(&program, ""), set_alexa(&program, "--json")];
    all.extend(shown.map(|command| program.run(command)));
    all.extend(shown[..3].iter().map(|command| program.run(&format!("{command} --json"))));
    for ran in all {
        assert!(!ran.done().contains(PARTNER_SECRET) && !ran.err.contains(PARTNER_SECRET), "{ran:?}");
    }
    let stored = match backend {
        Sqlite => files(&program.folder.path().join("data")),
        Postgres => {
            let mut rows = Rows::at(&program.database_url()).await;
            let sealed = rows.bytes(PARTNER_SECRET.as_bytes());
            let held = format!("SELECT count(*) FROM partners WHERE position({sealed}::bytea IN client_secret) > 0");
            assert_eq!(rows.number(&held).await, 0);
            assert_eq!(rows.number("SELECT count(*) FROM partners WHERE length(client_secret) > 40").await, 1);
            return;
        }
    };
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(ID), "the right place was looked at");
    assert!(!holds(PARTNER_SECRET));
}
