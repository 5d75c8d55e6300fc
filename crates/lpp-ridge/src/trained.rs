//! A model that can be saved: coefficients of all data, for predicting new scans.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, ArrayView2, Axis, s};
use rayon::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::engine::product::product;
use crate::folds::Purpose;
use crate::runs::Run;
use crate::{AlphaChoice, Element, PreparedFeatures, RidgeCv, RidgeError};

/// A ridge regression fitted to all given runs, with the penalty chosen by cross-validation over them.
///
/// Created by [`RidgeCv::refit`] or [`crate::BandedRidge::refit`]. There is no intercept. Standardise features for
/// predictions like those of the fit; predictions are in units of standardised targets.
///
/// ```
/// use lpp_ridge::{RidgeCv, RidgeModel};
/// use ndarray::Array2;
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// // Four stories of 40 scans, 3 features and 2 targets; the last one is new to the model.
/// let x: Vec<Array2<f64>> =
///     (0..4).map(|r| Array2::from_shape_fn((40, 3), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
/// let y: Vec<Array2<f64>> = x.iter().map(|x| x.dot(&ndarray::array![[1.0, 0.2], [0.5, -1.0], [0.0, 0.3]])).collect();
/// let model = RidgeCv::params().alphas([1e-6, 1.0, 1e6]).check()?.refit(&x[..3], &y[..3])?;
/// let predicted = model.predict(&x[3])?;
/// assert!((&predicted - &y[3]).iter().all(|d| d.abs() < 1e-6));
/// assert_eq!(model.alphas().row(0).to_vec(), [1e-6, 1e-6]);
/// # let folder = std::env::temp_dir().join("lpp-ridge-doc");
/// # std::fs::create_dir_all(&folder).unwrap();
///
/// let path = folder.join("model.safetensors");
/// model.save(&path)?;
/// assert_eq!(RidgeModel::load(&path)?, model);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RidgeModel<A> {
    coefficients: Array2<A>,
    alphas: Array2<f64>,
    validation_curve: Array1<f64>,
    best_scores: Array1<f64>,
}

/// Targets solved together.
const WIDTH: usize = 2048;

impl<A: Element> RidgeModel<A> {
    /// A model without targets.
    pub(crate) fn empty(n_features: usize, n_targets: usize, n_bands: usize) -> Self {
        Self {
            coefficients: Array2::from_elem((n_features, n_targets), A::nan()),
            alphas: Array2::from_elem((n_bands, n_targets), f64::NAN),
            validation_curve: Array1::zeros(0),
            best_scores: Array1::from_elem(n_targets, f64::NAN),
        }
    }

