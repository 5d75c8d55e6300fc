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
}
