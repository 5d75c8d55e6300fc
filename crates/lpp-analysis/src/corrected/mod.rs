//! The numbers of the study by corrected definitions, beside the paper's.
//!
//! A [`Sample`] holds in memory what the corrections need; each module makes one kind of table of it:
//!
//! * `delta`: every headline number, paper's and corrected, and their difference;
//! * `family_tests`: the slopes with families of models as units, without each family, given the width, and in each test run;
//! * `laterality`: `AveLI` and threshold curves of each model;
//! * `optimism`: what choosing the layer by test scores brings;
//! * `joint`: what a layer explains beyond low-level controls;
//! * `nulls`: scores and sides of a layer against reordered scans;
//! * `ceilings`: noise ceilings of both sides with their errors, and `equivalence`: whether they explain L − R;
//! * `voxel_tests`: corrections for many voxels;
//! * `partition`: explained variance divided among feature spaces;
//! * `parcels`: a spatial null for maps of parcels;
//! * `subjects`: effects over individual subjects and over runs;
//! * `growth`: logarithm or plateau;
//! * `crossed`: effects over subjects, runs and models at once;
//! * `mirror_offsets`: pairs whose partners lie beside the mirror image;
//! * `planted`: what a synthetic study plants, and whether it is found.
//!
//! Where a number of a row is not defined, the column `note` says why (`why_empty`).

mod ceiling;
mod ceilings;
mod crossed;
mod delta;
mod equivalence;
mod family_tests;
mod growth;
mod joint;
mod laterality;
mod load;
mod measures;
mod mirror_offsets;
mod nulls;
mod optimism;
mod outcome;
mod parcels;
mod partition;
mod planted;
mod sample;
mod seed;
mod slope_significance;
mod subjects;
mod swaps;
mod voxel_tests;
mod voxels;
mod why_empty;

pub(crate) use load::{sample, sample_of};
pub(crate) use outcome::Outcome;

pub use ceiling::{CALIPER, Ceiling, CeilingKind, Geometry};
pub use measures::Measure;
pub use sample::{JointScores, LayerChoice, Sample, SampleModel, SwapScores};
pub use slope_significance::SlopeTests;
pub(crate) use swaps::{Exchanged, ONE_LAYER, slope};
pub use voxels::Voxels;
pub(crate) use why_empty::{MODELS, RUNS, why_empty};

use lpp_study::Truth;
use lpp_tables::{
    CorrectedCeilings, CorrectedCrossed, CorrectedEquivalence, CorrectedFamilies, CorrectedJoint,
    CorrectedLaterality, CorrectedLateralityCurves, CorrectedMirrorOffsets, CorrectedNulls,
    CorrectedOptimism, CorrectedParcels, CorrectedRandomEffects, CorrectedRuns, CorrectedVoxelTests, Delta,
    GrowthLaw, Planted, Row, Table, VariancePartition,
};

use crate::AnalysisError;
use crate::inputs::Inputs;
use crate::need::Need;
use crate::part::{Made, Part};

/// Every correction of a study.
pub(crate) struct CorrectedPart;

impl Part for CorrectedPart {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject, Need::Regions, Need::Subjects, Need::Beside]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            Delta::NAME,
            CorrectedFamilies::NAME,
            CorrectedRuns::NAME,
            CorrectedLaterality::NAME,
            CorrectedLateralityCurves::NAME,
            CorrectedOptimism::NAME,
            CorrectedJoint::NAME,
            CorrectedNulls::NAME,
            CorrectedCeilings::NAME,
            CorrectedEquivalence::NAME,
            CorrectedVoxelTests::NAME,
            CorrectedParcels::NAME,
            CorrectedRandomEffects::NAME,
            CorrectedCrossed::NAME,
            CorrectedMirrorOffsets::NAME,
            GrowthLaw::NAME,
            VariancePartition::NAME,
            Planted::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let average = inputs.average()?;
        let sample = load::with_subjects(
            &average.brain,
            inputs.files.isc.as_deref(),
            &average.models,
            inputs.source.options.layers,
            inputs.regions()?.to_vec(),
            &inputs.files.subjects,
        )?;
        let partitions = partition::rows(&sample, &average.models, &average.brain)?;
        let made = made(&sample)?.with(&partitions);
        let truth = inputs
            .files
            .truth
            .is_some()
            .then(|| Truth::load(inputs.source.study.root()));
        let planted = match truth.transpose()? {
            Some(truth) => planted::rows(&truth, &sample, &made.rows()?, &made.rows()?),
            None => Vec::new(),
        };
        Ok(made.with(&planted))
    }
}

/// All tables of the corrections, in a fixed order; what the sample does not hold is a table without rows or empty cells.
///
/// # Errors
/// [`AnalysisError::Stats`] if the parts of the sample do not fit each other.
pub fn tables(sample: &Sample) -> Result<Vec<Table>, AnalysisError> {
    Ok(made(sample)?.tables)
}

fn made(sample: &Sample) -> Result<Made, AnalysisError> {
    let (families, runs) = family_tests::rows(sample)?;
    let (laterality, curves) = laterality::rows(sample)?;
    Ok(Made::default()
        .with(&delta::rows(sample)?)
        .with(&families)
        .with(&runs)
        .with(&laterality)
        .with(&curves)
        .with(&optimism::rows(sample)?)
        .with(&joint::rows(sample)?)
        .with(&nulls::rows(sample))
        .with(&ceilings::rows(sample)?)
        .with(&equivalence::rows(sample)?)
        .with(&voxel_tests::rows(sample)?)
        .with(&parcels::rows(sample))
        .with(&subjects::rows(sample)?)
        .with(&crossed::rows(sample)?)
        .with(&mirror_offsets::rows(sample)?)
        .with(&growth::rows(sample)?))
}
