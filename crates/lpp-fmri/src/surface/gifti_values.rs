//! Values per vertex in GIFTI files: time series (`.func.gii`), maps and shapes (`.shape.gii`).

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use lpp_files::{AtomicFile, FileError};
use ndarray::{Array2, ArrayRef2};
use roxmltree::{Document, Node};

use super::cifti_header::label_table;
use super::gifti_file::{DataArray, parse, text_of};
use crate::FmriError;

/// Intents of arrays that hold no values per vertex.
const NO_VALUES: [&str; 3] = [
    "NIFTI_INTENT_POINTSET",
    "NIFTI_INTENT_TRIANGLE",
    "NIFTI_INTENT_LABEL",
];

/// Reads all arrays of values, as nibabel's `darrays`: (`n_maps`, `n_vertices`), one row per scan or map.
///
/// An array with several columns has a map per column.
///
/// # Errors
/// [`FmriError`] naming the file if it is no GIFTI file, holds no values, or has arrays of different lengths.
pub fn load_gifti(path: &Path) -> Result<Array2<f32>, FmriError> {
    let text = text_of(path)?;
    values_of(path, &parse(path, &text)?, text.len())
}

/// The same of one hemisphere, which the file must not say to be the other.
///
/// # Errors
/// As [`load_gifti`].
pub(super) fn load_side(path: &Path, structure: &str) -> Result<Array2<f32>, FmriError> {
    let text = text_of(path)?;
    let document = parse(path, &text)?;
    check_side(path, &document, structure)?;
    values_of(path, &document, text.len())
}

