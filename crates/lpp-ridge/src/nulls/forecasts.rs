//! The predictions of a fit at its penalties: one matrix for each pair of a predicted run and a training run.

use ndarray::{Array2, ArrayRef2, s};
use rayon::prelude::*;

use crate::engine::product::product;
use crate::systems::factored::Factored;
use crate::{Number, RidgeError};

/// The predictions that are scored.
#[derive(Debug, Clone, Copy)]
pub enum Scored<'f> {
    /// The tests of these folds.
    Tests(&'f [usize]),
    /// Every validation of every fold.
    Validations,
}

/// The prediction of one run.
pub(super) struct Forecast<A> {
    /// The predicted run.
    pub(super) of: usize,
    /// Each training run with the transposed matrix that turns its targets into its part of the prediction: (scans of
    /// the training run, scans of the predicted run). Predictions have mean 0 over the predicted run.
    pub(super) hats: Vec<(usize, Array2<A>)>,
}

impl<A: Number> Factored<A> {
    /// The predictions with one penalty per fold.
    pub(super) fn forecasts(
        &self,
        scored: Scored<'_>,
        alphas: &[usize],
    ) -> Result<Vec<Forecast<A>>, RidgeError> {
        match scored {
            Scored::Tests(folds) => {
                let with_alpha = |&fold: &usize| Some((fold, *alphas.get(fold)?));
                let used: Option<Vec<_>> = folds.iter().map(with_alpha).collect();
                let used = used.ok_or(RidgeError::NullsUnsupported {
                    what: "folds that do not exist",
                })?;
                self.make_test_operators(&used)?;
                let of_fold = |&(fold, alpha): &(usize, usize)| {
                    let operator = self.test_operator(fold, alpha)?;
                    Ok(self.forecast(fold, operator, &self.plan.folds[fold].train))
                };
                used.par_iter().map(of_fold).collect()
            }
            Scored::Validations => self.validations(alphas),
        }
    }

    fn validations(&self, alphas: &[usize]) -> Result<Vec<Forecast<A>>, RidgeError> {
        let mut forecasts = Vec::new();
        for (set, operators) in self.plan.sets.iter().zip(&self.inner) {
            let mut top = 0;
            for validation in &set.validations {
                let [of] = self.plan.scored[validation.scored][..] else {
                    return Err(RidgeError::NullsUnsupported {
                        what: "validation on several runs at once",
                    });
                };
                let bottom = top + self.layout.len(of);
                let operator = operators[alphas[validation.fold]].slice(s![top..bottom, ..]);
                forecasts.push(self.forecast(of, &operator, &set.train));
                top = bottom;
            }
        }
        Ok(forecasts)
    }

    fn forecast(&self, of: usize, operator: &ArrayRef2<A>, train: &[usize]) -> Forecast<A> {
        let mut left = 0;
        let of_run = |&run: &usize| {
            let rows = self.layout.rows(run);
            let mut hat = if self.is_primal() {
                product(&self.x.slice(s![rows, ..]), &operator.t())
            } else {
                left += rows.len();
                operator
                    .slice(s![.., left - rows.len()..left])
                    .t()
                    .as_standard_layout()
                    .into_owned()
            };
            for mut row in hat.rows_mut() {
                let mean = row.iter().map(|v| v.to_double()).sum::<f64>() / row.len() as f64;
                row.mapv_inplace(|v| A::from_double(v.to_double() - mean));
            }
            (run, hat)
        };
        Forecast {
            of,
            hats: train.iter().map(of_run).collect(),
        }
    }
}
