//! From the values of a map to colours.

use crate::theme::{Rgb, Theme};

/// Steps of the colour scale on either side of zero.
pub(crate) const LEVELS: usize = 24;

/// Which values have which colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MapScale {
    pub(crate) threshold: f64,
    pub(crate) peak: f64,
    pub(crate) signed: bool,
}

impl MapScale {
    /// A scale from `threshold` to `peak`, or to the largest value.
    pub(crate) fn of(values: &[f64], threshold: f64, signed: bool, peak: Option<f64>) -> Self {
        let size = |value: f64| if signed { value.abs() } else { value };
        let peak = peak.unwrap_or_else(|| {
            values
                .iter()
                .copied()
                .filter(|value| value.is_finite())
                .map(size)
                .fold(f64::NEG_INFINITY, f64::max)
        });
        // The scale needs a length, even if nothing is above the threshold.
        let peak = if peak > threshold {
            peak
        } else {
            threshold + threshold.abs().max(1e-3)
        };
        Self {
            threshold,
            peak,
            signed,
        }
    }

    /// Where a step of the scale begins, as a distance from zero in signed maps.
    pub(crate) fn level(self, step: usize) -> f64 {
        let length = self.peak - self.threshold;
        // What is exactly at the threshold is not drawn.
        let share = (step as f64 / LEVELS as f64).max(1e-9);
        self.threshold + share * length
    }

    pub(crate) fn colour(self, theme: Theme, step: usize, sign: f64) -> Rgb {
        let share = (step as f64 + 0.5) / LEVELS as f64;
        if self.signed {
            theme.diverging(sign * share)
        } else {
            theme.sequential(share)
        }
    }

    /// Colour of a value; `None` if it is not drawn.
    pub(crate) fn colour_of(self, theme: Theme, value: f64) -> Option<Rgb> {
        let size = if self.signed { value.abs() } else { value };
        if size.is_nan() || size <= self.threshold {
            return None;
        }
        let share = ((size - self.threshold) / (self.peak - self.threshold)).min(1.0);
        Some(if self.signed {
            theme.diverging(share.copysign(value))
        } else {
            theme.sequential(share)
        })
    }
}
