//! What scans are measured on.

use std::path::{Path, PathBuf};

use lpp_files::BidsName;
use serde::{Deserialize, Serialize};

/// What the scans of a run are measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunKind {
    /// Voxels of a NIfTI image.
    Volume,
    /// Vertices of two hemispheres: a pair of GIFTI files. The path is that of the left one.
    Surface,
    /// Grayordinates of a CIFTI-2 file.
    Cifti,
}

impl RunKind {
    /// The kind of a file, by its ending; `None` for an array or a file of another kind.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let name = BidsName::of(path);
        match name.ending() {
            _ if name.is_volume() => Some(Self::Volume),
            ".func.gii" => Some(Self::Surface),
            ".dtseries.nii" => Some(Self::Cifti),
            _ => None,
        }
    }

    /// Whether files of scans are surfaces or grayordinates, which have vertices: the first of them decides.
    #[must_use]
    pub fn have_vertices(runs: &[PathBuf]) -> bool {
        let first = runs.first().and_then(|run| Self::of(run));
        matches!(first, Some(Self::Surface | Self::Cifti))
    }

    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Volume => "volume",
            Self::Surface => "surface",
            Self::Cifti => "cifti",
        }
    }

    /// What follows the name of a map on these places; of two hemispheres it is the left file.
    ///
    /// ```
    /// use lpp_study::RunKind;
    /// assert_eq!(RunKind::Surface.map_ending(), "_hemi-L.func.gii");
    /// ```
    #[must_use]
    pub fn map_ending(self) -> &'static str {
        match self {
            Self::Volume => ".nii.gz",
            Self::Surface => "_hemi-L.func.gii",
            Self::Cifti => ".dscalar.nii",
        }
    }

    /// The kind of a map or mask, by its ending.
    #[must_use]
    pub fn of_map(map: &Path) -> Self {
        let name = BidsName::of(map);
        match name.ending() {
            _ if name.is_gifti() => Self::Surface,
            ".dscalar.nii" => Self::Cifti,
            _ => Self::Volume,
        }
    }

    /// The kind in words, with its files.
    pub(crate) fn described(self) -> &'static str {
        match self {
            Self::Volume => "a volume (.nii or .nii.gz)",
            Self::Surface => "the left one of two surfaces (hemi-L and .func.gii)",
            Self::Cifti => "grayordinates (.dtseries.nii)",
        }
    }
}
