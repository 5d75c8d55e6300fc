//! Resampling of volumes to another grid.

use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use crate::FmriError;
use crate::affine::{invert_affine, product, transform};
use crate::crop::paste;
use crate::file_order::into_file_order;
use crate::fill::fill_non_finite;
use crate::grid::Grid;
use crate::numeric::{Element, NumArray, with_array};
use crate::sample::Sample;
use crate::sampling::{Interpolation, Sampler};
use crate::spline::spline_coefficients;

/// Resamples volumes from one grid to another.
///
/// If the grids differ by whole voxels, values are copied. Otherwise they are interpolated, with 0 outside the source.
/// With cubic interpolation, signed integers become floats and unsigned ones are rounded; all other types are kept.
/// Voxels that are not finite are filled before the interpolation, and the result is NaN where the nearest source voxel
/// is NaN.
///
/// Cubic splines can overshoot. [`ValueRange::clip`] clips the results to the range of the whole run.
///
/// # References
/// nilearn 0.10.4, `nilearn.image.resample_img`; SciPy 1.13.0, `scipy.ndimage.affine_transform`
///
/// ```
/// use lpp_fmri::{Grid, Interpolation, NumArray, Resampler, diagonal_affine};
/// use ndarray::ArrayD;
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// let mni = Grid::new([91, 109, 91], diagonal_affine([-2.0, 2.0, 2.0], [90.0, -126.0, -72.0]))?;
/// let resampler = Resampler::new(&mni, &Grid::working(), Interpolation::Cubic)?;
/// let volume = resampler.volume(ArrayD::<f32>::ones(vec![91, 109, 91]).into())?;
/// assert_eq!(volume.shape(), [37, 46, 38]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Resampler {
    source: Grid,
    target: Grid,
    interpolation: Interpolation,
    plan: Plan,
}

#[derive(Debug, Clone)]
enum Plan {
    /// The grids are the same.
    Keep,
    /// The target's voxel v is the source's voxel v + shift.
    Shift([f64; 3]),
    Sample(Sampler),
}

impl Resampler {
    /// From the grid `source` to the grid `target`.
    ///
    /// # Errors
    /// [`FmriError::NoOverlap`] if no voxel centre of the target is inside the source, on whichever side (the reference
    /// tests only one side, and gives zeros on the other); [`FmriError::SingularAffine`] if an affine has no inverse.
    pub fn new(source: &Grid, target: &Grid, interpolation: Interpolation) -> Result<Self, FmriError> {
        let plan = if source.matches(target) {
            Plan::Keep
        } else {
            require_overlap(source, target)?;
            plan(source, target)?
        };
        let resampler = Self {
            source: *source,
            target: *target,
            interpolation,
            plan,
        };
        if resampler.n_inside() == 0 {
            return Err(no_overlap(source, target));
        }
        Ok(resampler)
    }

    /// Number of target voxels inside the source; the others become 0.
    #[must_use]
    pub fn n_inside(&self) -> usize {
        match &self.plan {
            Plan::Keep => self.source.n_voxels(),
            Plan::Shift(shift) => (0..3)
                .map(|axis| overlap(self.source.shape()[axis], self.target.shape()[axis], shift[axis]))
                .product(),
            Plan::Sample(sampler) => sampler.n_inside(),
        }
    }

