//! Features in HDF5 files: runs by their names, or the arrays of the voxelwise tutorials.

use std::path::Path;
use std::sync::Arc;

use half::f16;
use hdf5_reader::storage::FileStorage;
use hdf5_reader::{Dataset, Datatype, Hdf5File, OpenOptions};
use lpp_files::FileError;
use ndarray::{Array1, ArrayD, Axis, Slice};

use super::hdf5_objects::datasets_of;
use super::hdf5_storage::{check_storage, most_bytes};
use super::named_arrays::{by_run, listed, places_of};
use super::run_features::{Place, RunFeatures, layers_of};

const EXPECTED: &str = "datasets run-R or run-R/layer-L, one dataset per story with its name, or X_train and X_test with \
                        run_onsets (the layout of the voxelwise tutorials)";

/// Opens a file. The library keeps nothing that it has unpacked, since that would count twice in memory.
fn open(path: &Path) -> Result<Hdf5File, FileError> {
    let failed = |error: hdf5_reader::error::Error| FileError::malformed(path, error.to_string(), "HDF5");
    let file = lpp_files::open_input(path).map_err(FileError::read(path))?;
    let length = file.metadata().map_err(FileError::read(path))?.len();
    let [_, most] = most_bytes(length).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    let defaults = OpenOptions::default();
    let options = OpenOptions {
        chunk_cache_bytes: 0,
        max_chunk_bytes: defaults.max_chunk_bytes.min(most),
        ..defaults
    };
    let storage = FileStorage::from_file(file).map_err(failed)?;
    Hdf5File::from_storage_with_options(Arc::new(storage), options).map_err(failed)
}

/// Reads the runs of a file.
///
/// Datasets are named `run-R` or `run-R/layer-L`, from 0, or as stories. In the layout of the voxelwise tutorials, the rows
/// of `X_train` are cut at `run_onsets`, and `X_test` is the last run.
pub(super) fn load_hdf5(path: &Path, layer_axis: Option<usize>) -> Result<Vec<RunFeatures>, FileError> {
    let file = open(path)?;
    let mut datasets = datasets_of(path, &file)?;
    if datasets.iter().any(|(name, _)| name == "X_train") {
        // The tutorials have other arrays beside, some of words.
        datasets.retain(|(name, _)| ["X_train", "X_test", "run_onsets"].contains(&name.as_str()));
    }
    let names: Vec<String> = datasets.iter().map(|(name, _)| name.clone()).collect();
    let load = |(name, dataset): &(String, Dataset)| singles(path, name, dataset);
    if let Some(train) = datasets.iter().position(|(name, _)| name == "X_train") {
        check_storage(path, &file, &datasets)?;
        let find = |wanted: &str| {
            datasets
                .iter()
                .find(|(name, _)| name == wanted)
                .map(load)
                .transpose()
        };
        let (onsets, test) = (find("run_onsets")?, find("X_test")?);
        return tutorial_runs(path, load(&datasets[train])?, onsets, test, layer_axis);
    }
    if names.iter().any(|name| name.starts_with("run-")) {
        let places = places_of(path, names, EXPECTED)?;
        check_storage(path, &file, &datasets)?;
        let arrays = places.into_iter().zip(&datasets);
        let arrays = arrays.map(|(place, dataset)| Ok((place, load(dataset)?)));
        return by_run(path, arrays.collect::<Result<_, FileError>>()?, layer_axis);
    }
    if names.is_empty() || names.iter().any(|name| name.contains('/')) {
        return Err(FileError::malformed(
            path,
            format!("the datasets {}", listed(&names)),
            EXPECTED,
        ));
    }
    check_storage(path, &file, &datasets)?;
    let of_story = |dataset: &(String, Dataset)| {
        let what = format!("the dataset {}", dataset.0);
        Ok(RunFeatures {
            place: Place::Name(dataset.0.clone()),
            layers: layers_of(path, &what, load(dataset)?, layer_axis)?,
        })
    };
    datasets.iter().map(of_story).collect()
}

