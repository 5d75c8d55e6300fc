//! Masks of vertices and grayordinates.

use std::path::{Path, PathBuf};

use lpp_files::{BidsName, right_hemisphere};
use ndarray::{Array2, ArrayRef2, Axis};

use super::cifti::{Cifti, save_cifti};
use super::cifti_header::{CiftiRows, NewRows};
use super::grayordinates::{Grayordinates, Places};
use super::hemispheres::{load_hemispheres, save_hemispheres};
use crate::FmriError;
use crate::homotopic::HomotopicPair;
use crate::signals::Signals;

/// Numbers of vertices of the meshes of `fs_LR` that no other standard space has. (164k is also that of fsaverage.)
const FS_LR: [usize; 2] = [32_492, 59_292];

/// The vertices of two hemispheres, or vertices and voxels of a CIFTI file, that are analysed.
///
/// Masked arrays list them in the order of the files.
#[derive(Debug, Clone, PartialEq)]
pub struct SurfaceMask {
    whole: Grayordinates,
    /// The columns of the files that are inside.
    columns: Vec<usize>,
    inside: Grayordinates,
    /// The space of the meshes, if the file's name tells it.
    space: Option<String>,
}

impl SurfaceMask {
    /// The places of a file that `inside` marks. The space is the entity of the file's name: `space-fsLR`.
    ///
    /// # Errors
    /// [`FmriError::EmptyMask`] if there is none.
    pub fn new(whole: Grayordinates, inside: &[bool], file: &Path) -> Result<Self, FmriError> {
        let columns: Vec<usize> = (0..whole.len()).filter(|&column| inside[column]).collect();
        if columns.is_empty() {
            return Err(FmriError::EmptyMask);
        }
        Ok(Self {
            inside: whole.only(&columns, file)?,
            whole,
            columns,
            space: BidsName::of(file).entity("space").map(str::to_owned),
        })
    }

    /// Reads a mask: a `.dscalar.nii`, or the GIFTI file of the left hemisphere of a pair. One map, 0 or NaN outside and one
    /// other value inside.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it is not such a file.
    pub fn load(path: &Path) -> Result<Self, FmriError> {
        let (maps, whole) = load(path)?;
        let inside = binary(path, &maps)?;
        Self::new(whole, &inside, path)
            .map_err(|_| FmriError::malformed(path, "nothing inside", "a mask of at least one place"))
    }

    /// Which places a map of a region marks, which is a file like a mask.
    ///
    /// # Errors
    /// As [`load`](Self::load) and [`load_inside`](Self::load_inside).
    pub fn load_region(&self, file: &Path) -> Result<Vec<bool>, FmriError> {
        binary(file, &self.load_inside(file)?)
    }

    /// The places that vary in more than half of the runs, in files of one kind and space.
    ///
    /// A place without a number in some scan, or with the same number in all scans, has no signal: the medial wall.
    ///
    /// # Errors
    /// [`FmriError`] naming the run that cannot be read or has other places than the first, or [`FmriError::NoBrain`].
    pub fn of_runs(runs: &[PathBuf], file: &Path) -> Result<(Self, Vec<bool>), FmriError> {
        let first = runs.first().ok_or(FmriError::NoRuns)?;
        let mut whole: Option<Grayordinates> = None;
        let mut votes: Vec<usize> = Vec::new();
        for run in runs {
            let (scans, places) = load(run)?;
            match &whole {
                Some(expected) => check_places(run, &places, expected, first)?,
                None => votes = vec![0; places.len()],
            }
            whole.get_or_insert(places);
            for (votes, course) in votes.iter_mut().zip(scans.columns()) {
                let finite = course.iter().all(|value| value.is_finite());
                *votes += usize::from(finite && course.iter().any(|value| (value - course[0]).abs() > 0.0));
            }
        }
        let inside: Vec<bool> = votes.iter().map(|n| 2 * n > runs.len()).collect();
        let sometimes = votes.iter().map(|n| *n < runs.len()).collect();
        let whole = whole.ok_or(FmriError::NoRuns)?;
        match Self::new(whole, &inside, file) {
            Err(FmriError::EmptyMask) => {
                let expected = "time courses that vary, in more than half of the runs";
                Err(FmriError::malformed(first, "no place that varies", expected))
            }
            mask => Ok((mask?, sometimes)),
        }
    }

