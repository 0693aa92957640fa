//! The pages of approval as typed views.

use askama::Template;

use crate::web::routes::SIGN_IN_APPROVE;

/// Waits for a device, or says that only a code is left.
#[derive(Template)]
#[template(path = "approval/waiting.html")]
pub struct WaitingPage {
    /// Name of the service.
    pub service: String,
    /// Platform that wants to link; `None` on the way to the account page.
    pub platform: Option<String>,
    /// What happens next by itself: seconds, and the address.
    pub refresh: Option<(u32, String)>,
    /// The device that is asked; `None` when only a code can approve.
    pub device: Option<String>,
    /// Why no device is asked.
    pub why: &'static str,
    /// The address at which a browser that is a device shows the question, as people type it.
    pub approve_at: String,
    /// The number to name there.
    pub number: u8,
    /// How long that is possible, in words.
    pub left: String,
    /// What went wrong just now; announced by screen readers.
    pub message: Option<String>,
    /// Whether another device could be asked.
    pub others: bool,
    /// Whether a question that was not answered can be put again.
    pub again: bool,
    /// Whether a code can be sent.
    pub text: bool,
    /// Query string of the authorization request to return to; empty for the account page.
    pub request: String,
    /// Token that proves the form was served by us.
    pub csrf: String,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// Asks for the code that was sent in place of a question to a device.
#[derive(Template)]
#[template(path = "approval/code.html")]
pub struct ApprovingCodePage {
    /// Name of the service.
    pub service: String,
    /// The heading.
    pub title: &'static str,
    /// What was done; the number's last digits follow.
    pub lead: &'static str,
    /// The last digits of the number.
    pub to: String,
    /// How many minutes the code lives.
    pub minutes: u64,
    /// What the button does.
    pub submit: &'static str,
    /// Why the last attempt failed; announced by screen readers.
    pub message: Option<String>,
    /// Where to go on waiting for the device.
    pub back: String,
    /// Query string of the authorization request to return to; empty for the account page.
    pub request: String,
    /// Token that proves the form was served by us.
    pub csrf: String,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// Tells a signed-in person that more is needed, before a device is asked.
#[derive(Template)]
#[template(path = "approval/begin.html")]
pub struct BeginPage {
    /// Name of the service.
    pub service: String,
    /// Platform that wants to link; `None` on the way to the account page.
    pub platform: Option<String>,
    /// Login of the person.
    pub login: String,
    /// The device that will be asked; `None` when only a code can approve.
    pub device: Option<String>,
    /// Query string of the authorization request to return to; empty for the account page.
    pub request: String,
    /// Token that proves the form was served by us.
    pub csrf: String,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// Says that it came to nothing.
#[derive(Template)]
#[template(path = "approval/ended.html")]
pub struct EndedPage {
    /// Name of the service.
    pub service: String,
    /// What happened, as a heading.
    pub title: &'static str,
    /// The same in a sentence or two.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
    /// Where that begins.
    pub back: String,
    /// What following it does.
    pub label: &'static str,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}

/// What the account page says about approval; part of that page.
pub struct ApprovalSetting {
    /// Whether it is switched on.
    pub is_on: bool,
    /// Whether there is a device that could approve.
    pub has_device: bool,
}
