//! Owns the API key for Twilio access tokens as the operator gives it, and which web pages may fetch tokens. Leaves signing to
//! `twilio/`.

use std::path::PathBuf;

use url::Url;

use crate::config::Purpose;
use crate::config::parse::first_line;
use crate::config::problems::Problems;
use crate::config::values::Values;
use crate::model::redirect_uri::is_loopback;
use crate::model::secret::PlainSecret;
use crate::model::twilio::{AccountSid, ApiKey, ApiKeySid};

const ACCOUNT_SID: &str = "twilio.account_sid";
const API_KEY_SID: &str = "twilio.api_key_sid";
const SECRET_FILE: &str = "twilio.api_key_secret_file";
const SECRET: &str = "twilio.api_key_secret";
const REGION: &str = "twilio.region";

/// How to mend a missing part.
const MEND: &str = "make an API key in the Twilio console and give its SID and secret beside the account's SID";

/// The whole key, when there is one and this run is to sign with it; the secret is read only then.
pub fn read(values: &Values, purpose: Purpose, problems: &mut Problems) -> Option<ApiKey> {
    let account_sid = values.optional(ACCOUNT_SID, problems, parse_account);
    let sid = values.optional(API_KEY_SID, problems, parse_key);
    let region = values.optional(REGION, problems, parse_region).flatten();
    let has_secret = values.is_given(SECRET) || values.is_given(SECRET_FILE);
    let parts = [
        (ACCOUNT_SID, values.is_given(ACCOUNT_SID)),
        (API_KEY_SID, values.is_given(API_KEY_SID)),
        (SECRET_FILE, has_secret),
    ];
    if purpose != Purpose::Mint && parts.iter().all(|(_, given)| !given) {
        return None;
    }
    parts.iter().filter(|(_, given)| !given).for_each(|(name, _)| problems.add(name, "is missing", MEND));
    let secret = (purpose != Purpose::Tool).then(|| secret(values, problems)).flatten();
    Some(ApiKey { account_sid: account_sid?, sid: sid?, secret: secret?, region })
}

/// The secret itself wins over a file with it: it is what an environment overrides.
fn secret(values: &Values, problems: &mut Problems) -> Option<PlainSecret> {
    let plain = |text: &str| match text {
        "" => Err("write the secret that Twilio showed with the API key".to_owned()),
        text => Ok(PlainSecret::from(text.to_owned())),
    };
    if values.is_given(SECRET) {
        return values.optional(SECRET, problems, plain);
    }
    let path = values.optional(SECRET_FILE, problems, |text| Ok(PathBuf::from(text)))?;
    match first_line(&path) {
        Ok(line) => Some(line),
        Err(what) => {
            let mend = "write the secret that Twilio showed with the API key into it, on one line";
            problems.add(SECRET_FILE, &what, mend);
            None
        }
    }
}

fn parse_account(text: &str) -> Result<AccountSid, String> {
    AccountSid::parse(text).map_err(|why| format!("copy the account's SID from the Twilio console; {why}"))
}

fn parse_key(text: &str) -> Result<ApiKeySid, String> {
    ApiKeySid::parse(text).map_err(|why| {
        format!("give the SID of an API key, since an account's SID and auth token can't sign access tokens; {why}")
    })
}

fn parse_region(text: &str) -> Result<Option<String>, String> {
    if text.len() > 32 || !text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Err("write the region's short name, such as au1 or ie1".to_owned());
    }
    Ok(Some(text.to_owned()).filter(|region| !region.is_empty()))
}

/// Origins as browsers write them (RFC 6454 section 6.2), separated by commas.
pub fn parse_origins(text: &str) -> Result<Vec<String>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(origin).collect::<Option<_>>().ok_or_else(|| {
        "write scheme and host of each page, for example https://app.example.com, separated by commas; https, but for loopback"
            .to_owned()
    })
}

fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| url.has_host() && !text.contains('*'))?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    match url.scheme() {
        _ if !bare || !anonymous => None,
        "https" => Some(url.origin().ascii_serialization()),
        "http" => is_loopback(&url).then(|| url.origin().ascii_serialization()),
        // Apps that wrap a page have schemes of their own, whose origins are written as they stand.
        _ => Some(text.trim_end_matches('/').to_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_origins;
    use rstest::rstest;

    #[rstest]
    #[case("*")]
    #[case("https://*.example.com")]
    #[case("null")]
    #[case("app.example.com")]
    #[case("http://app.example.com")]
    #[case("https://app.example.com/page")]
    #[case("https://app.example.com?x")]
    #[case("https://me@app.example.com")]
    #[case("javascript:alert(1)")]
    fn what_no_browser_sends_or_nobody_should_trust_is_no_origin(#[case] text: &str) {
        assert!(parse_origins(text).is_err());
    }

    #[rstest]
    #[case("https://app.example.com", &["https://app.example.com"])]
    #[case("HTTPS://App.Example.com:443/, http://localhost:3000", &["https://app.example.com", "http://localhost:3000"])]
    #[case("https://bücher.example", &["https://xn--bcher-kva.example"])]
    #[case("capacitor://localhost", &["capacitor://localhost"])]
    fn origins_are_written_as_browsers_send_them(#[case] text: &str, #[case] origins: &[&str]) {
        assert_eq!(parse_origins(text).unwrap(), origins);
    }
}
