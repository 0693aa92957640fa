//! Owns how a device says by which platform it is reached, and under which token there. Leaves sending to `senders/`.

use std::ops::RangeInclusive;

use crate::model::push::factor::{Factor, FactorChange, FactorConfig, Platform};
use crate::model::push::subscription::Subscription;
use crate::push::Push;
use crate::push::error::Refusal;
use crate::push::form::Form;

const PLATFORM: &str = "Config.NotificationPlatform";
const TOKEN: &str = "Config.NotificationToken";

/// A token of Apple or Google, in characters.
const TOKEN_LENGTH: RangeInclusive<usize> = 32..=255;

/// A browser's subscription, in characters.
const SUBSCRIPTION_LENGTH: RangeInclusive<usize> = 32..=1024;

impl Push {
    /// How a new device is reached.
    pub(super) fn new_config(&self, form: &Form<'_>) -> Result<FactorConfig, Refusal> {
        let platform = platform(form)?.ok_or_else(|| form.refuse(&format!("{PLATFORM} is missing")))?;
        let token = match platform {
            Platform::None => None,
            platform => {
                form.required(TOKEN)?;
                self.token(form, platform)?
            }
        };
        let (sdk_version, app_id) = (form.text("Config.SdkVersion", 1..=64)?, form.text("Config.AppId", 1..=100)?);
        Ok(FactorConfig { sdk_version, app_id, platform, token })
    }

    /// What a device changes of itself.
    pub(super) fn read_change(&self, form: &Form<'_>, factor: &Factor) -> Result<FactorChange, Refusal> {
        let (before, platform) = (&factor.config, platform(form)?);
        let reached = platform.unwrap_or(before.platform);
        let change = FactorChange {
            friendly_name: form.name("FriendlyName", 1..=64)?,
            sdk_version: form.text("Config.SdkVersion", 1..=64)?,
            app_id: form.text("Config.AppId", 1..=100)?,
            platform,
            token: self.token(form, reached)?,
        };
        // A browser's subscription is nothing to the others, nor their tokens to a browser.
        let fits = (reached == Platform::Web) == before.token.as_deref().is_some_and(is_subscription);
        if reached != Platform::None && change.token.is_none() && (before.token.is_none() || !fits) {
            return Err(form.refuse(&format!("{TOKEN} is missing")));
        }
        Ok(change)
    }

    fn token(&self, form: &Form<'_>, platform: Platform) -> Result<Option<String>, Refusal> {
        if platform != Platform::Web {
            return form.text(TOKEN, TOKEN_LENGTH);
        }
        let Some(token) = form.text(TOKEN, SUBSCRIPTION_LENGTH)? else { return Ok(None) };
        let refuse = |why| form.refuse(&format!("{TOKEN} {why}"));
        let subscription = Subscription::parse(&token).map_err(refuse)?;
        match self.outbox.targets.why_no_push_service(&subscription.endpoint) {
            None => Ok(Some(token)),
            Some(why) => Err(form.refuse(&format!("the endpoint in {TOKEN} {why}"))),
        }
    }
}

fn is_subscription(token: &str) -> bool {
    Subscription::parse(token).is_ok()
}

fn platform(form: &Form<'_>) -> Result<Option<Platform>, Refusal> {
    let Some(text) = form.raw(PLATFORM)? else { return Ok(None) };
    let unknown = || form.refuse(&format!("{PLATFORM} has to be apn, fcm, web or none"));
    Platform::parse(text).map(Some).ok_or_else(unknown)
}
