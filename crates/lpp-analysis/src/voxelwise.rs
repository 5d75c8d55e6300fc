//! The growth of each voxel's score with model size.

use lpp_stats::{SlopeTest, VoxelSet, student_t_critical};
use lpp_tables::{VoxelSlopes, VoxelThreshold};
use rayon::prelude::*;

use crate::regression::log_parameters;
use crate::voxel_maps::VoxelMap;
use crate::{AnalysisError, Brain, ModelScores};

/// Two-sided p below which the paper's glass brain shows a voxel.
const SHOWN_P: f64 = 1e-7;

/// A voxel's least-squares slope on ln(parameters); none with fewer than three models or equal sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VoxelSlope {
    /// Models with a size and a score here.
    n_models: usize,
    test: Option<SlopeTest>,
}

impl VoxelSlope {
    /// A number of the slope; NaN if there is none.
    pub(crate) fn slope(&self, cell: fn(&SlopeTest) -> f64) -> f64 {
        self.test.as_ref().map_or(f64::NAN, cell)
    }

    /// Whether the paper's map shows the voxel.
    fn is_shown(&self) -> bool {
        self.test.is_some_and(|test| test.p <= SHOWN_P)
    }
}

/// The slope of every voxel; models without a size, and scores that are NaN, are left out.
pub(crate) fn voxel_slopes(n_voxels: usize, models: &[&ModelScores]) -> Vec<VoxelSlope> {
    let size = log_parameters(models);
    (0..n_voxels)
        .into_par_iter()
        .map(|voxel| {
            let points: Vec<(f64, f64)> = size
                .iter()
                .zip(models)
                .map(|(&size, model)| (size, model.best[voxel]))
                .filter(|(size, score)| size.is_finite() && score.is_finite())
                .collect();
            VoxelSlope {
                n_models: points.len(),
                test: SlopeTest::through(&points),
            }
        })
        .collect()
}

/// Slope, t, and the slope where the paper shows it.
pub(crate) fn maps(slopes: &[VoxelSlope]) -> Vec<VoxelMap> {
    let map = |name: &str, cell: fn(&VoxelSlope) -> f64| VoxelMap {
        name: name.to_owned(),
        values: slopes.iter().map(cell).collect(),
    };
    vec![
        map("voxel_slope", |voxel| voxel.slope(|test| test.slope)),
        map("voxel_t", |voxel| voxel.slope(|test| test.t)),
        map("voxel_slope_thresholded", |voxel| {
            if voxel.is_shown() {
                voxel.slope(|test| test.slope)
            } else {
                0.0
            }
        }),
    ]
}

/// One row per voxel.
pub(crate) fn rows(brain: &Brain, slopes: &[VoxelSlope]) -> Vec<VoxelSlopes> {
    let places = brain.mask().world_coordinates();
    let row = |(voxel, (of, [x_mm, y_mm, z_mm])): (usize, (&VoxelSlope, [f64; 3]))| VoxelSlopes {
        voxel,
        x_mm,
        y_mm,
        z_mm,
        n_models: of.n_models,
        slope_per_ln_parameter: of.slope(|test| test.slope),
        std_err: of.slope(|test| test.std_err),
        t: of.slope(|test| test.t),
        p: of.slope(|test| test.p),
        shown: of.is_shown(),
    };
    slopes.iter().zip(places).enumerate().map(row).collect()
}

/// What the paper's map shows. The threshold is that of a voxel with a score from every model.
pub(crate) fn threshold(brain: &Brain, slopes: &[VoxelSlope]) -> Result<VoxelThreshold, AnalysisError> {
    let n_models = slopes.iter().map(|voxel| voxel.n_models).max().unwrap_or(0);
    let df = n_models.checked_sub(2).filter(|&df| df > 0);
    let threshold = df.map(|df| student_t_critical(SHOWN_P, df as f64)).transpose()?;
    let shown = |set: &VoxelSet| {
        let voxels = set.indices().iter();
        voxels.filter(|&&voxel| slopes[voxel].is_shown()).count()
    };
    Ok(VoxelThreshold {
        p: SHOWN_P,
        df,
        t: threshold.unwrap_or(f64::NAN),
        n_shown: shown(&brain.all()),
        n_shown_left: shown(brain.hemispheres().left()),
        n_shown_right: shown(brain.hemispheres().right()),
    })
}
