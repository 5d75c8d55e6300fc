//! Grids that differ by whole voxels: values are copied, not interpolated.

use std::ops::Range;

use ndarray::{ArrayD, ArrayView4, ArrayViewD, Axis, Ix4, IxDyn, ShapeBuilder, Slice};

use crate::FmriError;
use crate::sample::Sample;

/// Values up to this fraction of the largest one count as background; nilearn's default.
const BACKGROUND: f64 = 1e-8;

/// Copies the foreground onto a grid of `shape` whose voxel v is the source's voxel v + `shift`.
///
/// `values` has axes (i, j, k) or (i, j, k, volume). The bounding box of the foreground of all volumes is copied to its
/// new position. If the target begins inside the box, the reference does not skip the part of the box before it but
/// copies from the start of the box, which displaces the content. This function does the same, because it can happen
/// only with data that are already on a shifted 4 mm grid.
pub(crate) fn paste<T: Sample>(
    values: &ArrayD<T>,
    shift: [f64; 3],
    shape: [usize; 3],
) -> Result<ArrayD<T>, FmriError> {
    let mut target_shape = shape.to_vec();
    target_shape.extend(values.shape().get(3));
    let mut target = ArrayD::from_elem(IxDyn(&target_shape).f(), T::from_double(0.0));
    let bounds = foreground(values)?;
    let mut source = values.view();
    let mut place = target.view_mut();
    for axis in 0..3 {
        let (to, length) = destination(&bounds[axis], shift[axis], shape[axis]);
        let from = bounds[axis].start;
        source.slice_axis_inplace(Axis(axis), Slice::from(from..from + length));
        place.slice_axis_inplace(Axis(axis), Slice::from(to..to + length));
    }
    place.assign(&source);
    Ok(target)
}

/// Whether [`paste`] displaces content: the target begins inside the box of the foreground.
pub(crate) fn displaces<T: Sample>(values: &ArrayD<T>, shift: [f64; 3]) -> Result<bool, FmriError> {
    let bounds = foreground(values)?;
    Ok((0..3).any(|axis| bounds[axis].start as f64 - shift[axis] < 0.0))
}

/// Where a segment of the source begins on the target's axis of `n` voxels, and how much of it fits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole numbers, brought between 0 and n"
)]
fn destination(stretch: &Range<usize>, shift: f64, n: usize) -> (usize, usize) {
    let moved = |place: usize| (place as f64 - shift).clamp(0.0, n as f64) as usize;
    let (start, end) = (moved(stretch.start), moved(stretch.end));
    (start, end.saturating_sub(start))
}

/// The bounding box of the voxels that are foreground in some volume; the whole volume if there are none.
fn foreground<T: Sample>(values: &ArrayD<T>) -> Result<[Range<usize>; 3], FmriError> {
    let largest = values.iter().map(|v| v.to_double()).fold(0.0, |largest, v| {
        // NaN spreads, as it does in NumPy: then nothing passes.
        if v.is_nan() || f64::is_nan(largest) {
            f64::NAN
        } else {
            largest.max(v.abs())
        }
    });
    let view = four_axes(values.view())?;
    let mut bounds = [(usize::MAX, 0); 3];
    for ((i, j, k, _), value) in view.indexed_iter() {
        if value.to_double().abs() > BACKGROUND * largest {
            for (bound, place) in bounds.iter_mut().zip([i, j, k]) {
                *bound = (bound.0.min(place), bound.1.max(place + 1));
            }
        }
    }
    Ok([0, 1, 2].map(|axis| match bounds[axis] {
        (usize::MAX, _) => 0..values.len_of(Axis(axis)),
        (start, end) => start..end,
    }))
}

fn four_axes<T>(view: ArrayViewD<'_, T>) -> Result<ArrayView4<'_, T>, FmriError> {
    let found = view.shape().to_vec();
    let view = if view.ndim() == 3 {
        view.insert_axis(Axis(3))
    } else {
        view
    };
    view.into_dimensionality::<Ix4>().map_err(|_| FmriError::Shape {
        what: "the image",
        found,
        expected: vec![1; 4],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    fn line(values: &[f32]) -> ArrayD<f32> {
        Array3::from_shape_fn((values.len(), 1, 1), |(i, _, _)| values[i]).into_dyn()
    }

    #[test]
    fn the_foreground_moves_by_whole_voxels() {
        let source = line(&[0.0, 1.0, 2.0, 0.0]);
        assert_eq!(
            paste(&source, [-1.0, 0.0, 0.0], [4, 1, 1]).unwrap(),
            line(&[0.0, 0.0, 1.0, 2.0])
        );
        assert_eq!(
            paste(&source, [-2.0, 0.0, 0.0], [4, 1, 1]).unwrap(),
            line(&[0.0, 0.0, 0.0, 1.0])
        );
        assert_eq!(
            paste(&source, [9.0, 0.0, 0.0], [2, 1, 1]).unwrap(),
            line(&[0.0, 0.0])
        );
    }

    #[test]
    fn a_cut_at_the_start_displaces_content_as_in_the_reference() {
        let source = line(&[0.0, 1.0, 2.0, 3.0]);
        // Voxel 0 of the target is voxel 2 of the source; the box starts at 1 and its first values are taken.
        assert_eq!(
            paste(&source, [2.0, 0.0, 0.0], [3, 1, 1]).unwrap(),
            line(&[1.0, 2.0, 0.0])
        );
        for (shift, displaced) in [(2.0, true), (1.0, false), (-1.0, false)] {
            assert_eq!(displaces(&source, [shift, 0.0, 0.0]).unwrap(), displaced);
        }
    }
}
