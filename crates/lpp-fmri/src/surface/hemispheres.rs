//! Values of both hemispheres in a pair of GIFTI files.

use std::path::Path;

use ndarray::{Array2, ArrayRef2, Axis, concatenate, s};

use super::gifti_values::{load_side, save_gifti};
use super::grayordinates::{Grayordinates, Places};
use crate::FmriError;

/// The structures of the two files, in the terms of Workbench.
const SIDES: [&str; 2] = ["CortexLeft", "CortexRight"];

/// Reads a run or maps of both hemispheres, (`n_scans`, `n_left` + `n_right`), left before right.
///
/// # Errors
/// As [`load_gifti`](super::load_gifti); also if the two files differ in their number of scans, or one says that it is of
/// the other hemisphere.
pub fn load_hemispheres(left: &Path, right: &Path) -> Result<(Array2<f32>, Grayordinates), FmriError> {
    let [one, other] = [load_side(left, SIDES[0])?, load_side(right, SIDES[1])?];
    if one.nrows() != other.nrows() {
        let found = format!("{} scans", other.nrows());
        return Err(FmriError::malformed(
            right,
            found,
            format!("{} as in {}", one.nrows(), left.display()),
        ));
    }
    let places = Grayordinates::of_hemispheres([one.ncols(), other.ncols()], left)?;
    let both = concatenate(Axis(1), &[one.view(), other.view()]);
    let both = both.map_err(|error| FmriError::malformed(left, error.to_string(), "two hemispheres"))?;
    Ok((both, places))
}

/// Writes maps of both cortices, (`n_maps`, `n_places`), as two files; vertices without a value are NaN.
///
/// # Errors
/// [`FmriError::Shape`] if the maps have other columns than `places`; [`FmriError`] if a file cannot be written.
pub fn save_hemispheres(
    files: [&Path; 2],
    places: &Grayordinates,
    maps: &ArrayRef2<f32>,
    names: &[String],
) -> Result<(), FmriError> {
    if maps.ncols() != places.len() {
        return Err(FmriError::Shape {
            what: "the maps",
            found: maps.shape().to_vec(),
            expected: vec![maps.nrows(), places.len()],
        });
    }
    let mut start = 0;
    for model in places.models() {
        let columns = maps.slice(s![.., start..start + model.places.len()]);
        start += model.places.len();
        let side = ["CORTEX_LEFT", "CORTEX_RIGHT"]
            .iter()
            .position(|side| model.structure.ends_with(side));
        if let (Some(side), Places::Vertices { n_mesh, vertices }) = (side, &model.places) {
            let mut whole = Array2::from_elem((maps.nrows(), *n_mesh), f32::NAN);
            for (vertex, column) in vertices.iter().zip(columns.columns()) {
                whole.column_mut(*vertex).assign(&column);
            }
            save_gifti(files[side], SIDES[side], &whole, names)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn both_sides_come_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let [left, right] = ["hemi-L.func.gii", "hemi-R.func.gii"].map(|name| folder.path().join(name));
        let places = Grayordinates::of_hemispheres([2, 3], &left).unwrap();
        let maps = array![[1.0_f32, 2.0, 3.0, 4.0, 5.0]];
        save_hemispheres([&left, &right], &places, &maps, &["r".to_owned()]).unwrap();
        assert_eq!(load_hemispheres(&left, &right).unwrap(), (maps, places));
        let longer = array![[1.0_f32, 2.0], [3.0, 4.0]];
        save_gifti(&right, "CortexRight", &longer, &[]).unwrap();
        let error = load_hemispheres(&left, &right).unwrap_err().to_string();
        assert!(
            error.contains("hemi-R.func.gii: found 2 scans, expected 1 as in"),
            "{error}"
        );
    }
}
