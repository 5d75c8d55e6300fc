//! A memory-mapped NumPy matrix.

use std::marker::PhantomData;
use std::path::Path;

use ndarray::ArrayView2;
use ndarray_npy::{ViewElement, ViewNpyExt};

use crate::{FileError, MappedFile, npy_header};

/// A memory-mapped `.npy` matrix of `T`. Its pages are read when they are used, and the system may drop them again.
///
/// [`view`](Self::view) is an ordinary array view, so a matrix larger than memory can be passed to code that processes
/// its columns or rows piece by piece.
///
/// ```
/// use lpp_files::{MappedMatrix, npy};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("y.npy");
/// npy::save(&path, &ndarray::array![[1.0_f32, 2.0], [3.0, 4.0]])?;
/// let matrix = MappedMatrix::<f32>::open(&path)?;
/// assert_eq!(matrix.as_ref().map(MappedMatrix::view).transpose()?.map(|v| v[[1, 0]]), Some(3.0));
/// assert!(MappedMatrix::<f64>::open(&path)?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MappedMatrix<T> {
    file: MappedFile,
    element: PhantomData<T>,
}

impl<T: ViewElement> MappedMatrix<T> {
    /// Maps a file; `None` if it cannot be used directly as a matrix of `T`: a different element type, byte order or
    /// number of axes, data not aligned for `T` (after a header of unusual length), or not an array. Reading such a
    /// file with [`crate::npy`] converts it or says what is wrong.
    ///
    /// # Errors
    /// [`FileError::Read`] if the file cannot be opened, [`FileError::Malformed`] if it is a folder or has a shape that no array has.
    pub fn open(path: &Path) -> Result<Option<Self>, FileError> {
        let file = MappedFile::open(path)?;
        let fits = npy_header::check(&file).is_ok()
            && npy_header::parsed(path, || ArrayView2::<T>::view_npy(&file).is_ok())?;
        Ok(fits.then_some(Self {
            file,
            element: PhantomData,
        }))
    }

    /// The matrix, in the order of the file (C or Fortran).
    ///
    /// # Errors
    /// [`FileError::Malformed`] if the file was changed in place since it was opened.
    pub fn view(&self) -> Result<ArrayView2<'_, T>, FileError> {
        ArrayView2::view_npy(&self.file).map_err(|e| {
            FileError::malformed(self.file.path(), e.to_string(), "the matrix it was when opened")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npy;
    use ndarray::{Array2, Array3, array};
    use std::fs;

    #[test]
    fn a_mapped_matrix_is_the_one_that_was_saved() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npy");
        let a = Array2::from_shape_fn((5, 7), |(i, j)| (10 * i + j) as f64);
        npy::save(&path, &a).unwrap();
        let mapped = MappedMatrix::<f64>::open(&path).unwrap().unwrap();
        assert_eq!(mapped.view().unwrap(), a);
        npy::save(&path, &a.t()).unwrap(); // a new file under the name; the mapped one lives on
        assert_eq!(mapped.view().unwrap(), a);
        let fortran = MappedMatrix::<f64>::open(&path).unwrap().unwrap();
        assert_eq!(fortran.view().unwrap(), a.t());
    }

    #[test]
    fn what_cannot_be_mapped_is_left_to_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.npy");
        let maps = || MappedMatrix::<f32>::open(&path).unwrap().is_some();
        npy::save(&path, &array![[1_i64, 2]]).unwrap();
        assert!(!maps());
        npy::save(&path, &Array3::<f32>::zeros((2, 3, 4))).unwrap();
        assert!(!maps());
        npy::save(&path, &array![[1.0_f32, 2.0]]).unwrap();
        assert!(maps());
        let whole = fs::read(&path).unwrap();
        for n in [0, 3, 60, whole.len() - 1] {
            fs::write(&path, &whole[..n]).unwrap();
            assert!(!maps(), "cut to {n} bytes");
        }
        assert!(MappedMatrix::<f32>::open(dir.path()).is_err());
        assert!(MappedMatrix::<f32>::open(&dir.path().join("none")).is_err());
    }
}
