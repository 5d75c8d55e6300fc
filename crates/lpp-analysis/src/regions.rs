//! Regions of interest and their mirror images.

use std::fs;
use std::path::{Path, PathBuf};

use lpp_fmri::{FmriError, Image};
use lpp_stats::{MeanScore, VoxelSet, ols, t_test_pooled};
use lpp_study::StudyError;

use crate::regression::{log_parameters, size_regressions};
use crate::{AnalysisError, Table};
use crate::{Brain, ModelScores};

/// A region in the left hemisphere and its mirror image in the right.
#[derive(Debug, Clone)]
pub struct Region {
    /// Name, the stem of its file.
    pub name: String,
    /// Its voxels on the left.
    pub left: VoxelSet,
    /// The mirrored voxels.
    pub right: VoxelSet,
}

impl Region {
    /// Reads all region masks of a folder, sorted by name; none if there is no such folder.
    ///
    /// # Errors
    /// [`AnalysisError`] naming the image that cannot be read or does not lie on the mask's grid.
    pub fn load_all(folder: &Path, brain: &Brain) -> Result<Vec<Self>, AnalysisError> {
        Self::files(folder)?
            .iter()
            .map(|path| Self::load(path, &name_of(path).unwrap_or_default(), brain))
            .collect()
    }

    /// The region masks of a folder, sorted by name.
    pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, AnalysisError> {
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let read = |source| StudyError::Read {
            path: folder.to_owned(),
            source,
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(read)? {
            let path = entry.map_err(read)?.path();
            if name_of(&path).is_some() {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    fn load(path: &Path, name: &str, brain: &Brain) -> Result<Self, AnalysisError> {
        let image = Image::load(path)?;
        let ones = |image: &Image| -> Result<VoxelSet, FmriError> {
            let values = brain.mask().apply_image(image)?;
            // The reference takes voxels of exactly 1.
            Ok(VoxelSet::matching(&values.row(0).to_vec(), |value| {
                value.to_bits() == 1.0_f64.to_bits()
            }))
        };
        Ok(Self {
            name: name.to_owned(),
            left: ones(&image)?,
            right: ones(&image.swap_hemispheres()?)?,
        })
    }

    fn sides(&self) -> [(&'static str, &VoxelSet); 2] {
        [("left", &self.left), ("right", &self.right)]
    }
}

/// Name of the region that an image is of; `None` for other and hidden files.
fn name_of(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let name = file
        .strip_suffix(".nii.gz")
        .or_else(|| file.strip_suffix(".nii"))?;
    (!name.starts_with('.')).then(|| name.to_owned())
}

/// Names of the tables made here.
pub(crate) const TABLES: [&str; 3] = ["rois", "rois_regression", "rois_voxel_slopes"];

/// One row per region, hemisphere and model; per region the growth of L − R with size.
pub(crate) fn tables(regions: &[Region], models: &[&ModelScores]) -> Result<Vec<Table>, AnalysisError> {
    let trained: Vec<&ModelScores> = models
        .iter()
        .copied()
        .filter(|model| model.is_trained())
        .collect();
    Ok(vec![
        score_table(regions, models)?,
        regression_table(regions, &trained)?,
        slope_table(regions, &trained)?,
    ])
}

fn score_table(regions: &[Region], models: &[&ModelScores]) -> Result<Table, AnalysisError> {
    let mut rows = Vec::new();
    for region in regions {
        for (side, voxels) in region.sides() {
            for &model in models {
                rows.push((region, side, model, MeanScore::over(&model.best, voxels)?));
            }
        }
    }
    Table::new("rois")
        .text("roi", rows.iter().map(|row| row.0.name.as_str()))?
        .text("hemisphere", rows.iter().map(|row| row.1))?
        .text("model", rows.iter().map(|row| row.2.name()))?
        .text("kind", rows.iter().map(|row| row.2.kind()))?
        .text("family", rows.iter().map(|row| row.2.family()))?
        .count(
            "n_parameters",
            rows.iter()
                .map(|row| row.2.info.n_parameters.and_then(|n| i64::try_from(n).ok())),
        )?
        .count(
            "n_voxels",
            rows.iter().map(|row| i64::try_from(row.3.n_voxels).ok()),
        )?
        .number("score", rows.iter().map(|row| row.3.mean))
}

/// Correlation and slope of left, right and L − R on size, three rows per region.
fn regression_table(regions: &[Region], trained: &[&ModelScores]) -> Result<Table, AnalysisError> {
    let mut outcomes = Vec::new();
    for region in regions {
        let mean = |voxels: &VoxelSet| -> Result<Vec<f64>, AnalysisError> {
            trained
                .iter()
                .map(|model| Ok(MeanScore::over(&model.best, voxels)?.mean))
                .collect()
        };
        let (left, right) = (mean(&region.left)?, mean(&region.right)?);
        let difference = left
            .iter()
            .zip(&right)
            .map(|(left, right)| left - right)
            .collect();
        outcomes.push((format!("{} left", region.name), left));
        outcomes.push((format!("{} right", region.name), right));
        outcomes.push((format!("{} left minus right", region.name), difference));
    }
    let named: Vec<(&str, Vec<f64>)> = outcomes
        .iter()
        .map(|(name, values)| (name.as_str(), values.clone()))
        .collect();
    size_regressions("rois_regression", trained, &named)
}

/// The slope of each voxel on ln(parameters), averaged per region and side, and their t-test.
fn slope_table(regions: &[Region], trained: &[&ModelScores]) -> Result<Table, AnalysisError> {
    let size = log_parameters(trained);
    let slopes = |voxels: &VoxelSet| -> Vec<f64> {
        voxels
            .indices()
            .iter()
            .map(|&voxel| voxel_slope(voxel, &size, trained))
            .filter(|s| s.is_finite())
            .collect()
    };
    let rows: Vec<(Vec<f64>, Vec<f64>)> = regions
        .iter()
        .map(|region| (slopes(&region.left), slopes(&region.right)))
        .collect();
    let tests: Vec<_> = rows
        .iter()
        .map(|(left, right)| t_test_pooled(left, right).ok())
        .collect();
    Table::new("rois_voxel_slopes")
        .text("roi", regions.iter().map(|region| region.name.as_str()))?
        .number(
            "slope_left_per_ln_parameter",
            rows.iter().map(|row| MeanScore::of(&row.0).mean),
        )?
        .number(
            "slope_right_per_ln_parameter",
            rows.iter().map(|row| MeanScore::of(&row.1).mean),
        )?
        .number("t", tests.iter().map(|test| test.map_or(f64::NAN, |test| test.t)))?
        .number("p", tests.iter().map(|test| test.map_or(f64::NAN, |test| test.p)))?
        .text(
            "stars",
            tests.iter().map(|test| test.map_or("", |test| test.stars())),
        )
}

/// Slope of a voxel's score on ln(parameters); NaN with too few models.
fn voxel_slope(voxel: usize, size: &[f64], trained: &[&ModelScores]) -> f64 {
    let (x, y): (Vec<f64>, Vec<f64>) = size
        .iter()
        .zip(trained)
        .map(|(&size, model)| (size, model.best[voxel]))
        .filter(|(size, score)| size.is_finite() && score.is_finite())
        .unzip();
    ols(&y, &[&x]).map_or(f64::NAN, |fit| fit.slope().estimate)
}
