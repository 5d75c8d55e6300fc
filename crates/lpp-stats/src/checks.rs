//! Checks of arguments.

use crate::StatsError;

pub(crate) fn check_finite(what: &'static str, values: &[f64]) -> Result<(), StatsError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(StatsError::NotFinite {
            what,
            index,
            found: values[index],
        }),
        None => Ok(()),
    }
}

pub(crate) fn at_least(statistic: &'static str, needed: usize, found: usize) -> Result<(), StatsError> {
    if found < needed {
        return Err(StatsError::TooFew {
            statistic,
            needed,
            found,
        });
    }
    Ok(())
}

pub(crate) fn not_negative(what: &'static str, value: f64) -> Result<(), StatsError> {
    if value.is_nan() || value < 0.0 {
        return Err(StatsError::Negative { what, found: value });
    }
    Ok(())
}

/// Compares the lengths of two named samples.
pub(crate) fn same_length(
    (left_name, left): (&'static str, usize),
    (right_name, right): (&'static str, usize),
) -> Result<(), StatsError> {
    if left != right {
        return Err(StatsError::LengthMismatch {
            left_name,
            left,
            right_name,
            right,
        });
    }
    Ok(())
}

/// The probability on each side of an interval of this level.
pub(crate) fn tail_of(level: f64) -> Result<f64, StatsError> {
    if level > 0.0 && level < 1.0 {
        Ok(0.5 * (1.0 - level))
    } else {
        Err(StatsError::ProbabilityOutOfRange { found: level })
    }
}
