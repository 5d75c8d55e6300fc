//! The slope of a simple regression, where there are many of them.

use crate::regression_line::Line;
use crate::student_t_two_sided_p;

/// The least-squares slope of y on x and its t-test, without the rest of what [`ols`](crate::ols) computes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct SlopeTest {
    /// The slope.
    pub slope: f64,
    /// Its standard error.
    pub std_err: f64,
    /// Slope over standard error.
    pub t: f64,
    /// Two-sided p of t, n − 2 degrees of freedom.
    pub p: f64,
}

impl SlopeTest {
    /// The slope through points (x, y); `None` of fewer than three, or of equal x.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::SlopeTest;
    /// let test = SlopeTest::through(&[(1.0, 0.2), (2.0, 0.5), (4.0, 0.6), (5.0, 1.1)]).unwrap();
    /// assert!((test.slope - 0.19).abs() < 1e-12);
    /// assert!(SlopeTest::through(&[(1.0, 0.2), (2.0, 0.5)]).is_none());
    /// ```
    #[must_use]
    pub fn through(points: &[(f64, f64)]) -> Option<Self> {
        if points.len() < 3 {
            return None;
        }
        let df = (points.len() - 2) as f64;
        let Line {
            centre,
            slope,
            spread,
        } = Line::through(points.iter().copied())?;
        // From the residuals: a difference of sums of squares would lose the digits of a good fit.
        let rss: f64 = points
            .iter()
            .map(|(x, y)| (y - centre.1 - slope * (x - centre.0)).powi(2))
            .sum();
        let std_err = (rss / df / spread).sqrt();
        let t = slope / std_err;
        let p = student_t_two_sided_p(t, df);
        Some(Self { slope, std_err, t, p })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_ordinary_least_squares() {
        let points = [(1.0, 0.2), (2.0, 0.5), (4.0, 0.6), (5.0, 1.1)];
        let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let (found, fit) = (
            SlopeTest::through(&points).unwrap(),
            crate::ols(&y, &[&x]).unwrap(),
        );
        // The same sums in another order.
        assert!((found.slope - fit.slope().estimate).abs() < 1e-14);
        assert!((found.t - fit.slope().t).abs() < 1e-12 && (found.p - fit.slope().p).abs() < 1e-12);
    }

    #[test]
    fn equal_x_have_no_slope() {
        assert_eq!(SlopeTest::through(&[(0.1, 2.0), (0.1, 3.0), (0.1, 5.0)]), None);
        assert_eq!(SlopeTest::through(&[]), None);
    }

    #[test]
    fn three_points_are_enough() {
        // Residuals 1/6, −1/3 and 1/6 around the slope 1/2, on one degree of freedom: t = √3, p = 1/3.
        let test = SlopeTest::through(&[(0.0, 0.0), (1.0, 0.0), (2.0, 1.0)]).unwrap();
        assert_eq!(test.slope, 0.5);
        assert!(
            (test.std_err - 1.0 / 12.0_f64.sqrt()).abs() < 1e-15 && (test.t - 3.0_f64.sqrt()).abs() < 1e-14
        );
        assert!((test.p - 1.0 / 3.0).abs() < 1e-14);
        assert_eq!(SlopeTest::through(&[(0.0, 0.0), (1.0, 0.0)]), None);
    }
}
