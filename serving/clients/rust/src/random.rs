//! Random bytes without a dependency: `RandomState` is keyed by the operating system, and `SipHash` under a secret key cannot be
//! foreseen by somebody who sees its output.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// A source of random bytes.
#[derive(Debug)]
pub struct Random {
    state: RandomState,
    drawn: u64,
}

impl Default for Random {
    fn default() -> Self {
        Self { state: RandomState::new(), drawn: 0 }
    }
}

impl Random {
    /// 64 random bits.
    pub fn word(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        let mut hasher = self.state.build_hasher();
        hasher.write_u64(self.drawn);
        hasher.finish()
    }

    /// A key for masking one frame.
    pub fn mask(&mut self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.word().to_be_bytes();
        [a, b, c, d]
    }

    /// A nonce for one handshake.
    pub fn nonce(&mut self) -> [u8; 16] {
        let mut nonce = [0; 16];
        for half in nonce.chunks_exact_mut(8) {
            half.copy_from_slice(&self.word().to_be_bytes());
        }
        nonce
    }

    /// A number from 0 up to but not including 1.
    pub fn fraction(&mut self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // 53 bits fit
        let numerator = (self.word() >> 11) as f64;
        numerator / 9_007_199_254_740_992.0
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn no_two_nonces_are_equal_and_fractions_stay_inside() {
        let (mut one, mut other) = (Random::default(), Random::default());
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1000 {
            assert!(seen.insert(one.nonce()));
            assert!(seen.insert(other.nonce()));
            assert!((0.0..1.0).contains(&one.fraction()));
        }
    }
}
