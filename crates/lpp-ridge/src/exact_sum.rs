//! A sum whose result does not depend on the order of its terms.

/// Adds numbers of magnitude at most 1 exactly enough to be order-free.
///
/// Each term is rounded once to a multiple of 2^-80 and the integers are added, which is associative: neither the
/// order of the targets, nor the blocks, nor the threads can change a mean, so they cannot change the chosen
/// penalty. The rounding is far below that of a term in `f64`. 2^47 terms fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ExactSum(i128);

const SCALE: f64 = (1_u128 << 80) as f64;

impl ExactSum {
    /// Adds one finite number of magnitude at most 1.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a term of magnitude 1 takes 81 of 127 bits"
    )]
    pub(crate) fn add(&mut self, term: f64) {
        self.0 += (term * SCALE) as i128;
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: Self) {
        self.0 += other.0;
    }

    /// The sum, rounded to `f64`.
    pub(crate) fn value(self) -> f64 {
        self.0 as f64 / SCALE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_gives_the_same_bits() {
        let terms: Vec<f64> = (1..2000).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let mut forward = ExactSum::default();
        for &term in &terms {
            forward.add(term);
        }
        let (mut a, mut b) = (ExactSum::default(), ExactSum::default());
        terms
            .iter()
            .rev()
            .enumerate()
            .for_each(|(i, &t)| if i % 3 == 0 { a.add(t) } else { b.add(t) });
        a.merge(b);
        assert_eq!(forward, a);
        assert!((forward.value() - terms.iter().sum::<f64>()).abs() < 1e-12); // the plain sum rounds 2000 times
    }
}
