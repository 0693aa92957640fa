//! Owns what a back end may call a person.

use std::fmt;

/// The name of an entity within its service, chosen by the back end; upper and lower case differ. Clients put it into paths
/// as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity(String);

impl Identity {
    /// The fewest and the most characters.
    pub const LENGTH: std::ops::RangeInclusive<usize> = 8..=64;

    /// Takes letters and digits in groups that single dashes separate.
    pub fn parse(text: &str) -> Option<Self> {
        let is_group = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (Self::LENGTH.contains(&text.len()) && text.split('-').all(is_group)).then(|| Self(text.to_owned()))
    }

    /// The identity as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Identity;
    use rstest::rstest;

    #[rstest]
    #[case::short("1234567", false)]
    #[case::long("12345678901234567890123456789012345678901234567890123456789012345", false)]
    #[case::two_dashes("1234--5678", false)]
    #[case::dash_first("-12345678", false)]
    #[case::dash_last("12345678-", false)]
    #[case::blank("1234 5678", false)]
    #[case::foreign_letters("ädaädaäd", false)]
    #[case::shortest("12345678", true)]
    #[case::uuid("ff483d1f-f591-898a-9942-916050d2ca3f", true)]
    fn letters_and_digits_in_groups_are_an_identity(#[case] text: &str, #[case] is_one: bool) {
        assert_eq!(Identity::parse(text).is_some(), is_one);
    }
}
