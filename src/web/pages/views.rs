//! The pages as typed views: what each template may show, and nothing of how it was found out.
//! Handlers beside this file fill the views, `templates/` arranges them, and `static/couplet.css` dresses them.

pub mod devices;

use askama::Template;

use crate::web::pages::approval::views::ApprovalSetting;
use devices::EnrolledDevice;

/// Asks for user name and password, before a link or before the account page.
#[derive(Template)]
#[template(path = "sign_in/page.html")]
pub struct SignInPage {
    /// Name of the service whose account is asked for.
    pub service: String,
    /// Platform that wants to link, such as `Amazon Alexa`; `None` on the way to the account page.
    pub platform: Option<String>,
    /// User name to show again after a refusal; empty at first.
    pub username: String,
    /// Why the last attempt failed, in words for the person; announced by screen readers.
    pub message: Option<String>,
    /// Query string of the authorization request to return to; empty for the account page.
    pub request: String,
    /// Token that proves the form was served by us.
    pub csrf: String,
    /// Whether a code by text message will do in place of the password.
    pub by_code: bool,
    /// Where to make an account, when people can.
    pub register: Option<String>,
    /// Where to set a new password, when people can.
    pub forgot: Option<String>,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// Asks for the phone number to which a code is sent.
#[derive(Template)]
#[template(path = "by_code/number.html")]
pub struct NumberPage {
    /// Name of the service.
    pub service: String,
    /// Platform that wants to link; `None` on the way to the account page.
    pub platform: Option<String>,
    /// What it is for, as a heading.
    pub title: &'static str,
    /// The same in a sentence.
    pub lead: &'static str,
    /// Where the form is posted.
    pub action: &'static str,
    /// What was typed before.
    pub phone: String,
    /// Why the last attempt failed; announced by screen readers.
    pub message: Option<String>,
    /// Where to sign in with a password.
    pub back: String,
    /// Query string of the authorization request to return to; empty for the account page.
    pub request: String,
    /// Token that proves the form was served by us.
    pub csrf: String,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// Asks for the code from the message, and a new password where one is to be set.
#[derive(Template)]
#[template(path = "by_code/code.html")]
pub struct CodePage {
    /// Name of the service.
    pub service: String,
    /// What it is for, as a heading.
    pub title: &'static str,
    /// What was done; the number follows.
    pub lead: &'static str,
    /// How many minutes the code lives.
    pub minutes: u64,
    /// What the button does.
    pub submit: &'static str,
    /// Where the form is posted.
    pub action: &'static str,
    /// Whether a new password is asked for.
    pub asks_password: bool,
    /// Whether the message is about that.
    pub about_password: bool,
    /// The number.
    pub phone: String,
    /// Why the last attempt failed; announced by screen readers.
    pub message: Option<String>,
    /// Where to sign in with a password.
    pub back: String,
    /// Query string of the authorization request to return to; empty for the account page.
    pub request: String,
    /// Token that proves the form was served by us.
    pub csrf: String,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// Asks the signed-in person whether the platform may be linked (RFC 6749 section 4.1, step B).
#[derive(Template)]
#[template(path = "consent/page.html")]
pub struct ConsentPage {
    /// Name of the service whose account would be linked.
    pub service: String,
    /// Platform that asks, such as `Amazon Alexa`.
    pub platform: String,
    /// Login of the person who decides.
    pub login: String,
    /// What the platform could then do, each in words that continue "will be able to".
    pub permissions: Vec<String>,
    /// Query string of the authorization request being decided.
    pub request: String,
    /// Token that proves the form was served by us.
    pub csrf: String,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

impl ConsentPage {
    fn service_initial(&self) -> String {
        initial(&self.service)
    }

