//! Contours of a field of samples and the smoothed outline of a silhouette: marching squares.

use std::collections::HashMap;

use ndarray::Array2;

/// Cells of empty space around the silhouette, so that every outline closes and blurring has room.
const MARGIN: usize = 3;

/// A closed line, in units of cells: (column, row) of their centres.
pub(crate) type Ring = Vec<(f64, f64)>;

/// Closed rings around the cells that are `true`, smoothed.
pub(crate) fn outline(inside: &Array2<bool>) -> Vec<Ring> {
    let margin = MARGIN as f64;
    contour(&blurred(inside), LEVEL)
        .into_iter()
        .map(|ring| ring.into_iter().map(|(x, y)| (x - margin, y - margin)).collect())
        .collect()
}

/// Closed rings around the samples of `field` that are at least `level`, by linear interpolation.
///
/// Samples at the edge must lie below the level, or their rings stay open and are left out.
pub(crate) fn contour(field: &Array2<f64>, level: f64) -> Vec<Ring> {
    let mut links = HashMap::new();
    let (rows, columns) = field.dim();
    for row in 0..rows.saturating_sub(1) {
        for column in 0..columns.saturating_sub(1) {
            for (from, to) in segments(field, level, row, column) {
                links.insert(from, to);
            }
        }
    }
    rings(links, field, level)
}

/// The silhouette with a margin, blurred by the binomial kernel 1 2 1 along both axes, twice.
fn blurred(inside: &Array2<bool>) -> Array2<f64> {
    let (rows, columns) = inside.dim();
    let mut field = Array2::zeros((rows + 2 * MARGIN, columns + 2 * MARGIN));
    for ((row, column), &value) in inside.indexed_iter() {
        field[[row + MARGIN, column + MARGIN]] = f64::from(u8::from(value));
    }
    for _ in 0..2 {
        field = blur_rows(&field);
        field = blur_rows(&field.reversed_axes()).reversed_axes();
    }
    field
}

fn blur_rows(field: &Array2<f64>) -> Array2<f64> {
    let last = field.ncols() - 1;
    Array2::from_shape_fn(field.dim(), |(row, column)| {
        let before = if column > 0 { field[[row, column - 1]] } else { 0.0 };
        let after = if column < last {
            field[[row, column + 1]]
        } else {
            0.0
        };
        0.25 * before + 0.5 * field[[row, column]] + 0.25 * after
    })
}

/// An edge between two neighbouring samples: the sample at its low end, and whether it runs along the row.
type Edge = (usize, usize, bool);

/// The pieces of outline in the square of four samples, the inside always on the same hand.
fn segments(field: &Array2<f64>, level: f64, row: usize, column: usize) -> Vec<(Edge, Edge)> {
    let high = |r: usize, c: usize| field[[r, c]] >= level;
    let (bottom, right, top, left): (Edge, Edge, Edge, Edge) = (
        (row, column, true),
        (row, column + 1, false),
        (row + 1, column, true),
        (row, column, false),
    );
    let corners = [
        high(row, column),
        high(row, column + 1),
        high(row + 1, column + 1),
        high(row + 1, column),
    ];
    match corners.map(u8::from) {
        [1, 0, 0, 0] => vec![(bottom, left)],
        [0, 1, 0, 0] => vec![(right, bottom)],
        [0, 0, 1, 0] => vec![(top, right)],
        [0, 0, 0, 1] => vec![(left, top)],
        [1, 1, 0, 0] => vec![(right, left)],
        [0, 1, 1, 0] => vec![(top, bottom)],
        [0, 0, 1, 1] => vec![(left, right)],
        [1, 0, 0, 1] => vec![(bottom, top)],
        [0, 1, 1, 1] => vec![(left, bottom)],
        [1, 0, 1, 1] => vec![(bottom, right)],
        [1, 1, 0, 1] => vec![(right, top)],
        [1, 1, 1, 0] => vec![(top, left)],
        [1, 0, 1, 0] => vec![(bottom, left), (top, right)],
        [0, 1, 0, 1] => vec![(right, bottom), (left, top)],
        _ => Vec::new(),
    }
}

/// Where the blurred silhouette ends: half in, half out.
const LEVEL: f64 = 0.5;

/// Joins the pieces into rings, in a fixed order.
fn rings(mut links: HashMap<Edge, Edge>, field: &Array2<f64>, level: f64) -> Vec<Ring> {
    let mut starts: Vec<Edge> = links.keys().copied().collect();
    starts.sort_unstable();
    let mut rings = Vec::new();
    for start in starts {
        let mut ring = Vec::new();
        let mut edge = start;
        while let Some(next) = links.remove(&edge) {
            ring.push(crossing(field, level, edge));
            edge = next;
        }
        if ring.len() > 2 {
            rings.push(ring);
        }
    }
    rings
}

/// Where a contour crosses an edge, by linear interpolation.
fn crossing(field: &Array2<f64>, level: f64, (row, column, along_row): Edge) -> (f64, f64) {
    let from = field[[row, column]];
    let to = if along_row {
        field[[row, column + 1]]
    } else {
        field[[row + 1, column]]
    };
    let share = if (to - from).abs() > 0.0 {
        (level - from) / (to - from)
    } else {
        0.5
    };
    let (x, y) = (column as f64, row as f64);
    if along_row { (x + share, y) } else { (x, y + share) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_has_one_round_outline() {
        let disc = Array2::from_shape_fn((21, 21), |(r, c)| {
            (r as f64 - 10.0).powi(2) + (c as f64 - 10.0).powi(2) <= 64.0
        });
        let rings = outline(&disc);
        assert_eq!(rings.len(), 1);
        for (x, y) in &rings[0] {
            let radius = (x - 10.0).hypot(y - 10.0);
            // A disc of cells of radius 8 covers radii up to about 8.5; blurring moves the edge inwards a little.
            assert!((7.3..8.9).contains(&radius), "{radius}");
        }
    }

    #[test]
    fn separate_parts_have_separate_rings() {
        let mut parts = Array2::from_elem((9, 20), false);
        for r in 2..7 {
            for c in [2, 3, 4, 5, 13, 14, 15, 16] {
                parts[[r, c]] = true;
            }
        }
        assert_eq!(outline(&parts).len(), 2);
    }

    #[test]
    fn touching_corners_do_not_panic() {
        let board = Array2::from_shape_fn((8, 8), |(r, c)| (r / 2 + c / 2) % 2 == 0);
        outline(&board);
        assert!(outline(&Array2::from_elem((1, 1), false)).is_empty());
    }
}
