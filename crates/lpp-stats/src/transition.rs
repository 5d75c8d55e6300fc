//! When a measure rises over training, and whether two measures rise together.

use ndarray::{ArrayRef2, Axis};
use rand::Rng;

use crate::checks::at_least;
use crate::{Interval, Sigmoid, StatsError, TTest, bootstrap_indices, student_t_critical, t_test_one_sample};

/// The largest p of the gate.
const GATE_P: f64 = 0.05;

/// The transition of a measure over checkpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// Last minus first third of the checkpoints, over units.
    pub gate: TTest,
    /// The curve; none if the measure does not rise (p above 0.05, or it falls).
    pub curve: Option<TransitionCurve>,
}

/// The curve of a measure that rises.
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionCurve {
    /// The curve through the means over units.
    pub sigmoid: Sigmoid,
    /// Interval of its location: the deviation of refits to resampled units, times the quantile of t.
    pub location: Interval,
    /// Interval of its slope, made in logarithms.
    pub slope: Interval,
    /// Least and largest location if one checkpoint is left out.
    pub left_out: Interval,
    /// Location and logarithm of the slope of each refit.
    draws: Vec<[f64; 2]>,
    n_units: usize,
}

impl Transition {
    /// The transition of a measure, `values` (`n_units`, `n_checkpoints`), over `x`, the logarithm of the tokens seen in training. The
    /// units are what was sampled: runs of the brain data, or sets of items.
    ///
    /// First the gate: without a rise from the first to the last third of the checkpoints there is no transition, and no location. The
    /// interval is that of Student's t with `n_units` − 1 degrees of freedom around the fit, with the standard deviation of
    /// `n_resamples` refits to resampled units; percentiles of the refits are too narrow for nine units (91 % in place of 95 %).
    ///
    /// # Errors
    /// [`StatsError`] with fewer than two units, four checkpoints or two resamples, and for values that are not finite.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::{Sigmoid, Transition};
    /// use rand::SeedableRng;
    ///
    /// let x: Vec<f64> = (0..14).map(f64::from).collect();
    /// let curve = Sigmoid { low: 0.0, high: 1.0, location: 6.0, slope: 1.5 };
    /// // Nine runs that differ a little.
    /// let runs = ndarray::Array2::from_shape_fn((9, 14), |(run, k)| {
    ///     curve.at(x[k]) + 0.02 * ((run * 31 + k * 17) % 7) as f64
    /// });
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let found = Transition::of(&x, &runs, 500, 0.95, &mut rng)?.curve.unwrap();
    /// assert!(found.location.contains(6.0) && found.location.width() < 0.5);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    pub fn of(
        x: &[f64],
        values: &ArrayRef2<f64>,
        n_resamples: usize,
        level: f64,
        rng: &mut impl Rng,
    ) -> Result<Self, StatsError> {
        let n_units = values.nrows();
        at_least("units of a transition", 2, n_units)?;
        at_least("resamples of a transition", 2, n_resamples)?;
        let mean_over = |units: &[usize]| -> Vec<f64> {
            let chosen = values.select(Axis(0), units);
            chosen.mean_axis(Axis(0)).unwrap_or_default().to_vec()
        };
        let all: Vec<usize> = (0..n_units).collect();
        let mean = mean_over(&all);
        let sigmoid = Sigmoid::fit(x, &mean)?;
        let gate = gate(values)?;
        if !(gate.t > 0.0 && gate.p <= GATE_P) {
            return Ok(Self { gate, curve: None });
        }
        let refit = |_| {
            let found = Sigmoid::fit(x, &mean_over(&bootstrap_indices(n_units, rng)))?;
            Ok([found.location, found.slope.ln()])
        };
        let draws = (0..n_resamples)
            .map(refit)
            .collect::<Result<Vec<_>, StatsError>>()?;
        let around = |center: f64, parameter: usize| {
            let deviation = deviation(draws.iter().map(|draw| draw[parameter]));
            interval(center, deviation, n_units, level)
        };
        let ln_slope = around(sigmoid.slope.ln(), 1)?;
        let curve = TransitionCurve {
            location: around(sigmoid.location, 0)?,
            slope: Interval {
                low: ln_slope.low.exp(),
                high: ln_slope.high.exp(),
            },
            left_out: left_out(x, &mean)?,
            sigmoid,
            draws,
            n_units,
        };
        Ok(Self {
            gate,
            curve: Some(curve),
        })
    }
}

