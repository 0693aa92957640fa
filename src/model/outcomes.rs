//! Owns counting what became of things, since the process began, by words that are known beforehand.

use std::sync::atomic::{AtomicU64, Ordering};

/// How often each word was counted.
pub type Counted<const N: usize> = [(&'static str, u64); N];

/// Counts by words.
#[derive(Debug)]
pub struct Outcomes<const N: usize>([(&'static str, AtomicU64); N]);

impl<const N: usize> Outcomes<N> {
    /// None of any so far.
    pub fn of(words: [&'static str; N]) -> Self {
        Self(words.map(|word| (word, AtomicU64::new(0))))
    }

    /// Counts one of the words; any other is not counted.
    pub fn count(&self, word: &str) {
        if let Some((_, number)) = self.0.iter().find(|(known, _)| *known == word) {
            number.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All numbers.
    pub fn read(&self) -> Counted<N> {
        self.0.each_ref().map(|(word, number)| (*word, number.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::Outcomes;

    #[test]
    fn each_word_is_counted_by_itself() {
        let outcomes = Outcomes::of(["sent", "lost"]);
        ["sent", "lost", "sent", "unheard of"].into_iter().for_each(|word| outcomes.count(word));
        assert_eq!(outcomes.read(), [("sent", 2), ("lost", 1)]);
    }
}
