//! Owns phone numbers: reading what people type, and the one written form, E.164. Leaves sending to them to the rooms that do.

use std::fmt;

use phonenumber::country::Id;
use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, Type, parse};
use thiserror::Error;

/// The longest text that is looked at; the longest number with all its decoration is shorter.
const LONGEST: usize = 40;

/// A phone number in E.164 form: `+`, then 8 to 15 digits, the first not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone(String);

/// Why a text is no phone number.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a phone number is written as + and 8 to 15 digits, for example +14155550100")]
pub struct InvalidPhone;

/// The country whose numbers may be typed without `+` and country code (ISO 3166-1, two letters).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country(Id);

impl Country {
    /// Reads the two letters in either case; `None` when no numbering plan is known by them.
    pub fn parse(text: &str) -> Option<Self> {
        text.to_ascii_uppercase().parse().ok().filter(|_| text.len() == 2).map(Self)
    }

    fn has_code(self, code: u16) -> bool {
        DATABASE.by_id(self.0.as_ref()).is_some_and(|plan| plan.country_code() == code)
    }
}

impl Phone {
    /// Reads the E.164 form and nothing else.
    pub fn parse(text: &str) -> Result<Self, InvalidPhone> {
        let digits = text.strip_prefix('+').ok_or(InvalidPhone)?;
        let plausible =
            (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if plausible { Ok(Self(text.to_owned())) } else { Err(InvalidPhone) }
    }

    /// Reads what a person typed, with blanks, brackets or a trunk zero: with `+` and the country code (or `00`), or as it is
    /// dialled in `home`. The number must have a length that its country knows; whether somebody answers there, nobody can tell.
    pub fn typed(text: &str, home: Option<Country>) -> Result<Self, InvalidPhone> {
        let text = text.trim();
        if text.len() > LONGEST || !text.bytes().all(is_written_in_numbers) {
            return Err(InvalidPhone);
        }
        let from_abroad = text.strip_prefix("00").map(|rest| format!("+{rest}"));
        let text = from_abroad.as_deref().unwrap_or(text);
        // With the country in front it must not be read as a number at home, whose trunk prefix would be taken off.
        let home = home.filter(|_| !text.starts_with('+'));
        let number = parse(home.map(|home| home.0), text).map_err(|_| InvalidPhone)?;
        let phone = Self::parse(&number.format().mode(Mode::E164).to_string())?;
        if home.is_none_or(|home| home.has_code(number.code().value())) && phone.is_possible() {
            Ok(phone)
        } else {
            Err(InvalidPhone)
        }
    }

    /// Fetches what is known of all countries, so that the first person to type a number does not wait for it.
    pub fn prepare() {
        drop(Self::typed("+14155550100", None));
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last two digits, by which its owner knows it and nobody else does.
    pub fn last_digits(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(2)..).unwrap_or_default()
    }

    /// The country code (ITU-T E.164): `1` for North America, `49` for Germany; the first digit where none is known.
    pub fn country_code(&self) -> String {
        let known = parse(None, &self.0).map(|number| number.code().value().to_string());
        known.unwrap_or_else(|_| self.0.chars().skip(1).take(1).collect())
    }

    /// The country by its two letters where the number tells it, for several may share a country code; else the code.
    pub fn region(&self) -> String {
        let known = parse(None, &self.0).ok().and_then(|number| number.country().id());
        known.map_or_else(|| self.country_code(), |id| id.as_ref().to_owned())
    }

    /// Whether it reads the same again, its country has numbers of that length, and it is none that whoever calls it pays more
    /// for, or less: nobody signs in with those, and messages to them are how fraud earns.
    fn is_possible(&self) -> bool {
        let Ok(number) = parse(None, &self.0) else { return false };
        if number.format().mode(Mode::E164).to_string() != self.0 {
            return false;
        }
        if matches!(number.number_type(&DATABASE), Type::PremiumRate | Type::SharedCost | Type::TollFree) {
            return false;
        }
        let code = number.code().value();
        let length = self.0.len().saturating_sub(1 + code.to_string().len());
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        let plans = DATABASE.by_code(&code).unwrap_or_default();
        let kinds = plans.iter().flat_map(|plan| {
            let kinds = plan.descriptors();
            [kinds.mobile(), kinds.fixed_line(), kinds.personal_number(), kinds.voip()]
        });
        kinds.flatten().any(|kind| kind.possible_length().contains(&length))
    }
}

/// What numbers are written with. Letters are none of it: people who type them mean something else.
fn is_written_in_numbers(byte: u8) -> bool {
    byte.is_ascii_digit() || b"+ ()-./".contains(&byte)
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Country, InvalidPhone, Phone};
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::nothing("")]
    #[case::no_country("650 253 0000")]
    #[case::letters("+1 800 FLOWERS")]
    #[case::extension("+14155550100 ext 5")]
    #[case::too_short("+1415555010")]
    #[case::too_long("+141555501000")]
    #[case::no_such_country("+999 123456789")]
    #[case::digits_of_another_script("+1٤١٥٥٥٥٠١٠٠")]
    #[case::a_login("alice@example.com")]
    #[case::premium_rate("+49 900 1234567")]
    #[case::premium_rate_of_america("+1 900 253 0000")]
    #[case::toll_free("+1 800 253 0000")]
    #[case::without_end(&"+1".repeat(4000))]
    fn what_is_no_number_is_refused(#[case] text: &str) {
        assert_eq!(Phone::typed(text, None), Err(InvalidPhone));
    }

    #[rstest]
    #[case("+1 (650) 253-0000", "+16502530000")]
    #[case("+61 0412 345 678", "+61412345678")]
    #[case("+49 (0)151 23456789", "+4915123456789")]
    #[case("0049 151 23456789", "+4915123456789")]
    #[case(" +44 7700 900123 ", "+447700900123")]
    #[case("+39 06 698 12345", "+390669812345")]
    #[case("+1.415.555.0100", "+14155550100")]
    fn a_number_is_taken_as_people_write_it(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(Phone::typed(text, None).unwrap().as_str(), expected);
    }

    #[test]
    fn at_home_numbers_are_dialled_without_the_country() {
        let typed = |text, home| Phone::typed(text, Country::parse(home)).unwrap().0;
        assert_eq!(typed("(650) 253-0000", "us"), "+16502530000");
        assert_eq!(typed("0412 345 678", "AU"), "+61412345678");
        assert_eq!(typed("+49 151 23456789", "US"), "+4915123456789");
        assert_eq!(typed("0049 151 23456789", "US"), "+4915123456789");
        assert_eq!(typed("1 650 253 0000", "US"), "+16502530000");
        assert_eq!(
            Phone::typed("011 49 151 23456789", Country::parse("US")),
            Err(InvalidPhone),
            "rather than another number"
        );
        assert_eq!(Country::parse("XX").or(Country::parse("USA")), None);
    }

    #[rstest]
    #[case("+14155550100", "1")]
    #[case("+819012345678", "81")]
    #[case("+882161234567", "882")]
    fn a_number_has_a_country_code(#[case] number: &str, #[case] code: &str) {
        assert_eq!(Phone::parse(number).unwrap().country_code(), code);
    }

    #[rstest]
    #[case("+16502530000", "US")]
    #[case("+18764100100", "JM")]
    #[case("+4915123456789", "DE")]
    #[case("+882161234567", "882")]
    fn countries_that_share_a_code_are_told_apart(#[case] number: &str, #[case] region: &str) {
        assert_eq!(Phone::parse(number).unwrap().region(), region);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_number_or_refused(text in "[+0-9 ()./-]{0,44}", any in ".{0,44}") {
            for text in [text, any] {
                for home in [None, Country::parse("DE"), Country::parse("AR")] {
                    if let Ok(phone) = Phone::typed(&text, home) {
                        prop_assert_eq!(Phone::parse(phone.as_str()), Ok(phone.clone()));
                        prop_assert_eq!(Phone::typed(phone.as_str(), None).map(|again| again.country_code()), Ok(phone.country_code()));
                    }
                }
            }
        }
    }
}
