//! Dropout of untrained models, which the reference leaves switched on.
//!
//! The masks of the reference cannot be had again: libtorch's Bernoulli stream changed between versions. What
//! counts is that each element is dropped independently with probability p, that every window gets its own
//! masks, and that a run can be repeated. So each mask comes from its own stream, keyed by seed, window, block
//! and site.

use tch::Tensor;

use crate::error::LlmError;

/// Odd constant near 2^64 divided by the golden ratio, the step of `SplitMix64`.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The places in a model where dropout acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    /// Sum of token and position embedding.
    Embedding = 1,
    /// Attention probabilities.
    Attention = 2,
    /// Output of the attention, before the residual sum.
    AttentionOutput = 3,
    /// Output of the feed-forward part, before the residual sum.
    FeedForwardOutput = 4,
}

/// The dropout of one block in one window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dropout {
    /// Seed of the model.
    pub(crate) seed: u64,
    /// Key of the window, unique in an extraction.
    pub(crate) window: u64,
    /// Index of the block.
    pub(crate) block: u64,
}

impl Dropout {
    /// The stream of one site.
    pub(crate) fn stream(self, site: Site) -> MaskStream {
        let key = [self.seed, self.window, self.block, site as u64]
            .into_iter()
            .fold(0, |state, word| mix(state ^ mix(word.wrapping_add(GOLDEN))));
        MaskStream { state: key }
    }

    /// Zeroes elements of `x` with probability `p` and scales the others by 1/(1-p).
    pub(crate) fn apply(self, x: Tensor, site: Site, p: f64) -> Result<Tensor, LlmError> {
        if p == 0.0 {
            return Ok(x);
        }
        self.stream(site).apply(&x, p)
    }
}

/// A stream of independent decisions.
///
/// The generator is `SplitMix64` (Steele, Lea and Flood 2014, <https://doi.org/10.1145/2714064.2660195>); each of its
/// numbers is used for two decisions.
#[derive(Debug, Clone)]
pub(crate) struct MaskStream {
    state: u64,
}

impl MaskStream {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Multiplies the elements of `x` by 0 with probability `p` (rounded to a multiple of 2^-32), by 1/(1-p) else.
    ///
    /// A product with factors is vectorised by libtorch; a fill under a mask is not.
    pub(crate) fn apply(&mut self, x: &Tensor, p: f64) -> Result<Tensor, LlmError> {
        let mut factors = vec![0.0; x.numel()];
        self.fill(&mut factors, p);
        let factors = Tensor::f_from_slice(&factors)?.f_view_as(x)?;
        Ok(x.f_mul(&factors.f_to_kind(x.f_kind()?)?.f_to_device(x.device())?)?)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "p is below one, so the threshold fits 32 bits; the halves of the drawn word are meant"
    )]
    fn fill(&mut self, factors: &mut [f32], p: f64) {
        let threshold = (p * f64::from(u32::MAX)).round() as u32;
        let kept = (1.0 / (1.0 - p)) as f32;
        for pair in factors.chunks_mut(2) {
            let word = self.next();
            for (factor, half) in pair.iter_mut().zip([word as u32, (word >> 32) as u32]) {
                *factor = if half < threshold { 0.0 } else { kept };
            }
        }
    }
}

/// The output function of `SplitMix64`.
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_dropped(dropout: Dropout, site: Site) -> Vec<bool> {
        let mut factors = vec![0.0; 100_001];
        dropout.stream(site).fill(&mut factors, 0.1);
        factors.into_iter().map(|factor| factor == 0.0).collect()
    }

    #[test]
    fn the_share_of_dropped_elements_is_p() {
        let base = Dropout {
            seed: 1,
            window: 0,
            block: 0,
        };
        for window in 0..5 {
            let decisions = is_dropped(Dropout { window, ..base }, Site::Attention);
            let rate = decisions.iter().filter(|&&d| d).count() as f64 / decisions.len() as f64;
            // Five standard deviations of a share of 100,001 draws at p = 0.1.
            assert!((rate - 0.1).abs() < 5.0 * (0.09_f64 / 1e5).sqrt(), "{rate}");
        }
    }

    #[test]
    fn each_key_has_its_own_mask() {
        let base = Dropout {
            seed: 1,
            window: 0,
            block: 0,
        };
        let first = is_dropped(base, Site::Attention);
        assert_eq!(first, is_dropped(base, Site::Attention));
        for other in [
            is_dropped(Dropout { seed: 2, ..base }, Site::Attention),
            is_dropped(Dropout { window: 1, ..base }, Site::Attention),
            is_dropped(Dropout { block: 1, ..base }, Site::Attention),
            is_dropped(base, Site::AttentionOutput),
        ] {
            let both = first.iter().zip(&other).filter(|&(&a, &b)| a && b).count() as f64;
            // Independent masks coincide in 1 % of the elements; five standard deviations.
            assert!((both / 100_001.0 - 0.01).abs() < 5.0 * (0.0099_f64 / 1e5).sqrt());
        }
    }
}
