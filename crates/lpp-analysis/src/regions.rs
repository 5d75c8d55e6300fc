//! Regions of interest and their mirror images.

use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::FileError;
use lpp_fmri::{RegionVoxels, warn_once};
use lpp_stats::{Interval, MeanScore, VoxelSet, bootstrap_mean, t_test_pooled};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::baselines::random_embedding;
use crate::densities::group_maps;
use crate::lines::size_lines;
use crate::regression::size_regressions;
use crate::side_names::{Hand, NamedSide};
use crate::voxelwise::voxel_slopes;
use crate::{AnalysisError, Column, Table};
use crate::{Brain, ModelScores};

/// A region of both hemispheres: its voxels on one side and their mirror images on the other.
#[derive(Debug, Clone)]
pub struct Region {
    /// Name, the stem of its file.
    pub name: String,
    /// Its voxels at x < 0: its own if it was given on the left, else their mirror images.
    pub left: VoxelSet,
    /// Its voxels at x > 0.
    pub right: VoxelSet,
}

impl Region {
    /// Reads all region masks of a folder, sorted by name; none if there is no such folder.
    ///
    /// The side of a region is that of its voxels. A region on both sides is joined with its mirror image and parted at x = 0. One
    /// without a voxel in the mask, or with voxels of the midline alone, is left out. Both with a warning that names it.
    ///
    /// # Errors
    /// [`AnalysisError`] naming the image that cannot be read, does not lie on the mask's grid, or whose name tells another side
    /// than its voxels.
    pub fn load_all(folder: &Path, brain: &Brain) -> Result<Vec<Self>, AnalysisError> {
        let mut regions = Vec::new();
        for path in Self::files(folder)? {
            regions.extend(Self::load(&path, &name_of(&path).unwrap_or_default(), brain)?);
        }
        Ok(regions)
    }

