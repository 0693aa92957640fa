//! A rotation from its beginning to its end.

use couplet::store::sealed::SealedColumn;
use couplet::tokens::seal::Place;
use rstest::rstest;
use serde_json::json;

use super::{NEW, OLD, ROTATE, assert_all_under, opened, sealer, values, write_key};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::platform::Tokens;
use crate::support::program::Program;
use crate::support::rows::Rows;
use crate::support::stage::Stage;

const SECRETS: [(SealedColumn, &[u8]); 5] = [
    (SealedColumn::PartnerSecret, b"our secret"),
    (SealedColumn::ReverseCode, b"a code"),
    (SealedColumn::ReverseAccessToken, b"an access token"),
    (SealedColumn::ReverseRefreshToken, b"a refresh token"),
    (SealedColumn::PushAuthToken, b"an auth token"),
];

/// Where the key pair for browsers' push services is, which is made when it is first needed.
const VAPID: Place<'static> = Place { table: "keys", column: "sealed", row: "vapid/0" };

/// Gives Alexa a partner, a link everything it can hold, a back end an account of the link's id, and browsers a key pair, sealed
/// under this key.
async fn add_partner_and_reverse_link(program: &Program, byte: u8, grant: &str) {
    let mut rows = Rows::at(&program.database_url()).await;
    let [secret, code, access, refresh, token] = SECRETS.map(|(column, plain)| {
        let row = if column == SealedColumn::PartnerSecret { "alexa" } else { grant };
        let place = Place { table: column.table(), column: column.column(), row };
        rows.bytes(&sealer(byte).seal(place, plain).unwrap())
    });
    rows.change(&format!("INSERT INTO partners VALUES ('alexa', 'lwa', 'https://example.com', 'us', {secret}, '', 0)"))
        .await;
    let (id, none) = (rows.id(grant), rows.bytes(&[]));
    rows.change(&format!("INSERT INTO push_accounts VALUES ({id}, {token}, 0)")).await;
    let vapid = rows.bytes(&sealer(byte).seal(VAPID, b"a key pair").unwrap());
    rows.change(&format!("INSERT INTO keys VALUES ('vapid', 0, '', {vapid}, 0)")).await;
    rows.change(&format!(
        "INSERT INTO reverse_links (grant_id, partner, state, version, seen_codes, code, attempts, access_token, \
         refresh_token, created_at, changed_at) VALUES ({id}, 'lwa', 'active', 5, {none}, {code}, 0, {access}, {refresh}, 0, 0)"
    ))
    .await;
}

#[rstest]
#[tokio::test]
async fn a_running_server_goes_on_through_a_rotation(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("opaque", "jwt")] access_token: &str,
) {
    let stage = Stage::on(backend).await;
    stage.program.run(&format!("client set alexa --access-token {access_token}")).done();
    let (alexa, person) = (stage.alexa(), stage.person());
    let mut tokens = alexa.link(&person).await;
    write_key(&stage.program, "new.key", NEW);
    let mut rotation = stage.program.start(ROTATE);
    let ended = tokio::spawn(async move { (rotation.ended().await, rotation.out() + &rotation.log()) });
    while !ended.is_finished() {
        assert!(alexa.is_active(&tokens.access).await);
        tokens = Tokens::from(&alexa.refresh(&tokens.refresh).await);
    }
    let (code, told) = ended.await.unwrap();
    assert!(code == Some(0) && told.contains("Point master_key_file to new.key"), "{told}");
    let program = stage.program.with("COUPLET_MASTER_KEY_FILE", "new.key");
    program.run("keys rotate").done();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let next = Tokens::from(&alexa.refresh(&tokens.refresh).await);
    assert!(alexa.is_active(&tokens.access).await && alexa.is_active(&next.access).await);
    assert!(!stage.server.log().contains("ERROR"), "{}", stage.server.log());
}

#[rstest]
#[tokio::test]
async fn afterwards_the_new_file_is_good_and_the_old_one_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut stage = Stage::on(backend).await;
    let tokens = stage.alexa().link(&stage.person()).await;
    write_key(&stage.program, "new.key", NEW);
    stage.program.run(ROTATE).done();
    stage.server.terminate();
    assert_eq!(stage.server.ended().await, Some(0));
    let ran = stage.program.run("serve");
    assert!(ran.refused(1).contains("a master key that was replaced; point it to"), "{ran:?}");
    stage.program = stage.program.with("COUPLET_MASTER_KEY_FILE", "new.key");
    stage.server = stage.program.serve("serve").await;
    assert!(stage.alexa().is_active(&tokens.access).await);
    assert_eq!(stage.alexa().refresh(&tokens.refresh).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn every_sealed_value_comes_under_the_new_key_where_it_was(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let program = &stage.program;
    stage.alexa().link(&stage.person()).await;
    let grant = program.run("grant list --json").json()[0]["id"].as_str().unwrap().to_owned();
    add_partner_and_reverse_link(program, OLD, &grant).await;
    write_key(program, "new.key", NEW);
    let told = program.run(&format!("{ROTATE} --json")).json();
    let expected = json!({
        "keys.sealed": 3, "partners.client_secret": 1, "push_accounts.auth_token": 1,
        "reverse_links.code": 1, "reverse_links.access_token": 1, "reverse_links.refresh_token": 1
    });
    assert_eq!(
        (&told["resealed"], told["master_key"].as_str()),
        (&expected, Some(&*sealer(NEW).current().to_string()))
    );
    let values = values(program).await;
    assert_all_under(NEW, &values);
    for (column, plain) in SECRETS {
        let value = &values.iter().find(|(each, _)| *each == column).unwrap().1;
        assert_eq!(opened(NEW, column, value).unwrap(), plain);
    }
    assert!(
        values.iter().any(|(column, value)| opened(NEW, *column, value).is_some_and(|plain| plain == b"a key pair"))
    );
    let mut rows = Rows::at(&program.database_url()).await;
    assert_eq!(rows.number("SELECT version FROM reverse_links").await, 8, "each of three changes is one version");
    assert_eq!(rows.number("SELECT count(*) FROM keys WHERE purpose = 'next-master'").await, 0);
}

#[rstest]
#[tokio::test]
async fn what_a_straggler_wrote_under_a_key_before_the_last_is_found_and_opens(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let stage = Stage::on(backend).await;
    stage.alexa().link(&stage.person()).await;
    let grant = stage.program.run("grant list --json").json()[0]["id"].as_str().unwrap().to_owned();
    write_key(&stage.program, "new.key", NEW);
    write_key(&stage.program, "third.key", 9);
    stage.program.run(ROTATE).done();
    let program = stage.program.with("COUPLET_MASTER_KEY_FILE", "new.key");
    program.run("keys rotate-master --new-key-file third.key").done();
    let program = program.with("COUPLET_MASTER_KEY_FILE", "third.key");
    add_partner_and_reverse_link(&program, OLD, &grant).await;
    let ran = program.run("keys rotate-master --new-key-file third.key");
    assert!(ran.done().contains("everything is now sealed under"), "{ran:?}");
    assert_all_under(9, &values(&program).await);
}
