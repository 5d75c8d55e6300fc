//! Affine maps from voxel indices to world millimetres, in `f64`.

/// A 4×4 affine, row by row; the last row is (0, 0, 0, 1).
///
/// World axes follow the NIfTI convention RAS+: x grows to the right, y to the front, z to the top.
pub type Affine = [[f64; 4]; 4];

/// Applies `affine` to a point: `A·p + b`, the three products summed in axis order, then the offset.
///
/// ```
/// let affine = lpp_fmri::diagonal_affine([4.0; 3], [-72.0, -106.0, -64.0]);
/// assert_eq!(lpp_fmri::transform(&affine, [0.0; 3]), [-72.0, -106.0, -64.0]);
/// ```
#[must_use]
pub fn transform(affine: &Affine, point: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|row| {
        let [a, b, c, offset] = affine[row];
        a * point[0] + b * point[1] + c * point[2] + offset
    })
}

/// The affine of a grid aligned with the axes: voxel sizes on the diagonal, the centre of voxel (0, 0, 0) in the last
/// column.
///
/// ```
/// let affine = lpp_fmri::diagonal_affine([4.0; 3], [-72.0, -106.0, -64.0]);
/// assert_eq!(lpp_fmri::transform(&affine, [18.0, 21.0, 15.0]), [0.0, -22.0, -4.0]);
/// ```
#[must_use]
pub fn diagonal_affine(voxel_mm: [f64; 3], origin_mm: [f64; 3]) -> Affine {
    let mut affine = [[0.0; 4]; 4];
    for axis in 0..3 {
        affine[axis][axis] = voxel_mm[axis];
        affine[axis][3] = origin_mm[axis];
    }
    affine[3][3] = 1.0;
    affine
}

/// Whether two affines agree in every entry to |a − b| ≤ 1e-8 + 1e-5·|b|, `numpy.allclose`'s default and the
/// reference's test for "same grid".
///
/// ```
/// use lpp_fmri::{affines_close, diagonal_affine};
///
/// let grid = diagonal_affine([4.0; 3], [-72.0, -106.0, -64.0]);
/// let rounded = diagonal_affine([4.0; 3], [-72.0001, -106.0, -64.0]);
/// let shifted = diagonal_affine([4.0; 3], [-71.0, -106.0, -64.0]);
/// assert!(affines_close(&grid, &rounded) && !affines_close(&grid, &shifted));
/// ```
#[must_use]
pub fn affines_close(a: &Affine, b: &Affine) -> bool {
    let entries = a.iter().flatten().zip(b.iter().flatten());
    entries
        .into_iter()
        .all(|(x, y)| (x - y).abs() <= 1e-8 + 1e-5 * y.abs())
}

/// The inverse map, or `None` if the affine is singular or not finite.
///
/// LU with partial pivoting, each solution multiplied by the reciprocal of the pivot as LAPACK does, so that
/// diagonal affines are inverted to the last bit as `numpy.linalg.inv` inverts them.
///
/// ```
/// use lpp_fmri::{diagonal_affine, invert_affine, transform};
///
/// let affine = diagonal_affine([4.0; 3], [-72.0, -106.0, -64.0]);
/// let to_voxel = invert_affine(&affine).expect("a grid has an inverse");
/// assert_eq!(transform(&to_voxel, [0.0, -22.0, -4.0]), [18.0, 21.0, 15.0]);
/// assert_eq!(invert_affine(&diagonal_affine([4.0, 4.0, 0.0], [0.0; 3])), None);
/// ```
#[must_use]
pub fn invert_affine(affine: &Affine) -> Option<Affine> {
    let mut lu = *affine;
    let mut inverse = diagonal_affine([1.0; 3], [0.0; 3]);
    for column in 0..4 {
        let pivot = (column..4).max_by(|&a, &b| lu[a][column].abs().total_cmp(&lu[b][column].abs()))?;
        lu.swap(column, pivot);
        inverse.swap(column, pivot);
        if lu[column][column] == 0.0 {
            return None;
        }
        let reciprocal = lu[column][column].recip();
        for row in column + 1..4 {
            let factor = lu[row][column] * reciprocal;
            for k in 0..4 {
                if k > column {
                    lu[row][k] -= factor * lu[column][k];
                }
                inverse[row][k] -= factor * inverse[column][k];
            }
        }
    }
    for row in (0..4).rev() {
        let reciprocal = lu[row][row].recip();
        for k in 0..4 {
            let known: f64 = (row + 1..4).map(|j| lu[row][j] * inverse[j][k]).sum();
            inverse[row][k] = (inverse[row][k] - known) * reciprocal;
        }
    }
    inverse.iter().flatten().all(|v| v.is_finite()).then_some(inverse)
}