/// The training array cut at the first rows of its runs, then the test array.
fn tutorial_runs(
    path: &Path,
    train: ArrayD<f32>,
    onsets: Option<ArrayD<f32>>,
    test: Option<ArrayD<f32>>,
    layer_axis: Option<usize>,
) -> Result<Vec<RunFeatures>, FileError> {
    // The rows are the first axis that is none of layers.
    let axis = Axis(usize::from(layer_axis == Some(0) && train.ndim() == 3));
    let n_rows = if train.ndim() > axis.0 {
        train.len_of(axis)
    } else {
        0
    };
    let onsets = onsets.map_or_else(|| Array1::zeros(1), |onsets| onsets.into_iter().collect());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked below"
    )]
    let mut cuts: Vec<usize> = onsets.iter().map(|&row| row as usize).collect();
    cuts.push(n_rows);
    let are_rows = onsets
        .iter()
        .zip(&cuts)
        .all(|(&row, &cut)| (row - cut as f32).abs() <= 0.0);
    if cuts[0] != 0 || !are_rows || cuts.windows(2).any(|pair| pair[0] >= pair[1]) {
        let found = format!("run_onsets {:?} of {n_rows} rows of X_train", onsets.to_vec());
        return Err(FileError::malformed(
            path,
            found,
            "the first row of each run, ascending from 0",
        ));
    }
    let parts = cuts
        .windows(2)
        .map(|pair| train.slice_axis(axis, Slice::from(pair[0]..pair[1])).to_owned());
    let runs = parts.chain(test).enumerate();
    runs.map(|(run, array)| {
        Ok(RunFeatures {
            place: Place::Run(run),
            layers: layers_of(path, &format!("run {run}"), array, layer_axis)?,
        })
    })
    .collect()
}

/// The numbers of a dataset, rounded to `f32`.
fn singles(path: &Path, name: &str, dataset: &Dataset) -> Result<ArrayD<f32>, FileError> {
    let wrong = |found: String| {
        let expected = "integers of 8 to 64 bits or floats of 16, 32 or 64 bits";
        FileError::malformed(path, format!("{found} in the dataset {name}"), expected)
    };
    let failed = |error: hdf5_reader::error::Error| wrong(error.to_string());
    if !is_plain(&dataset.raw_datatype().map_err(failed)?) {
        return Err(wrong("numbers of a form of their own".to_owned()));
    }
    let bytes = dataset.read_native_bytes().map_err(failed)?;
    let values = match dataset.dtype() {
        Datatype::FloatingPoint { size: 2, .. } => numbers(&bytes, |b| f16::from_ne_bytes(b).to_f32()),
        Datatype::FloatingPoint { size: 4, .. } => numbers(&bytes, f32::from_ne_bytes),
        Datatype::FloatingPoint { size: 8, .. } => numbers(&bytes, |b| single(f64::from_ne_bytes(b))),
        Datatype::FixedPoint { size, signed, .. } => match (size, signed) {
            (1, true) => numbers(&bytes, |b| f32::from(i8::from_ne_bytes(b))),
            (1, false) => numbers(&bytes, |b| f32::from(u8::from_ne_bytes(b))),
            (2, true) => numbers(&bytes, |b| f32::from(i16::from_ne_bytes(b))),
            (2, false) => numbers(&bytes, |b| f32::from(u16::from_ne_bytes(b))),
            (4, true) => numbers(&bytes, |b| i32::from_ne_bytes(b) as f32),
            (4, false) => numbers(&bytes, |b| u32::from_ne_bytes(b) as f32),
            (8, true) => numbers(&bytes, |b| i64::from_ne_bytes(b) as f32),
            (8, false) => numbers(&bytes, |b| u64::from_ne_bytes(b) as f32),
            _ => return Err(wrong(format!("integers of {size} bytes"))),
        },
        other => {
            let kind = format!("{other:?}");
            let kind = kind.split([' ', '{', '(']).next().unwrap_or_default();
            return Err(wrong(format!("values of the type {kind}")));
        }
    };
    let shape: Option<Vec<usize>> = dataset
        .shape()
        .iter()
        .map(|&length| usize::try_from(length).ok())
        .collect();
    let array = ArrayD::from_shape_vec(shape.unwrap_or_default(), values);
    array.map_err(|error| wrong(error.to_string()))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "activations are f32; what overflows is refused later"
)]
fn single(value: f64) -> f32 {
    value as f32
}

