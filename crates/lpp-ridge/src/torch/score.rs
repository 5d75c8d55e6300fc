//! From a target set to scores on the device: validation pass, choice of penalties, test pass.

use std::ops::Deref;

use ndarray::{Array2, ArrayRef2, Axis};
use tch::{Kind, TchError, Tensor};

use super::arrays::{int, to_matrix, to_vec};
use super::choice::{BlockCurves, Totals};
use super::failed;
use super::features::TorchFeatures;
use super::targets::{Block, Targets};
use crate::fit::{AlphaChoice, RidgeCvFit};
use crate::plan::others;
use crate::{AlphaScope, Element, RidgeError};

/// Scores all targets under the settings of `prepared`.
pub(super) fn score<A, Y>(
    prepared: &TorchFeatures<A>,
    y_runs: &[Y],
    n_targets: usize,
) -> Result<RidgeCvFit, RidgeError>
where
    A: Element + tch::kind::Element,
    Y: Deref<Target = ArrayRef2<A>>,
{
    let targets = Targets::load(prepared, y_runs, n_targets).map_err(failed)?;
    match prepared.model.settings.scope {
        AlphaScope::Global => {
            let totals = validation_totals(&targets).map_err(failed)?;
            let choice = totals.choose(prepared.model.settings.nan_targets)?;
            let scores = test_with_shared_alphas(&targets, &choice).map_err(failed)?;
            assemble(&targets, &scores, &totals, AlphaChoice::Global(choice))
        }
        AlphaScope::PerTarget => {
            let (scores, choice, totals) = with_own_alphas(&targets).map_err(failed)?;
            assemble(&targets, &scores, &totals, AlphaChoice::PerTarget(choice))
        }
    }
    .map_err(failed)
}

fn assemble<A: Element + tch::kind::Element>(
    targets: &Targets<'_, A>,
    scores: &[Tensor],
    totals: &Totals,
    choice: AlphaChoice,
) -> Result<RidgeCvFit, TchError> {
    let prepared = targets.prepared;
    let fold_scores = to_matrix(&Tensor::f_cat(scores, 1)?)?;
    let validation_curves = totals.curves(prepared.model.settings.nan_targets);
    let (finite, constant) = targets.defects()?;
    Ok(RidgeCvFit {
        scores: fold_scores.sum_axis(Axis(0)) / prepared.n_runs() as f64,
        fold_scores,
        alphas: prepared.model.alphas().to_vec(),
        alpha_choice: choice,
        fully_scored: Array2::from_elem(validation_curves.raw_dim(), true),
        validation_curves,
        constant_targets: positions(&constant)?,
        non_finite_targets: positions(&finite.f_logical_not()?)?,
        validation_scores: None,
    })
}

/// Where a tensor of truth values is true.
fn positions(truth: &Tensor) -> Result<Vec<usize>, TchError> {
    let truth: Vec<bool> = to_vec(truth)?;
    Ok((0..truth.len()).filter(|&i| truth[i]).collect())
}

/// Validation scores of every penalty, summed over all targets.
fn validation_totals<A: Element + tch::kind::Element>(targets: &Targets<'_, A>) -> Result<Totals, TchError> {
    let mut totals = Totals::new(targets.prepared.n_runs(), targets.prepared.model.alphas().len());
    for block in targets.blocks() {
        let block = block?;
        totals.add(&validate(&block)?, block.width)?;
    }
    Ok(totals)
}

/// Scores (`n_runs`, width) of each block under one penalty for each test run.
fn test_with_shared_alphas<A: Element + tch::kind::Element>(
    targets: &Targets<'_, A>,
    choice: &[usize],
) -> Result<Vec<Tensor>, TchError> {
    let test = |block: Result<Block<'_, A>, TchError>| {
        let block = block?;
        let rows = choice
            .iter()
            .enumerate()
            .map(|(test, &alpha)| test_scores(&block, test, alpha, &right_side_of(&block, test)?))
            .collect::<Result<Vec<_>, _>>()?;
        Tensor::f_stack(&rows, 0)
    };
    targets.blocks().map(test).collect()
}