/// The product `a`·`b`, with plain sums in index order.
pub(crate) fn product(a: &Affine, b: &Affine) -> Affine {
    std::array::from_fn(|r| {
        std::array::from_fn(|c| a[r][0] * b[0][c] + a[r][1] * b[1][c] + a[r][2] * b[2][c] + a[r][3] * b[3][c])
    })
}

/// The first three rows, for messages.
pub(crate) fn upper_rows(affine: &Affine) -> [[f64; 4]; 3] {
    [affine[0], affine[1], affine[2]]
}

/// Lengths of the first three columns: the voxel sizes in mm.
pub(crate) fn column_lengths(affine: &Affine) -> [f64; 3] {
    [0, 1, 2].map(|c| (0..3).map(|r| affine[r][c] * affine[r][c]).sum::<f64>().sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_undoes_its_affine() {
        let oblique = [
            [1.9, 0.3, -0.2, -80.0],
            [-0.25, 2.05, 0.1, -110.0],
            [0.2, -0.15, 2.2, -60.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        let inverse = invert_affine(&oblique).unwrap();
        let point = transform(&inverse, transform(&oblique, [3.0, 17.0, 29.0]));
        for (found, expected) in point.iter().zip([3.0, 17.0, 29.0]) {
            // Coordinates of a hundred millimetres lose at most a few of their 1e-14 mm spacings.
            assert!((found - expected).abs() < 1e-12, "{point:?}");
        }
    }

    #[test]
    fn a_permuted_affine_needs_pivoting() {
        let permuted = [
            [0.0, 0.0, 3.0, 1.0],
            [2.0, 0.0, 0.0, 2.0],
            [0.0, -4.0, 0.0, 3.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        let inverse = invert_affine(&permuted).unwrap();
        assert_eq!(transform(&inverse, [4.0, 6.0, -5.0]), [2.0, 2.0, 1.0]);
    }

    #[test]
    fn flat_and_non_finite_affines_have_no_inverse() {
        assert!(invert_affine(&diagonal_affine([4.0, 0.0, 4.0], [0.0; 3])).is_none());
        assert!(invert_affine(&diagonal_affine([f64::NAN, 4.0, 4.0], [0.0; 3])).is_none());
    }

    #[test]
    fn close_affines_differ_by_the_tolerance_and_no_more() {
        let of = |entry: f64| {
            let mut affine = diagonal_affine([2.0; 3], [0.0; 3]);
            affine[1][3] = entry;
            affine
        };
        // As numpy.allclose, whose relative part is of the second: 1e-8 beside 0, 1.001e-4 beside 10.
        assert!(affines_close(&of(1e-8), &of(0.0)));
        assert!(!affines_close(&of(1.1e-8), &of(0.0)));
        assert!(affines_close(&of(-10.0001), &of(-10.0)));
        assert!(!affines_close(&of(10.0002), &of(10.0)));
        assert!(!affines_close(&of(f64::NAN), &of(f64::NAN)));
    }

    #[test]
    fn a_product_is_one_map_after_the_other() {
        let a = [
            [1.0, 2.0, 3.0, 4.0],
            [5.0, 6.0, 7.0, 8.0],
            [9.0, 10.0, 12.0, 11.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        let b = [
            [2.0, 0.0, -1.0, 3.0],
            [1.0, -2.0, 4.0, -5.0],
            [0.0, 3.0, 1.0, 7.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        let point = [2.0, -3.0, 5.0];
        assert_eq!(
            transform(&product(&a, &b), point),
            transform(&a, transform(&b, point))
        );
        assert_eq!(product(&a, &b)[3], [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(upper_rows(&a), a[..3]);
        // Columns (3, 4, 0), (0, 0, 5) and (2, 3, 6).
        let columns = [
            [3.0, 0.0, 2.0, 9.0],
            [4.0, 0.0, 3.0, 9.0],
            [0.0, 5.0, 6.0, 9.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        assert_eq!(column_lengths(&columns), [5.0, 5.0, 7.0]);
    }
}
