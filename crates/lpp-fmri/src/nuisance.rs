//! What is removed from the scans of one run besides drifts: confounds, and scrubbed scans.

use ndarray::{Array1, Array2, ArrayRef2, Axis};

use crate::sample::Real;

/// Share of its own length that a confound must keep beside the others to count as independent.
const LEAST_SHARE: f64 = 1e-10;

/// The scans that stay and the directions that are removed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Nuisance {
    pub(crate) n_scans: usize,
    /// Scans that stay, ascending.
    pub(crate) kept: Vec<usize>,
    /// Orthonormal directions, (directions, kept scans).
    basis: Array2<f64>,
}

impl Nuisance {
    /// Only scrubbed scans.
    pub(crate) fn scrubbing(n_scans: usize, scrubbed: &[usize]) -> Self {
        let kept: Vec<usize> = (0..n_scans).filter(|scan| !scrubbed.contains(scan)).collect();
        Self {
            n_scans,
            basis: Array2::zeros((0, kept.len())),
            kept,
        }
    }

    /// The same with the directions of confounds, (`n_scans`, `n_confounds`), as they are in the table (`raw`) and cleaned
    /// like the signals.
    pub(crate) fn with_confounds(self, raw: &ArrayRef2<f64>, cleaned: &ArrayRef2<f64>) -> Self {
        let scales = raw.map_axis(Axis(0), |column| {
            column.fold(0.0_f64, |largest, v| largest.max(v.abs()))
        });
        Self {
            basis: orthonormal(&cleaned.select(Axis(0), &self.kept), &scales),
            ..self
        }
    }

    /// Number of directions that are removed.
    pub(crate) fn rank(&self) -> usize {
        self.basis.nrows()
    }

    /// Removes the directions from the kept scans of several voxels.
    pub(crate) fn project<T: Real, const N: usize>(&self, rows: &mut [[T; N]]) {
        if self.basis.is_empty() {
            return;
        }
        let mut part = vec![[0.0; N]; rows.len()];
        for direction in self.basis.rows() {
            let mut product = [0.0; N];
            for (row, q) in rows.iter().zip(direction) {
                product
                    .iter_mut()
                    .zip(row)
                    .for_each(|(sum, v)| *sum += q * v.to_double());
            }
            for (part, q) in part.iter_mut().zip(direction) {
                part.iter_mut()
                    .zip(product)
                    .for_each(|(part, product)| *part += q * product);
            }
        }
        for (row, part) in rows.iter_mut().zip(part) {
            row.iter_mut()
                .zip(part)
                .for_each(|(v, part)| *v = T::from_double(v.to_double() - part));
        }
    }
}

/// Orthonormal directions of the columns, which are z-scored first; constant and dependent columns add none. `scales` are
/// the largest magnitudes of the columns before they were cleaned.
fn orthonormal(columns: &ArrayRef2<f64>, scales: &Array1<f64>) -> Array2<f64> {
    let mut basis: Vec<Array1<f64>> = Vec::new();
    for (column, scale) in columns.columns().into_iter().zip(scales) {
        let mean = column.sum() / column.len() as f64;
        let mut rest = column.mapv(|v| v - mean);
        let length = rest.dot(&rest).sqrt();
        // Rounding leaves a constant column slightly off 0.
        if length <= LEAST_SHARE * scale {
            continue;
        }
        rest /= length;
        // Once more, since rounding leaves a part of nearly dependent columns.
        for _ in 0..2 {
            for direction in &basis {
                let product = rest.dot(direction);
                rest.scaled_add(-product, direction);
            }
        }
        let left = rest.dot(&rest).sqrt();
        if left > LEAST_SHARE {
            basis.push(rest / left);
        }
    }
    Array2::from_shape_fn((basis.len(), columns.nrows()), |(i, scan)| basis[i][scan])
}

/// Fills scans between those that stay by a cubic spline through these, whose ends are not-a-knot; `kept` are rows, the first
/// and the last among them, at least four.
///
/// # References
/// SciPy 1.13.0, `scipy.interpolate.CubicSpline`
pub(crate) fn fill_between<T: Real, const N: usize>(rows: &mut [[T; N]], kept: &[usize]) {
    if kept.len() == rows.len() {
        return;
    }
    let slopes = spline_slopes(rows, kept);
    for (pair, ends) in kept.windows(2).zip(slopes.windows(2)) {
        let width = (pair[1] - pair[0]) as f64;
        for row in pair[0] + 1..pair[1] {
            let h = (row - pair[0]) as f64;
            rows[row] = std::array::from_fn(|lane| {
                let [left, right] = [rows[pair[0]][lane], rows[pair[1]][lane]].map(|v| v.to_double());
                let [left_slope, right_slope] = [ends[0][lane], ends[1][lane]];
                let slope = (right - left) / width;
                let bend = (left_slope + right_slope - 2.0 * slope) / width;
                let cubic = bend / width;
                let square = (slope - left_slope) / width - bend;
                T::from_double(((cubic * h + square) * h + left_slope) * h + left)
            });
        }
    }
}

