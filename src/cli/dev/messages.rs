//! Owns the stand-in for Twilio of `couplet dev`, and the connector that leads to it.

use std::sync::Arc;

use url::Url;

use crate::app::{SystemClock, SystemRandomness};
use crate::cli::CliError;
use crate::cli::client::random_secret;
use crate::config::{Config, Twilio};
use crate::rehearse::messages_api::MessagesApi;
use crate::twilio::messages::{Settings, Templates};
use crate::web::routes::{DEV_ACCOUNT, DEV_TWILIO};

/// The Messaging Service at the stand-in.
const SERVICE: &str = "MG00000000000000000000000000000000";

/// What the messages say.
const TEMPLATES: &str = r#"[
    {"usageType": "Register", "content": "{{code}} is your code to create an account, for {{application.name}}."},
    {"usageType": "SignIn", "content": "{{code}} is your code to sign in, for {{application.name}}."},
    {"usageType": "ForgotPassword", "content": "{{code}} is your code to set a new password."},
    {"usageType": "MfaVerification", "content": "{{code}} is your code to approve the sign-in to {{application.name}}."},
    {"usageType": "Generic", "content": "{{code}} is your code."}
]"#;

/// Lets text messages go to a stand-in that this very run serves at `base_url`, with everything switched on. A connector of the
/// developer's own is not touched, and nothing is switched on then.
pub(super) fn stand_in(config: &mut Config, base_url: &str) -> Result<Option<MessagesApi>, CliError> {
    if config.sms.twilio.is_some() {
        return Ok(None);
    }
    let wrong = |why: String| CliError::Failed(format!("the stand-in for Twilio: {why}"));
    let url = format!("{base_url}{DEV_TWILIO}");
    let auth_token = random_secret();
    let settings = Settings {
        account_sid: DEV_ACCOUNT.to_owned(),
        auth_token: auth_token.clone(),
        service_sid: SERVICE.to_owned(),
        risk_check: true,
        templates: Templates::parse(TEMPLATES).map_err(|why| wrong(why.to_string()))?,
        base_url: Url::parse(&url).map_err(|why| wrong(why.to_string()))?,
    };
    config.sms.twilio = Some(Twilio::new(settings));
    config.sms.register = true;
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    Ok(Some(MessagesApi::new(DEV_ACCOUNT, auth_token, SERVICE, clock, randomness)))
}
