//! Owns what a SID is: two letters that say what it names, and 32 hexadecimal digits. One type for each kind, so that one can't be
//! taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A text that is no SID of the kind that is asked for.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("it consists of {prefix} and 32 hexadecimal digits")]
pub struct InvalidSid {
    prefix: &'static str,
}

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes digits in either case and keeps them as they are.
            pub fn parse(text: &str) -> Result<Self, InvalidSid> {
                match text.strip_prefix($prefix) {
                    Some(rest) if is_rest(rest) => Ok(Self(text.to_owned())),
                    _ => Err(InvalidSid { prefix: $prefix }),
                }
            }

            /// The SID as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidSid;

            fn try_from(text: String) -> Result<Self, InvalidSid> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(sid: $name) -> String {
                sid.0
            }
        }
    };
}

sid! {
    /// Names an account at Twilio.
    AccountSid, "AC"
}
sid! {
    /// Names an API key, whose secret signs access tokens.
    ApiKeySid, "SK"
}
sid! {
    /// Names a TwiML application, which is asked what to do with a call.
    ApplicationSid, "AP"
}
sid! {
    /// Names a Chat, Conversations or Sync service.
    ServiceSid, "IS"
}
sid! {
    /// Names a role within a Chat service.
    RoleSid, "RL"
}
sid! {
    /// Names a push credential: what Twilio sends notifications to phones with.
    CredentialSid, "CR"
}
sid! {
    /// Names a TaskRouter workspace.
    WorkspaceSid, "WS"
}
sid! {
    /// Names a worker in a TaskRouter workspace.
    WorkerSid, "WK"
}

fn is_rest(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::{AccountSid, ServiceSid};
    use rstest::rstest;

    #[rstest]
    #[case::other_kind("AC00112233445566778899aabbccddeeff")]
    #[case::lower_case_prefix("is00112233445566778899aabbccddeeff")]
    #[case::short("IS00112233445566778899aabbccddeef")]
    #[case::long("IS00112233445566778899aabbccddeeff0")]
    #[case::no_digit("IS00112233445566778899aabbccddeefg")]
    #[case::prefix_alone("IS")]
    #[case::empty("")]
    #[case::blank(" IS00112233445566778899aabbccddeeff")]
    fn what_does_not_name_a_service_is_refused(#[case] text: &str) {
        assert_eq!(ServiceSid::parse(text).unwrap_err().to_string(), "it consists of IS and 32 hexadecimal digits");
    }

    #[rstest]
    #[case("AC00112233445566778899aabbccddeeff")]
    #[case("AC00112233445566778899AABBCCDDEEFF")]
    fn digits_of_either_case_are_taken_as_they_are(#[case] text: &str) {
        assert_eq!(AccountSid::parse(text).unwrap().as_str(), text);
    }
}
