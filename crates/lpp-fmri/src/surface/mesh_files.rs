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

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with empty files of these names.
    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    fn found(names: &[&str], side: (&str, &str)) -> Result<String, String> {
        let folder = folder(names);
        cortex_of_side(folder.path(), side)
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_cortex_is_found_by_the_names_of_its_tools() {
        let [left, right] = MESH_SIDES;
        for (name_left, name_right) in [
            ("pial_left.gii.gz", "pial_right.gii.gz"),
            ("pial_left.gii", "pial_right.gii"),
            ("pial.left.gii.gz", "pial.right.gii.gz"),
            ("lh.pial.gii", "rh.pial.gii"),
            ("lh.pial.gii.gz", "rh.pial.gii.gz"),
            ("lh.pial", "rh.pial"),
            ("sub-1_hemi-L_pial.surf.gii", "sub-1_hemi-R_pial.surf.gii"),
            (
                "tpl-fsLR_den-32k_hemi-L_midthickness.surf.gii",
                "tpl-fsLR_den-32k_hemi-R_midthickness.surf.gii",
            ),
            (
                "S1200.L.midthickness_MSMAll.32k_fs_LR.surf.gii",
                "S1200.R.midthickness_MSMAll.32k_fs_LR.surf.gii",
            ),
        ] {
            let both = [name_left, name_right, "sub-1_hemi-L_white.surf.gii", "notes.txt"];
            assert_eq!(found(&both, left), Ok(name_left.to_owned()));
            assert_eq!(found(&both, right), Ok(name_right.to_owned()));
            let by_name = name_left.contains("pial") && !name_left.contains("hemi-");
            assert_eq!(has_pial(folder(&both).path()), by_name, "{name_left}");
        }
    }

    #[test]
    fn the_middle_surface_comes_before_the_pial_one_and_two_are_too_many() {
        let names = ["a_hemi-L_pial.surf.gii", "a_hemi-L_midthickness.surf.gii"];
        assert_eq!(found(&names, MESH_SIDES[0]), Ok(names[1].to_owned()));
        let error = found(&names, MESH_SIDES[1]).unwrap_err();
        assert!(
            error.contains("no pial surface of the right hemisphere")
                && error.contains("*_hemi-R_pial.surf.gii"),
            "{error}"
        );
        let error = found(
            &["a_hemi-L_pial.surf.gii", "b_hemi-L_pial.surf.gii"],
            MESH_SIDES[0],
        )
        .unwrap_err();
        assert!(
            error.contains("a_hemi-L_pial") && error.contains("b_hemi-L_pial"),
            "{error}"
        );
    }
}
