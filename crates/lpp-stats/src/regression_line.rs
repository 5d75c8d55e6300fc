//! The straight line through a scatter plot and its bootstrap band.

use rand::Rng;

use crate::checks::check_finite;
use crate::{StatsError, percentiles};

/// Points of a line, as in seaborn's `regplot`.
const GRID_POINTS: usize = 100;

/// The scale of x in the fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineScale {
    /// y on x.
    Linear,
    /// y on the natural logarithm of x.
    LogX,
}

impl LineScale {
    fn apply(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::LogX => x.ln(),
        }
    }
}

/// A fitted line on a grid that is linear in x.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionLine {
    /// 100 values from the smallest to the largest x.
    pub x: Vec<f64>,
    /// The line at those values.
    pub y: Vec<f64>,
    scale: LineScale,
}

/// The pointwise 95 % band of a regression line, on the line's grid.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionBand {
    /// The 2.5th percentile of the resampled lines at each grid point.
    pub low: Vec<f64>,
    /// The 97.5th percentile.
    pub high: Vec<f64>,
}

impl RegressionLine {
    /// Fits a line through the points (`x`, `y`).
    ///
    /// With [`LineScale::LogX`], y is regressed on ln x and the line is evaluated at the logarithm of the grid. It is
    /// curved on a linear axis and straight on a logarithmic one.
    ///
    /// # Errors
    /// [`StatsError::LengthMismatch`], [`StatsError::NotFinite`], [`StatsError::NotPositive`]
    /// for a logarithm, [`StatsError::TooFew`] with fewer than two points and
    /// [`StatsError::RankDeficient`] if all x are equal.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::{LineScale, RegressionLine};
    /// let line = RegressionLine::fit(&[1e8, 1e9, 1e10], &[0.1, 0.2, 0.3], LineScale::LogX)?;
    /// assert_eq!(line.x.len(), 100);
    /// assert!((line.y[99] - 0.3).abs() < 1e-12);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// `seaborn.regplot(logx=True)`, seaborn 0.13.2.
    pub fn fit(x: &[f64], y: &[f64], scale: LineScale) -> Result<Self, StatsError> {
        check_points(x, y, scale)?;
        let scaled: Vec<f64> = x.iter().map(|&x| scale.apply(x)).collect();
        let line = Line::through(scaled.iter().copied().zip(y.iter().copied())).ok_or(
            StatsError::RankDeficient {
                rank: 1,
                n_columns: 2,
            },
        )?;
        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let grid = linspace(low, high, GRID_POINTS);
        let y = grid.iter().map(|&x| line.at(scale.apply(x))).collect();
        Ok(Self { x: grid, y, scale })
    }

    /// The band of lines through `n_resamples` bootstrap samples of the same points.
    ///
    /// Points are drawn with replacement; a draw whose x are all equal has no line and is left out. `None` if there are
    /// fewer than three points, because their resamples do not estimate the spread, or if no draw has a line. The same
    /// generator state gives the same band.
    ///
    /// # Errors
    /// As [`RegressionLine::fit`].
    ///
    /// # References
    /// B. Efron (1979), <https://doi.org/10.1214/aos/1176344552>. The reference figures take
    /// 1000 resamples from an unseeded generator, so they can only be reproduced in distribution.
    pub fn bootstrap_band(
        &self,
        x: &[f64],
        y: &[f64],
        n_resamples: usize,
        rng: &mut impl Rng,
    ) -> Result<Option<RegressionBand>, StatsError> {
        check_points(x, y, self.scale)?;
        if x.len() < 3 {
            return Ok(None);
        }
        let points: Vec<(f64, f64)> = x
            .iter()
            .map(|&x| self.scale.apply(x))
            .zip(y.iter().copied())
            .collect();
        let lines: Vec<Line> = (0..n_resamples)
            .filter_map(|_| {
                let draw: Vec<_> = points
                    .iter()
                    .map(|_| points[rng.random_range(0..points.len())])
                    .collect();
                Line::through(draw.into_iter())
            })
            .collect();
        if lines.is_empty() {
            return Ok(None);
        }
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for &x in &self.x {
            let heights: Vec<f64> = lines.iter().map(|line| line.at(self.scale.apply(x))).collect();
            let ends = percentiles(&heights, &[2.5, 97.5])?;
            low.push(ends[0]);
            high.push(ends[1]);
        }
        Ok(Some(RegressionBand { low, high }))
    }
}

fn check_points(x: &[f64], y: &[f64], scale: LineScale) -> Result<(), StatsError> {
    if x.len() != y.len() {
        return Err(StatsError::LengthMismatch {
            left_name: "x",
            left: x.len(),
            right_name: "y",
            right: y.len(),
        });
    }
    if x.len() < 2 {
        return Err(StatsError::TooFew {
            statistic: "a regression line",
            needed: 2,
            found: x.len(),
        });
    }
    check_finite("x", x)?;
    check_finite("y", y)?;
    match x.iter().position(|&x| scale == LineScale::LogX && x <= 0.0) {
        Some(index) => Err(StatsError::NotPositive {
            what: "x",
            index,
            found: x[index],
        }),
        None => Ok(()),
    }
}

/// `n` ≥ 2 evenly spaced values, both ends included; the last is `high` itself.
pub(crate) fn linspace(low: f64, high: f64, n: usize) -> Vec<f64> {
    let step = (high - low) / (n - 1) as f64;
    (0..n)
        .map(|i| if i == n - 1 { high } else { low + i as f64 * step })
        .collect()
}

