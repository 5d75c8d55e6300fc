//! Erosion, dilation and connected components of binary volumes, with the 6 face neighbours of a voxel.

use ndarray::{Array3, ArrayRef3, Axis, Slice};

/// Keeps the voxels whose six neighbours are inside too, repeated `times` times. Everything beyond the volume is
/// outside.
pub(crate) fn erode(volume: Array3<bool>, times: usize) -> Array3<bool> {
    (0..times).fold(volume, |volume, _| {
        let mut eroded = with_neighbours(&volume, |here, there| *here &= there);
        for axis in [0, 1, 2].map(Axis) {
            let last = volume.len_of(axis) - 1;
            eroded.index_axis_mut(axis, 0).fill(false);
            eroded.index_axis_mut(axis, last).fill(false);
        }
        eroded
    })
}

/// Adds the six neighbours of every voxel inside, repeated `times` times.
pub(crate) fn dilate(volume: Array3<bool>, times: usize) -> Array3<bool> {
    (0..times).fold(volume, |volume, _| {
        with_neighbours(&volume, |here, there| *here |= there)
    })
}

/// Combines every voxel of a copy with its neighbours in the original.
fn with_neighbours(volume: &Array3<bool>, combine: impl Fn(&mut bool, bool)) -> Array3<bool> {
    let mut result = volume.clone();
    for axis in [0, 1, 2].map(Axis) {
        let (first, last) = (Slice::from(..-1), Slice::from(1..));
        for (here, there) in [(first, last), (last, first)] {
            result
                .slice_axis_mut(axis, here)
                .zip_mut_with(&volume.slice_axis(axis, there), |h, &t| combine(h, t));
        }
    }
    result
}

/// The largest set of voxels connected through their faces; among equally large ones, the first when scanning with k
/// fastest. Empty if no voxel is inside.
pub(crate) fn largest_component(volume: &ArrayRef3<bool>) -> Array3<bool> {
    let mut left = volume.to_owned();
    let mut largest = Vec::new();
    for place in ndarray::indices(volume.raw_dim()) {
        let component = take_component(&mut left, place);
        if component.len() > largest.len() {
            largest = component;
        }
    }
    let mut result = Array3::from_elem(volume.raw_dim(), false);
    for voxel in largest {
        result[voxel] = true;
    }
    result
}

/// Removes the component of `start` from `volume` and returns it.
fn take_component(volume: &mut Array3<bool>, start: (usize, usize, usize)) -> Vec<[usize; 3]> {
    let shape = [volume.dim().0, volume.dim().1, volume.dim().2];
    let mut component = Vec::new();
    let start = [start.0, start.1, start.2];
    if !std::mem::take(&mut volume[start]) {
        return component;
    }
    component.push(start);
    let mut next = 0;
    while let Some(&voxel) = component.get(next) {
        next += 1;
        for axis in 0..3 {
            for step in [voxel[axis].checked_sub(1), Some(voxel[axis] + 1)] {
                let Some(place) = step.filter(|p| *p < shape[axis]) else {
                    continue;
                };
                let mut neighbour = voxel;
                neighbour[axis] = place;
                if std::mem::take(&mut volume[neighbour]) {
                    component.push(neighbour);
                }
            }
        }
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array;

    fn count(volume: &Array3<bool>) -> usize {
        volume.iter().filter(|v| **v).count()
    }

    #[test]
    fn a_point_grows_to_a_cross_and_back() {
        let mut point = Array3::from_elem((5, 5, 5), false);
        point[[2, 2, 2]] = true;
        let cross = dilate(point.clone(), 1);
        assert_eq!(count(&cross), 7);
        assert_eq!(erode(cross, 1), point);
        assert_eq!(count(&dilate(point, 2)), 25);
    }

    #[test]
    fn the_border_is_eroded_even_when_all_is_inside() {
        let all = Array3::from_elem((5, 4, 3), true);
        assert_eq!(count(&erode(all.clone(), 1)), 6);
        assert_eq!(count(&erode(all, 2)), 0);
        assert_eq!(count(&erode(Array3::from_elem((1, 1, 1), true), 1)), 0);
    }

    #[test]
    fn of_equal_components_the_first_in_c_order_wins() {
        // k is the fastest axis of a C-order scan, so [0, 0, 2] comes before [1, 0, 0].
        let mut two = Array3::from_elem((3, 1, 3), false);
        two[[0, 0, 2]] = true;
        two[[2, 0, 0]] = true;
        let kept = largest_component(&two);
        assert!(kept[[0, 0, 2]] && count(&kept) == 1);
        two[[2, 0, 1]] = true;
        let kept = largest_component(&two);
        assert!(kept[[2, 0, 0]] && kept[[2, 0, 1]] && count(&kept) == 2);
        // Diagonal neighbours are not connected.
        let diagonal = Array::from_shape_fn((3, 3, 3), |(i, j, k)| i == j && j == k);
        assert_eq!(count(&largest_component(&diagonal)), 1);
        assert_eq!(count(&largest_component(&Array3::from_elem((2, 2, 2), false))), 0);
    }
}
