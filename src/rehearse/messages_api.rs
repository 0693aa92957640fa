//! Owns a strict stand-in for Twilio's Messages API, over plain values: which requests it takes, what it answers, and which
//! messages it would have sent. Leaves HTTP to whoever serves it (`couplet dev` and the tests).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::model::parameters::Parameters;
use crate::model::phone::Phone;
use crate::model::random::{Randomness, bytes};
use crate::model::secret::PlainSecret;
use crate::model::time::{Clock, Timestamp};

/// As many messages, and refusals, as are remembered; the oldest is forgotten first.
const MOST: usize = 50;

/// As many characters as a body may have.
const LONGEST: usize = 1600;

/// Numbers that are refused whatever is sent to them, as with Twilio's test credentials.
const MAGIC: [(&str, u32, &str); 5] = [
    ("+15005550001", 21211, "is not a valid phone number"),
    ("+15005550002", 21612, "can't be reached by this sender"),
    ("+15005550003", 21408, "is in a region that is not enabled"),
    ("+15005550004", 21610, "has opted out"),
    ("+15005550009", 21614, "is no mobile number"),
];

/// Twilio for one account with one Messaging Service.
pub struct MessagesApi {
    account_sid: String,
    auth_token: PlainSecret,
    service_sid: String,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    state: Mutex<State>,
}

/// A request: its method, path, `Content-Type`, `Authorization` and body.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, beginning with `/2010-04-01`.
    pub path: &'a str,
    /// The value of `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The value of `Authorization`.
    pub authorization: Option<&'a str>,
    /// The body as it came.
    pub body: &'a [u8],
}

/// What is answered, always JSON.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// A message that would have been sent. Holds a code: not for logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// To which number.
    pub to: String,
    /// What it says.
    pub body: String,
    /// Whether its risk was looked at.
    pub risk_check: bool,
    /// When.
    pub at: Timestamp,
}

/// A fault on demand: the next request is answered so, whatever it is.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Any status and body.
    Status(u16, String),
    /// An error of Twilio's own with that status.
    Error(u16, u32),
}

#[derive(Default)]
struct State {
    sent: VecDeque<Sent>,
    refused: VecDeque<String>,
    faults: VecDeque<Fault>,
    calls: u32,
}

struct Refusal {
    status: u16,
    code: u32,
    why: String,
}

fn refuse(status: u16, code: u32, why: impl Into<String>) -> Refusal {
    Refusal { status, code, why: why.into() }
}

impl MessagesApi {
    /// An account that has sent nothing yet.
    pub fn new(
        account_sid: &str,
        auth_token: PlainSecret,
        service_sid: &str,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        let (account_sid, service_sid) = (account_sid.to_owned(), service_sid.to_owned());
        Self { account_sid, auth_token, service_sid, clock, randomness, state: Mutex::default() }
    }

    /// Answers a request.
    pub fn answer(&self, call: &Call<'_>) -> Answer {
        let mut state = self.state();
        state.calls += 1;
        if let Some(fault) = state.faults.pop_front() {
            return fault.into();
        }
        match self.take(call) {
            Ok(sent) => {
                let answer = self.accepted(&sent);
                keep(&mut state.sent, sent);
                answer
            }
            Err(refusal) => {
                keep(&mut state.refused, format!("{}: {}", refusal.code, refusal.why));
                refusal.into()
            }
        }
    }

    /// The messages so far, the latest last.
    pub fn sent(&self) -> Vec<Sent> {
        self.state().sent.iter().cloned().collect()
    }

    /// Why requests were refused, in words without secrets.
    pub fn refused(&self) -> Vec<String> {
        self.state().refused.iter().cloned().collect()
    }

    /// Requests of any kind, also those that a fault answered.
    pub fn calls(&self) -> u32 {
        self.state().calls
    }

