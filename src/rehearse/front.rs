//! Owns what the user's browser does in one link: authorize page, sign-in, consent and the redirect back.
//! Leaves the code that comes of it to `back`.

use std::time::Instant;

use reqwest::header::RETRY_AFTER;
use url::{Url, form_urlencoded};

use super::attempt::Attempt;
use super::browser::{Browser, Departure, Landing, Page, left_the_server};
use super::endpoints::Endpoints;
use super::form::Form;
use super::page_rules::{check_available, check_form_action, check_loads, check_stays_in_its_window};
use super::report::{Fault, Logbook, Verdict};
use super::simulate::Plan;
use super::wire::{Recorded, Wire};
use crate::model::secret::PlainSecret;

const SIGN_IN_REFUSED: &str = "sign_in_refused";
const SIGN_IN_THROTTLED: &str = "sign_in_throttled";
const AUTHORIZATION_ENDPOINT_MISSING: &str = "authorization_endpoint_missing";

/// Reasons that another round meets again; a further failed sign-in may even lock the test user.
pub(super) const IN_EVERY_ROUND: [&str; 3] = [SIGN_IN_REFUSED, SIGN_IN_THROTTLED, AUTHORIZATION_ENDPOINT_MISSING];

/// The browser's part of one round.
pub(super) struct Front<'a> {
    pub(super) plan: &'a Plan,
    pub(super) endpoints: &'a Endpoints,
    pub(super) attempt: &'a Attempt,
}

impl Front<'_> {
    /// Walks from the authorize page to the redirect and gives the code; `None` when a step failed.
    pub(super) async fn obtain_code(&self, wire: Wire<'_>, logbook: &mut Logbook<'_>) -> Option<PlainSecret> {
        let browser = Browser::new(wire, &self.attempt.redirect_uri);

        let started = Instant::now();
        let page = self.authorize(&browser).await;
        let page = logbook.keep("authorize", started, page)?;

        let started = Instant::now();
        let landing = self.sign_in(&browser, &page).await;
        let landing = logbook.keep("sign_in", started, landing)?;

        let started = Instant::now();
        let departure = consent(&browser, landing).await;
        let departure = logbook.keep("consent", started, departure)?;

        let started = Instant::now();
        let code = self.read(&departure);
        logbook.keep("redirect", started, code)
    }

    async fn authorize(&self, browser: &Browser<'_>) -> Result<(Page, Verdict), Fault> {
        let url = self.attempt.authorize_url(&self.endpoints.authorization);
        let page = match browser.open(url).await? {
            Landing::Page(page) => page,
            Landing::Away(departure) => return Err(self.left_too_early(&departure)),
        };
        self.check_endpoint(page.recorded.status)?;
        check_loads(&page)?;
        if !page.forms().iter().any(Form::asks_for_a_password) {
            return Err(sign_in_form_missing("a page without one"));
        }
        let detail = format!("a sign-in page of {} bytes", page.recorded.body.len());
        let verdict = check_stays_in_its_window(&page).map(|()| detail);
        Ok((page, verdict))
    }

    async fn sign_in(&self, browser: &Browser<'_>, page: &Page) -> Result<(Landing, Verdict), Fault> {
        let form = page.forms().into_iter().find(Form::asks_for_a_password);
        let submission = form
            .and_then(|form| form.sign_in(&self.plan.login, self.plan.password.expose()))
            .ok_or_else(|| sign_in_form_missing("a form without a field for the name"))?;
        let landing = browser.submit(page, submission).await?;
        let mut verdict = Ok("signed in".to_owned());
        if let Landing::Page(next) = &landing {
            if next.forms().iter().any(Form::asks_for_a_password) || next.recorded.status >= 400 {
                return Err(sign_in_refused(&next.recorded));
            }
            check_loads(next)?;
            verdict = check_stays_in_its_window(next).and(verdict);
        }
        Ok((landing, verdict))
    }

    fn check_endpoint(&self, status: u16) -> Result<(), Fault> {
        if status != 404 {
            return Ok(());
        }
        let mend = match self.endpoints.issuer {
            Some(_) => "check --base-url, and the authorization_endpoint of the metadata",
            None => "check --base-url",
        };
        let seen = format!("no authorization endpoint at {}", self.endpoints.authorization);
        Err(Fault::plain(AUTHORIZATION_ENDPOINT_MISSING, seen, mend))
    }

    fn read(&self, departure: &Departure) -> Result<(PlainSecret, Verdict), Fault> {
        self.check_address(departure)?;
        let code = self.attempt.read_redirect(&departure.location, self.endpoints)?;
        let length = code.expose().len();
        let state = self.attempt.state.len();
        let verdict = check_redirect_status(departure.status)
            .and_then(|()| check_form_action(departure, &self.attempt.redirect_uri))
            .map(|()| format!("code of {length} characters, state of {state} bytes unchanged"));
        Ok((code, verdict))
    }

    /// Tells a damaged redirect to the platform from a way to some other place.
    fn check_address(&self, departure: &Departure) -> Result<(), Fault> {
        let to_platform = departure.location.starts_with(&self.attempt.redirect_uri);
        if to_platform || has_response_parameters(&departure.location) {
            return Ok(());
        }
        Err(left_the_server(&departure.location))
    }

    /// Why the browser left before anyone signed in.
    fn left_too_early(&self, departure: &Departure) -> Fault {
        let reading = self
            .check_address(departure)
            .and_then(|()| self.attempt.read_redirect(&departure.location, self.endpoints));
        match reading {
            Err(fault) => fault,
            Ok(_) => sign_in_form_missing("a code for a browser that never signed in"),
        }
    }
}

