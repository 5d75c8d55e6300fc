//! When measures rise over training, and whether brain scores rise with competence.

use lpp_files::sha256_of_bytes;
use lpp_stats::{Interval, Timing, Transition, TransitionLag, pearson};
use lpp_tables::{TransitionPairs, Transitions};
use ndarray::Axis;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::series::{BRAIN, COMPETENCE, Series};
use crate::AnalysisError;

/// Refits to resampled units: the deviation of a location is then known to 2 %.
const N_RESAMPLES: usize = 2000;
const LEVEL: f64 = 0.95;
/// Fewest checkpoints of a sigmoid, which has four parameters.
const FEWEST: usize = 4;

const NOT_TESTABLE: &str = "not testable";
const NO_TRANSITION: &str = "no transition";

/// A measure with its transition.
struct Risen<'a> {
    series: &'a Series,
    /// Tokens of each checkpoint of the fit and the mean there.
    points: Vec<(u64, f64)>,
    found: Transition,
}

/// The transitions of all measures, and the lag of each brain score behind each battery of the same model.
pub(super) fn rows(
    series: &[Series],
    seed: u64,
) -> Result<(Vec<Transitions>, Vec<TransitionPairs>), AnalysisError> {
    let risen = series.iter().map(|series| Risen::of(series, seed));
    let risen: Vec<Risen<'_>> = risen
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect();
    let of_kind = |kind: &'static str| risen.iter().filter(move |of| of.series.measure.kind == kind);
    let mut pairs = Vec::new();
    for brain in of_kind(BRAIN).filter(|of| of.series.measure.measure.starts_with("l_")) {
        for battery in of_kind(COMPETENCE).filter(|of| of.series.model() == brain.series.model()) {
            pairs.push(brain.behind(battery)?);
        }
    }
    Ok((risen.iter().map(Risen::row).collect(), pairs))
}

impl<'a> Risen<'a> {
    /// The transition of a measure; none with too few checkpoints of known tokens, or a single unit.
    fn of(series: &'a Series, seed: u64) -> Result<Option<Self>, AnalysisError> {
        let known = |(place, tokens): (usize, Option<u64>)| Some((place, tokens.filter(|&n| n > 0)?));
        let tokens = series.checkpoints.iter().map(|checkpoint| checkpoint.tokens);
        let places: Vec<(usize, u64)> = tokens.enumerate().filter_map(known).collect();
        if places.len() < FEWEST || series.values.nrows() < 2 {
            return Ok(None);
        }
        let x: Vec<f64> = places.iter().map(|&(_, tokens)| (tokens as f64).ln()).collect();
        let columns: Vec<usize> = places.iter().map(|&(place, _)| place).collect();
        let values = series.values.select(Axis(1), &columns);
        let mut rng = generator(series, seed);
        let means = series.means();
        Ok(Some(Self {
            series,
            points: places
                .iter()
                .map(|&(place, tokens)| (tokens, means[place]))
                .collect(),
            found: Transition::of(&x, &values, N_RESAMPLES, LEVEL, &mut rng)?,
        }))
    }

    fn answer(&self) -> &'static str {
        if !self.series.has_room {
            NOT_TESTABLE
        } else if self.found.curve.is_some() {
            "transition"
        } else {
            NO_TRANSITION
        }
    }

    fn row(&self) -> Transitions {
        let curve = self.found.curve.as_ref();
        let of = |number: fn(&lpp_stats::TransitionCurve) -> f64| curve.map_or(f64::NAN, number);
        Transitions {
            model: self.series.model().to_owned(),
            measure: self.series.measure.clone(),
            n_checkpoints: self.points.len(),
            units: self.series.units.to_owned(),
            n_units: self.series.values.nrows(),
            gate_t: self.found.gate.t,
            gate_p: self.found.gate.p,
            answer: self.answer().to_owned(),
            low: of(|curve| curve.sigmoid.low),
            high: of(|curve| curve.sigmoid.high),
            tokens_at_half: of(|curve| curve.sigmoid.location.exp()),
            location: of(|curve| curve.sigmoid.location),
            location_ci_low: of(|curve| curve.location.low),
            location_ci_high: of(|curve| curve.location.high),
            left_out_low: of(|curve| curve.left_out.low),
            left_out_high: of(|curve| curve.left_out.high),
            slope: of(|curve| curve.sigmoid.slope),
            slope_ci_low: of(|curve| curve.slope.low),
            slope_ci_high: of(|curve| curve.slope.high),
        }
    }

    /// The lag of this brain score behind a battery.
    fn behind(&self, battery: &Self) -> Result<TransitionPairs, AnalysisError> {
        let margin = TransitionLag::DOUBLING;
        let found = TransitionLag::of(&self.found, &battery.found, margin, LEVEL)?;
        let answer = match found.timing {
            _ if battery.answer() == NOT_TESTABLE => NOT_TESTABLE,
            Timing::Together => "together",
            Timing::Apart => "apart",
            Timing::Undecided => "undecided",
            Timing::NoTransition => NO_TRANSITION,
        };
        let (brain, competence) = common(&self.points, &battery.points);
        let r = |x: &[f64], y: &[f64]| pearson(x, y).map_or(f64::NAN, |found| found.r);
        let Interval { low, high } = found.lag_interval;
        Ok(TransitionPairs {
            model: self.series.model().to_owned(),
            brain: self.series.measure.measure.clone(),
            sides: self.series.measure.sides.clone(),
            battery: battery.series.measure.measure.clone(),
            margin,
            lag: found.lag,
            lag_ci_low: low,
            lag_ci_high: high,
            ln_slope_ratio: found.ln_slope_ratio,
            ln_slope_ratio_ci_low: found.ln_slope_ratio_interval.low,
            ln_slope_ratio_ci_high: found.ln_slope_ratio_interval.high,
            answer: answer.to_owned(),
            n_checkpoints: brain.len(),
            r_levels: r(&brain, &competence),
            r_differences: r(&differences(&brain), &differences(&competence)),
        })
    }
}

/// Numbers of a series that do not depend on which others there are.
fn generator(series: &Series, seed: u64) -> ChaCha8Rng {
    let measure = &series.measure;
    let name = [series.model(), &measure.kind, &measure.measure, &measure.sides].join("\0");
    let hash = sha256_of_bytes(name.as_bytes());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::from_str_radix(&hash[..16], 16).unwrap_or(0));
    rng
}

/// The means at the checkpoints that both have.
fn common(first: &[(u64, f64)], second: &[(u64, f64)]) -> (Vec<f64>, Vec<f64>) {
    let both = first.iter().filter_map(|(tokens, value)| {
        let other = second.iter().find(|(other, _)| other == tokens)?;
        Some((*value, other.1))
    });
    both.unzip()
}

fn differences(values: &[f64]) -> Vec<f64> {
    values.windows(2).map(|pair| pair[1] - pair[0]).collect()
}
