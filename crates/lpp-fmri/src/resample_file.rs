//! A file onto another grid.

use std::path::Path;

use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use crate::FmriError;
use crate::crop::{displaces, paste};
use crate::file_order::into_file_order;
use crate::grid::Grid;
use crate::image::{Image, ImageReader};
use crate::numeric::{Element, NumArray, with_array, with_element_type};
use crate::resample::{Resampler, ValueRange, result_type};
use crate::sampling::Interpolation;
use crate::volume_stream::map_volumes;

/// Largest target grid: 1024 voxels along each axis, 4 GiB per volume in single precision.
const MAX_VOXELS: f64 = 1_073_741_824.0;

/// If less than this share of the target grid is inside the image, the grid is probably a mistake.
const LITTLE: f64 = 0.05;

/// Reads an image and resamples it to the grid `target`, clipped to the range of its values and 0.
///
/// The result has the type described in [`Resampler`] and keeps the time step and units of the image. There is a
/// warning if the result is all 0. An image that is already on the grid is returned unchanged.
///
/// # Errors
/// [`FmriError`] naming the file if it cannot be read or does not overlap the target grid.
///
/// ```no_run
/// use lpp_fmri::{Grid, Interpolation, resample_file};
///
/// let run = resample_file("bold.nii.gz".as_ref(), &Grid::working(), Interpolation::Cubic)?;
/// run.save("bold_res-4mm.nii.gz".as_ref())?;
/// # Ok::<(), lpp_fmri::FmriError>(())
/// ```
pub fn resample_file(path: &Path, target: &Grid, interpolation: Interpolation) -> Result<Image, FmriError> {
    let mut reader = ImageReader::open(path)?;
    let in_file = |e: FmriError| match e {
        FmriError::NoOverlap { .. } => {
            FmriError::malformed(path, e.to_string(), "an image that overlaps the target grid")
        }
        other => other,
    };
    let resampler = Resampler::new(reader.grid(), target, interpolation).map_err(in_file)?;
    if let Some(shift) = resampler.shift() {
        return shift_image(path, shift, target, interpolation);
    }
    let n_target = resampler.grid().n_voxels();
    let share = resampler.n_inside() as f64 / n_target as f64;
    if share < LITTLE {
        tracing::warn!(
            "{}: only {:.1} % of the target's voxels are inside the image, the others are 0",
            path.display(),
            100.0 * share
        );
    }
    let mut shape = resampler.grid().shape().to_vec();
    if !reader.is_3d() {
        shape.push(reader.n_volumes());
    }
    let mut range = ValueRange::default();
    let mut volumes = Vec::new();
    map_volumes(
        &mut reader,
        |volume| {
            let mut range = ValueRange::default();
            range.include(&volume);
            Ok((range, resampler.volume(volume)?))
        },
        |(of_volume, volume)| {
            range.merge(of_volume);
            volumes.push(volume);
            Ok(())
        },
    )?;
    let values = stack(volumes, &shape)?;
    let values = if resampler.is_identity() {
        values
    } else {
        range.clip(values)
    };
    warn_if_blank(path, &values, range);
    Ok(Image::new(*resampler.grid(), values)?.in_units_of(reader.header()))
}

/// Warns of a result that is all 0, with the reason.
fn warn_if_blank(path: &Path, result: &NumArray, of_image: ValueRange) {
    let blank = |range: ValueRange| range == ValueRange::default();
    let mut of_result = ValueRange::default();
    of_result.include(result);
    if blank(of_result) {
        let why = if blank(of_image) {
            "as does the image itself"
        } else {
            "because all nonzero voxels of the image are outside the target grid"
        };
        tracing::warn!("{}: the result has only 0 or NaN, {why}", path.display());
    }
}

fn shift_image(
    path: &Path,
    shift: [f64; 3],
    target: &Grid,
    interpolation: Interpolation,
) -> Result<Image, FmriError> {
    let reader = ImageReader::open(path)?;
    let values = result_type(Image::load(path)?.into_values(), interpolation);
    let mut range = ValueRange::default();
    range.include(&values);
    if with_array!(&values, array => displaces(array, shift))? {
        tracing::warn!(
            "{}: its grid is that of the target shifted by whole voxels, and the target begins inside its \
             foreground; as in nilearn, the content is displaced; crop the image to the target first",
            path.display()
        );
    }
    let pasted = with_array!(values, array => paste(&array, shift, target.shape()).map(NumArray::from))?;
    warn_if_blank(path, &pasted, range);
    Ok(Image::new(*target, range.clip(pasted))?.in_units_of(reader.header()))
}