/// First derivatives of the spline at the knots: a tridiagonal system.
fn spline_slopes<T: Real, const N: usize>(rows: &[[T; N]], kept: &[usize]) -> Vec<[f64; N]> {
    let n = kept.len();
    let width = |i: usize| (kept[i + 1] - kept[i]) as f64;
    let slope = |i: usize, lane: usize| {
        (rows[kept[i + 1]][lane].to_double() - rows[kept[i]][lane].to_double()) / width(i)
    };
    // Coefficients before, at and after each knot, and the right-hand side.
    let equation = |i: usize| -> ([f64; 3], [f64; N]) {
        if i == 0 {
            let (one, two) = (width(0), width(1));
            let both = one + two;
            let right =
                |lane| ((one + 2.0 * both) * two * slope(0, lane) + one * one * slope(1, lane)) / both;
            ([0.0, two, both], std::array::from_fn(right))
        } else if i == n - 1 {
            let (one, two) = (width(n - 3), width(n - 2));
            let both = one + two;
            let right = |lane| {
                (two * two * slope(n - 3, lane) + (2.0 * both + two) * one * slope(n - 2, lane)) / both
            };
            ([both, one, 0.0], std::array::from_fn(right))
        } else {
            let (one, two) = (width(i - 1), width(i));
            let right = |lane| 3.0 * (two * slope(i - 1, lane) + one * slope(i, lane));
            ([two, 2.0 * (one + two), one], std::array::from_fn(right))
        }
    };
    let mut after = vec![0.0; n];
    let mut slopes = vec![[0.0; N]; n];
    for i in 0..n {
        let ([before, at, next], right) = equation(i);
        let (above, known) = if i == 0 {
            (0.0, [0.0; N])
        } else {
            (after[i - 1], slopes[i - 1])
        };
        let pivot = at - before * above;
        after[i] = next / pivot;
        slopes[i] = std::array::from_fn(|lane| (right[lane] - before * known[lane]) / pivot);
    }
    for i in (0..n - 1).rev() {
        let later = slopes[i + 1];
        for (slope, later) in slopes[i].iter_mut().zip(later) {
            *slope -= after[i] * later;
        }
    }
    slopes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_is_filled_exactly() {
        let cubic = |t: f64| 0.01 * t * t * t - 0.3 * t * t + t - 5.0;
        let truth: Vec<[f64; 2]> = (0..25)
            .map(|t| [cubic(f64::from(t)), -cubic(f64::from(t))])
            .collect();
        let kept: Vec<usize> = (0..25).filter(|t| ![1, 7, 8, 9, 15, 23].contains(t)).collect();
        let mut rows = truth.clone();
        for t in (0..25).filter(|t| !kept.contains(t)) {
            rows[t] = [f64::NAN; 2];
        }
        fill_between(&mut rows, &kept);
        for (row, truth) in rows.iter().flatten().zip(truth.iter().flatten()) {
            assert!((row - truth).abs() < 1e-10, "{row} {truth}");
        }
    }

    #[test]
    fn dependent_and_constant_confounds_add_no_direction() {
        let confounds = Array2::from_shape_fn((30, 5), |(t, j)| match j {
            0 => (t as f64 * 0.4).sin(),
            1 => 7.0 - 2e6 * (t as f64 * 0.4).sin(),
            2 => 1e3 + 0.1,
            3 => 0.0,
            _ => t as f64,
        });
        let nuisance = Nuisance::scrubbing(30, &[]).with_confounds(&confounds, &confounds);
        assert_eq!(nuisance.rank(), 2);
        let mut rows: Vec<[f64; 1]> = (0..30)
            .map(|t| [3.0 * confounds[[t, 0]] - 0.5 * t as f64 + 4.0])
            .collect();
        nuisance.project(&mut rows);
        // What is left is the mean, which confounds without their means do not explain.
        let mean = rows.iter().map(|row| row[0]).sum::<f64>() / 30.0;
        assert!(rows.iter().all(|row| (row[0] - mean).abs() < 1e-10));
    }
}
