//! Singular values of a tall, narrow matrix by one-sided Jacobi rotations.
//!
//! Design matrices here have a handful of columns whose scales differ by 10⁴ (a constant, a logarithm, a layer count, a
//! width). One-sided Jacobi is accurate to the last digits on such matrices and needs no linear algebra library.
//! J. Demmel and K. Veselić (1992), <https://doi.org/10.1137/0613074>.

/// Largest number of sweeps; six are usual for four columns.
const MAX_SWEEPS: usize = 60;

/// The thin singular value decomposition X = U Σ Vᵀ.
pub(crate) struct Svd {
    /// Columns of UΣ, each of the length of a column of X.
    scaled_left: Vec<Vec<f64>>,
    /// Columns of V.
    right: Vec<Vec<f64>>,
    /// Singular values, in the order of the columns.
    values: Vec<f64>,
}

impl Svd {
    /// Decomposes the matrix with these columns, all of one length.
    pub(crate) fn of_columns(columns: &[Vec<f64>]) -> Self {
        let p = columns.len();
        let mut left = columns.to_vec();
        let mut right: Vec<Vec<f64>> = (0..p)
            .map(|i| (0..p).map(|j| f64::from(u8::from(i == j))).collect())
            .collect();
        for _ in 0..MAX_SWEEPS {
            let mut rotated = false;
            for i in 0..p {
                for j in i + 1..p {
                    if let Some(rotation) = Rotation::making_orthogonal(&left[i], &left[j]) {
                        rotation.apply(&mut left, i, j);
                        rotation.apply(&mut right, i, j);
                        rotated = true;
                    }
                }
            }
            if !rotated {
                break;
            }
        }
        let values = left.iter().map(|column| dot(column, column).sqrt()).collect();
        Self {
            scaled_left: left,
            right,
            values,
        }
    }

    /// Largest over smallest singular value.
    pub(crate) fn condition_number(&self) -> f64 {
        self.largest() / self.values.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The number of singular values above rounding.
    pub(crate) fn rank(&self, n_rows: usize) -> usize {
        let floor = self.largest() * f64::EPSILON * n_rows.max(self.values.len()) as f64;
        self.values.iter().filter(|&&value| value > floor).count()
    }

    /// The least-squares solution of X β = y, for X of full rank.
    pub(crate) fn solve(&self, y: &[f64]) -> Vec<f64> {
        let along: Vec<f64> = self
            .scaled_left
            .iter()
            .zip(&self.values)
            .map(|(column, value)| dot(column, y) / (value * value))
            .collect();
        self.each_row(|row| dot(row, &along))
    }

    /// The diagonal of (XᵀX)⁻¹, for X of full rank.
    pub(crate) fn inverse_gram_diagonal(&self) -> Vec<f64> {
        self.each_row(|row| {
            row.iter()
                .zip(&self.values)
                .map(|(v, value)| (v / value).powi(2))
                .sum()
        })
    }

    /// The logarithm of the determinant of `XᵀX`, for X of full rank.
    pub(crate) fn ln_gram_determinant(&self) -> f64 {
        2.0 * self.values.iter().map(|value| value.ln()).sum::<f64>()
    }

    /// Singular values, in the order of the columns.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Right singular vectors, one per singular value.
    pub(crate) fn right(&self) -> &[Vec<f64>] {
        &self.right
    }

    fn largest(&self) -> f64 {
        self.values.iter().copied().fold(0.0, f64::max)
    }

    /// Applies `f` to each row of V.
    fn each_row(&self, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        (0..self.right.len())
            .map(|i| f(&self.right.iter().map(|column| column[i]).collect::<Vec<_>>()))
            .collect()
    }
}

/// A plane rotation of two columns.
struct Rotation {
    cos: f64,
    sin: f64,
}

impl Rotation {
    /// The rotation after which `a` and `b` are orthogonal; `None` if they are already.
    fn making_orthogonal(a: &[f64], b: &[f64]) -> Option<Self> {
        let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
        // Nothing is left to gain once the cosine between the columns is within rounding.
        if ab == 0.0 || ab.abs() <= 2.0 * f64::EPSILON * (aa * bb).sqrt() || !ab.is_finite() {
            return None;
        }
        let zeta = (bb - aa) / (2.0 * ab);
        let tan = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
        let cos = 1.0 / tan.hypot(1.0);
        Some(Self { cos, sin: cos * tan })
    }

    fn apply(&self, columns: &mut [Vec<f64>], i: usize, j: usize) {
        let (head, tail) = columns.split_at_mut(j);
        for (a, b) in head[i].iter_mut().zip(&mut tail[0]) {
            (*a, *b) = (self.cos * *a - self.sin * *b, self.sin * *a + self.cos * *b);
        }
    }
}

/// Inner product of two equally long slices.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagonal_matrices_are_read_off() {
        let svd = Svd::of_columns(&[vec![3.0, 0.0, 0.0], vec![0.0, 0.5, 0.0]]);
        assert_eq!(svd.condition_number(), 6.0);
        assert_eq!(svd.solve(&[6.0, 1.0, 9.0]), [2.0, 2.0]);
        assert_eq!(svd.inverse_gram_diagonal(), [1.0 / 9.0, 4.0]);
    }

    #[test]
    fn repeated_columns_lower_the_rank() {
        let column = vec![1.0, 2.0, 3.0, 5.0];
        let twice: Vec<f64> = column.iter().map(|v| 2.0 * v).collect();
        assert_eq!(Svd::of_columns(&[column, twice, vec![1.0; 4]]).rank(4), 2);
    }

    #[test]
    fn the_unit_of_a_matrix_decides_nothing() {
        let columns = [
            vec![1.0, 2.0, 3.0, 5.0],
            vec![1.0, 1.0, 1.5, 1.0],
            vec![0.5, -1.0, 2.0, 0.0],
        ];
        let of = |unit: f64| {
            Svd::of_columns(
                &columns
                    .clone()
                    .map(|column| column.iter().map(|v| unit * v).collect()),
            )
        };
        let plain = of(1.0).condition_number();
        for unit in [1e-10, 1e10] {
            // A condition number near 10; orthogonal columns to a few roundings.
            assert!((of(unit).condition_number() / plain - 1.0).abs() < 1e-13);
            assert_eq!(of(unit).rank(4), 3);
        }
    }

    #[test]
    fn rank_counts_what_exceeds_rounding_times_the_longer_side() {
        // numpy.linalg.matrix_rank: below 100 · 2.2e-16 times the largest value is nothing.
        for (small, rank) in [(1e-14, 1), (3e-14, 2)] {
            let svd = Svd::of_columns(&[vec![0.0, 2.0], vec![2.0 * small, 0.0]]);
            assert_eq!(svd.rank(100), rank);
        }
    }
}
