//! The dimension of the layers of a model, from its activations.

use lpp_files::{Activations, Progress};
use lpp_stats::{participation_ratio, two_nn};
use lpp_steps::{FitStep, Software, TargetSet};
use lpp_study::DimensionsInfo;
use ndarray::{Array2, Axis, concatenate};

use crate::layer_job::{LayerOutcome, beside_fit};
use crate::prepared::to_f32;
use crate::{EncodingError, FitJob};

/// Participation ratio and intrinsic dimension of each layer over the words of all runs.
///
/// Of more words than the step allows, as many are taken at equal distances.
#[derive(Debug, Clone, PartialEq)]
pub struct DimensionsJob {
    /// The fit, whose step asks for dimensions.
    pub fit: FitJob,
}

impl DimensionsJob {
    /// Computes, and writes the dimensions and their meaning, unless they are up to date.
    ///
    /// # Errors
    /// [`EncodingError`] naming the activations that cannot be read, or that have no dimension.
    pub fn run(
        &self,
        software: Software,
        progress: &dyn Progress,
    ) -> Result<Vec<LayerOutcome<DimensionsInfo>>, EncodingError> {
        let step = &self.fit.step;
        let of_set = |set: &TargetSet| step.dimensions_artefact(set).into_iter().collect();
        beside_fit(&self.fit, software, progress, of_set, |_| dimensions(step))
    }
}

fn dimensions(step: &FitStep) -> Result<(Array2<f32>, DimensionsInfo), EncodingError> {
    let activations = Activations::open(&step.activations)?;
    let n_layers = activations.n_layers();
    let mut values = Array2::zeros((n_layers, DimensionsInfo::COLUMNS.len()));
    let mut n_words = 0;
    for layer in 0..n_layers {
        let words = words(step, &activations, layer)?;
        n_words = words.nrows();
        let ratio = participation_ratio(&words).map_err(|source| EncodingError::Mismatch {
            path: step.activations.clone(),
            found: format!("layer {layer}: {source}"),
            expected: "at least two words with finite activations".to_owned(),
        })?;
        // Too few words without a twin have no intrinsic dimension.
        let of_layer = [words.ncols() as f64, ratio, two_nn(&words).unwrap_or(f64::NAN)];
        for (cell, value) in values.row_mut(layer).iter_mut().zip(of_layer) {
            *cell = to_f32(value);
        }
    }
    let info = DimensionsInfo {
        model: step.model.clone(),
        columns: DimensionsInfo::COLUMNS.map(str::to_owned).to_vec(),
        n_words,
    };
    Ok((values, info))
}

/// Words of all runs at equal distances, (`n_words`, `n_features`).
fn words(step: &FitStep, activations: &Activations, layer: usize) -> Result<Array2<f64>, EncodingError> {
    let runs: Vec<Array2<f32>> = (0..activations.n_runs())
        .map(|run| activations.layer(run, layer))
        .collect::<Result<_, _>>()?;
    let views: Vec<_> = runs.iter().map(|run| run.view()).collect();
    let all = concatenate(Axis(0), &views).map_err(|_| EncodingError::Mismatch {
        path: step.activations.clone(),
        found: format!("runs of different width in layer {layer}"),
        expected: "as many features in every run".to_owned(),
    })?;
    let n = all.nrows().min(step.dimensions.unwrap_or(FitStep::MOST_WORDS));
    let places: Vec<usize> = (0..n).map(|place| place * all.nrows() / n).collect();
    Ok(all.select(Axis(0), &places).mapv(f64::from))
}
