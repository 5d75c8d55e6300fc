//! The features of one run.

use std::path::Path;

use lpp_files::FileError;
use ndarray::{Array2, ArrayD, Axis, Ix2};

/// Which run features belong to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The number in a name such as `run-0`, counted from 0 as in the study.
    Run(usize),
    /// The name of a file.
    Name(String),
}

/// Features of a run, a matrix per layer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunFeatures {
    pub(super) place: Place,
    pub(super) layers: Vec<Array2<f32>>,
}

/// The layers of an array: itself if it has rows and columns, or its parts along `layer_axis`.
pub(super) fn layers_of(
    path: &Path,
    what: &str,
    array: ArrayD<f32>,
    layer_axis: Option<usize>,
) -> Result<Vec<Array2<f32>>, FileError> {
    let shape = array.shape().to_vec();
    let refused = |expected: String| {
        Err(FileError::malformed(
            path,
            format!("{what} of shape {shape:?}"),
            expected,
        ))
    };
    let matrix = |part: ArrayD<f32>| part.into_dimensionality::<Ix2>();
    match (shape.len(), layer_axis) {
        (1, None) => Ok(matrix(array.insert_axis(Axis(1))).into_iter().collect()),
        (2, None) => Ok(matrix(array).into_iter().collect()),
        (3, Some(axis)) if axis < 3 => {
            let parts = array.axis_iter(Axis(axis)).map(|part| matrix(part.to_owned()));
            Ok(parts.flatten().collect())
        }
        (3, None) => {
            refused("rows and features, or --layer-axis 0, 1 or 2 for the axis of layers".to_owned())
        }
        (_, Some(axis)) => refused(format!(
            "three axes, of which axis {axis} are layers (--layer-axis)"
        )),
        _ => refused("rows and features".to_owned()),
    }
}
