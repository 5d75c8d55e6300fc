//! NumPy's `.npy` arrays.
//!
//! Files are memory-mapped, and the shape in the header is checked against the file length before memory is allocated.
//! Real numbers of any type and byte order are read, in C or Fortran order: half precision as single, integers and
//! booleans as 64-bit integers.

use std::path::Path;

use ndarray::{Array, ArrayBase, ArrayD, ArrayView, Axis, Data, Dimension, Ix1, Ix2, Ix3, IxDyn};
use ndarray_npy::{ReadableElement, ViewNpyError, ViewNpyExt, WriteNpyExt};
pub use ndarray_npy::{ViewElement, WritableElement};

pub use crate::npy_array::NpyArray;
use crate::npy_array::describe;
use crate::{AtomicFile, FileError, MappedFile, npy_elements, npy_header};

/// Reads an array of any of the known element types and any number of axes.
///
/// # Errors
/// [`FileError::Read`] if the file cannot be opened, [`FileError::Malformed`] if it is not a `.npy` file, is truncated
/// or does not contain real numbers.
pub fn load(path: &Path) -> Result<NpyArray, FileError> {
    let file = MappedFile::open(path)?;
    npy_header::check(&file)?;
    if let Some(array) = view::<f32>(&file)? {
        return Ok(NpyArray::F32(array));
    }
    if let Some(array) = view::<f64>(&file)? {
        return Ok(NpyArray::F64(array));
    }
    if let Some(array) = view::<i64>(&file)? {
        return Ok(NpyArray::I64(array));
    }
    npy_elements::load(&file)
}

/// Reads a matrix of real numbers as `f64`.
///
/// # Errors
/// As [`load`]; also [`FileError::Malformed`] if the array does not have two axes.
pub fn load_f64_matrix(path: &Path) -> Result<Array<f64, Ix2>, FileError> {
    axes(doubles(load(path)?), path)
}

/// Reads a matrix of real numbers as `f32`, with rounding.
///
/// # Errors
/// As [`load_f64_matrix`].
pub fn load_f32_matrix(path: &Path) -> Result<Array<f32, Ix2>, FileError> {
    axes(load(path)?.into_f32(), path)
}

/// Reads an array of real numbers with three axes as `f64`.
///
/// # Errors
/// As [`load_f64_matrix`], for other numbers of axes.
pub fn load_f64_stack(path: &Path) -> Result<Array<f64, Ix3>, FileError> {
    axes(doubles(load(path)?), path)
}

/// Reads a matrix as [`load_f64_matrix`], or a vector as a matrix of one column.
///
/// # Errors
/// As [`load_f64_matrix`], for other numbers of axes.
pub fn load_f64_columns(path: &Path) -> Result<Array<f64, Ix2>, FileError> {
    axes(as_columns(doubles(load(path)?)), path)
}

/// Reads a matrix as [`load_f32_matrix`], or a vector as a matrix of one column.
///
/// # Errors
/// As [`load_f64_columns`].
pub fn load_f32_columns(path: &Path) -> Result<Array<f32, Ix2>, FileError> {
    axes(as_columns(load(path)?.into_f32()), path)
}

/// Reads a vector of real numbers as `f64`.
///
/// # Errors
/// As [`load_f64_matrix`], with one axis.
pub fn load_f64_vector(path: &Path) -> Result<Array<f64, Ix1>, FileError> {
    axes(doubles(load(path)?), path)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "integers beyond 2^53 are no measurements"
)]
fn doubles(array: NpyArray) -> ArrayD<f64> {
    match array {
        NpyArray::F32(a) => a.mapv(f64::from),
        NpyArray::F64(a) => a,
        NpyArray::I64(a) => a.mapv(|v| v as f64),
    }
}

fn as_columns<T>(array: ArrayD<T>) -> ArrayD<T> {
    if array.ndim() == 1 {
        array.insert_axis(Axis(1))
    } else {
        array
    }
}

/// Reads a matrix of 64-bit integers, such as token ids.
///
/// # Errors
/// As [`load`]; also [`FileError::Malformed`] for floats or a different number of axes.
pub fn load_i64_matrix(path: &Path) -> Result<Array<i64, Ix2>, FileError> {
    axes(integers(path)?, path)
}

/// Reads a vector of 64-bit integers, such as numbers of tokens.
///
/// # Errors
/// As [`load_i64_matrix`], with one axis.
pub fn load_i64_vector(path: &Path) -> Result<Array<i64, Ix1>, FileError> {
    axes(integers(path)?, path)
}

fn integers(path: &Path) -> Result<ArrayD<i64>, FileError> {
    match load(path)? {
        NpyArray::I64(a) => Ok(a),
        other => Err(FileError::malformed(
            path,
            format!("elements of {}", other.dtype()),
            "int64",
        )),
    }
}

