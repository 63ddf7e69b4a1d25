//! The world's only source of randomness: a seeded generator that is saved with it.

use serde::{Deserialize, Serialize};

/// SplitMix64: its whole state is one number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rng(u64);

const LETTERS_AND_DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which must not be zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// `true` with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        // 53 bits, the precision of a double.
        ((self.next() >> 11) as f64) / ((1_u64 << 53) as f64) < probability
    }

    /// An id of lower-case letters and digits.
    pub fn id(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(LETTERS_AND_DIGITS[self.below(36) as usize])).collect()
    }

    /// Eight hexadecimal digits.
    pub fn hex(&mut self) -> String {
        format!("{:08x}", self.next() >> 32)
    }
}
