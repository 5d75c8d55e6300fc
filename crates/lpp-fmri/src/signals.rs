//! Time courses of the voxels of a mask, in the type that the reference uses.

use std::path::Path;

use lpp_files::npy;
use ndarray::{Array1, Array2, ArrayD, ArrayRef2, ArrayView1};

use crate::FmriError;
use crate::file_order::into_file_order;
use crate::image::ImageReader;
use crate::mask::Mask;
use crate::numeric::{NumArray, with_array};
use crate::sample::{Real, Sample};
use crate::smooth::Smoother;
use crate::volume_stream::map_volumes;

/// A run's time courses, of shape (`n_scans`, `n_voxels`), voxels in the order of the mask.
///
/// Images of `f32` and of integers give `f32`, images of `f64` and scaled ones `f64`.
///
/// ```
/// use lpp_fmri::{CleaningParams, Signals};
/// use ndarray::Array2;
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// let raw = Array2::from_shape_fn((60, 2), |(t, v)| 900.0 + (t * (3 + v) % 17) as f32);
/// let cleaner = CleaningParams::reference().check()?;
/// let clean = Signals::Single(raw).clean(&cleaner)?;
/// assert_eq!((clean.n_scans(), clean.n_voxels()), (60, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Signals {
    /// Single precision.
    Single(Array2<f32>),
    /// Double precision.
    Double(Array2<f64>),
}

impl Signals {
    /// Reads an image, smooths it with a Gaussian of `smoothing_fwhm_mm` if given, and extracts the voxels of `mask`.
    ///
    /// The whole volume is smoothed, so voxels outside the mask contribute, as in the reference. Values that are not
    /// finite become 0, and a warning counts those in the mask; another one counts scans with one value in all voxels. Volumes are decoded, smoothed and masked in parallel;
    /// memory holds the result and a few volumes.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it cannot be read or is not on the grid of the mask, or if the width is
    /// invalid.
    ///
    /// # References
    /// nilearn 0.10.4, `nilearn.maskers.NiftiMasker`
    pub fn extract(path: &Path, mask: &Mask, smoothing_fwhm_mm: Option<f64>) -> Result<Self, FmriError> {
        let mut reader = ImageReader::open(path)?;
        if !mask.grid().matches(reader.grid()) {
            let found = format!("an image on another grid ({})", reader.grid());
            let expected = format!("the grid of the mask ({})", mask.grid());
            return Err(FmriError::malformed(path, found, expected));
        }
        let smoother = smoothing_fwhm_mm
            .map(|fwhm| Smoother::new(reader.grid(), fwhm))
            .transpose()?;
        let places = file_places(mask);
        let mut scans = Scans::new(reader.n_volumes(), places.len());
        let mut not_finite = 0;
        map_volumes(
            &mut reader,
            |volume| {
                Ok((
                    n_not_finite(&volume, &places),
                    masked(volume, smoother.as_ref(), &places),
                ))
            },
            |(n, scan)| {
                not_finite += n;
                scans.push(scan);
                Ok(())
            },
        )?;
        if not_finite > 0 {
            tracing::warn!(
                "{}: {not_finite} values in voxels of the mask are NaN or infinite; they are set to 0, as in nilearn",
                path.display()
            );
        }
        let signals = scans.finish()?;
        let empty = signals.empty_scans();
        if let Some(first) = empty.first() {
            tracing::warn!(
                "{}: {} scans have one value in all voxels of the mask (the first is scan {first}, from 0); were volumes lost?",
                path.display(),
                empty.len()
            );
        }
        Ok(signals)
    }

    /// Scans in which all voxels have the same value, as where a volume was lost and filled with zeros.
    fn empty_scans(&self) -> Vec<usize> {
        match self {
            Self::Single(array) => empty_scans(array),
            Self::Double(array) => empty_scans(array),
        }
    }

    /// Number of scans.
    #[must_use]
    pub fn n_scans(&self) -> usize {
        match self {
            Self::Single(array) => array.nrows(),
            Self::Double(array) => array.nrows(),
        }
    }

    /// Number of voxels.
    #[must_use]
    pub fn n_voxels(&self) -> usize {
        match self {
            Self::Single(array) => array.ncols(),
            Self::Double(array) => array.ncols(),
        }
    }

