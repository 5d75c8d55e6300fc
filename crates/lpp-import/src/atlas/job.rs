//! A label image becomes the atlas of a study.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use lpp_files::{AtomicFile, BidsName, FileError, both_hemispheres, check_outputs};
use lpp_fmri::LabelImage;
use lpp_fmri::surface::SurfaceLabels;
use lpp_steps::{ImportAtlasStep, Software, run_if_stale};
use serde::Serialize;

use super::names;
use crate::ImportError;

/// Copies a label image into a study, with a table of names and sides.
#[derive(Debug, Clone)]
pub struct AtlasJob {
    /// The files.
    pub step: ImportAtlasStep,
    /// Write them even if they are up to date.
    pub force: bool,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtlasReport {
    /// Whether image and table were up to date.
    pub up_to_date: bool,
    /// Number of labels on the left, on the right and on both sides.
    pub n_left: usize,
    /// As above.
    pub n_right: usize,
    /// As above.
    pub n_both: usize,
    /// Names of the table whose labels have no voxel.
    pub without_voxels: Vec<String>,
}

/// A label in the table of the study.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Row {
    label: u32,
    name: String,
    side: &'static str,
    n_voxels: usize,
}

/// A label with at most this share of its voxels on the other side is on one side: parcels reach over the midline a little.
const SHARE_BEYOND: f64 = 0.05;

impl AtlasJob {
    /// Reads image and table, and writes those of the study unless they are up to date.
    ///
    /// # Errors
    /// [`ImportError`] naming the file if the image holds no labels, a label has no name or two, or a name gives the other
    /// side than the coordinates of its voxels.
    pub fn run(&self, software: Software) -> Result<AtlasReport, ImportError> {
        let step = &self.step;
        let inputs: Vec<PathBuf> = [&step.image].into_iter().chain(&step.labels).cloned().collect();
        check_outputs(&inputs, &[step.output.clone(), step.table.clone()])?;
        let (voxels, own_names) = labels_of(&step.image)?;
        let mut names = match &step.labels {
            Some(table) => names::load(table, voxels.keys().copied())?,
            None => own_names,
        };
        names.remove(&0);
        let rows = rows(step, &voxels, &names)?;
        let done = run_if_stale(software, step.artefacts(), self.force, || {
            let files = both_hemispheres(&step.image)
                .into_iter()
                .zip(both_hemispheres(&step.output));
            files.into_iter().try_for_each(|(from, to)| copy(&from, &to))?;
            save(&step.table, &rows)
        })?;
        let on = |side: &str| rows.iter().filter(|row| row.side == side).count();
        let empty = names.iter().filter(|(label, _)| !voxels.contains_key(label));
        Ok(AtlasReport {
            up_to_date: done.is_up_to_date(),
            n_left: on("left"),
            n_right: on("right"),
            n_both: on("both"),
            without_voxels: empty.map(|(_, name)| name.clone()).collect(),
        })
    }
}

/// Places of each label: left, on neither side, right.
type Counts = BTreeMap<u32, [usize; 3]>;
/// Names of labels.
type Names = BTreeMap<u32, String>;

/// The places of each label by side, and the names that the file itself gives.
fn labels_of(image: &Path) -> Result<(Counts, Names), ImportError> {
    if BidsName::of(image).is_volume() {
        return Ok((LabelImage::load(image)?.voxels_by_side(), BTreeMap::new()));
    }
    let labels = SurfaceLabels::load(image)?;
    Ok((labels.places_by_side(), labels.names))
}

fn rows(step: &ImportAtlasStep, voxels: &Counts, names: &Names) -> Result<Vec<Row>, FileError> {
    if voxels.is_empty() {
        return Err(FileError::malformed(
            &step.image,
            "no label above 0",
            "a label image",
        ));
    }
    let unnamed: Vec<String> = voxels
        .keys()
        .filter(|label| !names.contains_key(label))
        .map(u32::to_string)
        .collect();
    if !unnamed.is_empty() {
        let listed = unnamed.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
        let found = format!(
            "no name of {} of {} labels ({listed})",
            unnamed.len(),
            voxels.len()
        );
        let expected = format!("a name for each label of {}", step.image.display());
        let table = step.labels.as_ref().unwrap_or(&step.image);
        return Err(FileError::malformed(
            table,
            found,
            format!("{expected} (--labels TABLE)"),
        ));
    }
    let mut rows = Vec::new();
    for (label, counts) in voxels {
        let name = &names[label];
        let side = side_of(*counts);
        if let Some(said) = said_side(name).filter(|said| ["left", "right"].contains(&side) && side != *said)
        {
            let found = format!(
                "{name:?} with {} of {} voxels on the left",
                counts[0],
                counts.iter().sum::<usize>()
            );
            let expected =
                format!("voxels on the {said} (is the image mirrored, or the table from another atlas?)");
            return Err(FileError::malformed(&step.image, found, expected));
        }
        rows.push(Row {
            label: *label,
            name: name.clone(),
            side,
            n_voxels: counts.iter().sum(),
        });
    }
    Ok(rows)
}

