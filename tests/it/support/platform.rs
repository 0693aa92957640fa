//! A platform, or any other OAuth client: builds authorization requests and calls the endpoints, with answers taken apart.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use url::Url;

use super::ledger;
use super::person::{Page, Person};

/// The challenge and verifier of RFC 7636 appendix B.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The verifier that meets [`CHALLENGE`].
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// An OAuth client.
#[derive(Clone)]
pub struct Platform {
    /// The server.
    pub url: String,
    /// Its id there.
    pub client_id: String,
    /// Its secret; none for a public client.
    pub secret: Option<String>,
    /// Where answers go.
    pub redirect_uri: String,
    http: Client,
}

/// An answer of an API endpoint.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body, when it is JSON.
    pub json: Value,
}

impl Answer {
    /// Takes an answer apart.
    pub async fn of(request: RequestBuilder) -> Self {
        Self::attempt(request).await.unwrap()
    }

    /// The same from a server that may be gone.
    pub async fn attempt(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let json = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
        ledger::note_json(&json);
        Ok(Self { status, headers, json })
    }

    /// A text member.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        let found = self.json[name].as_str();
        found.unwrap_or_else(|| panic!("no {name} in {} {}", self.status, self.json)).to_owned()
    }

    /// `error`, or nothing for a success.
    pub fn error(&self) -> &str {
        self.json["error"].as_str().unwrap_or_default()
    }
}

/// The tokens of a link.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

impl From<&Answer> for Tokens {
    #[track_caller]
    fn from(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.json);
        Self { access: answer.text("access_token"), refresh: answer.text("refresh_token") }
    }
}

impl Platform {
    /// A client of the server at `url`.
    pub fn new(url: &str, client_id: &str, secret: Option<&str>, redirect_uri: &str) -> Self {
        Self {
            url: url.to_owned(),
            client_id: client_id.to_owned(),
            secret: secret.map(str::to_owned),
            redirect_uri: redirect_uri.to_owned(),
            http: Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap(),
        }
    }

    /// An authorization request without PKCE; `more` is added or, with an empty value, replaces a parameter by nothing.
    pub fn authorize(&self, more: &[(&str, &str)]) -> String {
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("state", "a state"),
        ];
        parameters.retain(|(name, _)| !more.iter().any(|(changed, _)| changed == name));
        parameters.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        let mut url = Url::parse(&format!("{}/oauth2/authorize", self.url)).unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        url.into()
    }

    /// Posts a form with this client's credentials in the header, or its id in the body when it is public.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        Answer::of(self.posting(path, form)).await
    }

    /// The same as a request that the test may send otherwise.
    pub fn posting(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.url));
        let mut form = form.to_vec();
        form.iter().for_each(|(name, value)| ledger::note_field(name, value));
        if let Some(secret) = &self.secret {
            ledger::note(secret);
            ledger::note(&STANDARD.encode(format!("{}:{secret}", self.client_id)));
        }
        let request = match &self.secret {
            Some(secret) => request.basic_auth(&self.client_id, Some(secret)),
            None => {
                form.push(("client_id", &self.client_id));
                request
            }
        };
        request.form(&form)
    }

    /// Exchanges a code, with more or other parameters.
    pub async fn exchange(&self, code: &str, more: &[(&str, &str)]) -> Answer {
        let mut form =
            vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", self.redirect_uri.as_str())];
        form.retain(|(name, _)| !more.iter().any(|(changed, _)| changed == name));
        form.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        self.post("/oauth2/token", &form).await
    }

    /// Refreshes.
    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// Introspects; tells whether the token is active.
    pub async fn is_active(&self, token: &str) -> bool {
        let answer = self.post("/oauth2/introspect", &[("token", token)]).await;
        answer.json["active"].as_bool().unwrap_or_else(|| panic!("{} {}", answer.status, answer.json))
    }

    /// Revokes.
    pub async fn revoke(&self, token: &str) -> Answer {
        self.post("/oauth2/revoke", &[("token", token)]).await
    }

    /// Hands over a code of the partner in Alexa's form, for the user of an access token.
    pub async fn hand_over(&self, access: &str, code: &str) -> Answer {
        let form = [("grant_type", "reciprocal_authorization_code"), ("code", code), ("client_id", &self.client_id)];
        let request = self.http.post(format!("{}/oauth2/reciprocal", self.url));
        Answer::of(request.bearer_auth(access).form(&form)).await
    }

    /// Asks for a Twilio access token for the user of an access token, with a query.
    pub async fn twilio_token(&self, access: &str, query: &str) -> Answer {
        let request = self.http.get(format!("{}/twilio/access-token?{query}", self.url));
        Answer::of(request.bearer_auth(access)).await
    }

    /// Asks for the partner's token, with more or other parameters.
    pub async fn partner_token(&self, subject: &str, more: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", subject),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("audience", "alexa"),
        ];
        form.retain(|(name, _)| !more.iter().any(|(changed, _)| changed == name));
        form.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        self.post("/oauth2/token", &form).await
    }

    /// Lets a person link, from the authorization request to the code.
    pub async fn code_from(&self, person: &Person) -> String {
        self.code_with(person, &[]).await
    }

    /// The same with more parameters in the authorization request.
    pub async fn code_with(&self, person: &Person, more: &[(&str, &str)]) -> String {
        let page = person.link(&self.authorize(more)).await;
        answer_parameter(&page, "code").unwrap_or_else(|| panic!("no code in {:?}", page.location()))
    }

    /// Lets a person link, from the authorization request to the tokens.
    pub async fn link(&self, person: &Person) -> Tokens {
        let code = self.code_from(person).await;
        Tokens::from(&self.exchange(&code, &[]).await)
    }
}

/// A parameter of the answer to an authorization request.
pub fn answer_parameter(page: &Page, name: &str) -> Option<String> {
    let url = Url::parse(&page.location()?).ok()?;
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
