//! Golden cases and real data.

use std::fs::File;
use std::path::{Path, PathBuf};

use ndarray::{Array, Dimension};
use ndarray_npy::{ReadNpyExt, ReadableElement};

/// Path of a committed golden case below `fixtures/`.
#[must_use]
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name)
}

/// The folder of real data that `LPP_DATA` names; without it, says so and returns `None`, and the test passes unrun.
///
/// # Panics
/// If `LPP_DATA` names no folder.
#[must_use]
#[expect(clippy::print_stderr, reason = "a skipped test should say so")]
pub fn data_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("LPP_DATA").map(PathBuf::from);
    match &folder {
        Some(path) => assert!(path.is_dir(), "LPP_DATA={} is no folder", path.display()),
        None => eprintln!("skipped: LPP_DATA does not name the folder of real data"),
    }
    folder
}

/// Reads a `.npy` file of exactly this element type and number of axes.
///
/// # Panics
/// If the file is missing or of another kind.
#[must_use]
pub fn load_npy<T: ReadableElement, D: Dimension>(path: impl AsRef<Path>) -> Array<T, D> {
    let path = path.as_ref();
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Array::read_npy(file).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
