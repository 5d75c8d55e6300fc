//! Units of times.

use lpp_steps::Choice;
use serde::Serialize;

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
}

/// From one word to the next, speech takes about 0.3 s; lists of words and segments take up to some seconds. In
/// milliseconds the same times are above 50.
const PACES_S: std::ops::RangeInclusive<f64> = 0.01..=20.0;
const PACES_MS: std::ops::RangeInclusive<f64> = 50.0..=20_000.0;

impl Choice for Unit {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Seconds, "s", "seconds"),
        (Self::Milliseconds, "ms", "milliseconds"),
    ];
}

impl Unit {
    /// A time in this unit in seconds.
    #[must_use]
    pub(super) fn seconds(self, time: f64) -> f64 {
        match self {
            Self::Seconds => time,
            Self::Milliseconds => time / 1000.0,
        }
    }

    /// Whether words may follow each other at this pace.
    pub(super) fn fits(self, pace: f64) -> bool {
        match self {
            Self::Seconds => PACES_S.contains(&pace),
            Self::Milliseconds => PACES_MS.contains(&pace),
        }
    }
}
