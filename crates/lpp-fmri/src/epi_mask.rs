//! Where the brain is in a run, in most runs, and on both sides.

use std::path::Path;

use ndarray::{Array3, ArrayRef3};

use crate::FmriError;
use crate::file_order::{from_file_order, into_file_order};
use crate::grid::Grid;
use crate::hemisphere::swap_hemispheres;
use crate::image::ImageReader;
use crate::mask::Mask;
use crate::morphology::{dilate, erode, largest_component};
use crate::numeric::{NumArray, with_array};
use crate::sample::{Real, Sample};
use crate::smooth::Smoother;

/// Share of the voxels that are darker than any brain, the reference's default.
const LOWER_CUTOFF: f64 = 0.2;
/// Share of the voxels above which the gap between background and brain is not sought.
const UPPER_CUTOFF: f64 = 0.85;
/// Erosions that cut thin bridges.
const OPENING: usize = 2;

/// The brightest part of a run's mean image, as a volume of (i, j, k).
///
/// The mean over time, smoothed by one voxel, is cut at the largest gap of its sorted values between the 20th
/// and the 85th percent; two erosions cut thin bridges, the largest component is kept, four dilations and two
/// erosions close it. NaN and infinite voxels count as 0. The volumes are read one by one. A run without contrast may
/// give an empty volume.
///
/// # Errors
/// [`FmriError`] naming the file if it cannot be read.
///
/// # References
/// nilearn 0.10.4, `nilearn.masking.compute_epi_mask`
pub fn epi_mask(path: &Path) -> Result<(Grid, Array3<bool>), FmriError> {
    let mut reader = ImageReader::open(path)?;
    let grid = *reader.grid();
    let inside = match smoothed_mean(&mut reader)? {
        MeanImage::Single(values) => bright_part(values, grid.shape())?,
        MeanImage::Double(values) => bright_part(values, grid.shape())?,
    };
    let opened = erode(inside, OPENING);
    if !opened.iter().any(|v| *v) {
        return Ok((grid, opened));
    }
    let closed = erode(dilate(largest_component(&opened), 2 * OPENING), OPENING);
    Ok((grid, closed))
}

/// Smoothed mean in file order, in the type in which the reference computes it.
#[derive(Debug, Clone, PartialEq)]
enum MeanImage {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

/// The mean over the volumes, smoothed by one voxel, 0 where the mean is NaN.
///
/// `f32` runs are summed in `f32`, volume by volume, all others in `f64`. A single 3-D volume is taken as it is: then
/// integers are smoothed as everywhere else, the unsigned ones in their own type.
fn smoothed_mean(reader: &mut ImageReader) -> Result<MeanImage, FmriError> {
    let smoother = Smoother::one_voxel(reader.grid().shape());
    let n = reader.n_volumes();
    let is_3d = reader.is_3d();
    let Some(first) = reader.next_volume()? else {
        return Ok(MeanImage::Double(Vec::new()));
    };
    Ok(match first {
        NumArray::F32(volume) => MeanImage::Single(smoothed(
            mean_of_rest(into_file_order(volume), reader, n)?,
            &smoother,
        )),
        volume if is_3d => smoothed_3d(volume, &smoother),
        volume => MeanImage::Double(smoothed(
            mean_of_rest(into_file_order(volume.into_f64()), reader, n)?,
            &smoother,
        )),
    })
}

fn smoothed_3d(volume: NumArray, smoother: &Smoother) -> MeanImage {
    match volume {
        NumArray::U8(v) => MeanImage::Double(smoothed_in_own_type(into_file_order(v), smoother)),
        NumArray::U16(v) => MeanImage::Double(smoothed_in_own_type(into_file_order(v), smoother)),
        NumArray::U32(v) => MeanImage::Double(smoothed_in_own_type(into_file_order(v), smoother)),
        NumArray::U64(v) => MeanImage::Double(smoothed_in_own_type(into_file_order(v), smoother)),
        NumArray::I8(_) | NumArray::I16(_) | NumArray::I32(_) => {
            let values = with_array!(volume, array => as_single(into_file_order(array)));
            MeanImage::Single(smoothed(values, smoother))
        }
        other => MeanImage::Double(smoothed(into_file_order(other.into_f64()), smoother)),
    }
}

fn as_single<T: Sample>(values: Vec<T>) -> Vec<f32> {
    values
        .into_iter()
        .map(|v| f32::from_double(v.to_double()))
        .collect()
}

fn smoothed_in_own_type<T: Sample>(mut values: Vec<T>, smoother: &Smoother) -> Vec<f64> {
    smoother.apply(&mut values);
    values.into_iter().map(Sample::to_double).collect()
}

/// `sum` plus the volumes that are left, over their number.
fn mean_of_rest<T: Real>(mut sum: Vec<T>, reader: &mut ImageReader, n: usize) -> Result<Vec<T>, FmriError> {
    while let Some(volume) = reader.next_volume()? {
        with_array!(volume, array => add(&mut sum, &into_file_order(array)));
    }
    let n = T::from_double(n as f64);
    for value in &mut sum {
        *value /= n;
    }
    Ok(sum)
}

fn add<T: Real, S: Sample>(sum: &mut [T], volume: &[S]) {
    for (sum, value) in sum.iter_mut().zip(volume) {
        *sum += T::from_double(value.to_double());
    }
}

/// Smooths as the mask wants it: NaN stays out (0), its neighbours count it as 0.
fn smoothed<T: Real>(mut mean: Vec<T>, smoother: &Smoother) -> Vec<T> {
    let holes: Vec<usize> = (0..mean.len()).filter(|&i| mean[i].is_nan()).collect();
    smoother.apply(&mut mean);
    for hole in holes {
        mean[hole] = T::zero();
    }
    mean
}

/// The voxels on the bright side of the largest gap.
fn bright_part<T: Real>(values: Vec<T>, shape: [usize; 3]) -> Result<Array3<bool>, FmriError> {
    let threshold = gap_threshold(&values);
    from_file_order(values, shape)
        .map(|volume| volume.mapv(|v| v >= threshold).as_standard_layout().into_owned())
}

/// The middle of the largest gap between sorted neighbours, the first of equal gaps. Values are finite.
fn gap_threshold<T: Real>(values: &[T]) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is a count"
    )]
    let share = |part: f64| (part * sorted.len() as f64).floor() as usize;
    let low = share(LOWER_CUTOFF);
    let high = share(UPPER_CUTOFF).min(sorted.len().saturating_sub(1));
    let mut widest = (low, T::neg_infinity());
    for m in low..high {
        let gap = sorted[m + 1] - sorted[m];
        if gap > widest.1 {
            widest = (m, gap);
        }
    }
    let at = |m: usize| sorted.get(m).copied().unwrap_or_else(T::zero);
    T::from_double(0.5) * (at(widest.0) + at((widest.0 + 1).min(high)))
}

