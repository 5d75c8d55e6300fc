//! A sum whose result does not depend on the order of its terms.

/// Adds numbers such that the result does not depend on their order.
///
/// Each term is rounded once to a multiple of a power of two, and the integers are added, which is associative. So
/// neither the order of the targets, nor the blocks, nor the threads can change a mean or the chosen penalty. A term of
/// magnitude at most 2^16 is rounded to a multiple of 2^-80, far below its rounding in `f64`; this covers every
/// correlation and nearly every R². A larger term, an R² of a prediction that is far off, goes into a separate sum
/// without any rounding, because its last bit is worth at least 2^-36. There the largest term is 2^64. A larger one
/// counts as 2^64, which does not matter for a choice between penalties. 2^26 terms of the largest size fit, and 2^47
/// correlations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ExactSum {
    /// Terms of magnitude at most [`FINE`], in units of 1 / [`FINE_SCALE`].
    fine: i128,
    /// The others, in units of 1 / [`COARSE_SCALE`].
    coarse: i128,
}

const FINE: f64 = 65_536.0; // 2^16
const FINE_SCALE: f64 = (1_u128 << 80) as f64;
const LARGEST: f64 = (1_u128 << 64) as f64;
const COARSE_SCALE: f64 = (1_u128 << 36) as f64;

impl ExactSum {
    /// Adds one number; NaN adds nothing.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a scaled term takes at most 101 of 127 bits; its fraction below the unit is meant to go"
    )]
    pub(crate) fn add(&mut self, term: f64) {
        if term.abs() <= FINE {
            self.fine += (term * FINE_SCALE) as i128;
        } else {
            self.coarse += (term.clamp(-LARGEST, LARGEST) * COARSE_SCALE) as i128;
        }
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: Self) {
        self.fine += other.fine;
        self.coarse += other.coarse;
    }

    /// The sum, rounded to `f64`.
    pub(crate) fn value(self) -> f64 {
        self.fine as f64 / FINE_SCALE + self.coarse as f64 / COARSE_SCALE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same terms in two orders and from two partial sums.
    fn forward_and_shuffled(terms: &[f64]) -> (ExactSum, ExactSum) {
        let mut forward = ExactSum::default();
        for &term in terms {
            forward.add(term);
        }
        let (mut a, mut b) = (ExactSum::default(), ExactSum::default());
        terms
            .iter()
            .rev()
            .enumerate()
            .for_each(|(i, &t)| if i % 3 == 0 { a.add(t) } else { b.add(t) });
        a.merge(b);
        (forward, a)
    }

    #[test]
    fn any_order_gives_the_same_bits() {
        let terms: Vec<f64> = (1..2000).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let (forward, shuffled) = forward_and_shuffled(&terms);
        assert_eq!(forward, shuffled);
        assert!((forward.value() - terms.iter().sum::<f64>()).abs() < 1e-12); // the plain sum rounds 2000 times
    }

    #[test]
    fn very_negative_terms_neither_overflow_nor_depend_on_their_order() {
        let terms: Vec<f64> = (1..2000)
            .map(|i| 1.0 - 10_f64.powf(f64::from(i) * 0.009 + f64::from(i).sin()))
            .collect();
        let (forward, shuffled) = forward_and_shuffled(&terms);
        assert_eq!(forward, shuffled);
        // 2000 roundings of the plain sum
        assert!((forward.value() / terms.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let (huge, _) = forward_and_shuffled(&[-1e300, f64::NEG_INFINITY, f64::NAN, 0.25]);
        assert!((huge.value() / (-2.0 * LARGEST) - 1.0).abs() < 1e-15); // 0.25 is below the last bit of the sum
    }

    #[test]
    fn a_small_term_beside_a_large_one_is_kept() {
        let (sum, _) = forward_and_shuffled(&[-1e9, 0.5, 1e9, -0.125]);
        assert_eq!(sum.value().to_bits(), 0.375_f64.to_bits());
    }
}
