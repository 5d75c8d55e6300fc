//! The penalties of a study, in the form used by `lpp.toml` and flags.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Largest grid in text form; a larger one is probably a typing error.
const MAX_COUNT: usize = 10_000;

/// A list of penalties: `logspace:FIRST:LAST:COUNT` (powers of ten) or numbers separated by commas.
///
/// The values are those of `numpy.logspace`: the exponent is `first + i * step`, and the last one is exactly `last`.
///
/// ```
/// use lpp_study::Penalties;
///
/// assert_eq!(Penalties::default().values().len(), 16); // those of the reference study: 10^2 to 10^7
/// let listed: Penalties = "1,10,100".parse()?;
/// assert_eq!(listed.values(), [1.0, 10.0, 100.0]);
/// # Ok::<(), lpp_study::BadPenalties>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Penalties {
    text: String,
    values: Vec<f64>,
}

/// A text is not a list of penalties.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("alphas {text:?}: {reason}, expected logspace:FIRST:LAST:COUNT or a list like 1,10,100")]
pub struct BadPenalties {
    text: String,
    reason: String,
}

impl Penalties {
    /// The penalties in their order.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

/// Those of the reference study: 16 values from 10^2 to 10^7.
impl Default for Penalties {
    fn default() -> Self {
        Self {
            text: "logspace:2:7:16".to_owned(),
            values: logspace(2.0, 7.0, 16),
        }
    }
}

/// The original text.
impl fmt::Display for Penalties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Penalties {
    type Err = BadPenalties;

    fn from_str(text: &str) -> Result<Self, BadPenalties> {
        let wrong = |reason| BadPenalties {
            text: text.to_owned(),
            reason,
        };
        let values = values(text).map_err(wrong)?;
        match values.iter().find(|alpha| !(alpha.is_finite() && **alpha > 0.0)) {
            Some(alpha) => Err(wrong(format!("{alpha} is not positive and finite"))),
            None if values.is_empty() => Err(wrong("expected at least one penalty".to_owned())),
            None => Ok(Self {
                text: text.to_owned(),
                values,
            }),
        }
    }
}

impl TryFrom<String> for Penalties {
    type Error = BadPenalties;

    fn try_from(text: String) -> Result<Self, BadPenalties> {
        text.parse()
    }
}

impl From<Penalties> for String {
    fn from(penalties: Penalties) -> Self {
        penalties.text
    }
}

fn values(text: &str) -> Result<Vec<f64>, String> {
    let number = |word: &str| {
        let number = word.trim().parse::<f64>();
        number.map_err(|_| format!("'{}' is not a number", word.trim()))
    };
    let Some(range) = text.trim().strip_prefix("logspace:") else {
        return text.split(',').map(number).collect();
    };
    let [first, last, count] = range.split(':').collect::<Vec<_>>()[..] else {
        return Err("logspace takes three numbers".to_owned());
    };
    let count = count.trim().parse::<usize>();
    let count = count.map_err(|_| {
        format!(
            "'{}' is not a count",
            range.rsplit(':').next().unwrap_or_default()
        )
    })?;
    if count > MAX_COUNT {
        return Err(format!("{count} penalties are too many (at most {MAX_COUNT})"));
    }
    Ok(logspace(number(first)?, number(last)?, count))
}

fn logspace(first: f64, last: f64, count: usize) -> Vec<f64> {
    let step = (last - first) / count.saturating_sub(1).max(1) as f64;
    let exponent = |i: usize| {
        if i > 0 && i + 1 == count {
            last
        } else {
            first + i as f64 * step
        }
    };
    (0..count).map(|i| 10_f64.powf(exponent(i))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_grid_has_the_powers_of_ten_of_the_study() {
        let grid = Penalties::default();
        assert_eq!(grid, "logspace:2:7:16".parse().unwrap());
        for (i, &alpha) in grid.values().iter().enumerate() {
            let expected = 10_f64.powf(2.0 + i as f64 / 3.0);
            assert!((alpha / expected - 1.0).abs() < 1e-14, "{i}: {alpha}"); // one rounding of the exponent
        }
        assert_eq!((grid.values()[0], grid.values()[15]), (1e2, 1e7));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "a",
            "1,,2",
            "0",
            "-1,2",
            "nan",
            "inf",
            "logspace:1:2",
            "logspace:1:2:3:4",
            "logspace:1:2:-1",
            "logspace:1:2:0",
            "logspace:1:400:3",
            "logspace:1:2:99999999",
        ] {
            let error = text.parse::<Penalties>().unwrap_err().to_string();
            assert!(
                error.contains("alphas \"") && error.contains("logspace:FIRST"),
                "{error}"
            );
        }
    }
}