    /// The region masks of a folder, sorted by name.
    pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, AnalysisError> {
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let read = |source| FileError::Read {
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

    fn load(path: &Path, name: &str, brain: &Brain) -> Result<Option<Self>, AnalysisError> {
        let RegionVoxels { own, mirrored } = RegionVoxels::load(path, brain.mask())?;
        let set = |flags: &[bool]| VoxelSet::at((0..flags.len()).filter(|&voxel| flags[voxel]).collect());
        let by_x = brain.sides().by_x();
        let own = set(&own);
        let n = [by_x.left(), by_x.right()].map(|side| own.intersection(side).len());
        if own.is_empty() {
            warn_once(path, "no voxel of the region lies in the mask: it is left out");
            return Ok(None);
        }
        if n == [0, 0] {
            warn_once(
                path,
                "all voxels of the region lie at x = 0, neither left nor right: it is left out",
            );
            return Ok(None);
        }
        check_name(path, name, n)?;
        let both = if let Some(mirrored) = mirrored {
            VoxelSet::at([own.indices(), set(&mirrored).indices()].concat())
        } else {
            warn_once(
                path,
                "the mask's grid has no mirror images across x = 0: one side of the region is not known",
            );
            own.clone()
        };
        if n[0] > 0 && n[1] > 0 {
            let [left, right] = n;
            let note = format!(
                "the region lies on both sides, {left} voxels left and {right} right of x = 0: it is joined with its mirror image \
                 and parted there"
            );
            warn_once(path, &note);
        }
        Ok(Some(Self {
            name: name.to_owned(),
            left: both.intersection(by_x.left()),
            right: both.intersection(by_x.right()),
        }))
    }

    fn sides(&self) -> [(&'static str, &VoxelSet); 2] {
        [("left", &self.left), ("right", &self.right)]
    }
}

/// Whether the side in a region's name is that of its voxels, of which `n` lie left and right.
fn check_name(path: &Path, name: &str, n: [usize; 2]) -> Result<(), AnalysisError> {
    let contradicted = match NamedSide::of(name).map(|named| named.side) {
        Some(Hand::Left) => n[0] < n[1],
        Some(Hand::Right) => n[1] < n[0],
        None => false,
    };
    if !contradicted {
        return Ok(());
    }
    Err(AnalysisError::Malformed {
        path: path.to_owned(),
        found: format!(
            "{} voxels left and {} right of x = 0 in a region of this name",
            n[0], n[1]
        ),
        expected: "a region on the side that its name tells (is its image mirrored?)".to_owned(),
    })
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
pub(crate) const TABLES: [&str; 5] = [
    "rois",
    "rois_isc",
    "rois_regression",
    "rois_lines",
    "rois_voxel_slopes",
];

/// Resamples of the mean correlation of a region, as many as the paper's notebook takes.
const RESAMPLES: usize = 10_000;

/// One row per region, hemisphere and model; per region its reliability and the growth of L − R with size.
pub(crate) fn tables(
    brain: &Brain,
    regions: &[Region],
    models: &[&ModelScores],
    seed: u64,
) -> Result<Vec<Table>, AnalysisError> {
    let trained: Vec<&ModelScores> = models
        .iter()
        .copied()
        .filter(|model| model.is_trained())
        .collect();
    let outcomes = outcomes(regions, &trained)?;
    let outcomes: Vec<(&str, Vec<f64>)> = outcomes
        .iter()
        .map(|(name, values)| (name.as_str(), values.clone()))
        .collect();
    Ok(vec![
        score_table(regions, models)?,
        isc_table(brain, regions, seed)?,
        size_regressions("rois_regression", &trained, &outcomes)?,
        size_lines("rois_lines", &trained, &outcomes, seed)?,
        slope_table(brain, regions, &trained)?,
    ])
}

/// Scores, plain and over the widest random embedding (empty if there is none).
fn score_table(regions: &[Region], models: &[&ModelScores]) -> Result<Table, AnalysisError> {
    let baselines: Vec<&ModelScores> = models
        .iter()
        .copied()
        .filter(|model| model.is_baseline())
        .collect();
    let groups = group_maps(&baselines);
    let embedding = random_embedding(&groups);
    let over = |model: &ModelScores, voxels: &VoxelSet| match embedding {
        Some((_, embedding)) => {
            let pairs = model.best.iter().zip(embedding);
            let over: Vec<f64> = pairs.map(|(score, embedding)| score - embedding).collect();
            MeanScore::over(&over, voxels).map(|score| score.mean)
        }
        None => Ok(f64::NAN),
    };
    let mut rows = Vec::new();
    for region in regions {
        for (side, voxels) in region.sides() {
            for &model in models {
                let score = MeanScore::over(&model.best, voxels)?;
                rows.push((region, side, model, score, over(model, voxels)?));
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
        .number("score", rows.iter().map(|row| row.3.mean))?
        .number("score_over_random_embedding", rows.iter().map(|row| row.4))
}

/// Mean inter-subject correlation of each region and side, with the 95 % percentile bootstrap over its voxels.
///
/// The interval is the paper's. Voxels are no independent sample, so it is too narrow.
fn isc_table(brain: &Brain, regions: &[Region], seed: u64) -> Result<Table, AnalysisError> {
    let mut rows = Vec::new();
    for (region, isc) in regions.iter().filter_map(|region| Some((region, brain.isc()?))) {
        for (side, voxels) in region.sides() {
            let mut known = voxels.select(isc)?;
            known.retain(|value| !value.is_nan());
            let interval = bootstrap_mean(&known, RESAMPLES, &mut ChaCha8Rng::seed_from_u64(seed))
                .and_then(|bootstrap| bootstrap.percentile_interval(0.95))
                .unwrap_or(Interval::UNDEFINED);
            rows.push((region, side, MeanScore::of(&known), interval));
        }
    }
    Table::new("rois_isc")
        .text("roi", rows.iter().map(|row| row.0.name.as_str()))?
        .text("hemisphere", rows.iter().map(|row| row.1))?
        .count(
            "n_voxels",
            rows.iter().map(|row| i64::try_from(row.2.n_voxels).ok()),
        )?
        .number("isc", rows.iter().map(|row| row.2.mean))?
        .number("isc_ci_low", rows.iter().map(|row| row.3.low))?
        .number("isc_ci_high", rows.iter().map(|row| row.3.high))
}

/// Left, right and L − R of each region, three outcomes per region.
fn outcomes(regions: &[Region], trained: &[&ModelScores]) -> Result<Vec<(String, Vec<f64>)>, AnalysisError> {
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
    Ok(outcomes)
}

/// The slope of each voxel on ln(parameters), averaged per region and side, and their t-test.
fn slope_table(brain: &Brain, regions: &[Region], trained: &[&ModelScores]) -> Result<Table, AnalysisError> {
    let of_voxels = voxel_slopes(brain.n_voxels(), trained);
    let slopes = |voxels: &VoxelSet| -> Vec<f64> {
        voxels
            .indices()
            .iter()
            .map(|&voxel| of_voxels[voxel].slope)
            .filter(|slope| slope.is_finite())
            .collect()
    };
    let counts = |side: fn(&(Vec<f64>, Vec<f64>)) -> usize, rows: &[(Vec<f64>, Vec<f64>)]| {
        rows.iter()
            .map(|row| i64::try_from(side(row)).ok())
            .collect::<Vec<_>>()
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
        .count("n_voxels_left", counts(|row| row.0.len(), &rows))?
        .count("n_voxels_right", counts(|row| row.1.len(), &rows))?
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
        .with(
            "stars",
            Column::Text(
                tests
                    .iter()
                    .map(|test| test.map(|test| test.stars().to_owned()))
                    .collect(),
            ),
        )
}
