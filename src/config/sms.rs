//! Owns what the operator says of text messages: the connector, what codes may be used for, and how many are sent. Leaves
//! judging templates to `twilio/` and sending to those who do.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::config::Rate;
use crate::config::parse::{first_line, parse_count, parse_lifetime, parse_rate, parse_switch};
use crate::config::problems::Problems;
use crate::config::values::{Values, either};
use crate::model::phone::Country;
use crate::model::redirect_uri::is_loopback;
use crate::model::secret::PlainSecret;
use crate::twilio::messages::{Settings, TWILIO, Templates};

/// The keys of the connector, with Logto's names.
const ACCOUNT_SID: &str = "sms.twilio.accountSID";
const AUTH_TOKEN: &str = "sms.twilio.authToken";
const AUTH_TOKEN_FILE: &str = "sms.twilio.authTokenFile";
const SERVICE_SID: &str = "sms.twilio.fromMessagingServiceSID";
const DISABLE_RISK_CHECK: &str = "sms.twilio.disableRiskCheck";
const TEMPLATES: &str = "sms.twilio.templates";
const BASE_URL: &str = "sms.twilio.base_url";

/// Text messages.
#[derive(Clone, Debug)]
pub struct Sms {
    /// Who sends them; without it there are none.
    pub twilio: Option<Twilio>,
    /// Whether people may sign in with a code.
    pub sign_in: bool,
    /// Whether people may make an account with a code.
    pub register: bool,
    /// Whether people may set a new password with a code.
    pub forgot: bool,
    /// Whose numbers may be typed without the country code.
    pub country: Option<Country>,
    /// How long a code lives.
    pub code_ttl: Duration,
    /// How many wrong codes end it.
    pub code_tries: u32,
    /// How many messages go out.
    pub limits: SmsLimits,
}

/// How many messages are sent and wrong codes are borne; none means as many as come.
#[derive(Clone, Copy, Debug)]
pub struct SmsLimits {
    /// Messages to one number.
    pub per_number: Option<Rate>,
    /// Messages that one address asks for.
    pub per_address: Option<Rate>,
    /// Messages to the numbers of one country.
    pub per_country: Option<Rate>,
    /// Wrong codes for one number.
    pub wrong_per_number: Option<Rate>,
}

/// The connector as the operator gives it.
#[derive(Clone, Debug)]
pub struct Twilio {
    settings: Settings,
    token_file: Option<PathBuf>,
}

impl Twilio {
    /// A connector whose token is known already.
    pub fn new(settings: Settings) -> Self {
        Self { settings, token_file: None }
    }

    /// The connector with its token, read from the file when there is one; an error in words that continue its key.
    pub fn settings(&self) -> Result<Settings, String> {
        let Some(path) = &self.token_file else { return Ok(self.settings.clone()) };
        Ok(Settings { auth_token: first_line(path)?, ..self.settings.clone() })
    }
}

/// Reads it all.
pub fn read(values: &Values, problems: &mut Problems) -> Sms {
    let switch = |name, problems: &mut Problems| values.required(name, problems, parse_switch);
    let limit = |name, problems: &mut Problems| values.required(name, problems, |text| either("off", text, parse_rate));
    let twilio = read_twilio(values, problems);
    let register = switch("sms.register", problems);
    if register && !is_any_given(values) {
        let what = "is on, but nothing sends text messages";
        problems.add("sms.register", what, "set the keys of sms.twilio, or switch it off");
    }
    Sms {
        twilio,
        sign_in: switch("sms.sign_in", problems),
        register,
        forgot: switch("sms.forgot", problems),
        country: values.optional("sms.country", problems, parse_country),
        code_ttl: values.required("sms.code_ttl", problems, parse_code_ttl),
        code_tries: values.required("sms.code_tries", problems, parse_tries),
        limits: SmsLimits {
            per_number: limit("sms.messages_per_number", problems),
            per_address: limit("sms.messages_per_address", problems),
            per_country: limit("sms.messages_per_country", problems),
            wrong_per_number: limit("sms.wrong_codes_per_number", problems),
        },
    }
}

