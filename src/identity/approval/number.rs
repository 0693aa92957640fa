//! Owns drawing the number that the page shows and the device has to name.

use crate::model::random::{Randomness, bytes};

/// Two decimal digits, from 10 to 99, each number as likely as any other.
pub fn two_digits(randomness: &dyn Randomness) -> u8 {
    const NUMBERS: u8 = 90;
    let fair = u8::MAX - u8::MAX % NUMBERS;
    loop {
        let [drawn] = bytes(randomness);
        if drawn < fair {
            return 10 + drawn % NUMBERS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::two_digits;
    use crate::identity::device::tests::Chance;
    use std::collections::BTreeMap;

    #[test]
    fn every_number_of_two_digits_is_as_likely_as_any_other() {
        let mut drawn: BTreeMap<u8, u32> = BTreeMap::new();
        // Chance gives each byte in turn; those that would favour some numbers are drawn anew.
        (0..900).for_each(|_| *drawn.entry(two_digits(&Chance)).or_default() += 1);
        assert_eq!((drawn.keys().min(), drawn.keys().max(), drawn.len()), (Some(&10), Some(&99), 90));
        let (least, most) = (drawn.values().min().unwrap(), drawn.values().max().unwrap());
        assert!(most - least <= 2, "{drawn:?}");
    }
}
