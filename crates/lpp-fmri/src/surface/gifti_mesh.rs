//! Meshes of GIFTI files (`.gii`, `.gii.gz`).
//!
//! # References
//! GIFTI surface data format, version 1.0, <https://www.nitrc.org/projects/gifti>

use std::path::Path;

use roxmltree::{Document, Node};

use super::gifti_file::{DataArray, parse, text_of};
use super::mesh::Mesh;
use super::volume_geometry::VolumeGeometry;
use crate::FmriError;

/// Vertices are counted below this.
const MOST_VERTICES: usize = 1 << 32;

/// Reads a mesh; its vertices are in the world, whatever the file has them in.
pub(super) fn load_mesh(path: &Path) -> Result<Mesh, FmriError> {
    let text = text_of(path)?;
    let document = parse(path, &text)?;
    let node = array(path, &document, "NIFTI_INTENT_POINTSET")?;
    let points = DataArray::of(path, node)?.rows_of(3)?;
    let geometry = geometry(path, node)?;
    let triangles = DataArray::of(path, array(path, &document, "NIFTI_INTENT_TRIANGLE")?)?.rows_of(3)?;
    let vertices = points
        .chunks_exact(3)
        .map(|p| [p[0], p[1], p[2]])
        .map(|place| geometry.map_or(place, |geometry| geometry.to_world(place)))
        .collect();
    let triangles = triangles
        .chunks_exact(3)
        .map(|t| Ok([index(path, t[0])?, index(path, t[1])?, index(path, t[2])?]))
        .collect::<Result<_, FmriError>>()?;
    Mesh::new(vertices, triangles, path)
}

/// The first array with that intent.
fn array<'a>(path: &Path, document: &'a Document<'_>, intent: &str) -> Result<Node<'a, 'a>, FmriError> {
    document
        .descendants()
        .find(|node| node.has_tag_name("DataArray") && node.attribute("Intent") == Some(intent))
        .ok_or_else(|| FmriError::malformed(path, format!("no array {intent}"), "a mesh"))
}

/// Where the volume lay that `FreeSurfer` made the points from, if they are in its coordinates; `None` if they are in the world.
///
/// # Errors
/// If the points need a transformation: which of the two spaces is that of the scans, the file does not tell.
fn geometry(path: &Path, points: Node<'_, '_>) -> Result<Option<VolumeGeometry>, FmriError> {
    let text = |tag: &str| {
        points
            .descendants()
            .find(|node| node.has_tag_name(tag))
            .and_then(|node| node.text())
    };
    let matrix: Vec<f64> = text("MatrixData")
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let is_identity = |(at, entry): (usize, &f64)| (entry - f64::from(u8::from(at % 5 == 0))).abs() < 1e-6;
    if !matrix.iter().enumerate().all(is_identity) {
        return Err(FmriError::malformed(
            path,
            format!(
                "points that are to be transformed to the space {}",
                text("TransformedSpace").unwrap_or("unknown")
            ),
            "points in the space of the scans, with the identity as transformation (mris_convert --to-scanner, wb_command)",
        ));
    }
    if text("DataSpace").is_some_and(|space| space.trim() == "NIFTI_XFORM_SCANNER_ANAT") {
        return Ok(None);
    }
    let value = |name: String| -> Option<f64> {
        let of_name = |node: &Node<'_, '_>| {
            let child = |tag: &str| {
                node.children()
                    .find(|child| child.has_tag_name(tag))
                    .and_then(|child| child.text())
            };
            (child("Name")?.trim() == name).then(|| child("Value")?.trim().parse().ok())?
        };
        points
            .descendants()
            .filter(|node| node.has_tag_name("MD"))
            .find_map(|node| of_name(&node))
    };
    let vector = |axis: &str| -> Option<[f64; 3]> {
        let [r, a, s] = ["R", "A", "S"].map(|world| value(format!("VolGeom{axis}_{world}")));
        Some([r?, a?, s?])
    };
    let Some(centre) = vector("C") else {
        return Ok(None);
    };
    let usual = VolumeGeometry::default().axes;
    Ok(Some(VolumeGeometry {
        axes: [
            vector("X").unwrap_or(usual[0]),
            vector("Y").unwrap_or(usual[1]),
            vector("Z").unwrap_or(usual[2]),
        ],
        centre,
    }))
}