    /// The grid of the results. If the grids differ only by rounding of the affine, it is that of the source.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        match self.plan {
            Plan::Keep => &self.source,
            _ => &self.target,
        }
    }

    /// Whether the grids are the same, so that volumes are returned unchanged and not clipped.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        matches!(self.plan, Plan::Keep)
    }

    /// The shift, if volumes are copied by whole voxels; the reference then crops all volumes of a run together, see
    /// [`crate::ResampleJob`].
    pub(crate) fn shift(&self) -> Option<[f64; 3]> {
        match self.plan {
            Plan::Shift(shift) => Some(shift),
            _ => None,
        }
    }

    /// One volume of shape (i, j, k) on the target grid, not clipped.
    ///
    /// # Errors
    /// [`FmriError::Shape`] if the shape of the volume is not that of the source grid.
    pub fn volume(&self, volume: NumArray) -> Result<NumArray, FmriError> {
        if volume.shape() != self.source.shape() {
            return Err(FmriError::Shape {
                what: "the volume",
                found: volume.shape().to_vec(),
                expected: self.source.shape().to_vec(),
            });
        }
        match &self.plan {
            Plan::Keep => Ok(volume),
            Plan::Shift(shift) => {
                let volume = result_type(volume, self.interpolation);
                with_array!(volume, array => paste(&array, *shift, self.target.shape()).map(NumArray::from))
            }
            Plan::Sample(sampler) => match self.interpolation {
                Interpolation::Nearest => with_array!(volume, array => self.nearest(sampler, array)),
                Interpolation::Cubic => self.cubic(sampler, volume),
            },
        }
    }

    fn cubic(&self, sampler: &Sampler, volume: NumArray) -> Result<NumArray, FmriError> {
        match volume {
            NumArray::I8(v) => self.spline(sampler, into_file_order(v), f32::from_double),
            NumArray::I16(v) => self.spline(sampler, into_file_order(v), f32::from_double),
            NumArray::I32(v) => self.spline(sampler, into_file_order(v), f32::from_double),
            NumArray::I64(v) => self.spline(sampler, into_file_order(v), f64::from_double),
            NumArray::U8(v) => self.spline(sampler, into_file_order(v), |t| u8::from_double(half_up(t))),
            NumArray::U16(v) => self.spline(sampler, into_file_order(v), |t| u16::from_double(half_up(t))),
            NumArray::U32(v) => self.spline(sampler, into_file_order(v), |t| u32::from_double(half_up(t))),
            NumArray::U64(v) => self.spline(sampler, into_file_order(v), |t| u64::from_double(half_up(t))),
            NumArray::F32(v) => self.float_spline(sampler, v, f32::NAN),
            NumArray::F64(v) => self.float_spline(sampler, v, f64::NAN),
        }
    }

    fn spline<T: Sample, O: Element>(
        &self,
        sampler: &Sampler,
        values: Vec<T>,
        finish: impl Fn(f64) -> O,
    ) -> Result<NumArray, FmriError>
    where
        NumArray: From<ArrayD<O>>,
    {
        let mut values: Vec<f64> = values.into_iter().map(Sample::to_double).collect();
        spline_coefficients(&mut values, self.source.shape());
        self.shaped(sampler.cubic(&values, finish))
    }

    fn float_spline<T: Sample + Element>(
        &self,
        sampler: &Sampler,
        volume: ArrayD<T>,
        nan: T,
    ) -> Result<NumArray, FmriError>
    where
        NumArray: From<ArrayD<T>>,
    {
        let values = into_file_order(volume);
        if values.iter().all(|v| v.is_finite()) {
            return self.spline(sampler, values, T::from_double);
        }
        let holes: Vec<bool> = values.iter().map(|v| !v.is_finite()).collect();
        let mut filled = fill_non_finite(&values, self.source.shape());
        spline_coefficients(&mut filled, self.source.shape());
        let mut result = sampler.cubic(&filled, T::from_double);
        put_back(&mut result, &sampler.nearest(&holes, false), nan);
        self.shaped(result)
    }

    fn nearest<T: Sample + Element>(
        &self,
        sampler: &Sampler,
        volume: ArrayD<T>,
    ) -> Result<NumArray, FmriError>
    where
        NumArray: From<ArrayD<T>>,
    {
        let values = into_file_order(volume);
        let result = sampler.nearest(&values, T::from_double(0.0));
        // An infinite value, too, is no number to the reference.
        let result = result.into_iter().map(|v| {
            if v.is_finite() {
                v
            } else {
                T::from_double(f64::NAN)
            }
        });
        self.shaped(result.collect())
    }

    fn shaped<O: Element>(&self, values: Vec<O>) -> Result<NumArray, FmriError>
    where
        NumArray: From<ArrayD<O>>,
    {
        let found = vec![values.len()];
        let shape = self.target.shape();
        let array = ArrayD::from_shape_vec(IxDyn(&shape).f(), values);
        array.map(NumArray::from).map_err(|_| FmriError::Shape {
            what: "the resampled volume",
            found,
            expected: shape.to_vec(),
        })
    }
}

/// Signed integers become floats, as with cubic interpolation, even if values are only copied.
pub(crate) fn result_type(values: NumArray, interpolation: Interpolation) -> NumArray {
    fn single<T: Sample>(array: &ArrayD<T>) -> NumArray {
        array.map(|v| f32::from_double(v.to_double())).into()
    }
    match (interpolation, values) {
        (Interpolation::Cubic, NumArray::I8(v)) => single(&v),
        (Interpolation::Cubic, NumArray::I16(v)) => single(&v),
        (Interpolation::Cubic, NumArray::I32(v)) => single(&v),
        (Interpolation::Cubic, NumArray::I64(v)) => v.map(|v| v.to_double()).into(),
        (_, values) => values,
    }
}

fn put_back<T: Copy>(values: &mut [T], holes: &[bool], nan: T) {
    for (value, _) in values.iter_mut().zip(holes).filter(|(_, hole)| **hole) {
        *value = nan;
    }
}

/// Casts to unsigned integers like SciPy: halves are rounded up, and values that are not positive become 0.
fn half_up(value: f64) -> f64 {
    if value > 0.0 { value + 0.5 } else { 0.0 }
}

fn require_overlap(source: &Grid, target: &Grid) -> Result<(), FmriError> {
    let map = product(&target.inverse_affine()?, source.affine());
    let ends = source.shape().map(|n| [0.0, n as f64 - 1.0]);
    let corners =
        (0..8).map(|c: usize| transform(&map, [ends[0][c & 1], ends[1][c >> 1 & 1], ends[2][c >> 2]]));
    let last = corners.fold([f64::NEG_INFINITY; 3], |last, corner| {
        [0, 1, 2].map(|axis| last[axis].max(corner[axis]))
    });
    if last.iter().any(|v| *v < 0.0) {
        return Err(no_overlap(source, target));
    }
    Ok(())
}