fn numbers<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|&chunk| number(chunk))
        .collect()
}

/// Whether a description of a type says numbers as NumPy has them: IEEE floats, integers of all their bits.
///
/// The reader takes any float of two bytes for a half; the rest of the description tells (`bfloat16` has another exponent).
///
/// # References
/// HDF5 file format specification, version 3.0, IV.A.2.d: the datatype message
fn is_plain(description: &[u8]) -> bool {
    let u16_at = |at: usize| {
        let bytes = description.get(at..at + 2);
        bytes.map_or(0, |b| usize::from(u16::from_le_bytes([b[0], b[1]])))
    };
    let size = u16_at(4);
    let has_all_bits = u16_at(8) == 0 && u16_at(10) == 8 * size;
    match description.first().map(|first| first & 0x0f) {
        Some(0) => has_all_bits,
        Some(1) => {
            let form = |exponent: [u8; 2], mantissa: u8, bias: u32| {
                let fields = [exponent[0], exponent[1], 0, mantissa];
                description.get(12..16) == Some(&fields[..])
                    && description.get(16..20) == Some(&bias.to_le_bytes()[..])
            };
            let is_ieee = match size {
                2 => form([10, 5], 10, 15),
                4 => form([23, 8], 23, 127),
                8 => form([52, 11], 52, 1023),
                _ => false,
            };
            has_all_bits && is_ieee
        }
        // Others are refused by their type.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_files::npy;
    use lpp_testkit::fixture;

    fn expected(name: &str) -> ArrayD<f32> {
        let array = npy::load(&fixture(&format!("features/expected_{name}.npy"))).unwrap();
        array.into_f32()
    }

    #[test]
    fn runs_of_every_type_and_storage_are_read_as_h5py_does() {
        let runs = load_hdf5(&fixture("features/types.hdf5"), None).unwrap();
        let expected = expected("types");
        assert_eq!(runs.len(), expected.len_of(Axis(0)));
        for (run, of) in runs.iter().enumerate() {
            let wanted = expected.index_axis(Axis(0), run);
            assert_eq!(of.layers[0].view().into_dyn(), wanted, "run {run}");
            assert_eq!(of.place, Place::Run(run));
        }
    }

    #[test]
    fn arrays_of_the_tutorials_are_cut_into_runs() {
        let runs = load_hdf5(&fixture("features/tutorial.hdf"), None).unwrap();
        let rows: Vec<usize> = runs.iter().map(|run| run.layers[0].nrows()).collect();
        assert_eq!(rows, [5, 6, 4]);
        let all: Vec<f32> = runs
            .iter()
            .flat_map(|run| run.layers[0].iter().copied())
            .collect();
        assert_eq!(all, expected("tutorial").into_raw_vec_and_offset().0);
    }

    #[test]
    fn only_plain_numbers_are_plain() {
        let float = |size: u8, fields: [u8; 4], bias: u8| {
            let bits = 8 * u16::from(size);
            let [low, high] = bits.to_le_bytes();
            let head = [0x11, 0x20, 15, 0, size, 0, 0, 0, 0, 0, low, high];
            [&head[..], &fields, &[bias, 0, 0, 0]].concat()
        };
        assert!(is_plain(&float(2, [10, 5, 0, 10], 15)));
        assert!(is_plain(&float(4, [23, 8, 0, 23], 127)));
        // bfloat16, and a half with another bias.
        assert!(!is_plain(&float(2, [7, 8, 0, 7], 127)));
        assert!(!is_plain(&float(2, [10, 5, 0, 10], 14)));
    }
}
