//! The meshes of a folder, by their names: those of nilearn, `FreeSurfer`, fMRIPrep, `TemplateFlow` and the Human Connectome
//! Project.

use std::path::{Path, PathBuf};

use lpp_files::BidsName;

use crate::FmriError;

/// Both sides, and what `FreeSurfer` calls them.
pub const MESH_SIDES: [(&str, &str); 2] = [("left", "lh"), ("right", "rh")];

/// The middle or else the pial surface of one of [`MESH_SIDES`].
///
/// # Errors
/// [`FmriError`] naming the folder if there is none, or several.
pub fn cortex_of_side(folder: &Path, (side, hemisphere): (&str, &str)) -> Result<PathBuf, FmriError> {
    let found = mesh_of_side(
        folder,
        side,
        &pial_names(side, hemisphere),
        &["midthickness.", "pial."],
    )?;
    found.ok_or_else(|| {
        let letter = letter_of(side);
        let expected = format!(
            "pial_{side}.gii.gz, {hemisphere}.pial.gii, {hemisphere}.pial or *_hemi-{letter}_pial.surf.gii"
        );
        let found = format!("no pial surface of the {side} hemisphere");
        FmriError::malformed(folder, found, expected)
    })
}

/// Whether a folder has the left pial surface under a name of nilearn or `FreeSurfer`.
#[must_use]
pub fn has_pial(folder: &Path) -> bool {
    file(folder, &pial_names("left", "lh")).is_some()
}

/// The file of one side with one of `names`, or else of the first kind of which there is one, by names such as
/// `tpl-fsLR_den-32k_hemi-L_inflated.surf.gii` and `S1200.L.inflated_MSMAll.32k_fs_LR.surf.gii`.
///
/// # Errors
/// [`FmriError`] naming the folder if there are several of a kind.
pub fn mesh_of_side(
    folder: &Path,
    side: &str,
    names: &[String],
    kinds: &[&str],
) -> Result<Option<PathBuf>, FmriError> {
    if let Some(path) = file(folder, names) {
        return Ok(Some(path));
    }
    let letter = letter_of(side);
    let marks = [format!("hemi-{letter}_"), format!(".{letter}.")];
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut of_side: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    let name = |path: &PathBuf| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    of_side
        .retain(|path| BidsName::of(path).is_gifti() && marks.iter().any(|mark| name(path).contains(mark)));
    for kind in kinds {
        let (plain, marked) = (format!("_{kind}"), format!(".{}_", kind.trim_end_matches('.')));
        let is_it = |path: &&PathBuf| [&plain, &marked].iter().any(|part| name(path).contains(*part));
        let found: Vec<&PathBuf> = of_side.iter().filter(is_it).collect();
        match found[..] {
            [] => {}
            [only] => return Ok(Some(only.clone())),
            [first, second, ..] => {
                let found = format!("{} and {}", name(first), name(second));
                return Err(FmriError::malformed(
                    folder,
                    found,
                    "one mesh of each hemisphere and kind",
                ));
            }
        }
    }
    Ok(None)
}

fn letter_of(side: &str) -> &'static str {
    if side == "left" { "L" } else { "R" }
}

fn pial_names(side: &str, hemisphere: &str) -> [String; 6] {
    [
        format!("pial_{side}.gii.gz"),
        format!("pial_{side}.gii"),
        format!("pial.{side}.gii.gz"),
        format!("{hemisphere}.pial.gii"),
        format!("{hemisphere}.pial.gii.gz"),
        format!("{hemisphere}.pial"),
    ]
}

fn file(folder: &Path, names: &[String]) -> Option<PathBuf> {
    names
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}
