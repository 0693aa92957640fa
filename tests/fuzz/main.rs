//! A short run of the fuzz targets without libFuzzer: every seed, then what chance makes of the seeds. `make fuzz` is the long one.
//!
//! `COUPLET_SEED` repeats a run.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unforeseen must fail"
)]

#[path = "../../fuzz/targets/mod.rs"]
mod targets;

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use couplet::app::SystemRandomness;
use couplet::model::random::bytes;

/// How many inputs a target gets, unless it takes longer than [`PATIENCE`].
const INPUTS: usize = 10_000;
const PATIENCE: Duration = Duration::from_millis(500);

/// Words that parsers know.
const WORDS: [&[u8]; 16] = [
    b"%00",
    b"%2",
    b"\0",
    b"\xff",
    b"&",
    b"=",
    b"://",
    b"@",
    b"#",
    b"*",
    b"..",
    b" ",
    b"\n",
    b"\"",
    b"127.0.0.1",
    b"none",
];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Numbers that look like chance (xorshift, G. Marsaglia 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % bound.max(1)
    }

    /// One of the seeds, changed in a few places.
    fn change(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            match self.below(6) {
                0 => input.truncate(at),
                1 => input.insert(at, u8::try_from(self.below(256)).unwrap()),
                2 => drop(input.splice(at..at, WORDS[self.below(WORDS.len())].iter().copied())),
                3 if at < input.len() => drop(input.remove(at)),
                4 if at < input.len() => input[at] ^= 1 << self.below(8),
                _ => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len() + 1);
                    input.splice(at.., other[from..].iter().copied());
                }
            }
        }
        input
    }
}

#[test]
fn every_parser_keeps_its_promises_whatever_it_reads() {
    let given = std::env::var("COUPLET_SEED").ok().map(|text| text.parse().unwrap());
    let seed: u64 = given.unwrap_or_else(|| u64::from_be_bytes(bytes(&SystemRandomness)));
    let mut chance = Chance(seed | 1);
    for (name, run) in targets::ALL {
        let seeds = seeds(name);
        let started = Instant::now();
        for number in 0..seeds.len() + INPUTS {
            if number >= seeds.len() && started.elapsed() > PATIENCE {
                break;
            }
            let input = seeds.get(number).cloned().unwrap_or_else(|| chance.change(&seeds));
            if catch_unwind(|| run(&input)).is_err() {
                panic!("{name} on {:?}; COUPLET_SEED={seed} repeats it", String::from_utf8_lossy(&input));
            }
        }
    }
}

#[test]
fn the_seeds_of_tokens_are_tokens_that_we_made() {
    let seeds: BTreeSet<Vec<u8>> = seeds("tokens").into_iter().collect();
    let missing: Vec<String> =
        targets::tokens::made().into_iter().filter(|token| !seeds.contains(token.as_bytes())).collect();
    assert!(missing.is_empty(), "put these into fuzz/seeds/tokens, each in a file: {missing:#?}");
}
