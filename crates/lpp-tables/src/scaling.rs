//! Score against size and ability, and the growth of each voxel (results S1 to S4, V1).

use crate::table;
use crate::{Identity, ModelFit, OlsFit, OlsTerm, Point, SizeFit, SizePoint};

table! {
    /// One row per trained model: its score, its best layer and what it can do.
    Scaling: "scaling" {
        /// The model.
        id: Identity,
        /// Layers, the embedding included.
        n_layers: usize,
        /// Width of the last layer.
        n_hidden: Option<usize>,
        /// Mean score over all voxels, each at its best layer.
        score_all: f64,
        /// The same over reliable voxels.
        score_reliable: f64,
        /// Voxels without a score.
        n_nan_voxels: usize,
        /// Layer with the largest mean score, 0 being the embedding.
        best_layer: Option<usize>,
        /// Its number over the number of layers.
        best_layer_relative_depth: f64,
        /// Voxels whose mean chose it: reliable or all.
        voxels_of_best_layer: String,
        /// Perplexity on the text, from the table of models.
        perplexity: f64,
        /// Accuracy on HellaSwag, from the table of models.
        hellaswag: f64 ["%"],
    }
}

table! {
    /// Regression of the score on ln(parameters), one row per outcome.
    ScalingRegression: "scaling_regression" {
        /// What is regressed: a column of scaling.
        outcome: String,
        /// Its regression.
        fit: SizeFit,
    }
}

table! {
    /// The lines of scaling_regression with their bootstrap bands.
    ScalingLines: "scaling_lines" {
        /// What is regressed: a column of scaling.
        outcome: String,
        /// A place on its line.
        at: SizePoint,
    }
}

table! {
    /// Regression of the score on ln(parameters) within each family.
    ScalingByFamily: "scaling_by_family" {
        /// Model family.
        family: String,
        /// What is regressed: a column of scaling.
        outcome: String,
        /// Its regression; without a slope of fewer than three models.
        fit: SizeFit,
    }
}

table! {
    /// The lines of scaling_by_family with their bootstrap bands.
    ScalingByFamilyLines: "scaling_by_family_lines" {
        /// Model family.
        family: String,
        /// What is regressed: a column of scaling.
        outcome: String,
        /// A place on its line.
        at: SizePoint,
    }
}

table! {
    /// Coefficients of the regression of the score on ln(parameters), layers and width.
    ScalingOls: "scaling_ols" {
        /// A coefficient.
        term: OlsTerm,
    }
}

table! {
    /// Quality of the regressions of scaling_ols.
    ScalingOlsFit: "scaling_ols_fit" {
        /// A fit.
        fit: OlsFit,
    }
}

table! {
    /// Regression of the score on size, perplexity and HellaSwag accuracy, over all models and over the large ones alone.
    PerformanceRegression: "performance_regression" {
        /// What is regressed: a column of scaling.
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
    /// The lines of performance_regression on ln(perplexity) and HellaSwag accuracy, with their bootstrap bands.
    PerformanceLines: "performance_lines" {
        /// What is regressed: a column of scaling.
        outcome: String,
        /// On what; x is the perplexity itself where this is ln_perplexity.
        predictor: String,
        /// Which models: all or above_3e9_parameters.
        models: String,
        /// A place on the line.
        at: Point,
    }
}

table! {
    /// Regression of each voxel's score on ln(parameters).
    VoxelSlopes: "voxel_slopes" {
        /// Number of the voxel in masked arrays, from 0.
        voxel: usize,
        /// World x.
        x_mm: f64 ["mm"],
        /// World y.
        y_mm: f64 ["mm"],
        /// World z.
        z_mm: f64 ["mm"],
        /// Models with a size and a score here.
        n_models: usize,
        /// Least-squares slope.
        slope_per_ln_parameter: f64,
        /// Its standard error.
        std_err: f64,
        /// Its t.
        t: f64,
        /// Two-sided p of t.
        p: f64,
        /// 1 if the paper's map shows the voxel.
        shown: bool,
    }
}

table! {
    /// The threshold of the paper's map of voxel slopes, and how many voxels are beyond it.
    VoxelThreshold: "voxel_threshold" {
        /// Two-sided p of the threshold.
        p: f64,
        /// Degrees of freedom of a voxel with a score from every model.
        df: Option<usize>,
        /// The threshold as t.
        t: f64,
        /// Voxels beyond it.
        n_shown: usize,
        /// Of them, on the left.
        n_shown_left: usize,
        /// Of them, on the right.
        n_shown_right: usize,
    }
}

table! {
    /// The maps of voxel_slopes, as images in results/.
    VoxelMaps: "voxel_maps" {
        /// Stem of the image's file without the language.
        map: String,
    }
}
