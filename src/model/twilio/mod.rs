//! Owns the words of Twilio that more than one room speaks: SIDs, how long an access token lives, and which grants a client's users
//! may have. Leaves making tokens to `twilio/`.

mod access;
mod api_key;
mod sid;

pub use access::{
    ChatAccess, GrantName, SyncAccess, TaskRouterAccess, TwilioAccess, VideoAccess, VoiceAccess, Worker, WorkerRole,
};
pub use api_key::ApiKey;
pub use sid::{
    AccountSid, ApiKeySid, ApplicationSid, CredentialSid, InvalidSid, RoleSid, ServiceSid, WorkerSid, WorkspaceSid,
};

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How long an access token lives, in whole seconds from 1 to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct TokenLife(u32);

/// A time that no access token may have.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("an access token lives from 1 to 86400 seconds; write them as a number, such as 14400")]
pub struct InvalidLife;

impl TokenLife {
    /// What the helper libraries take when nothing is said.
    pub const USUAL: TokenLife = TokenLife(3600);

    /// Twilio refuses a token that lives longer (errors 20104 and 20157).
    pub const LONGEST: TokenLife = TokenLife(86_400);

    /// Reads decimal digits, and nothing else: no sign, no blank, no fraction.
    pub fn parse(text: &str) -> Result<Self, InvalidLife> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).ok_or(InvalidLife).and_then(|seconds: u32| seconds.try_into())
    }

    /// In seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for TokenLife {
    type Error = InvalidLife;

    fn try_from(seconds: u32) -> Result<Self, InvalidLife> {
        if (1..=Self::LONGEST.0).contains(&seconds) { Ok(Self(seconds)) } else { Err(InvalidLife) }
    }
}

impl TryFrom<Duration> for TokenLife {
    type Error = InvalidLife;

    /// Whole seconds only.
    fn try_from(duration: Duration) -> Result<Self, InvalidLife> {
        let whole = duration.subsec_nanos() == 0;
        u32::try_from(duration.as_secs()).ok().filter(|_| whole).ok_or(InvalidLife)?.try_into()
    }
}

impl From<TokenLife> for u32 {
    fn from(life: TokenLife) -> u32 {
        life.0
    }
}

#[cfg(test)]
mod tests {
    use super::TokenLife;
    use rstest::rstest;

    #[rstest]
    #[case("0")]
    #[case("-1")]
    #[case("+60")]
    #[case("86401")]
    #[case("4294967297")]
    #[case("60.0")]
    #[case("1e3")]
    #[case(" 60")]
    #[case("٦٠")]
    #[case("")]
    fn a_life_that_twilio_would_refuse_is_none(#[case] text: &str) {
        assert!(TokenLife::parse(text).is_err());
    }

    #[rstest]
    #[case("1", 1)]
    #[case("0060", 60)]
    #[case("86400", 86_400)]
    fn a_second_to_a_day_is_a_life(#[case] text: &str, #[case] seconds: u32) {
        assert_eq!(TokenLife::parse(text).unwrap().seconds(), seconds);
    }
}