/// Student's t over units of the mean of the last minus that of the first third of the checkpoints.
fn gate(values: &ArrayRef2<f64>) -> Result<TTest, StatsError> {
    let n = values.ncols();
    let third = (n / 3).max(1);
    let mean = |values: ndarray::ArrayView1<'_, f64>| values.mean().unwrap_or(f64::NAN);
    let rises = values.rows().into_iter().map(|unit| {
        let (first, last) = (
            unit.slice(ndarray::s![..third]),
            unit.slice(ndarray::s![n - third..]),
        );
        mean(last) - mean(first)
    });
    t_test_one_sample(&rises.collect::<Vec<_>>(), 0.0)
}

fn deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    (values.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

fn interval(center: f64, deviation: f64, n_units: usize, level: f64) -> Result<Interval, StatsError> {
    let half = student_t_critical(1.0 - level, (n_units - 1) as f64)? * deviation;
    Ok(Interval {
        low: center - half,
        high: center + half,
    })
}

/// The range of locations with each checkpoint left out in turn; undefined with four checkpoints.
fn left_out(x: &[f64], mean: &[f64]) -> Result<Interval, StatsError> {
    let mut range = Interval {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };
    if x.len() < 5 {
        return Ok(Interval::UNDEFINED);
    }
    for skipped in 0..x.len() {
        let rest = |values: &[f64]| [&values[..skipped], &values[skipped + 1..]].concat();
        let location = Sigmoid::fit(&rest(x), &rest(mean))?.location;
        range = Interval {
            low: range.low.min(location),
            high: range.high.max(location),
        };
    }
    Ok(range)
}

/// Whether two measures rise at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// The interval of the lag lies inside the margin.
    Together,
    /// It excludes 0 and does not lie inside the margin.
    Apart,
    /// Neither.
    Undecided,
    /// One of the two does not rise.
    NoTransition,
}

/// The lag of one measure behind another.
///
/// Two curves that rise are always correlated over checkpoints, and their differences often, whatever they have to do with each other.
/// So the test is on the parameters of the curves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransitionLag {
    /// Location of the first minus location of the second; NaN without a transition.
    pub lag: f64,
    /// Its interval.
    pub lag_interval: Interval,
    /// Logarithm of the ratio of the slopes.
    pub ln_slope_ratio: f64,
    /// Its interval.
    pub ln_slope_ratio_interval: Interval,
    /// The answer.
    pub timing: Timing,
}

impl TransitionLag {
    /// The margin of [`Timing::Together`] unless another is given beforehand: one doubling of the tokens.
    pub const DOUBLING: f64 = std::f64::consts::LN_2;

    /// The lag of `first` behind `second`, with intervals from the refits of both, and t with the fewer units less one.
    ///
    /// # Errors
    /// [`StatsError`] for a level outside (0, 1).
    pub fn of(first: &Transition, second: &Transition, margin: f64, level: f64) -> Result<Self, StatsError> {
        let (Some(first), Some(second)) = (&first.curve, &second.curve) else {
            return Ok(Self {
                lag: f64::NAN,
                lag_interval: Interval::UNDEFINED,
                ln_slope_ratio: f64::NAN,
                ln_slope_ratio_interval: Interval::UNDEFINED,
                timing: Timing::NoTransition,
            });
        };
        let n_units = first.n_units.min(second.n_units);
        // Both were resampled independently, so any pairing of their refits is a draw of the difference.
        let around = |center: f64, parameter: usize| {
            let draws = first.draws.iter().zip(&second.draws);
            let deviation = deviation(draws.map(|(a, b)| a[parameter] - b[parameter]));
            interval(center, deviation, n_units, level)
        };
        let lag = first.sigmoid.location - second.sigmoid.location;
        let ln_slope_ratio = (first.sigmoid.slope / second.sigmoid.slope).ln();
        let lag_interval = around(lag, 0)?;
        let timing = if lag_interval.low > -margin && lag_interval.high < margin {
            Timing::Together
        } else if lag_interval.contains(0.0) {
            Timing::Undecided
        } else {
            Timing::Apart
        };
        Ok(Self {
            lag,
            lag_interval,
            ln_slope_ratio,
            ln_slope_ratio_interval: around(ln_slope_ratio, 1)?,
            timing,
        })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    const N_RUNS: usize = 9;
    const N_RESAMPLES: usize = 100;

    /// Fourteen checkpoints, a doubling of the tokens each.
    fn checkpoints() -> Vec<f64> {
        (0..14).map(|i| f64::from(i) * TransitionLag::DOUBLING).collect()
    }

    /// Runs around a sigmoid of amplitude `rise`; the noise of a run is 0.3.
    fn simulated(location: f64, rise: f64, rng: &mut ChaCha8Rng) -> Array2<f64> {
        let curve = Sigmoid {
            low: 0.0,
            high: rise,
            location,
            slope: 2.0,
        };
        let x = checkpoints();
        Array2::from_shape_simple_fn((N_RUNS, x.len()), || {
            0.3 * Distribution::<f64>::sample(&StandardNormal, rng)
        }) + ndarray::Array1::from_iter(x.iter().map(|&x| curve.at(x)))
    }

    fn found(values: &Array2<f64>, rng: &mut ChaCha8Rng) -> Transition {
        Transition::of(&checkpoints(), values, N_RESAMPLES, 0.95, rng).unwrap()
    }

    #[test]
    fn a_planted_onset_lies_in_its_interval() {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let n_inside = (0..200)
            .filter(|_| {
                let location = rng.random_range(2.5..6.5);
                let values = simulated(location, 1.0, &mut rng);
                let curve = found(&values, &mut rng).curve;
                curve.is_some_and(|curve| curve.location.contains(location))
            })
            .count();
        // 95 % of 200 less three standard errors.
        assert!(n_inside >= 179, "{n_inside}");
    }

    #[test]
    fn a_flat_measure_has_no_transition() {
        let mut rng = ChaCha8Rng::seed_from_u64(12);
        let n_passed = (0..200)
            .filter(|_| {
                let values = simulated(4.0, 0.0, &mut rng);
                found(&values, &mut rng).curve.is_some()
            })
            .count();
        // Rises alone: half of 5 %, three standard errors above.
        assert!(n_passed <= 12, "{n_passed}");
    }

    /// Answers for the lag of one measure behind another, over 100 simulations.
    fn timings(lag: f64, seed: u64) -> [usize; 4] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut counts = [0; 4];
        for _ in 0..100 {
            let pair = [4.5 + lag / 2.0, 4.5 - lag / 2.0].map(|location| {
                let values = simulated(location, 1.0, &mut rng);
                found(&values, &mut rng)
            });
            let found = TransitionLag::of(&pair[0], &pair[1], TransitionLag::DOUBLING, 0.95).unwrap();
            counts[match found.timing {
                Timing::Together => 0,
                Timing::Apart => 1 + usize::from(found.lag < 0.0),
                Timing::Undecided | Timing::NoTransition => 3,
            }] += 1;
        }
        counts
    }

