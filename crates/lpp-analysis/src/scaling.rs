//! Brain score against model size.

use std::collections::BTreeSet;

use lpp_stats::MeanScore;
use lpp_tables::{
    PerformanceLines, PerformanceRegression, Row, Scaling, ScalingByFamily, ScalingByFamilyLines,
    ScalingLines, ScalingOls, ScalingOlsFit, ScalingRegression, VoxelMaps, VoxelSlopes, VoxelThreshold,
};

use crate::inputs::Inputs;
use crate::lines::size_line;
use crate::model_columns::{identity, reliable_mean};
use crate::need::Need;
use crate::part::{Made, Part};
use crate::regression::{Outcome, full_regressions, log_parameters, parameters, size_fit};
use crate::voxelwise::voxel_slopes;
use crate::{AnalysisError, Brain, ModelInfoTable, ModelScores};
use crate::{performance, voxelwise};

/// One row per trained model, regressions of the score on size and performance, and the growth of each voxel.
pub(crate) struct ScalingPart;

impl Part for ScalingPart {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            Scaling::NAME,
            ScalingRegression::NAME,
            ScalingLines::NAME,
            ScalingByFamily::NAME,
            ScalingByFamilyLines::NAME,
            ScalingOls::NAME,
            ScalingOlsFit::NAME,
            PerformanceRegression::NAME,
            PerformanceLines::NAME,
            VoxelSlopes::NAME,
            VoxelThreshold::NAME,
            VoxelMaps::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let (average, info, seed) = (inputs.average()?, &inputs.info, inputs.seed());
        let models = average.trained();
        let rows = model_rows(&average.brain, &models, info)?;
        let outcomes = [
            (
                "score_all".to_owned(),
                rows.iter().map(|row| row.score_all).collect(),
            ),
            (
                "score_reliable".to_owned(),
                rows.iter().map(|row| row.score_reliable).collect(),
            ),
        ];
        let (regressions, lines) = size_tables(&models, &outcomes, seed)?;
        let (families, family_lines) = by_family(&models, &outcomes, seed)?;
        let (terms, fits) = full_regressions(&models, &outcomes);
        let performance = performance::regressions(&models, info, &outcomes);
        let performance = performance.into_iter().map(|(key, fit)| PerformanceRegression {
            outcome: key.outcome,
            predictor: key.predictor,
            models: key.models,
            fit,
        });
        let performance_lines =
            performance::lines(&models, info, &outcomes, ["ln_perplexity", "hellaswag"], seed)?;
        let performance_lines = performance_lines.into_iter().map(|(key, at)| PerformanceLines {
            outcome: key.outcome,
            predictor: key.predictor,
            models: key.models,
            at,
        });
        let slopes = voxel_slopes(average.brain.n_voxels(), &models);
        let maps = voxelwise::maps(&slopes);
        let listed = maps.iter().map(|map| VoxelMaps {
            map: map.name.clone(),
        });
        let made = Made::default()
            .with(&rows)
            .with(&regressions)
            .with(&lines)
            .with(&families)
            .with(&family_lines)
            .with(
                &terms
                    .into_iter()
                    .map(|term| ScalingOls { term })
                    .collect::<Vec<_>>(),
            )
            .with(
                &fits
                    .into_iter()
                    .map(|fit| ScalingOlsFit { fit })
                    .collect::<Vec<_>>(),
            )
            .with(&performance.collect::<Vec<_>>())
            .with(&performance_lines.collect::<Vec<_>>())
            .with(&voxelwise::rows(&average.brain, &slopes))
            .with(&[voxelwise::threshold(&average.brain, &slopes)?])
            .with(&listed.collect::<Vec<_>>());
        Ok(Made { maps, ..made })
    }
}

fn model_rows(
    brain: &Brain,
    models: &[&ModelScores],
    info: &ModelInfoTable,
) -> Result<Vec<Scaling>, AnalysisError> {
    let perplexity = info.column(models, |row| row.perplexity);
    let hellaswag = info.column(models, |row| row.hellaswag);
    let row = |(i, model): (usize, &&ModelScores)| {
        let all = MeanScore::of(&model.best);
        let best = model.best_layer();
        Ok(Scaling {
            id: identity(model),
            n_layers: model.layers.len(),
            n_hidden: model.width(),
            score_all: all.mean,
            score_reliable: reliable_mean(brain, model)?,
            n_nan_voxels: all.n_nan,
            best_layer: best.map(|(layer, _)| layer),
            best_layer_relative_depth: best.map_or(f64::NAN, |(_, depth)| depth),
            voxels_of_best_layer: model.voxels_of_best_layer().to_string(),
            perplexity: perplexity[i],
            hellaswag: hellaswag[i],
        })
    };
    models.iter().enumerate().map(row).collect()
}

/// The regression of each outcome on size, and its line.
fn size_tables(
    models: &[&ModelScores],
    outcomes: &[Outcome],
    seed: u64,
) -> Result<(Vec<ScalingRegression>, Vec<ScalingLines>), AnalysisError> {
    let (ln_size, size) = (log_parameters(models), parameters(models));
    let (mut fits, mut lines) = (Vec::new(), Vec::new());
    for (outcome, values) in outcomes {
        fits.push(ScalingRegression {
            outcome: outcome.clone(),
            fit: size_fit(&ln_size, values),
        });
        let line = size_line(&size, values, seed)?;
        lines.extend(line.into_iter().map(|at| ScalingLines {
            outcome: outcome.clone(),
            at,
        }));
    }
    Ok((fits, lines))
}

/// The same within each family; with fewer than three models the slope is an empty cell.
fn by_family(
    models: &[&ModelScores],
    outcomes: &[Outcome],
    seed: u64,
) -> Result<(Vec<ScalingByFamily>, Vec<ScalingByFamilyLines>), AnalysisError> {
    let families: BTreeSet<String> = models.iter().map(|model| model.family()).collect();
    let (mut fits, mut lines) = (Vec::new(), Vec::new());
    for family in families {
        let own = (0..models.len()).filter(|&i| models[i].family() == family);
        let own: Vec<usize> = own.collect();
        let members: Vec<&ModelScores> = own.iter().map(|&i| models[i]).collect();
        let outcomes = outcomes
            .iter()
            .map(|(outcome, values)| (outcome.clone(), own.iter().map(|&i| values[i]).collect()));
        let (own_fits, own_lines) = size_tables(&members, &outcomes.collect::<Vec<_>>(), seed)?;
        fits.extend(own_fits.into_iter().map(|row| ScalingByFamily {
            family: family.clone(),
            outcome: row.outcome,
            fit: row.fit,
        }));
        lines.extend(own_lines.into_iter().map(|row| ScalingByFamilyLines {
            family: family.clone(),
            outcome: row.outcome,
            at: row.at,
        }));
    }
    Ok((fits, lines))
}