/// The side of a label with these numbers of voxels left of, on and right of the midline.
fn side_of([left, _, right]: [usize; 3]) -> &'static str {
    if left + right == 0 {
        return "midline";
    }
    let most = SHARE_BEYOND * (left + right) as f64;
    match (left as f64 > most, right as f64 > most) {
        (true, false) => "left",
        (false, true) => "right",
        _ => "both",
    }
}

/// The side that a name gives as a word of its own.
fn said_side(name: &str) -> Option<&'static str> {
    let words: Vec<String> = name
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .collect();
    let says = |side: [&str; 2]| words.iter().any(|word| side.contains(&word.as_str()));
    match (says(["left", "lh"]), says(["right", "rh"])) {
        (true, false) => Some("left"),
        (false, true) => Some("right"),
        _ => None,
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), FileError> {
    let mut source = lpp_files::open_input(from).map_err(FileError::read(from))?;
    let mut file = AtomicFile::create(to)?;
    std::io::copy(&mut source, &mut file).map_err(FileError::write(to))?;
    file.commit()
}

fn save(path: &Path, rows: &[Row]) -> Result<(), FileError> {
    let mut writer = csv::Writer::from_writer(AtomicFile::create(path)?);
    for row in rows {
        let written = writer.serialize(row);
        written.map_err(|error| FileError::write(path)(std::io::Error::other(error)))?;
    }
    let mut file = writer
        .into_inner()
        .map_err(|error| FileError::write(path)(error.into_error()))?;
    file.flush().map_err(FileError::write(path))?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_fmri::{Grid, Image, diagonal_affine};
    use ndarray::Array3;

    const SOFTWARE: Software = Software {
        program: "lpp-import",
        version: "0",
        commit: None,
    };

    /// Voxels at x = −6, −2, 2 and 6 mm, or mirrored.
    fn job(folder: &Path, labels: [i32; 4], table: &str, step_mm: f64) -> AtlasJob {
        let grid = Grid::new(
            [4, 1, 2],
            diagonal_affine([step_mm, 4.0, 4.0], [-1.5 * step_mm, 0.0, 0.0]),
        )
        .unwrap();
        let volume = Array3::from_shape_fn((4, 1, 2), |(i, _, _)| labels[i]);
        Image::new(grid, volume.into_dyn())
            .unwrap()
            .save(&folder.join("p.nii.gz"))
            .unwrap();
        std::fs::write(folder.join("p.csv"), table).unwrap();
        AtlasJob {
            step: ImportAtlasStep {
                image: folder.join("p.nii.gz"),
                labels: Some(folder.join("p.csv")),
                output: folder.join("atlas/atlas.nii.gz"),
                table: folder.join("atlas/labels.csv"),
            },
            force: false,
        }
    }

    const TABLE: &str = "label,name\n0,background\n3,Left A\n5,Right A\n7,stem\n9,nowhere\n";

    #[test]
    fn sides_are_those_of_the_voxels() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path(), [3, 7, 7, 5], TABLE, 4.0);
        let report = job.run(SOFTWARE).unwrap();
        assert_eq!((report.n_left, report.n_right, report.n_both), (1, 1, 1));
        assert_eq!(report.without_voxels, ["nowhere"]);
        let written = std::fs::read_to_string(&job.step.table).unwrap();
        assert_eq!(
            written,
            "label,name,side,n_voxels\n3,Left A,left,2\n5,Right A,right,2\n7,stem,both,4\n"
        );
        assert_eq!(
            std::fs::read(&job.step.output).unwrap(),
            std::fs::read(&job.step.image).unwrap()
        );
        assert!(job.run(SOFTWARE).unwrap().up_to_date);
    }

    #[test]
    fn names_that_contradict_the_voxels_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |labels, table, step_mm| {
            job(folder.path(), labels, table, step_mm)
                .run(SOFTWARE)
                .unwrap_err()
                .to_string()
        };
        let mirrored = refused([3, 7, 7, 5], TABLE, -4.0);
        assert!(
            mirrored.contains("\"Left A\" with 0 of 2 voxels on the left"),
            "{mirrored}"
        );
        assert!(refused([3, 0, 8, 6], TABLE, 4.0).contains("no name of 2 of 3 labels (6, 8)"));
        assert!(refused([0; 4], TABLE, 4.0).contains("no label above 0"));
        assert!(refused([-1, 0, 0, 0], TABLE, 4.0).contains("the value -1"));
    }
}