/// Scores (`n_runs`, width) of each block, the penalties of its targets (`n_folds`, `n_targets`), and the validation.
type OwnScores = (Vec<Tensor>, Array2<Option<usize>>, Totals);

fn with_own_alphas<A: Element + tch::kind::Element>(targets: &Targets<'_, A>) -> Result<OwnScores, TchError> {
    let mut totals = Totals::new(targets.prepared.n_runs(), targets.prepared.model.alphas().len());
    let (mut scores, mut choices) = (Vec::new(), Vec::new());
    for block in targets.blocks() {
        let block = block?;
        let curves = validate(&block)?;
        totals.add(&curves, block.width)?;
        let choice = curves.own_choice()?;
        scores.push(test_with_own_alphas(&block, &choice)?);
        choices.push(choice);
    }
    // Positions up to 2^53 are exact in double precision.
    let choice = to_matrix(&Tensor::f_cat(&choices, 1)?.f_to_kind(Kind::Double)?)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers, checked not to be negative"
    )]
    let own = choice.mapv(|index| (index >= 0.0).then_some(index as usize));
    Ok((scores, own, totals))
}

/// Scores every penalty on the validation runs.
fn validate<A: Element + tch::kind::Element>(block: &Block<'_, A>) -> Result<BlockCurves, TchError> {
    let prepared = block.prepared;
    let n_alphas = prepared.model.alphas().len();
    let mut curves = BlockCurves::new(prepared.n_runs(), n_alphas, block.width, prepared.torch.device())?;
    for (set, operators) in prepared.sets.iter().zip(&prepared.inner) {
        let (n_alphas, n_rows, order) = operators.size3()?;
        let predicted = operators
            .f_reshape([n_alphas * n_rows, order])?
            .f_matmul(&block.right_side(&set.train)?)?
            .f_reshape([n_alphas, n_rows, int(block.width)])?;
        let mut top = 0;
        for validation in &set.validations {
            let n_scans = int(prepared.layout.len(validation.run));
            let scores = block.correlate(&predicted.f_narrow(1, top, n_scans)?, validation.run)?;
            curves.add(validation.fold, &scores, &block.finite)?;
            top += n_scans;
        }
    }
    Ok(curves)
}

fn right_side_of<A: Element + tch::kind::Element>(
    block: &Block<'_, A>,
    test: usize,
) -> Result<Tensor, TchError> {
    block.right_side(&others(block.prepared.n_runs(), &[test]))
}

/// Scores of the block on one test run under one penalty, (width).
fn test_scores<A: Element + tch::kind::Element>(
    block: &Block<'_, A>,
    test: usize,
    alpha: usize,
    right: &Tensor,
) -> Result<Tensor, TchError> {
    let predicted = block.prepared.test_operator(test, alpha)?.f_matmul(right)?;
    block.correlate(&predicted, test)
}

/// Scores each target on each test run with the penalty chosen for it; `choice` and the result are (`n_runs`, width).
fn test_with_own_alphas<A: Element + tch::kind::Element>(
    block: &Block<'_, A>,
    choice: &Tensor,
) -> Result<Tensor, TchError> {
    let scores = Tensor::f_full(
        choice.size(),
        f64::NAN,
        (Kind::Double, block.prepared.torch.device()),
    )?;
    for test in 0..block.prepared.n_runs() {
        let right = right_side_of(block, test)?;
        let choice = choice.f_select(0, int(test))?;
        for alpha in 0..block.prepared.model.alphas().len() {
            let chosen = choice.f_eq(int(alpha))?;
            if chosen.f_any()?.f_int64_value(&[])? == 0 {
                continue;
            }
            let row = test_scores(block, test, alpha, &right)?;
            let mut out = scores.f_select(0, int(test))?;
            out.f_copy_(&row.f_where_self(&chosen, &out)?)?;
        }
    }
    Ok(scores)
}