    /// Number of voxels that are constant over the scans.
    #[must_use]
    pub fn n_constant(&self) -> usize {
        match self {
            Self::Single(array) => n_constant(array),
            Self::Double(array) => n_constant(array),
        }
    }

    /// The time courses in single precision.
    #[must_use]
    pub fn into_single(self) -> Array2<f32> {
        match self {
            Self::Single(array) => array,
            Self::Double(array) => array.mapv(f32::from_double),
        }
    }

    /// Writes a `.npy` file of the type of the values.
    ///
    /// # Errors
    /// [`FmriError::File`] if the disk refuses.
    pub fn save(&self, path: &Path) -> Result<(), FmriError> {
        match self {
            Self::Single(array) => npy::save(path, array)?,
            Self::Double(array) => npy::save(path, array)?,
        }
        Ok(())
    }
}

fn n_constant<T: Real>(series: &Array2<T>) -> usize {
    let mut constant: Vec<usize> = (0..series.ncols()).collect();
    for row in series.rows() {
        // Nearly all voxels are out after the second scan.
        constant.retain(|&voxel| row[voxel] == series[[0, voxel]]);
    }
    constant.len()
}

fn empty_scans<T: Real>(series: &Array2<T>) -> Vec<usize> {
    let is_empty = |row: ArrayView1<'_, T>| row.iter().all(|value| *value == row[0]);
    let rows = (0..).zip(series.rows()).filter(|(_, row)| row.len() > 1);
    rows.filter(|(_, row)| is_empty(*row))
        .map(|(scan, _)| scan)
        .collect()
}

/// Indices of the mask's voxels in a volume in file order.
fn file_places(mask: &Mask) -> Vec<usize> {
    let [ni, nj, _] = mask.grid().shape();
    mask.voxels()
        .iter()
        .map(|[i, j, k]| i + ni * (j + nj * k))
        .collect()
}

/// One scan.
enum Scan {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

/// Number of NaN or infinite values in the mask; `places` are its indices in file order.
fn n_not_finite(volume: &NumArray, places: &[usize]) -> usize {
    fn count<T: Sample>(volume: &ArrayD<T>, places: &[usize]) -> usize {
        // In memory, too, the first axis runs fastest.
        let stored = volume.t();
        let Some(values) = stored.as_slice() else { return 0 };
        let values = places.iter().filter_map(|&place| values.get(place));
        values.filter(|value| !value.is_finite()).count()
    }
    match volume {
        NumArray::F32(volume) => count(volume, places),
        NumArray::F64(volume) => count(volume, places),
        _ => 0,
    }
}

/// Signed integers are smoothed as floats; unsigned ones keep their type and are truncated after every axis.
fn masked(volume: NumArray, smoother: Option<&Smoother>, places: &[usize]) -> Scan {
    match (volume, smoother) {
        (NumArray::F64(v), _) => Scan::Double(picked(into_file_order(v), smoother, places)),
        (NumArray::F32(v), _) => Scan::Single(picked(into_file_order(v), smoother, places)),
        (NumArray::I64(v), Some(_)) => Scan::Double(picked(converted(v), smoother, places)),
        (NumArray::I8(v), Some(_)) => Scan::Single(picked(converted(v), smoother, places)),
        (NumArray::I16(v), Some(_)) => Scan::Single(picked(converted(v), smoother, places)),
        (NumArray::I32(v), Some(_)) => Scan::Single(picked(converted(v), smoother, places)),
        (other, _) => with_array!(other, array => {
            let values = picked(into_file_order(array), smoother, places);
            Scan::Single(values.into_iter().map(|v| f32::from_double(v.to_double())).collect())
        }),
    }
}

fn converted<S: Sample, T: Real>(volume: ArrayD<S>) -> Vec<T> {
    into_file_order(volume)
        .into_iter()
        .map(|v| T::from_double(v.to_double()))
        .collect()
}

fn picked<T: Sample>(mut values: Vec<T>, smoother: Option<&Smoother>, places: &[usize]) -> Vec<T> {
    if let Some(smoother) = smoother {
        smoother.apply(&mut values);
    }
    let finite = |v: T| if v.is_finite() { v } else { T::from_double(0.0) };
    // Places come from a mask on the same grid.
    places
        .iter()
        .filter_map(|&place| values.get(place).copied().map(finite))
        .collect()
}

/// Scans, one after the other.
struct Scans {
    single: Vec<f32>,
    double: Vec<f64>,
    shape: (usize, usize),
}

impl Scans {
    fn new(n_scans: usize, n_voxels: usize) -> Self {
        Self {
            single: Vec::new(),
            double: Vec::new(),
            shape: (n_scans, n_voxels),
        }
    }

