//! A person with a browser that keeps cookies, runs no scripts and follows our own redirects but none to a platform.

use std::sync::Arc;

use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::{HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, StatusCode};
use scraper::{Html, Selector};
use url::Url;

use super::app::{ALICE, PASSWORD};
use super::ledger;

/// A person with a browser.
pub struct Person {
    /// The server.
    pub url: String,
    http: Client,
    jar: Arc<Jar>,
}

/// A page, or a redirect to somewhere else.
#[derive(Debug)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The HTML.
    pub body: String,
    /// Its address.
    pub url: Url,
}

impl Page {
    /// Where it redirects to.
    pub fn location(&self) -> Option<String> {
        self.headers.get(LOCATION).map(|location| location.to_str().unwrap().to_owned())
    }

    /// The one header of that name.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Whether an element exists.
    pub fn has(&self, selector: &str) -> bool {
        self.texts(selector).next().is_some()
    }

    /// The text of the first such element.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        self.texts(selector).next().unwrap_or_else(|| panic!("no {selector} in {}", self.body))
    }

    /// Cookies, codes and form tokens.
    fn note_secrets(&self) {
        if ledger::folder().is_none() {
            return;
        }
        for cookie in self.headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()) {
            ledger::note(cookie.split(['=', ';']).nth(1).unwrap_or_default());
        }
        if let Some(to) = self.location().and_then(|to| self.url.join(&to).ok()) {
            to.query_pairs().for_each(|(name, value)| ledger::note_field(&name, &value));
        }
        if self.has("form input[name=csrf]") {
            ledger::note(&self.value("csrf"));
        }
    }

    fn texts(&self, selector: &str) -> std::vec::IntoIter<String> {
        let document = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).unwrap();
        let found = document.select(&selector).map(|element| element.text().collect());
        found.collect::<Vec<String>>().into_iter()
    }

    /// An attribute of the first such element, empty when it lacks that.
    #[track_caller]
    pub fn attribute(&self, selector: &str, name: &str) -> String {
        let document = Html::parse_document(&self.body);
        let parsed = Selector::parse(selector).unwrap();
        let found = document.select(&parsed).next().unwrap_or_else(|| panic!("no {selector} in {}", self.body));
        found.attr(name).unwrap_or_default().to_owned()
    }

    /// The value of a field of the first form that has it.
    #[track_caller]
    pub fn value(&self, name: &str) -> String {
        self.attribute(&format!("form input[name=\"{name}\"]"), "value")
    }

    /// What a cookie is set to, with its attributes.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
        cookies.filter_map(|cookie| cookie.strip_prefix(name)?.strip_prefix('=')).next().map(str::to_owned)
    }
}

impl Person {
    /// A fresh browser.
    pub fn new(url: &str) -> Self {
        let jar = Arc::<Jar>::default();
        let http = Client::builder().cookie_provider(jar.clone()).redirect(reqwest::redirect::Policy::none());
        Self { url: url.to_owned(), http: http.build().unwrap(), jar }
    }

    /// What the browser would send as cookies, to be sent by another one.
    pub fn cookies(&self) -> String {
        let sent = self.jar.cookies(&self.url.parse().unwrap());
        sent.map(|sent| sent.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// Opens an address; follows redirects within the server.
    pub async fn open(&self, url: &str) -> Page {
        self.try_open(url).await.unwrap()
    }

    /// The same at a server that may be gone.
    pub async fn try_open(&self, url: &str) -> reqwest::Result<Page> {
        self.go(self.http.get(url)).await
    }

    /// Sends a request without following anything.
    pub async fn send(&self, request: RequestBuilder) -> Page {
        self.try_send(request).await.unwrap()
    }

    async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Page> {
        let response = request.send().await?;
        let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
        let page = Page { status, headers, url, body: response.text().await? };
        page.note_secrets();
        Ok(page)
    }

    async fn go(&self, request: RequestBuilder) -> reqwest::Result<Page> {
        let mut page = self.try_send(request).await?;
        for _ in 0..10 {
            let Some(location) = page.location() else { return Ok(page) };
            let next = page.url.join(&location).unwrap();
            if !next.as_str().starts_with(&self.url) {
                return Ok(page);
            }
            page = self.try_send(self.http.get(next)).await?;
        }
        panic!("redirected in circles at {}", page.url)
    }

    /// Posts a form as a browser would, and follows redirects within the server.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        self.try_post(path, form).await.unwrap()
    }

    /// The same at a server that may be gone.
    pub async fn try_post(&self, path: &str, form: &[(&str, &str)]) -> reqwest::Result<Page> {
        self.go(self.posting(path, form)).await
    }

    /// The same as a request that the test may change.
    pub fn posting(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        form.iter().for_each(|(name, value)| ledger::note_field(name, value));
        self.http.post(format!("{}{path}", self.url)).header("Origin", &self.url).form(form)
    }

    /// Fills the sign-in form.
    pub async fn sign_in(&self, page: &Page, username: &str, password: &str) -> Page {
        self.try_sign_in(page, username, password).await.unwrap()
    }

    /// The same at a server that may be gone.
    pub async fn try_sign_in(&self, page: &Page, username: &str, password: &str) -> reqwest::Result<Page> {
        let (request, csrf) = (page.value("request"), page.value("csrf"));
        let form = [("username", username), ("password", password), ("request", &request), ("csrf", &csrf)];
        self.try_post("/sign-in", &form).await
    }

    /// Presses a button of the consent form.
    pub async fn decide(&self, page: &Page, decision: &str) -> Page {
        self.try_decide(page, decision).await.unwrap()
    }

    /// The same at a server that may be gone.
    pub async fn try_decide(&self, page: &Page, decision: &str) -> reqwest::Result<Page> {
        let (request, csrf) = (page.value("request"), page.value("csrf"));
        self.try_post("/consent", &[("decision", decision), ("request", &request), ("csrf", &csrf)]).await
    }

    /// Goes through a link as Alice, as far as it asks: signs in, allows, comes to the redirect.
    pub async fn link(&self, authorize: &str) -> Page {
        self.link_as(ALICE, authorize).await
    }

    /// The same as somebody else.
    pub async fn link_as(&self, login: &str, authorize: &str) -> Page {
        let mut page = self.open(authorize).await;
        if page.has("input[name=password]") {
            page = self.sign_in(&page, login, PASSWORD).await;
        }
        if page.has("button[name=decision]") {
            page = self.decide(&page, "allow").await;
        }
        page
    }
}
