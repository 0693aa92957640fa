//! Owns a person with a fresh browser who comes from the platform, signs in, has consented before, and goes back with a code.

use couplet::web::routes::{AUTHORIZE, SIGN_IN};

use crate::http::{Answer, Connection};
use crate::links::Links;
use crate::load::Work;
use crate::scenario::encoded;
use crate::stage::{PASSWORD, REDIRECT_URI, Stage, login};

/// One connection's people, one after the other, each in a browser without cookies.
pub struct Browser {
    numbers: Vec<usize>,
    next: usize,
    query: String,
    busy: Busy,
}

/// What becomes of the answer that the server is too busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// The measurement fails: no sign-in was made.
    Fails,
    /// The next person tries.
    TriesAgain,
}

/// People who have consented, and sign in again and again.
const PEOPLE: usize = 2_000;

impl Browser {
    /// Lets people consent, and shares them out.
    pub fn prepare(stage: &Stage, connections: usize, busy: Busy) -> Vec<Self> {
        Links::active(stage, "stable", PEOPLE);
        let query = format!("response_type=code&client_id=stable&redirect_uri={}&state=a-state", encoded(REDIRECT_URI));
        let share = |first| (first..PEOPLE).step_by(connections).collect();
        (0..connections).map(|first| Self { numbers: share(first), next: 0, query: query.clone(), busy }).collect()
    }
}

impl Work for Browser {
    async fn turn(&mut self, connection: &mut Connection) -> bool {
        let number = self.numbers[self.next % self.numbers.len()];
        // Each person comes from an address of their own, through the same proxy.
        let address = format!("10.{}.{}.{}", number / 65_536, number / 256 % 256, number % 256);
        self.next += 1;
        let page = connection.ask(&get(&format!("{AUTHORIZE}?{}", self.query), &address, "")).await;
        expect(&page, 200, "name=\"password\"");
        let cookie = cookies(&page);
        let form = format!(
            "username={}&password={}&request={}&csrf={}",
            encoded(&login(number)),
            encoded(PASSWORD),
            encoded(&field(&page, "request")),
            encoded(&field(&page, "csrf")),
        );
        let signed_in = connection.ask(&post(SIGN_IN, &address, &cookie, &form)).await;
        if signed_in.status == 503 && self.busy == Busy::TriesAgain {
            return true;
        }
        expect(&signed_in, 302, "");
        assert!(cookies(&signed_in).contains("couplet_session="));
        assert!(
            signed_in.header("location").is_some_and(|to| to.starts_with(REDIRECT_URI) && to.contains("code=cplc_"))
        );
        true
    }
}

fn expect(answer: &Answer, status: u16, text: &str) {
    assert!(answer.status == status && answer.body.contains(text), "{status} was expected, not {}", answer.summary());
}

fn get(path: &str, address: &str, cookies: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: {address}\r\nCookie: {cookies}\r\n\r\n")
        .into_bytes()
}

fn post(path: &str, address: &str, cookies: &str, form: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: {address}\r\nCookie: {cookies}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .into_bytes()
}

/// What a browser keeps of the cookies that are set.
fn cookies(answer: &Answer) -> String {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    let set = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    set.filter_map(|(_, value)| value.split(';').next()).collect::<Vec<_>>().join("; ")
}

/// The value of a form's field.
fn field(page: &Answer, name: &str) -> String {
    let (_, rest) = page.body.split_once(&format!("name=\"{name}\" value=\"")).expect("the form has that field");
    let (value, _) = rest.split_once('"').unwrap();
    value.replace("&#38;", "&").replace("&amp;", "&")
}
