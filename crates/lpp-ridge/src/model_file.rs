//! Models in files.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use ndarray::{Array2, Axis};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::{Element, Number, RidgeError, RidgeModel};

impl<A: Element> RidgeModel<A> {
    /// Writes the model to a safetensors file: `coefficients`, `alphas`, `validation_curve` and `best_scores`.
    ///
    /// # Errors
    /// [`RidgeError::ModelFile`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), RidgeError> {
        let written = std::fs::File::create(path).and_then(|file| self.write(file));
        written.map_err(|e| RidgeError::ModelFile {
            path: path.to_owned(),
            reason: format!("cannot write: {e}"),
        })
    }

    /// Writes the content of [`save`](Self::save).
    ///
    /// # Errors
    /// That of the writer.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        let coefficients = A::to_bytes(&self.coefficients);
        let alphas = f64::to_bytes(&self.alphas);
        let curve = f64::to_bytes(&self.validation_curve.view().insert_axis(Axis(0)));
        let best = f64::to_bytes(&self.best_scores.view().insert_axis(Axis(0)));
        let view = |dtype, shape: &[usize], bytes| {
            TensorView::new(dtype, shape.to_vec(), bytes).map_err(io::Error::other)
        };
        let tensors = [
            (
                "coefficients",
                view(dtype_of::<A>(), self.coefficients.shape(), &coefficients)?,
            ),
            ("alphas", view(Dtype::F64, self.alphas.shape(), &alphas)?),
            (
                "validation_curve",
                view(Dtype::F64, self.validation_curve.shape(), &curve)?,
            ),
            ("best_scores", view(Dtype::F64, self.best_scores.shape(), &best)?),
        ];
        let about = HashMap::from([("format".to_owned(), FORMAT.to_owned())]);
        to.write_all(&safetensors::serialize(tensors, Some(about)).map_err(io::Error::other)?)
    }

    /// Reads a file written by [`save`](Self::save).
    ///
    /// # Errors
    /// [`RidgeError::ModelFile`] if the file cannot be read, is not such a model, or has the other number type.
    pub fn load(path: &Path) -> Result<Self, RidgeError> {
        let failed = |reason: String| RidgeError::ModelFile {
            path: path.to_owned(),
            reason,
        };
        let bytes = std::fs::read(path).map_err(|e| failed(format!("cannot read: {e}")))?;
        let tensors =
            SafeTensors::deserialize(&bytes).map_err(|e| failed(format!("not a safetensors file: {e}")))?;
        let (_, about) = SafeTensors::read_metadata(&bytes).map_err(|e| failed(e.to_string()))?;
        let format = about
            .metadata()
            .as_ref()
            .and_then(|about| about.get("format").cloned());
        if format.as_deref() != Some(FORMAT) {
            return Err(failed(format!("found format {format:?}, expected {FORMAT:?}")));
        }
        let coefficients = matrix::<A>(&tensors, "coefficients").map_err(failed)?;
        let alphas = matrix::<f64>(&tensors, "alphas").map_err(failed)?;
        let curve = matrix::<f64>(&tensors, "validation_curve").map_err(failed)?;
        let best = matrix::<f64>(&tensors, "best_scores").map_err(failed)?;
        if alphas.ncols() != coefficients.ncols() || best.len() != coefficients.ncols() {
            return Err(failed(format!(
                "{} penalties and {} scores for {} targets",
                alphas.ncols(),
                best.len(),
                coefficients.ncols()
            )));
        }
        Ok(Self {
            coefficients,
            alphas,
            validation_curve: curve.into_iter().collect(),
            best_scores: best.into_iter().collect(),
        })
    }
}

/// The format name in the metadata of a file.
const FORMAT: &str = "lpp-ridge model 1";

fn dtype_of<A: Number>() -> Dtype {
    if size_of::<A>() == 4 {
        Dtype::F32
    } else {
        Dtype::F64
    }
}

/// A tensor of one or two axes as a matrix.
fn matrix<A: Number>(tensors: &SafeTensors<'_>, name: &str) -> Result<Array2<A>, String> {
    let tensor = tensors.tensor(name).map_err(|_| format!("no tensor {name:?}"))?;
    if tensor.dtype() != dtype_of::<A>() {
        return Err(format!(
            "{name} is {:?}, expected {:?}",
            tensor.dtype(),
            dtype_of::<A>()
        ));
    }
    let shape = match *tensor.shape() {
        [n] => (1, n),
        [n, m] => (n, m),
        ref other => return Err(format!("{name} has shape {other:?}, expected a matrix")),
    };
    Array2::from_shape_vec(shape, A::from_bytes(tensor.data())).map_err(|e| format!("{name}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

    #[test]
    fn tensors_of_unlike_numbers_of_targets_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        for (n_alphas, n_scores) in [(3, 3), (2, 3), (3, 2)] {
            let model = RidgeModel {
                coefficients: Array2::<f64>::zeros((4, 3)),
                alphas: Array2::ones((1, n_alphas)),
                validation_curve: Array1::zeros(5),
                best_scores: Array1::zeros(n_scores),
            };
            model.save(&path).unwrap();
            let loaded = RidgeModel::<f64>::load(&path);
            if n_alphas == 3 && n_scores == 3 {
                assert_eq!(loaded.unwrap(), model);
            } else {
                let words = format!("{n_alphas} penalties and {n_scores} scores for 3 targets");
                assert!(loaded.unwrap_err().to_string().contains(&words));
            }
        }
    }
}