    /// Writes the mask as a `.dscalar.nii` of 0 and 1.
    ///
    /// # Errors
    /// [`FmriError`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FmriError> {
        let mut map = Array2::zeros((1, self.whole.len()));
        for &column in &self.columns {
            map[[0, column]] = 1.0;
        }
        save_cifti(path, &self.whole, &map, NewRows::Maps(&["mask".to_owned()]))
    }

    /// The places inside, in the order of masked arrays.
    #[must_use]
    pub fn places(&self) -> &Grayordinates {
        &self.inside
    }

    /// The columns of the files that are inside.
    #[must_use]
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The time courses of a run. Values that are not finite become 0, with a warning, as in volumes.
    ///
    /// # Errors
    /// [`FmriError`] naming the run if it cannot be read or has other places than the mask.
    pub fn signals(&self, run: &Path) -> Result<Signals, FmriError> {
        let mut scans = self.load_inside(run)?;
        let mut not_finite = 0;
        for value in scans.iter_mut().filter(|value| !value.is_finite()) {
            *value = 0.0;
            not_finite += 1;
        }
        if not_finite > 0 {
            tracing::warn!(
                "{}: {not_finite} values inside the mask are NaN or infinite; they are set to 0, as in volumes",
                run.display()
            );
        }
        Ok(Signals::Single(scans))
    }

    /// The rows of a file, (`n_rows`, `n_voxels`).
    ///
    /// # Errors
    /// As [`signals`](Self::signals).
    pub fn load_inside(&self, file: &Path) -> Result<Array2<f32>, FmriError> {
        let (rows, places) = load(file)?;
        check_places(file, &places, &self.whole, Path::new("the mask"))?;
        Ok(rows.select(Axis(1), &self.columns))
    }

    /// Writes maps or scans, (`n_rows`, `n_voxels`), as a CIFTI file or, by the ending, as a pair of `.func.gii`. Outside the
    /// mask maps are NaN, and scans are 0 as those of the medial wall.
    ///
    /// # Errors
    /// [`FmriError`] if the file cannot be written, or a pair of surfaces cannot hold the voxels of the mask.
    pub fn save_rows(
        &self,
        path: &Path,
        values: &ArrayRef2<f32>,
        rows: NewRows<'_>,
    ) -> Result<(), FmriError> {
        let (names, outside) = match rows {
            NewRows::Maps(names) => (names, f32::NAN),
            NewRows::Scans { .. } => (&[][..], 0.0),
        };
        if values.ncols() != self.columns.len() {
            return Err(FmriError::Shape {
                what: "the values inside the mask",
                found: values.shape().to_vec(),
                expected: vec![values.nrows(), self.columns.len()],
            });
        }
        let mut whole = Array2::from_elem((values.nrows(), self.whole.len()), outside);
        for (&column, values) in self.columns.iter().zip(values.columns()) {
            whole.column_mut(column).assign(&values);
        }
        match right_hemisphere(path) {
            None => save_cifti(path, &self.whole, &whole, rows),
            Some(_) if self.whole.volume().is_some() => {
                let expected = "places on surfaces only; grayordinates are written as .dscalar.nii";
                Err(FmriError::malformed(path, "voxels in the mask", expected))
            }
            Some(right) => save_hemispheres([path, &right], &self.whole, &whole, names),
        }
    }

    /// The space of the meshes, by the name of the file or else by the number of vertices, if either tells it.
    #[must_use]
    pub fn space(&self) -> Option<&str> {
        let is_fs_lr =
            |places: &Places| matches!(places, Places::Vertices { n_mesh, .. } if FS_LR.contains(n_mesh));
        let models = self.whole.models();
        let known = models.iter().any(|model| is_fs_lr(&model.places));
        self.space.as_deref().or(known.then_some("fsLR"))
    }

    /// Whether vertices of the same number are the same ones; how this mask differs, if they are not.
    pub(crate) fn check_same_meshes(&self, other: &Self) -> Result<(), String> {
        if let Some((found, _)) = self.whole.other_mesh(&other.whole) {
            return Err(found);
        }
        match (self.space(), other.space()) {
            (Some(own), Some(other)) if own != other => Err(format!("meshes of the space {own}")),
            (Some(_), Some(_)) => Ok(()),
            _ => {
                tracing::warn!(
                    "a mask does not say the space of its meshes (space-fsLR in its name); vertices of the same number are taken \
                     to be the same"
                );
                Ok(())
            }
        }
    }

    /// The pairs of homotopic places; see [`Grayordinates::homotopic_pairs`].
    ///
    /// # Errors
    /// [`FmriError::NoCounterparts`] if the meshes are not known to be symmetric.
    pub fn homotopic_pairs(&self) -> Result<Vec<HomotopicPair>, FmriError> {
        let space = self.space().unwrap_or_default();
        let pairs = self.inside.homotopic_pairs(space);
        pairs.ok_or_else(|| FmriError::NoCounterparts {
            space: space.to_owned(),
        })
    }
}

