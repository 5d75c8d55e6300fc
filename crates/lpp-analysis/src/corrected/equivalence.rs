//! Whether the difference of noise ceilings could make the difference of scores.
//!
//! Ceilings that differ by Δc between the sides make scores differ by E = s̄·Δc/c̄. The test asks whether E lies within
//! half the observed difference of scores.

use lpp_stats::equivalence_p;
use lpp_tables::CorrectedEquivalence;

use super::ceilings::{difference_error, known, mean, sides_of};
use super::why_empty::{CEILINGS, MODELS, SUBJECTS, why_empty};
use super::{Ceiling, Sample, Voxels, slope};
use crate::AnalysisError;

/// Differences below this share of the observed one are called small.
const MARGIN: f64 = 0.5;

/// The row of the slope over models.
const SLOPE: &str = "slope";

/// One row per trained model and selection of voxels, and one for the slope over models.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedEquivalence>, AnalysisError> {
    let mut rows = Vec::new();
    let Some(ceiling) = &sample.ceiling else {
        return Ok(rows);
    };
    for &voxels in sample.selections() {
        let test = Ceilings::of(sample, ceiling, voxels);
        let models: Vec<(f64, f64)> = sample
            .models
            .iter()
            .map(|model| test.scores(&model.best))
            .collect();
        for (model, &(score, difference)) in sample.models.iter().zip(&models) {
            rows.push(test.row(&model.name, score, difference));
        }
        let slope =
            |of: fn(&(f64, f64)) -> f64| slope(&sample.sizes(), &models.iter().map(of).collect::<Vec<_>>());
        rows.push(test.row(SLOPE, slope(|model| model.0), slope(|model| model.1)));
    }
    Ok(rows)
}

/// Ceilings of both sides over a set of voxels.
struct Ceilings {
    voxels: Voxels,
    sides: lpp_stats::Hemispheres,
    mean: f64,
    difference: f64,
    std_err: f64,
    df: f64,
}

impl Ceilings {
    fn of(sample: &Sample, ceiling: &Ceiling, voxels: Voxels) -> Self {
        let sides = match voxels {
            Voxels::All => sample.by_x.clone(),
            Voxels::Reliable => sides_of(&ceiling.reliable_pairs, &sample.by_x),
        };
        let sides = known(ceiling, &sides);
        let (left, right) = (
            mean(&ceiling.of_voxel, sides.left()),
            mean(&ceiling.of_voxel, sides.right()),
        );
        let subjects = ceiling
            .without_subject
            .as_ref()
            .map(|values| values.nrows() as f64);
        Self {
            voxels,
            mean: f64::midpoint(left, right),
            difference: left - right,
            std_err: difference_error(ceiling, &sides),
            df: subjects.map_or(f64::NAN, |n| n - 1.0),
            sides,
        }
    }

    /// Mean score of the sides and their difference.
    fn scores(&self, best: &[f64]) -> (f64, f64) {
        let (left, right) = (mean(best, self.sides.left()), mean(best, self.sides.right()));
        (f64::midpoint(left, right), left - right)
    }

    fn row(&self, name: &str, score: f64, difference: f64) -> CorrectedEquivalence {
        let scale = score / self.mean;
        let (by_ceiling, margin) = (scale * self.difference, MARGIN * difference.abs());
        let error = (scale * self.std_err).abs();
        let row = CorrectedEquivalence {
            model: name.to_owned(),
            voxels: self.voxels.name().to_owned(),
            mean_score: score,
            ceiling_difference: self.difference,
            ceiling_difference_std_err: self.std_err,
            df: self.df,
            score_difference_by_ceiling: by_ceiling,
            l_minus_r: difference,
            margin,
            equivalence_p: equivalence_p(by_ceiling, error, self.df, margin),
            note: String::new(),
        };
        let note = why_empty(&row, |column| match column {
            "mean_score" | "l_minus_r" | "margin" if name == SLOPE => MODELS,
            _ if self.difference.is_nan() => CEILINGS,
            _ if self.df.is_nan() => SUBJECTS,
            _ if name == SLOPE => MODELS,
            _ => "score: none on one of the sides",
        });
        CorrectedEquivalence { note, ..row }
    }
}
