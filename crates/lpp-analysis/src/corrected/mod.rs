//! The numbers of the study by corrected definitions, beside the paper's.
//!
//! A [`Sample`] holds in memory what the corrections need; each module makes one kind of table of it:
//!
//! * `delta`: every headline number, paper's and corrected, and their difference;
//! * `family_tests`: the slopes with families of models as units, without each family, and given the width;
//! * `laterality`: `AveLI` and threshold curves of each model;
//! * `optimism`: what choosing the layer by test scores brings;
//! * `joint`: what a layer explains beyond low-level controls;
//! * `nulls`: scores and sides of a layer against reordered scans;
//! * `ceilings`: noise ceilings of both sides, with uncertainty and equivalence;
//! * `voxel_tests`: corrections for many voxels;
//! * `parcels`: a spatial null for maps of parcels;
//! * `subjects`: effects over individual subjects and over runs.

mod ceilings;
mod delta;
mod family_tests;
mod joint;
mod laterality;
mod load;
mod measures;
mod nulls;
mod optimism;
mod parcels;
mod sample;
mod slope_tests;
mod subjects;
mod voxel_tests;

pub use measures::{CALIPER, Measure};
pub use sample::{Ceiling, JointScores, Sample, SampleModel};
pub use slope_tests::SlopeTests;

pub(crate) use load::{files, load};

use crate::{AnalysisError, Table};

/// Names of the tables made here.
pub(crate) const TABLES: [&str; 11] = [
    "delta",
    "corrected_families",
    "corrected_laterality",
    "corrected_laterality_curves",
    "corrected_optimism",
    "corrected_joint",
    "corrected_nulls",
    "corrected_ceilings",
    "corrected_voxel_tests",
    "corrected_parcels",
    "corrected_random_effects",
];

/// Seed of all draws: tables must not change from run to run.
const SEED: u64 = 20_251_125;

/// All tables of the corrections, in a fixed order; what the sample does not hold is a table without rows or empty cells.
///
/// # Errors
/// [`AnalysisError::Stats`] if the parts of the sample do not fit each other.
pub fn tables(sample: &Sample) -> Result<Vec<Table>, AnalysisError> {
    let [laterality, curves] = laterality::tables(sample)?;
    Ok(vec![
        delta::table(sample)?,
        family_tests::table(sample)?,
        laterality,
        curves,
        optimism::table(sample)?,
        joint::table(sample)?,
        nulls::table(sample)?,
        ceilings::table(sample)?,
        voxel_tests::table(sample)?,
        parcels::table(sample)?,
        subjects::table(sample)?,
    ])
}
