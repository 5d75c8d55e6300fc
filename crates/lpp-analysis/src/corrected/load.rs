//! Gathering a [`Sample`] from a study's files.

use std::path::{Path, PathBuf};

use lpp_files::{FileError, npy};
use lpp_fmri::load_isc;
use lpp_study::{JointRecord, ModelKind, SwapsInfo, VOXELWISE_ISC, beside_isc, beside_scores, load_sidecar};
use ndarray::{Array2, Array3, ArrayView1, Axis};

use super::sample::{JointScores, Sample, SampleModel, SwapScores};
use super::{Ceiling, Geometry};
use crate::model_scores::LayerRule;
use crate::subject::Subject;
use crate::{AnalysisError, Brain, HemisphereRule, ModelScores, Region};

/// The sample of the average subject, with ceilings.
pub(crate) fn sample(
    brain: &Brain,
    isc_path: Option<&Path>,
    models: &[ModelScores],
    layers: LayerRule,
) -> Result<Sample, AnalysisError> {
    with_ceiling(of_brain(brain, models, layers)?, brain, isc_path)
}

/// The same of models that are compared with each other, whatever they are.
pub(crate) fn sample_of(
    brain: &Brain,
    isc_path: Option<&Path>,
    models: &[&ModelScores],
    layers: LayerRule,
) -> Result<Sample, AnalysisError> {
    with_ceiling(of_models(brain, models, &[], layers)?, brain, isc_path)
}

fn with_ceiling(mut sample: Sample, brain: &Brain, isc_path: Option<&Path>) -> Result<Sample, AnalysisError> {
    sample.ceiling = ceiling(brain, isc_path, &sample)?;
    Ok(sample)
}

/// The sample of a study: average subject first, single subjects below it.
pub(super) fn with_subjects(
    brain: &Brain,
    isc_path: Option<&Path>,
    models: &[ModelScores],
    layers: LayerRule,
    regions: Vec<Region>,
    subjects: &[Subject],
) -> Result<Sample, AnalysisError> {
    let mut sample = sample(brain, isc_path, models, layers)?;
    sample.regions = regions;
    for subject in subjects {
        let brain = Brain::of_subject(&subject.mask, HemisphereRule::WorldX)?;
        let models: Vec<ModelScores> = subject
            .scores
            .iter()
            .map(|path| ModelScores::load(path, &brain))
            .collect::<Result<_, _>>()?;
        sample.subjects.push(of_brain(&brain, &models, LayerRule::All)?);
    }
    Ok(sample)
}

/// The ceilings: voxelwise if they are beside the inter-subject correlation, else a lower bound.
fn ceiling(
    brain: &Brain,
    isc_path: Option<&Path>,
    sample: &Sample,
) -> Result<Option<Ceiling>, AnalysisError> {
    let (Some(path), Some(reliable)) = (isc_path, brain.reliable()) else {
        return Ok(None);
    };
    let (isc, reliable) = (load_isc(path)?, reliable.voxels.clone());
    let geometry = Geometry {
        pairs: &sample.pairs,
        by_x: &sample.by_x,
    };
    let [r_half, without] = VOXELWISE_ISC
        .map(|what| beside_isc(path, what))
        .map(|path| stacked(&path, brain));
    if let Some(r_half) = r_half? {
        let ceiling = Ceiling::voxelwise(&isc, reliable, &r_half, without?.as_ref(), geometry)?;
        return Ok(Some(ceiling));
    }
    tracing::info!(
        "{}: no correlations of halves beside it (_voxelwise.npy, written by lpp-average): noise ceilings are a lower bound",
        path.display()
    );
    Ok(Some(Ceiling::lower_bound(&isc, reliable, geometry)?))
}

/// An array (…, `n_runs`, `n_voxels`) of correlations, if it is there.
fn stacked(path: &Path, brain: &Brain) -> Result<Option<Array3<f64>>, AnalysisError> {
    if !path.exists() {
        return Ok(None);
    }
    let values = npy::load_f64_stack(path)?;
    brain.check_voxels(path, values.len_of(Axis(2)))?;
    if let Some(r) = values.iter().find(|r| r.abs() > 1.0) {
        let expected = "correlations between -1 and 1";
        return Err(FileError::malformed(path, format!("a value of {r}"), expected).into());
    }
    Ok(Some(values))
}

fn of_brain(brain: &Brain, models: &[ModelScores], layers: LayerRule) -> Result<Sample, AnalysisError> {
    // A subject's canary lies among its scores; what lies beside that is no test of a model.
    let of_size = models
        .iter()
        .filter(|model| model.info.kind != ModelKind::Canary && !model.is_projected());
    let (trained, baselines): (Vec<&ModelScores>, Vec<&ModelScores>) =
        of_size.partition(|model| model.is_trained());
    of_models(brain, &trained, &baselines, layers)
}

fn of_models(
    brain: &Brain,
    trained: &[&ModelScores],
    baselines: &[&ModelScores],
    layers: LayerRule,
) -> Result<Sample, AnalysisError> {
    let places_mm = brain.mask().world_coordinates();
    let of_each = |models: &[&ModelScores]| -> Result<Vec<SampleModel>, AnalysisError> {
        models
            .iter()
            .map(|model| of_model(model, brain, layers))
            .collect()
    };
    Ok(Sample {
        models: of_each(trained)?,
        baselines: of_each(baselines)?,
        halves: brain.sides().halves().cloned().unwrap_or_default(),
        by_x: brain.sides().by_x().clone(),
        pairs: brain.homotopic_pairs()?,
        places_mm,
        parcel_places_mm: brain.places_mm(),
        ceiling: None,
        regions: Vec::new(),
        subjects: Vec::new(),
    })
}

