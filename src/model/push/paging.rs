//! Owns how lists are cut into pages: by where a page begins, so that what is added or removed meanwhile moves nothing.

use uuid::Uuid;

use crate::model::time::Timestamp;

/// A row's place in a list: lists are in the order in which things were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// When it was made.
    pub at: Timestamp,
    /// Its SID, for those of one moment.
    pub id: Uuid,
}

/// Where a page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// Behind so many pages from the beginning.
    Skip(u32),
    /// Behind a row.
    After(Position),
    /// Before a row.
    Before(Position),
}

impl Cursor {
    /// The page token. `None` for what needs none.
    pub fn token(self) -> Option<String> {
        let (word, position) = match self {
            Self::Skip(_) => return None,
            Self::After(position) => ("PA", position),
            Self::Before(position) => ("PB", position),
        };
        Some(format!("{word}{:012x}{}", position.at.timestamp_millis(), position.id.simple()))
    }

    /// Reads a page token.
    pub fn read(token: &str) -> Option<Self> {
        let (word, rest) = token.split_at_checked(2)?;
        let is_hexadecimal = rest.bytes().all(|digit| digit.is_ascii_hexdigit());
        let (millis, id) = rest.split_at_checked(12).filter(|(_, id)| is_hexadecimal && id.len() == 32)?;
        let at = Timestamp::from_timestamp_millis(i64::from_str_radix(millis, 16).ok()?)?;
        let position = Position { at, id: Uuid::try_parse(id).ok()? };
        match word {
            "PA" => Some(Self::After(position)),
            "PB" => Some(Self::Before(position)),
            _ => None,
        }
    }
}

/// Which page of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Its number, counted from 0; only shown.
    pub number: u32,
    /// How many rows it has.
    pub size: u32,
    /// Where it lies.
    pub cursor: Cursor,
    /// Whether the newest come first.
    pub descending: bool,
}

impl PageRequest {
    /// The first `size` rows.
    pub fn first(size: u32) -> Self {
        Self { number: 0, size, cursor: Cursor::Skip(0), descending: false }
    }

    /// The rows of a page when none is asked for.
    pub const SIZE: u32 = 50;

    /// The most rows of a page.
    pub const MOST: u32 = 1000;
}

/// A page, with its neighbours where there are any.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// What was asked for.
    pub request: PageRequest,
    /// The page behind it.
    pub next: Option<Cursor>,
    /// The page before it.
    pub previous: Option<Cursor>,
}

impl<T> Page<T> {
    /// Cuts a page from what was found: one row more than fits tells that there are more in the direction of the search.
    pub fn cut(request: PageRequest, mut found: Vec<T>, position: impl Fn(&T) -> Position) -> Self {
        let size = usize::try_from(request.size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let backwards = matches!(request.cursor, Cursor::Before(_));
        if backwards {
            found.reverse();
        }
        let is_first = matches!(request.cursor, Cursor::Skip(0)) || (backwards && !more);
        let next = found.last().filter(|_| more || backwards).map(|row| Cursor::After(position(row)));
        let previous = found.first().filter(|_| !is_first).map(|row| Cursor::Before(position(row)));
        Self { rows: found, request, next, previous }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Position};
    use crate::model::time::Timestamp;
    use rstest::rstest;
    use uuid::Uuid;

    #[rstest]
    #[case("")]
    #[case("PA")]
    #[case("PC0000000000000123456789abcdef0123456789abcdef")]
    #[case("PA00000000000g0123456789abcdef0123456789abcdef")]
    #[case("PA0000000000000123456789abcdef0123456789abcde")]
    #[case("PA-000000000010123456789abcdef0123456789abcdef")]
    #[case("PAä00000000000123456789abcdef0123456789abcdef")]
    fn what_is_no_page_token_is_refused(#[case] token: &str) {
        assert_eq!(Cursor::read(token), None);
    }

    #[test]
    fn a_page_token_is_read_back() {
        let position = Position { at: Timestamp::from_timestamp_millis(1_795_000_000_123).unwrap(), id: Uuid::max() };
        for cursor in [Cursor::After(position), Cursor::Before(position)] {
            assert_eq!(cursor.token().as_deref().and_then(Cursor::read), Some(cursor));
        }
    }
}
