//! Replacement of NaN by plausible values, so that a spline can be fitted to a volume.

use crate::sample::Sample;

/// How far values are extended into holes, in voxels.
const REACH: usize = 2;

/// `values`, in file order, with each voxel that is not finite replaced by the mean of its valid face neighbours.
///
/// Filled voxels count as valid in a second round; holes deeper than two voxels become 0.
///
/// # References
/// nilearn 0.10.4, `nilearn.masking.extrapolate_out_mask`
pub(crate) fn fill_non_finite<T: Sample>(values: &[T], shape: [usize; 3]) -> Vec<f64> {
    let mut filled: Vec<f64> = values
        .iter()
        .map(|v| if v.is_finite() { v.to_double() } else { 0.0 })
        .collect();
    let mut valid: Vec<bool> = values.iter().map(|v| v.is_finite()).collect();
    let mut holes: Vec<usize> = (0..values.len()).filter(|&i| !valid[i]).collect();
    for _ in 0..REACH {
        let means: Vec<(usize, f64)> = holes
            .iter()
            .filter_map(|&hole| Some((hole, neighbour_mean(&filled, &valid, shape, hole)?)))
            .collect();
        for &(hole, mean) in &means {
            filled[hole] = if mean.is_finite() { mean } else { 0.0 };
            valid[hole] = true;
        }
        holes.retain(|&hole| !valid[hole]);
    }
    filled
}

/// Mean of the valid face neighbours, summed in the reference's order: y, x, z, the upper neighbour first.
fn neighbour_mean(values: &[f64], valid: &[bool], shape: [usize; 3], voxel: usize) -> Option<f64> {
    let strides = [1, shape[0], shape[0] * shape[1]];
    let (mut sum, mut n) = (0.0, 0u8);
    for axis in [1, 0, 2] {
        let place = voxel / strides[axis] % shape[axis];
        let above = (place + 1 < shape[axis]).then(|| voxel + strides[axis]);
        let below = (place > 0).then(|| voxel - strides[axis]);
        for neighbour in [above, below].into_iter().flatten().filter(|&i| valid[i]) {
            sum += values[neighbour];
            n += 1;
        }
    }
    (n > 0).then(|| sum / f64::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_take_the_mean_of_their_neighbours_two_voxels_deep() {
        let nan = f32::NAN;
        let line = [2.0, nan, nan, nan, nan, nan, 8.0];
        assert_eq!(
            fill_non_finite(&line, [7, 1, 1]),
            [2.0, 2.0, 2.0, 0.0, 8.0, 8.0, 8.0]
        );
        let plane = [1.0, f32::INFINITY, 3.0, 5.0, 6.0, 7.0];
        assert_eq!(fill_non_finite(&plane, [3, 2, 1])[1], (6.0 + 3.0 + 1.0) / 3.0);
        assert_eq!(fill_non_finite(&[nan; 2], [2, 1, 1]), [0.0, 0.0]);
    }
}
