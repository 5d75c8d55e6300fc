//! Coefficients and weights of cubic B-splines.
//!
//! M. Unser, A. Aldroubi and M. Eden (1993), "B-spline signal processing", <https://doi.org/10.1109/78.193220>; the
//! order of operations is SciPy's (`scipy.ndimage.spline_filter`), so that results agree to the last bit.

/// Lines filtered at once, side by side in memory.
const LANES: usize = 8;

/// Replaces samples, in file order, by the coefficients of the cubic spline through them, mirrored at the edges
/// without repeating them.
pub(crate) fn spline_coefficients(values: &mut [f64], shape: [usize; 3]) {
    for axis in 0..3 {
        let n = shape[axis];
        if n > 1 {
            filter_axis(values, n, shape[..axis].iter().product());
        }
    }
}

/// All lines of an axis whose elements are `stride` apart.
fn filter_axis(values: &mut [f64], n: usize, stride: usize) {
    let n_lines = values.len() / n;
    let filter = LineFilter::new(n);
    let mut lines = vec![[0.0; LANES]; n];
    let start_of = |line: usize| line / stride * stride * n + line % stride;
    for first in (0..n_lines).step_by(LANES) {
        let n_together = LANES.min(n_lines - first);
        let start = start_of(first);
        // Neighbouring lines that lie beside each other are copied in one piece.
        if n_together == LANES && first % stride + LANES <= stride {
            for (x, row) in lines.iter_mut().enumerate() {
                row.copy_from_slice(&values[start + x * stride..][..LANES]);
            }
            filter.apply(&mut lines);
            for (x, row) in lines.iter().enumerate() {
                values[start + x * stride..][..LANES].copy_from_slice(row);
            }
            continue;
        }
        for lane in 0..n_together {
            let start = start_of(first + lane);
            for (x, row) in lines.iter_mut().enumerate() {
                row[lane] = values[start + x * stride];
            }
        }
        filter.apply(&mut lines);
        for lane in 0..n_together {
            let start = start_of(first + lane);
            for (x, row) in lines.iter().enumerate() {
                values[start + x * stride] = row[lane];
            }
        }
    }
}

/// The recursive filter for lines of one length.
struct LineFilter {
    pole: f64,
    /// The pole to the power of n − 1.
    far: f64,
}

impl LineFilter {
    fn new(n: usize) -> Self {
        let pole = 3f64.sqrt() - 2.0;
        Self {
            pole,
            far: pole.powf((n - 1) as f64),
        }
    }

    /// Filters lines of at least two samples: row x holds sample x of each line.
    fn apply(&self, lines: &mut [[f64; LANES]]) {
        let z = self.pole;
        let n = lines.len();
        let gain = (1.0 - z) * (1.0 - 1.0 / z);
        lines.iter_mut().flatten().for_each(|v| *v *= gain);
        lines[0] = self.start(lines);
        for x in 1..n {
            let before = lines[x - 1];
            for (value, before) in lines[x].iter_mut().zip(before) {
                *value += z * before;
            }
        }
        let before = lines[n - 2];
        for (value, before) in lines[n - 1].iter_mut().zip(before) {
            *value = (z * before + *value) * z / (z * z - 1.0);
        }
        for x in (0..n - 1).rev() {
            let after = lines[x + 1];
            for (value, after) in lines[x].iter_mut().zip(after) {
                *value = z * (after - *value);
            }
        }
    }

    /// The first value of the causal filter: the whole sum over the mirrored line.
    fn start(&self, lines: &[[f64; LANES]]) -> [f64; LANES] {
        let n = lines.len();
        let far = self.far;
        let mut start = lines[0];
        for (start, last) in start.iter_mut().zip(lines[n - 1]) {
            *start += far * last;
        }
        let mut power = self.pole;
        for x in 1..n - 1 {
            for lane in 0..LANES {
                start[lane] += power * (lines[x][lane] + far * lines[n - 1 - x][lane]);
            }
            power *= self.pole;
        }
        start.map(|v| v / (1.0 - far * far))
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
