//! Tables of size against the number of features, the dimension of layers, and the shape of growth.

use crate::table;

table! {
    /// Slopes on ln(parameters) of models whose features were projected at random to equally many columns, the mean over
    /// projections.
    CorrectedProjection: "corrected_projection" {
        /// Number of columns.
        dims: usize,
        /// Trained models or their untrained twins.
        models: String,
        /// Mean score or left minus right, over all or reliable voxels.
        outcome: String,
        /// How the layer was chosen: by test score, or on inner data (nested).
        layer_rule: String,
        /// Number of models that have all projections.
        n_models: usize,
        /// Number of projections (seeds).
        n_seeds: usize,
        /// Slope of the mean over projections, per unit of ln(parameters).
        slope: f64,
        /// Standard error over projections.
        std_err_over_seeds: f64,
        /// Lower end of the 95 % confidence interval over projections.
        ci_low: f64,
        /// Upper end.
        ci_high: f64,
        /// p over runs, of the mean over projections.
        runs_p: f64,
        /// p over runs and families.
        two_way_p: f64,
        /// The slope of the same models with all their features.
        slope_of_all_features: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// The dimension of the activations of each layer.
    LayerDimensions: "layer_dimensions" {
        /// The model.
        model: String,
        /// The layer.
        layer: usize,
        /// Number of words.
        n_words: usize,
        /// Number of features.
        n_features: f64,
        /// Participation ratio of their covariance: directions that the variance needs.
        participation_ratio: f64,
        /// Intrinsic dimension from the two nearest neighbours; empty where too few words differ.
        two_nn: f64,
    }
}

table! {
    /// Mean score of the best layer with ln(parameters) given ln of that layer's dimension, over trained models.
    ScoreGivenDimension: "score_given_dimension" {
        /// Which dimension.
        dimension: String,
        /// Number of models.
        n_models: usize,
        /// Correlation of score and size.
        r_with_size: f64,
        /// Its p.
        p_with_size: f64,
        /// Correlation of score and dimension.
        r_with_dimension: f64,
        /// Partial correlation of score and size given the dimension.
        r_with_size_given_dimension: f64,
        /// Its p, models as independent units.
        p_with_size_given_dimension: f64,
        /// Partial correlation of score and dimension given the size.
        r_with_dimension_given_size: f64,
        /// Its p.
        p_with_dimension_given_size: f64,
    }
}

table! {
    /// Whether an outcome grows with the logarithm of model size or levels off, by the prediction of models that were left out.
    GrowthLaw: "growth_law" {
        /// Mean score or left minus right.
        outcome: String,
        /// How the layer was chosen: by test score, or on inner data (nested).
        layer_rule: String,
        /// What is left out together: each `model`, or each `family`.
        left_out: String,
        /// Number of models.
        n_models: usize,
        /// Mean squared error of left-out models by a + b·ln(parameters).
        error_of_logarithm: f64,
        /// The same by a − b·exp(−(ln(parameters) − ln(smallest))/c), which levels off.
        error_of_plateau: f64,
        /// The law with the smaller error.
        preferred: String,
        /// The outcome at which the second law levels off, fitted to all models.
        plateau: f64,
        /// ln(parameters) at which half of the way from the smallest model to there is done.
        half_way_ln_parameters: f64,
    }
}
