//! Triangle meshes.

use crate::FmriError;
use std::path::Path;

/// A mesh of triangles, its vertices in mm of the world.
///
/// ```
/// use lpp_fmri::surface::Mesh;
/// let corner = Mesh::new(
///     vec![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
///     vec![[0, 1, 2]],
///     "a triangle".as_ref(),
/// )?;
/// assert_eq!(corner.normals(), [[0.0, 0.0, 1.0]; 3]);
/// # Ok::<(), lpp_fmri::FmriError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mesh {
    vertices: Vec<[f64; 3]>,
    triangles: Vec<[usize; 3]>,
}

impl Mesh {
    /// A mesh from its vertices and from triangles of their numbers, counter-clockwise as seen from outside.
    ///
    /// # Errors
    /// [`FmriError::File`] naming `file` if there is no triangle, a triangle has a vertex that is not there, or a
    /// coordinate is not finite.
    pub fn new(vertices: Vec<[f64; 3]>, triangles: Vec<[usize; 3]>, file: &Path) -> Result<Self, FmriError> {
        if triangles.is_empty() {
            return Err(FmriError::malformed(file, "no triangle", "a mesh of triangles"));
        }
        if let Some(wrong) = triangles
            .iter()
            .flatten()
            .find(|&&vertex| vertex >= vertices.len())
        {
            return Err(FmriError::malformed(
                file,
                format!("a triangle with vertex {wrong}"),
                format!("vertices below {}", vertices.len()),
            ));
        }
        if vertices
            .iter()
            .flatten()
            .any(|coordinate| !coordinate.is_finite())
        {
            return Err(FmriError::malformed(
                file,
                "a coordinate that is not finite",
                "coordinates in mm",
            ));
        }
        Ok(Self { vertices, triangles })
    }

    /// Coordinates of the vertices, mm.
    #[must_use]
    pub fn vertices(&self) -> &[[f64; 3]] {
        &self.vertices
    }

    /// Numbers of the vertices of each triangle.
    #[must_use]
    pub fn triangles(&self) -> &[[usize; 3]] {
        &self.triangles
    }

    /// The unit normal of each vertex: the normalised sum of the unit normals of its triangles, as in nilearn.
    #[must_use]
    pub fn normals(&self) -> Vec<[f64; 3]> {
        let mut sums = vec![[0.0; 3]; self.vertices.len()];
        for triangle in &self.triangles {
            let [a, b, c] = triangle.map(|vertex| self.vertices[vertex]);
            let normal = unit(cross(minus(b, a), minus(c, a)));
            for &vertex in triangle {
                for axis in 0..3 {
                    sums[vertex][axis] += normal[axis];
                }
            }
        }
        sums.into_iter().map(unit).collect()
    }

    /// The mesh with each vertex moved by `share` towards the mean of its neighbours, then by `back` away from it, `n` times.
    ///
    /// # References
    /// G. Taubin (1995), A signal processing approach to fair surface design, <https://doi.org/10.1145/218380.218473>
    #[must_use]
    pub fn smoothed(mut self, n: usize, share: f64, back: f64) -> Self {
        for _ in 0..n {
            self.relax(share);
            self.relax(-back);
        }
        self
    }

