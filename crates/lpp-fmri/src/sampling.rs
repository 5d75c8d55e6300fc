//! The taps in a source volume for the voxels of a target grid.

use multiversion::multiversion;

use crate::affine::Affine;
use crate::spline::cubic_weights;

/// The interpolation method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// Cubic B-splines, nilearn's "continuous": for scans.
    Cubic,
    /// Nearest neighbour, for labels.
    Nearest,
}

impl Interpolation {
    /// The name in records and on the command line: `cubic`, `nearest`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cubic => "cubic",
            Self::Nearest => "nearest",
        }
    }
}

/// One coordinate's four taps along an axis: offsets in file order and weights.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Taps {
    offsets: [usize; 4],
    weights: [f64; 4],
}

/// The taps of every target voxel.
#[derive(Debug, Clone)]
pub(crate) struct Sampler {
    source: [usize; 3],
    target: [usize; 3],
    map: VoxelMap,
}

/// From target to source voxels.
#[derive(Debug, Clone)]
enum VoxelMap {
    /// Coordinates along each axis.
    Diagonal([Vec<f64>; 3]),
    General(Affine),
}

impl Sampler {
    /// `map` transforms indices of target voxels to coordinates in source voxels.
    pub(crate) fn new(source: [usize; 3], target: [usize; 3], map: &Affine) -> Self {
        let diagonal = (0..3).all(|r| (0..3).all(|c| r == c || map[r][c] == 0.0));
        let along = |axis: usize| {
            let (step, offset) = (map[axis][axis], map[axis][3]);
            // SciPy shifts first and scales then.
            (0..target[axis])
                .map(|k| (k as f64 + offset / step) * step)
                .collect()
        };
        let map = if diagonal {
            VoxelMap::Diagonal([along(0), along(1), along(2)])
        } else {
            VoxelMap::General(*map)
        };
        Self { source, target, map }
    }

    /// Samples spline `coefficients`, in file order; 0 outside the source.
    pub(crate) fn cubic<O>(&self, coefficients: &[f64], finish: impl Fn(f64) -> O) -> Vec<O> {
        match &self.map {
            VoxelMap::Diagonal(coordinates) => self.cubic_rows(coordinates, coefficients, finish),
            VoxelMap::General(map) => self.collect(|voxel| {
                let point = mapped(map, voxel);
                let taps = (
                    self.taps(0, point[0]),
                    self.taps(1, point[1]),
                    self.taps(2, point[2]),
                );
                finish(match &taps {
                    (Some(x), Some(y), Some(z)) => weighted_sum(coefficients, [x, y, z]),
                    _ => 0.0,
                })
            }),
        }
    }

    /// Samples row by row: all voxels of a row share their taps along the other two axes.
    fn cubic_rows<O>(
        &self,
        coordinates: &[Vec<f64>; 3],
        coefficients: &[f64],
        finish: impl Fn(f64) -> O,
    ) -> Vec<O> {
        let [x, y, z] = [0, 1, 2].map(|axis| -> Vec<Option<Taps>> {
            coordinates[axis].iter().map(|&x| self.taps(axis, x)).collect()
        });
        let mut row = Row::new(&x);
        let mut out = Vec::with_capacity(x.len() * y.len() * z.len());
        for z in &z {
            for y in &y {
                match (y, z) {
                    (Some(y), Some(z)) => {
                        weighted_row(coefficients, &mut row, y, z);
                        out.extend(
                            row.inside
                                .iter()
                                .zip(&row.sums)
                                .map(|(&inside, &sum)| finish(if inside { sum } else { 0.0 })),
                        );
                    }
                    _ => out.extend(x.iter().map(|_| finish(0.0))),
                }
            }
        }
        out
    }

    /// The nearest of `values`, in file order; `outside` beyond the source.
    pub(crate) fn nearest<T: Copy>(&self, values: &[T], outside: T) -> Vec<T> {
        self.collect(|voxel| {
            let point = match &self.map {
                VoxelMap::Diagonal(along) => [0, 1, 2].map(|axis| along[axis][voxel[axis]]),
                VoxelMap::General(map) => mapped(map, voxel),
            };
            let mut place = 0;
            for axis in (0..3).rev() {
                let n = self.source[axis];
                if !is_inside(point[axis], n) {
                    return outside;
                }
                place = place * n + whole(point[axis] + 0.5, n);
            }
            values.get(place).copied().unwrap_or(outside)
        })
    }

    /// Number of target voxels inside the source.
    pub(crate) fn n_inside(&self) -> usize {
        match &self.map {
            VoxelMap::Diagonal(along) => (0..3)
                .map(|axis| {
                    along[axis]
                        .iter()
                        .filter(|x| is_inside(**x, self.source[axis]))
                        .count()
                })
                .product(),
            VoxelMap::General(map) => {
                let inside = |voxel| {
                    let point = mapped(map, voxel);
                    (0..3).all(|axis| is_inside(point[axis], self.source[axis]))
                };
                self.collect(inside).into_iter().filter(|inside| *inside).count()
            }
        }
    }

    /// Calls `value` on the target's voxels in file order.
    fn collect<O>(&self, value: impl Fn([usize; 3]) -> O) -> Vec<O> {
        let [ni, nj, nk] = self.target;
        let mut out = Vec::with_capacity(ni * nj * nk);
        for k in 0..nk {
            for j in 0..nj {
                out.extend((0..ni).map(|i| value([i, j, k])));
            }
        }
        out
    }

