//! Owns `couplet sms …`. Leaves sending to `twilio/`.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use crate::app::SystemRandomness;
use crate::app::texts::connector;
use crate::cli::args::SmsCommand;
use crate::cli::{CliError, print};
use crate::config::Config;
use crate::model::phone::Phone;
use crate::model::text_message::NotSent;

/// The use whose template is tried, and what stands for the code.
const GENERIC: &str = "Generic";
const CODE: &str = "000000";

#[derive(Serialize)]
struct Handed {
    to: String,
    sid: Option<String>,
    status: Option<String>,
}

/// Runs a command about text messages.
pub async fn run(config: &Config, command: SmsCommand) -> Result<(), CliError> {
    let SmsCommand::Test { to, json } = command;
    let to = Phone::typed(&to, config.sms.country).map_err(|why| CliError::Usage(format!("--to: {why}; check it")))?;
    let Some(connector) = connector(config, Arc::new(SystemRandomness))? else {
        let words = "sms.twilio.accountSID is missing; set the keys of sms.twilio, couplet.example.toml shows them";
        return Err(CliError::Usage(words.to_owned()));
    };
    let payload = json!({ "code": CODE, "application": { "name": config.service_name() } });
    let accepted = connector.send(&to, GENERIC, &payload).await.map_err(|why| told(&why))?;
    let handed = Handed { to: to.to_string(), sid: accepted.sid, status: accepted.status };
    if json {
        return print::json(&handed);
    }
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    print::line("Handed over to Twilio. Whether it arrives, Twilio's console tells.");
    print::fields(&[("to", handed.to), ("sid", or_none(handed.sid)), ("status", or_none(handed.status))]);
    Ok(())
}

fn told(why: &NotSent) -> CliError {
    let mend = match why {
        NotSent::Configuration(_) => "compare the keys of sms.twilio with Twilio's console",
        NotSent::Number(_) => "check --to",
        NotSent::Country(_) => "permit the country in Twilio's console, under Messaging, Geo permissions",
        NotSent::OptedOut(_) => "text START from that phone to the sender",
        NotSent::TooMany(_) => "try again in a minute",
        NotSent::NoTemplate(_) | NotSent::Message(_) => "check sms.twilio.templates",
        NotSent::Unreachable(_) => "check sms.twilio.base_url and that this machine reaches it",
        NotSent::Refused(_) => "look the code up at https://www.twilio.com/docs/api/errors",
        NotSent::Unsettled(_) => "see in Twilio's console whether it was sent before you try again",
    };
    let words = format!("{}: {why}; {mend}", why.class());
    if matches!(why, NotSent::Configuration(_)) { CliError::Usage(words) } else { CliError::Failed(words) }
}
