//! Parcels of surfaces and grayordinates: a `.dlabel.nii`, or a pair of `.label.gii`.

use std::collections::BTreeMap;
use std::path::Path;

use lpp_files::right_hemisphere;

use super::cifti::Cifti;
use super::cifti_header::CiftiRows;
use super::gifti_values::load_gifti_labels;
use super::grayordinates::{Grayordinates, Places};
use crate::FmriError;

/// A label for each place, 0 for background, and the names of the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct SurfaceLabels {
    /// The places.
    pub places: Grayordinates,
    /// The label of each place.
    pub labels: Vec<u32>,
    /// The names that the file gives.
    pub names: BTreeMap<u32, String>,
}

impl SurfaceLabels {
    /// Reads a `.dlabel.nii` of one map, or the `.label.gii` of both hemispheres by the path of the left one.
    ///
    /// If the two hemispheres name a label differently, the labels of the right one are moved behind those of the left.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it holds no labels, several maps, or a label that is no whole number of 0 or more.
    pub fn load(path: &Path) -> Result<Self, FmriError> {
        match right_hemisphere(path) {
            Some(right) => Self::of_pair(path, &right),
            None => Self::of_cifti(path),
        }
    }

    fn of_cifti(path: &Path) -> Result<Self, FmriError> {
        let file = Cifti::load(path)?;
        let CiftiRows::Labels(tables) = file.rows else {
            return Err(FmriError::malformed(
                path,
                "no labels",
                "one map of labels (.dlabel.nii)",
            ));
        };
        let [names] = &tables[..] else {
            let found = format!("{} maps of labels", tables.len());
            return Err(FmriError::malformed(
                path,
                found,
                "one map; wb_command -cifti-separate takes one out",
            ));
        };
        let labels = file.values.iter().map(|value| label(path, f64::from(*value)));
        Ok(Self {
            labels: labels.collect::<Result<_, _>>()?,
            names: named(names),
            places: file.columns,
        })
    }

    fn of_pair(left: &Path, right: &Path) -> Result<Self, FmriError> {
        let mut labels = Vec::new();
        let mut names: BTreeMap<u32, String> = BTreeMap::new();
        let mut n_vertices = [0; 2];
        for (side, path) in [left, right].into_iter().enumerate() {
            let (values, table) = load_gifti_labels(path)?;
            let own: Vec<u32> = values
                .into_iter()
                .map(|value| label(path, value))
                .collect::<Result<_, _>>()?;
            let table = named(&table);
            let differs = |(key, name): (&u32, &String)| names.get(key).is_some_and(|other| other != name);
            let shift = if table.iter().any(differs) {
                names.keys().chain(&labels).max().copied().unwrap_or(0)
            } else {
                0
            };
            let moved = |key: u32| if key == 0 { 0 } else { key.saturating_add(shift) };
            n_vertices[side] = own.len();
            labels.extend(own.into_iter().map(moved));
            names.extend(table.into_iter().map(|(key, name)| (moved(key), name)));
        }
        Ok(Self {
            places: Grayordinates::of_hemispheres(n_vertices, left)?,
            labels,
            names,
        })
    }

    /// Number of places of each label but the background: left, without a side, and right.
    #[must_use]
    pub fn places_by_side(&self) -> BTreeMap<u32, [usize; 3]> {
        let mut place = vec![1; self.labels.len()];
        for (columns, side) in self.places.sides().iter().zip([0, 2]) {
            columns.iter().for_each(|&column| place[column] = side);
        }
        let mut counts: BTreeMap<u32, [usize; 3]> = BTreeMap::new();
        for (&label, side) in self.labels.iter().zip(place).filter(|(label, _)| **label != 0) {
            counts.entry(label).or_default()[side] += 1;
        }
        counts
    }

    /// The labels of other places: those of the same vertex or voxel, else 0.
    ///
    /// # Errors
    /// [`FmriError`] naming `file`, where the labels are from, if its meshes or its volume are others.
    pub fn at(&self, places: &Grayordinates, file: &Path) -> Result<Vec<u32>, FmriError> {
        let by_place = |places: &Grayordinates| -> Vec<(String, [usize; 3])> {
            let of = |structure: &str, places: &Places| -> Vec<(String, [usize; 3])> {
                match places {
                    Places::Vertices { vertices, .. } => vertices
                        .iter()
                        .map(|&vertex| (structure.to_owned(), [vertex, 0, 0]))
                        .collect(),
                    Places::Voxels(voxels) => voxels.iter().map(|&voxel| (String::new(), voxel)).collect(),
                }
            };
            let models = places.models().iter();
            models
                .flat_map(|model| of(&model.structure, &model.places))
                .collect()
        };
        if let Some((found, expected)) = self.places.other_mesh(places) {
            return Err(FmriError::malformed(file, found, expected));
        }
        let known: BTreeMap<_, _> = by_place(&self.places).into_iter().zip(&self.labels).collect();
        let label = |place: (String, [usize; 3])| known.get(&place).map_or(0, |label| **label);
        Ok(by_place(places).into_iter().map(label).collect())
    }
}

