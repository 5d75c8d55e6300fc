//! GIFTI surfaces (`.gii`, `.gii.gz`): meshes and values per vertex.
//!
//! # References
//! GIFTI surface data format, version 1.0, <https://www.nitrc.org/projects/gifti>

use std::io::Read;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use roxmltree::{Document, Node, ParsingOptions};

use super::binary::read_all;
use super::mesh::Mesh;
use super::volume_geometry::VolumeGeometry;
use super::xml_guard::guarded;
use crate::ReportError;

/// Nodes of the largest sensible file: a few arrays with their metadata.
const MOST_NODES: u32 = 100_000;
/// Numbers of the largest sensible array: 1.4 million triangles; a cortex of 0.5 mm has 0.8 million.
const MOST_NUMBERS: usize = 1 << 22;

/// Reads a mesh; its vertices are in the world, whatever the file has them in.
pub(super) fn load_mesh(path: &Path) -> Result<Mesh, ReportError> {
    let text = text_of(path)?;
    let document = parse(path, &text)?;
    let node = array(path, &document, "NIFTI_INTENT_POINTSET")?;
    let points = numbers(path, node, 3)?;
    let geometry = geometry(path, node)?;
    let triangles = numbers(path, array(path, &document, "NIFTI_INTENT_TRIANGLE")?, 3)?;
    let vertices = points
        .chunks_exact(3)
        .map(|p| [p[0], p[1], p[2]])
        .map(|place| geometry.map_or(place, |geometry| geometry.to_world(place)))
        .collect();
    let triangles = triangles
        .chunks_exact(3)
        .map(|t| Ok([index(path, t[0])?, index(path, t[1])?, index(path, t[2])?]))
        .collect::<Result<_, ReportError>>()?;
    Mesh::new(vertices, triangles, path)
}

/// Reads one value per vertex, as the depth of the folds.
pub(super) fn load_values(path: &Path) -> Result<Vec<f64>, ReportError> {
    let text = text_of(path)?;
    let document = parse(path, &text)?;
    let node = document
        .descendants()
        .find(|node| node.has_tag_name("DataArray"))
        .ok_or_else(|| ReportError::mesh(path, "no data array", "one value per vertex"))?;
    numbers(path, node, 1)
}

fn text_of(path: &Path) -> Result<String, ReportError> {
    let text = String::from_utf8(read_all(path)?)
        .map_err(|_| ReportError::mesh(path, "bytes that are not text", "GIFTI"))?;
    guarded(&text).map_err(|found| ReportError::mesh(path, found, "GIFTI"))
}

fn parse<'a>(path: &Path, text: &'a str) -> Result<Document<'a>, ReportError> {
    let options = ParsingOptions {
        // The guard has taken out the document type that the standard's own files name.
        allow_dtd: false,
        nodes_limit: MOST_NODES,
    };
    Document::parse_with_options(text, options)
        .map_err(|error| ReportError::mesh(path, format!("broken XML ({error})"), "GIFTI"))
}

/// The first array with that intent.
fn array<'a>(path: &Path, document: &'a Document<'_>, intent: &str) -> Result<Node<'a, 'a>, ReportError> {
    document
        .descendants()
        .find(|node| node.has_tag_name("DataArray") && node.attribute("Intent") == Some(intent))
        .ok_or_else(|| ReportError::mesh(path, format!("no array {intent}"), "a mesh"))
}

