//! What the corrections are computed from: voxel scores of all models, sides, pairs, ceilings, in memory.

use lpp_stats::{Groups, Hemispheres, HomotopicPairs};
use lpp_study::{JointRecord, NullsInfo, SwapsInfo};
use ndarray::{Array2, Array3};

use super::{Ceiling, Voxels};
use crate::Region;

/// One trained model or baseline.
#[derive(Debug, Clone)]
pub struct SampleModel {
    /// Name.
    pub name: String,
    /// Family, the unit of the tests over families.
    pub family: String,
    /// ln(parameters); NaN if unknown.
    pub ln_parameters: f64,
    /// ln(width of the last layer); NaN if unknown.
    pub ln_width: f64,
    /// Score of each voxel: the best over layers by test score, as in the paper.
    pub best: Vec<f64>,
    /// Score of each voxel with the layer chosen on inner data, where there is one.
    pub nested: Option<Vec<f64>>,
    /// The scores of `best` in each test run, (`n_runs`, `n_voxels`), if known.
    pub best_runs: Option<Array2<f64>>,
    /// The scores of `nested` in each test run, if known.
    pub nested_runs: Option<Array2<f64>>,
    /// One layer fitted beside low-level controls, where that was done.
    pub joint: Option<JointScores>,
    /// One layer tested against nulls, where that was done.
    pub nulls: Option<NullsInfo>,
    /// Sides of one layer while those of whole runs are exchanged, where that was done.
    pub swaps: Option<SwapScores>,
    /// Mean score over voxels of the best layer in each run; empty if unknown.
    pub run_scores: Vec<f64>,
}

/// Scores of a joint fit with controls.
#[derive(Debug, Clone)]
pub struct JointScores {
    /// Layer, controls, and what the rows are.
    pub record: JointRecord,
    /// (rows, `n_voxels`).
    pub rows: Array2<f64>,
    /// The same in each test run, (`n_runs`, rows, `n_voxels`), if known.
    pub runs: Option<Array3<f64>>,
    /// The layer alone in each test run by r and R², (`n_runs`, 2, `n_voxels`), if known.
    pub layer_runs: Option<Array3<f64>>,
}

/// Mean left minus right of pairs under every exchange of the sides of whole runs.
#[derive(Debug, Clone)]
pub struct SwapScores {
    /// Layer, and what the columns are.
    pub info: SwapsInfo,
    /// (`n_patterns`, measures).
    pub values: Array2<f64>,
}

impl SwapScores {
    /// A measure under each pattern, the data as they are first; `None` if it is not there.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<Vec<f64>> {
        let column = self.info.measures.iter().position(|known| known == name)?;
        Some(self.values.column(column).to_vec())
    }
}

impl SampleModel {
    /// Score of each voxel by a rule for its layer; `None` if there are no nested scores.
    #[must_use]
    pub fn scores(&self, rule: LayerChoice) -> Option<&[f64]> {
        match rule {
            LayerChoice::BestOfTest => Some(&self.best),
            LayerChoice::Nested => self.nested.as_deref(),
        }
    }

    /// The same in each test run.
    #[must_use]
    pub fn run_maps(&self, rule: LayerChoice) -> Option<&Array2<f64>> {
        match rule {
            LayerChoice::BestOfTest => self.best_runs.as_ref(),
            LayerChoice::Nested => self.nested_runs.as_ref(),
        }
    }
}

/// How the layer of each voxel was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerChoice {
    /// The layer with the largest mean test score, as in the paper.
    BestOfTest,
    /// The layer chosen on inner data, fold by fold.
    Nested,
}

impl LayerChoice {
    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BestOfTest => "best_of_test",
            Self::Nested => "nested",
        }
    }
}

/// The models and the brain of one language.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Trained models, by ascending size.
    pub models: Vec<SampleModel>,
    /// Baselines and untrained models.
    pub baselines: Vec<SampleModel>,
    /// The halves of the array, the paper's sides; without voxels where the halves are not the sides.
    pub halves: Hemispheres,
    /// Sides by the sign of x, without the midline.
    pub by_x: Hemispheres,
    /// Voxels and their mirror images.
    pub pairs: HomotopicPairs,
    /// World coordinates of the voxels, mm; NaN for vertices.
    pub places_mm: Vec<[f64; 3]>,
    /// The same for parcels, with vertices where they lie on the meshes of the study.
    pub parcel_places_mm: Vec<[f64; 3]>,
    /// Split-half correlations, if known.
    pub ceiling: Option<Ceiling>,
    /// Regions of interest.
    pub regions: Vec<Region>,
    /// Scores of single subjects on masks of their own; empty without any.
    pub subjects: Vec<Sample>,
}

impl Sample {
    /// ln(parameters) of each trained model.
    #[must_use]
    pub fn sizes(&self) -> Vec<f64> {
        self.models.iter().map(|model| model.ln_parameters).collect()
    }

    /// ln(width) of each trained model.
    #[must_use]
    pub fn widths(&self) -> Vec<f64> {
        self.models.iter().map(|model| model.ln_width).collect()
    }

    /// Families of the trained models.
    #[must_use]
    pub fn families(&self) -> Vec<&str> {
        self.models.iter().map(|model| model.family.as_str()).collect()
    }

    /// The trained models grouped by family.
    #[must_use]
    pub fn groups(&self) -> Groups {
        Groups::by_label(&self.families())
    }

    /// All voxels, and the reliable ones if they are known.
    #[must_use]
    pub fn selections(&self) -> &'static [Voxels] {
        if self.ceiling.is_some() {
            &[Voxels::All, Voxels::Reliable]
        } else {
            &[Voxels::All]
        }
    }

    /// Whether every trained model has scores of layers chosen on inner data.
    #[must_use]
    pub fn has_nested(&self) -> bool {
        !self.models.is_empty() && self.models.iter().all(|model| model.nested.is_some())
    }
}