/// The structure that a file names must be the one that its name says.
fn check_side(path: &Path, document: &Document<'_>, structure: &str) -> Result<(), FmriError> {
    let child = |node: &Node<'_, '_>, name: &str| {
        let found = node.children().find(|child| child.has_tag_name(name));
        found
            .and_then(|child| child.text())
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let mut entries = document.descendants().filter(|node| node.has_tag_name("MD"));
    let named = entries.find(|node| child(node, "Name") == "AnatomicalStructurePrimary");
    match named.map(|node| child(&node, "Value")) {
        Some(found) if ["CortexLeft", "CortexRight"].contains(&found.as_str()) && found != structure => {
            let expected = format!("{structure}, as the name says (are the two files exchanged?)");
            Err(FmriError::malformed(path, format!("values of {found}"), expected))
        }
        _ => Ok(()),
    }
}

/// The labels of the vertices and their names.
///
/// # Errors
/// [`FmriError`] naming the file if there is not one array of labels.
pub(super) fn load_gifti_labels(path: &Path) -> Result<(Vec<f64>, BTreeMap<i64, String>), FmriError> {
    let text = text_of(path)?;
    let document = parse(path, &text)?;
    let arrays = document
        .descendants()
        .filter(|node| node.has_tag_name("DataArray"));
    let arrays: Vec<DataArray> = arrays
        .map(|node| DataArray::of(path, node))
        .collect::<Result<_, _>>()?;
    match &arrays[..] {
        [labels] if labels.intent() == "NIFTI_INTENT_LABEL" => {
            Ok((labels.rows_of(1)?, label_table(document.root())))
        }
        _ => {
            let found = format!("{} arrays of other kinds or numbers", arrays.len());
            Err(FmriError::malformed(
                path,
                found,
                "one array of labels (.label.gii)",
            ))
        }
    }
}

fn values_of(path: &Path, document: &Document<'_>, n_bytes: usize) -> Result<Array2<f32>, FmriError> {
    let mut rows: Vec<f32> = Vec::new();
    let mut n_vertices = None;
    let mut expanded = 0;
    for node in document
        .descendants()
        .filter(|node| node.has_tag_name("DataArray"))
    {
        let array = DataArray::of(path, node)?;
        if NO_VALUES.contains(&array.intent()) {
            continue;
        }
        let expected = *n_vertices.get_or_insert(array.n_rows);
        if array.n_rows != expected {
            let found = format!("arrays of {expected} and {} numbers", array.n_rows);
            return Err(FmriError::malformed(path, found, "one number per vertex in each"));
        }
        let values = array.numbers()?;
        expanded += values.len();
        if expanded > most_numbers(n_bytes) {
            let found = format!("over {expanded} numbers in a text of {n_bytes} bytes");
            return Err(FmriError::malformed(
                path,
                found,
                "values of a brain, which compress less",
            ));
        }
        for column in 0..array.n_columns {
            #[expect(clippy::cast_possible_truncation, reason = "masked time series are f32")]
            rows.extend(
                values
                    .iter()
                    .skip(column)
                    .step_by(array.n_columns.max(1))
                    .map(|value| *value as f32),
            );
        }
    }
    let n_vertices = n_vertices.unwrap_or(0);
    if n_vertices == 0 || rows.is_empty() {
        return Err(FmriError::malformed(
            path,
            "no data array",
            "one value per vertex",
        ));
    }
    let shape = (rows.len() / n_vertices, n_vertices);
    let found = format!("{} numbers", rows.len());
    Array2::from_shape_vec(shape, rows)
        .map_err(|_| FmriError::malformed(path, found, "a whole number of maps"))
}

/// Numbers that a text may unpack to. Real values take at least a byte each; small files may be all zeros.
fn most_numbers(text: usize) -> usize {
    (1 << 22) + text.saturating_mul(16)
}

/// Number of scans or maps of a file.
///
/// # Errors
/// As [`load_gifti`], but the numbers are not read.
pub fn gifti_length(path: &Path) -> Result<usize, FmriError> {
    let text = text_of(path)?;
    let document = parse(path, &text)?;
    let mut n = 0;
    for node in document
        .descendants()
        .filter(|node| node.has_tag_name("DataArray"))
    {
        let array = DataArray::of(path, node)?;
        n += if NO_VALUES.contains(&array.intent()) {
            0
        } else {
            array.n_columns
        };
    }
    if n == 0 {
        return Err(FmriError::malformed(
            path,
            "no data array",
            "one value per vertex",
        ));
    }
    Ok(n)
}

/// Reads one value per vertex, as the depth of the folds.
///
/// # Errors
/// As [`load_gifti`]; also if there are several maps.
pub fn load_values(path: &Path) -> Result<Vec<f64>, FmriError> {
    let maps = load_gifti(path)?;
    if maps.nrows() != 1 {
        let found = format!("{} values per vertex", maps.nrows());
        return Err(FmriError::malformed(path, found, "one value per vertex"));
    }
    Ok(maps.iter().map(|value| f64::from(*value)).collect())
}

/// Writes maps of one hemisphere, (`n_maps`, `n_vertices`), as a `.func.gii` that Workbench and nibabel read.
///
/// `structure` is the name in Workbench's terms: `CortexLeft`. Names of maps are escaped.
///
/// # Errors
/// [`FmriError`] if the file cannot be written.
pub fn save_gifti(
    path: &Path,
    structure: &str,
    maps: &ArrayRef2<f32>,
    names: &[String],
) -> Result<(), FmriError> {
    let failed = |source| FmriError::from(FileError::write(path)(source));
    let mut file = AtomicFile::create(path)?;
    let entry = |name: &str, value: &str| {
        let value = value.replace("]]>", "]] >");
        format!("<MD><Name><![CDATA[{name}]]></Name><Value><![CDATA[{value}]]></Value></MD>")
    };
    let head = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<GIFTI Version=\"1.0\" NumberOfDataArrays=\"{}\">\n\
         <MetaData>{}</MetaData>\n<LabelTable/>\n",
        maps.nrows(),
        entry("AnatomicalStructurePrimary", structure)
    );
    file.write_all(head.as_bytes()).map_err(failed)?;
    for (row, map) in maps.rows().into_iter().enumerate() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        let bytes: Vec<u8> = map.iter().flat_map(|value| value.to_le_bytes()).collect();
        let data = zlib
            .write_all(&bytes)
            .and_then(|()| zlib.finish())
            .map_err(failed)?;
        let array = format!(
            "<DataArray Intent=\"NIFTI_INTENT_NONE\" DataType=\"NIFTI_TYPE_FLOAT32\" ArrayIndexingOrder=\"RowMajorOrder\" \
             Dimensionality=\"1\" Dim0=\"{}\" Encoding=\"GZipBase64Binary\" Endian=\"LittleEndian\" ExternalFileName=\"\" \
             ExternalFileOffset=\"\"><MetaData>{}</MetaData><Data>{}</Data></DataArray>\n",
            map.len(),
            entry("Name", names.get(row).map_or("", String::as_str)),
            STANDARD.encode(data)
        );
        file.write_all(array.as_bytes()).map_err(failed)?;
    }
    file.write_all(b"</GIFTI>\n").map_err(failed)?;
    Ok(file.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn written_maps_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.func.gii");
        let maps = array![[1.5_f32, f32::NAN, -0.25], [0.0, 1e-30, 7.0]];
        save_gifti(&path, "CortexLeft", &maps, &["r & <b> ]]>".to_owned()]).unwrap();
        let back = load_gifti(&path).unwrap();
        assert!(maps.iter().zip(&back).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert_eq!(gifti_length(&path).unwrap(), 2);
        assert!(
            load_values(&path)
                .unwrap_err()
                .to_string()
                .contains("2 values per vertex")
        );
    }

    fn refused(arrays: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.func.gii");
        std::fs::write(&path, format!("<GIFTI>{arrays}</GIFTI>")).unwrap();
        load_gifti(&path).unwrap_err().to_string()
    }

    fn data_array(attributes: &str, data: &str) -> String {
        format!(
            "<DataArray Intent=\"NIFTI_INTENT_NONE\" DataType=\"NIFTI_TYPE_FLOAT32\" {attributes}><Data>{data}</Data></DataArray>"
        )
    }

    #[test]
    fn columns_are_maps_in_either_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.func.gii");
        for (order, data) in [
            ("RowMajorOrder", "1 2 3 4 5 6"),
            ("ColumnMajorOrder", "1 3 5 2 4 6"),
        ] {
            let attributes =
                format!("Dim0=\"3\" Dim1=\"2\" Encoding=\"ASCII\" ArrayIndexingOrder=\"{order}\"");
            std::fs::write(&path, format!("<GIFTI>{}</GIFTI>", data_array(&attributes, data))).unwrap();
            assert_eq!(
                load_gifti(&path).unwrap(),
                array![[1.0_f32, 3.0, 5.0], [2.0, 4.0, 6.0]],
                "{order}"
            );
        }
    }

    #[test]
    fn hostile_files_are_refused_before_memory_is_taken() {
        let ascii = "Dim0=\"2\" Encoding=\"ASCII\"";
        assert!(refused("").contains("no data array"));
        assert!(refused(&data_array(ascii, "1 2 3")).contains("3 numbers"));
        let two = data_array(ascii, "1 2") + &data_array("Dim0=\"3\" Encoding=\"ASCII\"", "1 2 3");
        assert!(refused(&two).contains("arrays of 2 and 3"));
        let huge = "Dim0=\"99999999999999\" Encoding=\"GZipBase64Binary\" Endian=\"LittleEndian\"";
        assert!(refused(&data_array(huge, "eJwDAAAAAAE=")).contains("bytes compressed"));
        let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
        assert!(refused(&deep).contains("nested deeper"));
        // A bomb: small arrays that unpack to many zeros each.
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(&vec![0; 1 << 24]).unwrap();
        let data = STANDARD.encode(zlib.finish().unwrap());
        let bomb = data_array(
            "Dim0=\"4194304\" Encoding=\"GZipBase64Binary\" Endian=\"LittleEndian\"",
            &data,
        )
        .repeat(9);
        assert!(refused(&bomb).contains("compress less"));
    }

    #[test]
    fn files_of_the_other_side_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub-1_hemi-L.func.gii");
        let maps = array![[1.5_f32, 2.5]];
        for structure in ["CortexLeft", "Cerebellum", ""] {
            save_gifti(&path, structure, &maps, &[]).unwrap();
            assert_eq!(load_side(&path, "CortexLeft").unwrap(), maps, "{structure}");
        }
        save_gifti(&path, "CortexRight", &maps, &[]).unwrap();
        let error = load_side(&path, "CortexLeft").unwrap_err().to_string();
        assert!(
            error.contains("hemi-L.func.gii: found values of CortexRight, expected CortexLeft"),
            "{error}"
        );
        assert_eq!(load_values(&path).unwrap(), [1.5, 2.5]);
    }
}