/// Where the volume lay that `FreeSurfer` made the points from, if they are in its coordinates; `None` if they are in the world.
///
/// # Errors
/// If the points need a transformation: which of the two spaces is that of the scans, the file does not tell.
fn geometry(path: &Path, points: Node<'_, '_>) -> Result<Option<VolumeGeometry>, ReportError> {
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
        return Err(ReportError::mesh(
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

/// The numbers of an array of rows of `columns`.
fn numbers(path: &Path, node: Node<'_, '_>, columns: usize) -> Result<Vec<f64>, ReportError> {
    let attribute = |name: &str| node.attribute(name).unwrap_or_default();
    let dimension = |name: &str| attribute(name).parse::<usize>().ok();
    let rows = dimension("Dim0").ok_or_else(|| ReportError::mesh(path, "an array without Dim0", "GIFTI"))?;
    let found_columns = dimension("Dim1").unwrap_or(1);
    let n = rows.saturating_mul(found_columns);
    if found_columns != columns || n > MOST_NUMBERS {
        return Err(ReportError::mesh(
            path,
            format!("an array of {rows} × {found_columns} numbers"),
            format!("{columns} a row, at most {MOST_NUMBERS}"),
        ));
    }
    if attribute("ArrayIndexingOrder") == "ColumnMajorOrder" && columns > 1 {
        return Err(ReportError::mesh(path, "columns in order", "rows in order"));
    }
    let data = node
        .children()
        .find(|child| child.has_tag_name("Data"))
        .and_then(|child| child.text())
        .unwrap_or_default();
    let values = if attribute("Encoding") == "ASCII" {
        ascii(path, data, n)?
    } else {
        let bytes = bytes_of(path, attribute("Encoding"), data, n)?;
        decode(path, attribute("DataType"), attribute("Endian"), &bytes)?
    };
    if values.len() != n {
        return Err(ReportError::mesh(
            path,
            format!("{} numbers", values.len()),
            format!("{n}, as Dim0 and Dim1 say"),
        ));
    }
    Ok(values)
}

fn ascii(path: &Path, data: &str, n: usize) -> Result<Vec<f64>, ReportError> {
    data.split_ascii_whitespace()
        .take(n + 1)
        .map(|word| {
            word.parse()
                .map_err(|_| ReportError::mesh(path, format!("{word:?} in an array"), "a number"))
        })
        .collect()
}

/// The bytes of 4-byte numbers; never more than announced.
fn bytes_of(path: &Path, encoding: &str, data: &str, n: usize) -> Result<Vec<u8>, ReportError> {
    let compact: String = data.split_ascii_whitespace().collect();
    let raw = STANDARD
        .decode(compact)
        .map_err(|error| ReportError::mesh(path, format!("broken Base64 ({error})"), "GIFTI"))?;
    match encoding {
        "Base64Binary" => Ok(raw),
        "GZipBase64Binary" => {
            let mut bytes = Vec::new();
            ZlibDecoder::new(raw.as_slice())
                .take(4 * n as u64 + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| {
                    ReportError::mesh(path, format!("a broken stream ({error})"), "zlib data")
                })?;
            Ok(bytes)
        }
        other => Err(ReportError::mesh(
            path,
            format!("the encoding {other:?}"),
            "ASCII, Base64Binary or GZipBase64Binary",
        )),
    }
}

fn decode(path: &Path, data_type: &str, endian: &str, bytes: &[u8]) -> Result<Vec<f64>, ReportError> {
    let big = match endian {
        "BigEndian" => true,
        "LittleEndian" => false,
        other => {
            return Err(ReportError::mesh(
                path,
                format!("the byte order {other:?}"),
                "LittleEndian or BigEndian",
            ));
        }
    };
    let word = |four: &[u8]| {
        let four = [four[0], four[1], four[2], four[3]];
        if big {
            u32::from_be_bytes(four)
        } else {
            u32::from_le_bytes(four)
        }
    };
    let words = bytes.chunks_exact(4).map(word);
    match data_type {
        "NIFTI_TYPE_FLOAT32" => Ok(words.map(|word| f64::from(f32::from_bits(word))).collect()),
        "NIFTI_TYPE_INT32" => Ok(words.map(|word| f64::from(word.cast_signed())).collect()),
        other => Err(ReportError::mesh(
            path,
            format!("the data type {other:?}"),
            "NIFTI_TYPE_FLOAT32 or NIFTI_TYPE_INT32",
        )),
    }
}

/// A vertex number from a number of the file.
fn index(path: &Path, value: f64) -> Result<usize, ReportError> {
    if value >= 0.0 && value < MOST_NUMBERS as f64 && value.fract() == 0.0 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above"
        )]
        let index = value as usize;
        Ok(index)
    } else {
        Err(ReportError::mesh(
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

    fn load(text: &str) -> Result<Mesh, ReportError> {
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
