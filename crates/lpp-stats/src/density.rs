//! Gaussian kernel density of a sample.

use crate::StatsError;
use crate::checks::check_finite;
use crate::regression_line::linspace;

/// Points of the curve, as in seaborn's `kdeplot`.
const GRID_POINTS: usize = 200;

/// A density curve over the range of its sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// 200 values from the smallest to the largest observation.
    pub x: Vec<f64>,
    /// The density there, in units of 1/x.
    pub density: Vec<f64>,
    /// Standard deviation of the kernel.
    pub bandwidth: f64,
}

impl Density {
    /// Estimates the density of `sample`.
    ///
    /// The bandwidth is Scott's, std·n^(−1/5) with the sample standard deviation; the curve is
    /// cut at the extremes, so it integrates to a little less than one.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] with fewer than two values, [`StatsError::NotFinite`], and
    /// [`StatsError::NotPositive`] if all values are equal (no bandwidth).
    ///
    /// # Example
    /// ```
    /// let curve = lpp_stats::Density::estimate(&[0.1, 0.2, 0.25, 0.3, 0.9])?;
    /// assert_eq!((curve.x[0], curve.x[199]), (0.1, 0.9));
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// D. W. Scott (1992), Multivariate Density Estimation, chapter 6;
    /// `seaborn.kdeplot(cut=0)`, seaborn 0.13.2.
    pub fn estimate(sample: &[f64]) -> Result<Self, StatsError> {
        if sample.len() < 2 {
            return Err(StatsError::TooFew {
                statistic: "a density",
                needed: 2,
                found: sample.len(),
            });
        }
        check_finite("a value", sample)?;
        let bandwidth = scott_bandwidth(sample);
        let low = sample.iter().copied().fold(f64::INFINITY, f64::min);
        let high = sample.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if low >= high || bandwidth <= 0.0 {
            return Err(StatsError::NotPositive {
                what: "the spread of the sample",
                index: 0,
                found: bandwidth,
            });
        }
        let x = linspace(low, high, GRID_POINTS);
        let norm = sample.len() as f64 * bandwidth * std::f64::consts::TAU.sqrt();
        let kernel = |distance: f64| (-0.5 * (distance / bandwidth).powi(2)).exp();
        let density = x
            .iter()
            .map(|x| sample.iter().map(|v| kernel(x - v)).sum::<f64>() / norm)
            .collect();
        Ok(Self {
            x,
            density,
            bandwidth,
        })
    }
}

fn scott_bandwidth(sample: &[f64]) -> f64 {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    let variance = sample.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    variance.sqrt() * n.powf(-0.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symmetric_sample_has_a_symmetric_curve() {
        let curve = Density::estimate(&[-2.0, -1.0, 0.0, 1.0, 2.0]).unwrap();
        for i in 0..GRID_POINTS {
            // The grid is symmetric up to rounding.
            assert!((curve.density[i] - curve.density[GRID_POINTS - 1 - i]).abs() < 1e-14);
        }
    }

    #[test]
    fn samples_without_spread_are_errors() {
        assert!(matches!(
            Density::estimate(&[0.1; 5]),
            Err(StatsError::NotPositive { .. })
        ));
        // Squares of deviations this small are 0.
        assert!(matches!(
            Density::estimate(&[0.0, 1e-200]),
            Err(StatsError::NotPositive { .. })
        ));
        assert!(matches!(
            Density::estimate(&[1.0]),
            Err(StatsError::TooFew { .. })
        ));
        assert!(matches!(
            Density::estimate(&[1.0, f64::NAN]),
            Err(StatsError::NotFinite { .. })
        ));
    }

    #[test]
    fn two_values_have_two_kernels() {
        let curve = Density::estimate(&[0.0, 2.0]).unwrap();
        // The standard deviation √2 times 2^(−1/5); at an end one kernel is in its middle and the other two units away.
        let h = 2.0_f64.powf(0.3);
        assert!((curve.bandwidth - h).abs() < 1e-15);
        let kernel =
            |distance: f64| (-0.5 * (distance / h).powi(2)).exp() / (h * std::f64::consts::TAU.sqrt());
        assert!((curve.density[0] - 0.5 * (kernel(0.0) + kernel(2.0))).abs() < 1e-15);
    }
}
