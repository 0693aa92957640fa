//! The views of people's devices.

use askama::Template;

/// A device of the signed-in person.
pub struct EnrolledDevice {
    /// Its SID; the value to remove it by, and part of an element id.
    pub sid: String,
    /// What the person calls it.
    pub name: String,
    /// When it was added, in words.
    pub since: String,
    /// The same as an RFC 3339 time.
    pub since_iso: String,
    /// Whether it is told of what waits for it, or has to look.
    pub notified: bool,
    /// Whether it is the last one while sign-ins have to be approved: then it can't be removed.
    pub needed: bool,
}

/// Shows what waits for the browser that opens it. The same for everybody: a script fills it.
#[derive(Template)]
#[template(path = "approve/page.html")]
pub struct ApprovePage {
    /// Name of the service.
    pub service: String,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
}
