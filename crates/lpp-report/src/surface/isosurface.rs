//! A mesh around the voxels of one hemisphere: surface nets.
//!
//! # References
//! S. F. F. Gibson (1998), Constrained elastic surface nets, <https://doi.org/10.1007/BFb0056277>

use std::collections::HashMap;
use std::path::Path;

use lpp_fmri::{Affine, Mask, transform};
use ndarray::Array3;

use crate::ReportError;
use lpp_fmri::surface::Mesh;

/// Empty voxels around the mask: room for the blur, and every surface closes.
const MARGIN: usize = 2;

/// The surface of the voxels of `mask` whose world x coordinate `keep` likes, smoothed.
pub(super) fn isosurface(mask: &Mask, keep: impl Fn(f64) -> bool) -> Result<Mesh, ReportError> {
    let field = blurred(mask, keep);
    let net = Net::of(&field);
    let vertices = net
        .vertices
        .iter()
        .map(|place| transform(mask.grid().affine(), place.map(|index| index - MARGIN as f64)))
        .collect();
    let mesh = Mesh::new(
        vertices,
        outward(net.triangles, mask.grid().affine()),
        Path::new("the mask"),
    )?;
    // Taubin's values: no shrinking at low frequencies. Ten rounds even out the steps between voxels.
    Ok(mesh.smoothed(10, 0.5, 0.53))
}

/// Occupancy with a margin, blurred by the binomial kernel 1 2 1 along the three axes.
fn blurred(mask: &Mask, keep: impl Fn(f64) -> bool) -> Array3<f64> {
    let [ni, nj, nk] = mask.grid().shape();
    let mut field = Array3::zeros((ni + 2 * MARGIN, nj + 2 * MARGIN, nk + 2 * MARGIN));
    for &[i, j, k] in mask.voxels() {
        if keep(mask.grid().world([i, j, k])[0]) {
            field[[i + MARGIN, j + MARGIN, k + MARGIN]] = 1.0;
        }
    }
    for axis in 0..3 {
        let before = field.clone();
        field = Array3::from_shape_fn(before.dim(), |(i, j, k)| {
            let mut low = [i, j, k];
            let mut high = [i, j, k];
            low[axis] = low[axis].saturating_sub(1);
            high[axis] = (high[axis] + 1).min(before.shape()[axis] - 1);
            0.25 * before[low] + 0.5 * before[[i, j, k]] + 0.25 * before[high]
        });
    }
    field
}

/// Vertices in voxel coordinates and triangles, counter-clockwise from outside on a right-handed grid.
struct Net {
    vertices: Vec<[f64; 3]>,
    triangles: Vec<[usize; 3]>,
}

impl Net {
    /// One vertex in each cube of eight samples that the level 0.5 crosses, at the mean of the crossings of its edges; two
    /// triangles across each edge between samples that is crossed.
    fn of(field: &Array3<f64>) -> Self {
        let (ni, nj, nk) = field.dim();
        let mut net = Self {
            vertices: Vec::new(),
            triangles: Vec::new(),
        };
        let mut of_cube = HashMap::new();
        for i in 0..ni - 1 {
            for j in 0..nj - 1 {
                for k in 0..nk - 1 {
                    if let Some(vertex) = cube_vertex(field, [i, j, k]) {
                        of_cube.insert([i, j, k], net.vertices.len());
                        net.vertices.push(vertex);
                    }
                }
            }
        }
        for ((i, j, k), &here) in field.indexed_iter() {
            for axis in 0..3 {
                let mut beyond = [i, j, k];
                beyond[axis] += 1;
                let Some(&there) = field.get(beyond) else { continue };
                if (here >= LEVEL) != (there >= LEVEL) {
                    net.add_quad(&of_cube, [i, j, k], axis, here >= LEVEL);
                }
            }
        }
        net
    }

    /// Joins the four cubes around the edge that starts at `sample` and runs along `axis`.
    fn add_quad(
        &mut self,
        of_cube: &HashMap<[usize; 3], usize>,
        sample: [usize; 3],
        axis: usize,
        falling: bool,
    ) {
        let (across, up) = ((axis + 1) % 3, (axis + 2) % 3);
        let corner = |steps: [usize; 2]| {
            let mut cube = sample;
            cube[across] = cube[across].checked_sub(steps[0])?;
            cube[up] = cube[up].checked_sub(steps[1])?;
            of_cube.get(&cube).copied()
        };
        let around = [[0, 0], [1, 0], [1, 1], [0, 1]].map(corner);
        let [Some(first), Some(second), Some(third), Some(fourth)] = around else {
            return;
        };
        if falling {
            self.triangles
                .extend([[first, second, third], [first, third, fourth]]);
        } else {
            self.triangles
                .extend([[first, third, second], [first, fourth, third]]);
        }
    }
}