/// The places with the one value that is neither 0 nor NaN.
fn binary(path: &Path, maps: &Array2<f32>) -> Result<Vec<bool>, FmriError> {
    let expected = "one map of 0 (or NaN) outside and one other value inside";
    if maps.nrows() != 1 {
        return Err(FmriError::malformed(
            path,
            format!("{} maps", maps.nrows()),
            expected,
        ));
    }
    let is_in = |value: &f32| *value != 0.0 && !value.is_nan();
    let mut known = maps.iter().filter(|value| is_in(value));
    let first = known.next().copied().unwrap_or(0.0);
    match known.find(|value| (**value - first).abs() > 0.0) {
        Some(other) => Err(FmriError::malformed(
            path,
            format!("the values {first} and {other}"),
            expected,
        )),
        None => Ok(maps.iter().map(is_in).collect()),
    }
}

/// Rows and places of a file of vertices or grayordinates.
fn load(path: &Path) -> Result<(Array2<f32>, Grayordinates), FmriError> {
    if let Some(right) = right_hemisphere(path) {
        return load_hemispheres(path, &right);
    }
    let name = BidsName::of(path);
    if name.is_gifti() {
        let expected = "hemi-L in the name of a left hemisphere, beside hemi-R of the right one";
        return Err(FmriError::malformed(path, "one hemisphere", expected));
    }
    if name.is_volume() {
        let expected = "surfaces or grayordinates, as the mask or the first run";
        return Err(FmriError::malformed(path, "a volume", expected));
    }
    let Cifti { values, columns, .. } = Cifti::load(path)?;
    Ok((values, columns))
}

/// Number of scans and repetition time of a CIFTI run.
///
/// # Errors
/// [`FmriError`] naming the file if it holds no scans.
pub fn cifti_scans(path: &Path) -> Result<(usize, Option<f64>), FmriError> {
    match Cifti::load_header(path)?.0 {
        CiftiRows::Series { n_scans, step_s } => Ok((n_scans, step_s)),
        _ => Err(FmriError::malformed(path, "maps", "scans of a run")),
    }
}