    pub(crate) fn fit(
        ridge: &RidgeCv,
        x_runs: &[ArrayView2<'_, A>],
        y_runs: &[ArrayView2<'_, A>],
    ) -> Result<Self, RidgeError> {
        let mut keeping = ridge.clone();
        keeping.settings.options.validation_scores = true;
        let prepared = PreparedFeatures::new(keeping, x_runs, Purpose::Model)?;
        let fit = prepared.score_matrices(y_runs)?;
        let n_targets = fit.scores.len();
        let mut model = Self::empty(prepared.n_features(), n_targets, 1);
        model.validation_curve = fit.validation_curves.row(0).to_owned();
        if let Some(scores) = &fit.validation_scores {
            model.best_scores.assign(&scores.row(0));
        }
        let unusable = |j: &usize| fit.constant_targets.contains(j) || fit.non_finite_targets.contains(j);
        let usable: Vec<usize> = if fit.constant_targets.is_empty() && fit.non_finite_targets.is_empty() {
            (0..n_targets).collect()
        } else {
            (0..n_targets).filter(|j| !unusable(j)).collect()
        };
        for index in 0..ridge.alphas().len() {
            let columns: Vec<usize> = match &fit.alpha_choice {
                AlphaChoice::Global(choice) if choice[0] == index => usable.clone(),
                AlphaChoice::Global(_) => Vec::new(),
                AlphaChoice::PerTarget(choice) => usable
                    .iter()
                    .copied()
                    .filter(|&j| choice[[0, j]] == Some(index))
                    .collect(),
            };
            ridge.in_pool(|| model.solve(&prepared, index, y_runs, &columns))?;
        }
        Ok(model)
    }

    /// Solves some targets with one penalty.
    pub(crate) fn solve(
        &mut self,
        prepared: &PreparedFeatures<A>,
        index: usize,
        y_runs: &[ArrayView2<'_, A>],
        columns: &[usize],
    ) -> Result<(), RidgeError> {
        if columns.is_empty() {
            return Ok(());
        }
        let x = prepared.x.mapv(Element::to_double);
        let solved: Vec<Array2<f64>> = columns
            .par_chunks(WIDTH)
            .map(|columns| prepared.solve(0, index, &x, &prepared.stacked_targets(y_runs, columns)))
            .collect::<Result<_, _>>()?;
        let solved = solved.iter().flat_map(|part| part.axis_iter(Axis(1)));
        for (values, &column) in solved.zip(columns) {
            self.coefficients
                .column_mut(column)
                .assign(&values.mapv(A::from_double));
            self.alphas
                .column_mut(column)
                .fill(prepared.model().alphas()[index]);
        }
        Ok(())
    }

    /// Turns coefficients of weighted bands into those of the features, and stores the penalty of each band.
    pub(crate) fn set_bands(
        &mut self,
        bands: &[Range<usize>],
        weights: &ArrayRef1<f64>,
        penalties: &ArrayRef1<f64>,
        columns: &[usize],
    ) {
        for &column in columns {
            self.alphas.column_mut(column).assign(penalties);
            for (band, weight) in bands.iter().zip(weights) {
                let root = A::from_double(weight.sqrt());
                let mut part = self.coefficients.slice_mut(s![band.clone(), column]);
                part.mapv_inplace(|v| v * root);
            }
        }
    }

    /// Predicts every target from new scans.
    ///
    /// # Shapes
    /// `x` is (`n_scans`, `n_features`), in the units of the features of the fit; the result is (`n_scans`,
    /// `n_targets`). A target that was constant or not finite in the fit is NaN.
    ///
    /// # Errors
    /// [`RidgeError::ModelWidth`] if the number of features differs.
    pub fn predict<X: Run<Element = A> + ?Sized>(&self, x: &X) -> Result<Array2<A>, RidgeError> {
        A::predict(self, &x.matrix())
    }

    pub(crate) fn predict_matrix(&self, x: &ArrayView2<'_, A>) -> Result<Array2<A>, RidgeError> {
        if x.ncols() != self.coefficients.nrows() {
            return Err(RidgeError::ModelWidth {
                found: x.ncols(),
                expected: self.coefficients.nrows(),
            });
        }
        Ok(product(x, &self.coefficients))
    }

    /// Predicts some targets, in any order: (`n_scans`, `targets.len()`).
    ///
    /// # Errors
    /// As [`predict`](Self::predict); [`RidgeError::NoSuchTarget`] for a target that the model does not have.
    pub fn predict_targets<X: Run<Element = A> + ?Sized>(
        &self,
        x: &X,
        targets: &[usize],
    ) -> Result<Array2<A>, RidgeError> {
        let n_targets = self.coefficients.ncols();
        if let Some(&column) = targets.iter().find(|&&target| target >= n_targets) {
            return Err(RidgeError::NoSuchTarget { column, n_targets });
        }
        let some = Self {
            coefficients: self.coefficients.select(Axis(1), targets),
            ..self.clone_without_coefficients()
        };
        some.predict(x)
    }

    fn clone_without_coefficients(&self) -> Self {
        Self {
            coefficients: Array2::zeros((0, 0)),
            alphas: self.alphas.clone(),
            validation_curve: self.validation_curve.clone(),
            best_scores: self.best_scores.clone(),
        }
    }

    /// The coefficients, (`n_features`, `n_targets`); NaN for a target that was constant or not finite in the fit.
    #[must_use]
    pub fn coefficients(&self) -> &ArrayRef2<A> {
        &self.coefficients
    }

    /// The penalty of each band and target, (`n_bands`, `n_targets`), with one band for a plain ridge regression;
    /// infinite for a band that is left out, NaN for a target that was constant or not finite.
    #[must_use]
    pub fn alphas(&self) -> &ArrayRef2<f64> {
        &self.alphas
    }

    /// Mean score of each penalty over folds and targets, (`n_alphas`), from which a shared one was chosen; empty for
    /// bands.
    #[must_use]
    pub fn validation_curve(&self) -> &ArrayRef1<f64> {
        &self.validation_curve
    }

    /// Mean score of each target over the folds, with its chosen penalties, (`n_targets`); NaN for a target without a
    /// score.
    #[must_use]
    pub fn best_scores(&self) -> &ArrayRef1<f64> {
        &self.best_scores
    }

    /// Stores the validation scores of some targets.
    pub(crate) fn set_best_scores(&mut self, columns: &[usize], score: impl Fn(usize) -> f64) {
        for (target, &column) in columns.iter().enumerate() {
            self.best_scores[column] = score(target);
        }
    }

    /// Writes the model to a safetensors file: `coefficients`, `alphas`, `validation_curve` and `best_scores`.
    ///
    /// # Errors
    /// [`RidgeError::ModelFile`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), RidgeError> {
        let coefficients = A::to_bytes(&self.coefficients);
        let alphas = f64::to_bytes(&self.alphas);
        let curve = f64::to_bytes(&self.validation_curve.view().insert_axis(Axis(0)));
        let best = f64::to_bytes(&self.best_scores.view().insert_axis(Axis(0)));
        let failed = |reason: String| RidgeError::ModelFile {
            path: path.to_owned(),
            reason,
        };
        let view = |dtype, shape: &[usize], bytes| {
            TensorView::new(dtype, shape.to_vec(), bytes).map_err(|e| failed(e.to_string()))
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
        let bytes = safetensors::serialize(tensors, Some(about)).map_err(|e| failed(e.to_string()))?;
        std::fs::write(path, bytes).map_err(|e| failed(format!("cannot write: {e}")))
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

fn dtype_of<A: Element>() -> Dtype {
    if size_of::<A>() == 4 {
        Dtype::F32
    } else {
        Dtype::F64
    }
}

/// A tensor of one or two axes as a matrix.
fn matrix<A: Element>(tensors: &SafeTensors<'_>, name: &str) -> Result<Array2<A>, String> {
    let tensor = tensors.tensor(name).map_err(|_| format!("no tensor {name:?}"))?;
    if tensor.dtype() != dtype_of::<A>() {
        return Err(format!(
            "{name} holds {:?}, expected {:?}",
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
