//! What runs along the horizontal axis of a plot.

use super::scale::Scale;

/// What runs along the horizontal axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HorizontalAxis {
    /// Its name, with the unit.
    pub name: String,
    /// Whether it is logarithmic.
    pub log: bool,
}

impl HorizontalAxis {
    /// The number of parameters, on a logarithmic axis.
    #[must_use]
    pub fn parameters() -> Self {
        Self {
            name: "parameters (log scale)".to_owned(),
            log: true,
        }
    }

    /// A linear axis.
    #[must_use]
    pub fn linear(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            log: false,
        }
    }

    /// A logarithmic axis.
    #[must_use]
    pub fn log(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            log: true,
        }
    }

    pub(crate) fn shows(&self, x: f64) -> bool {
        x.is_finite() && (!self.log || x > 0.0)
    }

    pub(crate) fn scale(&self, values: impl IntoIterator<Item = f64>) -> Scale {
        if self.log {
            Scale::log(values)
        } else {
            Scale::linear(values)
        }
    }
}
