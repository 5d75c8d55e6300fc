//! The data of the search and the test pass.

use ndarray::{Array2, ArrayRef1, ArrayView2, s};

use super::settings::BandedRidge;
use crate::design::defects::{Defect, survey, without_defect};
use crate::design::layout::Layout;
use crate::design::plan::Plan;
use crate::design::runs::{check_features, check_targets};
use crate::design::splits::{Purpose, design};
use crate::search::block::Block;
use crate::systems::factored::Factored;
use crate::{Number, RidgeCv, RidgeError};

/// The data of the search and the test pass.
pub(super) struct Data<'d, A> {
    pub(super) model: &'d BandedRidge,
    /// Features of all runs, not weighted.
    pub(super) x: Array2<A>,
    pub(super) layout: Layout,
    pub(super) plan: Plan,
    pub(super) y: &'d [ArrayView2<'d, A>],
    /// The defect of each target, if any.
    pub(super) defects: Vec<Option<Defect>>,
    /// The targets without a defect. Search and test number only these; "target j" is column `columns[j]`.
    pub(super) columns: Vec<usize>,
}

impl<'d, A: Number> Data<'d, A> {
    pub(super) fn new(
        model: &'d BandedRidge,
        x_runs: &[ArrayView2<'_, A>],
        y_runs: &'d [ArrayView2<'d, A>],
        purpose: Purpose,
    ) -> Result<Self, RidgeError> {
        let settings = &model.ridge.settings;
        let lengths = check_features(x_runs, settings.groups.as_deref())?;
        let n_features = x_runs[0].ncols();
        let covered = model.bands.last().map_or(0, |band| band.end);
        if covered != n_features {
            return Err(RidgeError::BandWidths {
                found: covered,
                expected: n_features,
            });
        }
        let (layout, plan) = design(settings, &lengths, purpose)?;
        check_targets(y_runs, &layout)?;
        let defects = survey(y_runs);
        Ok(Self {
            model,
            x: layout.stack(x_runs),
            layout,
            plan,
            y: y_runs,
            columns: without_defect(&defects),
            defects,
        })
    }

    pub(super) fn n_folds(&self) -> usize {
        self.plan.folds.len()
    }

    /// Number of targets without a defect.
    pub(super) fn n_targets(&self) -> usize {
        self.columns.len()
    }

    /// Loads some of these targets.
    pub(super) fn load(&self, block: &mut Block<'_, A>, targets: &[usize]) -> Result<(), RidgeError> {
        let columns: Vec<usize> = targets.iter().map(|&target| self.columns[target]).collect();
        block.load(self.y, &columns)
    }

    /// Features weighted for a candidate: each band times √γ, so that one α applies to all.
    pub(super) fn weighted(
        &self,
        ridge: RidgeCv,
        weights: &ArrayRef1<f64>,
        plan: Plan,
        with_tests: bool,
    ) -> Result<Factored<A>, RidgeError> {
        let mut x = self.x.clone();
        for (band, &weight) in self.model.bands.iter().zip(weights) {
            let root = A::from_double(weight.sqrt());
            x.slice_mut(s![.., band.clone()]).mapv_inplace(|v| v * root);
        }
        Factored::from_stack(ridge, x, self.layout.clone(), plan, with_tests)
    }
}
