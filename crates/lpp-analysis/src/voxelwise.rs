//! The growth of each voxel's score with model size.

use lpp_stats::{VoxelSet, student_t_critical, student_t_two_sided_p};
use rayon::prelude::*;

use crate::regression::log_parameters;
use crate::voxel_maps::VoxelMap;
use crate::{AnalysisError, Brain, ModelScores, Table};

/// Two-sided p below which the paper's glass brain shows a voxel.
const SHOWN_P: f64 = 1e-7;

/// A voxel's least-squares slope on ln(parameters); NaN with fewer than three models or equal sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VoxelSlope {
    /// Models with a size and a score here.
    pub(crate) n_models: usize,
    /// Growth of the score per unit of ln(parameters).
    pub(crate) slope: f64,
    std_err: f64,
    t: f64,
    p: f64,
}

impl VoxelSlope {
    fn of(points: &[(f64, f64)]) -> Self {
        let n_models = points.len();
        let nothing = Self {
            n_models,
            slope: f64::NAN,
            std_err: f64::NAN,
            t: f64::NAN,
            p: f64::NAN,
        };
        if n_models < 3 {
            return nothing;
        }
        let n = n_models as f64;
        let mean_x = points.iter().map(|point| point.0).sum::<f64>() / n;
        let mean_y = points.iter().map(|point| point.1).sum::<f64>() / n;
        let (sxx, sxy) = points.iter().fold((0.0, 0.0), |(sxx, sxy), (x, y)| {
            (sxx + (x - mean_x).powi(2), sxy + (x - mean_x) * (y - mean_y))
        });
        if sxx <= 0.0 {
            return nothing;
        }
        let slope = sxy / sxx;
        // From the residuals: a difference of sums of squares would lose the digits of a good fit.
        let rss: f64 = points
            .iter()
            .map(|(x, y)| (y - mean_y - slope * (x - mean_x)).powi(2))
            .sum();
        let std_err = (rss / (n - 2.0) / sxx).sqrt();
        let t = slope / std_err;
        Self {
            n_models,
            slope,
            std_err,
            t,
            p: student_t_two_sided_p(t, n - 2.0),
        }
    }

    /// Whether the paper's map shows the voxel.
    fn is_shown(&self) -> bool {
        self.p <= SHOWN_P
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
            VoxelSlope::of(&points)
        })
        .collect()
}

/// One row per voxel, and one that says which of them the paper's map shows.
pub(crate) fn tables(brain: &Brain, slopes: &[VoxelSlope]) -> Result<[Table; 2], AnalysisError> {
    Ok([voxel_table(brain, slopes)?, threshold_table(brain, slopes)?])
}

/// Slope, t, and the slope where the paper shows it.
pub(crate) fn maps(slopes: &[VoxelSlope]) -> Vec<VoxelMap> {
    let map = |name: &str, cell: fn(&VoxelSlope) -> f64| VoxelMap {
        name: name.to_owned(),
        values: slopes.iter().map(cell).collect(),
    };
    vec![
        map("voxel_slope", |voxel| voxel.slope),
        map("voxel_t", |voxel| voxel.t),
        map("voxel_slope_thresholded", |voxel| {
            if voxel.is_shown() { voxel.slope } else { 0.0 }
        }),
    ]
}

fn voxel_table(brain: &Brain, slopes: &[VoxelSlope]) -> Result<Table, AnalysisError> {
    let places = brain.mask().world_coordinates();
    let place = |axis: usize| places.iter().map(move |place| place[axis]);
    let column = |cell: fn(&VoxelSlope) -> f64| slopes.iter().map(cell);
    Table::new("voxel_slopes")
        .count("voxel", (0..slopes.len()).map(|voxel| i64::try_from(voxel).ok()))?
        .number("x_mm", place(0))?
        .number("y_mm", place(1))?
        .number("z_mm", place(2))?
        .count(
            "n_models",
            slopes.iter().map(|voxel| i64::try_from(voxel.n_models).ok()),
        )?
        .number("slope_per_ln_parameter", column(|voxel| voxel.slope))?
        .number("std_err", column(|voxel| voxel.std_err))?
        .number("t", column(|voxel| voxel.t))?
        .number("p", column(|voxel| voxel.p))?
        .count("shown", slopes.iter().map(|voxel| i64::from(voxel.is_shown())))
}

/// The threshold is that of a voxel with a score from every model.
fn threshold_table(brain: &Brain, slopes: &[VoxelSlope]) -> Result<Table, AnalysisError> {
    let n_models = slopes.iter().map(|voxel| voxel.n_models).max().unwrap_or(0);
    let df = n_models.checked_sub(2).filter(|&df| df > 0);
    let threshold = df.map(|df| student_t_critical(SHOWN_P, df as f64)).transpose()?;
    let shown = |set: &VoxelSet| {
        let n = set
            .indices()
            .iter()
            .filter(|&&voxel| slopes[voxel].is_shown())
            .count();
        [i64::try_from(n).ok()]
    };
    Table::new("voxel_threshold")
        .number("p", [SHOWN_P])?
        .count("df", [df.and_then(|df| i64::try_from(df).ok())])?
        .number("t", [threshold.unwrap_or(f64::NAN)])?
        .count("n_shown", shown(&brain.all()))?
        .count("n_shown_left", shown(brain.hemispheres().left()))?
        .count("n_shown_right", shown(brain.hemispheres().right()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_ordinary_least_squares() {
        let points = [(1.0, 0.2), (2.0, 0.5), (4.0, 0.6), (5.0, 1.1)];
        let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let (found, fit) = (VoxelSlope::of(&points), lpp_stats::ols(&y, &[&x]).unwrap());
        // The same sums in another order.
        assert!((found.slope - fit.slope().estimate).abs() < 1e-14);
        assert!((found.t - fit.slope().t).abs() < 1e-12 && (found.p - fit.slope().p).abs() < 1e-12);
    }

    #[test]
    fn too_few_models_have_no_slope() {
        assert!(VoxelSlope::of(&[(1.0, 2.0), (2.0, 3.0)]).slope.is_nan());
        assert!(VoxelSlope::of(&[(1.0, 2.0); 4]).slope.is_nan());
        assert!(!VoxelSlope::of(&[]).is_shown());
    }
}
