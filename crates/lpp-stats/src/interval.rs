//! A confidence interval.

/// The two ends of an interval; both are NaN if it is not defined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// An interval that is not defined.
    pub const UNDEFINED: Self = Self {
        low: f64::NAN,
        high: f64::NAN,
    };

    /// Whether `value` is inside, ends included; false for an undefined interval.
    ///
    /// # Example
    /// ```
    /// let interval = lpp_stats::Interval { low: -0.1, high: 0.3 };
    /// assert!(interval.contains(0.0) && !interval.contains(0.5));
    /// ```
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Upper minus lower end.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.high - self.low
    }
}