    /// The taps of coordinate `x`, or `None` outside the volume, without a margin of half a voxel.
    fn taps(&self, axis: usize, x: f64) -> Option<Taps> {
        let n = self.source[axis];
        if !is_inside(x, n) {
            return None;
        }
        let stride: usize = self.source[..axis].iter().product();
        let floor = x.floor();
        let base = whole(floor, n);
        Some(Taps {
            offsets: [0, 1, 2, 3].map(|tap| mirrored(base + tap, n) * stride),
            weights: cubic_weights(x - floor),
        })
    }
}

/// `NaN` is outside too.
fn is_inside(x: f64, n: usize) -> bool {
    x >= 0.0 && x <= n as f64 - 1.0
}

/// The whole part of a coordinate inside an axis of `n`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "inside the axis, so neither negative nor large"
)]
fn whole(x: f64, n: usize) -> usize {
    (x as usize).min(n - 1)
}

/// The index of the tap at `past_one` − 1, mirrored at both ends without repeating the edge.
fn mirrored(past_one: usize, n: usize) -> usize {
    if n == 1 {
        return 0;
    }
    let period = 2 * (n - 1);
    let place = (past_one + period - 1) % period;
    place.min(period - place)
}

/// Products first, offset last, summed in axis order.
fn mapped(map: &Affine, voxel: [usize; 3]) -> [f64; 3] {
    crate::affine::transform(map, voxel.map(|v| v as f64))
}

/// The taps of a row of target voxels along axis 0, tap by tap, and its working memory.
struct Row {
    /// Whether the voxel is inside the source along axis 0; the taps of others are meaningless.
    inside: Vec<bool>,
    offsets: [Vec<usize>; 4],
    weights: [Vec<f64>; 4],
    gathered: Vec<f64>,
    sums: Vec<f64>,
}

impl Row {
    fn new(taps: &[Option<Taps>]) -> Self {
        let along = |tap: usize| {
            taps.iter()
                .map(move |t| t.map_or((0, 0.0), |t| (t.offsets[tap], t.weights[tap])))
        };
        Self {
            inside: taps.iter().map(Option::is_some).collect(),
            offsets: [0, 1, 2, 3].map(|tap| along(tap).map(|(offset, _)| offset).collect()),
            weights: [0, 1, 2, 3].map(|tap| along(tap).map(|(_, weight)| weight).collect()),
            gathered: vec![0.0; taps.len()],
            sums: vec![0.0; taps.len()],
        }
    }
}

/// [`weighted_sum`] for a whole row, in the same order of operations for each of its voxels.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn weighted_row(coefficients: &[f64], row: &mut Row, y: &Taps, z: &Taps) {
    row.sums.fill(0.0);
    for (offsets, weights) in row.offsets.iter().zip(&row.weights) {
        for (y_offset, y_weight) in y.offsets.into_iter().zip(y.weights) {
            for (z_offset, z_weight) in z.offsets.into_iter().zip(z.weights) {
                let line = &coefficients[y_offset + z_offset..];
                for (value, &offset) in row.gathered.iter_mut().zip(offsets) {
                    *value = line[offset];
                }
                for ((sum, value), weight) in row.sums.iter_mut().zip(&row.gathered).zip(weights) {
                    *sum += value * weight * y_weight * z_weight;
                }
            }
        }
    }
}

/// The sum over 64 taps, axis 0 outermost; each coefficient is multiplied by its three weights in axis order. This is
/// the order of SciPy; another grouping would change the last bits.
#[inline]
fn weighted_sum(coefficients: &[f64], [x, y, z]: [&Taps; 3]) -> f64 {
    let mut sum = 0.0;
    for a in 0..4 {
        for b in 0..4 {
            let base = x.offsets[a] + y.offsets[b];
            for c in 0..4 {
                sum += coefficients[base + z.offsets[c]] * x.weights[a] * y.weights[b] * z.weights[c];
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_are_mirrored_without_repeating_the_edge() {
        // Taps −1, 0, 1, 2 around 0, and 2, 3, 4, 5 around the last voxel of four.
        assert_eq!([0, 1, 2, 3].map(|t| mirrored(t, 4)), [1, 0, 1, 2]);
        assert_eq!([3, 4, 5, 6].map(|t| mirrored(t, 4)), [2, 3, 2, 1]);
        assert_eq!([0, 1, 2, 3].map(|t| mirrored(t, 2)), [1, 0, 1, 0]);
        assert_eq!([0, 1, 2, 3].map(|t| mirrored(t, 1)), [0; 4]);
    }

    #[test]
    fn the_border_belongs_to_the_volume_and_nothing_beyond() {
        assert!(is_inside(0.0, 3) && is_inside(2.0, 3));
        assert!(!is_inside(-1e-16, 3) && !is_inside(2.0 + 1e-15, 3) && !is_inside(f64::NAN, 3));
    }

    #[test]
    fn a_diagonal_map_shifts_first_and_scales_then() {
        // So voxel 3 lies at −4e-17, outside; scaled first, it would be at 0.
        let map = crate::affine::diagonal_affine([0.1, 1.0, 1.0], [-(0.1 * 3.0), 0.0, 0.0]);
        let sampler = Sampler::new([2, 1, 1], [5, 1, 1], &map);
        assert_eq!(sampler.nearest(&[7, 8], 0), [0, 0, 0, 0, 7]);
        assert_eq!(sampler.n_inside(), 1);
    }
}
