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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affine::diagonal_affine;

    fn grid(shape: [usize; 3], step: f64, origin: [f64; 3]) -> Grid {
        Grid::new(shape, diagonal_affine([step; 3], origin)).unwrap()
    }

    fn why(source: &Grid) -> String {
        let target = grid([11; 3], 4.0, [-20.0; 3]);
        let error = Resampler::new(source, &target, Interpolation::Cubic).unwrap_err();
        assert!(matches!(error, FmriError::NoOverlap { .. }));
        error.to_string()
    }

    #[test]
    fn the_error_says_where_the_image_lies() {
        let beside = grid([11, 11, 16], 4.0, [100.0, -20.0, -30.0]);
        assert!(
            why(&beside).ends_with(
                "its voxels are at x = 100.0 to 140.0 mm, those of the target at -20.0 to 20.0 mm"
            ),
            "{}",
            why(&beside)
        );
        let mut affine = *grid([11; 3], 4.0, [-20.0, -60.0, -20.0]).affine();
        affine[1][1] = -4.0;
        let behind = Grid::new([11; 3], affine).unwrap();
        assert!(
            why(&behind).contains("at y = -100.0 to -60.0 mm"),
            "{}",
            why(&behind)
        );
        let slice = grid([11, 11, 1], 4.0, [-20.0, -20.0, 1.0]);
        assert!(
            why(&slice).ends_with(
                "one slice thick along its axis k, and that slice is between the planes of the target"
            ),
            "{}",
            why(&slice)
        );
        let small = grid([2; 3], 1.0, [1.0; 3]);
        assert!(
            why(&small).ends_with("it is between the target's voxel centres; is its unit millimetres?"),
            "{}",
            why(&small)
        );
    }

    #[test]
    fn the_unit_is_doubted_of_images_far_from_the_size_of_a_brain() {
        for (step, doubted) in [
            (0.004, true),
            (1.7, true),
            (1.9, false),
            (100.0, false),
            (179.0, false),
            (181.0, true),
            (4000.0, true),
        ] {
            let far = grid([11; 3], step, [1e5, 0.0, 0.0]);
            assert_eq!(why(&far).ends_with("millimetres?"), doubted, "{}", why(&far));
        }
    }

    #[test]
    fn voxels_inside_are_counted_in_every_kind_of_plan() {
        // Along x the voxels 0, 1 and 2 of four are in the source, along y 1, 2 and 3, along z 0, 1 and 2.
        let source = grid([5, 4, 3], 4.0, [0.0; 3]);
        let count = |target: &Grid| {
            let resampler = Resampler::new(&source, target, Interpolation::Nearest).unwrap();
            (resampler.n_inside(), resampler.shift())
        };
        assert_eq!(
            count(&grid([4; 3], 4.0, [8.0, -4.0, 0.0])),
            (27, Some([2.0, -1.0, 0.0]))
        );
        assert_eq!(count(&source), (60, None));
        // Voxels of 3 mm: 0 to 15 mm of 16, 0 to 12 of 12, 0 to 6 of 8.
        assert_eq!(count(&grid([7; 3], 3.0, [0.0; 3])), (6 * 5 * 3, None));
        let mut affine = *grid([7; 3], 3.0, [0.0; 3]).affine();
        affine.swap(0, 1);
        let turned = Grid::new([7; 3], affine).unwrap();
        assert_eq!(count(&turned), (6 * 5 * 3, None));
    }

    #[test]
    fn halves_are_rounded_up_and_nothing_is_below_zero() {
        for (value, stored) in [
            (2.4, 2),
            (2.5, 3),
            (0.5, 1),
            (0.4, 0),
            (0.0, 0),
            (-0.6, 0),
            (300.0, 255),
        ] {
            assert_eq!(u8::from_double(half_up(value)), stored, "{value}");
        }
    }

    #[test]
    fn volumes_of_another_shape_are_refused() {
        let (source, target) = (grid([5, 4, 3], 4.0, [0.0; 3]), grid([4; 3], 3.0, [0.0; 3]));
        for interpolation in [Interpolation::Cubic, Interpolation::Nearest] {
            let resampler = Resampler::new(&source, &target, interpolation).unwrap();
            let volume = |shape: [usize; 3]| NumArray::from(ArrayD::<f32>::ones(shape.to_vec()));
            assert!(resampler.volume(volume([5, 3, 4])).is_err());
            assert_eq!(resampler.volume(volume([5, 4, 3])).unwrap().shape(), [4; 3]);
            assert_eq!((resampler.grid(), resampler.is_identity()), (&target, false));
        }
        let same = Resampler::new(&source, &source, Interpolation::Cubic).unwrap();
        assert!(same.is_identity() && *same.grid() == source);
    }

    #[test]
    fn a_range_holds_0_and_all_values() {
        let of = |values: &[f64]| {
            let mut range = ValueRange::default();
            range.include(
                &ArrayD::from_shape_vec(vec![values.len()], values.to_vec())
                    .unwrap()
                    .into(),
            );
            range
        };
        assert_eq!(of(&[3.0, f64::NAN, 5.0]), ValueRange { low: 0.0, high: 5.0 });
        assert_eq!(of(&[-3.0, -5.0]), ValueRange { low: -5.0, high: 0.0 });
        let mut both = of(&[3.0]);
        both.merge(of(&[-2.0, 1.0]));
        assert_eq!(both, ValueRange { low: -2.0, high: 3.0 });
        let values = ndarray::array![-3.0, -2.0, 0.5, 3.0, 3.5].into_dyn();
        let clipped = ndarray::array![-2.0, -2.0, 0.5, 3.0, 3.0].into_dyn();
        assert_eq!(both.clip(values.into()), clipped.into());
    }
}
