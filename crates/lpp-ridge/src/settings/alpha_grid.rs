//! The grid of penalties and its textual form.

use std::fmt;
use std::str::FromStr;

use crate::RidgeError;

/// A checked list of penalties: not empty, each one positive and finite.
///
/// The order is kept, because the first of equally good penalties wins.
///
/// ```
/// use lpp_ridge::AlphaGrid;
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// let grid: AlphaGrid = "logspace:2:7:16".parse()?;
/// assert_eq!(grid, AlphaGrid::default());
/// assert_eq!(grid.values().len(), 16);
/// let listed: AlphaGrid = "1,10,100".parse()?;
/// assert_eq!(listed.values(), [1.0, 10.0, 100.0]);
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

    /// `count` penalties from 10^`first` to 10^`last`, both included, evenly spaced on a logarithmic scale.
    ///
    /// The arithmetic is that of `numpy.logspace`: the exponent is `first + i * step`, the last one exactly `last`.
    /// One penalty alone is 10^`first`.
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

/// The list form, shortest digits that read back to the same numbers.
impl fmt::Display for AlphaGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, alpha) in self.0.iter().enumerate() {
            write!(f, "{}{alpha}", if i > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

/// Largest grid a text may ask for; beyond it a typing error is likelier than a wish.
const MAX_COUNT: usize = 10_000;

/// Reads `logspace:FIRST:LAST:COUNT` or a comma-separated list of numbers.
impl FromStr for AlphaGrid {
    type Err = RidgeError;

    fn from_str(text: &str) -> Result<Self, RidgeError> {
        let wrong = |reason: String| RidgeError::AlphaSyntax {
            text: text.to_owned(),
            reason,
        };
        let number = |word: &str| {
            word.trim()
                .parse::<f64>()
                .map_err(|_| wrong(format!("'{}' is not a number", word.trim())))
        };
        let Some(range) = text.trim().strip_prefix("logspace:") else {
            return Self::new(text.split(',').map(number).collect::<Result<Vec<_>, _>>()?);
        };
        let [first, last, count] = range.split(':').collect::<Vec<_>>()[..] else {
            return Err(wrong("logspace takes three numbers".to_owned()));
        };
        let count = count
            .trim()
            .parse::<usize>()
            .map_err(|_| wrong(format!("'{}' is not a count", count.trim())))?;
        if count > MAX_COUNT {
            return Err(wrong(format!(
                "{count} penalties are too many (at most {MAX_COUNT})"
            )));
        }
        Self::logspace(number(first)?, number(last)?, count)
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
    fn a_grid_reads_back_from_its_own_text() {
        let grid = AlphaGrid::logspace(-3.0, 9.0, 7).unwrap();
        assert_eq!(grid.to_string().parse::<AlphaGrid>().unwrap(), grid);
        assert_eq!("logspace:3:9:1".parse::<AlphaGrid>().unwrap().values(), [1e3]);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "a",
            "1,,2",
            "logspace:1:2",
            "logspace:1:2:3:4",
            "logspace:1:2:-1",
            "logspace:1:2:99999999",
        ] {
            assert!(
                matches!(text.parse::<AlphaGrid>(), Err(RidgeError::AlphaSyntax { .. })),
                "{text}"
            );
        }
        for text in ["0", "1,-2", "nan", "inf", "logspace:1:400:3"] {
            assert!(
                matches!(text.parse::<AlphaGrid>(), Err(RidgeError::BadAlpha { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            "logspace:1:2:0".parse::<AlphaGrid>(),
            Err(RidgeError::NoAlphas)
        ));
    }
}
