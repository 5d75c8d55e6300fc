//! Independent streams of random numbers from one seed.

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// The random stream of `seed` for `purpose`.
///
/// Streams of different purposes are independent, so that a change in one part of a simulation does not change the
/// others.
pub(crate) fn stream(seed: u64, purpose: &str) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(fnv1a(purpose));
    rng
}

/// A matrix of independent normal numbers.
pub(crate) fn normal_matrix(rng: &mut ChaCha8Rng, shape: (usize, usize), std: f32) -> Array2<f32> {
    Array2::from_shape_simple_fn(shape, || std * normal(rng))
}

/// One standard normal number.
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f32 {
    StandardNormal.sample(rng)
}

/// The 64-bit FNV-1a hash: short, and the same on every machine (constants: G. Fowler, L. C. Noll, K.-P. Vo).
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_has_the_published_value() {
        // The hash of "a" in the authors' test vectors.
        assert_eq!(fnv1a("a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, purpose: &str| normal(&mut stream(seed, purpose)).to_bits();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
    }
}
