//! Brain masks of a run, of most runs, and symmetric ones.

use std::path::Path;

use ndarray::{Array3, ArrayD, ArrayRef3};

use crate::FmriError;
use crate::file_order::{from_file_order, into_file_order};
use crate::grid::Grid;
use crate::image::ImageReader;
use crate::mask::Mask;
use crate::mirror::mirror_volume;
use crate::morphology::{dilate, erode, largest_component};
use crate::numeric::{NumArray, with_array};
use crate::sample::{Real, Sample};
use crate::smooth::Smoother;
use crate::two_groups::two_groups;

/// Share of the voxels assumed to be background; the reference's default.
const LOWER_CUTOFF: f64 = 0.2;
/// The gap between background and brain is searched up to this share of the voxels.
const UPPER_CUTOFF: f64 = 0.85;
/// Number of erosions, which remove thin bridges.
const OPENING: usize = 2;
/// Values that differ by at most this many roundings of the largest count as equal, because smoothing sums several
/// terms.
const ROUNDING: f64 = 4.0;
/// A mask with this share of the voxels that remain after erosion at the border is nearly the whole volume.
const NEARLY: f64 = 0.95;
/// Signal is positive, and interpolation makes only a few values negative; a mean with this share of negative values is
/// not signal.
const DEMEANED: f64 = 0.25;

/// The brain mask of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunMask {
    /// The grid of the run.
    pub grid: Grid,
    /// True in the brain.
    pub inside: Array3<bool>,
    /// True where the scans differ from each other; false everywhere for a single volume.
    pub varies: Array3<bool>,
    /// Warnings about the mask, in words.
    pub doubts: Vec<String>,
}

impl RunMask {
    /// Whether no brain was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.inside.iter().any(|v| *v)
    }
}

/// The brightest part of a run's mean image, as a volume of (i, j, k).
///
/// The mean over time, smoothed by one voxel, is thresholded at the largest gap of its sorted values between the 20th
/// and the 85th percent. Two erosions remove thin bridges, the largest component is kept, and four dilations and two
/// erosions close it. NaN and infinite voxels count as 0. Volumes are read one by one. A run without contrast may give
/// an empty mask.
///
/// If all values between the 20th and the 85th percent are equal, as in skull-stripped images, there is no gap, and the
/// reference takes the whole volume. Here the mask contains the voxels that differ from that value.
///
/// # Errors
/// [`FmriError`] naming the file if it cannot be read, or if its mean has no finite value or is constant.
///
/// # Example
/// ```no_run
/// let run = lpp_fmri::epi_mask("sub-01_task-story_run-1_bold.nii.gz".as_ref())?;
/// if run.is_empty() {
///     println!("no brain was found");
/// }
/// # Ok::<(), lpp_fmri::FmriError>(())
/// ```
///
/// # References
/// nilearn 0.10.4, `nilearn.masking.compute_epi_mask`
pub fn epi_mask(path: &Path) -> Result<RunMask, FmriError> {
    let mut reader = ImageReader::open(path)?;
    let grid = *reader.grid();
    let mean = mean_image(&mut reader)?;
    let (bright, plain) = match mean.values {
        MeanImage::Single { plain, smooth } => (
            bright_part(&plain, smooth),
            plain.into_iter().map(f64::from).collect(),
        ),
        MeanImage::Double { plain, smooth } => (bright_part(&plain, smooth), plain),
    };
    let expected = "a run whose brain is brighter than the background";
    let Bright { inside, mut doubts } =
        bright.map_err(|found| FmriError::malformed(path, found, expected))?;
    let volume =
        |flags| from_file_order(flags, grid.shape()).map(|volume| volume.as_standard_layout().into_owned());
    let opened = erode(volume(inside)?, OPENING);
    let inside = if opened.iter().any(|v| *v) {
        erode(dilate(largest_component(&opened), 2 * OPENING), OPENING)
    } else {
        opened
    };
    doubts.extend(fills_the_box(&inside));
    doubts.extend(holds_noise(&inside, &from_file_order(plain, grid.shape())?));
    Ok(RunMask {
        grid,
        inside,
        varies: volume(mean.varies)?,
        doubts,
    })
}

/// A warning about a mask that covers all that remains after erosion at the border.
fn fills_the_box(inside: &Array3<bool>) -> Option<String> {
    let (n, all) = (inside.iter().filter(|v| **v).count(), inside.len());
    let most: usize = inside
        .shape()
        .iter()
        .map(|n| n.saturating_sub(2 * OPENING))
        .product();
    (most > 0 && n as f64 >= NEARLY * most as f64).then(|| {
        format!(
            "the brain mask covers nearly the whole image ({n} of {all} voxels): is there background around the brain?"
        )
    })
}

