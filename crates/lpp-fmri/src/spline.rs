//! Coefficients and weights of cubic B-splines.
//!
//! M. Unser, A. Aldroubi and M. Eden (1993), "B-spline signal processing", <https://doi.org/10.1109/78.193220>; the
//! order of operations is SciPy's (`scipy.ndimage.spline_filter`), so that results agree to the last bit.

use multiversion::multiversion;

/// Neighbouring lines along axis 0 that are filtered together, after a transposition. They fill two of the widest
/// registers, because each step of the recursion waits for the previous one.
const LANES: usize = 16;
/// Neighbouring lines along the other axes that are filtered together, in place: a page of memory wide, so that a
/// hundred rows of them stay in the second cache.
const WIDTH: usize = 512;

/// Replaces samples, in file order, by the coefficients of the cubic spline through them. The samples are mirrored at
/// the edges, without repeating the edge.
pub(crate) fn spline_coefficients(values: &mut [f64], shape: [usize; 3]) {
    let [ni, nj, nk] = shape;
    let plane = ni * nj;
    for plane in values.chunks_exact_mut(plane) {
        if ni > 1 {
            filter_transposed(plane, ni);
        }
        if nj > 1 {
            filter_columns(plane, nj, ni);
        }
    }
    if nk > 1 {
        filter_columns(values, nk, plane);
    }
}

/// All lines of axis 0: `n` contiguous samples each.
fn filter_transposed(values: &mut [f64], n: usize) {
    let filter = LineFilter::new(n);
    let mut rows = vec![0.0; n * LANES];
    for lines in values.chunks_mut(n * LANES) {
        for (lane, line) in lines.chunks_exact(n).enumerate() {
            for (row, value) in rows.chunks_exact_mut(LANES).zip(line) {
                row[lane] = *value;
            }
        }
        filter_rows(&filter, &mut rows, LANES, LANES);
        for (lane, line) in lines.chunks_exact_mut(n).enumerate() {
            for (row, value) in rows.chunks_exact(LANES).zip(line) {
                *value = row[lane];
            }
        }
    }
}

/// All lines of an axis of `n` samples that are `stride` apart, in place.
fn filter_columns(values: &mut [f64], n: usize, stride: usize) {
    let filter = LineFilter::new(n);
    for left in (0..stride).step_by(WIDTH) {
        filter_rows(&filter, &mut values[left..], stride, WIDTH.min(stride - left));
    }
}

/// The recursive filter for lines of one length.
struct LineFilter {
    n: usize,
    pole: f64,
    /// The (n − 1)-th power of the pole.
    far: f64,
}

impl LineFilter {
    fn new(n: usize) -> Self {
        let pole = 3f64.sqrt() - 2.0;
        Self {
            n,
            pole,
            far: pole.powf((n - 1) as f64),
        }
    }
}

/// Filters `width` lines, two samples long or longer, side by side: row x, from `x * stride` on, holds sample x of each.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn filter_rows(filter: &LineFilter, values: &mut [f64], stride: usize, width: usize) {
    let (n, z) = (filter.n, filter.pole);
    let gain = (1.0 - z) * (1.0 - 1.0 / z);
    let mut start = [0.0; WIDTH];
    for x in 0..n {
        values[x * stride..][..width].iter_mut().for_each(|v| *v *= gain);
    }
    first_values(filter, values, stride, &mut start[..width]);
    values[..width].copy_from_slice(&start[..width]);
    for x in 1..n {
        let (before, row) = neighbours(values, x - 1, stride, width);
        for (value, before) in row.iter_mut().zip(&*before) {
            *value += z * before;
        }
    }
    let (before, last) = neighbours(values, n - 2, stride, width);
    for (value, before) in last.iter_mut().zip(&*before) {
        *value = (z * before + *value) * z / (z * z - 1.0);
    }
    for x in (0..n - 1).rev() {
        let (row, after) = neighbours(values, x, stride, width);
        for (value, after) in row.iter_mut().zip(&*after) {
            *value = z * (after - *value);
        }
    }
}

/// Rows `x` and `x` + 1.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled for the registers of its caller"
)]
fn neighbours(values: &mut [f64], x: usize, stride: usize, width: usize) -> (&mut [f64], &mut [f64]) {
    let (upper, lower) = values.split_at_mut((x + 1) * stride);
    (&mut upper[x * stride..][..width], &mut lower[..width])
}

/// The first values of the causal filter: the whole sum over the mirrored line.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled for the registers of its caller"
)]
fn first_values(filter: &LineFilter, values: &[f64], stride: usize, start: &mut [f64]) {
    let (n, far, width) = (filter.n, filter.far, start.len());
    let row = |x: usize| &values[x * stride..][..width];
    for ((start, first), last) in start.iter_mut().zip(row(0)).zip(row(n - 1)) {
        *start = first + far * last;
    }
    let mut power = filter.pole;
    for x in 1..n - 1 {
        for ((start, near), mirrored) in start.iter_mut().zip(row(x)).zip(row(n - 1 - x)) {
            *start += power * (near + far * mirrored);
        }
        power *= filter.pole;
    }
    for value in start {
        *value /= 1.0 - far * far;
    }
}

/// Weights of the four coefficients around a sample at fraction `u` past the second of them.
pub(crate) fn cubic_weights(u: f64) -> [f64; 4] {
    let v = 1.0 - u;
    let first = v * v * v / 6.0;
    let second = (u * u * (u - 2.0) * 3.0 + 4.0) / 6.0;
    let third = (v * v * (v - 2.0) * 3.0 + 4.0) / 6.0;
    [first, second, third, 1.0 - first - second - third]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spline_passes_through_its_samples() {
        for shape in [[1, 1, 1], [2, 1, 3], [5, 9, 4], [17, 3, 2]] {
            let n: usize = shape.iter().product();
            let values: Vec<f64> = (0..n).map(|i| ((i * 7919) % 101) as f64).collect();
            let mut coefficients = values.clone();
            spline_coefficients(&mut coefficients, shape);
            let at = |place: [usize; 3]| {
                let mut sum = 0.0;
                for tap in 0..27 {
                    let taps = [tap % 3, tap / 3 % 3, tap / 9];
                    let mut weight = 1.0;
                    let mut index = [0; 3];
                    for axis in 0..3 {
                        weight *= cubic_weights(0.0)[taps[axis]];
                        index[axis] = (place[axis] + taps[axis]).abs_diff(1);
                        let n = shape[axis];
                        if index[axis] >= n {
                            index[axis] = (2 * (n - 1)).saturating_sub(index[axis]).min(n - 1);
                        }
                    }
                    sum += weight * coefficients[index[0] + shape[0] * (index[1] + shape[1] * index[2])];
                }
                sum
            };
            for (i, value) in values.iter().enumerate() {
                let place = [i % shape[0], i / shape[0] % shape[1], i / shape[0] / shape[1]];
                // Values of 100, coefficients up to 27 times larger, f64.
                assert!((at(place) - value).abs() < 1e-11, "{shape:?} {place:?}");
            }
        }
    }

    #[test]
    fn weights_sum_to_one() {
        for u in [0.0, 0.25, 0.999] {
            assert!((cubic_weights(u).iter().sum::<f64>() - 1.0).abs() < 1e-15);
        }
        assert_eq!(cubic_weights(0.0)[1], 4.0 / 6.0);
    }
}
