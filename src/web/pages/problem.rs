//! Owns the page that says what went wrong and what to do. Leaves which status it has to `web/reply.rs`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::App;
use crate::web::guard::RequestId;
use crate::web::pages::Frame;
use crate::web::pages::views::{ProblemPage, Retry};
use crate::web::routes::STYLESHEET;

/// A problem in words.
pub struct Problem {
    title: &'static str,
    message: String,
    hint: Option<&'static str>,
    retry: Option<Retry>,
}

impl Problem {
    fn new(title: &'static str, message: impl Into<String>, hint: &'static str) -> Self {
        Self { title, message: message.into(), hint: Some(hint), retry: None }
    }

    /// Nobody may be redirected.
    pub fn untrusted(why: &str) -> Self {
        Self::new(
            "This link can’t be started",
            format!("The app that sent you here made a request that can’t be trusted: {why}."),
            "Go back to the app and try again. If it happens again, tell the people who made it what you read here.",
        )
    }

    /// The request can't be understood.
    pub fn unreadable(why: &str) -> Self {
        Self::new(
            "That did not work",
            format!("Your browser sent something we can’t read: {why}."),
            "Go back and try again.",
        )
    }

    /// A form that is not from our page.
    pub fn forged(retry: Option<String>) -> Self {
        let retry = retry.map(|href| Retry { href, label: "Try again".to_owned() });
        Self {
            retry,
            ..Self::new(
                "Please try that again",
                "The page was open for too long, was opened twice, or your browser keeps no cookies. Nothing was changed.",
                "If it happens again, allow cookies for this site.",
            )
        }
    }

    /// Our fault, and it passes.
    pub fn unavailable() -> Self {
        Self::new(
            "We can’t do that right now",
            "Something on our side is out of order. Nothing was changed, and your links are safe.",
            "Please try again in a moment.",
        )
    }

    /// Nothing is at this address.
    pub fn not_found() -> Self {
        Self::new("There is nothing here", "The address leads nowhere.", "Check it, or go back to where you came from.")
    }
}

/// Shows a problem.
pub fn show(request: &HttpRequest, app: &App, status: StatusCode, problem: Problem) -> HttpResponse {
    let page = ProblemPage {
        service: app.service_name.clone(),
        title: problem.title.to_owned(),
        message: problem.message,
        hint: problem.hint.map(str::to_owned),
        retry: problem.retry,
        reference: RequestId::of(request),
        stylesheet: STYLESHEET,
    };
    Frame::own(None).status(status).show(&page)
}

/// The body of a redirect, for in-app browsers that do not follow it by themselves.
pub fn continue_page(location: &str) -> String {
    let mut href = String::with_capacity(location.len());
    for character in location.chars() {
        match character {
            '&' => href.push_str("&amp;"),
            '"' => href.push_str("&quot;"),
            '\'' => href.push_str("&#39;"),
            '<' => href.push_str("&lt;"),
            '>' => href.push_str("&gt;"),
            other => href.push(other),
        }
    }
    format!("<!doctype html>\n<html lang=\"en\"><title>Continue</title><p><a href=\"{href}\">Continue</a></p></html>\n")
}
