//! The dimension of a cloud of points: of the directions that its variance needs, and of the manifold on which it lies.

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use rayon::prelude::*;

use crate::StatsError;
use crate::checks::{at_least, check_finite};

/// Share of the points with the largest ratios that the fit of [`two_nn`] leaves out, as in the paper.
const LEFT_OUT: f64 = 0.1;

/// The participation ratio (Σλ)²/Σλ² of the eigenvalues λ of the covariance of the columns of `points`, (`n_points`,
/// `n_features`): the number of directions if the variance were equal in each.
///
/// NaN if all points are equal.
///
/// # Errors
/// [`StatsError::TooFew`] with fewer than two points, [`StatsError::NotFinite`] with the index in row-major order.
///
/// # Example
/// ```
/// use ndarray::array;
/// let cross = array![[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]];
/// assert!((lpp_stats::participation_ratio(&cross)? - 2.0).abs() < 1e-12);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// P. Gao et al. (2017), <https://doi.org/10.1101/214262>.
pub fn participation_ratio(points: &ArrayRef2<f64>) -> Result<f64, StatsError> {
    let centred = centred(points)?;
    // Both products have the same eigenvalues other than 0.
    let gram = if points.nrows() < points.ncols() {
        centred.dot(&centred.t())
    } else {
        centred.t().dot(&centred)
    };
    let squares: f64 = gram.iter().map(|value| value * value).sum();
    Ok(gram.diag().sum().powi(2) / squares)
}

/// The intrinsic dimension of `points`, (`n_points`, `n_features`), from the ratio μ of the distances to the second and the
/// first neighbour: the slope through the origin of −ln(1 − F(μ)) on ln μ.
///
/// A tenth of the points, those with the largest ratios, is left out, as in the paper. Points that have a twin are left
/// out too. Dimensions of more than about ten come out too small unless there are very many points.
///
/// # Errors
/// [`StatsError::TooFew`] with fewer than ten different points, [`StatsError::NotFinite`].
///
/// # Example
/// ```
/// use ndarray::Array2;
/// // A spiral: a line in three dimensions, with uneven steps.
/// let at = |i: usize| i as f64 / 20.0 + ((i * 37) % 101) as f64 / 3000.0;
/// let spiral = Array2::from_shape_fn((300, 3), |(i, j)| [at(i).cos(), at(i).sin(), at(i)][j]);
/// assert!((lpp_stats::two_nn(&spiral)? - 1.0).abs() < 0.3);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// E. Facco et al. (2017), <https://doi.org/10.1038/s41598-017-11873-y>.
pub fn two_nn(points: &ArrayRef2<f64>) -> Result<f64, StatsError> {
    let centred = centred(points)?;
    let rows: Vec<Vec<f64>> = centred.rows().into_iter().map(|row| row.to_vec()).collect();
    let mut logs: Vec<f64> = (0..rows.len())
        .into_par_iter()
        .filter_map(|point| ln_ratio(&rows, point))
        .collect();
    at_least("points with two neighbours", 10, logs.len())?;
    logs.sort_by(f64::total_cmp);
    let n = logs.len() as f64;
    let kept = logs
        .iter()
        .enumerate()
        .take_while(|(place, _)| (*place as f64) < (1.0 - LEFT_OUT) * n);
    let (mut cross, mut square) = (0.0, 0.0);
    for (place, &x) in kept {
        cross -= x * (1.0 - (place as f64 + 1.0) / n).ln();
        square += x * x;
    }
    Ok(cross / square)
}

/// ln of the ratio of the distances to the second and the first neighbour; `None` of a point with a twin.
fn ln_ratio(rows: &[Vec<f64>], point: usize) -> Option<f64> {
    let (mut first, mut second) = (f64::INFINITY, f64::INFINITY);
    for (other, row) in rows.iter().enumerate() {
        if other == point {
            continue;
        }
        let square: f64 = row.iter().zip(&rows[point]).map(|(a, b)| (a - b).powi(2)).sum();
        if square < first {
            (first, second) = (square, first);
        } else if square < second {
            second = square;
        }
    }
    (first > 0.0 && second.is_finite()).then(|| (second / first).ln() / 2.0)
}

fn centred(points: &ArrayRef2<f64>) -> Result<Array2<f64>, StatsError> {
    at_least("points of a cloud", 2, points.nrows())?;
    check_finite("a coordinate", &points.iter().copied().collect::<Vec<_>>())?;
    // Equal points leave zeros, which a mean that rounds would not.
    let moved = points.to_owned() - points.row(0);
    let mean: Array1<f64> = moved.sum_axis(Axis(0)) / points.nrows() as f64;
    Ok(moved - &mean)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Points of a flat torus of `d` circles, turned into `width` dimensions.
    fn torus(d: usize, width: usize, n: usize, seed: u64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let turn = Array2::from_shape_simple_fn((2 * d, width), || rng.random_range(-1.0..1.0));
        let angles = Array2::from_shape_simple_fn((n, d), || rng.random_range(0.0..TAU));
        let circles = Array2::from_shape_fn((n, 2 * d), |(i, j)| {
            if j % 2 == 0 {
                angles[[i, j / 2]].cos()
            } else {
                angles[[i, j / 2]].sin()
            }
        });
        circles.dot(&turn)
    }

    #[test]
    fn manifolds_have_their_dimension() {
        // The standard error of one estimate is about d/√n; the mean of five is within 5 %.
        for d in [1, 2, 4] {
            let found: f64 = (0..5)
                .map(|seed| two_nn(&torus(d, 30, 1500, seed)).unwrap() / 5.0)
                .sum();
            assert!((found / d as f64 - 1.0).abs() < 0.05, "{d}: {found}");
        }
    }

    #[test]
    fn equal_directions_count_once_each() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut normal = || (0..12).map(|_| rng.random_range(-0.5..0.5)).sum::<f64>();
        for (k, n) in [(3, 4000), (8, 4000)] {
            let cloud = Array2::from_shape_fn((n, 20), |(_, j)| if j < k { normal() } else { 0.5 });
            let found = participation_ratio(&cloud).unwrap();
            assert!((found / k as f64 - 1.0).abs() < 0.05, "{k}: {found}");
            // More features than points: the other product.
            let few = participation_ratio(&cloud.slice(ndarray::s![..10, ..])).unwrap();
            let of_columns = {
                let some = centred(&cloud.slice(ndarray::s![..10, ..])).unwrap();
                let covariance = some.t().dot(&some);
                covariance.diag().sum().powi(2) / covariance.iter().map(|v| v * v).sum::<f64>()
            };
            assert!((few - of_columns).abs() < 1e-9);
        }
        assert!(
            participation_ratio(&Array2::from_elem((3, 2), 0.1))
                .unwrap()
                .is_nan()
        );
        assert!(two_nn(&Array2::zeros((20, 2))).is_err());
    }
}