/// The least-squares slope; NaN if the points have only one x.
pub(crate) fn slope_through(points: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    Line::through(points).map_or(f64::NAN, |line| line.slope)
}

/// Intercept and slope of the least-squares line; `None` if the points have only one x.
pub(crate) fn line_through(points: impl Iterator<Item = (f64, f64)> + Clone) -> Option<(f64, f64)> {
    Line::through(points).map(|line| (line.at(0.0), line.slope))
}

/// A straight line through the centre of its points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) centre: (f64, f64),
    pub(crate) slope: f64,
    /// Sum of squared distances of x from its centre.
    pub(crate) spread: f64,
}

impl Line {
    /// The least-squares line; `None` if the points have only one x.
    pub(crate) fn through(points: impl Iterator<Item = (f64, f64)> + Clone) -> Option<Self> {
        let (n, sum_x, sum_y) = points
            .clone()
            .fold((0.0, 0.0, 0.0), |(n, a, b), (x, y)| (n + 1.0, a + x, b + y));
        let centre = (sum_x / n, sum_y / n);
        let (mut xx, mut xy, mut largest) = (0.0, 0.0, 0.0_f64);
        for (x, y) in points {
            xx += (x - centre.0).powi(2);
            xy += (x - centre.0) * (y - centre.1);
            largest = largest.max(x.abs());
        }
        // Equal x leave the rounding of their mean, a few ulp each.
        let residue = n * (4.0 * f64::EPSILON * largest).powi(2);
        (xx > residue).then(|| Self {
            centre,
            slope: xy / xx,
            spread: xx,
        })
    }

    fn at(self, x: f64) -> f64 {
        self.centre.1 + self.slope * (x - self.centre.0)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn points_on_a_line_have_a_band_without_width() {
        let x = [1.0, 2.0, 4.0, 5.0];
        let y = x.map(|x| 3.0 - 0.5 * x);
        let line = RegressionLine::fit(&x, &y, LineScale::Linear).unwrap();
        let band = line
            .bootstrap_band(&x, &y, 50, &mut ChaCha8Rng::seed_from_u64(1))
            .unwrap()
            .unwrap();
        for i in 0..line.x.len() {
            // A few roundings of values near 3.
            assert!((band.low[i] - line.y[i]).abs() < 1e-14 && (band.high[i] - line.y[i]).abs() < 1e-14);
        }
    }

    #[test]
    fn the_seed_decides_the_band() {
        let x: Vec<f64> = (1..9).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| x.sin()).collect();
        let line = RegressionLine::fit(&x, &y, LineScale::LogX).unwrap();
        let band = |seed| {
            line.bootstrap_band(&x, &y, 100, &mut ChaCha8Rng::seed_from_u64(seed))
                .unwrap()
        };
        assert_eq!(band(5), band(5));
        assert_ne!(band(5), band(6));
    }

    #[test]
    fn two_points_have_a_line_and_no_band() {
        let line = RegressionLine::fit(&[1.0, 2.0], &[0.0, 1.0], LineScale::LogX).unwrap();
        let band = line.bootstrap_band(&[1.0, 2.0], &[0.0, 1.0], 10, &mut ChaCha8Rng::seed_from_u64(0));
        assert_eq!(band, Ok(None));
    }

    #[test]
    fn hopeless_points_are_errors() {
        let fit = |x: &[f64], y: &[f64]| RegressionLine::fit(x, y, LineScale::LogX);
        assert!(matches!(
            fit(&[0.1; 3], &[1.0, 2.0, 3.0]),
            Err(StatsError::RankDeficient { .. })
        ));
        assert!(matches!(
            fit(&[1.0, 0.0], &[1.0, 2.0]),
            Err(StatsError::NotPositive { index: 1, .. })
        ));
        assert!(matches!(fit(&[1.0], &[1.0]), Err(StatsError::TooFew { .. })));
        assert!(matches!(
            fit(&[1.0, 2.0], &[1.0]),
            Err(StatsError::LengthMismatch { .. })
        ));
        assert!(matches!(
            fit(&[1.0, 2.0], &[f64::NAN, 1.0]),
            Err(StatsError::NotFinite { .. })
        ));
    }

    #[test]
    fn the_unit_of_x_decides_nothing() {
        let (x, y) = ([1.0, 2.0, 4.0, 7.0], [0.5, 1.0, 0.0, 3.0]);
        let slope = |unit: f64| slope_through(x.map(|x| unit * x).into_iter().zip(y));
        for unit in [1e-12, 1e12] {
            // A few roundings of the products.
            assert!((unit * slope(unit) / slope(1.0) - 1.0).abs() < 1e-14);
            // The mean of equal numbers may be off by a rounding; that is no spread.
            for n in [3, 6, 7, 11] {
                let equal = vec![0.7 * unit; n];
                assert!(slope_through(equal.into_iter().zip((0..n).map(|i| i as f64))).is_nan());
            }
        }
    }

    #[test]
    fn three_points_have_a_band() {
        let (x, y) = ([1.0, 2.0, 3.0], [0.0, 1.0, 0.0]);
        let line = RegressionLine::fit(&x, &y, LineScale::Linear).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let band = line.bootstrap_band(&x, &y, 200, &mut rng).unwrap().unwrap();
        for (i, x) in line.x.iter().enumerate() {
            assert!(band.low[i] < line.y[i] && line.y[i] < band.high[i], "{x}");
        }
        assert_eq!(line.bootstrap_band(&x, &y, 0, &mut rng), Ok(None));
    }
}
