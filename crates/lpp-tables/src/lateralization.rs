//! Left against right (results A1 to A5), and layers.

use crate::table;
use crate::{Identity, ModelFit, OlsFit, OlsTerm, Point, SizeFit, SizePoint};

table! {
    /// One row per model, baselines included: left, right and their difference by five measures.
    Lateralization: "lateralization" {
        /// The model.
        id: Identity,
        /// Mean score on the left, all voxels.
        left_all: f64,
        /// Mean score on the right, all voxels.
        right_all: f64,
        /// Left minus right, all voxels.
        l_minus_r_all: f64,
        /// 90th percentile of the score on the left.
        left_percentile_90: f64,
        /// 90th percentile of the score on the right.
        right_percentile_90: f64,
        /// Left minus right of the 90th percentiles.
        l_minus_r_percentile_90: f64,
        /// Mean score on the left, reliable voxels.
        left_reliable: f64,
        /// Mean score on the right, reliable voxels.
        right_reliable: f64,
        /// Left minus right, reliable voxels.
        l_minus_r_reliable: f64,
        /// Mean of score over inter-subject correlation on the left, all voxels.
        left_isc_normalized: f64,
        /// The same on the right.
        right_isc_normalized: f64,
        /// Left minus right of these.
        l_minus_r_isc_normalized: f64,
        /// Mean of score over inter-subject correlation on the left, reliable voxels.
        left_isc_normalized_reliable: f64,
        /// The same on the right.
        right_isc_normalized_reliable: f64,
        /// Left minus right of these.
        l_minus_r_isc_normalized_reliable: f64,
    }
}

table! {
    /// Regression of left, right and left minus right on ln(parameters), over trained models.
    LateralizationRegression: "lateralization_regression" {
        /// What is regressed: a column of lateralization.
        outcome: String,
        /// Its regression.
        fit: SizeFit,
    }
}

table! {
    /// The lines of lateralization_regression with their bootstrap bands.
    LateralizationLines: "lateralization_lines" {
        /// What is regressed: a column of lateralization.
        outcome: String,
        /// A place on its line.
        at: SizePoint,
    }
}

table! {
    /// Coefficients of the regression of left minus right on ln(parameters), layers and width.
    LateralizationOls: "lateralization_ols" {
        /// A coefficient.
        term: OlsTerm,
    }
}

table! {
    /// Quality of the regressions of lateralization_ols.
    LateralizationOlsFit: "lateralization_ols_fit" {
        /// A fit.
        fit: OlsFit,
    }
}

table! {
    /// One row per model and layer: score and left minus right.
    Layers: "layers" {
        /// The model.
        id: Identity,
        /// Layer, 0 being the embedding.
        layer: usize,
        /// Its number over the number of layers.
        relative_depth: f64,
        /// Mean score over all voxels.
        score_all: f64,
        /// Left minus right, all voxels.
        l_minus_r_all: f64,
        /// Mean score over reliable voxels.
        score_reliable: f64,
        /// Left minus right, reliable voxels.
        l_minus_r_reliable: f64,
    }
}

table! {
    /// Regression of the best layer's relative depth on size, perplexity and HellaSwag accuracy.
    BestLayerRegression: "best_layer_regression" {
        /// What is regressed.
        outcome: String,
        /// On what: ln_parameters, perplexity, ln_perplexity or hellaswag.
        predictor: String,
        /// Which models: all or above_3e9_parameters.
        models: String,
        /// The regression.
        fit: ModelFit,
    }
}

table! {
    /// The lines of best_layer_regression on ln(parameters) and HellaSwag accuracy, with their bootstrap bands.
    BestLayerLines: "best_layer_lines" {
        /// What is regressed.
        outcome: String,
        /// On what; x is the number of parameters itself where this is ln_parameters.
        predictor: String,
        /// Which models: all or above_3e9_parameters.
        models: String,
        /// A place on the line.
        at: Point,
    }
}

table! {
    /// Whether features that carry time alone predict held-out scans: slow waves do if runs share a time course, slow noise
    /// only if the program is wrong.
    Canary: "canary" {
        /// The features.
        features: String,
        /// Mean score of the voxels tested.
        score_mean: f64,
        /// The score that one null in twenty exceeds.
        threshold_p05: f64,
        /// p of the score under the nulls.
        p: f64,
        /// scores if p is at most 0.05, else silent.
        flag: String,
    }
}
