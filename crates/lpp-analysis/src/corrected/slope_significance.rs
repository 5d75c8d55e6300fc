//! One outcome per model against size, by every test that there is for it.

use crate::regression::complete;

use lpp_stats::{
    Coefficient, FixedEffect, Groups, MixedModel, RobustCoefficient, RunTest, SlopeWithout,
    cluster_robust_ols, ols, pearson, slopes_without_each_group,
};

/// The slope of an outcome on ln(parameters), as the paper tests it and with families of models as units.
///
/// Where a test is not defined (one family, too few models) it is `None`, and numbers are NaN.
///
/// ```
/// use lpp_analysis::corrected::SlopeTests;
/// let size = [18.0, 19.0, 20.0, 19.5, 21.0, 22.0, 20.5, 23.0];
/// let score: Vec<f64> = size.iter().enumerate().map(|(i, x)| 0.01 * x + 0.001 * (i % 3) as f64).collect();
/// let families = ["a", "a", "b", "b", "c", "c", "d", "d"];
/// let tests = SlopeTests::of(&size, &score, &families, &[f64::NAN; 8]);
/// assert!(tests.r > 0.98 && tests.robust.unwrap().p < 0.05 && tests.given_width.is_none());
/// ```
#[derive(Debug, Clone)]
pub struct SlopeTests {
    /// Models with a size and an outcome.
    pub n: usize,
    /// Pearson's r of outcome and ln(parameters).
    pub r: f64,
    /// p of r, which is that of the slope too: models as independent units.
    pub p: f64,
    /// Least-squares slope per unit of ln(parameters).
    pub slope: f64,
    /// The least-squares fit of that slope, models as independent units.
    pub plain: Option<Coefficient>,
    /// Cluster-robust (CR2) test of the same slope over families.
    pub robust: Option<RobustCoefficient>,
    /// Slope with a random intercept per family.
    pub mixed: Option<FixedEffect>,
    /// Slope without each family, with the family's name.
    pub without: Vec<(String, SlopeWithout)>,
    /// Slope given ln(width), cluster-robust: what size brings among models of equal feature count.
    pub given_width: Option<RobustCoefficient>,
    /// The slope with its error over runs, if the outcome is known in each run.
    pub runs: Option<RunTest>,
    /// The slope with its error over runs and families.
    pub two_way: Option<RunTest>,
}

impl SlopeTests {
    /// Tests `values` against `size`; all arguments have one entry per model.
    ///
    /// Models without a size or a value are left out of everything, models without a width of `given_width` too.
    #[must_use]
    pub fn of(size: &[f64], values: &[f64], families: &[&str], width: &[f64]) -> Self {
        let known = |with_width: bool| -> Vec<usize> {
            (0..size.len().min(values.len()))
                .filter(|&i| size[i].is_finite() && values[i].is_finite())
                .filter(|&i| !with_width || width.get(i).is_some_and(|w| w.is_finite()))
                .collect()
        };
        let models = known(false);
        let (x, y) = (pick(size, &models), pick(values, &models));
        let names: Vec<&str> = models.iter().map(|&i| families[i]).collect();
        let groups = Groups::by_label(&names);
        let correlation = pearson(&x, &y).ok();
        let without = slopes_without_each_group(&x, &y, &groups).unwrap_or_default();
        let wide = known(true);
        let wide_groups = Groups::by_label(&wide.iter().map(|&i| families[i]).collect::<Vec<_>>());
        let given = [pick(size, &wide), pick(width, &wide)];
        let plain = ols(&y, &[&x]).ok().map(|fit| *fit.slope());
        Self {
            n: models.len(),
            r: correlation.map_or(f64::NAN, |c| c.r),
            p: correlation.map_or(f64::NAN, |c| c.p),
            slope: plain.map_or(f64::NAN, |slope| slope.estimate),
            plain,
            robust: slope_of(cluster_robust_ols(&y, &[&x], &groups)),
            mixed: MixedModel::fit(&y, &[&x], &groups)
                .ok()
                .and_then(|model| model.fixed.get(1).copied()),
            without: without
                .into_iter()
                .map(|slope| (names[groups.members(slope.group)[0]].to_owned(), slope))
                .collect(),
            given_width: slope_of(cluster_robust_ols(
                &pick(values, &wide),
                &[&given[0], &given[1]],
                &wide_groups,
            )),
            runs: None,
            two_way: None,
        }
    }

    /// Adds the tests over runs, for an outcome that is known in each run.
    ///
    /// `by_run` has one entry per run with a value per model, in the order of [`of`](Self::of). The models must be the
    /// same in all runs as there; otherwise nothing is added.
    #[must_use]
    pub fn with_runs(mut self, size: &[f64], by_run: &[Vec<f64>]) -> Self {
        let slope = |values: &Vec<f64>| {
            let (x, y) = complete(size, values);
            let fit = ols(&y, &[&x]).ok().filter(|_| y.len() == self.n)?;
            Some(fit.slope().estimate)
        };
        let slopes: Option<Vec<f64>> = by_run.iter().map(slope).collect();
        self.runs = slopes.and_then(|slopes| RunTest::of(&slopes).ok());
        self.two_way = self
            .runs
            .zip(self.robust)
            .and_then(|(runs, families)| runs.with_families(&families).ok());
        self
    }

    /// The leave-one-family-out slope that supports growth least: the smallest if the slope is positive, else the
    /// largest, with the family left out.
    #[must_use]
    pub fn least_without(&self) -> Option<(&str, f64)> {
        let sign = if self.slope < 0.0 { -1.0 } else { 1.0 };
        self.without
            .iter()
            .map(|(family, without)| (family.as_str(), without.slope.estimate))
            .min_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)))
    }
}

fn pick(values: &[f64], at: &[usize]) -> Vec<f64> {
    at.iter()
        .map(|&i| values.get(i).copied().unwrap_or(f64::NAN))
        .collect()
}

fn slope_of(fit: Result<Vec<RobustCoefficient>, lpp_stats::StatsError>) -> Option<RobustCoefficient> {
    fit.ok().and_then(|coefficients| coefficients.get(1).copied())
}
