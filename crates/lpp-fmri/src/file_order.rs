//! Volumes as flat vectors in the order of image files: i fastest, k slowest.

use ndarray::{Array3, ArrayBase, ArrayD, Data, Dimension, ShapeBuilder};

use crate::FmriError;

/// The elements in file order; no copy for an array that was read from a file.
pub(crate) fn into_file_order<T: Clone>(array: ArrayD<T>) -> Vec<T> {
    if array.t().is_standard_layout() {
        let n = array.len();
        let (elements, start) = array.into_raw_vec_and_offset();
        if start.unwrap_or(0) == 0 && elements.len() == n {
            return elements;
        }
        return elements.into_iter().skip(start.unwrap_or(0)).take(n).collect();
    }
    to_file_order(&array)
}

/// A copy of the elements in file order.
pub(crate) fn to_file_order<T: Clone, S: Data<Elem = T>, D: Dimension>(array: &ArrayBase<S, D>) -> Vec<T> {
    array.t().iter().cloned().collect()
}

/// The volume of elements in file order.
pub(crate) fn from_file_order<T>(elements: Vec<T>, shape: [usize; 3]) -> Result<Array3<T>, FmriError> {
    let n = elements.len();
    let [i, j, k] = shape;
    Array3::from_shape_vec((i, j, k).f(), elements).map_err(|_| FmriError::Shape {
        what: "a volume's elements",
        found: vec![n],
        expected: vec![i * j * k],
    })
}
