//! Spherical regions of interest.

use std::path::Path;

use ndarray::{Array1, Array3};

use crate::FmriError;
use crate::affine::transform;
use crate::mask::Mask;

/// Radius of the reference study's regions, in mm.
pub const REFERENCE_RADIUS_MM: f64 = 10.0;

/// A region of interest: its name and the centre of its sphere.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereCentre {
    /// Its name, also used for its file.
    pub name: String,
    /// World coordinates in mm.
    pub centre_mm: [f64; 3],
}

impl SphereCentre {
    /// The seven regions of the left language network used by the reference study, in MNI coordinates.
    ///
    /// # References
    /// L. Bonnasse-Gahot and C. Pallier (2024), <https://arxiv.org/abs/2405.17992>
    #[must_use]
    pub fn reference_set() -> Vec<Self> {
        [
            ("TP", [-48.0, 15.0, -27.0]),
            ("aSTS", [-54.0, -12.0, -12.0]),
            ("pSTS", [-51.0, -39.0, 3.0]),
            ("BA45", [-52.0, 28.0, 10.0]),
            ("BA47", [-44.0, 34.0, -8.0]),
            ("BA44", [-50.0, 12.0, 16.0]),
            ("AG_TPJ", [-52.0, -56.0, 22.0]),
        ]
        .map(|(name, centre_mm)| Self {
            name: name.to_owned(),
            centre_mm,
        })
        .into()
    }

    /// Reads a CSV file with the columns `name`, `x`, `y` and `z` (mm), one region a row.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it cannot be read, has no rows, lacks a column, has a region twice, has a name
    /// that cannot be a file name, or has a coordinate that is not a finite number, or seems to be in metres.
    pub fn load_csv(path: &Path) -> Result<Vec<Self>, FmriError> {
        let table = crate::csv_table::CsvTable::load(path)?;
        let names = table.text("name")?;
        let [x, y, z] = [table.numbers("x")?, table.numbers("y")?, table.numbers("z")?];
        let mut centres: Vec<Self> = Vec::with_capacity(names.len());
        for (row, name) in names.into_iter().enumerate() {
            let is_file_name =
                !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
            // Some file systems take A and a for one name.
            let is_there = centres
                .iter()
                .any(|c| c.name.to_lowercase() == name.to_lowercase());
            if !is_file_name || is_there {
                let expected =
                    "a name that is a valid file name and occurs in only one row, in capitals or not";
                return Err(FmriError::malformed(
                    path,
                    format!("the name {name:?} in row {}", row + 1),
                    expected,
                ));
            }
            centres.push(Self {
                name,
                centre_mm: [x[row], y[row], z[row]],
            });
        }
        check_unit(path, &centres)?;
        Ok(centres)
    }
}

/// Centres in metres would all be within a sphere around the origin.
fn check_unit(path: &Path, centres: &[SphereCentre]) -> Result<(), FmriError> {
    let farthest = centres
        .iter()
        .flat_map(|c| c.centre_mm)
        .map(f64::abs)
        .fold(0.0, f64::max);
    if farthest > 0.0 && farthest < 1.0 {
        let found = format!("no coordinate farther than {farthest} mm from 0");
        return Err(FmriError::malformed(
            path,
            found,
            "coordinates in mm; are these metres?",
        ));
    }
    Ok(())
}

