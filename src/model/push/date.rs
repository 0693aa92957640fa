//! Owns how moments are written in Verify's JSON and read from its forms.

use chrono::{DateTime, SubsecRound, Utc};

use crate::model::time::Timestamp;

/// UTC in whole seconds, such as `2026-01-01T00:00:00Z`: clients can't read fractions.
pub fn written(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads ISO 8601 with any offset, in whole seconds. A `+` that a client left unescaped has become a blank on its way.
pub fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim().replace(' ', "+");
    let with_colon = DateTime::parse_from_rfc3339(&text);
    let read = with_colon.or_else(|_| DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f%#z"));
    Some(read.ok()?.with_timezone(&Utc).trunc_subsecs(0))
}

#[cfg(test)]
mod tests {
    use super::{read, written};
    use rstest::rstest;

    #[rstest]
    #[case("2026-01-01T00:00:00Z")]
    #[case("2026-01-01T01:00:00+01:00")]
    #[case("2026-01-01T01:00:00 01:00")]
    #[case("2025-12-31T19:00:00-0500")]
    #[case("2025-12-31T19:00:00-05")]
    #[case("2026-01-01T00:00:00.999Z")]
    fn one_moment_in_many_forms_is_one_moment(#[case] text: &str) {
        assert_eq!(read(text).map(written).as_deref(), Some("2026-01-01T00:00:00Z"));
    }

    #[rstest]
    #[case("")]
    #[case("tomorrow")]
    #[case("2026-01-01")]
    #[case("2026-01-01T00:00:00")]
    #[case("2026-13-01T00:00:00Z")]
    fn a_text_without_a_moment_is_none(#[case] text: &str) {
        assert_eq!(read(text), None);
    }
}