const LEVEL: f64 = 0.5;

/// Mean of the places where the level crosses the edges of a cube; `None` if it does not.
fn cube_vertex(field: &Array3<f64>, cube: [usize; 3]) -> Option<[f64; 3]> {
    let at = |corner: usize| [0, 1, 2].map(|axis| cube[axis] + (corner >> axis & 1));
    let (mut sum, mut n_crossed) = ([0.0; 3], 0.0);
    for from in 0..8_usize {
        for bit in [1, 2, 4] {
            if from & bit != 0 {
                continue;
            }
            let (low, high) = (field[at(from)], field[at(from | bit)]);
            if (low >= LEVEL) == (high >= LEVEL) {
                continue;
            }
            let share = (LEVEL - low) / (high - low);
            for ((sum, start), end) in sum.iter_mut().zip(at(from)).zip(at(from | bit)) {
                *sum += start as f64 + share * (end as f64 - start as f64);
            }
            n_crossed += 1.0;
        }
    }
    (n_crossed > 0.0).then(|| sum.map(|coordinate| coordinate / n_crossed))
}

/// Triangles that face outwards in the world: an affine that mirrors turns them around.
fn outward(triangles: Vec<[usize; 3]>, affine: &Affine) -> Vec<[usize; 3]> {
    let m = |row: usize, column: usize| affine[row][column];
    let determinant = m(0, 0) * (m(1, 1) * m(2, 2) - m(1, 2) * m(2, 1))
        - m(0, 1) * (m(1, 0) * m(2, 2) - m(1, 2) * m(2, 0))
        + m(0, 2) * (m(1, 0) * m(2, 1) - m(1, 1) * m(2, 0));
    if determinant < 0.0 {
        triangles.into_iter().map(|[a, b, c]| [a, c, b]).collect()
    } else {
        triangles
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_fmri::{Grid, diagonal_affine};

    fn ball(voxel_mm: [f64; 3]) -> Mask {
        let origin = voxel_mm.map(|mm| -10.0 * mm);
        let grid = Grid::new([21, 21, 21], diagonal_affine(voxel_mm, origin)).unwrap();
        let inside = Array3::from_shape_fn((21, 21, 21), |(i, j, k)| {
            [i, j, k].iter().map(|&n| (n as f64 - 10.0).powi(2)).sum::<f64>() <= 49.0
        });
        Mask::new(grid, inside).unwrap()
    }

    #[test]
    fn a_ball_has_a_round_closed_surface_that_faces_outwards() {
        for x_mm in [2.0, -2.0] {
            let mesh = isosurface(&ball([x_mm, 2.0, 2.0]), |_| true).unwrap();
            for (vertex, normal) in mesh.vertices().iter().zip(mesh.normals()) {
                let radius = vertex.iter().map(|v| v * v).sum::<f64>().sqrt();
                // Voxels of 2 mm up to a radius of 14 mm; their cubes reach a little farther.
                assert!((13.0..16.0).contains(&radius), "{radius}");
                let outwards: f64 = vertex.iter().zip(normal).map(|(v, n)| v * n).sum();
                assert!(outwards > 0.8 * radius, "{vertex:?} {normal:?}");
            }
            // A closed surface without holes through it: V − E + F = 2, and E = 3F/2.
            let (v, f) = (mesh.vertices().len(), mesh.triangles().len());
            assert_eq!(v + f - 3 * f / 2, 2);
        }
    }

    #[test]
    fn a_hemisphere_ends_at_the_midline() {
        let mesh = isosurface(&ball([2.0, 2.0, 2.0]), |x| x <= 0.0).unwrap();
        let rightmost = mesh
            .vertices()
            .iter()
            .map(|v| v[0])
            .fold(f64::NEG_INFINITY, f64::max);
        assert!((0.0..3.0).contains(&rightmost), "{rightmost}");
        assert!(isosurface(&ball([2.0; 3]), |x| x > 100.0).is_err());
    }
}
