//! CIFTI-2 files: values of grayordinates (`.dtseries.nii`, `.dscalar.nii`).
//!
//! A file is a NIfTI-2 image whose fifth axis are scans or maps, and whose sixth are vertices and voxels; what they are
//! stands as XML in an extension of the header.

use std::io::Write;
use std::path::Path;

use lpp_files::{AtomicFile, FileError};
use ndarray::{Array2, ArrayRef2};

use super::cifti_header::{self, CiftiRows, NewRows};
use super::grayordinates::Grayordinates;
use crate::FmriError;
use crate::byte_source::ByteSource;
use crate::nifti_header::MatrixHeader;
use crate::numeric::with_element_type;

/// The code of the extension with the XML.
const XML_EXTENSION: i32 = 32;
/// NIfTI intents of the two kinds of files that are written.
const SERIES: Intent = (3002, b"ConnDenseSeries");
const SCALARS: Intent = (3006, b"ConnDenseScalar");

type Intent = (i32, &'static [u8]);

/// Bytes of a NIfTI-2 header, with the four that say that extensions follow.
const HEADER: usize = 544;

/// A CIFTI-2 file.
#[derive(Debug, Clone, PartialEq)]
pub struct Cifti {
    /// What the rows are.
    pub rows: CiftiRows,
    /// What the columns are.
    pub columns: Grayordinates,
    /// The values, (`n_rows`, `n_places`).
    pub values: Array2<f32>,
}

impl Cifti {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it is no CIFTI-2 file of scans or maps of grayordinates, is damaged, or gives a
    /// size that it cannot contain.
    pub fn load(path: &Path) -> Result<Self, FmriError> {
        let (mut source, header, rows, columns) = open(path)?;
        let n = rows.len() * columns.len();
        #[expect(
            clippy::cast_lossless,
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::unnecessary_cast,
            reason = "time series are f32, whatever the file stores; one expression serves ten types"
        )]
        let mut values: Vec<f32> = with_element_type!(header.element, T => {
            let stored: Vec<T> = source.read_numbers(n, header.big_endian)?;
            match header.scaling {
                None => stored.into_iter().map(|value| value as f32).collect(),
                Some((slope, intercept)) => {
                    stored.into_iter().map(|value| (value as f64 * slope + intercept) as f32).collect()
                }
            }
        });
        source.drain()?;
        values.shrink_to_fit();
        // The first axis of the matrix, scans or maps, varies fastest.
        let shape = (columns.len(), rows.len());
        let by_place = Array2::from_shape_vec(shape, values);
        let by_place = by_place.map_err(|error| FmriError::malformed(path, error.to_string(), "a matrix"))?;
        Ok(Self {
            values: by_place.t().as_standard_layout().into_owned(),
            rows,
            columns,
        })
    }

    /// The rows and columns without the values.
    ///
    /// # Errors
    /// As [`load`](Self::load); truncated values are found too.
    pub fn load_header(path: &Path) -> Result<(CiftiRows, Grayordinates), FmriError> {
        let (_, _, rows, columns) = open(path)?;
        Ok((rows, columns))
    }
}

fn open(path: &Path) -> Result<(ByteSource, MatrixHeader, CiftiRows, Grayordinates), FmriError> {
    let mut source = ByteSource::open(path)?;
    let header = MatrixHeader::read(&mut source, XML_EXTENSION)?;
    let xml = std::str::from_utf8(&header.extension);
    let xml =
        xml.map_err(|_| FmriError::malformed(path, "an extension that is no text", "the XML of CIFTI-2"))?;
    let (rows, columns) = cifti_header::read(path, xml)?;
    if header.matrix != [rows.len(), columns.len()] {
        let found = format!("a matrix of {:?} numbers", header.matrix);
        let expected = format!("[{}, {}], as its XML says", rows.len(), columns.len());
        return Err(FmriError::malformed(path, found, expected));
    }
    let n_bytes = rows
        .len()
        .checked_mul(columns.len())
        .and_then(|n| n.checked_mul(header.element.size()));
    source.require(n_bytes.map_or(u64::MAX, |n| n as u64))?;
    Ok((source, header, rows, columns))
}

/// Writes maps or scans of grayordinates, (`n_rows`, `n_places`), as a `.dscalar.nii` or `.dtseries.nii` that Workbench and
/// nibabel read.
///
/// # Errors
/// [`FmriError::Shape`] if there is not one name per map and one column per place; [`FmriError`] if the file cannot be
/// written.
pub fn save_cifti(
    path: &Path,
    columns: &Grayordinates,
    values: &ArrayRef2<f32>,
    rows: NewRows<'_>,
) -> Result<(), FmriError> {
    let (intent, n_rows) = match rows {
        NewRows::Maps(names) => (SCALARS, names.len()),
        NewRows::Scans { .. } => (SERIES, values.nrows()),
    };
    if values.dim() != (n_rows, columns.len()) {
        return Err(FmriError::Shape {
            what: "the values of grayordinates",
            found: values.shape().to_vec(),
            expected: vec![n_rows, columns.len()],
        });
    }
    let xml = cifti_header::write(rows, n_rows, columns);
    let mut file = AtomicFile::create(path)?;
    let mut write = |bytes: &[u8]| file.write_all(bytes).map_err(FileError::write(path));
    write(&header(intent, values.dim(), xml.len()))?;
    let size = extension_size(xml.len());
    write(&[size.to_le_bytes(), XML_EXTENSION.to_le_bytes()].concat())?;
    write(xml.as_bytes())?;
    write(&vec![0; size as usize - 8 - xml.len()])?;
    for place in values.columns() {
        let bytes: Vec<u8> = place.iter().flat_map(|value| value.to_le_bytes()).collect();
        write(&bytes)?;
    }
    Ok(file.commit()?)
}

