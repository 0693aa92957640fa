//! Requests whose end two readers could see at different places (RFC 9112 sections 6 and 11.2); more of them are in `wire.rs`.

use rstest::rstest;

use super::whole;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::raw::{parse, send};

/// A second request, hidden in the first.
const HIDDEN: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// All was refused, the hidden request too: had somebody taken it for one, it would have been told 200.
#[track_caller]
fn assert_nothing_smuggled(answered: &[u8]) {
    let answers = parse(answered, false);
    assert!(answers.iter().all(|answer| (400..500).contains(&answer.status)), "{answers:?}");
}

#[rstest]
#[case::folded("X: a\r\n b\r\nTransfer-Encoding:\r\n chunked\r\n")]
#[case::folded_length("Content-Length: 5\r\n 0\r\n")]
#[case::blank_before_colon("Transfer-Encoding : chunked\r\n")]
#[case::tab_before_colon("Content-Length\t: 5\r\n")]
#[case::line_feed_in_a_name("X\nTransfer-Encoding: chunked\r\n")]
#[case::carriage_return_in_a_value("X: a\rTransfer-Encoding: chunked\r\n")]
#[case::nul_in_a_name("Transfer-Encoding\0: chunked\r\n")]
#[case::no_name(": chunked\r\n")]
#[case::vertical_tab("Transfer-Encoding: \x0bchunked\r\n")]
#[case::with_a_parameter("Transfer-Encoding: chunked;q=1\r\n")]
#[case::in_quotes("Transfer-Encoding: \"chunked\"\r\n")]
#[case::twice_in_one("Transfer-Encoding: chunked, chunked\r\n")]
#[case::identity("Transfer-Encoding: identity\r\n")]
#[case::identity_and_length("Transfer-Encoding: identity\r\nContent-Length: 5\r\n")]
#[case::empty("Transfer-Encoding:\r\n")]
#[case::length_in_hexadecimal("Content-Length: 0x5\r\n")]
#[case::length_with_blank("Content-Length: 5 5\r\n")]
#[case::length_with_a_fraction("Content-Length: 5.0\r\n")]
#[case::length_beyond_numbers("Content-Length: 18446744073709551621\r\n")]
#[case::empty_length("Content-Length:\r\n")]
#[case::length_in_other_digits("Content-Length: \u{665}\r\n")]
#[case::two_equal_lengths("Content-Length: 5\r\nContent-Length: 5\r\n")]
#[tokio::test]
async fn a_head_that_can_be_read_in_two_ways_is_refused(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] lines: &str,
) {
    let app = whole(backend).await;
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let answered = send(&app.url, format!("{head}{lines}\r\n0\r\n\r\n{HIDDEN}").as_bytes()).await;
    assert_nothing_smuggled(&answered);
}

#[rstest]
#[case::hexadecimal_sign("0x3\r\nabc\r\n0\r\n\r\n")]
#[case::sign("+3\r\nabc\r\n0\r\n\r\n")]
#[case::negative("-3\r\nabc\r\n0\r\n\r\n")]
#[case::beyond_numbers("10000000000000003\r\nabc\r\n0\r\n\r\n")]
#[case::all_digits("ffffffffffffffff\r\nabc\r\n0\r\n\r\n")]
#[case::no_size("\r\nabc\r\n0\r\n\r\n")]
#[case::no_digits("xyz\r\nabc\r\n0\r\n\r\n")]
#[case::longer_than_said("2\r\nabc\r\n0\r\n\r\n")]
#[case::no_end_of_chunk("3\r\nabc0\r\n\r\n")]
#[case::bare_line_feed_in_an_extension("3;a=\nb\r\nabc\r\n0\r\n\r\n")]
#[case::bare_carriage_return("3\rabc\r\n0\r\n\r\n")]
#[tokio::test]
async fn a_chunk_that_is_none_ends_the_connection(#[values(Sqlite, Postgres)] backend: Backend, #[case] body: &str) {
    let app = whole(backend).await;
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let answered = send(&app.url, format!("{head}{body}{HIDDEN}").as_bytes()).await;
    assert_nothing_smuggled(&answered);
}

#[rstest]
#[case::chunked_without_http_1_1(
    "POST /oauth2/token HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n"
)]
#[case::version_of_another_time("POST /oauth2/token HTTP/0.9\r\nHost: localhost\r\n")]
#[case::version_2("POST /oauth2/token HTTP/2.0\r\nHost: localhost\r\n")]
#[case::preface_of_version_2("PRI * HTTP/2.0\r\n\r\nSM\r\n")]
#[case::no_host("POST /oauth2/token HTTP/1.1\r\n")]
#[case::host_with_a_path("POST /oauth2/token HTTP/1.1\r\nHost: localhost/x\r\n")]
#[case::host_list("POST /oauth2/token HTTP/1.1\r\nHost: localhost, evil.example\r\n")]
#[case::folded_host("POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\n evil.example\r\n")]
#[tokio::test]
async fn what_only_some_servers_would_take_is_refused(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] head: &str,
) {
    let app = whole(backend).await;
    let answered = send(&app.url, format!("{head}Connection: close\r\n\r\n0\r\n\r\n{HIDDEN}").as_bytes()).await;
    assert_nothing_smuggled(&answered);
}

#[rstest]
#[case::get_with_a_body("GET /nothing", "")]
#[case::websocket("GET /nothing", "Connection: Upgrade\r\nUpgrade: websocket\r\n")]
#[case::websocket_to_a_form("POST /oauth2/token", "Connection: Upgrade\r\nUpgrade: websocket\r\n")]
#[case::unread_body("PUT /oauth2/token", "")]
#[case::wrong_type("POST /oauth2/token", "Content-Type: text/plain\r\n")]
#[tokio::test]
async fn a_body_that_nobody_reads_is_no_request(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] start: &str,
    #[case] lines: &str,
) {
    let app = whole(backend).await;
    let length = HIDDEN.len();
    let head = format!("{start} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{lines}\r\n");
    assert_nothing_smuggled(&send(&app.url, format!("{head}{HIDDEN}").as_bytes()).await);
}

#[rstest]
#[tokio::test]
async fn a_body_shorter_than_it_says_is_not_taken(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = whole(backend).await;
    for path in super::POSTS {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\n", super::FORM);
        for length in ["Content-Length: 100\r\n\r\na=b", "Transfer-Encoding: chunked\r\n\r\n64\r\na=b"] {
            assert_nothing_smuggled(&send(&app.url, format!("{head}{length}").as_bytes()).await);
        }
    }
}
