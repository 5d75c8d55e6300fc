//! Left against right, and how their difference grows with model size.

use lpp_stats::{LateralScore, VoxelSet, percentile};
use lpp_tables::{
    Lateralization, LateralizationLines, LateralizationOls, LateralizationOlsFit, LateralizationRegression,
    Row,
};

use crate::inputs::Inputs;
use crate::lines::size_line;
use crate::model_columns::identity;
use crate::need::Need;
use crate::part::{Made, Part};
use crate::regression::{Outcome, full_regressions, log_parameters, parameters, size_fit};
use crate::{AnalysisError, Brain, ModelScores};

/// A way to sum up one side of the brain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Mean over all voxels.
    All,
    /// 90th percentile.
    Percentile90,
    /// Mean over reliable voxels.
    Reliable,
    /// Mean of score over inter-subject correlation.
    IscNormalized,
    /// The same over reliable voxels.
    IscNormalizedReliable,
}

/// The measures in the order of the paper's figures, with their names in columns.
const MEASURES: [(&str, Measure); 5] = [
    ("all", Measure::All),
    ("percentile_90", Measure::Percentile90),
    ("reliable", Measure::Reliable),
    ("isc_normalized", Measure::IscNormalized),
    ("isc_normalized_reliable", Measure::IscNormalizedReliable),
];

/// Left and right.
type Sides = (f64, f64);
/// Left, right, or left minus right.
type Way = fn(Sides) -> f64;

/// One row per model (untrained ones and baselines too), regressions of L − R on size over the trained ones.
pub(crate) struct LateralizationPart;

impl Part for LateralizationPart {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            Lateralization::NAME,
            LateralizationRegression::NAME,
            LateralizationLines::NAME,
            LateralizationOls::NAME,
            LateralizationOlsFit::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let average = inputs.average()?;
        let models = average.models.iter();
        let sides = models
            .map(|model| all_sides(&average.brain, model))
            .collect::<Result<Vec<_>, _>>()?;
        let rows: Vec<Lateralization> = average.models.iter().zip(&sides).map(row).collect();
        let trained = average.trained();
        let known = average
            .models
            .iter()
            .zip(&sides)
            .filter(|(model, _)| model.is_trained());
        let of_trained: Vec<[Sides; 5]> = known.map(|(_, sides)| *sides).collect();
        let outcomes = outcomes(&of_trained);
        let (ln_size, size) = (log_parameters(&trained), parameters(&trained));
        let (mut fits, mut lines) = (Vec::new(), Vec::new());
        for (outcome, values) in &outcomes {
            fits.push(LateralizationRegression {
                outcome: outcome.clone(),
                fit: size_fit(&ln_size, values),
            });
            let line = size_line(&size, values, inputs.seed())?;
            lines.extend(line.into_iter().map(|at| LateralizationLines {
                outcome: outcome.clone(),
                at,
            }));
        }
        let differences = outcomes
            .into_iter()
            .filter(|(name, _)| name.starts_with("l_minus_r"));
        let (terms, quality) = full_regressions(&trained, &differences.collect::<Vec<_>>());
        let terms = terms.into_iter().map(|term| LateralizationOls { term });
        let quality = quality.into_iter().map(|fit| LateralizationOlsFit { fit });
        Ok(Made::default()
            .with(&rows)
            .with(&fits)
            .with(&lines)
            .with(&terms.collect::<Vec<_>>())
            .with(&quality.collect::<Vec<_>>()))
    }
}

fn all_sides(brain: &Brain, model: &ModelScores) -> Result<[Sides; 5], AnalysisError> {
    let mut all = [(f64::NAN, f64::NAN); 5];
    for (sides, (_, measure)) in all.iter_mut().zip(MEASURES) {
        *sides = sides_of(measure, brain, model)?;
    }
    Ok(all)
}

fn row((model, sides): (&ModelScores, &[Sides; 5])) -> Lateralization {
    let [all, decile, reliable, normalized, normalized_reliable] = sides;
    Lateralization {
        id: identity(model),
        left_all: all.0,
        right_all: all.1,
        l_minus_r_all: all.0 - all.1,
        left_percentile_90: decile.0,
        right_percentile_90: decile.1,
        l_minus_r_percentile_90: decile.0 - decile.1,
        left_reliable: reliable.0,
        right_reliable: reliable.1,
        l_minus_r_reliable: reliable.0 - reliable.1,
        left_isc_normalized: normalized.0,
        right_isc_normalized: normalized.1,
        l_minus_r_isc_normalized: normalized.0 - normalized.1,
        left_isc_normalized_reliable: normalized_reliable.0,
        right_isc_normalized_reliable: normalized_reliable.1,
        l_minus_r_isc_normalized_reliable: normalized_reliable.0 - normalized_reliable.1,
    }
}

/// Left, right and left minus right by each measure, under the names of their columns.
fn outcomes(models: &[[Sides; 5]]) -> Vec<Outcome> {
    let ways: [(&str, Way); 3] = [
        ("left", |sides| sides.0),
        ("right", |sides| sides.1),
        ("l_minus_r", |sides| sides.0 - sides.1),
    ];
    let measures = MEASURES.iter().enumerate();
    measures
        .flat_map(|(i, (measure, _))| {
            ways.map(|(way, of)| {
                let values = models.iter().map(|sides| of(sides[i])).collect();
                (format!("{way}_{measure}"), values)
            })
        })
        .collect()
}

/// Left and right value of a model under one measure; NaN where it is not defined.
pub(crate) fn sides_of(measure: Measure, brain: &Brain, model: &ModelScores) -> Result<Sides, AnalysisError> {
    let undefined = Ok((f64::NAN, f64::NAN));
    let reliable = matches!(measure, Measure::Reliable | Measure::IscNormalizedReliable);
    let sides = match (reliable, brain.reliable()) {
        (true, Some(reliable)) => brain.hemispheres().within(&reliable.voxels),
        (true, None) => return undefined,
        (false, _) => brain.hemispheres().clone(),
    };
    let score = match measure {
        Measure::Percentile90 => {
            let of = |side: &VoxelSet| upper_decile(&model.best, side);
            return Ok((of(sides.left())?, of(sides.right())?));
        }
        Measure::All | Measure::Reliable => LateralScore::over(&model.best, &sides)?,
        Measure::IscNormalized | Measure::IscNormalizedReliable => match brain.isc() {
            Some(isc) => LateralScore::over(&over_isc(&model.best, isc), &sides)?,
            None => return undefined,
        },
    };
    Ok((score.left.mean, score.right.mean))
}

/// Score over inter-subject correlation, voxel by voxel.
pub(crate) fn over_isc(scores: &[f64], isc: &[f64]) -> Vec<f64> {
    scores.iter().zip(isc).map(|(score, isc)| score / isc).collect()
}

/// The 90th percentile of a side, NaN voxels left out; NaN if none is left.
pub(crate) fn upper_decile(scores: &[f64], side: &VoxelSet) -> Result<f64, AnalysisError> {
    let mut known = side.select(scores)?;
    known.retain(|score| !score.is_nan());
    if known.is_empty() {
        return Ok(f64::NAN);
    }
    Ok(percentile(&known, 90.0)?)
}
