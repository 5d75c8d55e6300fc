//! Triangular blocks that fit into the innermost cache: the ends of the recursions of [`super::pure`].

use multiversion::multiversion;
use ndarray::{ArrayRef2, ArrayViewMut2, s};

/// Order up to which a block is processed element by element.
pub(super) const SMALL: usize = 32;

/// A block by rows, zero beyond its order.
type Tile = [[f64; SMALL]; SMALL];

/// Overwrites the lower triangle of a symmetric block A by L with A = L Lᵀ, and the first columns of `inverse` by L⁻¹
/// with zeros above its diagonal; false if A is not positive definite. Entries of A above the diagonal are not read and
/// not preserved.
pub(super) fn factor_small(block: &mut ArrayViewMut2<'_, f64>, inverse: &mut ArrayViewMut2<'_, f64>) -> bool {
    let n = block.nrows();
    let mut upper = transposed_lower(block);
    if !factor_tile(&mut upper, n) {
        return false;
    }
    let inverted = invert_tile(&upper, n);
    for ((i, j), value) in inverse.slice_mut(s![.., ..n]).indexed_iter_mut() {
        *value = inverted[i][j];
    }
    for ((i, j), value) in block.indexed_iter_mut().filter(|((i, j), _)| j <= i) {
        *value = upper[j][i];
    }
    true
}

fn transposed_lower(block: &ArrayRef2<f64>) -> Tile {
    let mut tile = [[0.0; SMALL]; SMALL];
    for ((i, j), &value) in block.indexed_iter().filter(|((i, j), _)| j <= i) {
        tile[j][i] = value;
    }
    tile
}

/// Overwrites the upper triangle of A by U with A = Uᵀ U, row after row, so that the innermost loop runs along one.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2+fma"))]
fn factor_tile(upper: &mut Tile, n: usize) -> bool {
    for k in 0..n {
        let pivot = upper[k][k];
        if !(pivot > 0.0 && pivot.is_finite()) {
            return false;
        }
        let scale = pivot.sqrt().recip();
        upper[k].iter_mut().for_each(|u| *u *= scale);
        let row = upper[k];
        for (i, other) in upper.iter_mut().enumerate().take(n).skip(k + 1) {
            let factor = row[i];
            other.iter_mut().zip(&row).for_each(|(o, u)| *o -= factor * u);
        }
    }
    true
}

/// U⁻ᵀ, which is lower triangular: row i is (eᵢ − Σ uₖᵢ · row k) / uᵢᵢ over the rows k above.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2+fma"))]
fn invert_tile(upper: &Tile, n: usize) -> Tile {
    let mut inverse = [[0.0; SMALL]; SMALL];
    for i in 0..n {
        let mut row = [0.0; SMALL];
        row[i] = 1.0;
        for (above, factors) in inverse.iter().zip(upper).take(i) {
            let factor = factors[i];
            row.iter_mut().zip(above).for_each(|(r, a)| *r -= factor * a);
        }
        let scale = upper[i][i].recip();
        inverse[i] = row.map(|r| r * scale);
    }
    inverse
}
