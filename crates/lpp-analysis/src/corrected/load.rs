//! Gathering a [`Sample`] from a study's files.

use std::path::Path;

use lpp_fmri::load_isc;
use lpp_study::{JointInfo, Language, ModelKind, Study, StudyError, beside_scores, load_sidecar, npy};

use super::{Ceiling, JointScores, Sample, SampleModel};
use crate::beside::{subject_scores, subjects};
use crate::{AnalysisError, Brain, HemisphereRule, ModelScores, Region};

/// The sample of a study: average subject first, single subjects below it.
pub(crate) fn load(
    study: &Study,
    lang: Language,
    brain: &Brain,
    isc_path: Option<&Path>,
    models: &[ModelScores],
    regions: Vec<Region>,
) -> Result<Sample, AnalysisError> {
    let ceiling = match (isc_path, brain.reliable()) {
        (Some(path), Some(reliable)) => Some(Ceiling::new(load_isc(path)?, reliable.voxels.clone())?),
        _ => None,
    };
    let mut sample = of_brain(brain, models)?;
    sample.ceiling = ceiling;
    sample.regions = regions;
    for subject in subjects(study)? {
        let paths = subject_scores(study, &subject, lang);
        if paths.is_empty() {
            continue;
        }
        let brain = Brain::of_subject(&study.subject_mask(&subject), HemisphereRule::WorldX)?;
        let models: Vec<ModelScores> = paths
            .iter()
            .map(|path| ModelScores::load(path, &brain))
            .collect::<Result<_, _>>()?;
        sample.subjects.push(of_brain(&brain, &models)?);
    }
    Ok(sample)
}

fn of_brain(brain: &Brain, models: &[ModelScores]) -> Result<Sample, AnalysisError> {
    let places_mm = brain.mask().world_coordinates();
    let (mut trained, mut baselines) = (Vec::new(), Vec::new());
    // A subject's canary lies among its scores; what lies beside that is no test of a model.
    for model in models.iter().filter(|model| model.info.kind != ModelKind::Canary) {
        let target = if model.is_trained() {
            &mut trained
        } else {
            &mut baselines
        };
        target.push(of_model(model, brain)?);
    }
    Ok(Sample {
        models: trained,
        baselines,
        halves: brain.sides().halves().cloned().unwrap_or_default(),
        by_x: brain.sides().by_x().clone(),
        pairs: brain.homotopic_pairs()?,
        places_mm,
        ceiling: None,
        regions: Vec::new(),
        subjects: Vec::new(),
    })
}

fn of_model(model: &ModelScores, brain: &Brain) -> Result<SampleModel, AnalysisError> {
    let ln = |n: Option<u64>| n.filter(|&n| n > 0).map_or(f64::NAN, |n| (n as f64).ln());
    let there = |what: &str| Some(beside_scores(&model.path, what)).filter(|path| path.exists());
    let nested = there("nested").map(|path| -> Result<Vec<f64>, AnalysisError> {
        let values = npy::load_f64_vector(&path)?;
        brain.check_voxels(&path, values.len())?;
        Ok(values.to_vec())
    });
    let joint = there("joint").map(|path| joint_scores(&path, brain));
    let nulls = there("nulls").map(|path| load_sidecar(&path));
    Ok(SampleModel {
        name: model.name().to_owned(),
        family: model.family(),
        ln_parameters: ln(model.info.n_parameters),
        ln_width: ln(model.info.n_hidden.last().map(|&width| width as u64)),
        best: model.best.clone(),
        nested: nested.transpose()?,
        joint: joint.transpose()?,
        nulls: nulls.transpose()?,
        run_scores: best_layer_runs(model),
    })
}

/// Per run the mean score of the model's best layer; nothing where the sidecar has no such layer.
fn best_layer_runs(model: &ModelScores) -> Vec<f64> {
    let layer = model.best_layer().map(|(layer, _)| layer);
    let runs = layer.and_then(|layer| model.info.fold_means.get(layer));
    runs.cloned().unwrap_or_default()
}

fn joint_scores(path: &Path, brain: &Brain) -> Result<JointScores, AnalysisError> {
    let info: JointInfo = load_sidecar(path)?;
    let rows = npy::load_f64_matrix(path)?;
    brain.check_voxels(path, rows.ncols())?;
    if rows.nrows() != info.rows.len() {
        let found = format!("{} rows", rows.nrows());
        let expected = format!("{}, as its sidecar says", info.rows.len());
        return Err(StudyError::malformed(path, found, expected).into());
    }
    Ok(JointScores { info, rows })
}
