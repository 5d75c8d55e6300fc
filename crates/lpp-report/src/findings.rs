//! What was found, and how sure: the first lines of the page. All numbers are cells of `corrected_families`.

use lpp_tables::number::{compact, p_value};
use lpp_tables::{CorrectedFamilies, SpecificationCurveTest};

/// The level of the tests.
const LEVEL: f64 = 0.05;

/// Questions in the order of the page, with the end of the name of their outcome.
const QUESTIONS: [(&str, &str, &str); 6] = [
    ("score_", "", "Score"),
    (
        "l_minus_r_",
        "",
        "Left minus right, by halves of the array (paper)",
    ),
    ("l_minus_r_", "_by_x", "Left minus right, by world x"),
    ("l_minus_r_", "_pairs", "Left minus right, over homotopic pairs"),
    (
        "l_minus_r_",
        "_matched",
        "Left minus right, pairs of equal ceiling",
    ),
    (
        "l_minus_r_",
        "_over_ceiling",
        "Left minus right, as a share of the ceiling",
    ),
];

/// The question that an outcome over all voxels answers.
pub(crate) fn question(outcome: &str) -> Option<&'static str> {
    let named = |(start, end, _): &&(&str, &str, &str)| outcome == format!("{start}all{end}");
    QUESTIONS.iter().find(named).map(|(.., question)| *question)
}

/// One question, and its answer by one slope over ln(parameters).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    pub(crate) question: &'static str,
    pub(crate) row: CorrectedFamilies,
}

impl Finding {
    /// The slope per e-fold of the number of parameters.
    pub(crate) fn slope(&self) -> String {
        compact(self.row.slope_per_ln_parameter)
    }

    /// Its interval over runs.
    pub(crate) fn interval(&self) -> String {
        interval(self.row.runs_ci_low, self.row.runs_ci_high)
    }

    /// p over runs.
    pub(crate) fn runs_p(&self) -> String {
        shown(self.row.runs_p)
    }

    /// p over runs and families.
    pub(crate) fn two_way_p(&self) -> String {
        shown(self.row.two_way_p)
    }

    /// p by the paper's test, which takes models for independent units.
    pub(crate) fn models_p(&self) -> String {
        shown(self.row.p_models_as_units)
    }

    /// The answer in words.
    pub(crate) fn answer(&self) -> &'static str {
        let row = &self.row;
        let falls = row.slope_per_ln_parameter < 0.0;
        if row.runs_p.is_nan() {
            "not tested: scores of single runs are not there for every model"
        } else if row.runs_p > LEVEL {
            "not shown"
        } else if falls {
            "falls with size"
        } else if row.two_way_p <= LEVEL {
            "grows with size; shown for further models and runs too"
        } else {
            "grows with size for these models; not shown for further ones"
        }
    }
}

/// The findings over one set of voxels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Findings {
    /// Which voxels, in words.
    pub(crate) voxels: &'static str,
    pub(crate) rows: Vec<Finding>,
    /// How the layers were chosen, in words.
    pub(crate) layers: &'static str,
    pub(crate) units: String,
}

/// Findings over all and over reliable voxels; with nested layers if the study has them.
pub(crate) fn findings(table: &[CorrectedFamilies]) -> Vec<Findings> {
    let nested = table.iter().any(|row| row.layer_rule == "nested");
    let rule = if nested { "nested" } else { "best_of_test" };
    let sets = [("all", "All voxels"), ("reliable", "Reliable voxels")];
    let of_set = |(set, voxels): (&str, &'static str)| {
        let row = |(start, end, question): (&str, &str, &'static str)| {
            let outcome = format!("{start}{set}{end}");
            let row = table
                .iter()
                .find(|row| row.outcome == outcome && row.layer_rule == rule)?;
            let row = row.clone();
            (!row.slope_per_ln_parameter.is_nan()).then_some(Finding { question, row })
        };
        let rows: Vec<Finding> = QUESTIONS.into_iter().filter_map(row).collect();
        let first = &rows.first()?.row;
        let runs = first.n_runs.map(|n| format!(", {n} test runs"));
        Some(Findings {
            voxels,
            layers: if nested {
                "layers chosen inside the training runs"
            } else {
                "the best layer of each voxel on the test runs, which makes scores too high"
            },
            units: format!(
                "{} models of {} families{}",
                first.n_models,
                first.n_families,
                runs.unwrap_or_default()
            ),
            rows,
        })
    };
    sets.into_iter().filter_map(of_set).collect()
}

/// What would change the answer: all combinations of choices at once.
pub(crate) fn all_choices(table: &[SpecificationCurveTest]) -> Option<String> {
    let row = table.first().filter(|row| row.n_specifications > 0)?;
    let joint = if row.joint_p.is_nan() {
        String::new()
    } else {
        format!(
            "; joint p of {} of them {} (sides of whole runs exchanged)",
            row.n_tested,
            shown(row.joint_p)
        )
    };
    Some(format!(
        "Left minus right under {} combinations of sides, voxels, layers, ceilings, runs and families: slope above 0 in {:.0} %, p over runs of 0.05 or less, for a slope of either sign, in {:.0} %{joint}.",
        row.n_specifications,
        100.0 * row.share_positive,
        100.0 * row.share_significant,
    ))
}

/// An interval; a dash where there is none.
pub(crate) fn interval(low: f64, high: f64) -> String {
    if low.is_nan() || high.is_nan() {
        return "–".to_owned();
    }
    format!("{} to {}", compact(low), compact(high))
}

/// A p-value without its name; a dash where there is none.
fn shown(p: f64) -> String {
    if p.is_nan() {
        return "–".to_owned();
    }
    let text = p_value(p);
    text.trim_start_matches("p = ")
        .trim_start_matches("p ")
        .to_owned()
}
