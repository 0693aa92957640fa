//! Owns the texts of statements about many rows at once: the same statement in few lengths, so that each is planned once and
//! kept. Leaves what they say to their rooms.

use super::{Statement, Value};

/// As many rows as a statement of each length takes.
const LENGTHS: [usize; 4] = [1, 4, 16, 64];

/// The most rows of one statement.
pub const MOST: usize = 64;

/// A statement about up to [`MOST`] rows of values.
pub struct ForMany([&'static str; LENGTHS.len()]);

impl ForMany {
    /// The statement that has rows of `columns` placeholders, `($1, $2), ($3, $4)` say, between `before` and `after`. Its texts
    /// are kept for the life of the program.
    pub fn new(before: &str, columns: usize, after: &str) -> Self {
        let row = |row: usize| {
            let places = (1..=columns).map(|column| format!("${}", row * columns + column));
            format!("({})", places.collect::<Vec<_>>().join(", "))
        };
        Self(LENGTHS.map(|length| {
            let rows = (0..length).map(row).collect::<Vec<_>>().join(", ");
            &*Box::leak(format!("{before}{rows}{after}").into_boxed_str())
        }))
    }

    /// The shortest of its lengths for these rows, not more than [`MOST`]. Places that are left over repeat the last row,
    /// which says nothing new.
    pub fn with(&self, rows: Vec<Vec<Value>>) -> Statement {
        let fits = |(_, length): &(&&'static str, usize)| *length >= rows.len();
        let found = self.0.iter().zip(LENGTHS).find(fits);
        let (sql, length) = found.map_or(("", rows.len()), |(sql, length)| (*sql, length));
        let last = rows.last().cloned();
        let values = rows.into_iter().map(Some).chain(std::iter::repeat(last)).take(length);
        Statement::new(sql, values.flatten().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{ForMany, Value};

    #[test]
    fn a_statement_about_three_rows_has_room_for_four_and_repeats_the_last() {
        let many = ForMany::new("SELECT x FROM (VALUES ", 2, ") AS v");
        let rows = (1..=3).map(|number: i64| vec![Value::from(number), Value::from(10 * number)]);
        let statement = many.with(rows.collect());
        assert_eq!(statement.sql, "SELECT x FROM (VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8)) AS v");
        let numbers = statement.values.into_iter().map(|value| match value {
            Value::Int(Some(number)) => number,
            other => panic!("{other:?}"),
        });
        assert_eq!(numbers.collect::<Vec<_>>(), [1, 10, 2, 20, 3, 30, 3, 30]);
    }
}