/// Counts in how many runs each voxel was inside.
///
/// ```
/// use lpp_fmri::{Grid, MaskVotes, diagonal_affine};
/// use ndarray::Array3;
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// let grid = Grid::new([3, 3, 3], diagonal_affine([4.0; 3], [-4.0; 3]))?;
/// let mut votes = MaskVotes::new(grid);
/// votes.add(&Array3::from_elem((3, 3, 3), true))?;
/// votes.add(&Array3::from_shape_fn((3, 3, 3), |(i, _, _)| i > 0))?;
/// // Half of the runs are not more than half.
/// assert_eq!(votes.majority()?.n_voxels(), 18);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct MaskVotes {
    grid: Grid,
    votes: Array3<u32>,
    n_runs: u32,
}

impl MaskVotes {
    /// No run yet.
    #[must_use]
    pub fn new(grid: Grid) -> Self {
        let [i, j, k] = grid.shape();
        Self {
            grid,
            votes: Array3::zeros((i, j, k)),
            n_runs: 0,
        }
    }

    /// Adds a run's mask, of shape (i, j, k).
    ///
    /// # Errors
    /// [`FmriError::Shape`] if it does not lie on the grid.
    pub fn add(&mut self, inside: &ArrayRef3<bool>) -> Result<(), FmriError> {
        if inside.shape() != self.grid.shape() {
            return Err(FmriError::Shape {
                what: "the mask",
                found: inside.shape().to_vec(),
                expected: self.grid.shape().to_vec(),
            });
        }
        self.votes
            .zip_mut_with(inside, |votes, &is_in| *votes += u32::from(is_in));
        self.n_runs += 1;
        Ok(())
    }

    /// The largest component of the voxels inside in strictly more than half of the runs.
    ///
    /// # Errors
    /// [`FmriError::EmptyMask`] if there is none.
    ///
    /// # References
    /// nilearn 0.10.4, `nilearn.masking.compute_multi_epi_mask` with a threshold of 0.5
    pub fn majority(&self) -> Result<Mask, FmriError> {
        let most = self
            .votes
            .mapv(|votes| 2 * u64::from(votes) > u64::from(self.n_runs));
        Mask::new(self.grid, largest_component(&most))
    }
}

impl Mask {
    /// The largest component of the voxels that are inside on both sides.
    ///
    /// The grid must be upright, x growing along i. The component is not made symmetric again.
    ///
    /// # Errors
    /// [`FmriError::RotatedAffine`] or [`FmriError::GridMismatch`] if the grid is not upright,
    /// [`FmriError::EmptyMask`] if nothing is left.
    ///
    /// # References
    /// nilearn 0.10.4, `intersect_masks([mask, swap_img_hemispheres(mask)], threshold=1)`
    pub fn symmetric_part(&self) -> Result<Self, FmriError> {
        let (grid, mut both) = swap_hemispheres(self.grid(), &self.inside())?;
        if grid != *self.grid() {
            return Err(FmriError::GridMismatch {
                found: Box::new(*self.grid()),
                expected: Box::new(grid),
            });
        }
        both.zip_mut_with(&self.inside(), |swapped, &here| *swapped &= here);
        Self::new(grid, largest_component(&both))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_lies_in_the_first_of_the_widest_gaps() {
        // Twenty values; gaps count from the 4th to the 17th.
        let mut values: Vec<f32> = (0..20u8).map(f32::from).collect();
        for value in &mut values[8..] {
            *value += 5.0;
        }
        for value in &mut values[12..] {
            *value += 5.0;
        }
        for value in &mut values[18..] {
            *value += 50.0;
        }
        assert_eq!(gap_threshold(&values), 10.0);
        values.reverse();
        assert_eq!(gap_threshold(&values), 10.0);
    }

    #[test]
    fn tiny_and_flat_images_have_a_threshold_too() {
        assert_eq!(gap_threshold(&[3.0f64]), 3.0);
        assert_eq!(gap_threshold(&[2.0f32; 10]), 2.0);
    }

    #[test]
    fn a_nan_of_the_mean_is_zero_even_after_smoothing() {
        let smoother = Smoother::one_voxel([3, 1, 1]);
        let mean = smoothed(vec![1.0f64, f64::NAN, 1.0], &smoother);
        assert_eq!(mean[1], 0.0);
        assert!(mean[0] > 0.9);
        // An infinite mean stays a voxel like any other.
        assert!(smoothed(vec![1.0f64, f64::INFINITY, 1.0], &smoother)[1] > 0.05);
    }
}