/// A warning about a mask that contains noise: the brain fills less of the volume than the threshold assumes.
fn holds_noise(inside: &Array3<bool>, mean: &Array3<f64>) -> Option<String> {
    let kept = inside.iter().zip(mean).filter(|(is_in, _)| **is_in);
    let (low, high) = two_groups(kept.map(|(_, &v)| v).collect())?;
    Some(format!(
        "the voxels of the brain mask form two groups, with means of {low:.4} and {high:.4}: the mask seems to \
         include noise around a brain that fills less than {:.0} % of the image, too little for the threshold; crop \
         the runs (`lpp-resample`), or use your own mask",
        100.0 * (1.0 - UPPER_CUTOFF)
    ))
}

/// A mean in file order, unsmoothed and smoothed, in the type that the reference uses.
#[derive(Debug, Clone, PartialEq)]
enum MeanImage {
    Single { plain: Vec<f32>, smooth: Vec<f32> },
    Double { plain: Vec<f64>, smooth: Vec<f64> },
}

/// A mean and where its volumes differ.
struct Mean {
    values: MeanImage,
    varies: Vec<bool>,
}

/// The mean over the volumes, smoothed by one voxel, 0 where the mean is NaN.
///
/// `f32` runs are summed in `f32`, volume by volume, all others in `f64`. A single 3-D volume is used as it is;
/// integers are then smoothed as everywhere else, unsigned ones in their own type.
fn mean_image(reader: &mut ImageReader) -> Result<Mean, FmriError> {
    let smoother = Smoother::one_voxel(reader.grid().shape());
    let n_voxels = reader.grid().n_voxels();
    let is_3d = reader.is_3d();
    // A header with a fourth axis of no volumes is refused before.
    let first = reader
        .next_volume()?
        .unwrap_or_else(|| NumArray::from(ArrayD::<f64>::zeros(vec![0])));
    let mut varies = vec![false; n_voxels];
    let values = match first {
        NumArray::F32(volume) => {
            let plain = mean_of_rest(into_file_order(volume), reader, &mut varies)?;
            let smooth = smoothed(plain.clone(), &smoother);
            MeanImage::Single { plain, smooth }
        }
        volume if is_3d => smoothed_3d(volume, &smoother),
        volume => {
            let plain = mean_of_rest(into_file_order(volume.into_f64()), reader, &mut varies)?;
            let smooth = smoothed(plain.clone(), &smoother);
            MeanImage::Double { plain, smooth }
        }
    };
    Ok(Mean { values, varies })
}

