//! What was planted in a synthetic study, and whether the corrections find it.

use lpp_stats::student_t_critical;
use lpp_study::{Asymmetry, Truth};
use lpp_tables::{CorrectedCeilings, CorrectedFamilies, Planted};

use super::{Sample, slope};

/// Slopes and differences nearer to 0 are rounding.
const NOTHING: f64 = 1e-9;

/// One row per outcome over all voxels and rule for the layer, then one for the ceilings; none unless the truth tells what
/// each model would reach.
pub(super) fn rows(
    truth: &Truth,
    sample: &Sample,
    families: &[CorrectedFamilies],
    ceilings: &[CorrectedCeilings],
) -> Vec<Planted> {
    let Some(known) = Known::of(truth, sample) else {
        return Vec::new();
    };
    let slopes = families.iter().filter_map(|row| {
        let planted = known.slope(&row.outcome)?;
        Some(Planted {
            layer_rule: row.layer_rule.clone(),
            ..compared(
                &row.outcome,
                planted,
                row.slope_per_ln_parameter,
                [row.runs_ci_low, row.runs_ci_high],
            )
        })
    });
    let of_ceilings = ceilings
        .iter()
        .find(|row| row.hemisphere_rule == "x" && row.voxels == "all");
    let ceilings = of_ceilings.map(|row| {
        let [left, right] = known.ceilings;
        let half = row.l_minus_r_std_err_subjects * known.critical_t;
        let interval = [row.l_minus_r - half, row.l_minus_r + half];
        compared("ceiling_l_minus_r", left - right, row.l_minus_r, interval)
    });
    slopes.chain(ceilings).collect()
}

/// The truth about the models of a sample.
struct Known {
    asymmetry: Asymmetry,
    /// Mean ceilings, left and right.
    ceilings: [f64; 2],
    /// Of each model ln(parameters) and the scores that it would reach, left and right.
    models: Vec<(f64, [f64; 2])>,
    /// Half width of a 95 % interval over the subjects, in standard errors.
    critical_t: f64,
}

impl Known {
    fn of(truth: &Truth, sample: &Sample) -> Option<Self> {
        let planted = |name: &str| truth.models.iter().find(|model| model.model == name)?.sides;
        let models = sample.models.iter();
        let n_subjects = truth
            .plant
            .group
            .map_or(f64::NAN, |group| group.n_subjects as f64);
        Some(Self {
            asymmetry: truth.plant.asymmetry,
            ceilings: truth.ceilings?,
            models: models
                .map(|model| Some((model.ln_parameters, planted(&model.name)?)))
                .collect::<Option<_>>()?,
            critical_t: student_t_critical(0.05, n_subjects - 1.0).unwrap_or(f64::NAN),
        })
    }

    /// The planted slope of an outcome; `None` of those that are not judged.
    fn slope(&self, outcome: &str) -> Option<f64> {
        let [c_left, c_right] = self.ceilings;
        let over = |value: fn([f64; 2]) -> f64| self.over_models(value);
        Some(match outcome {
            "score_all" => over(|[left, right]| f64::midpoint(left, right)),
            "l_minus_r_all_by_x" | "l_minus_r_all_pairs" => over(|[left, right]| left - right),
            // At equal ceilings models are equally good on both sides, unless growth is planted.
            "l_minus_r_all_matched" if self.asymmetry != Asymmetry::Growth => 0.0,
            "l_minus_r_all_matched" => over(|[left, right]| left - right),
            "l_minus_r_all_over_ceiling" => {
                over(|[left, _]| left) / c_left - over(|[_, right]| right) / c_right
            }
            _ => return None,
        })
    }

    fn over_models(&self, value: fn([f64; 2]) -> f64) -> f64 {
        let (sizes, values): (Vec<f64>, Vec<f64>) = self
            .models
            .iter()
            .map(|(size, sides)| (*size, value(*sides)))
            .unzip();
        slope(&sizes, &values)
    }
}

fn compared(outcome: &str, planted: f64, recovered: f64, [low, high]: [f64; 2]) -> Planted {
    let planted_direction = direction(planted, planted);
    let recovered_direction = direction(low, high);
    let came_back = match recovered_direction {
        "" => "",
        found if found == planted_direction => "yes",
        _ => "no",
    };
    Planted {
        outcome: outcome.to_owned(),
        layer_rule: String::new(),
        planted: if planted.abs() > NOTHING { planted } else { 0.0 },
        recovered,
        ci_low: low,
        ci_high: high,
        planted_direction: planted_direction.to_owned(),
        recovered_direction: recovered_direction.to_owned(),
        came_back: came_back.to_owned(),
    }
}

/// Where an interval lies; empty if it is not known.
fn direction(low: f64, high: f64) -> &'static str {
    if low.is_nan() || high.is_nan() {
        ""
    } else if low > NOTHING {
        "above 0"
    } else if high < -NOTHING {
        "below 0"
    } else {
        "nothing"
    }
}
