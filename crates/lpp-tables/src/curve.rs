//! Tables of the specification curve.

use crate::table;

table! {
    /// The slope of left minus right on model size under every combination of choices.
    SpecificationCurve: "specification_curve" {
        /// Place by rising slope.
        rank: usize,
        /// The variant of the fits (lpp-fit --variant); empty for the study's own.
        variant: String,
        /// Haemodynamic response of the words; empty for features of scans.
        response: String,
        /// How left is told from right: halves, x or pairs.
        sides: String,
        /// Voxels: all, reliable or reliable pairs.
        voxels: String,
        /// Noise ceilings: none, over ceiling (mean score over mean ceiling) or matched; "lower bound" if they are only that.
        ceiling: String,
        /// How layers are chosen: best_of_test, nested, or one_layer for a model.
        layer_rule: String,
        /// Test runs: all or without run 0.
        runs: String,
        /// Families: all or without one of them.
        families: String,
        /// Models of these families.
        n_models: usize,
        /// Runs.
        n_runs: usize,
        /// Mean over runs of the slope per ln(parameters).
        slope: f64,
        /// Lower end of its 95 % confidence interval over runs.
        runs_ci_low: f64,
        /// Upper end.
        runs_ci_high: f64,
        /// p over runs.
        runs_p: f64,
    }
}

table! {
    /// The specifications of the curve that make each choice.
    SpecificationCurveChoices: "specification_curve_choices" {
        /// The choice: a column of specification_curve.
        choice: String,
        /// What is chosen.
        level: String,
        /// Specifications.
        n_specifications: usize,
        /// Median slope.
        median_slope: f64,
        /// Share with a slope above 0.
        share_positive: f64,
        /// Share with a p over runs of 0.05 or less.
        share_significant: f64,
    }
}

table! {
    /// The specification curve as a whole.
    SpecificationCurveTest: "specification_curve_test" {
        /// Specifications of the curve.
        n_specifications: usize,
        /// Test runs.
        n_runs: usize,
        /// Median slope.
        median_slope: f64,
        /// Share of the specifications with a slope above 0.
        share_positive: f64,
        /// Share with a p over runs of 0.05 or less.
        share_significant: f64,
        /// Specifications in the joint test: over pairs, with one layer a model.
        n_tested: usize,
        /// Patterns of exchanged runs, the data as they are included.
        n_patterns: usize,
        /// Median over those specifications of |slope| over its standard error over runs.
        median_t: f64,
        /// Share of the patterns with a median at least as large.
        joint_p: f64,
        /// Why there is no p.
        note: String,
    }
}