/// A table of names by key, without the background and without labels below it.
fn named(table: &BTreeMap<i64, String>) -> BTreeMap<u32, String> {
    let known = table
        .iter()
        .filter_map(|(key, name)| Some((u32::try_from(*key).ok()?, name.clone())));
    known.filter(|(key, _)| *key != 0).collect()
}

/// Labels are stored as floats in CIFTI files; whole numbers come back within this.
const ROUNDING: f64 = 1e-4;

/// Labels are whole numbers; −1 is background too.
fn label(path: &Path, value: f64) -> Result<u32, FmriError> {
    let whole = value.round();
    if value.is_nan() || (value + 1.0).abs() < ROUNDING {
        return Ok(0);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in the range of u32"
    )]
    if (0.0..=f64::from(u32::MAX)).contains(&whole) && (whole - value).abs() < ROUNDING {
        return Ok(whole as u32);
    }
    Err(FmriError::malformed(
        path,
        format!("the label {value}"),
        "whole numbers, 0 or more",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label_file(folder: &Path, side: &str, table: &str, labels: &str) {
        let n = labels.split(' ').count();
        let text = format!(
            "<GIFTI><LabelTable>{table}</LabelTable><DataArray Intent=\"NIFTI_INTENT_LABEL\" DataType=\"NIFTI_TYPE_INT32\" \
             Encoding=\"ASCII\" Dim0=\"{n}\"><Data>{labels}</Data></DataArray></GIFTI>"
        );
        std::fs::write(folder.join(format!("a_hemi-{side}.label.gii")), text).unwrap();
    }

    #[test]
    fn labels_of_both_hemispheres_are_kept_apart_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("a_hemi-L.label.gii");
        label_file(
            folder.path(),
            "L",
            "<Label Key=\"0\">???</Label><Label Key=\"1\">LH_A</Label>",
            "0 1 1",
        );
        label_file(
            folder.path(),
            "R",
            "<Label Key=\"0\">???</Label><Label Key=\"1\">RH_A</Label>",
            "1 0 -1",
        );
        let file = SurfaceLabels::load(&left).unwrap();
        assert_eq!(file.labels, [0, 1, 1, 2, 0, 0]);
        assert_eq!(file.names[&2], "RH_A");
        assert_eq!(
            file.places_by_side(),
            BTreeMap::from([(1, [2, 0, 0]), (2, [0, 0, 1])])
        );
        // One name for both sides is one label.
        label_file(folder.path(), "R", "<Label Key=\"1\">LH_A</Label>", "1 0 0");
        assert_eq!(SurfaceLabels::load(&left).unwrap().labels, [0, 1, 1, 1, 0, 0]);
        label_file(folder.path(), "R", "", "1 0.5 0");
        let error = SurfaceLabels::load(&left).unwrap_err().to_string();
        assert!(
            error.contains("hemi-R") && error.contains("the label 0.5"),
            "{error}"
        );
    }

    #[test]
    fn labels_are_found_by_structure_and_vertex() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("a_hemi-L.label.gii");
        for side in ["L", "R"] {
            label_file(folder.path(), side, "<Label Key=\"3\">A</Label>", "0 3 3");
        }
        let file = SurfaceLabels::load(&left).unwrap();
        let whole = Grayordinates::of_hemispheres([3, 3], &left).unwrap();
        let some = whole.only(&[1, 3, 5], &left).unwrap();
        assert_eq!(file.at(&some, &left).unwrap(), [3, 0, 3]);
        let other = Grayordinates::of_hemispheres([4, 3], &left).unwrap();
        let error = file.at(&other, &left).unwrap_err().to_string();
        assert!(
            error.contains("3 vertices") && error.contains("expected 4"),
            "{error}"
        );
    }

    #[test]
    fn labels_of_surfaces_are_the_atlas_of_their_mask() {
        use crate::{Atlas, BrainMask, LabelTable, surface::SurfaceMask};

        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("a_hemi-L.label.gii");
        for side in ["L", "R"] {
            label_file(folder.path(), side, "<Label Key=\"3\">Area</Label>", "0 3 7");
        }
        let whole = Grayordinates::of_hemispheres([3, 3], &left).unwrap();
        let inside = [false, true, true, true, true, false];
        let mask = SurfaceMask::new(whole, &inside, Path::new("mask.dscalar.nii")).unwrap();
        let atlas = Atlas::load(&left, &BrainMask::Surface(mask)).unwrap();
        assert_eq!(atlas.labels(), [3, 7, 0, 3]);
        let named: Vec<(String, Vec<usize>)> = atlas
            .parcels(&LabelTable::default())
            .into_iter()
            .map(|parcel| (parcel.name, parcel.voxels))
            .collect();
        assert_eq!(
            named,
            [("Area".to_owned(), vec![0, 3]), ("7".to_owned(), vec![1])]
        );
    }
}
