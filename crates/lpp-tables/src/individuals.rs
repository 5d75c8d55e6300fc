//! Single subjects, each with a mask of its own (result I1).

use crate::table;
use crate::{SizeFit, SizePoint};

table! {
    /// One row per subject and trained model.
    Individuals: "individuals" {
        /// The subject.
        subject: String,
        /// The model.
        model: String,
        /// Model family.
        family: String,
        /// Number of parameters; empty if unknown.
        n_parameters: Option<u64>,
        /// Voxels of the subject's mask.
        n_voxels: usize,
        /// Mean score.
        score_all: f64,
        /// 90th percentile of the score.
        score_percentile_90: f64,
        /// Mean score on the left.
        left_all: f64,
        /// Mean score on the right.
        right_all: f64,
        /// Left minus right.
        l_minus_r_all: f64,
        /// 90th percentile on the left.
        left_percentile_90: f64,
        /// 90th percentile on the right.
        right_percentile_90: f64,
        /// Left minus right of the 90th percentiles.
        l_minus_r_percentile_90: f64,
    }
}

table! {
    /// Regression of the measures of individuals on ln(parameters), subject by subject.
    IndividualsRegression: "individuals_regression" {
        /// The subject.
        subject: String,
        /// What is regressed: a column of individuals.
        outcome: String,
        /// Its regression.
        fit: SizeFit,
    }
}

table! {
    /// The lines of individuals_regression with their bootstrap bands.
    IndividualsLines: "individuals_lines" {
        /// The subject.
        subject: String,
        /// What is regressed: a column of individuals.
        outcome: String,
        /// A place on its line.
        at: SizePoint,
    }
}
