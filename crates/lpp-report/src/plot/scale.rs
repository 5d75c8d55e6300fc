//! From values to positions on an axis, with ticks at round numbers.

/// How an axis runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    Linear { low: f64, high: f64 },
    Log { low: f64, high: f64 },
}

impl Scale {
    /// A linear scale that holds all finite values with a margin of a twentieth on both sides.
    pub(crate) fn linear(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = extremes(values);
        // Values that differ by rounding alone are one value: ticks between them would have one label.
        let margin = if high - low > 1e-9 * low.abs().max(high.abs()) {
            (high - low) * 0.06
        } else {
            low.abs().max(1e-3) * 0.5
        };
        Self::Linear {
            low: low - margin,
            high: high + margin,
        }
    }

    /// A logarithmic scale that holds all positive values with a margin.
    pub(crate) fn log(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = extremes(values.into_iter().filter(|v| *v > 0.0).map(f64::ln));
        let margin = if high > low { (high - low) * 0.06 } else { 0.7 };
        Self::Log {
            low: (low - margin).exp(),
            high: (high + margin).exp(),
        }
    }

    /// Position of `value` between 0 and 1.
    pub(crate) fn position(self, value: f64) -> f64 {
        match self {
            Self::Linear { low, high } => (value - low) / (high - low),
            Self::Log { low, high } => (value / low).ln() / (high / low).ln(),
        }
    }

    /// Round values within the scale: about five on a linear one; 1, 2, 5 of each decade on a short
    /// logarithmic one, decades on a long one.
    pub(crate) fn ticks(self) -> Vec<f64> {
        match self {
            Self::Linear { low, high } => linear_ticks(low, high),
            Self::Log { low, high } => {
                let decades = (high / low).log10();
                let factors: &[f64] = if decades < 2.2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
                log_ticks(low, high, factors)
            }
        }
    }
}

fn extremes(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let range = values
        .into_iter()
        .filter(|v| v.is_finite())
        .fold(None, |range, v| match range {
            None => Some((v, v)),
            Some((low, high)) => Some((f64::min(low, v), f64::max(high, v))),
        });
    // Nothing to show still needs an axis.
    range.unwrap_or((0.0, 1.0))
}

fn linear_ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .iter()
        .map(|m| m * power)
        .find(|s| *s >= rough)
        .unwrap_or(power);
    let first = (low / step).ceil();
    let mut ticks = Vec::new();
    // Ten ticks are the most that five rough steps can give.
    for i in 0..12 {
        let tick = (first + f64::from(i)) * step;
        if tick > high {
            break;
        }
        ticks.push(tick);
    }
    ticks
}

fn log_ticks(low: f64, high: f64, factors: &[f64]) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, reason = "exponents of f64 lie within ±308")]
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    (first..=last)
        .flat_map(|exponent| factors.iter().map(move |factor| factor * 10_f64.powi(exponent)))
        .filter(|tick| (low..=high).contains(tick))
        .collect()
}

/// A tick's label with as many decimals as tell the ticks apart.
pub(crate) fn tick_label(tick: f64, ticks: &[f64]) -> String {
    let step = ticks
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .fold(f64::INFINITY, f64::min);
    let step = if step.is_finite() && step > 0.0 {
        step
    } else {
        tick.abs().max(1e-3)
    };
    let decimals = (0..8).find(|d| {
        let unit = step * 10_f64.powi(*d);
        (unit - unit.round()).abs() < 1e-6 * unit.max(1.0)
    });
    let decimals = usize::try_from(decimals.unwrap_or(8)).unwrap_or(8);
    // −0 is 0.
    let tick = if tick.abs() < step * 1e-6 { 0.0 } else { tick };
    format!("{tick:.decimals$}").replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let ticks = Scale::Linear {
            low: -0.013,
            high: 0.041,
        }
        .ticks();
        let labels: Vec<String> = ticks.iter().map(|t| tick_label(*t, &ticks)).collect();
        assert_eq!(
            labels,
            ["0.00", "0.02", "0.04"].map(str::to_owned).to_vec().as_slice()[..].to_vec()
        );
    }

    #[test]
    fn long_log_axes_show_decades() {
        assert_eq!(Scale::Log { low: 9e7, high: 2e10 }.ticks(), [1e8, 1e9, 1e10]);
    }

    #[test]
    fn nothing_and_equal_values_still_make_an_axis() {
        let third = 1.0_f64 / 3.0;
        let ticks = Scale::linear([third, third + f64::EPSILON]).ticks();
        assert!(
            ticks.len() > 2 && ticks.windows(2).all(|pair| pair[1] - pair[0] > 0.01),
            "{ticks:?}"
        );
        for values in [vec![], vec![f64::NAN], vec![3.0, 3.0], vec![0.0]] {
            let scale = Scale::linear(values.clone());
            assert!(
                scale.position(0.5).is_finite() && !scale.ticks().is_empty(),
                "{values:?}"
            );
            assert!(Scale::log(values).position(1.0).is_finite());
        }
    }
}