/// The voxels of `mask` whose centre is within `radius_mm` of `centre_mm`, surface included.
///
/// As in the reference, two voxels always belong to the sphere if they are in the mask: the one nearest to the centre,
/// and the first one whose centre has the same integer parts as the sphere's centre. Both matter only for radii smaller
/// than a voxel.
///
/// # Shapes
/// One flag per voxel of the mask, in its order.
///
/// # Errors
/// [`FmriError::EmptySphere`] if it has no voxels, [`FmriError::InvalidSphere`] if a number is not finite or the radius
/// is negative.
///
/// # References
/// nilearn 0.10.4, `NiftiSpheresMasker`
///
/// ```
/// use lpp_fmri::{Grid, Mask, sphere};
/// use ndarray::Array3;
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// let mask = Mask::new(Grid::working(), Array3::from_elem((37, 46, 38), true))?;
/// let flags = sphere(&mask, [0.0, -22.0, -4.0], 4.0)?; // a voxel and its six neighbours
/// assert_eq!(flags.iter().filter(|&&is_in| is_in).count(), 7);
/// # Ok(())
/// # }
/// ```
pub fn sphere(mask: &Mask, centre_mm: [f64; 3], radius_mm: f64) -> Result<Array1<bool>, FmriError> {
    if centre_mm.iter().any(|c| !c.is_finite()) || !radius_mm.is_finite() || radius_mm < 0.0 {
        return Err(FmriError::InvalidSphere { centre_mm, radius_mm });
    }
    let world = mask.world_coordinates();
    let mut flags: Array1<bool> = world
        .iter()
        .map(|&point| squared_distance(point, centre_mm) <= radius_mm * radius_mm)
        .collect();
    let nearest = transform(&mask.grid().inverse_affine()?, centre_mm).map(f64::round_ties_even);
    let truncated = centre_mm.map(f64::trunc);
    let always = [
        mask.voxels()
            .iter()
            .position(|voxel| same_integers(voxel.map(|v| v as f64), nearest)),
        world
            .iter()
            .position(|point| same_integers(point.map(f64::trunc), truncated)),
    ];
    for index in always.into_iter().flatten() {
        flags[index] = true;
    }
    if flags.iter().any(|&is_in| is_in) {
        Ok(flags)
    } else {
        Err(FmriError::EmptySphere { centre_mm, radius_mm })
    }
}

/// [`sphere`] as a volume on the mask's grid: 1 inside, 0 elsewhere, in `f64` as in the reference.
///
/// # Errors
/// As [`sphere`].
///
/// # Example
/// ```
/// use lpp_fmri::{Grid, Mask, sphere_volume};
/// use ndarray::Array3;
///
/// let mask = Mask::new(Grid::working(), Array3::from_elem((37, 46, 38), true))?;
/// let volume = sphere_volume(&mask, [0.0, -22.0, -4.0], 4.0)?;
/// assert_eq!((volume.sum(), volume[[18, 21, 15]]), (7.0, 1.0));
/// # Ok::<(), lpp_fmri::FmriError>(())
/// ```
pub fn sphere_volume(mask: &Mask, centre_mm: [f64; 3], radius_mm: f64) -> Result<Array3<f64>, FmriError> {
    mask.unmask(&sphere(mask, centre_mm, radius_mm)?.mapv(f64::from), 0.0)
}

#[expect(clippy::float_cmp, reason = "whole numbers, which f64 holds exactly")]
fn same_integers(a: [f64; 3], b: [f64; 3]) -> bool {
    a == b
}

fn squared_distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|d| (a[d] - b[d]) * (a[d] - b[d])).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_set_is_that_of_the_paper() {
        // Table of the regions in Bonnasse-Gahot and Pallier (2024).
        let table = "name,x,y,z\nTP,-48,15,-27\naSTS,-54,-12,-12\npSTS,-51,-39,3\nBA45,-52,28,10\nBA47,-44,34,-8\n\
                     BA44,-50,12,16\nAG_TPJ,-52,-56,22\n";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), table).unwrap();
        assert_eq!(
            SphereCentre::reference_set(),
            SphereCentre::load_csv(file.path()).unwrap()
        );
    }

    #[test]
    fn a_unit_is_doubted_below_a_millimetre_only() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let load = |x: &str| {
            std::fs::write(file.path(), format!("name,x,y,z\nA,{x},0,0\n")).unwrap();
            SphereCentre::load_csv(file.path()).map(|centres| centres[0].centre_mm[0])
        };
        assert_eq!(load("0").unwrap(), 0.0);
        assert_eq!(load("-1").unwrap(), -1.0);
        assert!(load("-0.99").unwrap_err().to_string().contains("metres"));
    }
}