/// A vertex number from a number of the file.
fn index(path: &Path, value: f64) -> Result<usize, FmriError> {
    if value >= 0.0 && value < MOST_VERTICES as f64 && value.fract() == 0.0 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above"
        )]
        let index = value as usize;
        Ok(index)
    } else {
        Err(FmriError::malformed(
            path,
            format!("vertex {value} in a triangle"),
            "a vertex number",
        ))
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "whole numbers of a made file")]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use std::io::Write;

    const POINTS: [f32; 9] = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 2.5, 0.0];

    fn file(points: &str, triangles: &str, attributes: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><!DOCTYPE GIFTI SYSTEM \"http://www.nitrc.org/frs/download.php/115/gifti.dtd\"><GIFTI \
             Version=\"1.0\"><DataArray Intent=\"NIFTI_INTENT_POINTSET\" DataType=\"NIFTI_TYPE_FLOAT32\" Dim0=\"3\" \
             Dim1=\"3\" {attributes}><Data>{points}</Data></DataArray><DataArray Intent=\"NIFTI_INTENT_TRIANGLE\" \
             DataType=\"NIFTI_TYPE_INT32\" Dim0=\"1\" Dim1=\"3\" Encoding=\"ASCII\"><Data>{triangles}</Data></DataArray></GIFTI>"
        )
    }

    fn load(text: &str) -> Result<Mesh, FmriError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pial.gii.gz");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        std::fs::write(&path, gzip.finish().unwrap()).unwrap();
        load_mesh(&path)
    }

    #[test]
    fn all_encodings_give_the_same_mesh() {
        let little: Vec<u8> = POINTS.iter().flat_map(|v| v.to_le_bytes()).collect();
        let big: Vec<u8> = POINTS.iter().flat_map(|v| v.to_be_bytes()).collect();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&little).unwrap();
        let ascii: Vec<String> = POINTS.iter().map(ToString::to_string).collect();
        let cases = [
            (ascii.join(" "), "Encoding=\"ASCII\""),
            (
                STANDARD.encode(&little),
                "Encoding=\"Base64Binary\" Endian=\"LittleEndian\"",
            ),
            (
                STANDARD.encode(&big),
                "Encoding=\"Base64Binary\" Endian=\"BigEndian\"",
            ),
            (
                STANDARD.encode(zlib.finish().unwrap()),
                "Encoding=\"GZipBase64Binary\" Endian=\"LittleEndian\"",
            ),
        ];
        for (points, attributes) in cases {
            let mesh = load(&file(&points, "0 1 2", attributes)).unwrap();
            assert_eq!(
                mesh.vertices()[2].map(f64::to_bits),
                [0.0_f64, 2.5, 0.0].map(f64::to_bits),
                "{attributes}"
            );
            assert_eq!(mesh.triangles(), [[0, 1, 2]]);
        }
    }

    #[test]
    fn points_come_in_the_world_or_are_refused() {
        let with = |space: &str, matrix: &str, meta: &str| {
            let added = format!(
                "<MetaData>{meta}</MetaData><CoordinateSystemTransformMatrix><DataSpace><![CDATA[{space}]]></DataSpace>\
                 <TransformedSpace>NIFTI_XFORM_TALAIRACH</TransformedSpace><MatrixData>{matrix}</MatrixData>\
                 </CoordinateSystemTransformMatrix><Data>"
            );
            file("0 0 0 1 0 0 0 1 0", "0 1 2", "Encoding=\"ASCII\"").replacen("<Data>", &added, 1)
        };
        let md = |pairs: &[(&str, &str)]| -> String {
            let pair = |(name, value): &(&str, &str)| {
                format!("<MD><Name><![CDATA[{name}]]></Name><Value><![CDATA[{value}]]></Value></MD>")
            };
            pairs.iter().map(pair).collect()
        };
        let identity = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1";
        let centre = md(&[("VolGeomC_R", "2"), ("VolGeomC_A", "3"), ("VolGeomC_S", "4")]);
        let first = |text: &str| load(text).unwrap().vertices()[0].map(|mm| mm.round() as i32);
        assert_eq!(first(&with("NIFTI_XFORM_UNKNOWN", identity, &centre)), [2, 3, 4]);
        assert_eq!(
            first(&with("NIFTI_XFORM_SCANNER_ANAT", identity, &centre)),
            [0, 0, 0]
        );
        assert_eq!(first(&with("NIFTI_XFORM_UNKNOWN", identity, "")), [0, 0, 0]);
        for matrix in [
            "1 0 0 5 0 1 0 0 0 0 1 0 0 0 0 1",
            "-1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
            "1.1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
        ] {
            let error = load(&with("NIFTI_XFORM_UNKNOWN", matrix, ""))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("pial.gii.gz") && error.contains("TALAIRACH"),
                "{error}"
            );
        }
    }

    #[test]
    fn broken_files_are_errors_of_one_line() {
        let ascii = "Encoding=\"ASCII\"";
        let points = "0 0 0 1 0 0 0 1 0";
        for text in [
            "not xml".to_owned(),
            "<GIFTI/>".to_owned(),
            file("0 0 0 1 0 0 0 1", "0 1 2", ascii),
            file("0 0 0 1 0 0 0 1 x", "0 1 2", ascii),
            file(points, "0 1 3", ascii),
            file(points, "0 1 -2", ascii),
            file(
                "AAAA",
                "0 1 2",
                "Encoding=\"GZipBase64Binary\" Endian=\"LittleEndian\"",
            ),
            file("!", "0 1 2", "Encoding=\"Base64Binary\" Endian=\"LittleEndian\""),
            file("", "0 1 2", "Encoding=\"ExternalFileBinary\""),
            file(points, "0 1 2", ascii).replace("Dim0=\"3\"", "Dim0=\"99999999999\""),
            file(points, "0 1 2", ascii).replace("Dim1=\"3\"", "Dim1=\"4\""),
        ] {
            let error = load(&text).unwrap_err().to_string();
            assert!(
                error.contains("pial.gii.gz: found") && !error.contains('\n'),
                "{error}"
            );
        }
    }
}
