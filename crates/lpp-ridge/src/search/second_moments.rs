//! Mean R² of every penalty, from second moments of the targets instead of predictions.
//!
//! The operator M of a penalty predicts the validation scans of a target as M t, with t its training scans (or their
//! products with the features). If y are its validation scans and s is their sum of squares about the mean, R² is
//! 1 − ‖y − M t‖² / s. The sum over targets needs only the second moments C = Σ z zᵀ / s of their scans z:
//! Σ ‖y − M t‖² / s = `tr C_yy + tr M (C_tt Mᵀ − 2 C_ty)`. So a target is multiplied once for each validation set, whatever the
//! number of penalties, and no penalty has to be dropped early.
//!
//! Targets are summed in the order of their values. So neither their order, nor targets that are left out, nor the
//! threads change the sums.

use std::cmp::Ordering;

use ndarray::{Array1, Array2, ArrayView2, Zip, s};
use rayon::prelude::*;

use super::block::{load_targets, rows_of};
use super::validated::Validated;
use super::validation::Candidates;
use crate::design::layout::block_of;
use crate::design::plan::InnerSet;
use crate::engine::pearson::TargetMoments;
use crate::engine::product::product;
use crate::systems::factored::Factored;
use crate::{AlphaScope, AlphaSearch, Metric, Number, RidgeError};

/// Targets multiplied at a time; in single precision this many products are summed before they go to double.
const WIDTH: usize = 384;

/// Rows of the second moments computed at a time, on one thread each.
const STRIP: usize = 128;

/// Memory for the second moments of the validation sets that share a pass over the targets; one set may need more.
const MOST_BYTES: usize = 1 << 28;