/// Number of voxels that two axes share, if voxel v of the target is voxel v + `shift` of the source.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole numbers, brought between 0 and the number of voxels"
)]
fn overlap(source: usize, target: usize, shift: f64) -> usize {
    let (first, last) = (shift.max(0.0), (shift + target as f64).min(source as f64));
    (last - first).max(0.0) as usize
}

fn no_overlap(source: &Grid, target: &Grid) -> FmriError {
    FmriError::NoOverlap {
        why: why_no_overlap(source, target),
        source_orientation: source.orientation(),
        target_orientation: target.orientation(),
    }
}

/// The world axis along which two grids do not overlap, or that the source is a slice between planes.
fn why_no_overlap(source: &Grid, target: &Grid) -> String {
    let (ours, theirs) = (source.extent_mm(), target.extent_mm());
    let size: f64 = (0..3)
        .map(|axis| ours[axis][1] - ours[axis][0])
        .fold(0.0, f64::max);
    let unit = if (BRAIN_MM / 10.0..=10.0 * BRAIN_MM).contains(&size) {
        ""
    } else {
        "; is its unit millimetres?"
    };
    let apart = |axis: usize| (ours[axis][0] - theirs[axis][1]).max(theirs[axis][0] - ours[axis][1]);
    let furthest = (0..3).max_by(|&a, &b| apart(a).total_cmp(&apart(b))).unwrap_or(0);
    if apart(furthest) > 0.0 {
        let ([from, to], [low, high]) = (ours[furthest], theirs[furthest]);
        return format!(
            "its voxels are at {} = {from:.1} to {to:.1} mm, those of the target at {low:.1} to {high:.1} mm{unit}",
            ["x", "y", "z"][furthest]
        );
    }
    match source.shape().iter().position(|n| *n == 1) {
        Some(axis) => format!(
            "it is one slice thick along its axis {}, and that slice is between the planes of the target{unit}",
            ["i", "j", "k"][axis]
        ),
        None => format!("it is between the target's voxel centres{unit}"),
    }
}

/// Approximate length of a brain.
const BRAIN_MM: f64 = 180.0;

fn plan(source: &Grid, target: &Grid) -> Result<Plan, FmriError> {
    let map = if source.affine() == target.affine() {
        crate::diagonal_affine([1.0; 3], [0.0; 3])
    } else {
        let inverse = invert_affine(source.affine()).ok_or(FmriError::SingularAffine {
            affine: crate::affine::upper_rows(source.affine()),
        })?;
        product(&inverse, target.affine())
    };
    let shift = [map[0][3], map[1][3], map[2][3]];
    #[expect(
        clippy::float_cmp,
        reason = "only exactly the identity is copied, as in the reference"
    )]
    let same_axes = (0..3).all(|r| (0..3).all(|c| map[r][c] == f64::from(u8::from(r == c))));
    Ok(if same_axes && shift.iter().all(|b| b.fract() == 0.0) {
        Plan::Shift(shift)
    } else {
        Plan::Sample(Sampler::new(source.shape(), target.shape(), &map))
    })
}

/// The smallest and the largest value of a run, and 0.
///
/// ```
/// use lpp_fmri::ValueRange;
/// use ndarray::array;
///
/// let mut range = ValueRange::default();
/// range.include(&array![3.0f32, f32::NAN, 7.0].into_dyn().into());
/// let clipped = range.clip(array![-1.0f32, 5.0, 9.0].into_dyn().into());
/// assert_eq!(clipped, array![0.0f32, 5.0, 7.0].into_dyn().into());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ValueRange {
    low: f64,
    high: f64,
}

impl ValueRange {
    /// Widens the range by the values that are not NaN.
    pub fn include(&mut self, values: &NumArray) {
        with_array!(values, array => match array.as_slice_memory_order() {
            // Volumes from files have i fastest; walking them by index would take longer than resampling them.
            Some(elements) => self.include_all(elements.iter().copied()),
            None => self.include_all(array.iter().copied()),
        });
    }

    fn include_all<T: Sample>(&mut self, values: impl Iterator<Item = T>) {
        for value in values {
            // A comparison with NaN is false.
            let value = value.to_double();
            if value < self.low {
                self.low = value;
            } else if value > self.high {
                self.high = value;
            }
        }
    }

    /// Widens the range by another.
    pub fn merge(&mut self, other: Self) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }

    /// The values clipped to the range; NaN stays.
    #[must_use]
    pub fn clip(self, values: NumArray) -> NumArray {
        with_array!(values, array => NumArray::from(array.mapv_into(|v| {
            let value = v.to_double();
            if value < self.low {
                Sample::from_double(self.low)
            } else if value > self.high {
                Sample::from_double(self.high)
            } else {
                v
            }
        })))
    }
}
