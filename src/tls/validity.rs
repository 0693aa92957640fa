//! Owns finding in a certificate from when to when it is good (RFC 5280 section 4.1). Leaves checking it to those who connect.

use std::time::Duration;

use chrono::NaiveDateTime;

use crate::model::time::{Timestamp, before};

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The optional version in front of the serial number.
const VERSION: u8 = 0xa0;

/// At the latest so long before its end a certificate should have been renewed.
const WEEKS: Duration = Duration::from_secs(14 * 86_400);

/// From when to when a certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Its first moment.
    pub begins: Timestamp,
    /// Its last moment.
    pub ends: Timestamp,
}

/// How a certificate stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing to say.
    Good,
    /// It should have been renewed by now.
    EndsSoon,
    /// It is good from later on.
    NotYet,
    /// It is no good any more.
    Ended,
}

impl Validity {
    /// Reads it from a certificate in DER; `None` when it is in no known form.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let (to_be_signed, _) = value(value(certificate, SEQUENCE)?.0, SEQUENCE)?;
        let rest = value(to_be_signed, VERSION).map_or(to_be_signed, |(_, rest)| rest);
        // Serial number, signature algorithm, issuer.
        let rest = any(any(any(rest)?.2)?.2)?.2;
        let (times, _) = value(rest, SEQUENCE)?;
        let (kind, begins, rest) = any(times)?;
        let begins = moment(kind, begins)?;
        let (kind, ends, _) = any(rest)?;
        Some(Self { begins, ends: moment(kind, ends)? })
    }

    /// How it stands now. Those that live for days only are renewed in their last quarter.
    pub fn standing(self, now: Timestamp) -> Standing {
        let quarter = (self.ends - self.begins).to_std().unwrap_or_default() / 4;
        match now {
            _ if now > self.ends => Standing::Ended,
            _ if now < self.begins => Standing::NotYet,
            _ if now > before(self.ends, quarter.min(WEEKS)) => Standing::EndsSoon,
            _ => Standing::Good,
        }
    }
}

/// The next value with its tag, and what follows it.
fn any(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ ..=0x7f => (short, rest),
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(long - 0x80)?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((*tag, value, rest))
}

/// The next value, which must have this tag.
fn value(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, value, rest) = any(bytes)?;
    (tag == wanted).then_some((value, rest))
}

/// Two-digit years are those from 1950 to 2049 (RFC 5280 section 4.1.2.5.1).
fn moment(kind: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let whole = match kind {
        UTC_TIME => format!("{}{text}", if text < "5" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&whole, "%Y%m%d%H%M%SZ").ok().map(|moment| moment.and_utc())
}

#[cfg(test)]
mod tests {
    use super::{Standing, Validity};
    use rstest::rstest;

    fn made(from: (i32, u8, u8), to: (i32, u8, u8)) -> Vec<u8> {
        let mut parameters = rcgen::CertificateParams::new(["auth.example.com".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
        parameters.not_after = rcgen::date_time_ymd(to.0, to.1, to.2);
        parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[rstest]
    #[case::soon((2026, 11, 1), (2027, 1, 30), "2026-11-01T00:00:00Z", "2027-01-30T00:00:00Z")]
    #[case::in_four_digits((1999, 12, 31), (2051, 2, 3), "1999-12-31T00:00:00Z", "2051-02-03T00:00:00Z")]
    fn its_days_are_read(
        #[case] from: (i32, u8, u8),
        #[case] to: (i32, u8, u8),
        #[case] begins: &str,
        #[case] ends: &str,
    ) {
        let expected = Validity { begins: begins.parse().unwrap(), ends: ends.parse().unwrap() };
        assert_eq!(Validity::of(&made(from, to)), Some(expected));
    }

    #[test]
    fn what_is_cut_off_anywhere_is_not_understood() {
        let whole = made((2026, 1, 1), (2027, 1, 1));
        assert!((0..whole.len()).all(|length| Validity::of(&whole[..length]).is_none()));
    }

    #[rstest]
    #[case::before("2026-10-31T00:00:00Z", Standing::NotYet)]
    #[case::fresh("2026-11-02T00:00:00Z", Standing::Good)]
    #[case::two_weeks_left("2027-01-17T00:00:00Z", Standing::EndsSoon)]
    #[case::over("2027-01-31T00:00:00Z", Standing::Ended)]
    fn ninety_days(#[case] now: &str, #[case] expected: Standing) {
        let validity = Validity::of(&made((2026, 11, 1), (2027, 1, 30))).unwrap();
        assert_eq!(validity.standing(now.parse().unwrap()), expected);
    }
}
