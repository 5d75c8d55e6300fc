//! Regions of interest and parcels of an atlas (results R1, R2, F2, P1).

use crate::table;
use crate::{ParcelFit, Point, SizeFit, SizePoint};

table! {
    /// One row per region, side and model.
    Rois: "rois" {
        /// The region.
        roi: String,
        /// left or right.
        hemisphere: String,
        /// Name of the model or baseline.
        model: String,
        /// What it is: model, checkpoint, untrained, baseline or control.
        kind: String,
        /// Model family.
        family: String,
        /// Number of parameters; empty if unknown.
        n_parameters: Option<u64>,
        /// Voxels of the region that have a score.
        n_voxels: usize,
        /// Mean score.
        score: f64,
        /// Mean score minus that of the widest random embedding; empty if there is none.
        score_over_random_embedding: f64,
    }
}

table! {
    /// Mean inter-subject correlation of each region and side.
    RoisIsc: "rois_isc" {
        /// The region.
        roi: String,
        /// left or right.
        hemisphere: String,
        /// Voxels that have a correlation.
        n_voxels: usize,
        /// Mean correlation.
        isc: f64,
        /// Lower end of its 95 % interval from 10,000 resamples of the voxels, which are no independent sample.
        isc_ci_low: f64,
        /// Upper end.
        isc_ci_high: f64,
        /// Seed of the resampling.
        seed: Option<u64>,
    }
}

table! {
    /// Regression of each region's score on ln(parameters): left, right, and left minus right.
    RoisRegression: "rois_regression" {
        /// The region, then left, right or left minus right.
        outcome: String,
        /// Its regression.
        fit: SizeFit,
    }
}

table! {
    /// The lines of rois_regression with their bootstrap bands.
    RoisLines: "rois_lines" {
        /// The region, then left, right or left minus right.
        outcome: String,
        /// A place on its line.
        at: SizePoint,
    }
}

table! {
    /// The regressions of rois_regression with scores over the widest random embedding.
    RoisOverRandomRegression: "rois_over_random_regression" {
        /// The region, then left, right or left minus right.
        outcome: String,
        /// Its regression.
        fit: SizeFit,
    }
}

table! {
    /// The lines of rois_over_random_regression with their bootstrap bands.
    RoisOverRandomLines: "rois_over_random_lines" {
        /// The region, then left, right or left minus right.
        outcome: String,
        /// A place on its line.
        at: SizePoint,
    }
}

table! {
    /// Slopes of single voxels on ln(parameters), averaged over each region, and their t-test between the sides.
    RoisVoxelSlopes: "rois_voxel_slopes" {
        /// The region.
        roi: String,
        /// Voxels on the left that have a slope.
        n_voxels_left: usize,
        /// Voxels on the right that have a slope.
        n_voxels_right: usize,
        /// Mean slope on the left.
        slope_left_per_ln_parameter: f64,
        /// Mean slope on the right.
        slope_right_per_ln_parameter: f64,
        /// t between the voxels of both sides.
        t: f64,
        /// Two-sided p of t.
        p: f64,
        /// Stars of p: * below 0.05, ** below 0.01, *** below 0.001, else ns.
        stars: String,
    }
}

table! {
    /// One row per parcel of the atlas and its counterpart on the other side.
    Atlas: "atlas" {
        /// The parcel.
        parcel: String,
        /// Voxels on the left.
        n_voxels_left: usize,
        /// Voxels on the right.
        n_voxels_right: usize,
        /// Mean inter-subject correlation on the left.
        isc_left: f64,
        /// Mean inter-subject correlation on the right.
        isc_right: f64,
        /// Left minus right.
        isc_l_minus_r: f64,
        /// t between the voxels of both sides.
        isc_t: f64,
        /// Two-sided p of t.
        isc_p: f64,
        /// Stars of p: * below 0.05, ** below 0.01, *** below 0.001, else ns.
        isc_stars: String,
        /// Mean score over trained models on the left.
        score_left: f64,
        /// Mean score over trained models on the right.
        score_right: f64,
        /// Slope over models of left minus right on ln(parameters).
        slope_l_minus_r_per_ln_parameter: f64,
        /// Two-sided p of that slope.
        slope_p: f64,
    }
}

table! {
    /// One row per region of the atlas, on whatever side: cortex, subcortical structures, cerebellum. Without an atlas, the
    /// structures of grayordinates.
    AtlasRegions: "atlas_regions" {
        /// Its label.
        label: usize,
        /// Its name.
        region: String,
        /// Where its voxels are: left, right, both (more than a tenth of them on either side), or midline.
        side: String,
        /// Voxels in the mask, or vertices.
        n_voxels: usize,
        /// Those on the left.
        n_left: usize,
        /// Those on the right.
        n_right: usize,
        /// Centre, mm to the right; empty for vertices.
        x_mm: f64,
        /// Centre, mm to the front.
        y_mm: f64,
        /// Centre, mm upwards.
        z_mm: f64,
        /// Mean inter-subject correlation.
        isc: f64,
        /// Mean score over trained models.
        score: f64,
        /// Slope over models of the score on ln(parameters).
        slope_per_ln_parameter: f64,
        /// Two-sided p of that slope.
        slope_p: f64,
    }
}

table! {
    /// Over parcels: growth of left minus right with that of the correlation, and score with correlation.
    AtlasRegression: "atlas_regression" {
        /// What is regressed.
        outcome: String,
        /// On what.
        predictor: String,
        /// The regression.
        fit: ParcelFit,
    }
}

table! {
    /// The lines of atlas_regression with their bootstrap bands.
    AtlasLines: "atlas_lines" {
        /// What is regressed.
        outcome: String,
        /// On what: x.
        predictor: String,
        /// A place on the line.
        at: Point,
    }
}
