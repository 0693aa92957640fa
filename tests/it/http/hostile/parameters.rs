//! Parameters that are malformed, giant, many or doubled, in the body and in the query.

use rstest::rstest;

use super::{POSTS, READS, assert_sound, post, refused_with, request, whole};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::SECRET;
use crate::support::raw::ask;
use couplet::web::routes::{
    AUTHORIZE, FORGOT, INTROSPECT, RECIPROCAL, REGISTER, REVOKE, SIGN_IN_APPROVE, SIGN_IN_BY_CODE, TOKEN,
    TWILIO_ACCESS_TOKEN,
};

/// What no parameter may be, as bytes of a form or a query.
const MALFORMED: [&[u8]; 16] = [
    b"%",
    b"a=%",
    b"a=%4",
    b"a=%zz",
    b"a=%+1",
    b"a=%u0041",
    b"a=%00",
    b"%00=a",
    b"a=%ff",
    b"%fe=a",
    b"a=%C0%AF",
    b"a=%ED%A0%80",
    b"a=%F4%90%80%80",
    b"a=%E2%82",
    b"=%80",
    b"x=1&&a=%e9&y",
];

/// What reads parameters of a query.
const QUERIES: [&str; 6] = [AUTHORIZE, TWILIO_ACCESS_TOKEN, SIGN_IN_BY_CODE, SIGN_IN_APPROVE, REGISTER, FORGOT];

#[rstest]
#[tokio::test]
async fn malformed_parameters_are_400_in_every_body_and_query(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = whole(backend).await;
    for malformed in MALFORMED {
        for path in POSTS {
            let answer = ask(&app.url, post(path, "", malformed)).await;
            assert_sound(path, &answer);
            assert_eq!(answer.status, refused_with(path, 400), "{path} {}", malformed.escape_ascii());
        }
        let query = std::str::from_utf8(malformed).unwrap();
        for path in QUERIES {
            let answer = ask(&app.url, request("GET", &format!("{path}?{query}"), "", b"")).await;
            assert_sound(path, &answer);
            assert_eq!(answer.status, 400, "{path}?{query}");
        }
        // What reads no query does not stumble over one.
        for path in READS.into_iter().filter(|path| !QUERIES.contains(path)) {
            let plain = ask(&app.url, request("GET", path, "", b"")).await;
            let answer = ask(&app.url, request("GET", &format!("{path}?{query}"), "", b"")).await;
            assert_sound(path, &answer);
            assert_eq!(answer.status, plain.status, "{path}?{query}");
        }
    }
}

#[rstest]
#[case::raw_nul(b"a=b\0c")]
#[case::raw_bytes(b"a=\xff\xfe")]
#[case::utf16(b"\xff\xfea\0=\0b\0")]
#[case::cut_character("a=é".as_bytes().split_last().unwrap().1)]
#[tokio::test]
async fn bytes_that_are_no_text_are_400(#[values(Sqlite, Postgres)] backend: Backend, #[case] body: &[u8]) {
    let app = whole(backend).await;
    for path in POSTS {
        let answer = ask(&app.url, post(path, "", body)).await;
        assert_sound(path, &answer);
        assert_eq!(answer.status, refused_with(path, 400), "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn many_and_giant_parameters_are_refused_or_ignored_in_time(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = whole(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let fill = |unit: &str| unit.repeat(65_536 / unit.len()).into_bytes();
    let giant = |name: &str| format!("{name}={}", "x".repeat(65_000)).into_bytes();
    let bodies = [
        fill("a&"),
        fill("&"),
        fill("="),
        fill("a=b&"),
        fill("scope=a&"),
        fill("%F0%9F%94%97"),
        // Characters whose normal form is long, and a pile of accents.
        [b"username=".to_vec(), fill("%EF%B7%BA")].concat()[..65_000].to_vec(),
        [b"username=a".to_vec(), fill("%CC%81")].concat()[..65_002].to_vec(),
        giant("client_id"),
        giant("code"),
        giant("token"),
        giant("request"),
        giant("csrf"),
        giant("password"),
        giant("grant_type"),
    ];
    let began = std::time::Instant::now();
    for body in &bodies {
        for path in POSTS {
            assert_sound(path, &ask(&app.url, post(path, "", body)).await);
        }
    }
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
}

#[rstest]
#[tokio::test]
async fn a_parameter_that_means_something_is_given_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = whole(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let secret = format!("client_id=app&client_secret={SECRET}");
    let exchange = "grant_type=authorization_code&code=x&redirect_uri=x";
    let partner = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&audience=alexa&subject_token=x";
    for (path, form, doubled) in [
        (TOKEN, exchange, "grant_type=authorization_code"),
        (TOKEN, exchange, "code=x"),
        (TOKEN, exchange, "client_id=app"),
        (TOKEN, exchange, "client_secret=x"),
        (TOKEN, "grant_type=refresh_token&refresh_token=x", "refresh_token=x"),
        (TOKEN, partner, "subject_token=x"),
        (INTROSPECT, "token=x", "token=x"),
        (INTROSPECT, "token=x", "client_id=app"),
        (REVOKE, "token=x", "token=y"),
    ] {
        for body in [format!("{secret}&{form}&{doubled}"), format!("{doubled}&{secret}&{form}")] {
            let answer = ask(&app.url, post(path, "", body.as_bytes())).await;
            assert_sound(path, &answer);
            assert!(answer.status == 400 && answer.body.contains("invalid_request"), "{body}: {answer:?}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn credentials_in_the_query_are_nobodys(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = whole(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let query = format!("client_id=app&client_secret={SECRET}&token=x&grant_type=refresh_token&refresh_token=x");
    for (path, body) in
        [(TOKEN, "grant_type=refresh_token&refresh_token=x"), (INTROSPECT, "token=x"), (REVOKE, "token=x")]
    {
        let answer = ask(&app.url, post(&format!("{path}?{query}"), "", body.as_bytes())).await;
        assert_eq!((answer.status, answer.body.contains("invalid_client")), (401, true), "{answer:?}");
        let answer = ask(&app.url, post(&format!("{path}?{query}"), "", b"")).await;
        assert!([400, 401].contains(&answer.status), "{answer:?}");
    }
    let answer = ask(&app.url, post(&format!("{RECIPROCAL}?access_token=x"), "", b"")).await;
    assert_eq!(answer.status, 401);
}