    fn push(&mut self, scan: Scan) {
        match scan {
            Scan::Single(values) => self.single.extend(values),
            Scan::Double(values) => self.double.extend(values),
        }
    }

    fn finish(self) -> Result<Signals, FmriError> {
        let found = vec![self.single.len() + self.double.len()];
        let signals = if self.double.is_empty() {
            Array2::from_shape_vec(self.shape, self.single).map(Signals::Single)
        } else {
            Array2::from_shape_vec(self.shape, self.double).map(Signals::Double)
        };
        signals.map_err(|_| FmriError::Shape {
            what: "the scans",
            found,
            expected: vec![self.shape.0, self.shape.1],
        })
    }
}

/// Subtracts the mean of each column and divides by its population standard deviation, in the type of the data.
///
/// A constant column becomes NaN. Unlike [`Signals::clean`], this divides by 0, as the reference does when it
/// standardises averaged subjects.
///
/// ```
/// let z = lpp_fmri::standardise_plainly(&ndarray::array![[1.0f32, 5.0], [3.0, 5.0]]);
/// assert_eq!(z.column(0).to_vec(), [-1.0, 1.0]);
/// assert!(z[[0, 1]].is_nan());
/// ```
#[must_use]
pub fn standardise_plainly(values: &ArrayRef2<f32>) -> Array2<f32> {
    let n = f32::from_double(values.nrows() as f64);
    let mean = row_sum(values) / n;
    let mut centred = values.to_owned();
    centred -= &mean;
    let deviation = (row_sum(&centred.mapv(|v| v * v)) / n).mapv(f32::sqrt);
    centred /= &deviation;
    centred
}

/// Sums down the columns, scan by scan in `f32`, as NumPy sums along the first axis.
fn row_sum(values: &ArrayRef2<f32>) -> Array1<f32> {
    let mut sum = Array1::zeros(values.ncols());
    for row in values.rows() {
        sum += &row;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affine::diagonal_affine;
    use crate::grid::Grid;
    use crate::image::Image;
    use crate::warnings_in_tests::warnings_of;
    use ndarray::{Array3, ArrayD, array};

    fn grid() -> Grid {
        Grid::new([3, 2, 2], diagonal_affine([4.0; 3], [-4.0; 3])).unwrap()
    }

    /// The voxels (0, 1, 0) and (2, 0, 1).
    fn mask() -> Mask {
        let inside = Array3::from_shape_fn((3, 2, 2), |place| [(0, 1, 0), (2, 0, 1)].contains(&place));
        Mask::new(grid(), inside).unwrap()
    }

    /// Extracts a run of three scans whose values tell their place: i + 10 j + 100 k + 50 t.
    fn extracted<T>(of: impl Fn(u8) -> T, fwhm: Option<f64>) -> Signals
    where
        NumArray: From<ArrayD<T>>,
    {
        let values = ArrayD::from_shape_fn(vec![3, 2, 2, 3], |p| {
            of(u8::try_from(p[0] + 10 * p[1] + 100 * p[2] + 50 * p[3]).unwrap())
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.nii");
        Image::new(grid(), values).unwrap().save(&path).unwrap();
        Signals::extract(&path, &mask(), fwhm).unwrap()
    }

    #[test]
    fn courses_are_those_of_the_voxels_in_the_type_of_the_reference() {
        let single = Signals::Single(array![[10.0, 102.0], [60.0, 152.0], [110.0, 202.0]]);
        let double = Signals::Double(array![[10.0, 102.0], [60.0, 152.0], [110.0, 202.0]]);
        // A kernel of no width changes nothing but the type of signed integers.
        for fwhm in [None, Some(0.0)] {
            assert_eq!(extracted(|v| v, fwhm), single);
            assert_eq!(extracted(i16::from, fwhm), single);
            assert_eq!(extracted(i32::from, fwhm), single);
            assert_eq!(extracted(u32::from, fwhm), single);
            assert_eq!(extracted(f32::from, fwhm), single);
            assert_eq!(extracted(f64::from, fwhm), double);
        }
        assert_eq!(extracted(i64::from, None), single);
        assert_eq!(extracted(i64::from, Some(0.0)), double);
        assert_eq!((single.n_scans(), single.n_voxels()), (3, 2));
        assert_eq!((double.n_scans(), double.n_voxels()), (3, 2));
        assert_eq!(Signals::Single(double.into_single()), single);
        // A line along t in every voxel stays one, so that smoothing shifts each scan alike.
        let smooth = extracted(i16::from, Some(6.0)).into_single();
        assert!((smooth[[1, 0]] - smooth[[0, 0]] - 50.0).abs() < 1e-4 && smooth[[0, 0]] > 10.0);
    }

    #[test]
    fn values_that_are_none_become_zero_and_are_counted() {
        let hole = |v: u8| match v {
            10 => f32::NAN,
            // One inside the mask, one outside.
            152 | 100 => f32::NEG_INFINITY,
            _ => f32::from(v),
        };
        let (signals, warnings) = warnings_of(|| extracted(hole, None));
        assert_eq!(
            signals,
            Signals::Single(array![[0.0, 102.0], [60.0, 0.0], [110.0, 202.0]])
        );
        assert!(
            warnings.len() == 1 && warnings[0].contains("run.nii: 2 values in voxels of the mask"),
            "{warnings:?}"
        );
        let (_, warnings) = warnings_of(|| extracted(|v| f64::from(hole(v)), None));
        assert!(warnings[0].contains(": 2 values"), "{warnings:?}");
        assert_eq!(warnings_of(|| extracted(f64::from, None)).1, [""; 0]);
    }

    #[test]
    fn lost_volumes_are_told() {
        let lost = |v: u8| if v / 50 % 2 == 1 { 0.0 } else { f32::from(v) };
        // Values of 50 to 99 and of 150 to 199 are zero: both voxels in the second scan.
        let (signals, warnings) = warnings_of(|| extracted(lost, None));
        assert_eq!(signals.into_single().row(1).to_vec(), [0.0, 0.0]);
        assert!(
            warnings.len() == 1
                && warnings[0].contains("1 scans have one value")
                && warnings[0].contains("scan 1,"),
            "{warnings:?}"
        );
        let series = array![[3.0, 3.0], [3.0, 4.0], [0.0, 0.0]];
        assert_eq!(Signals::Double(series.clone()).empty_scans(), [0, 2]);
        assert_eq!(
            Signals::Single(series.mapv(f32::from_double)).empty_scans(),
            [0, 2]
        );
        // A single voxel has one value in every scan.
        assert_eq!(Signals::Double(array![[1.0], [2.0]]).empty_scans(), [0; 0]);
    }

    #[test]
    fn constant_voxels_are_counted() {
        // Varying; constant; back at its first value; constant.
        let series = array![[1.0, 2.0, 3.0, 0.0], [2.0, 2.0, 4.0, 0.0], [3.0, 2.0, 3.0, 0.0]];
        assert_eq!(Signals::Double(series.clone()).n_constant(), 2);
        assert_eq!(Signals::Single(series.mapv(f32::from_double)).n_constant(), 2);
    }

    #[test]
    fn plain_scores_have_mean_0_and_deviation_1() {
        // Mean 5 and standard deviation 2; a constant column.
        let values = [2.0_f32, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        let both = Array2::from_shape_fn((8, 2), |(t, column)| if column == 0 { values[t] } else { 7.0 });
        let z = standardise_plainly(&both);
        assert_eq!(z.column(0).to_vec(), values.map(|v| (v - 5.0) / 2.0));
        assert!(z.column(1).iter().all(|v| v.is_nan()));
    }
}