/// Whether the operator has begun to describe a connector.
fn is_any_given(values: &Values) -> bool {
    let keys = [ACCOUNT_SID, AUTH_TOKEN, AUTH_TOKEN_FILE, SERVICE_SID, TEMPLATES];
    keys.iter().any(|name| values.is_given(name))
}

/// Whole, or none at all; everything that is missing is named.
fn read_twilio(values: &Values, problems: &mut Problems) -> Option<Twilio> {
    if !is_any_given(values) {
        return None;
    }
    let text = |text: &str| match text {
        "" => Err("write what Twilio's console shows".to_owned()),
        text => Ok(text.to_owned()),
    };
    let account_sid = values.optional(ACCOUNT_SID, problems, text);
    let token: Option<PlainSecret> = values.optional(AUTH_TOKEN, problems, text).map(PlainSecret::from);
    let token_file = values.optional(AUTH_TOKEN_FILE, problems, |text| Ok(PathBuf::from(text)));
    let service_sid = values.optional(SERVICE_SID, problems, text);
    let templates = values.optional(TEMPLATES, problems, parse_templates);
    if token.is_none() && token_file.is_none() {
        problems.add(AUTH_TOKEN, "is missing", "set it, or sms.twilio.authTokenFile to a file with it");
    }
    for (name, mend) in [
        (ACCOUNT_SID, "set it to the account's SID (AC…), as Twilio's console shows it"),
        (SERVICE_SID, "set it to the SID of a Messaging Service (MG…)"),
        (TEMPLATES, "give templates for Register, SignIn, ForgotPassword and Generic; couplet.example.toml shows them"),
    ] {
        if !values.is_given(name) {
            problems.add(name, "is missing", mend);
        }
    }
    for what in templates.iter().flat_map(Templates::problems) {
        let mend = "give Register, SignIn, ForgotPassword and Generic a text with {{code}}, of 1600 characters at most";
        problems.add(TEMPLATES, &what, mend);
    }
    let risk_check = !values.required(DISABLE_RISK_CHECK, problems, parse_switch);
    let base_url = values.required(BASE_URL, problems, parse_base_url);
    let (account_sid, service_sid, templates) = (account_sid?, service_sid?, templates?);
    // The secret itself wins over a file with it: it is what an environment overrides.
    let (auth_token, token_file) = match token {
        Some(token) => (token, None),
        None => (String::new().into(), Some(token_file?)),
    };
    let settings = Settings { account_sid, auth_token, service_sid, risk_check, templates, base_url };
    Some(Twilio { settings, token_file })
}

fn parse_templates(text: &str) -> Result<Templates, String> {
    let mend = "write an array of tables { usageType = \"SignIn\", content = \"… {{code}} …\" }, in a variable the same as JSON";
    Templates::parse(text).map_err(|_| mend.to_owned())
}

fn parse_base_url(text: &str) -> Result<Url, String> {
    let mend = || format!("write {TWILIO}, or the whole address of a stand-in; plain http is for loopback only");
    let url = Url::parse(text).map_err(|_| mend())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if plain && safe && url.has_host() && url.password().is_none() { Ok(url) } else { Err(mend()) }
}

fn parse_country(text: &str) -> Result<Country, String> {
    Country::parse(text).ok_or_else(|| "write the two letters of a country, such as US".to_owned())
}

fn parse_code_ttl(text: &str) -> Result<Duration, String> {
    let mend = || "write a time from 60s to 60m".to_owned();
    let time = parse_lifetime(text).map_err(|_| mend())?;
    let within = Duration::from_secs(60)..=Duration::from_secs(3600);
    if within.contains(&time) { Ok(time) } else { Err(mend()) }
}

fn parse_tries(text: &str) -> Result<u32, String> {
    let tries = parse_count(text).ok().filter(|tries| *tries <= 100);
    tries.ok_or_else(|| "write a whole number from 1 to 100".to_owned())
}
