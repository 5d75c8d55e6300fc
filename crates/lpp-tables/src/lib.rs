//! The tables of a study: what their columns are called and mean, stated once.
//!
//! [`table!`] declares a table. The declaration gives the struct of a row, its columns with their stored names, units and
//! meanings ([`Declaration`]), CSV, Parquet and JSON ([`Table`]), and the documentation. Programs that compute fill rows,
//! figures read them: a column that is renamed or gone does not compile where one of them uses it.
//!
//! The crate knows neither statistics nor studies. Missing values are empty cells in CSV and nulls in Parquet and JSON.
//!
//! ```
//! use lpp_tables::{IscDensity, Row, Table};
//! let table = Table::of(&[IscDensity { isc: 0.25, density: f64::NAN }]);
//! assert_eq!(table.to_csv(), "isc,density\n0.25,\n");
//! let back = Table::read_csv(IscDensity::declaration(), table.to_csv().as_bytes())?;
//! assert!(back.rows::<IscDensity>()?[0].density.is_nan());
//! # Ok::<(), lpp_tables::TableError>(())
//! ```

#![allow(
    clippy::doc_markdown,
    reason = "the documentation of a column is what pages show, without backticks"
)]

mod baselines;
mod cell;
mod competence;
mod corrected;
mod csv_file;
mod curve;
mod error;
mod fields;
mod groups;
mod individuals;
mod languages;
mod lateralization;
pub mod number;
mod overview;
mod parquet_file;
mod partition;
mod regions;
mod scaling;
mod size;
mod table;
mod transfer;

pub use cell::{Cell, Kind};
pub use competence::{CheckpointOf, Estimate, MeasureOf};
pub use error::TableError;
pub use fields::{Column, Declaration, Fields, Row};
pub use groups::{
    Identity, Line, LinePoint, MeansOverRuns, Measures, ModelFit, OlsFit, OlsTerm, ParcelFit, Point,
    Regression, RegressionSummary, SizeFit, SizePoint,
};
pub use languages::{Compare, Languages};
pub use table::Table;
pub use transfer::Transfers;

/// Exports the tables of one language and lists them.
macro_rules! tables_of_a_language {
    ($($file:ident: $($row:ident)+;)*) => {
        $(pub use $file::{$($row),+};)*

        /// Every table of one language, in the order in which pages show them.
        #[must_use]
        pub fn declarations() -> Vec<Declaration> {
            vec![$($($row::declaration()),+),*]
        }
    };
}

tables_of_a_language! {
    overview: Summary Isc IscDensity;
    scaling: Scaling ScalingRegression ScalingLines ScalingByFamily ScalingByFamilyLines ScalingOls ScalingOlsFit
        PerformanceRegression PerformanceLines VoxelThreshold VoxelSlopes VoxelMaps;
    lateralization: Lateralization LateralizationRegression LateralizationLines LateralizationOls LateralizationOlsFit
        Layers BestLayerRegression BestLayerLines Canary;
    baselines: BaselineGroups Baselines BaselineMaps ScoreDensities Training TrainingRegression TrainingLines Checkpoints;
    regions: RoisRegression RoisLines RoisVoxelSlopes Rois RoisOverRandomRegression RoisOverRandomLines RoisIsc
        Atlas AtlasRegions AtlasRegression AtlasLines;
    individuals: Individuals IndividualsRegression IndividualsLines;
    corrected: Delta CorrectedFamilies CorrectedLaterality CorrectedLateralityCurves CorrectedOptimism CorrectedJoint
        CorrectedNulls CorrectedCeilings CorrectedEquivalence CorrectedVoxelTests CorrectedParcels CorrectedRandomEffects
        CorrectedCrossed CorrectedMirrorOffsets CorrectedRuns Planted;
    curve: SpecificationCurve SpecificationCurveChoices SpecificationCurveTest;
    partition: VariancePartition;
    size: CorrectedProjection LayerDimensions ScoreGivenDimension GrowthLaw;
    competence: Competence Trajectories Transitions TransitionPairs Surprisal;
}

/// The declaration of a table of one language; `None` if there is no such table.
#[must_use]
pub fn declaration(name: &str) -> Option<Declaration> {
    declarations().into_iter().find(|table| table.name == name)
}
