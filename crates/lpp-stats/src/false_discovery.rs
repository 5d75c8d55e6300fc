//! Control of the false discovery rate over many tests.

use crate::StatsError;

/// How the tests of a family depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FalseDiscovery {
    /// Independent or positively dependent tests, for example the voxels of a smooth map.
    ///
    /// Y. Benjamini and Y. Hochberg (1995), <https://doi.org/10.1111/j.2517-6161.1995.tb02031.x>.
    BenjaminiHochberg,
    /// Any dependence, at the cost of a factor of about ln m for m tests.
    ///
    /// Y. Benjamini and D. Yekutieli (2001), <https://doi.org/10.1214/aos/1013699998>.
    BenjaminiYekutieli,
}

impl FalseDiscovery {
    /// Adjusts p-values: those at or below q after adjustment are the discoveries at rate q.
    ///
    /// The result is in the order of `p`. NaN marks a test that was not done; it stays NaN and is not counted as a
    /// test.
    ///
    /// # Errors
    /// [`StatsError::PValueOutOfRange`] for a value outside 0..=1.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::FalseDiscovery::BenjaminiHochberg;
    /// let adjusted = BenjaminiHochberg.adjust(&[0.01, f64::NAN, 0.04, 0.03])?;
    /// assert_eq!(adjusted[0], 0.03);
    /// assert_eq!(adjusted[2..], [0.04, 0.04]);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// `scipy.stats.false_discovery_control`, SciPy 1.13.
    pub fn adjust(self, p: &[f64]) -> Result<Vec<f64>, StatsError> {
        let outside = |&p: &f64| !p.is_nan() && !(0.0..=1.0).contains(&p);
        if let Some(index) = p.iter().position(outside) {
            return Err(StatsError::PValueOutOfRange {
                index,
                found: p[index],
            });
        }
        let mut order: Vec<usize> = (0..p.len()).filter(|&i| !p[i].is_nan()).collect();
        order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
        let factor = self.factor(order.len());
        let mut adjusted = vec![f64::NAN; p.len()];
        let mut smallest = 1.0_f64;
        // From the largest p down: no test may look better than one with a smaller p.
        for (rank, &index) in order.iter().enumerate().rev() {
            smallest = smallest.min(p[index] * (order.len() as f64 / (rank + 1) as f64) * factor);
            adjusted[index] = smallest;
        }
        Ok(adjusted)
    }

    /// The factor for dependence among `n_tests`.
    fn factor(self, n_tests: usize) -> f64 {
        match self {
            Self::BenjaminiHochberg => 1.0,
            Self::BenjaminiYekutieli => (1..=n_tests).map(|i| 1.0 / i as f64).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FalseDiscovery::{BenjaminiHochberg, BenjaminiYekutieli};
    use super::*;

    #[test]
    fn one_test_needs_no_adjustment() {
        assert_eq!(BenjaminiHochberg.adjust(&[0.2]), Ok(vec![0.2]));
        assert_eq!(BenjaminiYekutieli.adjust(&[0.2]), Ok(vec![0.2]));
        assert_eq!(BenjaminiHochberg.adjust(&[]), Ok(vec![]));
    }

    #[test]
    fn adjustment_keeps_the_order_and_never_helps() {
        let p: Vec<f64> = (0..50).map(|i| (f64::from(i * 37 % 50) / 50.0).powi(2)).collect();
        for method in [BenjaminiHochberg, BenjaminiYekutieli] {
            let adjusted = method.adjust(&p).unwrap();
            for i in 0..p.len() {
                assert!(adjusted[i] >= p[i] && adjusted[i] <= 1.0);
                assert!((0..p.len()).all(|j| p[j] < p[i] || adjusted[j] >= adjusted[i]));
            }
        }
    }

    #[test]
    fn what_is_no_probability_is_an_error() {
        assert_eq!(
            BenjaminiHochberg.adjust(&[0.5, 1.5]),
            Err(StatsError::PValueOutOfRange { index: 1, found: 1.5 })
        );
    }
}
