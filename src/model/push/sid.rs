//! Owns the SIDs: two letters that say what is named, and 128 bits in hexadecimal digits. One type for each kind of thing.

use std::fmt;

use uuid::Uuid;

use crate::model::random::{Randomness, bytes};

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh, unpredictable SID.
            pub fn random(randomness: &dyn Randomness) -> Self {
                Self(Uuid::from_bytes(bytes(randomness)))
            }

            /// Reads the prefix in capital letters and 32 hexadecimal digits of either case; nothing else is a SID.
            pub fn parse(text: &str) -> Option<Self> {
                read($prefix, text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.simple())
            }
        }
    };
}

sid! {
    /// Names the account of a back end.
    AccountSid, "AC"
}
sid! {
    /// Names a Verify service.
    ServiceSid, "VA"
}
sid! {
    /// Names an access token for the enrolment of a device.
    EnrolmentSid, "YK"
}
sid! {
    /// Names an entity: one person in one service.
    EntitySid, "YE"
}
sid! {
    /// Names a factor: one device of an entity.
    FactorSid, "YF"
}
sid! {
    /// Names the public key of a factor; the `kid` of its request JWTs.
    CredentialSid, "CR"
}
sid! {
    /// Names a challenge.
    ChallengeSid, "YC"
}
sid! {
    /// Names one notification about a challenge.
    NotificationSid, "NT"
}
sid! {
    /// Names a webhook.
    WebhookSid, "YW"
}

impl AccountSid {
    /// The account of this server itself.
    pub const OWN: Self = Self(Uuid::from_u128(1));
}

impl ServiceSid {
    /// The service in which this server's own users have their devices.
    pub const OWN: Self = Self(Uuid::from_u128(1));
}

fn read(prefix: &str, text: &str) -> Option<Uuid> {
    let digits = text.strip_prefix(prefix)?;
    Uuid::try_parse(digits).ok().filter(|_| digits.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::{FactorSid, ServiceSid};
    use rstest::rstest;

    #[rstest]
    #[case::another_thing("YF0123456789abcdef0123456789abcdef")]
    #[case::small_prefix("va0123456789abcdef0123456789abcdef")]
    #[case::short("VA0123456789abcdef0123456789abcde")]
    #[case::long("VA0123456789abcdef0123456789abcdef0")]
    #[case::no_digit("VA0123456789abcdef0123456789abcdeg")]
    #[case::hyphens("VA01234567-89ab-cdef-0123-456789abcdef")]
    #[case::empty("")]
    fn what_is_no_sid_of_a_service_is_refused(#[case] text: &str) {
        assert_eq!(ServiceSid::parse(text), None);
    }

    #[test]
    fn digits_of_either_case_are_the_same_sid_and_are_written_small() {
        let sid = FactorSid::parse("YF0123456789ABCDEF0123456789abcdef").unwrap();
        assert_eq!(sid.to_string(), "YF0123456789abcdef0123456789abcdef");
    }
}