/// Mean R² of all penalties, if the settings ask for it and this is the cheapest way; `None` otherwise, or if some target
/// is constant or not finite in a validation set.
pub(crate) fn mean_r_squared<A: Number>(
    factored: &Factored<A>,
    y: &[ArrayView2<'_, A>],
    columns: &[usize],
) -> Result<Option<Validated>, RidgeError> {
    if !is_cheapest(factored, columns.len()) {
        return Ok(None);
    }
    let scored: Vec<usize> = (0..factored.plan.scored.len())
        .filter(|&scored| !uses_of(factored, scored).is_empty())
        .collect();
    let columns = ordered_by_value(y, columns);
    let shape = (factored.n_folds(), factored.model.alphas().len());
    let (mut errors, mut n_validations) = (Array2::<f64>::zeros(shape), vec![0_u32; shape.0]);
    let n_scans = factored.layout.n_scans();
    let at_a_time = (MOST_BYTES / (4 * n_scans * n_scans)).max(1);
    for scored in scored.chunks(at_a_time) {
        let Some(moments) = second_moments(factored, y, &columns, scored)? else {
            return Ok(None);
        };
        for (&scored, strips) in scored.iter().zip(&moments) {
            let moments = symmetric(strips, n_scans);
            let uses = uses_of(factored, scored);
            let of_uses: Vec<Array1<f64>> = uses
                .par_iter()
                .map(|one| errors_of(factored, &moments, scored, one))
                .collect::<Result<_, RidgeError>>()?;
            for (one, of_use) in uses.iter().zip(&of_uses) {
                let mut row = errors.row_mut(one.fold);
                row += of_use;
                n_validations[one.fold] += 1;
            }
        }
    }
    let mut curves = errors;
    for (mut row, n) in curves.outer_iter_mut().zip(n_validations) {
        row.mapv_inplace(|sum| 1.0 - sum / (f64::from(n) * columns.len() as f64));
    }
    Ok(curves.iter().all(|mean| mean.is_finite()).then(|| Validated {
        curves,
        full: Array2::from_elem(shape, true),
        candidates: Candidates::all(shape.0, shape.1),
        n_unusable: vec![0; shape.0],
    }))
}

/// Share of the products over targets that a screened search is taken to need.
const SCREENED_SHARE: usize = 8;

/// Compares multiplications with those of the products over targets.
fn is_cheapest<A: Number>(factored: &Factored<A>, n_targets: usize) -> bool {
    let settings = &factored.model.settings;
    if settings.metric != Metric::R2 || settings.scope != AlphaScope::Global || settings.engine.works_alone()
    {
        return false;
    }
    let (layout, plan) = (&factored.layout, &factored.plan);
    let n_alphas = factored.model.alphas().len();
    let n_scored = (0..plan.scored.len()).filter(|&scored| !uses_of(factored, scored).is_empty());
    let mut moments = n_scored.count() * n_targets * layout.n_scans().pow(2) / 2;
    let mut products = 0;
    for (set, operators) in plan.sets.iter().zip(&factored.inner) {
        let (n_rows, order) = operators[0].dim();
        let n_train = layout.total(&set.train);
        products += n_rows * order * n_alphas * n_targets;
        moments += n_rows * order * n_alphas * order;
        if factored.is_primal() {
            moments += set.validations.len() * order * n_train * (n_train + order);
        }
    }
    match settings.search {
        AlphaSearch::Exhaustive => moments < products,
        AlphaSearch::Screened { .. } => moments < products / SCREENED_SHARE,
    }
}

/// A validation of a fold: its inner set, and its first row in the operators.
struct Use {
    set: usize,
    top: usize,
    fold: usize,
}

/// The validations that are scored on one set of rows.
fn uses_of<A: Number>(factored: &Factored<A>, scored: usize) -> Vec<Use> {
    let rows = |scored: usize| factored.layout.total(&factored.plan.scored[scored]);
    let of_set = |(set, InnerSet { validations, .. }): (usize, &InnerSet)| {
        let mut top = 0;
        let mut uses = Vec::new();
        for validation in validations {
            if validation.scored == scored {
                let fold = validation.fold;
                uses.push(Use { set, top, fold });
            }
            top += rows(validation.scored);
        }
        uses
    };
    factored.plan.sets.iter().enumerate().flat_map(of_set).collect()
}

/// The columns in the order of their values: first scan first.
fn ordered_by_value<A: Number>(y: &[ArrayView2<'_, A>], columns: &[usize]) -> Vec<usize> {
    let compare = |a: &usize, b: &usize| {
        let scans = y.iter().flat_map(|run| run.rows());
        scans
            .map(|scan| scan[*a].to_double().total_cmp(&scan[*b].to_double()))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    };
    let mut ordered = columns.to_vec();
    ordered.par_sort_by(compare);
    ordered
}

/// Lower part of a symmetric matrix (`n_scans`, `n_scans`), in strips of rows.
type Strips = Vec<Array2<f64>>;

/// Second moments over all scans for each validation set, by whose sum of squares each target is divided. `None` if a
/// target has no R² on one of them.
fn second_moments<A: Number>(
    factored: &Factored<A>,
    y: &[ArrayView2<'_, A>],
    columns: &[usize],
    scored: &[usize],
) -> Result<Option<Vec<Strips>>, RidgeError> {
    let layout = &factored.layout;
    let n_scans = layout.n_scans();
    let strip = |top: usize| Array2::zeros((STRIP.min(n_scans - top), (top + STRIP).min(n_scans)));
    let strips: Strips = (0..n_scans).step_by(STRIP).map(strip).collect();
    let mut all = vec![strips; scored.len()];
    let mut stack = Array2::zeros((n_scans, WIDTH));
    for columns in columns.chunks(WIDTH) {
        factored.model.check_stop()?;
        load_targets(layout, y, columns, &mut stack);
        let targets = stack.slice(s![.., ..columns.len()]);
        for (strips, &scored) in all.iter_mut().zip(scored) {
            let rows = layout.ranges(&factored.plan.scored[scored]);
            let validation = TargetMoments::new(&rows_of(&targets, &rows));
            let scale: Array1<A> = (0..columns.len())
                .map(|target| A::from_double(validation.spread(target).sqrt().recip()))
                .collect();
            if !scale.iter().all(|scale| scale.is_finite()) {
                return Ok(None);
            }
            let scaled = &targets * &scale;
            strips.par_iter_mut().enumerate().for_each(|(index, strip)| {
                let top = index * STRIP;
                let rows = scaled.slice(s![top..top + strip.nrows(), ..]);
                let sum = product(&rows, &scaled.slice(s![..strip.ncols(), ..]).t());
                strip.zip_mut_with(&sum, |total, part| *total += part.to_double());
            });
        }
    }
    Ok(Some(all))
}

/// Sum over targets of ‖y − M t‖² / s for each penalty, in one validation of a fold.
fn errors_of<A: Number>(
    factored: &Factored<A>,
    moments: &Array2<A>,
    scored: usize,
    of: &Use,
) -> Result<Array1<f64>, RidgeError> {
    factored.model.check_stop()?;
    let layout = &factored.layout;
    let train = layout.ranges(&factored.plan.sets[of.set].train);
    let rows = layout.ranges(&factored.plan.scored[scored]);
    let mut between = block_of(moments, &rows, &train);
    let mut within = block_of(moments, &train, &train);
    if factored.is_primal() {
        let x = rows_of(&factored.x, &train);
        between = product(&between, &x);
        within = product(&x.t(), &product(&within, &x));
    }
    let own: f64 = rows
        .iter()
        .flat_map(Clone::clone)
        .map(|row| moments[[row, row]].to_double())
        .sum();
    let error = |operator: &Array2<A>| {
        let operator = operator.slice(s![of.top..of.top + between.nrows(), ..]);
        Zip::from(&product(&operator, &within))
            .and(&between)
            .and(&operator)
            .fold(own, |sum, within, between, m| {
                sum + m.to_double() * (within.to_double() - 2.0 * between.to_double())
            })
    };
    Ok(factored.inner[of.set].iter().map(error).collect())
}

/// The matrix whose lower part these strips are.
fn symmetric<A: Number>(strips: &[Array2<f64>], n_scans: usize) -> Array2<A> {
    let mut all = Array2::zeros((n_scans, n_scans));
    for (index, strip) in strips.iter().enumerate() {
        let (rows, columns) = (index * STRIP..index * STRIP + strip.nrows(), ..strip.ncols());
        let rounded = strip.mapv(A::from_double);
        all.slice_mut(s![columns, rows.clone()]).assign(&rounded.t());
        all.slice_mut(s![rows, columns]).assign(&rounded);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::runs::matrices;
    use crate::design::splits::Purpose;
    use crate::{Folds, Formulation, InnerValidation, RidgeCv, RidgeCvParams, standardise_columns};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const N_TARGETS: usize = 1200;

    /// Runs of features, and of targets that depend on some of them; their means are not 0. They have more scans than a strip.
    fn study() -> (Vec<Array2<f64>>, Vec<Array2<f64>>) {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut noise = |shape| Array2::from_shape_simple_fn(shape, || rng.random_range(-1.0..1.0));
        let weights = noise((40, N_TARGETS));
        [41, 36, 43, 39]
            .map(|n| {
                let x = standardise_columns(&noise((n, 40)));
                let y = product(&x, &weights) + noise((n, N_TARGETS)) * 9.0 + 0.3;
                (x, y)
            })
            .into_iter()
            .unzip()
    }

    fn settings() -> RidgeCvParams {
        let alphas: Vec<f64> = (0..14).map(|i| 10_f64.powf(f64::from(i) / 2.0 - 1.0)).collect();
        RidgeCv::params()
            .alphas(alphas)
            .metric(Metric::R2)
            .inner(InnerValidation::All)
            .alpha_search(AlphaSearch::Exhaustive)
    }

    fn means<A: crate::Element>(
        params: &RidgeCvParams,
        x: &[Array2<A>],
        y: &[Array2<A>],
    ) -> Option<Array2<f64>> {
        let model = params.clone().check().unwrap();
        let factored = Factored::new(model, &matrices(x), Purpose::Scores).unwrap();
        let columns: Vec<usize> = (0..y[0].ncols()).collect();
        let found = mean_r_squared(&factored, &matrices(y), &columns).unwrap();
        found.map(|validated| validated.curves)
    }

    #[test]
    fn means_are_those_of_the_scores_of_all_targets() {
        let (x, y) = study();
        let single = |runs: &[Array2<f64>]| {
            runs.iter()
                .map(|run| run.mapv(f32::from_double))
                .collect::<Vec<_>>()
        };
        for formulation in [Formulation::Primal, Formulation::Dual] {
            for folds in [Folds::Runs, Folds::Chunks { per_run: 1, gap: 2 }] {
                let params = settings().formulation(formulation).folds(folds);
                let own = params.clone().alpha_scope(AlphaScope::PerTarget).check().unwrap();
                let expected = own.fit(&x, &y).unwrap().validation_curves; // scores one target at a time
                let distance =
                    |found: &Array2<f64>| (found - &expected).iter().fold(0.0, |m: f64, d| m.max(d.abs()));
                let (double, rounded) = (
                    means(&params, &x, &y).unwrap(),
                    means(&params, &single(&x), &single(&y)),
                );
                // sums of a thousand targets with R² of some tenths, in another order
                assert!(distance(&double) < 1e-12, "{}", distance(&double));
                assert!(distance(&rounded.unwrap()) < 2e-6);
            }
        }
    }

    #[test]
    fn neither_the_order_of_targets_nor_threads_change_a_bit() {
        let (x, y) = study();
        let order: Vec<usize> = (0..N_TARGETS).map(|i| (i * 367 + 11) % N_TARGETS).collect();
        let shuffled: Vec<_> = y.iter().map(|y| y.select(ndarray::Axis(1), &order)).collect();
        let expected = means(&settings(), &x, &y).unwrap();
        assert_eq!(means(&settings(), &x, &shuffled), Some(expected.clone()));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        assert_eq!(pool.install(|| means(&settings(), &x, &y)), Some(expected));
    }

    #[test]
    fn a_constant_target_changes_no_bit_of_the_others() {
        let (x, y) = study();
        let model = settings().check().unwrap();
        let alone = model.fit(&x, &y).unwrap();
        let mut dead = y.clone();
        for (run, y) in dead.iter_mut().enumerate() {
            let value = if run == 2 { 437.3 } else { f64::NAN };
            let column = Array2::from_shape_fn((y.nrows(), 1), |(i, _)| value.max((i as f64).sin()));
            *y = ndarray::concatenate![ndarray::Axis(1), column, *y];
        }
        let beside = model.fit(&x, &dead).unwrap();
        assert_eq!(beside.constant_targets, [0]);
        assert_eq!(beside.alpha_index(), alone.alpha_index());
        assert_eq!(beside.validation_curves, alone.validation_curves);
        assert_eq!(beside.fold_scores.slice(s![.., 1..]), alone.fold_scores);
    }

    #[test]
    fn a_target_without_a_score_leaves_the_means_to_the_scores_of_targets() {
        let (x, mut y) = study();
        y[2].column_mut(5).fill(0.3);
        assert!(means(&settings(), &x, &y).is_none());
    }

    /// Features of three short runs.
    fn factored(params: RidgeCvParams) -> Factored<f64> {
        let x = [4, 5, 6].map(|n| Array2::from_shape_fn((n, 2), |(i, j)| ((n + i * (j + 2)) as f64).sin()));
        Factored::new(params.check().unwrap(), &matrices(&x), Purpose::Scores).unwrap()
    }

    #[test]
    fn second_moments_are_used_where_they_take_fewer_multiplications() {
        let params = |n_alphas: u32| {
            let alphas: Vec<f64> = (1..=n_alphas).map(f64::from).collect();
            settings().alphas(alphas)
        };
        let screened = |params: RidgeCvParams| {
            params.alpha_search(AlphaSearch::Screened {
                n_targets: 2,
                sigmas: 6.0,
                seed: 0,
            })
        };
        let (primal, dual) = (Formulation::Primal, Formulation::Dual);
        // The three sets train on 6, 5 and 4 scans and predict 9, 10 and 11 of 15. With N targets, the second moments take
        // 3 N 15² / 2 multiplications. Primal, 11 penalties: products 660 N; the errors 30 · 2 · 11 · 2 = 1320, and
        // products with the features Σ 2 · 2 n (n + 2) = 192 + 140 + 96. Dual, 10 penalties: products 1480 N; the errors
        // 10 · (9 · 36 + 10 · 25 + 11 · 16) = 7500. A screened search takes an eighth of the products.
        for (params, least) in [
            (params(11).formulation(primal), 6),
            (params(10).formulation(dual), 7),
            (screened(params(100)).formulation(primal), 31),
        ] {
            let factored = factored(params);
            assert!(is_cheapest(&factored, least), "{least}");
            assert!(!is_cheapest(&factored, least - 1), "{least}");
        }
        for other in [
            params(10).metric(Metric::Pearson),
            params(10).alpha_scope(AlphaScope::PerTarget),
            screened(params(10)),
        ] {
            assert!(!is_cheapest(&factored(other.formulation(primal)), 1000));
        }
    }

    #[test]
    fn strips_of_the_lower_part_give_the_symmetric_matrix() {
        let n = 2 * STRIP + 44;
        let whole = Array2::from_shape_fn((n, n), |(i, j)| (i.min(j) * 1000 + i.max(j)) as f64);
        let strip = |top: usize| {
            let bottom = (top + STRIP).min(n);
            whole.slice(s![top..bottom, ..bottom]).to_owned()
        };
        let strips: Strips = (0..n).step_by(STRIP).map(strip).collect();
        assert_eq!(symmetric::<f64>(&strips, n), whole);
    }
}