    /// Lets the next requests meet these faults, one each.
    pub fn break_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, call: &Call<'_>) -> Result<Sent, Refusal> {
        self.authenticate(call.authorization)?;
        if call.path != format!("/2010-04-01/Accounts/{}/Messages.json", self.account_sid) {
            return Err(refuse(404, 20404, "The requested resource was not found"));
        }
        if call.method != "POST" {
            return Err(refuse(405, 20004, "Method not allowed"));
        }
        let media_type = call.content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(refuse(400, 21604, "A 'To' phone number is required: the body is no form"));
        }
        let form = Parameters::parse(call.body).map_err(|why| refuse(400, 20001, why.to_string()))?;
        self.check(&form)
    }

    fn check(&self, form: &Parameters) -> Result<Sent, Refusal> {
        let field = |name| form.one(name).map_err(|repeated| refuse(400, 20001, repeated.to_string()));
        let to = field("To")?.ok_or_else(|| refuse(400, 21604, "A 'To' phone number is required"))?;
        if Phone::parse(to).is_err() {
            return Err(refuse(400, 21211, format!("The 'To' number {to} is not a valid phone number")));
        }
        if let Some((_, code, why)) = MAGIC.iter().find(|(number, ..)| *number == to) {
            return Err(refuse(400, *code, format!("The 'To' number {to} {why}")));
        }
        match (field("MessagingServiceSid")?, field("From")?) {
            (None, None) => return Err(refuse(400, 21603, "A 'From' or 'MessagingServiceSid' is required")),
            (Some(service), None) if service == self.service_sid => {}
            _ => return Err(refuse(400, 21705, "The Messaging Service Sid is invalid")),
        }
        let body = field("Body")?.ok_or_else(|| refuse(400, 21602, "Message body is required"))?;
        if body.chars().count() > LONGEST {
            return Err(refuse(400, 21617, "The message body exceeds the 1600 character limit"));
        }
        let risk_check = match field("RiskCheck")? {
            None | Some("enable") => true,
            Some("disable") => false,
            Some(_) => return Err(refuse(400, 20001, "RiskCheck is enable or disable")),
        };
        Ok(Sent { to: to.to_owned(), body: body.to_owned(), risk_check, at: self.clock.now() })
    }

    fn authenticate(&self, authorization: Option<&str>) -> Result<(), Refusal> {
        let expected = format!("{}:{}", self.account_sid, self.auth_token.expose());
        let expected = format!("Basic {}", STANDARD.encode(expected));
        let same = authorization.unwrap_or_default().as_bytes().ct_eq(expected.as_bytes());
        if bool::from(same) { Ok(()) } else { Err(refuse(401, 20003, "Authenticate")) }
    }

    fn accepted(&self, sent: &Sent) -> Answer {
        let id: String = bytes::<16>(&*self.randomness).iter().map(|byte| format!("{byte:02x}")).collect();
        let (account, sid, at) = (&self.account_sid, format!("SM{id}"), sent.at.to_rfc2822());
        let uri = format!("/2010-04-01/Accounts/{account}/Messages/{sid}");
        let body = json!({
            "account_sid": account, "api_version": "2010-04-01", "body": sent.body, "date_created": at,
            "date_updated": at, "date_sent": null, "direction": "outbound-api", "error_code": null,
            "error_message": null, "from": null, "messaging_service_sid": self.service_sid, "num_media": "0",
            "num_segments": "0", "price": null, "price_unit": null, "sid": sid, "status": "accepted",
            "subresource_uris": { "media": format!("{uri}/Media.json") }, "to": sent.to, "uri": format!("{uri}.json"),
        });
        Answer { status: 201, body: body.to_string() }
    }
}

fn keep<T>(list: &mut VecDeque<T>, item: T) {
    list.push_back(item);
    let surplus = list.len().saturating_sub(MOST);
    list.drain(..surplus);
}

impl From<Refusal> for Answer {
    fn from(Refusal { status, code, why }: Refusal) -> Self {
        let more_info = format!("https://www.twilio.com/docs/errors/{code}");
        let body = json!({ "code": code, "message": why, "more_info": more_info, "status": status });
        Self { status, body: body.to_string() }
    }
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Status(status, body) => Self { status, body },
            Fault::Error(status, code) => refuse(status, code, "a fault on demand").into(),
        }
    }
}
