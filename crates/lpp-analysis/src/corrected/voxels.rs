//! The voxels over which measures are taken.

/// Over which voxels a measure is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voxels {
    /// All of them.
    All,
    /// The reliable ones: for measures of pairs and matched voxels the reliable pairs, for others the paper's.
    Reliable,
}

impl Voxels {
    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Reliable => "reliable",
        }
    }
}
