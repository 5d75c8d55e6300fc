//! The fit of a model to all runs.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::score::score;
use crate::design::splits::Purpose;
use crate::results::ridge_model::RidgeModel;
use crate::systems::factored::Factored;
use crate::{AlphaChoice, Number, RidgeCv, RidgeError};

/// Targets solved together.
const WIDTH: usize = 2048;

/// Fits one model to all runs, its penalty chosen by cross-validation over them.
pub(crate) fn refit<A: Number>(
    ridge: &RidgeCv,
    x_runs: &[ArrayView2<'_, A>],
    y_runs: &[ArrayView2<'_, A>],
) -> Result<RidgeModel<A>, RidgeError> {
    let mut keeping = ridge.clone();
    keeping.settings.validation_scores = true;
    let factored = Factored::new(keeping, x_runs, Purpose::Model)?;
    let fit = score(&factored, y_runs)?;
    let n_targets = fit.scores.len();
    let mut model = RidgeModel::empty(factored.n_features(), n_targets, 1);
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
        ridge.in_pool(|| solve(&mut model, &factored, index, y_runs, &columns))?;
    }
    Ok(model)
}

/// Solves some targets with one penalty.
pub(crate) fn solve<A: Number>(
    model: &mut RidgeModel<A>,
    factored: &Factored<A>,
    index: usize,
    y_runs: &[ArrayView2<'_, A>],
    columns: &[usize],
) -> Result<(), RidgeError> {
    if columns.is_empty() {
        return Ok(());
    }
    let x = factored.x.mapv(Number::to_double);
    let solved: Vec<Array2<f64>> = columns
        .par_chunks(WIDTH)
        .map(|columns| factored.solve(0, index, &x, &factored.stacked_targets(y_runs, columns)))
        .collect::<Result<_, _>>()?;
    let solved = solved.iter().flat_map(|part| part.axis_iter(Axis(1)));
    for (values, &column) in solved.zip(columns) {
        model
            .coefficients
            .column_mut(column)
            .assign(&values.mapv(A::from_double));
        model
            .alphas
            .column_mut(column)
            .fill(factored.model.alphas()[index]);
    }
    Ok(())
}
