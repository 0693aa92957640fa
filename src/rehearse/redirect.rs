//! Owns reading the address to which a server sends the browser back: parameters, `state`, `iss` and the code itself.
//! Leaves following redirects to `browser` and using the code to `token_client`.

use url::form_urlencoded;

use super::attempt::Attempt;
use super::endpoints::Endpoints;
use super::report::Fault;
use super::wire::looks_like_an_error_code;
use crate::model::secret::PlainSecret;

impl Attempt {
    /// Reads the address to which the server sent the browser, and gives the authorization code.
    ///
    /// # Errors
    /// The [`Fault`] that the platform would stumble over first (RFC 6749 section 4.1.2, RFC 9207 section 2.4).
    pub fn read_redirect(&self, location: &str, endpoints: &Endpoints) -> Result<PlainSecret, Fault> {
        let query = self.response_query(location)?;
        let parameters = Parameters::parse(query)?;
        if let Some(error) = &parameters.error {
            return Err(error_in_redirect(error));
        }
        self.check_state(parameters.state.as_deref())?;
        check_iss(parameters.iss.as_deref(), endpoints)?;
        check_code(parameters.code)
    }

    /// The part of the location that holds the response parameters.
    fn response_query<'l>(&self, location: &'l str) -> Result<&'l str, Fault> {
        let changed = || {
            Fault::new(
                "redirect_uri_changed",
                format!("a redirect to {} followed by the parameters", self.redirect_uri),
                format!("one to {:?}", without_parameters(location)),
                "redirect to the redirect_uri of the request, unchanged, and append parameters with `?` (or `&` when it has a query)",
            )
        };
        let tail = location.strip_prefix(&self.redirect_uri).ok_or_else(changed)?;
        let (query, fragment) = tail.split_once('#').unwrap_or((tail, ""));
        let has_code = |text: &str| form_urlencoded::parse(text.as_bytes()).any(|(k, _)| k == "code");
        let separator = if self.redirect_uri.contains('?') { '&' } else { '?' };
        let query = match query.strip_prefix(separator) {
            Some(query) => query,
            None if query.is_empty() => "",
            None => return Err(changed()),
        };
        if has_code(fragment) && !has_code(query) {
            return Err(Fault::new(
                "parameters_in_fragment",
                "code and state in the query",
                "them after `#`",
                "append response parameters for response_type=code to the query; the fragment belongs to the implicit grant",
            ));
        }
        Ok(query)
    }

    fn check_state(&self, seen: Option<&str>) -> Result<(), Fault> {
        let mend = "keep state as text of any length, decode it once, encode it once, and never rebuild or cut it";
        let expected = format!("state back unchanged, {} bytes", self.state.len());
        match seen {
            None => Err(Fault::new("state_missing", expected, "none", mend)),
            Some(seen) if seen == self.state => Ok(()),
            Some(seen) => Err(Fault::new("state_changed", expected, first_difference(&self.state, seen), mend)),
        }
    }
}

/// The response parameters that matter, each at most once (RFC 6749 section 3.1).
#[derive(Default)]
struct Parameters {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

impl Parameters {
    fn parse(query: &str) -> Result<Self, Fault> {
        let mut parameters = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "code" => &mut parameters.code,
                "state" => &mut parameters.state,
                "iss" => &mut parameters.iss,
                "error" => &mut parameters.error,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(Fault::new(
                    "parameter_repeated",
                    "each response parameter once",
                    format!("`{name}` more than once"),
                    "percent-encode the value of state: an `&` in it must become %26",
                ));
            }
        }
        Ok(parameters)
    }
}

fn error_in_redirect(error: &str) -> Fault {
    if error == "access_denied" {
        return Fault::plain(
            "error_in_redirect",
            "you did not allow the link; the platform gets access_denied and shows that linking was cancelled",
            "allow the link",
        );
    }
    let shown = if looks_like_an_error_code(error) { error } else { "of no known form" };
    Fault::new(
        "error_in_redirect",
        "an authorization code",
        format!("the error {shown}"),
        "compare response_type, scope and PKCE settings of the client with what the platform sends (RFC 6749 section 4.1.2.1)",
    )
}

fn check_iss(seen: Option<&str>, endpoints: &Endpoints) -> Result<(), Fault> {
    let mend = "send the issuer of the metadata, to the byte (RFC 9207 section 2)";
    match (seen, &endpoints.issuer) {
        (None, Some(issuer)) if endpoints.promises_iss => {
            Err(Fault::new("iss_missing", format!("iss={issuer:?}, as the metadata promises"), "none", mend))
        }
        (Some(seen), Some(issuer)) if seen != issuer => {
            Err(Fault::new("iss_mismatch", format!("iss={issuer:?}"), format!("iss={seen:?}"), mend))
        }
        _ => Ok(()),
    }
}

fn check_code(code: Option<String>) -> Result<PlainSecret, Fault> {
    let mend = "issue codes of A-Z a-z 0-9 - _ only, under 128 characters";
    let code = code
        .filter(|code| !code.is_empty())
        .ok_or_else(|| Fault::new("code_missing", "a code", "none", "add the code to the query of the redirect"))?;
    if let Some(strange) = code.chars().find(|c| !(c.is_ascii_alphanumeric() || "-_".contains(*c))) {
        let seen = format!("{strange:?} in it");
        return Err(Fault::new("code_characters", "a code that no encoding step can damage", seen, mend));
    }
    if code.len() >= 128 {
        let seen = format!("{}", code.len());
        return Err(Fault::new("code_too_long", "a code under 128 characters", seen, mend));
    }
    Ok(code.into())
}

/// Where two states part, in words; a state is not secret, yet two kilobytes of it help nobody.
fn first_difference(expected: &str, seen: &str) -> String {
    let place = expected.chars().zip(seen.chars()).position(|(expected, seen)| expected != seen);
    let length = seen.len();
    match place {
        None if length < expected.len() => format!("it cut off after {length} bytes"),
        None => format!("it with {} bytes more at its end", length - expected.len()),
        Some(at) => {
            let expected = expected.chars().nth(at).unwrap_or_default();
            let seen = seen.chars().nth(at).unwrap_or_default();
            format!("{length} bytes, and {seen:?} in place of {expected:?} at character {at}")
        }
    }
}

fn without_parameters(location: &str) -> &str {
    location.split(['?', '#', '&']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
