//! Left and right of each checkpoint in each run, by three definitions of sides.

use lpp_tables::{CheckpointOf, MeasureOf};
use ndarray::Array2;

use super::series::{BRAIN, Series};
use crate::competence_files::{Checkpoints, order};
use crate::corrected::{self, LayerChoice, Measure, Sample, SampleModel, Voxels};
use crate::inputs::Inputs;
use crate::{AnalysisError, ModelScores};

/// The definitions of sides.
const SIDES: [(&str, Measure); 3] = [
    ("halves", Measure::Halves),
    ("x", Measure::ByX),
    ("pairs", Measure::Pairs),
];

/// What is made of the means of both sides.
type Combined = fn([f64; 2]) -> f64;
const MEASURES: [(&str, Combined); 4] = [
    ("l", |[left, _]| left),
    ("r", |[_, right]| right),
    ("l_minus_r", |[left, right]| left - right),
    ("l_plus_r", |[left, right]| left + right),
];

/// A checkpoint with its scores.
type Scored<'a> = (CheckpointOf, &'a SampleModel);

/// The brain scores of all checkpoints of the study's scores.
pub(super) fn series(inputs: &Inputs<'_>, checkpoints: &Checkpoints) -> Result<Vec<Series>, AnalysisError> {
    let average = inputs.average()?;
    let models: Vec<ModelScores> = average
        .models
        .iter()
        .filter(|model| checkpoints.has(model.name()))
        .cloned()
        .collect();
    let isc = inputs.files.isc.as_deref();
    let sample = corrected::sample(&average.brain, isc, &models, inputs.source.options.layers)?;
    let scored = sample.models.iter().chain(&sample.baselines);
    let mut scored: Vec<Scored<'_>> = scored.map(|model| (checkpoints.of(&model.name), model)).collect();
    scored.sort_by_key(|(checkpoint, _)| order(checkpoint));
    let mut all = Vec::new();
    for of_model in scored.chunk_by(|a, b| a.0.model == b.0.model) {
        all.extend(of_one(&sample, of_model)?);
    }
    Ok(all)
}

/// The brain scores of one model over its training; none unless the scores of single runs are known.
fn of_one(sample: &Sample, scored: &[Scored<'_>]) -> Result<Vec<Series>, AnalysisError> {
    let known = |rule: &LayerChoice| scored.iter().all(|(_, model)| model.run_maps(*rule).is_some());
    let Some(rule) = [LayerChoice::Nested, LayerChoice::BestOfTest]
        .into_iter()
        .find(known)
    else {
        let missing = scored.iter().find(|(_, model)| model.best_runs.is_none());
        tracing::warn!(
            "{}: no scores of single runs (_runs.npy, written by lpp-fit), so no trajectory of left and right",
            missing.map_or("", |(_, model)| &model.name)
        );
        return Ok(Vec::new());
    };
    let voxels = if sample.ceiling.is_some() {
        Voxels::Reliable
    } else {
        Voxels::All
    };
    let mut series = Vec::new();
    for (sides, definition) in SIDES {
        let means = side_means(sample, scored, rule, definition, voxels)?;
        for (measure, combined) in MEASURES {
            let values = means.mapv(combined);
            // Sides that the mask does not have, such as the halves of a list of surface vertices.
            if values.iter().any(|value| !value.is_finite()) {
                continue;
            }
            series.push(Series {
                measure: MeasureOf {
                    kind: BRAIN.to_owned(),
                    measure: measure.to_owned(),
                    sides: sides.to_owned(),
                },
                voxels: voxels.name().to_owned(),
                layer_rule: rule.name().to_owned(),
                units: "runs",
                unit_names: (0..values.nrows()).map(|run| run.to_string()).collect(),
                checkpoints: scored.iter().map(|(checkpoint, _)| checkpoint.clone()).collect(),
                values,
                has_room: true,
            });
        }
    }
    Ok(series)
}

/// Mean scores of left and right, (`n_runs`, `n_checkpoints`).
fn side_means(
    sample: &Sample,
    scored: &[Scored<'_>],
    rule: LayerChoice,
    definition: Measure,
    voxels: Voxels,
) -> Result<Array2<[f64; 2]>, AnalysisError> {
    let maps = scored
        .iter()
        .filter_map(|(_, model)| Some((model, model.run_maps(rule)?)));
    let n_runs = maps.clone().next().map_or(0, |(_, map)| map.nrows());
    let mut means = Array2::from_elem((n_runs, scored.len()), [f64::NAN; 2]);
    for (place, (model, map)) in maps.enumerate() {
        if map.nrows() != n_runs {
            return Err(AnalysisError::Malformed {
                path: format!("scores of {}", model.name).into(),
                found: format!("{} runs", map.nrows()),
                expected: format!("{n_runs}, as the other checkpoints of the model have; run lpp-fit again"),
            });
        }
        for (run, values) in map.rows().into_iter().enumerate() {
            means[[run, place]] = definition.sides_of_run(sample, &values.to_vec(), run, voxels)?;
        }
    }
    Ok(means)
}