    #[test]
    fn a_lag_of_four_doublings_is_found_with_its_sign() {
        for (sign, at) in [(1.0, 1), (-1.0, 2)] {
            let counts = timings(sign * 4.0 * TransitionLag::DOUBLING, 13);
            assert!(counts[at] >= 95 && counts[0] <= 5, "{sign}: {counts:?}");
        }
    }

    #[test]
    fn equal_onsets_are_not_found_apart() {
        let counts = timings(0.0, 14);
        // At most 5 % by construction; three standard errors above.
        assert!(counts[1] + counts[2] <= 11, "{counts:?}");
    }

    #[test]
    fn without_a_rise_there_is_no_answer() {
        let mut rng = ChaCha8Rng::seed_from_u64(15);
        let rising = simulated(4.0, 1.0, &mut rng);
        let pair = [rising.clone(), -&rising].map(|values| found(&values, &mut rng));
        assert!(pair[1].curve.is_none() && pair[1].gate.t < 0.0);
        let lag = TransitionLag::of(&pair[0], &pair[1], TransitionLag::DOUBLING, 0.95).unwrap();
        assert!(lag.timing == Timing::NoTransition && lag.lag.is_nan());
    }

    /// A measure of these locations and logarithms of slopes in its refits, with the first as its fit.
    fn with_draws(draws: &[[f64; 2]], n_units: usize) -> Transition {
        let [location, ln_slope] = draws[0];
        let curve = TransitionCurve {
            sigmoid: Sigmoid {
                low: 0.0,
                high: 1.0,
                location,
                slope: ln_slope.exp(),
            },
            location: Interval::UNDEFINED,
            slope: Interval::UNDEFINED,
            left_out: Interval::UNDEFINED,
            draws: draws.to_vec(),
            n_units,
        };
        let (t, df, p) = (5.0, 8.0, 0.001);
        Transition {
            gate: TTest { t, df, p },
            curve: Some(curve),
        }
    }