    fn relax(&mut self, share: f64) {
        let mut sums = vec![([0.0; 3], 0.0); self.vertices.len()];
        for &[a, b, c] in &self.triangles {
            // Each edge of a closed mesh belongs to two triangles, which run along it in opposite directions.
            for (from, to) in [(a, b), (b, c), (c, a)] {
                for axis in 0..3 {
                    sums[from].0[axis] += self.vertices[to][axis];
                }
                sums[from].1 += 1.0;
            }
        }
        for (vertex, (sum, n)) in self.vertices.iter_mut().zip(sums) {
            if n > 0.0 {
                for axis in 0..3 {
                    vertex[axis] += share * (sum[axis] / n - vertex[axis]);
                }
            }
        }
    }
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// The vector at length 1; a vector of no length stays.
fn unit(vector: [f64; 3]) -> [f64; 3] {
    let length = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.map(|v| v / length)
    } else {
        vector
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_meshes_are_refused() {
        let file = Path::new("lh.pial");
        let vertices = vec![[0.0; 3]; 3];
        for (vertices, triangles) in [
            (vertices.clone(), vec![]),
            (vertices.clone(), vec![[0, 1, 3]]),
            (vec![[0.0, 0.0, f64::NAN]; 3], vec![[0, 1, 2]]),
        ] {
            let error = Mesh::new(vertices, triangles, file).unwrap_err().to_string();
            assert!(error.starts_with("lh.pial: found "), "{error}");
        }
    }

    #[test]
    fn normals_are_means_over_the_triangles_of_a_vertex() {
        // A roof over the x axis: the triangle on y > 0 rises to the ridge at 45 degrees, the one on y < 0 likewise.
        let vertices = vec![
            [0.0, 0.0, 1.0],
            [2.0, 0.0, 1.0],
            [0.0, 1.0, 0.0],
            [0.0, -3.0, -2.0],
            [5.0, 5.0, 5.0],
        ];
        let mesh = Mesh::new(vertices, vec![[0, 1, 2], [1, 0, 3]], Path::new("roof")).unwrap();
        let half = 0.5_f64.sqrt();
        let expected = [
            [0.0, 0.0, 1.0],
            [0.0, 0.0, 1.0],
            [0.0, half, half],
            [0.0, -half, half],
            // No triangle has the last vertex.
            [0.0; 3],
        ];
        for (normal, expected) in mesh.normals().iter().flatten().zip(expected.as_flattened()) {
            assert!((normal - expected).abs() < 1e-15, "{:?}", mesh.normals());
        }
    }

    #[test]
    fn a_normal_is_perpendicular_to_its_triangle() {
        let vertices = vec![[1.0, 2.0, 3.0], [4.0, 0.0, -1.0], [-2.0, 5.0, 7.0]];
        let mesh = Mesh::new(vertices.clone(), vec![[0, 1, 2]], Path::new("one")).unwrap();
        let normal = mesh.normals()[0];
        for corner in &vertices[1..] {
            let dot: f64 = (0..3)
                .map(|axis| normal[axis] * (corner[axis] - vertices[0][axis]))
                .sum();
            assert!(dot.abs() < 1e-14, "{normal:?}");
        }
        // (3, −2, −4) × (−3, 3, 4) = (4, 0, 3), of length 5.
        for (found, expected) in normal.iter().zip([0.8, 0.0, 0.6]) {
            assert!((found - expected).abs() < 1e-15, "{normal:?}");
        }
    }

    #[test]
    fn smoothing_moves_vertices_towards_their_neighbours() {
        // A tetrahedron: each vertex has the three others as neighbours, so that its distance from the centre shrinks by 1 − 4/3·share.
        let corners = vec![
            [1.0, 1.0, 1.0],
            [1.0, -1.0, -1.0],
            [-1.0, 1.0, -1.0],
            [-1.0, -1.0, 1.0],
            [9.0, 0.0, 0.0],
        ];
        let triangles = vec![[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]];
        let mesh = Mesh::new(corners.clone(), triangles, Path::new("tetrahedron")).unwrap();
        let factor = (1.0 - 4.0 / 3.0 * 0.3) * (1.0 + 4.0 / 3.0 * 0.1);
        let smooth = mesh.smoothed(2, 0.3, 0.1);
        for (found, corner) in smooth.vertices()[..4]
            .iter()
            .flatten()
            .zip(corners.as_flattened())
        {
            assert!(
                (found - corner * factor * factor).abs() < 1e-14,
                "{:?}",
                smooth.vertices()
            );
        }
        // A vertex without neighbours stays.
        assert_eq!(
            smooth.vertices()[4].map(f64::to_bits),
            corners[4].map(f64::to_bits)
        );
    }
}
