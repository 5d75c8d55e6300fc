//! Features on the device, factored once for any number of target sets.

use std::cell::OnceCell;
use std::marker::PhantomData;
use std::ops::Deref;

use ndarray::ArrayRef2;
use tch::{Kind, TchError, Tensor};

use super::arrays::{int, stack_runs};
use super::factor::penalised_readout;
use super::gram::Gram;
use super::score::score;
use super::{Torch, failed};
use crate::plan::{InnerSet, inner_sets, is_primal, others};
use crate::runs::{RunLayout, check_features, check_targets};
use crate::{Element, PreparedRidge, RidgeCv, RidgeCvFit, RidgeError};

/// The features of all runs on a device, with everything about the fit that does not depend on the targets.
///
/// Made by [`Torch`]; the counterpart of [`crate::PreparedFeatures`]. It holds the features, their Gram matrices and the
/// validation operators (penalties × predicted scans × order of the system) on the device, and each operator of a test
/// run from when its penalty is first chosen. It may move to another thread, but two threads cannot share it.
#[derive(Debug)]
pub struct TorchFeatures<A> {
    pub(super) torch: Torch,
    pub(super) model: RidgeCv,
    pub(super) layout: RunLayout,
    /// Features of all runs, (`n_scans`, `n_features`).
    pub(super) x: Tensor,
    pub(super) gram: Gram,
    pub(super) sets: Vec<InnerSet>,
    /// Of each inner set: (`n_alphas`, scans of all its validation runs, system order).
    pub(super) inner: Vec<Tensor>,
    test: Vec<Vec<OnceCell<Tensor>>>,
    element: PhantomData<A>,
}

impl<A: Element + tch::kind::Element> TorchFeatures<A> {
    pub(super) fn new<X>(torch: Torch, model: RidgeCv, x_runs: &[X]) -> Result<Self, RidgeError>
    where
        X: Deref<Target = ArrayRef2<A>>,
    {
        let layout = check_features(x_runs, None)?;
        let n_alphas = model.alphas().len();
        let sets = inner_sets(layout.n_runs(), model.settings.inner);
        let primal = is_primal(
            model.settings.formulation,
            x_runs[0].ncols(),
            &layout,
            &sets,
            n_alphas,
        );
        let x = stack_runs(x_runs, &layout, torch.device()).map_err(failed)?;
        let gram = Gram::new(&x, &layout, primal).map_err(failed)?;
        let row = || (0..n_alphas).map(|_| OnceCell::new()).collect();
        let mut features = Self {
            test: (0..layout.n_runs()).map(|_| row()).collect(),
            torch,
            model,
            layout,
            x,
            gram,
            sets,
            inner: Vec::new(),
            element: PhantomData,
        };
        features.inner = features
            .sets
            .iter()
            .map(|set| features.inner_operators(set))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        Ok(features)
    }

    fn inner_operators(&self, set: &InnerSet) -> Result<Tensor, TchError> {
        let predict: Vec<usize> = set.validations.iter().map(|v| v.run).collect();
        let system = self.gram.system(&set.train, &self.layout)?;
        let readout = self.gram.readout(&predict, &set.train, &self.x, &self.layout)?;
        let (n_rows, order) = readout.size2()?;
        let n_alphas = int(self.model.alphas().len());
        let operators = Tensor::f_zeros([n_alphas, n_rows, order], (A::KIND, self.torch.device()))?;
        for (index, &alpha) in self.model.alphas().iter().enumerate() {
            operators
                .f_select(0, int(index))?
                .f_copy_(&penalised_readout(&system, alpha, &readout)?)?;
        }
        Ok(operators)
    }

    /// The operator of one test run under one penalty: (scans of the run, system order).
    pub(super) fn test_operator(&self, test: usize, alpha: usize) -> Result<&Tensor, TchError> {
        let cell = &self.test[test][alpha];
        if let Some(operator) = cell.get() {
            return Ok(operator);
        }
        let train = others(self.layout.n_runs(), &[test]);
        let system = self.gram.system(&train, &self.layout)?;
        let readout = self.gram.readout(&[test], &train, &self.x, &self.layout)?;
        let operator = penalised_readout(&system, self.model.alphas()[alpha], &readout)?
            .f_to_kind(A::KIND)?
            .f_contiguous()?;
        Ok(cell.get_or_init(|| operator))
    }

    /// How many targets go through at once: as many as the bound on working memory allows, one at least.
    pub(super) fn block_width(&self, n_targets: usize) -> usize {
        let (element, double) = (A::KIND.elt_size_in_bytes(), Kind::Double.elt_size_in_bytes());
        let longest = (0..self.n_runs()).map(|r| self.layout.len(r)).max().unwrap_or(0);
        let rows = |set: &InnerSet| set.validations.iter().map(|v| self.layout.len(v.run)).sum();
        let most_rows: usize = self.sets.iter().map(rows).max().unwrap_or(0);
        let n_features = self
            .x
            .size()
            .last()
            .map_or(0, |&p| usize::try_from(p).unwrap_or(0));
        let right = if self.gram.is_primal() {
            n_features * (self.n_runs() + 1)
        } else {
            self.layout.n_scans()
        };
        // Predictions of all penalties, and at most three copies of one run's in double precision while they are summed.
        let predictions = self.model.alphas().len() * (most_rows * element + 3 * longest * double);
        (self.torch.block_bytes / (predictions + right * element)).clamp(1, n_targets)
    }

    pub(super) fn n_runs(&self) -> usize {
        self.layout.n_runs()
    }
}

impl<A: Element + tch::kind::Element> PreparedRidge<A> for TorchFeatures<A> {
    fn score<Y>(&self, y_runs: &[Y]) -> Result<RidgeCvFit, RidgeError>
    where
        Y: Deref<Target = ArrayRef2<A>> + Sync,
    {
        let n_targets = check_targets(y_runs, &self.layout)?;
        score(self, y_runs, n_targets)
    }

    fn model(&self) -> &RidgeCv {
        &self.model
    }

    fn is_primal(&self) -> bool {
        self.gram.is_primal()
    }
}