    #[test]
    fn the_interval_of_a_lag_is_that_of_the_differences_of_refits() {
        let first = with_draws(&[[4.0, 0.5], [6.0, 0.5], [8.0, 0.5]], 12);
        let second = with_draws(&[[2.0, 0.1], [3.0, 0.3], [4.0, 0.5]], 9);
        let of = |margin| TransitionLag::of(&first, &second, margin, 0.95).unwrap();
        // Differences 2, 3 and 4 have the deviation 1, those of slopes 0.4, 0.2 and 0 have 0.2; t of the nine units counts.
        let t = student_t_critical(0.05, 8.0).unwrap();
        let found = of(1.0);
        for (found, expected) in [
            (found.lag, 2.0),
            (found.lag_interval.low, 2.0 - t),
            (found.lag_interval.high, 2.0 + t),
            (found.ln_slope_ratio, 0.4),
            (found.ln_slope_ratio_interval.low, 0.4 - 0.2 * t),
            (found.ln_slope_ratio_interval.high, 0.4 + 0.2 * t),
        ] {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
        // 2 ± 2.3 holds 0, and lies inside a margin of 4.4 but not of 4.3.
        assert_eq!(found.timing, Timing::Undecided);
        assert_eq!(
            (of(4.4).timing, of(4.3).timing),
            (Timing::Together, Timing::Undecided)
        );
        assert!(TransitionLag::of(&first, &second, 1.0, 1.0).is_err());
        let late = with_draws(&[[5.0, 0.5], [7.0, 0.5], [9.0, 0.5]], 12);
        let apart = |margin| TransitionLag::of(&late, &second, margin, 0.95).unwrap().timing;
        assert_eq!((apart(1.0), apart(5.4)), (Timing::Apart, Timing::Together));
        let before = TransitionLag::of(&second, &late, 5.4, 0.95).unwrap();
        assert_eq!((before.lag, before.timing), (-3.0, Timing::Together));
        let before = TransitionLag::of(&second, &late, 1.0, 0.95).unwrap();
        assert_eq!(before.timing, Timing::Apart);
    }

    #[test]
    fn leaving_out_a_checkpoint_needs_five() {
        let curve = Sigmoid {
            low: 0.0,
            high: 1.0,
            location: 2.2,
            slope: 1.5,
        };
        let x: Vec<f64> = (0..5).map(f64::from).collect();
        let mut y: Vec<f64> = x.iter().map(|&x| curve.at(x)).collect();
        let exact = left_out(&x, &y).unwrap();
        assert!(exact.contains(2.2) || exact.width() < 1e-3, "{exact:?}");
        // The first checkpoint moves the curve; without it the location is the old one.
        y[0] = 0.3;
        let moved = left_out(&x, &y).unwrap();
        let without = Sigmoid::fit(&x[1..], &y[1..]).unwrap().location;
        assert!(
            moved.contains(without) && moved.width() > 0.01,
            "{moved:?} {without}"
        );
        assert!(left_out(&x[..4], &y[..4]).unwrap().low.is_nan());
    }

    #[test]
    fn the_gate_compares_the_last_third_with_the_first() {
        let values = ndarray::array![
            [1.0, 2.0, 9.0, 9.0, 9.0, 3.0, 6.0],
            [0.0, 0.0, 5.0, 5.0, 5.0, 4.0, 4.0],
            [2.0, 1.0, -5.0, 5.0, 5.0, 1.0, 2.0]
        ];
        // Two of seven checkpoints at each end: 4.5 − 1.5, 4 − 0 and 1.5 − 1.5.
        let expected = t_test_one_sample(&[3.0, 4.0, 0.0], 0.0).unwrap();
        assert_eq!(gate(&values).unwrap(), expected);
        let two = values.slice(ndarray::s![.., ..2]);
        assert_eq!(
            gate(&two).unwrap(),
            t_test_one_sample(&[1.0, 0.0, -1.0], 0.0).unwrap()
        );
    }

    #[test]
    fn intervals_are_t_times_the_deviation_of_the_refits() {
        let mut rng = ChaCha8Rng::seed_from_u64(16);
        let values = simulated(4.0, 1.0, &mut rng);
        let curve = found(&values, &mut rng).curve.unwrap();
        assert_eq!((curve.draws.len(), curve.n_units), (N_RESAMPLES, N_RUNS));
        let t = student_t_critical(0.05, 8.0).unwrap();
        let spread = |parameter: usize| {
            let refits: Vec<f64> = curve.draws.iter().map(|draw| draw[parameter]).collect();
            crate::Bootstrap::from_draws(0.0, refits, vec![]).std_err()
        };
        // Sums of a hundred numbers near 4.
        let location = curve.sigmoid.location;
        assert!((curve.location.low - (location - t * spread(0))).abs() < 1e-12);
        assert!((curve.location.high - (location + t * spread(0))).abs() < 1e-12);
        let ln_slope = curve.sigmoid.slope.ln();
        assert!((curve.slope.low.ln() - (ln_slope - t * spread(1))).abs() < 1e-12);
        assert!((curve.slope.high.ln() - (ln_slope + t * spread(1))).abs() < 1e-12);
        let one = values.slice(ndarray::s![..1, ..]);
        assert!(Transition::of(&checkpoints(), &one, 10, 0.95, &mut rng).is_err());
        assert!(Transition::of(&checkpoints(), &values, 1, 0.95, &mut rng).is_err());
        assert!(Transition::of(&checkpoints()[1..], &values, 10, 0.95, &mut rng).is_err());
    }
}