/// A file must have exactly the places of another.
fn check_places(
    path: &Path,
    found: &Grayordinates,
    expected: &Grayordinates,
    of: &Path,
) -> Result<(), FmriError> {
    if found == expected {
        return Ok(());
    }
    let (found, expected) = found.first_difference(expected);
    let expected = format!(
        "{expected}, as in {}; resample the files to the same places",
        of.display()
    );
    Err(FmriError::malformed(path, found, expected))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::BrainModel;
    use ndarray::array;

    /// Two hemispheres of four vertices of a mesh of `n_mesh`.
    fn places(n_mesh: usize) -> Grayordinates {
        let model = |side: &str| BrainModel {
            structure: format!("CIFTI_STRUCTURE_CORTEX_{side}"),
            places: Places::Vertices {
                n_mesh,
                vertices: vec![0, 1, 2, 5],
            },
        };
        Grayordinates::new(vec![model("LEFT"), model("RIGHT")], None, Path::new("made")).unwrap()
    }

    fn saved(folder: &tempfile::TempDir, name: &str, rows: &Array2<f32>) -> PathBuf {
        let path = folder.path().join(name);
        let names: Vec<String> = (0..rows.nrows()).map(|row| row.to_string()).collect();
        save_cifti(&path, &places(6), rows, NewRows::Maps(&names)).unwrap();
        path
    }

    #[test]
    fn places_that_vary_in_most_runs_are_the_mask() {
        let folder = tempfile::tempdir().unwrap();
        let nan = f32::NAN;
        // Columns: varying; constant; constant in one of three runs; constant in two; NaN in two.
        let run = |third: f32, fourth: f32, fifth: f32| {
            array![
                [1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
                [2.0, 0.0, third, fourth, fifth, 2.0, 2.0, 2.0]
            ]
        };
        let runs = [run(2.0, 1.0, nan), run(2.0, 2.0, nan), run(1.0, 1.0, 2.0)];
        let runs: Vec<PathBuf> = runs
            .iter()
            .zip(["a", "b", "c"])
            .map(|(rows, name)| saved(&folder, &format!("{name}.dscalar.nii"), rows))
            .collect();
        let file = folder.path().join("mask_space-fsLR.dscalar.nii");
        let (mask, sometimes) = SurfaceMask::of_runs(&runs, &file).unwrap();
        assert_eq!(mask.columns(), [0, 2, 5, 6, 7]);
        assert_eq!(sometimes[..4], [false, true, true, true]);
        mask.save(&file).unwrap();
        assert_eq!(SurfaceMask::load(&file).unwrap(), mask);
        // Vertex 0 has no counterpart in the mask; 1 of the right one has none on the left.
        let pairs = mask.homotopic_pairs().unwrap();
        assert_eq!(pairs, [HomotopicPair { left: 1, right: 3 }]);
        let map = folder.path().join("r.dscalar.nii");
        let values = array![[1.0_f32, 2.0, 3.0, 4.0, 5.0]];
        let names = ["r".to_owned()];
        mask.save_rows(&map, &values, NewRows::Maps(&names)).unwrap();
        assert_eq!(mask.load_inside(&map).unwrap(), values);
        let whole = Cifti::load(&map).unwrap().values;
        assert!(whole[[0, 1]].is_nan() && whole[[0, 5]] == 3.0);
        let scans = folder.path().join("r.dtseries.nii");
        mask.save_rows(&scans, &values, NewRows::Scans { tr_s: 1.5 })
            .unwrap();
        assert!((Cifti::load(&scans).unwrap().values[[0, 1]]).abs() < f32::EPSILON);
        assert_eq!(cifti_scans(&scans).unwrap(), (1, Some(1.5)));
        let few = mask.save_rows(&map, &array![[1.0_f32]], NewRows::Maps(&names));
        assert!(few.is_err(), "one value for five places");
    }

    #[test]
    fn meshes_that_may_not_be_symmetric_have_no_pairs() {
        let of = |n_mesh: usize, name: &str| {
            let mask = SurfaceMask::new(places(n_mesh), &[true; 8], Path::new(name)).unwrap();
            mask.homotopic_pairs().map(|pairs| pairs.len())
        };
        assert_eq!(of(32_492, "mask.dscalar.nii").unwrap(), 4);
        assert_eq!(of(163_842, "mask_space-fsLR.dscalar.nii").unwrap(), 4);
        for (n_mesh, name) in [
            (163_842, "mask.dscalar.nii"),
            (10_242, "mask_space-fsaverage5.dscalar.nii"),
            (32_492, "mask_space-fsaverage.dscalar.nii"),
        ] {
            let error = of(n_mesh, name).unwrap_err();
            assert!(
                error.is_without_pairs() && error.to_string().contains("fs_LR"),
                "{error}"
            );
        }
    }

    #[test]
    fn other_places_and_masks_that_are_none_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mask = SurfaceMask::new(places(6), &[true; 8], Path::new("mask.dscalar.nii")).unwrap();
        let other = folder.path().join("b.dscalar.nii");
        save_cifti(
            &other,
            &places(7),
            &Array2::ones((1, 8)),
            NewRows::Maps(&["1".to_owned()]),
        )
        .unwrap();
        let error = mask.signals(&other).unwrap_err().to_string();
        assert!(
            error.contains("b.dscalar.nii: found 4 of 7 vertices") && error.contains("4 of 6"),
            "{error}"
        );
        let mut two = Array2::zeros((1, 8));
        (two[[0, 1]], two[[0, 2]]) = (1.0, 2.0);
        for (rows, said) in [
            (two, "the values 1 and 2"),
            (Array2::ones((2, 8)), "2 maps"),
            (Array2::zeros((1, 8)), "nothing inside"),
        ] {
            let path = saved(&folder, "m.dscalar.nii", &rows);
            let error = SurfaceMask::load(&path).unwrap_err().to_string();
            assert!(error.contains("m.dscalar.nii") && error.contains(said), "{error}");
        }
    }
}
