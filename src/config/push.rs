//! Owns what the operator says of messages to devices: by which services they go, with which credentials. Leaves sending to
//! `push/`.

use std::path::PathBuf;

use url::Url;

use crate::config::Purpose;
use crate::config::parse::parse_switch;
use crate::config::problems::Problems;
use crate::config::values::Values;
use crate::model::redirect_uri::is_loopback;
use crate::model::secret::PlainSecret;
use crate::push::senders::apns::Apple;
use crate::push::senders::fcm::{Firebase, ServiceAccount};
use crate::tokens::assertion::AssertionKey;

const ACCOUNT_FILE: &str = "push.fcm_service_account_file";
const FCM_BASE_URL: &str = "push.fcm_base_url";
const KEY_FILE: &str = "push.apns_key_file";
const KEY_ID: &str = "push.apns_key_id";
const TEAM_ID: &str = "push.apns_team_id";
const TOPIC: &str = "push.apns_topic";
const APNS_BASE_URL: &str = "push.apns_base_url";

/// By what messages go to devices.
#[derive(Clone, Debug)]
pub struct PushServices {
    /// Whether to browsers.
    pub web_push: bool,
    /// Where push services of browsers find the operator.
    pub contact: Option<String>,
    /// To Android phones.
    pub firebase: Option<Firebase>,
    /// To Apple's devices.
    pub apple: Option<Apple>,
}

/// Reads it all. Files are read for those who send only.
pub fn read(values: &Values, purpose: Purpose, problems: &mut Problems) -> PushServices {
    let sends = matches!(purpose, Purpose::Serve | Purpose::Dev);
    PushServices {
        web_push: values.required("push.web_push", problems, parse_switch),
        contact: values.optional("push.contact", problems, parse_contact),
        firebase: read_firebase(values, sends, problems),
        apple: read_apple(values, sends, problems),
    }
}

fn read_firebase(values: &Values, sends: bool, problems: &mut Problems) -> Option<Firebase> {
    let base_url = values.required(FCM_BASE_URL, problems, parse_base_url);
    let text = text_of(ACCOUNT_FILE, values, sends, problems)?;
    match ServiceAccount::parse(text.1.expose()) {
        Ok(account) => Some(Firebase { account, base_url }),
        Err(why) => {
            let mend = "name the file that the Firebase console gives under Service accounts, Generate new private key";
            problems.add(ACCOUNT_FILE, &format!("{} {why}", text.0.display()), mend);
            None
        }
    }
}

/// Whole, or none at all; everything that is missing is named.
fn read_apple(values: &Values, sends: bool, problems: &mut Problems) -> Option<Apple> {
    let base_url = values.required(APNS_BASE_URL, problems, parse_base_url);
    let key_id = values.optional(KEY_ID, problems, parse_id);
    let team_id = values.optional(TEAM_ID, problems, parse_id);
    let topic = values.optional(TOPIC, problems, parse_topic);
    let needed = [KEY_FILE, KEY_ID, TEAM_ID, TOPIC];
    if !needed.iter().any(|name| values.is_given(name)) {
        return None;
    }
    let mend = "Apple's developer console tells it; the four keys push.apns_key_file, _key_id, _team_id and _topic go together";
    needed.iter().filter(|name| !values.is_given(name)).for_each(|name| problems.add(name, "is missing", mend));
    let (path, text) = text_of(KEY_FILE, values, sends, problems)?;
    let Some(key) = AssertionKey::es256_pem(text.expose()) else {
        let what = format!("{} holds no P-256 private key in PEM", path.display());
        problems.add(KEY_FILE, &what, "name the file AuthKey_….p8 as Apple's developer console gave it, unchanged");
        return None;
    };
    Some(Apple { key, key_id: key_id?, team_id: team_id?, topic: topic?, base_url })
}

/// The text of a file that a key names, with its path.
fn text_of(
    name: &'static str,
    values: &Values,
    sends: bool,
    problems: &mut Problems,
) -> Option<(PathBuf, PlainSecret)> {
    let path = values.optional(name, problems, |text| Ok(PathBuf::from(text))).filter(|_| sends)?;
    match std::fs::read_to_string(&path) {
        Ok(text) => Some((path, text.into())),
        Err(error) => {
            let what = format!("{} can't be read: {error}", path.display());
            problems.add(name, &what, "name a file that this user may read");
            None
        }
    }
}

fn parse_contact(text: &str) -> Result<String, String> {
    let url = Url::parse(text).ok().filter(|url| match url.scheme() {
        "mailto" => url.path().contains('@'),
        scheme => scheme == "https" && url.has_host(),
    });
    url.map(|_| text.to_owned()).ok_or_else(|| "write a mailto: or https: address".to_owned())
}

fn parse_base_url(text: &str) -> Result<Url, String> {
    let mend = || "write the service's address, or that of a stand-in; plain http is for loopback only".to_owned();
    let url = Url::parse(text).map_err(|_| mend())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if plain && safe && url.has_host() && url.password().is_none() { Ok(url) } else { Err(mend()) }
}

fn parse_id(text: &str) -> Result<String, String> {
    let fine = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    fine.then(|| text.to_owned()).ok_or_else(|| "copy the 10 characters from Apple's developer console".to_owned())
}

fn parse_topic(text: &str) -> Result<String, String> {
    let fine = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    fine.then(|| text.to_owned()).ok_or_else(|| "write the app's bundle id, such as com.example.app".to_owned())
}