fn smoothed_3d(volume: NumArray, smoother: &Smoother) -> MeanImage {
    fn double<T: Sample>(values: Vec<T>, smoother: &Smoother) -> MeanImage {
        let plain = values.iter().map(|v| v.to_double()).collect();
        MeanImage::Double {
            plain,
            smooth: smoothed_in_own_type(values, smoother),
        }
    }
    match volume {
        NumArray::U8(v) => double(into_file_order(v), smoother),
        NumArray::U16(v) => double(into_file_order(v), smoother),
        NumArray::U32(v) => double(into_file_order(v), smoother),
        NumArray::U64(v) => double(into_file_order(v), smoother),
        NumArray::I8(_) | NumArray::I16(_) | NumArray::I32(_) => {
            let plain = with_array!(volume, array => as_single(into_file_order(array)));
            let smooth = smoothed(plain.clone(), smoother);
            MeanImage::Single { plain, smooth }
        }
        other => {
            let plain = into_file_order(other.into_f64());
            let smooth = smoothed(plain.clone(), smoother);
            MeanImage::Double { plain, smooth }
        }
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

/// The mean of `first` and the remaining volumes; marks in `varies` the voxels at which one of them differs from
/// `first`.
fn mean_of_rest<T: Real>(
    first: Vec<T>,
    reader: &mut ImageReader,
    varies: &mut [bool],
) -> Result<Vec<T>, FmriError> {
    let n = T::from_double(reader.n_volumes() as f64);
    let mut sum = first.clone();
    while let Some(volume) = reader.next_volume()? {
        with_array!(volume, array => add(&mut sum, varies, &first, &into_file_order(array)));
    }
    for value in &mut sum {
        *value /= n;
    }
    Ok(sum)
}

fn add<T: Real, S: Sample>(sum: &mut [T], varies: &mut [bool], first: &[T], volume: &[S]) {
    for (((sum, varies), &first), value) in sum.iter_mut().zip(varies).zip(first).zip(volume) {
        let value = T::from_double(value.to_double());
        *sum += value;
        // NaN throughout does not vary.
        *varies |= value != first && !(value.is_nan() && first.is_nan());
    }
}

/// Smooths for the mask: NaN becomes 0, also for its neighbours.
fn smoothed<T: Real>(mut mean: Vec<T>, smoother: &Smoother) -> Vec<T> {
    let holes: Vec<usize> = (0..mean.len()).filter(|&i| mean[i].is_nan()).collect();
    smoother.apply(&mut mean);
    for hole in holes {
        mean[hole] = T::zero();
    }
    mean
}

/// The bright voxels in file order, with warnings about them.
struct Bright {
    inside: Vec<bool>,
    doubts: Vec<String>,
}

/// The voxels above the largest gap; an error text if the mean has no contrast.
fn bright_part<T: Real>(plain: &[T], smooth: Vec<T>) -> Result<Bright, String> {
    let known = || {
        plain
            .iter()
            .filter(|v| Sample::is_finite(**v))
            .map(|v| v.to_double())
    };
    if known().next().is_none() {
        return Err("no finite value: the mean over its scans is NaN or infinite in every voxel".to_owned());
    }
    let (low, high) = known().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    let same_everywhere = low.to_bits() == high.to_bits();
    if same_everywhere && (plain.iter().all(|v| Sample::is_finite(*v)) || low == 0.0) {
        return Err(format!(
            "a constant image: the mean over its scans is {low} in every voxel"
        ));
    }
    let mut doubts = Vec::new();
    let below: f64 = known().filter(|v| *v < 0.0).sum();
    let above: f64 = known().filter(|v| *v > 0.0).sum();
    if -below > DEMEANED * above {
        doubts.push(
            "the mean over its scans is 0 or negative in much of the volume: after demeaning, filtering or \
             standardising, the brain cannot be found; use the runs from before that step"
                .to_owned(),
        );
    }
    let gap = widest_gap(&smooth);
    let inside = if gap.is_rounding {
        // Smoothing would carry the brain beyond its border.
        let background = gap.middle.to_double();
        doubts.push(format!(
            "no threshold between brain and background was found, because more than half of the voxels are \
             {background} (a skull-stripped run with zeros around the brain?); all other voxels are used as the \
             brain"
        ));
        let rounding = ROUNDING * T::epsilon().to_double() * low.abs().max(high.abs());
        plain
            .iter()
            .map(|v| Sample::is_finite(*v) && (v.to_double() - background).abs() > rounding)
            .collect()
    } else {
        smooth.iter().map(|v| *v >= gap.middle).collect()
    };
    Ok(Bright { inside, doubts })
}

/// A gap between sorted neighbours.
struct Gap<T> {
    middle: T,
    /// Whether it is within the rounding of sums.
    is_rounding: bool,
}

/// The largest gap between sorted neighbours, the first of equal gaps. Values are finite.
fn widest_gap<T: Real>(values: &[T]) -> Gap<T> {
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
    let largest = at(0).abs().max(at(sorted.len().saturating_sub(1)).abs());
    Gap {
        middle: T::from_double(0.5) * (at(widest.0) + at((widest.0 + 1).min(high))),
        is_rounding: widest.1 <= T::from_double(ROUNDING) * T::epsilon() * largest,
    }
}

/// Counts for each voxel the runs in which it is inside the mask.
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
    /// True where all scans of some run are equal.
    constant: Array3<bool>,
}

impl MaskVotes {
    /// No runs yet.
    #[must_use]
    pub fn new(grid: Grid) -> Self {
        let [i, j, k] = grid.shape();
        Self {
            grid,
            votes: Array3::zeros((i, j, k)),
            n_runs: 0,
            constant: Array3::from_elem((i, j, k), false),
        }
    }

    /// Adds a run's mask, of shape (i, j, k).
    ///
    /// # Errors
    /// [`FmriError::Shape`] if its shape is not that of the grid.
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

    /// Adds a run and marks its constant voxels. A single volume has no constant voxels.
    ///
    /// # Errors
    /// As [`MaskVotes::add`].
    pub fn add_run(&mut self, run: &RunMask) -> Result<(), FmriError> {
        self.add(&run.inside)?;
        if run.varies.iter().any(|v| *v) {
            self.constant
                .zip_mut_with(&run.varies, |constant, &varies| *constant |= !varies);
        }
        Ok(())
    }

    /// Number of voxels of a mask at which all scans of some run are equal.
    #[must_use]
    pub fn n_constant(&self, mask: &Mask) -> usize {
        mask.voxels()
            .iter()
            .filter(|&&voxel| self.constant[voxel])
            .count()
    }

    /// The largest component of the voxels that are inside in strictly more than half of the runs.
    ///
    /// # Errors
    /// [`FmriError::EmptyMask`] if there are none.
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
    /// The largest component of the voxels whose mirror image across x = 0 mm is in the mask too.
    ///
    /// The component is not made symmetric again: if the two sides do not touch, the result is one of them.
    ///
    /// # Errors
    /// [`FmriError::NoMirror`] if mirrored voxels fall between voxels, [`FmriError::EmptyMask`] if no voxel is left.
    ///
    /// # References
    /// nilearn 0.10.4, `intersect_masks([mask, swap_img_hemispheres(mask)], threshold=1)`, on an axis-aligned grid
    /// centred on x = 0
    pub fn symmetric_part(&self) -> Result<Self, FmriError> {
        let inside = self.inside();
        let mut both = mirror_volume(self.grid(), &inside, false)?;
        both.zip_mut_with(&inside, |mirrored, &here| *mirrored &= here);
        Self::new(*self.grid(), largest_component(&both))
    }
}

#[cfg(test)]
mod tests;
