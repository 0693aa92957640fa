//! What the stand-in takes and refuses, each rule by itself.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::engine::general_purpose::STANDARD;
use rstest::rstest;

use super::*;
use crate::model::time::Timestamp;

const FORM: &str = "application/x-www-form-urlencoded;charset=UTF-8";
const CLIENT: &str = "client_id=amzn1.client&client_secret=s%2Bcret";

/// A clock that is moved by hand, from 2026 on.
#[derive(Default)]
struct Hand(AtomicU32);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_timestamp(1_795_000_000 + i64::from(self.0.load(Ordering::SeqCst)), 0).unwrap()
    }
}

/// Bytes that differ from call to call; unpredictability does not matter here.
#[derive(Default)]
struct Different(AtomicU32);

impl Randomness for Different {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes();
        bytes.iter_mut().zip(number.iter().cycle()).for_each(|(byte, n)| *byte = *n);
    }
}

struct Scene {
    amazon: LoginWithAmazon,
    clock: Arc<Hand>,
}

fn scene() -> Scene {
    let clock = Arc::new(Hand::default());
    let amazon =
        LoginWithAmazon::new("amzn1.client", "s+cret".to_owned().into(), clock.clone(), Arc::new(Different::default()));
    Scene { amazon, clock }
}

impl Scene {
    fn send(&self, content_type: Option<&str>, authorization: Option<&str>, body: &str) -> (u16, Value) {
        let answer = self.amazon.answer(&TokenCall { content_type, authorization, body: body.as_bytes() });
        (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
    }

    fn post(&self, body: &str) -> (u16, Value) {
        self.send(Some(FORM), None, &format!("{body}&{CLIENT}"))
    }

    fn exchange(&self, code: &PlainSecret) -> (u16, Value) {
        self.post(&format!("grant_type=authorization_code&code={}", code.expose()))
    }

    fn refresh(&self, token: &str) -> (u16, Value) {
        self.post(&format!("grant_type=refresh_token&refresh_token={}", crate::model::parameters::encode(token)))
    }

    fn later(&self, seconds: u32) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The tokens of a fresh customer.
    fn linked(&self) -> (String, String) {
        tokens(self.exchange(&self.amazon.issue_code()))
    }
}

#[track_caller]
fn tokens((status, json): (u16, Value)) -> (String, String) {
    assert_eq!(status, 200, "{json}");
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

#[track_caller]
fn assert_refused((status, json): (u16, Value), expected: u16, error: &str) {
    assert_eq!((status, json["error"].as_str()), (expected, Some(error)), "{json}");
}

#[rstest]
#[case::no_type(None)]
#[case::json(Some("application/json"))]
#[case::multipart(Some("multipart/form-data; boundary=x"))]
fn another_content_type_is_refused(#[case] content_type: Option<&str>) {
    let scene = scene();
    let body = format!("grant_type=authorization_code&code={}&{CLIENT}", scene.amazon.issue_code().expose());
    assert_refused(scene.send(content_type, None, &body), 400, "invalid_request");
    tokens(scene.send(Some("application/x-www-form-urlencoded"), None, &body));
}

#[rstest]
#[case::malformed("grant_type=%zz")]
#[case::no_grant_type("code=x")]
#[case::no_code("grant_type=authorization_code")]
#[case::no_token("grant_type=refresh_token&refresh_token=")]
#[case::twice("grant_type=authorization_code&code=x&code=x")]
#[case::unused_twice("grant_type=refresh_token&refresh_token=x&code=x&code=x")]
#[case::client_twice("grant_type=authorization_code&code=x&client_id=amzn1.client")]
fn a_malformed_request_is_refused(#[case] body: &str) {
    assert_refused(scene().post(body), 400, "invalid_request");
}

#[rstest]
#[case::nobody("")]
#[case::no_secret("client_id=amzn1.client")]
#[case::wrong_secret("client_id=amzn1.client&client_secret=other")]
#[case::wrong_id("client_id=amzn1.other&client_secret=s%2Bcret")]
#[case::secret_not_encoded("client_id=amzn1.client&client_secret=s+cret")]
fn other_credentials_in_the_body_are_refused(#[case] credentials: &str) {
    let scene = scene();
    let code = scene.amazon.issue_code();
    let body = format!("grant_type=authorization_code&code={}&{credentials}", code.expose());
    assert_refused(scene.send(Some(FORM), None, &body), 401, "invalid_client");
    tokens(scene.exchange(&code));
}

#[rstest]
#[case::bearer("Bearer", "amzn1.client:s%2Bcret", "", 401, "invalid_client")]
#[case::wrong_secret("Basic", "amzn1.client:other", "", 401, "invalid_client")]
#[case::other_id_in_the_body("Basic", "amzn1.client:s%2Bcret", "&client_id=other", 401, "invalid_client")]
#[case::both_ways("Basic", "amzn1.client:s%2Bcret", "&client_secret=s%2Bcret", 400, "invalid_request")]
fn other_credentials_in_the_header_are_refused(
    #[case] scheme: &str,
    #[case] pair: &str,
    #[case] more: &str,
    #[case] status: u16,
    #[case] error: &str,
) {
    let header = format!("{scheme} {}", STANDARD.encode(pair));
    let body = format!("grant_type=authorization_code&code=x{more}");
    assert_refused(scene().send(Some(FORM), Some(&header), &body), status, error);
}

#[test]
fn basic_credentials_are_taken_as_well() {
    let scene = scene();
    let header = format!("basic {}", STANDARD.encode("amzn1.client:s%2Bcret"));
    let code = scene.amazon.issue_code();
    let body = format!("grant_type=authorization_code&code={}&client_id=amzn1.client", code.expose());
    tokens(scene.send(Some(FORM), Some(&header), &body));
}

#[test]
fn another_grant_type_is_refused() {
    assert_refused(scene().post("grant_type=client_credentials"), 400, "unsupported_grant_type");
}

#[test]
fn a_redirect_uri_is_refused_unless_it_is_empty() {
    let scene = scene();
    let code = scene.amazon.issue_code();
    let body = format!("grant_type=authorization_code&code={}&redirect_uri=", code.expose());
    assert_refused(scene.post(&format!("{body}https%3A%2F%2Fa.example")), 400, "invalid_grant");
    tokens(scene.post(&body));
}

#[test]
fn a_code_that_was_never_issued_is_refused() {
    assert_refused(scene().exchange(&"ANABCDEFGHIJKLMNOPQR".to_owned().into()), 400, "invalid_grant");
}

#[test]
fn a_code_is_good_once() {
    let scene = scene();
    let code = scene.amazon.issue_code();
    let (_, refresh) = tokens(scene.exchange(&code));
    assert_refused(scene.exchange(&code), 400, "invalid_grant");
    tokens(scene.refresh(&refresh));
}

#[test]
fn a_code_is_good_for_five_minutes() {
    let scene = scene();
    let (first, second) = (scene.amazon.issue_code(), scene.amazon.issue_code());
    scene.later(300);
    tokens(scene.exchange(&first));
    scene.later(1);
    assert_refused(scene.exchange(&second), 400, "invalid_grant");
}

#[test]
fn a_code_has_an_and_eighteen_letters() {
    let scene = scene();
    for _ in 0..100 {
        let code = scene.amazon.issue_code();
        let letters = code.expose().strip_prefix("AN").unwrap();
        assert!(letters.len() == 18 && letters.bytes().all(|byte| byte.is_ascii_uppercase()), "{letters}");
    }
}

#[test]
fn tokens_look_like_amazons() {
    let scene = scene();
    let (_, json) = scene.exchange(&scene.amazon.issue_code());
    for (name, beginning) in [("access_token", "Atza|"), ("refresh_token", "Atzr|")] {
        let token = json[name].as_str().unwrap();
        assert!(token.starts_with(beginning) && (350..=2048).contains(&token.len()), "{token}");
    }
    assert_eq!((&json["token_type"], &json["expires_in"]), (&json!("bearer"), &json!("3600")));
    scene.amazon.expires_in(600, false);
    assert_eq!(scene.exchange(&scene.amazon.issue_code()).1["expires_in"], json!(600));
}

#[test]
fn an_access_token_is_good_as_long_as_was_said() {
    let scene = scene();
    assert!(!scene.amazon.is_valid("Atza|made-up"));
    let (access, refresh) = scene.linked();
    scene.later(3599);
    assert!(scene.amazon.is_valid(&access) && !scene.amazon.is_valid(&refresh));
    scene.later(1);
    assert!(!scene.amazon.is_valid(&access));
}

#[test]
fn a_refresh_token_that_was_never_issued_is_refused() {
    let scene = scene();
    let (access, _) = scene.linked();
    for token in ["Atzr|made-up", &access] {
        assert_refused(scene.refresh(token), 400, "invalid_grant");
    }
}

#[test]
fn a_predecessor_is_good_until_its_successor_was_used() {
    let scene = scene();
    let (first_access, first) = scene.linked();
    let (_, lost) = tokens(scene.refresh(&first));
    let (_, second) = tokens(scene.refresh(&first));
    assert!(first != lost && lost != second && first != second);
    tokens(scene.refresh(&second));
    for dead in [&first, &lost] {
        assert_refused(scene.refresh(dead), 400, "invalid_grant");
    }
    tokens(scene.refresh(&second));
    assert!(scene.amazon.is_valid(&first_access), "a refresh ends no access token");
}

#[test]
fn without_the_permission_nothing_is_good_but_a_new_customers_code_is() {
    let scene = scene();
    let (access, refresh) = scene.linked();
    let unused = scene.amazon.issue_code();
    scene.amazon.remove_permission();
    assert!(!scene.amazon.is_valid(&access));
    assert_refused(scene.refresh(&refresh), 400, "invalid_grant");
    assert_refused(scene.exchange(&unused), 400, "invalid_grant");
    scene.linked();
}

#[test]
fn each_fault_on_demand_is_met_once_and_in_order() {
    let scene = scene();
    let code = scene.amazon.issue_code();
    scene.amazon.break_next([Fault::Status(500, "text/html", "<p>".to_owned()), Fault::Error("server_error")]);
    assert_eq!(scene.exchange(&code), (500, Value::Null));
    assert_refused(scene.exchange(&code), 400, "server_error");
    tokens(scene.exchange(&code));
    let expected = Seen { calls: 3, exchanges: 1, ..Seen::default() };
    assert_eq!(scene.amazon.seen(), expected);
}

#[test]
fn what_was_refused_is_told_without_secrets() {
    let scene = scene();
    let (_, refresh) = scene.linked();
    tokens(scene.refresh(&refresh));
    scene.exchange(&"ANSECRETSECRETSECRET".to_owned().into());
    let seen = scene.amazon.seen();
    assert_eq!((seen.calls, seen.exchanges, seen.refreshes), (3, 1, 1));
    assert_eq!(seen.refused, ["invalid_grant: the code is unknown"]);
    (0..200).for_each(|_| drop(scene.post("grant_type=other")));
    assert_eq!(scene.amazon.seen().refused.len(), MOST_REFUSALS);
}

#[test]
fn hundreds_of_customers_later_the_first_is_forgotten() {
    let scene = scene();
    let (access, refresh) = scene.linked();
    (0..299).for_each(|_| drop(scene.amazon.issue_code()));
    assert!(scene.amazon.is_valid(&access));
    let newest = scene.amazon.issue_code();
    assert!(!scene.amazon.is_valid(&access));
    assert_refused(scene.refresh(&refresh), 400, "invalid_grant");
    tokens(scene.exchange(&newest));
}
