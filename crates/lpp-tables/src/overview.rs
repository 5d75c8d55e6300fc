//! Voxels, their sides and their reliability (results N1, N2, F1).

use crate::table;

table! {
    /// Headline numbers of the study, one a row.
    Summary: "summary" {
        /// What is counted or measured.
        quantity: String,
        /// Its value.
        value: f64,
    }
}

table! {
    /// Inter-subject correlation of both sides, by both rules of hemispheres, over all and over reliable voxels.
    Isc: "isc" {
        /// How left is told from right: halves of the array, or x.
        hemisphere_rule: String,
        /// Voxels: all or reliable.
        voxels: String,
        /// Voxels on the left.
        n_left: Option<usize>,
        /// Voxels on the right.
        n_right: Option<usize>,
        /// Mean correlation on the left.
        isc_left: f64,
        /// Mean correlation on the right.
        isc_right: f64,
        /// Left minus right.
        isc_left_minus_right: f64,
    }
}

table! {
    /// Kernel density of the inter-subject correlation over voxels.
    IscDensity: "isc_density" {
        /// Correlation.
        isc: f64,
        /// Density there.
        density: f64,
    }
}
