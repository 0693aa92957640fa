//! Nothing that opens a door is written down: not in the database, not in the log of a server that tells everything.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rstest::rstest;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET};
use crate::support::login_with_amazon::{AMAZON_SECRET, WireFault};
use crate::support::person::Page;
use crate::support::platform::{Platform, Tokens, VERIFIER, answer_parameter};
use crate::support::program::Program;
use crate::support::stage::Stage;
use crate::support::two_way::TwoWay;

/// A secret by the name that a failure tells.
type Secrets = Vec<(&'static str, String)>;

/// Goes through a whole link and its further life, and gives every secret that was on its way.
async fn live(stage: &Stage, alexa: &Platform) -> Secrets {
    let person = stage.person();
    let challenge = [("code_challenge", crate::support::platform::CHALLENGE), ("code_challenge_method", "S256")];
    let page = person.open(&alexa.authorize(&challenge)).await;
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let mut secrets = cookies(&page);
    person.sign_in(&page, ALICE, "a wrong password of hers").await;
    let form = [("username", ALICE), ("password", PASSWORD), ("request", &*request), ("csrf", &*csrf)];
    secrets.extend(cookies(&person.send(person.posting("/sign-in", &form)).await));
    assert!(secrets.len() >= 2, "a cookie of the form and one of the session: {secrets:?}");
    let page = person.link(&alexa.authorize(&challenge)).await;
    let code = answer_parameter(&page, "code").unwrap();
    let tokens = Tokens::from(&alexa.exchange(&code, &[("code_verifier", VERIFIER)]).await);
    let next = Tokens::from(&alexa.refresh(&tokens.refresh).await);
    assert!(alexa.is_active(&next.access).await);
    alexa.revoke(&next.refresh).await;
    alexa.refresh(&next.refresh).await;
    let client_id_and_secret = format!("{}:{SECRET}", alexa.client_id);
    secrets.extend([
        ("code", code),
        ("access token", tokens.access),
        ("refresh token", tokens.refresh),
        ("next access token", next.access),
        ("next refresh token", next.refresh),
        ("verifier", VERIFIER.to_owned()),
        ("password", PASSWORD.to_owned()),
        ("password as a form has it", PASSWORD.replace(' ', "+")),
        ("wrong password", "a wrong password of hers".to_owned()),
        ("client secret", SECRET.to_owned()),
        ("basic credentials", STANDARD.encode(client_id_and_secret)),
        ("master key", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc".to_owned()),
        ("form token", csrf),
    ]);
    secrets
}

fn cookies(page: &Page) -> Secrets {
    let set = page.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let value = |cookie: &str| cookie.split(['=', ';']).nth(1).unwrap_or_default().to_owned();
    set.map(value).filter(|value| value.len() > 8).map(|value| ("cookie", value)).collect()
}

/// What must not occur: the text, its bytes as hexadecimal digits, and the random end of what it encodes, both ways.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
    let mut forms = vec![secret.as_bytes().to_vec(), hex(secret.as_bytes())];
    let payload = secret.strip_prefix("cpl").and_then(|rest| rest.get(2..)).unwrap_or(secret);
    if let Ok(decoded) = URL_SAFE_NO_PAD.decode(payload)
        && decoded.len() >= 32
    {
        let end = &decoded[decoded.len() - 16..];
        forms.extend([end.to_vec(), hex(end)]);
    }
    forms
}

fn check(place: &str, content: &[u8], secrets: &Secrets) {
    for (name, secret) in secrets {
        for form in forms(secret) {
            let found = content.windows(form.len()).position(|window| window == form);
            let around = found.map(|at| String::from_utf8_lossy(&content[at.saturating_sub(300)..at]).into_owned());
            assert_eq!(around, None, "the {name} occurs in {place}");
        }
    }
}

async fn dump(url: &str) -> Vec<u8> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
    assert!(tables.len() >= 5, "{tables:?}");
    let mut text = String::new();
    for table in tables {
        let rows = AssertSqlSafe(format!("SELECT row_to_json(t)::text FROM {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut connection).await.unwrap();
        text.push_str(&rows.join("\n"));
    }
    text.into_bytes()
}

fn files(folder: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| std::fs::read(path).unwrap()).collect()
}

/// Everything that was on its way between the server, Amazon and the skill's backend: what goes well, what fails, a refresh.
async fn live_both_ways(two_way: &TwoWay) -> Secrets {
    two_way.amazon.fail_next([WireFault::Close, WireFault::Html, WireFault::Broken]);
    let mut secrets = vec![("partner's client secret", AMAZON_SECRET.to_owned())];
    let tokens = two_way.link().await;
    two_way.amazon.expires_in(1, true);
    let code = two_way.amazon.issue_code().expose().to_owned();
    two_way.hand_over(&tokens, &code).await;
    two_way.until("active").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    two_way.amazon.expires_in(3600, false);
    let first = two_way.partner_token(&tokens).await.text("access_token");
    let spent = two_way.hand_over(&tokens, "ANaCodeThatAmazonRefuses").await;
    assert_eq!(spent.status, 200);
    two_way.amazon.until_arrived(6).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let second = two_way.partner_token(&tokens).await.text("access_token");
    secrets.extend([("reciprocal code", code), ("refused code", "ANaCodeThatAmazonRefuses".to_owned())]);
    secrets.extend([("Amazon's access token", first), ("Amazon's access token, again", second)]);
    secrets.extend(two_way.amazon.issued().into_iter().map(|token| ("a token of Amazon", token)));
    secrets
}

async fn database_of(program: &Program, backend: Backend) -> Vec<u8> {
    match backend {
        Sqlite => files(&program.folder.path().join("data")),
        Postgres => dump(program.variable("DATABASE_URL")).await,
    }
}

#[rstest]
#[tokio::test]
async fn no_secret_of_a_two_way_link_is_in_the_database_or_the_log(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut two_way = TwoWay::of(Program::on(backend).await.with("RUST_LOG", "trace")).await;
    let secrets = live_both_ways(&two_way).await;
    assert!(secrets.len() >= 8, "two access tokens and two refresh tokens at least");
    two_way.stage.server.terminate();
    assert_eq!(two_way.stage.server.ended().await, Some(0));
    let database = database_of(&two_way.stage.program, backend).await;
    assert!(String::from_utf8_lossy(&database).contains(&two_way.amazon.url()), "the right place was looked at");
    check("the database", &database, &secrets);
    let log = two_way.stage.server.log();
    assert!(log.contains("/oauth2/reciprocal") && log.contains("not exchanged yet"), "{log}");
    check("the log", log.as_bytes(), &secrets);
}

#[rstest]
#[tokio::test]
async fn no_secret_of_a_whole_link_is_in_the_database_or_the_log(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("stable", "rotate")] refresh: &str,
    #[values("opaque", "jwt")] access_token: &str,
) {
    let program = Program::on(backend).await.with("RUST_LOG", "trace");
    let mut stage = Stage::of(program).await;
    stage.program.run(&format!("client set alexa --refresh {refresh} --access-token {access_token}")).done();
    let secrets = live(&stage, &stage.alexa()).await;
    stage.server.terminate();
    assert_eq!(stage.server.ended().await, Some(0));
    let database = database_of(&stage.program, backend).await;
    // What is there shows that the right place was looked at.
    assert!(String::from_utf8_lossy(&database).contains("lights:write"));
    check("the database", &database, &secrets);
    let log = stage.server.log();
    assert!(log.contains("/oauth2/token") && log.contains("TRACE"), "{log}");
    check("the log", log.as_bytes(), &secrets);
}