    fn platform_initial(&self) -> String {
        initial(&self.platform)
    }
}

/// Says what went wrong when nothing can be redirected or shown instead.
#[derive(Template)]
#[template(path = "problem/page.html")]
pub struct ProblemPage {
    /// Name of the service.
    pub service: String,
    /// The problem as a heading.
    pub title: String,
    /// What happened, in a sentence.
    pub message: String,
    /// What the person can do about it.
    pub hint: Option<String>,
    /// Where trying again makes sense.
    pub retry: Option<Retry>,
    /// Request id that a person can quote to support.
    pub reference: String,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// A way out of a problem page.
pub struct Retry {
    /// Address on this server; never taken from a request.
    pub href: String,
    /// What following it does, such as `Sign in again`.
    pub label: String,
}

/// Shows the signed-in person's profile and linked services.
#[derive(Template)]
#[template(path = "account/page.html")]
pub struct AccountPage {
    /// Name of the service.
    pub service: String,
    /// Login of the person.
    pub login: String,
    /// Email address, where known.
    pub email: Option<String>,
    /// Phone number, where known.
    pub phone: Option<String>,
    /// What was just done, such as `Amazon Alexa is unlinked.`
    pub message: Option<String>,
    /// Approval at sign-in.
    pub approval: ApprovalSetting,
    /// The day on which the person said that a sign-in was not them, if that is not long ago.
    pub disowned: Option<String>,
    /// Everything linked at the moment.
    pub grants: Vec<LinkedService>,
    /// What approves their sign-ins.
    pub devices: Vec<EnrolledDevice>,
    /// Whether this session has to be approved before it may change them.
    pub devices_locked: bool,
    /// Whether a browser that is added is asked to show notifications.
    pub notifies: bool,
    /// Token that proves the forms were served by us.
    pub csrf: String,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// One active grant as the person sees it.
pub struct LinkedService {
    /// Grant id; the value to unlink by, and part of an element id.
    pub id: String,
    /// Platform, such as `Amazon Alexa`.
    pub platform: String,
    /// Name under which the client was registered.
    pub name: String,
    /// When it was linked, in words.
    pub since: String,
    /// The same as an RFC 3339 time.
    pub since_iso: String,
    /// When it was last used, in words; `None` if never.
    pub last_used: Option<String>,
    /// The same as an RFC 3339 time.
    pub last_used_iso: Option<String>,
    /// What the platform may do, each in words.
    pub permissions: Vec<String>,
    /// How the link stands in the other direction, from the service to the platform; `None` where there is none.
    pub reverse: Option<&'static str>,
}

/// Plays the Alexa app: starts a link, and shows what the developer console wants.
#[derive(Template)]
#[template(path = "dev/home.html")]
pub struct DevHomePage {
    /// Name of the service.
    pub service: String,
    /// Login of the demo user.
    pub login: String,
    /// Password of the demo user, in the clear: it guards nothing.
    pub password: String,
    /// Phone number of the demo user, for codes by text message.
    pub phone: &'static str,
    /// Id of the demo client.
    pub client_id: String,
    /// Fields of the console's account-linking page, each with its value, in the console's order.
    pub console: Vec<(String, String)>,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// Shows the text messages that would have been sent.
#[derive(Template)]
#[template(path = "dev/messages.html")]
pub struct DevMessagesPage {
    /// Name of the service.
    pub service: String,
    /// Whether real ones are sent instead.
    pub real: bool,
    /// The messages, the latest first.
    pub messages: Vec<DevMessage>,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// A text message that was not really sent.
pub struct DevMessage {
    /// The number.
    pub to: String,
    /// The text.
    pub body: String,
    /// When, as a time of day.
    pub at: String,
}

/// Shows the rehearsed link step by step.
#[derive(Template)]
#[template(path = "dev/link.html")]
pub struct DevLinkPage {
    /// Name of the service.
    pub service: String,
    /// The steps in the order in which they were taken.
    pub steps: Vec<DevStep>,
    /// Whether the platform would now show the account as linked.
    pub linked: bool,
    /// The outcome in a sentence.
    pub summary: String,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// One step of the rehearsal, with the exchange as it went over the wire.
pub struct DevStep {
    /// What the platform did, such as `Exchange`.
    pub name: String,
    /// What came of it, in words.
    pub verdict: String,
    /// Whether the platform would have been content.
    pub passed: bool,
    /// Time from request to answer with its unit, such as `3 ms`.
    pub took: String,
    /// Raw HTTP request.
    pub request: String,
    /// Raw HTTP answer.
    pub answer: String,
}

/// First letter or digit of a name in upper case, drawn in its ring; empty for a name of neither.
fn initial(name: &str) -> String {
    name.chars()
        .find(|character| character.is_alphanumeric())
        .map(|character| character.to_uppercase().collect())
        .unwrap_or_default()
}
