//! A region of interest and its mirror image.

use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::FileError;
use lpp_fmri::{RegionVoxels, warn_once};
use lpp_stats::VoxelSet;

use crate::side_names::{Hand, NamedSide};
use crate::{AnalysisError, Brain};

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
            warn_once(path, "the region has no voxel in the mask and is left out");
            return Ok(None);
        }
        if n == [0, 0] {
            warn_once(
                path,
                "all voxels of the region are at x = 0, neither left nor right; it is left out",
            );
            return Ok(None);
        }
        check_name(path, name, n)?;
        let both = if let Some(mirrored) = mirrored {
            VoxelSet::at([own.indices(), set(&mirrored).indices()].concat())
        } else {
            warn_once(
                path,
                "the mask's grid has no mirror images across x = 0, so one side of the region is unknown",
            );
            own.clone()
        };
        if n[0] > 0 && n[1] > 0 {
            let [left, right] = n;
            let note = format!(
                "the region is on both sides ({left} voxels left and {right} right of x = 0); it is joined with its mirror image and divided at x = 0"
            );
            warn_once(path, &note);
        }
        Ok(Some(Self {
            name: name.to_owned(),
            left: both.intersection(by_x.left()),
            right: both.intersection(by_x.right()),
        }))
    }

    /// Both sides under their names.
    pub(crate) fn sides(&self) -> [(&'static str, &VoxelSet); 2] {
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
        expected: "a region on the side given by its name (is its image mirrored?)".to_owned(),
    })
}

/// Name of the region that an image is of; `None` for other and hidden files.
fn name_of(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let endings = [".nii.gz", ".dscalar.nii", ".nii"];
    let name = endings.iter().find_map(|ending| file.strip_suffix(ending))?;
    (!name.starts_with('.')).then(|| name.to_owned())
}
