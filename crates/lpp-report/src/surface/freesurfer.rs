//! `FreeSurfer`'s binary triangle files (`lh.pial`, `rh.inflated`).
//!
//! # References
//! <https://surfer.nmr.mgh.harvard.edu/fswiki/FileFormats>

use std::path::Path;

use super::binary::read_all;
use super::mesh::Mesh;
use crate::ReportError;

/// First three bytes of a file of triangles.
const MAGIC: [u8; 3] = [0xff, 0xff, 0xfe];

/// Reads a mesh: magic number, two lines of comment, counts, coordinates, triangles; all big-endian.
///
/// The translation between a volume's centre and the world, which some files carry behind the triangles, is zero in
/// fsaverage and is not read.
pub(super) fn load_mesh(path: &Path) -> Result<Mesh, ReportError> {
    let bytes = read_all(path)?;
    let wrong = |found: &str| ReportError::mesh(path, found, "a FreeSurfer triangle file");
    let rest = bytes
        .strip_prefix(&MAGIC)
        .ok_or_else(|| wrong("another magic number"))?;
    let text_end = rest
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .ok_or_else(|| wrong("no end of the comment"))?;
    let mut words = rest[text_end + 2..]
        .chunks_exact(4)
        .map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
    let (Some(n_vertices), Some(n_triangles)) = (words.next(), words.next()) else {
        return Err(wrong("no counts"));
    };
    let (n_vertices, n_triangles) = (n_vertices as usize, n_triangles as usize);
    // Compared with the file before any memory is taken.
    if words.len() < n_vertices.saturating_add(n_triangles).saturating_mul(3) {
        let found = format!(
            "{} numbers for {n_vertices} vertices and {n_triangles} triangles",
            words.len()
        );
        return Err(wrong(&found));
    }
    let numbers: Vec<u32> = words.collect();
    let (points, triangles) = numbers.split_at(3 * n_vertices);
    let vertices = points
        .chunks_exact(3)
        .map(|p| [p[0], p[1], p[2]].map(|word| f64::from(f32::from_bits(word))))
        .collect();
    let triangles = triangles
        .chunks_exact(3)
        .take(n_triangles)
        .map(|t| [t[0] as usize, t[1] as usize, t[2] as usize])
        .collect();
    Mesh::new(vertices, triangles, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(n_vertices: u32, words: &[u32]) -> tempfile::NamedTempFile {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(b"created by a test\n\n");
        for word in [n_vertices, 1].iter().chain(words) {
            bytes.extend(word.to_be_bytes());
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn a_triangle_is_read() {
        let points = [0.0_f32, 0.0, 0.0, 1.5, 0.0, 0.0, 0.0, 1.0, 0.0].map(f32::to_bits);
        let words: Vec<u32> = points.into_iter().chain([0, 1, 2]).collect();
        let mesh = load_mesh(file(3, &words).path()).unwrap();
        assert_eq!(
            mesh.vertices()[1].map(f64::to_bits),
            [1.5_f64, 0.0, 0.0].map(f64::to_bits)
        );
        assert_eq!(mesh.triangles(), [[0, 1, 2]]);
    }

    #[test]
    fn counts_are_compared_with_the_file() {
        for n in [4, u32::MAX] {
            let error = load_mesh(file(n, &[0; 12]).path()).unwrap_err();
            assert!(error.to_string().contains("vertices"), "{error}");
        }
    }
}