/// Bytes of the extension, a multiple of 16 as the standard asks.
fn extension_size(xml: usize) -> u32 {
    u32::try_from((xml + 8).next_multiple_of(16)).unwrap_or(u32::MAX)
}

/// The header of a matrix of `f32`; positions are those of the NIfTI-2 standard (`nifti2.h`).
fn header(intent: Intent, (n_rows, n_places): (usize, usize), xml: usize) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &540_i32.to_le_bytes());
    put(4, b"n+2\0\r\n\x1a\n");
    put(12, &16_i16.to_le_bytes()); // float32
    put(14, &32_i16.to_le_bytes());
    for (axis, length) in [6, 1, 1, 1, 1, n_rows as u64, n_places as u64, 1]
        .iter()
        .enumerate()
    {
        put(16 + 8 * axis, &length.to_le_bytes());
    }
    for axis in 0..8 {
        put(104 + 8 * axis, &1_f64.to_le_bytes());
    }
    put(
        168,
        &(HEADER as u64 + u64::from(extension_size(xml))).to_le_bytes(),
    );
    put(176, &1_f64.to_le_bytes()); // scl_slope
    put(500, &12_i32.to_le_bytes()); // mm and seconds
    put(504, &intent.0.to_le_bytes());
    put(508, intent.1);
    put(540, &[1, 0, 0, 0]); // an extension follows
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affine::diagonal_affine;
    use crate::grid::Grid;
    use crate::surface::{BrainModel, Places};

    fn columns() -> Grayordinates {
        let grid = Grid::new([4, 3, 3], diagonal_affine([2.0; 3], [-3.0, 0.5, 0.0])).unwrap();
        let model = |structure: &str, places| BrainModel {
            structure: structure.to_owned(),
            places,
        };
        let vertices = |vertices: &[usize]| Places::Vertices {
            n_mesh: 10,
            vertices: vertices.to_vec(),
        };
        let models = vec![
            model("CIFTI_STRUCTURE_CORTEX_LEFT", vertices(&[1, 3, 9])),
            model("CIFTI_STRUCTURE_CORTEX_RIGHT", vertices(&[0, 3])),
            model(
                "CIFTI_STRUCTURE_BRAIN_STEM",
                Places::Voxels(vec![[1, 0, 2], [2, 2, 0]]),
            ),
        ];
        Grayordinates::new(models, Some(grid), Path::new("made")).unwrap()
    }

    fn saved(folder: &tempfile::TempDir) -> (std::path::PathBuf, Array2<f32>) {
        let path = folder.path().join("a.dscalar.nii");
        let maps = Array2::from_shape_fn((2, 7), |(map, place)| 10.0 * map as f32 + place as f32 - 0.5);
        let names = ["r < 1 & \"p\"", "z"].map(str::to_owned).to_vec();
        save_cifti(&path, &columns(), &maps, NewRows::Maps(&names)).unwrap();
        (path, maps)
    }

    #[test]
    fn written_maps_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let (path, maps) = saved(&folder);
        let back = Cifti::load(&path).unwrap();
        assert_eq!((back.values, back.columns), (maps.clone(), columns()));
        assert_eq!(
            back.rows,
            CiftiRows::Scalars(vec!["r < 1 & \"p\"".to_owned(), "z".to_owned()])
        );
        let path = path.with_file_name("a.dtseries.nii");
        save_cifti(&path, &columns(), &maps, NewRows::Scans { tr_s: 0.72 }).unwrap();
        let back = Cifti::load(&path).unwrap();
        let rows = CiftiRows::Series {
            n_scans: 2,
            step_s: Some(0.72),
        };
        assert_eq!((back.values, back.columns, back.rows), (maps, columns(), rows));
    }

    #[test]
    fn damaged_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = saved(&folder);
        let whole = std::fs::read(&path).unwrap();
        let changed = |from: &str, to: &str| {
            assert_eq!(from.len(), to.len());
            let at = whole
                .windows(from.len())
                .position(|part| part == from.as_bytes())
                .unwrap();
            [&whole[..at], to.as_bytes(), &whole[at + to.len()..]].concat()
        };
        for (bytes, said) in [
            (whole[..whole.len() - 1].to_vec(), "too small"),
            (whole[..600].to_vec(), ""),
            (changed("IndexCount=\"3\"", "IndexCount=\"4\""), "IndexCount"),
            (changed("IndexOffset=\"5\"", "IndexOffset=\"6\""), "without gaps"),
            (changed("<VertexIndices>1 3 9", "<VertexIndices>1 3 3"), "twice"),
            (changed("VertexIndices>0 3<", "VertexIndices>0 x<"), "\"x\""),
            (changed("TYPE_SCALARS", "TYPE_PARCELS"), "PARCELS"),
            (changed("<NamedMap><MapName>z", "<NbmedMap><MapName>z"), ""),
            (b"\x1f\x8b nothing".to_vec(), ""),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = Cifti::load(&path).unwrap_err().to_string();
            assert!(error.contains("a.dscalar.nii") && error.contains(said), "{error}");
        }
    }
}
