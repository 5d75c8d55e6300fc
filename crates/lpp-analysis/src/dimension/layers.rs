//! The dimension of each layer, and scores with size given the dimension.

use lpp_files::{FileError, npy};
use lpp_stats::{Correlation, partial_correlation, pearson};
use lpp_study::{DimensionsInfo, beside_scores, load_sidecar};
use lpp_tables::{LayerDimensions, ScoreGivenDimension};
use ndarray::Array2;

use crate::{AnalysisError, ModelScores};

/// Dimensions of a model's layers.
pub(super) struct OfModel<'m> {
    model: &'m ModelScores,
    n_words: usize,
    /// (`n_layers`, [`DimensionsInfo::COLUMNS`]).
    values: Array2<f64>,
}

/// Those of all models that have them.
pub(super) fn load(models: &[ModelScores]) -> Result<Vec<OfModel<'_>>, AnalysisError> {
    let mut found = Vec::new();
    for model in models {
        let path = beside_scores(&model.path, "dimensions");
        if !path.exists() {
            continue;
        }
        let info: DimensionsInfo = load_sidecar(&path)?;
        let values = npy::load_f64_matrix(&path)?;
        let expected = [model.info.n_hidden.len(), DimensionsInfo::COLUMNS.len()];
        if values.shape() != expected || info.columns != DimensionsInfo::COLUMNS {
            let found = format!("shape {:?}, columns {:?}", values.shape(), info.columns);
            let expected = format!(
                "{expected:?} and {:?}, for the layers of the scores; run lpp-fit --dimensions again",
                DimensionsInfo::COLUMNS
            );
            return Err(FileError::malformed(&path, found, expected).into());
        }
        found.push(OfModel {
            model,
            n_words: info.n_words,
            values,
        });
    }
    Ok(found)
}

/// A row per model and layer.
pub(super) fn rows(models: &[OfModel<'_>]) -> Vec<LayerDimensions> {
    let of_model = |of: &OfModel<'_>| {
        let (name, n_words) = (of.model.name().to_owned(), of.n_words);
        let row = move |(layer, values): (usize, Vec<f64>)| LayerDimensions {
            model: name.clone(),
            layer,
            n_words,
            n_features: values[0],
            participation_ratio: values[1],
            two_nn: values[2],
        };
        let layers: Vec<Vec<f64>> = of.values.rows().into_iter().map(|row| row.to_vec()).collect();
        layers.into_iter().enumerate().map(row)
    };
    models.iter().flat_map(of_model).collect()
}

/// Correlations of the trained models' mean score with size, given the dimension of their best layer, by each dimension.
pub(super) fn given_dimension(models: &[OfModel<'_>]) -> Result<Vec<ScoreGivenDimension>, AnalysisError> {
    let mut rows = Vec::new();
    for (column, dimension) in DimensionsInfo::COLUMNS.iter().enumerate() {
        let (mut size, mut score, mut of_layer) = (Vec::new(), Vec::new(), Vec::new());
        for of in models.iter().filter(|of| of.model.is_trained()) {
            let (Some(n), Some((layer, _))) = (of.model.info.n_parameters, of.model.best_layer()) else {
                continue;
            };
            let mean = of.model.layers[layer].whole.mean;
            let value = of.values[[layer, column]];
            if value > 0.0 && n > 0 {
                size.push((n as f64).ln());
                score.push(mean);
                of_layer.push(value.ln());
            }
        }
        if size.len() < 4 {
            continue;
        }
        let [plain, with_dimension] = [pearson(&score, &size)?, pearson(&score, &of_layer)?];
        let given = partial_correlation(&score, &size, &of_layer)?;
        let given_size: Correlation = partial_correlation(&score, &of_layer, &size)?;
        rows.push(ScoreGivenDimension {
            dimension: (*dimension).to_owned(),
            n_models: size.len(),
            r_with_size: plain.r,
            p_with_size: plain.p,
            r_with_dimension: with_dimension.r,
            r_with_size_given_dimension: given.r,
            p_with_size_given_dimension: given.p,
            r_with_dimension_given_size: given_size.r,
            p_with_dimension_given_size: given_size.p,
        });
    }
    Ok(rows)
}
