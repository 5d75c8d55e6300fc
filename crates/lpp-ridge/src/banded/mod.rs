//! Banded ridge regression: several feature spaces, each with its own penalty.

mod data;
mod fit;
pub(crate) mod permuted;
mod search;
mod settings;
mod split;
mod test_pass;
mod walk;
mod weights;

use ndarray::ArrayView2;

pub use fit::{BandChoice, BandedRidgeFit};
pub use settings::{BandedRidge, BandedRidgeParams};
pub use weights::BandWeights;

use crate::design::splits::Purpose;
use crate::{Number, RidgeError, RidgeModel};
use data::Data;

/// Chooses weights and penalties within the training runs and scores the test runs.
pub(crate) fn fit<A: Number>(
    model: &BandedRidge,
    x_runs: &[ArrayView2<'_, A>],
    y_runs: &[ArrayView2<'_, A>],
) -> Result<BandedRidgeFit, RidgeError> {
    model.ridge.in_pool(|| {
        let data = Data::new(model, x_runs, y_runs, Purpose::Scores)?;
        test_pass::test(&data)
    })
}

/// Chooses as for a fit, then fits one model to all runs.
pub(crate) fn refit<A: Number>(
    model: &BandedRidge,
    x_runs: &[ArrayView2<'_, A>],
    y_runs: &[ArrayView2<'_, A>],
) -> Result<RidgeModel<A>, RidgeError> {
    model.ridge.in_pool(|| {
        let data = Data::new(model, x_runs, y_runs, Purpose::Model)?;
        let found = search::search(&data, |_, _| Ok(()))?;
        test_pass::solve(&data, &found)
    })
}
