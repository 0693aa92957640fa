//! Owns a scripted phone browser without JavaScript: cookies, same-origin redirects, forms posted as a web view posts them.
//! Leaves to its caller which form to fill in and what to make of the address at which it stops.

use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue,
    LOCATION, ORIGIN, REFERRER_POLICY, SET_COOKIE, USER_AGENT,
};
use reqwest::{Method, Request};
use url::Url;

use super::form::{self, Form, Submission};
use super::report::Fault;
use super::wire::{PAGE_BODY_LIMIT, Recorded, Wire};

/// How many redirects in a row are followed.
const REDIRECT_LIMIT: usize = 10;

const WEB_VIEW: &str = "Mozilla/5.0 (Linux; Android 15; Pixel 8 Build/AP4A.250205.002; wv) AppleWebKit/537.36 \
    (KHTML, like Gecko) Version/4.0 Chrome/133.0.6943.49 Mobile Safari/537.36";

/// One browser with its own cookies, as empty as a private window.
pub struct Browser<'a> {
    wire: Wire<'a>,
    jar: Jar,
    redirect_uri: String,
}

/// Where a navigation ended.
pub enum Landing {
    /// At a page of the server.
    Page(Page),
    /// At a redirect that leaves the server; it was not followed.
    Away(Departure),
}

/// A page as received.
pub struct Page {
    /// The address it came from.
    pub url: Url,
    /// The answer that carried it.
    pub recorded: Recorded,
}

/// A redirect to the redirect URI, or to another server.
pub struct Departure {
    /// `Location` as received.
    pub location: String,
    /// HTTP status of the redirect.
    pub status: u16,
    /// The content security policies of the page whose form led here.
    pub page_policies: Vec<String>,
    /// The address of that page.
    pub page_url: Option<Url>,
}

impl<'a> Browser<'a> {
    /// A browser that stops at a redirect to `redirect_uri`.
    pub fn new(wire: Wire<'a>, redirect_uri: &str) -> Self {
        Self { wire, jar: Jar::default(), redirect_uri: redirect_uri.to_owned() }
    }

    /// Opens an address as the platform's app does.
    ///
    /// # Errors
    /// A [`Fault`] when the server does not answer or redirects in circles.
    pub async fn open(&self, url: Url) -> Result<Landing, Fault> {
        self.navigate(Request::new(Method::GET, url), None).await
    }

    /// Sends a form of `page`, but to no other server: the form may hold a password.
    pub(super) async fn submit(&self, page: &Page, submission: Submission) -> Result<Landing, Fault> {
        if submission.url.origin() != page.url.origin() {
            return Err(left_the_server(submission.url.as_str()));
        }
        let request = match submission.method {
            form::Method::Get => Request::new(Method::GET, submission.url),
            form::Method::Post => post(page, submission),
        };
        self.navigate(request, Some(page)).await
    }

    async fn navigate(&self, mut request: Request, from: Option<&Page>) -> Result<Landing, Fault> {
        for _ in 0..=REDIRECT_LIMIT {
            let url = request.url().clone();
            self.dress(&mut request, from.is_some());
            let again = request.try_clone();
            let recorded = self.wire.send(request, PAGE_BODY_LIMIT).await?;
            let mut cookies = recorded.headers.get_all(SET_COOKIE).iter();
            self.jar.set_cookies(&mut cookies, &url);
            let Some(location) = redirect_location(&recorded) else {
                return Ok(Landing::Page(Page { url, recorded }));
            };
            let target = url.join(&location).ok().filter(|target| target.origin() == url.origin());
            let Some(target) = target.filter(|_| !self.is_redirect_uri(&location)) else {
                return Ok(Landing::Away(departure(location, recorded.status, from)));
            };
            request = match again.filter(|_| matches!(recorded.status, 307 | 308)) {
                Some(mut same) => {
                    *same.url_mut() = target;
                    same
                }
                None => Request::new(Method::GET, target),
            };
        }
        Err(redirect_loop())
    }

    /// Adds what a web view sends with every navigation.
    fn dress(&self, request: &mut Request, from_own_page: bool) {
        let site = if from_own_page { "same-origin" } else { "cross-site" };
        let cookies = self.jar.cookies(request.url());
        let headers = request.headers_mut();
        let fixed = [
            (USER_AGENT, WEB_VIEW),
            (ACCEPT, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            (ACCEPT_LANGUAGE, "en-US,en;q=0.9"),
            (HeaderName::from_static("sec-fetch-site"), site),
            (HeaderName::from_static("sec-fetch-mode"), "navigate"),
            (HeaderName::from_static("sec-fetch-dest"), "document"),
            (HeaderName::from_static("sec-fetch-user"), "?1"),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.remove(COOKIE);
        if let Some(cookies) = cookies {
            headers.insert(COOKIE, cookies);
        }
    }

    fn is_redirect_uri(&self, location: &str) -> bool {
        location
            .strip_prefix(&self.redirect_uri)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '&', '#']))
    }
}

impl Page {
    pub(super) fn forms(&self) -> Vec<Form> {
        form::forms(&self.recorded.body, &self.url)
    }

    /// The `Origin` that a browser sends with a form of this page: `no-referrer` makes it `null` (Fetch, section 3.2).
    fn origin(&self) -> String {
        let policies = values(&self.recorded.headers, REFERRER_POLICY);
        let policy = policies.iter().flat_map(|value| value.split(',')).next_back();
        if policy.is_some_and(|policy| policy.trim().eq_ignore_ascii_case("no-referrer")) {
            return "null".to_owned();
        }
        self.url.origin().ascii_serialization()
    }
}

fn post(page: &Page, submission: Submission) -> Request {
    let mut request = Request::new(Method::POST, submission.url);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, form);
    if let Ok(origin) = HeaderValue::from_str(&page.origin()) {
        request.headers_mut().insert(ORIGIN, origin);
    }
    *request.body_mut() = Some(submission.body.into());
    request
}

fn redirect_location(recorded: &Recorded) -> Option<String> {
    let is_redirect = matches!(recorded.status, 301 | 302 | 303 | 307 | 308);
    let location = recorded.headers.get(LOCATION).filter(|_| is_redirect)?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}

fn departure(location: String, status: u16, from: Option<&Page>) -> Departure {
    let policies = from.map(|page| values(&page.recorded.headers, CONTENT_SECURITY_POLICY));
    Departure {
        location,
        status,
        page_policies: policies.unwrap_or_default(),
        page_url: from.map(|page| page.url.clone()),
    }
}

fn values(headers: &HeaderMap, name: HeaderName) -> Vec<String> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.get_all(name).iter().map(text).collect()
}

/// The user was sent to a third server, where a rehearsal does not follow.
pub(super) fn left_the_server(address: &str) -> Fault {
    let host = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
    Fault::new(
        "left_the_server",
        "sign-in and consent on the server under test",
        format!("the user sent to {}", host.as_deref().unwrap_or("another address")),
        "offer a sign-in on the server itself: third-party sign-in often fails in web views",
    )
}

fn redirect_loop() -> Fault {
    Fault::new(
        "redirect_loop",
        "a page after a few redirects",
        format!("more than {REDIRECT_LIMIT} redirects in a row"),
        "check that the session cookie is set and comes back: a web view starts without any cookie",
    )
}