fn of_model(model: &ModelScores, brain: &Brain, layers: LayerRule) -> Result<SampleModel, AnalysisError> {
    let ln = |n: Option<u64>| n.filter(|&n| n > 0).map_or(f64::NAN, |n| (n as f64).ln());
    let there = |what: &str| Some(beside_scores(&model.path, what)).filter(|path| path.exists());
    let nested = there("nested").map(|path| -> Result<Vec<f64>, AnalysisError> {
        let values = npy::load_f64_vector(&path)?;
        brain.check_voxels(&path, values.len())?;
        Ok(values.to_vec())
    });
    let nested = nested.transpose()?;
    let joint = there("joint").map(|path| {
        let runs = ["joint_runs", "joint_layer_runs"].map(there);
        joint_scores(&path, &runs, brain)
    });
    let nulls = there("nulls").map(|path| load_sidecar(&path));
    let swaps = there("swaps").map(|path| swap_scores(&path));
    Ok(SampleModel {
        name: model.name().to_owned(),
        family: model.family(),
        ln_parameters: ln(model.info.n_parameters),
        ln_width: ln(model.info.n_hidden.last().map(|&width| width as u64)),
        best: model.best.clone(),
        // The runs are those of the best of all layers.
        best_runs: there("runs")
            .filter(|_| layers == LayerRule::All)
            .map(|path| run_maps(&path, &model.best, brain))
            .transpose()?,
        nested_runs: match (&nested, there("nested_runs")) {
            (Some(nested), Some(path)) => Some(run_maps(&path, nested, brain)?),
            _ => None,
        },
        nested,
        joint: joint.transpose()?,
        nulls: nulls.transpose()?,
        swaps: swaps.transpose()?,
        run_scores: best_layer_runs(model),
    })
}

/// Mean scores over runs may differ by this much from those of the model: rounding of single precision.
const MEAN_TOLERANCE: f64 = 1e-5;

/// The scores of each test run, (`n_runs`, `n_voxels`), whose mean must be the scores of the model.
fn run_maps(path: &Path, mean: &[f64], brain: &Brain) -> Result<Array2<f64>, AnalysisError> {
    let runs = npy::load_f64_matrix(path)?;
    brain.check_voxels(path, runs.ncols())?;
    let differs = |(column, &mean): (ArrayView1<'_, f64>, &f64)| {
        let found = column.mean().unwrap_or(f64::NAN);
        mean.is_finite() && (found.is_nan() || (found - mean).abs() > MEAN_TOLERANCE)
    };
    let voxels = runs.columns().into_iter().zip(mean);
    match voxels.enumerate().find(|(_, pair)| differs(*pair)) {
        None => Ok(runs),
        Some((voxel, (column, mean))) => Err(FileError::malformed(
            path,
            format!(
                "a mean over runs of {:.5} in voxel {voxel}",
                column.mean().unwrap_or(f64::NAN)
            ),
            format!("{mean:.5}, the score of the model there; run lpp-fit again"),
        )
        .into()),
    }
}

/// Per run the mean score of the model's best layer; nothing where the sidecar has no such layer.
fn best_layer_runs(model: &ModelScores) -> Vec<f64> {
    let layer = model.best_layer().map(|(layer, _)| layer);
    let runs = layer.and_then(|layer| model.info.fold_means.get(layer));
    runs.cloned().unwrap_or_default()
}

fn joint_scores(
    path: &Path,
    [runs, layer_runs]: &[Option<PathBuf>; 2],
    brain: &Brain,
) -> Result<JointScores, AnalysisError> {
    let record: JointRecord = load_sidecar(path)?;
    let rows = npy::load_f64_matrix(path)?;
    brain.check_voxels(path, rows.ncols())?;
    check_count(path, "rows", rows.nrows(), record.fit.rows.len())?;
    let of_runs = |path: &Option<PathBuf>, n_rows| {
        let load = |path: &PathBuf| -> Result<Array3<f64>, AnalysisError> {
            let runs = npy::load_f64_stack(path)?;
            brain.check_voxels(path, runs.len_of(Axis(2)))?;
            check_count(path, "rows", runs.len_of(Axis(1)), n_rows)?;
            Ok(runs)
        };
        path.as_ref().map(load).transpose()
    };
    Ok(JointScores {
        runs: of_runs(runs, record.fit.rows.len())?,
        layer_runs: of_runs(layer_runs, super::joint::ALONE.len())?,
        record,
        rows,
    })
}

fn swap_scores(path: &Path) -> Result<SwapScores, AnalysisError> {
    let info: SwapsInfo = load_sidecar(path)?;
    let values = npy::load_f64_matrix(path)?;
    check_count(path, "columns", values.ncols(), info.measures.len())?;
    Ok(SwapScores { info, values })
}

pub(super) fn check_count(
    path: &Path,
    what: &str,
    found: usize,
    expected: usize,
) -> Result<(), AnalysisError> {
    if found == expected {
        return Ok(());
    }
    let expected = format!("{expected}, as its sidecar says; run lpp-fit again");
    Err(FileError::malformed(path, format!("{found} {what}"), expected).into())
}
