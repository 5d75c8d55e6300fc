//! The compiled part of the Python package `lpp_ridge`: arrays in, arrays out. The documented interface is in `lpp_ridge/`.

mod run;
mod settings;

use lpp_ridge::{BandWeights, BandedRidge, Element};
use ndarray::{Array2, ArrayView2};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use run::{interruptible, value_error};
use settings::Settings;

/// Runs as NumPy arrays of one number type.
fn views<'a, A: numpy::Element>(runs: &'a [PyReadonlyArray2<'_, A>]) -> Vec<ArrayView2<'a, A>> {
    runs.iter().map(|run| run.as_array()).collect()
}

/// Nested cross-validation: scores of every fold.
fn nested<'py, A>(
    py: Python<'py>,
    x: &[PyReadonlyArray2<'py, A>],
    y: &[PyReadonlyArray2<'py, A>],
    settings: &Settings,
) -> PyResult<Bound<'py, PyDict>>
where
    A: Element + numpy::Element,
{
    let (x, y) = (views(x), views(y));
    let (params, stop) = settings.params()?;
    let fit = interruptible(py, &stop, || params.check()?.prepare(&x)?.score(&y))?;
    let out = PyDict::new(py);
    out.set_item("scores", fit.scores.clone().into_pyarray(py))?;
    out.set_item("fold_scores", fit.fold_scores.clone().into_pyarray(py))?;
    out.set_item("alphas", fit.alphas.clone().into_pyarray(py))?;
    out.set_item(
        "validation_curves",
        fit.validation_curves.clone().into_pyarray(py),
    )?;
    let shape = fit.fold_scores.dim();
    let chosen = Array2::from_shape_fn(shape, |(fold, target)| {
        fit.alpha_index_of(fold, target)
            .map_or(f64::NAN, |index| fit.alphas[index])
    });
    out.set_item("best_alphas", chosen.into_pyarray(py))?;
    out.set_item("constant_targets", fit.constant_targets.clone())?;
    out.set_item("non_finite_targets", fit.non_finite_targets.clone())?;
    let warnings: Vec<String> = fit.edge_warnings().iter().map(ToString::to_string).collect();
    out.set_item("warnings", warnings)?;
    Ok(out)
}

/// Coefficients, penalties and validation scores of a model of all data.
type Model<'py, A> = (
    Bound<'py, PyArray2<A>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray1<f64>>,
);

fn refit<'py, A>(
    py: Python<'py>,
    x: &PyReadonlyArray2<'py, A>,
    y: &PyReadonlyArray2<'py, A>,
    settings: &Settings,
    bands: Option<(Vec<usize>, PyReadonlyArray2<'py, f64>)>,
) -> PyResult<Model<'py, A>>
where
    A: Element + numpy::Element,
{
    let (x, y) = (x.as_array(), y.as_array());
    let (params, stop) = settings.params()?;
    let bands = bands.map(|(widths, weights)| (widths, weights.as_array().to_owned()));
    let model = interruptible(py, &stop, || {
        let ridge = params.check()?;
        match bands {
            None => ridge.refit(&[x], &[y]),
            Some((widths, weights)) => BandedRidge::params(ridge, widths)
                .weights(BandWeights::Given(weights))
                .check()?
                .refit(&[x], &[y]),
        }
    })?;
    Ok((
        model.coefficients().to_owned().into_pyarray(py),
        model.alphas().to_owned().into_pyarray(py),
        model.best_scores().to_owned().into_pyarray(py),
    ))
}

macro_rules! functions {
    ($element:ty, $nested:ident, $refit:ident, $banded:ident) => {
        #[pyfunction]
        fn $nested<'py>(
            py: Python<'py>,
            x: Vec<PyReadonlyArray2<'py, $element>>,
            y: Vec<PyReadonlyArray2<'py, $element>>,
            settings: Settings,
        ) -> PyResult<Bound<'py, PyDict>> {
            nested(py, &x, &y, &settings)
        }

        #[pyfunction]
        fn $refit<'py>(
            py: Python<'py>,
            x: PyReadonlyArray2<'py, $element>,
            y: PyReadonlyArray2<'py, $element>,
            settings: Settings,
        ) -> PyResult<Model<'py, $element>> {
            refit(py, &x, &y, &settings, None)
        }

        #[pyfunction]
        fn $banded<'py>(
            py: Python<'py>,
            x: PyReadonlyArray2<'py, $element>,
            y: PyReadonlyArray2<'py, $element>,
            settings: Settings,
            widths: Vec<usize>,
            weights: PyReadonlyArray2<'py, f64>,
        ) -> PyResult<Model<'py, $element>> {
            refit(py, &x, &y, &settings, Some((widths, weights)))
        }
    };
}
functions!(f32, nested_f32, refit_f32, refit_banded_f32);
functions!(f64, nested_f64, refit_f64, refit_banded_f64);

/// Candidates for the weights of bands: equal ones, then draws from Dirichlet distributions.
#[pyfunction]
fn random_weights(
    py: Python<'_>,
    n_candidates: usize,
    n_bands: usize,
    concentrations: Vec<f64>,
    seed: u64,
) -> PyResult<Bound<'_, PyArray2<f64>>> {
    let weights = BandWeights::Random {
        n_candidates,
        concentrations,
        seed,
    };
    Ok(weights.draw(n_bands).map_err(value_error)?.into_pyarray(py))
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    for function in [
        wrap_pyfunction!(nested_f32, module)?,
        wrap_pyfunction!(nested_f64, module)?,
        wrap_pyfunction!(refit_f32, module)?,
        wrap_pyfunction!(refit_f64, module)?,
        wrap_pyfunction!(refit_banded_f32, module)?,
        wrap_pyfunction!(refit_banded_f64, module)?,
        wrap_pyfunction!(random_weights, module)?,
    ] {
        module.add_function(function)?;
    }
    Ok(())
}
