//! `FreeSurfer`'s binary triangle files (`lh.pial`, `rh.inflated`).
//!
//! # References
//! <https://surfer.nmr.mgh.harvard.edu/fswiki/FileFormats>

use std::path::Path;

use super::mesh::Mesh;
use super::volume_geometry::VolumeGeometry;
use super::whole_file::read_all;
use crate::FmriError;

/// First three bytes of a file of triangles.
const MAGIC: [u8; 3] = [0xff, 0xff, 0xfe];

/// Says whether the coordinates are those of the world; followed by 0 or 1.
const TAG_REAL_RAS: u32 = 2;
/// The geometry of the volume that the surface was made from follows, as text.
const TAG_GEOMETRY: u32 = 20;

/// Reads a mesh: magic number, two lines of comment, counts, coordinates, triangles, and where the volume lay that it was made
/// from; all big-endian. The vertices are in the world, whatever the file has them in.
pub(super) fn load_mesh(path: &Path) -> Result<Mesh, FmriError> {
    let bytes = read_all(path)?;
    let wrong = |found: &str| FmriError::malformed(path, found, "a FreeSurfer triangle file");
    let rest = bytes
        .strip_prefix(&MAGIC)
        .ok_or_else(|| wrong("another magic number"))?;
    let text_end = rest
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .ok_or_else(|| wrong("no end of the comment"))?;
    let rest = &rest[text_end + 2..];
    let mut words = rest
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
    let geometry = geometry(&rest[4 * (2 + 3 * (n_vertices + n_triangles))..]);
    let numbers: Vec<u32> = words.collect();
    let (points, triangles) = numbers.split_at(3 * n_vertices);
    let vertices = points
        .chunks_exact(3)
        .map(|p| [p[0], p[1], p[2]].map(|word| f64::from(f32::from_bits(word))))
        .map(|place| geometry.map_or(place, |geometry| geometry.to_world(place)))
        .collect();
    let triangles = triangles
        .chunks_exact(3)
        .take(n_triangles)
        .map(|t| [t[0] as usize, t[1] as usize, t[2] as usize])
        .collect();
    Mesh::new(vertices, triangles, path)
}

/// The geometry in the tags behind the triangles; `None` if there is none, it is marked as invalid, or the vertices are in the
/// world already.
fn geometry(mut tags: &[u8]) -> Option<VolumeGeometry> {
    loop {
        let (tag, rest) = tags.split_at_checked(4)?;
        match u32::from_be_bytes([tag[0], tag[1], tag[2], tag[3]]) {
            TAG_REAL_RAS => {
                let (value, rest) = rest.split_at_checked(4)?;
                if value != [0; 4] {
                    return None;
                }
                tags = rest;
            }
            TAG_GEOMETRY => return VolumeGeometry::parse(&String::from_utf8_lossy(rest)),
            _ => return None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "whole numbers of a made file")]
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
    fn vertices_come_in_the_world() {
        let vertex = |tags: &[u8]| {
            let points = [0.0_f32, 0.0, 0.0, 1.5, 0.0, 0.0, 0.0, 1.0, 0.0].map(f32::to_bits);
            let words: Vec<u32> = points.into_iter().chain([0, 1, 2]).collect();
            let file = file(3, &words);
            let mut bytes = std::fs::read(file.path()).unwrap();
            bytes.extend(tags);
            std::fs::write(file.path(), bytes).unwrap();
            load_mesh(file.path()).unwrap().vertices()[1].map(|mm| (10.0 * mm).round() as i32)
        };
        let text = |valid: u8| {
            format!(
                "valid = {valid}\nfilename = a\nvolume = 9 9 9\nvoxelsize = 1 1 1\nxras = -1 0 0\nyras = 0 0 -1\nzras = 0 1 0\n\
                 cras = 1 2 3\n"
            )
        };
        let tags = |head: &[u32], text: &str| {
            let mut bytes: Vec<u8> = head.iter().flat_map(|tag| tag.to_be_bytes()).collect();
            bytes.extend(text.bytes());
            bytes
        };
        let (stored, moved) = ([15, 0, 0], [25, 20, 30]);
        for (tags, expected) in [
            (tags(&[2, 0, 20], &text(1)), moved),
            (tags(&[20], &text(1)), moved),
            (tags(&[2, 0, 20], &text(0)), stored),
            (tags(&[2, 1, 20], &text(1)), stored),
            (tags(&[3], "a command line"), stored),
            (Vec::new(), stored),
        ] {
            assert_eq!(vertex(&tags), expected, "{tags:?}");
        }
    }

    #[test]
    fn counts_are_compared_with_the_file() {
        for n in [4, u32::MAX] {
            let error = load_mesh(file(n, &[0; 12]).path()).unwrap_err();
            assert!(error.to_string().contains("vertices"), "{error}");
        }
    }
}