/// Writes an array atomically: completely or not at all.
///
/// # Errors
/// [`FileError::Write`] if the file cannot be written.
pub fn save<T, S, D>(path: &Path, array: &ArrayBase<S, D>) -> Result<(), FileError>
where
    T: WritableElement,
    S: Data<Elem = T>,
    D: Dimension,
{
    let mut file = AtomicFile::create(path)?;
    array
        .write_npy(&mut file)
        .map_err(|e| FileError::write(path)(std::io::Error::other(e)))?;
    file.commit()
}

/// Writes an array in half precision, atomically.
///
/// # Errors
/// [`FileError::Write`] if the file cannot be written.
pub fn save_half<S, D>(path: &Path, array: &ArrayBase<S, D>) -> Result<(), FileError>
where
    S: Data<Elem = f32>,
    D: Dimension,
{
    let mut bytes = Vec::new();
    array
        .mapv(|value| half::f16::from_f32(value).to_bits())
        .write_npy(&mut bytes)
        .map_err(|e| FileError::write(path)(std::io::Error::other(e)))?;
    npy_elements::name_as_half(&mut bytes);
    crate::write_atomically(path, &bytes)
}

/// The mapped array as an owned one; `None` if the file's elements are not `T`.
fn view<T>(file: &MappedFile) -> Result<Option<ArrayD<T>>, FileError>
where
    T: ViewElement + ReadableElement + Clone,
{
    npy_header::parsed(file.path(), || match ArrayView::<T, IxDyn>::view_npy(file) {
        Ok(view) => Ok(Some(view.to_owned())),
        Err(ViewNpyError::WrongDescriptor(_) | ViewNpyError::NonNativeEndian) => Ok(None),
        Err(ViewNpyError::MisalignedData) => {
            // Only a header of unusual length brings this about; reading instead of mapping copes with it. The view
            // above has already compared the shape with the file's length.
            ndarray_npy::ReadNpyExt::read_npy(&**file)
                .map(Some)
                .map_err(|e| FileError::malformed(file.path(), e.to_string(), "a NumPy array"))
        }
        Err(e) => Err(FileError::malformed(
            file.path(),
            describe(&e),
            "a complete NumPy .npy array",
        )),
    })?
}

fn axes<T, D: Dimension>(array: ArrayD<T>, path: &Path) -> Result<Array<T, D>, FileError> {
    let found = format!("shape {:?}", array.shape());
    let expected = format!("{} axes", D::NDIM.unwrap_or_default());
    array
        .into_dimensionality()
        .map_err(|_| FileError::malformed(path, found, expected))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MappedMatrix;
    use ndarray::{Array2, array};
    use std::fs;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn arrays_come_back_as_they_were() {
        let dir = folder();
        let path = dir.path().join("a.npy");
        let a = array![[1.5_f32, f32::NAN], [-0.0, 4.0]];
        save(&path, &a).unwrap();
        let b = load_f32_matrix(&path).unwrap();
        assert!(a.iter().zip(&b).all(|(x, y)| x.to_bits() == y.to_bits()));
        assert_eq!(
            load_f64_matrix(&path).unwrap()[[1, 1]].to_bits(),
            4.0_f64.to_bits()
        );
    }

    #[test]
    fn fortran_order_is_understood() {
        let dir = folder();
        let path = dir.path().join("f.npy");
        let a = Array2::from_shape_fn((3, 2), |(i, j)| (10 * i + j) as f64);
        save(&path, &a.t().as_standard_layout().t()).unwrap();
        assert_eq!(load_f64_matrix(&path).unwrap(), a);
    }

    #[test]
    fn a_header_that_lies_takes_no_memory() {
        let dir = folder();
        let path = dir.path().join("lie.npy");
        for (shape, rest) in [
            ("(1000000000, 1000000)", 64),
            // The library panics at these.
            ("(10000000000, 0, 1000000000000)", 0),
            ("(100000000-0, 0, 1000000000000)", 0),
        ] {
            let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
            let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
            bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
            bytes.extend(header.as_bytes());
            bytes.resize(bytes.len() + rest, 0);
            fs::write(&path, bytes).unwrap();
            let error = load(&path).unwrap_err().to_string();
            assert!(error.contains("lie.npy: found"), "{error}");
            assert!(!matches!(MappedMatrix::<f32>::open(&path), Ok(Some(_))));
        }
    }

    #[test]
    fn wrong_files_are_named() {
        let dir = folder();
        let path = dir.path().join("b.npy");
        save(&path, &array![1.0_f32, 2.0]).unwrap();
        assert!(
            load_f32_matrix(&path)
                .unwrap_err()
                .to_string()
                .contains("shape [2], expected 2 axes")
        );
        assert!(
            load_i64_matrix(&path)
                .unwrap_err()
                .to_string()
                .contains("float32")
        );
        let whole = fs::read(&path).unwrap();
        for n in [0, 3, 9, 60, whole.len() - 1] {
            fs::write(&path, &whole[..n]).unwrap();
            assert!(load(&path).is_err(), "cut to {n} bytes");
        }
        assert!(matches!(
            load(&dir.path().join("none")),
            Err(FileError::Read { .. })
        ));
        assert!(load(dir.path()).unwrap_err().to_string().contains("a folder"));
    }
}
