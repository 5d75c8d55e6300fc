//! The XML of CIFTI-2 files: what their rows and columns are.
//!
//! # References
//! CIFTI-2 file format, <https://www.nitrc.org/projects/cifti>

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use roxmltree::Node;

use super::gifti_file::parse;
use super::grayordinates::{BrainModel, Grayordinates, Places};
use super::xml_guard::guarded;
use crate::FmriError;
use crate::affine::Affine;
use crate::grid::Grid;

/// What the rows of the values are.
#[derive(Debug, Clone, PartialEq)]
pub enum CiftiRows {
    /// Scans of a run.
    Series {
        /// Number of scans.
        n_scans: usize,
        /// Repetition time, in seconds; `None` if the steps are not in time.
        step_s: Option<f64>,
    },
    /// Maps with their names.
    Scalars(Vec<String>),
    /// Maps of labels, with the names of the labels of each.
    Labels(Vec<BTreeMap<i64, String>>),
}

impl CiftiRows {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Series { n_scans, .. } => *n_scans,
            Self::Scalars(names) => names.len(),
            Self::Labels(tables) => tables.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What the rows of a file that is to be written are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NewRows<'a> {
    /// Maps with these names.
    Maps(&'a [String]),
    /// Scans of a run.
    Scans {
        /// Repetition time, in seconds.
        tr_s: f64,
    },
}

/// Reads rows and columns from the XML.
pub(super) fn read(path: &Path, xml: &str) -> Result<(CiftiRows, Grayordinates), FmriError> {
    let text =
        guarded(xml.trim_end_matches('\0')).map_err(|found| FmriError::malformed(path, found, "CIFTI-2"))?;
    let document = parse(path, &text)?;
    let map = |dimension: &str| {
        let mut maps = document
            .descendants()
            .filter(|node| node.has_tag_name("MatrixIndicesMap"));
        let applies = |node: &Node<'_, '_>| {
            let to = node.attribute("AppliesToMatrixDimension").unwrap_or_default();
            to.split(',').any(|part| part.trim() == dimension)
        };
        let found = maps.find(applies);
        found.ok_or_else(|| FmriError::malformed(path, format!("no map of dimension {dimension}"), "CIFTI-2"))
    };
    Ok((rows(path, map("0")?)?, columns(path, map("1")?)?))
}

fn rows(path: &Path, map: Node<'_, '_>) -> Result<CiftiRows, FmriError> {
    let kind = map.attribute("IndicesMapToDataType").unwrap_or_default();
    match kind {
        "CIFTI_INDEX_TYPE_SERIES" => {
            let exponent: i32 = attribute(path, map, "SeriesExponent")?;
            let step: f64 = attribute(path, map, "SeriesStep")?;
            let in_time = map.attribute("SeriesUnit") == Some("SECOND");
            let step_s = step * 10_f64.powi(exponent.clamp(-300, 300));
            Ok(CiftiRows::Series {
                n_scans: attribute(path, map, "NumberOfSeriesPoints")?,
                step_s: (in_time && step_s.is_finite() && step_s > 0.0).then_some(step_s),
            })
        }
        "CIFTI_INDEX_TYPE_SCALARS" => {
            let named = map.children().filter(|node| node.has_tag_name("NamedMap"));
            Ok(CiftiRows::Scalars(
                named.map(|node| text_of(node, "MapName")).collect(),
            ))
        }
        "CIFTI_INDEX_TYPE_LABELS" => {
            let named = map.children().filter(|node| node.has_tag_name("NamedMap"));
            Ok(CiftiRows::Labels(named.map(label_table).collect()))
        }
        other => Err(FmriError::malformed(
            path,
            format!("rows of type {other:?}"),
            "scans (.dtseries.nii), maps of numbers (.dscalar.nii) or of labels (.dlabel.nii)",
        )),
    }
}

/// The names of labels below a node, as CIFTI and GIFTI write them.
pub(super) fn label_table(node: Node<'_, '_>) -> BTreeMap<i64, String> {
    let labels = node.descendants().filter(|node| node.has_tag_name("Label"));
    let named = |label: Node<'_, '_>| {
        let key = label.attribute("Key").or_else(|| label.attribute("Index"))?;
        Some((
            key.trim().parse().ok()?,
            label.text().unwrap_or_default().trim().to_owned(),
        ))
    };
    labels.filter_map(named).collect()
}

fn columns(path: &Path, map: Node<'_, '_>) -> Result<Grayordinates, FmriError> {
    let kind = map.attribute("IndicesMapToDataType").unwrap_or_default();
    if kind != "CIFTI_INDEX_TYPE_BRAIN_MODELS" {
        let expected = "vertices and voxels (brain models); parcels have none";
        return Err(FmriError::malformed(
            path,
            format!("columns of type {kind:?}"),
            expected,
        ));
    }
    let volume = map.children().find(|node| node.has_tag_name("Volume"));
    let volume = volume.map(|node| grid(path, node)).transpose()?;
    let mut models: Vec<(usize, BrainModel)> = Vec::new();
    for node in map.children().filter(|node| node.has_tag_name("BrainModel")) {
        let offset: usize = attribute(path, node, "IndexOffset")?;
        let count: usize = attribute(path, node, "IndexCount")?;
        let model = BrainModel {
            structure: node.attribute("BrainStructure").unwrap_or_default().to_owned(),
            places: places(path, node)?,
        };
        if model.places.len() != count {
            let found = format!("{} places of {}", model.places.len(), model.structure);
            return Err(FmriError::malformed(
                path,
                found,
                format!("{count}, as IndexCount says"),
            ));
        }
        models.push((offset, model));
    }
    models.sort_by_key(|(offset, _)| *offset);
    let mut next = 0;
    for (offset, model) in &models {
        if *offset != next {
            let found = format!("{} at column {offset}", model.structure);
            return Err(FmriError::malformed(
                path,
                found,
                format!("structures without gaps, at {next}"),
            ));
        }
        next += model.places.len();
    }
    Grayordinates::new(models.into_iter().map(|(_, model)| model).collect(), volume, path)
}

fn places(path: &Path, node: Node<'_, '_>) -> Result<Places, FmriError> {
    match node.attribute("ModelType") {
        Some("CIFTI_MODEL_TYPE_SURFACE") => Ok(Places::Vertices {
            n_mesh: attribute(path, node, "SurfaceNumberOfVertices")?,
            vertices: numbers(path, &text_of(node, "VertexIndices"))?,
        }),
        Some("CIFTI_MODEL_TYPE_VOXELS") => {
            let indices: Vec<usize> = numbers(path, &text_of(node, "VoxelIndicesIJK"))?;
            let (voxels, rest) = indices.as_chunks::<3>();
            if !rest.is_empty() {
                let found = format!("{} indices of voxels", indices.len());
                return Err(FmriError::malformed(path, found, "three a voxel"));
            }
            Ok(Places::Voxels(voxels.to_vec()))
        }
        other => {
            let found = format!("a model of type {:?}", other.unwrap_or_default());
            Err(FmriError::malformed(path, found, "a surface or voxels"))
        }
    }
}

fn grid(path: &Path, node: Node<'_, '_>) -> Result<Grid, FmriError> {
    let lengths: Vec<usize> = numbers(
        path,
        &node
            .attribute("VolumeDimensions")
            .unwrap_or_default()
            .replace(',', " "),
    )?;
    let matrix = node
        .children()
        .find(|node| node.has_tag_name("TransformationMatrixVoxelIndicesIJKtoXYZ"));
    let wrong = |found: &str| FmriError::malformed(path, found, "the dimensions and the affine of a volume");
    let matrix = matrix.ok_or_else(|| wrong("a volume without an affine"))?;
    let exponent: i32 = attribute(path, matrix, "MeterExponent")?;
    // Coordinates are in metres times a power of ten; -3 is mm.
    let to_mm = 10_f64.powi(exponent.clamp(-30, 30) + 3);
    let entries: Vec<f64> = numbers(path, matrix.text().unwrap_or_default())?;
    let shape: [usize; 3] = lengths
        .try_into()
        .map_err(|_| wrong("a volume of other than three dimensions"))?;
    if entries.len() != 16 {
        return Err(wrong(&format!("an affine of {} numbers", entries.len())));
    }
    let mut affine: Affine =
        std::array::from_fn(|row| std::array::from_fn(|column| entries[4 * row + column]));
    for row in &mut affine[..3] {
        *row = row.map(|entry| entry * to_mm);
    }
    Grid::new(shape, affine).map_err(|error| wrong(&error.to_string()))
}

fn attribute<T: std::str::FromStr>(path: &Path, node: Node<'_, '_>, name: &str) -> Result<T, FmriError> {
    let text = node.attribute(name);
    text.and_then(|text| text.trim().parse().ok()).ok_or_else(|| {
        let found = format!(
            "{name} {:?} of {}",
            text.unwrap_or_default(),
            node.tag_name().name()
        );
        FmriError::malformed(path, found, "a number")
    })
}

fn text_of(node: Node<'_, '_>, child: &str) -> String {
    let found = node.children().find(|node| node.has_tag_name(child));
    found
        .and_then(|node| node.text())
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn numbers<T: std::str::FromStr>(path: &Path, text: &str) -> Result<Vec<T>, FmriError> {
    let wrong = |word: &str| FmriError::malformed(path, format!("{word:?} among numbers"), "CIFTI-2");
    text.split_whitespace()
        .map(|word| word.parse().map_err(|_| wrong(word)))
        .collect()
}

/// The XML of a file that is to be written.
pub(super) fn write(rows: NewRows<'_>, n_rows: usize, columns: &Grayordinates) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CIFTI Version=\"2\"><Matrix>");
    xml += "<MatrixIndicesMap AppliesToMatrixDimension=\"0\" IndicesMapToDataType=\"CIFTI_INDEX_TYPE_";
    match rows {
        NewRows::Scans { tr_s } => {
            let _ = write!(
                xml,
                "SERIES\" NumberOfSeriesPoints=\"{n_rows}\" SeriesExponent=\"0\" SeriesStart=\"0\" SeriesStep=\"{tr_s}\" \
                 SeriesUnit=\"SECOND\">"
            );
        }
        NewRows::Maps(names) => {
            xml += "SCALARS\">";
            for name in names {
                let _ = write!(xml, "<NamedMap><MapName>{}</MapName></NamedMap>", escaped(name));
            }
        }
    }
    xml += "</MatrixIndicesMap>";
    xml += "<MatrixIndicesMap AppliesToMatrixDimension=\"1\" IndicesMapToDataType=\"CIFTI_INDEX_TYPE_BRAIN_MODELS\">";
    if let Some(grid) = columns.volume() {
        let [i, j, k] = grid.shape();
        let rows = grid.affine()[..3]
            .iter()
            .map(|row| row.map(|entry| entry.to_string()).join(" "));
        let matrix = rows.collect::<Vec<_>>().join("\n");
        let _ = write!(
            xml,
            "<Volume VolumeDimensions=\"{i},{j},{k}\"><TransformationMatrixVoxelIndicesIJKtoXYZ MeterExponent=\"-3\">\
             {matrix}\n0 0 0 1</TransformationMatrixVoxelIndicesIJKtoXYZ></Volume>"
        );
    }
    let mut offset = 0;
    for model in columns.models() {
        let count = model.places.len();
        let structure = escaped(&model.structure);
        let head = format!(
            "<BrainModel IndexOffset=\"{offset}\" IndexCount=\"{count}\" BrainStructure=\"{structure}\""
        );
        let _ = match &model.places {
            Places::Vertices { n_mesh, vertices } => write!(
                xml,
                "{head} ModelType=\"CIFTI_MODEL_TYPE_SURFACE\" SurfaceNumberOfVertices=\"{n_mesh}\"><VertexIndices>{}\
                 </VertexIndices></BrainModel>",
                joined(vertices.iter())
            ),
            Places::Voxels(voxels) => write!(
                xml,
                "{head} ModelType=\"CIFTI_MODEL_TYPE_VOXELS\"><VoxelIndicesIJK>{}</VoxelIndicesIJK></BrainModel>",
                joined(voxels.iter().flatten())
            ),
        };
        offset += count;
    }
    xml + "</MatrixIndicesMap></Matrix></CIFTI>"
}

fn joined<'a>(numbers: impl Iterator<Item = &'a usize>) -> String {
    numbers.map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