/// Checks that a target grid has at most 2^30 voxels: a mistyped shape is an error, not an attempt to take all memory.
///
/// # Errors
/// [`FmriError::InvalidParameter`] with the number of voxels.
///
/// # Example
/// ```
/// use lpp_fmri::{Grid, check_target};
///
/// assert!(check_target(&Grid::working()).is_ok());
/// ```
pub fn check_target(target: &Grid) -> Result<(), FmriError> {
    let n_voxels: f64 = target.shape().iter().map(|n| *n as f64).product();
    if n_voxels > MAX_VOXELS {
        return Err(FmriError::InvalidParameter {
            name: "the number of voxels of the target grid",
            value: n_voxels,
            expected: "2^30 or less",
        });
    }
    Ok(())
}

/// Volumes of one type, joined along the fourth axis.
fn stack(volumes: Vec<NumArray>, shape: &[usize]) -> Result<NumArray, FmriError> {
    let element = volumes
        .first()
        .map_or(crate::ElementType::F32, NumArray::element_type);
    with_element_type!(element, T => {
        let mut values: Vec<T> = Vec::with_capacity(shape.iter().product());
        for volume in volumes {
            values.extend(T::take(volume).map(into_file_order).unwrap_or_default());
        }
        let found = vec![values.len()];
        let array = ArrayD::from_shape_vec(IxDyn(shape).f(), values);
        array.map(NumArray::from).map_err(|_| FmriError::Shape { what: "the volumes", found, expected: shape.to_vec() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affine::diagonal_affine;
    use crate::warnings_in_tests::warnings_of;

    /// The warnings of a resampling from 6 × 6 × 6 voxels of 4 mm.
    fn warnings(of: impl Fn([usize; 3]) -> f32, target: &Grid) -> (Image, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scan.nii");
        let grid = Grid::new([6; 3], diagonal_affine([4.0; 3], [0.0; 3])).unwrap();
        let values = ArrayD::from_shape_fn(vec![6; 3], |p| of([p[0], p[1], p[2]]));
        Image::new(grid, values).unwrap().save(&path).unwrap();
        warnings_of(|| resample_file(&path, target, Interpolation::Nearest).unwrap())
    }

    /// A value in the last voxel only.
    fn last(voxel: [usize; 3]) -> f32 {
        if voxel == [5; 3] { -7.0 } else { 0.0 }
    }

    fn target(n: usize, step: f64, origin: f64) -> Grid {
        Grid::new([n; 3], diagonal_affine([step; 3], [origin; 3])).unwrap()
    }

    #[test]
    fn a_blank_result_has_its_reason() {
        // By interpolation and by copying; both targets end before the last voxel.
        for target in [target(4, 3.0, 0.0), target(4, 4.0, 4.0)] {
            let (image, said) = warnings(last, &target);
            assert!(image.to_f64_volume().unwrap().iter().all(|v| *v == 0.0));
            assert!(
                said.len() == 1 && said[0].contains("all nonzero voxels of the image are outside"),
                "{said:?}"
            );
            let (_, said) = warnings(|_| 0.0, &target);
            assert!(
                said.last()
                    .unwrap()
                    .contains("only 0 or NaN, as does the image itself"),
                "{said:?}"
            );
        }
        for target in [target(6, 3.9, 0.0), target(5, 4.0, 4.0)] {
            let (image, said) = warnings(last, &target);
            assert_eq!(image.to_f64_volume().unwrap().sum(), -7.0);
            assert_eq!(said, [""; 0]);
        }
    }

    #[test]
    fn a_target_that_is_nearly_all_outside_is_doubted() {
        // Six voxels along each axis are inside: 216 of 16³ are 5.3 %, of 17³ 4.4 %.
        assert_eq!(warnings(last, &target(16, 3.9, 0.0)).1, [""; 0]);
        let (_, said) = warnings(last, &target(17, 3.9, 0.0));
        assert!(
            said.len() == 1 && said[0].contains("scan.nii: only 4.4 % of the target's voxels"),
            "{said:?}"
        );
    }

    #[test]
    fn content_that_is_displaced_is_told() {
        let (_, said) = warnings(|_| 1.0, &target(2, 4.0, 4.0));
        assert!(
            said.len() == 1 && said[0].contains("the content is displaced"),
            "{said:?}"
        );
    }

    #[test]
    fn a_target_has_at_most_a_milliard_voxels() {
        let cube =
            |n: usize| check_target(&Grid::new([1 << 10, 1 << 10, n], *Grid::working().affine()).unwrap());
        assert!(cube(1 << 10).is_ok());
        let error = cube((1 << 10) + 1).unwrap_err().to_string();
        assert!(error.contains("1074790400"), "{error}");
    }
}