async fn consent(browser: &Browser<'_>, landing: Landing) -> Result<(Departure, Verdict), Fault> {
    let page = match landing {
        Landing::Page(page) => page,
        Landing::Away(departure) => {
            return Ok((departure, Ok("not asked: the server remembers it or needs none".to_owned())));
        }
    };
    let submission = page.forms().into_iter().find_map(Form::agree).ok_or_else(|| {
        Fault::new(
            "consent_form_missing",
            "a form with a button that agrees",
            "a page without one after sign-in",
            "show a consent form that works without JavaScript, or redirect at once",
        )
    })?;
    match browser.submit(&page, submission).await? {
        Landing::Away(departure) => Ok((departure, Ok("agreed".to_owned()))),
        Landing::Page(next) => {
            check_available(next.recorded.status)?;
            Err(Fault::new(
                "no_redirect",
                "a redirect to the platform after consent",
                format!("a page with status {}", next.recorded.status),
                "answer the consent form with a redirect to the redirect_uri of the request",
            ))
        }
    }
}

fn check_redirect_status(status: u16) -> Result<(), Fault> {
    if matches!(status, 302 | 303) {
        return Ok(());
    }
    Err(Fault::new(
        "redirect_status",
        "a redirect with status 302 or 303",
        format!("status {status}"),
        "use 303: the others are cached, or post the form again to the platform",
    ))
}

fn has_response_parameters(location: &str) -> bool {
    let Ok(url) = Url::parse(location) else {
        return false;
    };
    let has = |text: Option<&str>| {
        let mut pairs = form_urlencoded::parse(text.unwrap_or_default().as_bytes());
        pairs.any(|(name, _)| name == "code" || name == "error")
    };
    has(url.query()) || has(url.fragment())
}

fn sign_in_form_missing(seen: &str) -> Fault {
    Fault::new(
        "sign_in_form_missing",
        "a form with a field for the name and one for the password",
        seen,
        "show a sign-in form in plain HTML: a web view starts without any session",
    )
}

/// Why nobody is signed in, when the answer to the form is the form again or a problem.
fn sign_in_refused(recorded: &Recorded) -> Fault {
    let status = recorded.status;
    if status == 429 {
        let wait = recorded.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
        let wait = wait.map_or("wait a while".to_owned(), |seconds| format!("wait {seconds} s"));
        return Fault::plain(
            SIGN_IN_THROTTLED,
            format!("too many failed sign-ins; {wait}"),
            "run again after that, with the test user's right password",
        );
    }
    if let Err(fault) = check_available(status) {
        return fault;
    }
    Fault::new(
        SIGN_IN_REFUSED,
        "to be signed in",
        format!("the form again or a problem, status {status}"),
        "check the test user's name and password; if they are right, see that the session cookie comes back and that the cross-site check takes the posted Origin",
    )
}

#[cfg(test)]
mod tests;
