//! Runs passed by callers, and their checks.

use std::rc::Rc;
use std::sync::Arc;

use ndarray::{ArrayBase, ArrayRef2, ArrayView2, Data, Ix2};

use super::layout::Layout;
use crate::{Number, RidgeError};

/// The matrix of one run: an array, a view, or anything that points to one.
///
/// ```
/// use std::sync::Arc;
///
/// use lpp_ridge::RidgeCv;
/// use ndarray::{Array2, ArrayView2};
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// // Three runs of 20 scans and 2 columns.
/// let runs: Vec<Array2<f64>> =
///     (0..3).map(|r| Array2::from_shape_fn((20, 2), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
/// let model = RidgeCv::params().alphas([1.0]).check()?;
/// let plain = model.fit(&runs, &runs)?;
/// let views: Vec<ArrayView2<f64>> = runs.iter().map(|run| run.view()).collect();
/// let shared: Vec<Arc<Array2<f64>>> = runs.iter().cloned().map(Arc::new).collect();
/// assert_eq!(model.fit(&views, &shared)?.scores, plain.scores);
/// assert_eq!(model.fit(&[&runs[0], &runs[1], &runs[2]], &runs)?.scores, plain.scores);
/// # Ok(())
/// # }
/// ```
pub trait Run {
    /// `f32` or `f64`.
    type Element;

    /// The matrix, (`n_scans`, `n_columns`).
    fn matrix(&self) -> ArrayView2<'_, Self::Element>;
}

impl<S: Data> Run for ArrayBase<S, Ix2> {
    type Element = S::Elem;

    fn matrix(&self) -> ArrayView2<'_, S::Elem> {
        self.view()
    }
}

impl<A> Run for ArrayRef2<A> {
    type Element = A;

    fn matrix(&self) -> ArrayView2<'_, A> {
        self.view()
    }
}

macro_rules! pointers {
    ($($pointer:ty),+) => {
        $(impl<R: Run + ?Sized> Run for $pointer {
            type Element = R::Element;

            fn matrix(&self) -> ArrayView2<'_, R::Element> {
                (**self).matrix()
            }
        })+
    };
}
pointers!(&R, Box<R>, Rc<R>, Arc<R>);

/// The matrices of all runs.
pub(crate) fn matrices<R: Run>(runs: &[R]) -> Vec<ArrayView2<'_, R::Element>> {
    runs.iter().map(Run::matrix).collect()
}

/// Checks features; returns the number of scans of each run.
pub(crate) fn check_features<A: Number>(
    runs: &[ArrayView2<'_, A>],
    groups: Option<&[usize]>,
) -> Result<Vec<usize>, RidgeError> {
    let Some(first) = runs.first() else {
        return Err(RidgeError::NoRuns);
    };
    for (run, x) in runs.iter().enumerate() {
        check_feature_run(run, x, first.ncols())?;
    }
    if let Some(groups) = groups
        && groups.len() != runs.len()
    {
        return Err(RidgeError::GroupCount {
            found: groups.len(),
            expected: runs.len(),
        });
    }
    Ok(runs.iter().map(ndarray::ArrayBase::nrows).collect())
}

fn check_feature_run<A: Number>(run: usize, x: &ArrayRef2<A>, expected: usize) -> Result<(), RidgeError> {
    let (n_scans, found) = x.dim();
    if found == 0 {
        return Err(RidgeError::NoFeatures { run });
    }
    if found != expected {
        return Err(RidgeError::FeatureCount { run, found, expected });
    }
    if n_scans < 2 {
        return Err(RidgeError::TooFewScans { run, found: n_scans });
    }
    match x.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((scan, feature), value)) => Err(RidgeError::NonFiniteFeature {
            run,
            scan,
            feature,
            value: value.to_double(),
        }),
        None => Ok(()),
    }
}

/// Checks that targets match the features; returns their number.
pub(crate) fn check_targets<A: Number>(
    runs: &[ArrayView2<'_, A>],
    layout: &Layout,
) -> Result<usize, RidgeError> {
    if runs.len() != layout.n_runs() {
        return Err(RidgeError::RunCount {
            found: runs.len(),
            expected: layout.n_runs(),
        });
    }
    let n_targets = runs[0].ncols();
    if n_targets == 0 {
        return Err(RidgeError::NoTargets);
    }
    for (run, y) in runs.iter().enumerate() {
        if y.ncols() != n_targets {
            return Err(RidgeError::TargetCount {
                run,
                found: y.ncols(),
                expected: n_targets,
            });
        }
        let expected = layout.n_rows_of_run(run);
        if y.nrows() != expected {
            return Err(RidgeError::ScanCount {
                run,
                found: y.nrows(),
                expected,
            });
        }
    }
    Ok(n_targets)
}
