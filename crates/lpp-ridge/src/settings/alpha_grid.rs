//! The grid of penalties.

use crate::RidgeError;

/// A checked list of penalties: not empty, each one positive and finite.
///
/// The order is kept: on ties, the first penalty is chosen.
///
/// ```
/// use lpp_ridge::AlphaGrid;
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// let grid = AlphaGrid::logspace(2.0, 7.0, 16)?;
/// assert_eq!(grid, AlphaGrid::default());
/// assert_eq!(grid.values().len(), 16);
/// assert!(AlphaGrid::new([1.0, -1.0]).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AlphaGrid(Vec<f64>);

impl AlphaGrid {
    /// Checks a list of penalties.
    ///
    /// # Errors
    /// [`RidgeError::NoAlphas`] if it is empty, [`RidgeError::BadAlpha`] for the first value that is not positive
    /// and finite.
    pub fn new(alphas: impl Into<Vec<f64>>) -> Result<Self, RidgeError> {
        let alphas = alphas.into();
        if alphas.is_empty() {
            return Err(RidgeError::NoAlphas);
        }
        match alphas.iter().position(|a| !(a.is_finite() && *a > 0.0)) {
            Some(index) => Err(RidgeError::BadAlpha {
                index,
                value: alphas[index],
            }),
            None => Ok(Self(alphas)),
        }
    }

    /// `count` penalties from 10^`first` to 10^`last`, both included, evenly spaced on a log scale.
    ///
    /// The arithmetic is that of `numpy.logspace`: the exponent is `first + i * step`, and the last one is exactly
    /// `last`. A single penalty is 10^`first`.
    ///
    /// # Errors
    /// As [`AlphaGrid::new`], also when 10^`last` overflows.
    pub fn logspace(first: f64, last: f64, count: usize) -> Result<Self, RidgeError> {
        let step = (last - first) / count.saturating_sub(1).max(1) as f64;
        let exponent = |i: usize| {
            if i > 0 && i + 1 == count {
                last
            } else {
                first + i as f64 * step
            }
        };
        Self::new((0..count).map(|i| 10_f64.powf(exponent(i))).collect::<Vec<_>>())
    }

    /// The penalties in their order.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.0
    }
}

/// The grid of the reference study: 16 values from 10^2 to 10^7.
impl Default for AlphaGrid {
    fn default() -> Self {
        Self::logspace(2.0, 7.0, 16).unwrap_or_else(|_| unreachable!("the default grid is valid"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_grid_has_the_powers_of_ten_of_the_study() {
        let grid = AlphaGrid::default();
        for (i, &alpha) in grid.values().iter().enumerate() {
            let expected = 10_f64.powf(2.0 + i as f64 / 3.0);
            assert!((alpha / expected - 1.0).abs() < 1e-14, "{i}: {alpha}"); // one rounding of the exponent
        }
        assert_eq!(
            (grid.values()[0].to_bits(), grid.values()[15].to_bits()),
            (1e2_f64.to_bits(), 1e7_f64.to_bits())
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for values in [[0.0, 1.0], [1.0, -2.0], [f64::NAN, 1.0], [1.0, f64::INFINITY]] {
            assert!(matches!(AlphaGrid::new(values), Err(RidgeError::BadAlpha { .. })));
        }
        assert!(matches!(
            AlphaGrid::logspace(1.0, 400.0, 3),
            Err(RidgeError::BadAlpha { .. })
        ));
        assert!(matches!(
            AlphaGrid::logspace(1.0, 2.0, 0),
            Err(RidgeError::NoAlphas)
        ));
    }
}
