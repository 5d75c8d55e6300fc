//! NumPy's legacy random generator (`numpy.random.seed`), draw for draw.

/// Words of the generator's state.
const STATE: usize = 624;
/// Offset between the words that the recurrence combines.
const SHIFT: usize = 397;
const MATRIX: u32 = 0x9908_b0df;
const UPPER: u32 = 0x8000_0000;
const LOWER: u32 = 0x7fff_ffff;

/// NumPy's legacy random generator: MT19937 seeded with one 32-bit word.
///
/// It gives the draws of `numpy.random.seed(s)` followed by `rand`, `randn` and `shuffle`. The published analysis uses
/// them for its random baselines and for the split halves of the inter-subject correlation. `NumPy` guarantees that
/// these streams never change. Use this generator only to agree with published numbers; for anything new, use the
/// generators of the `rand` crate.
///
/// ```
/// use lpp_stats::LegacyRandom;
///
/// let mut random = LegacyRandom::seed(1234);
/// let mut order: Vec<usize> = (0..28).collect();
/// random.shuffle(&mut order);
/// assert_eq!(order[..5], [8, 1, 24, 4, 3]);
/// ```
///
/// # References
/// M. Matsumoto and T. Nishimura (1998), "Mersenne twister", <https://doi.org/10.1145/272991.272995>; the polar
/// method: G. Marsaglia and T. A. Bray (1964), <https://doi.org/10.1137/1006063>.
#[derive(Debug, Clone)]
pub struct LegacyRandom {
    state: [u32; STATE],
    next: usize,
    /// The second value of the last polar pair, if it has not been returned yet.
    spare_normal: Option<f64>,
}

impl LegacyRandom {
    /// The generator after `numpy.random.seed(seed)`.
    #[must_use]
    pub fn seed(seed: u32) -> Self {
        let mut state = [seed; STATE];
        let mut previous = seed;
        for (i, word) in (1_u32..).zip(&mut state[1..]) {
            previous = 1_812_433_253_u32
                .wrapping_mul(previous ^ (previous >> 30))
                .wrapping_add(i);
            *word = previous;
        }
        Self {
            state,
            next: STATE,
            spare_normal: None,
        }
    }

    /// The next 32 bits.
    pub fn word(&mut self) -> u32 {
        if self.next == STATE {
            self.twist();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// A number in [0, 1) with 53 random bits, as `numpy.random.rand`.
    pub fn uniform(&mut self) -> f64 {
        let high = f64::from(self.word() >> 5);
        let low = f64::from(self.word() >> 6);
        // 27 high and 26 low bits: (high * 2^26 + low) / 2^53.
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// A standard normal number, as `numpy.random.randn`.
    ///
    /// The polar method makes pairs; the second number is kept for the next call.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        loop {
            let x1 = 2.0 * self.uniform() - 1.0;
            let x2 = 2.0 * self.uniform() - 1.0;
            let r2 = x1 * x1 + x2 * x2;
            if r2 < 1.0 && r2 != 0.0 {
                let f = (-2.0 * r2.ln() / r2).sqrt();
                self.spare_normal = Some(f * x1);
                return f * x2;
            }
        }
    }

    /// A number in 0..=`largest`, by rejection: words are masked to the bits of `largest` and drawn until one is small
    /// enough.
    ///
    /// `bounded(0)` is 0 and draws nothing.
    pub fn bounded(&mut self, largest: u32) -> u32 {
        if largest == 0 {
            return 0;
        }
        let mask = u32::MAX >> largest.leading_zeros();
        loop {
            let value = self.word() & mask;
            if value <= largest {
                return value;
            }
        }
    }

    /// Shuffles `items` in place, as `numpy.random.shuffle` does with an array.
    ///
    /// # Panics
    /// If there are more than 2³² items, for which the legacy stream uses 64-bit draws.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let largest = u32::try_from(i).expect("at most 2^32 items are shuffled");
            items.swap(i, self.bounded(largest) as usize);
        }
    }

    fn twist(&mut self) {
        for i in 0..STATE {
            let y = (self.state[i] & UPPER) | (self.state[(i + 1) % STATE] & LOWER);
            let odd = if y & 1 == 1 { MATRIX } else { 0 };
            self.state[i] = self.state[(i + SHIFT) % STATE] ^ (y >> 1) ^ odd;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_seed_1234_are_those_of_numpy() {
        // numpy.random.seed(1234); numpy.random.randint(0, 2**32, 5, dtype=numpy.uint32) uses raw words.
        let mut random = LegacyRandom::seed(1234);
        let words: Vec<u32> = (0..5).map(|_| random.word()).collect();
        assert_eq!(
            words,
            [
                822_569_775,
                2_137_449_171,
                2_671_936_806,
                3_512_589_365,
                1_880_026_316
            ]
        );
    }

    #[test]
    fn ten_thousandth_word_of_the_reference_implementation() {
        // The C++ standard fixes the 10000th output of mt19937 with its default seed 5489 (26.5.5).
        let mut random = LegacyRandom::seed(5489);
        let last = (0..10_000).map(|_| random.word()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    #[test]
    fn second_shuffle_of_seed_1234_continues_the_stream() {
        let mut random = LegacyRandom::seed(1234);
        let mut shuffled = || {
            let mut order: Vec<usize> = (0..28).collect();
            random.shuffle(&mut order);
            order
        };
        // Table of successive shuffles made with NumPy 1.26.4.
        let first = [
            8, 1, 24, 4, 3, 7, 18, 10, 14, 13, 2, 25, 26, 0, 5, 22, 16, 23, 11, 9, 17, 27, 20, 12, 21, 6, 19,
            15,
        ];
        let second = [
            9, 24, 6, 15, 13, 5, 8, 0, 4, 26, 21, 18, 10, 22, 7, 25, 14, 17, 20, 23, 27, 1, 12, 19, 2, 3, 16,
            11,
        ];
        assert_eq!(shuffled(), first);
        assert_eq!(shuffled(), second);
    }

    #[test]
    fn uniform_and_normal_draws_are_those_of_numpy() {
        // numpy.random.seed(1); rand(3) and numpy.random.seed(1); randn(3), NumPy 1.26.4, as repr prints them.
        let mut random = LegacyRandom::seed(1);
        assert_eq!(
            [(); 3].map(|()| random.uniform()),
            [
                0.417_022_004_702_574,
                0.720_324_493_442_158_1,
                0.000_114_374_817_344_886_64
            ]
        );
        let mut random = LegacyRandom::seed(1);
        let expected = [
            1.624_345_363_663_241_7,
            -0.611_756_413_650_075_4,
            -0.528_171_752_263_455_7,
        ];
        for value in expected {
            // Both use the platform's logarithm; allow its last bits to differ between C libraries.
            assert!((random.normal() / value - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn one_item_or_none_draws_nothing() {
        let mut random = LegacyRandom::seed(7);
        random.shuffle(&mut [0; 1]);
        random.shuffle::<u8>(&mut []);
        assert_eq!(random.word(), LegacyRandom::seed(7).word());
    }

    #[test]
    fn bounded_values_stay_within_their_bound() {
        let mut random = LegacyRandom::seed(3);
        for largest in [1, 2, 3, 4, 7, 8, 100, u32::MAX] {
            assert!((0..200).all(|_| random.bounded(largest) <= largest));
        }
        assert_eq!(random.bounded(0), 0);
    }
}
