//! Owns putting together what sends codes by text message.

use std::sync::Arc;

use crate::config::{Config, Rate};
use crate::identity::text_codes::brakes::TextBrakes;
use crate::identity::text_codes::{CodePolicy, TextCodes};
use crate::model::brake::BrakeKind;
use crate::model::failure::Fault;
use crate::model::random::Randomness;
use crate::throttle::{Limit, Throttle};
use crate::twilio::messages::Messages;

/// The connector, if there is one.
pub fn connector(config: &Config, randomness: Arc<dyn Randomness>) -> Result<Option<Messages>, Fault> {
    let Some(twilio) = &config.sms.twilio else { return Ok(None) };
    let settings = twilio.settings().map_err(|what| Fault::new(format!("sms.twilio.authTokenFile {what}")))?;
    Messages::new(settings, super::outbound()?, randomness).map(Some)
}

/// Codes by text message, if there is a connector.
pub(super) fn texts(
    config: &Config,
    salt: [u8; 32],
    randomness: Arc<dyn Randomness>,
) -> Result<Option<TextCodes>, Fault> {
    let Some(connector) = connector(config, randomness)? else { return Ok(None) };
    let sms = &config.sms;
    let brake = |kind, rate: Option<Rate>| {
        Throttle::new(kind, rate.map(|rate| Limit { count: rate.count, per: rate.per }), salt)
    };
    let brakes = TextBrakes {
        number: brake(BrakeKind::TextNumber, sms.limits.per_number),
        sender: brake(BrakeKind::TextAddress, sms.limits.per_address),
        country: brake(BrakeKind::TextCountry, sms.limits.per_country),
        wrong: brake(BrakeKind::WrongCode, sms.limits.wrong_per_number),
    };
    let policy = CodePolicy {
        sign_in: sms.sign_in,
        register: sms.register,
        forgot: sms.forgot,
        home: sms.country,
        ttl: sms.code_ttl,
        tries: sms.code_tries,
    };
    Ok(Some(TextCodes::new(policy, brakes, Arc::new(connector))))
}
