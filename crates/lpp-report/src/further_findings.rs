//! Lines behind the findings: the law of growth, subjects and runs, explained variance divided. Each number is a cell of the table
//! that the line names.

use lpp_tables::number::{compact, p_value};
use lpp_tables::{CorrectedCrossed, GrowthLaw, Row, VariancePartition};

use crate::findings::interval;

/// A sentence and the table of its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) table: &'static str,
    pub(crate) text: String,
}

/// The lines of a study; none about what was not computed.
pub(crate) fn further(
    growth: &[GrowthLaw],
    crossed: &[CorrectedCrossed],
    partition: &[VariancePartition],
) -> Vec<Line> {
    let of_growth = [
        ("score_all", "Score"),
        ("l_minus_r_all_by_x", "Left minus right by x"),
    ]
    .into_iter()
    .filter_map(|(outcome, name)| law(growth, outcome, name));
    let of_crossed = [("score", "score"), ("l_minus_r_by_x", "left minus right by x")]
        .into_iter()
        .filter_map(|(outcome, name)| over_subjects(crossed, outcome, name));
    of_growth.chain(of_crossed).chain(divided(partition)).collect()
}

/// Rows with layers chosen on inner data if there are some, else those of the best layers.
fn by_rule<R>(rows: &[R], rule: fn(&R) -> &str, is_wanted: impl Fn(&R) -> bool) -> Option<&R> {
    let of_rule = |wanted: &str| rows.iter().find(|row| rule(row) == wanted && is_wanted(row));
    of_rule("nested").or_else(|| of_rule("best_of_test"))
}

fn law(table: &[GrowthLaw], outcome: &str, name: &str) -> Option<Line> {
    let of = |left_out: &str| {
        let is_wanted = |row: &GrowthLaw| row.outcome == outcome && row.left_out == left_out;
        by_rule(table, |row| &row.layer_rule, is_wanted)
    };
    let row = of("family").or_else(|| of("model"))?;
    let level = if row.preferred == "plateau" {
        format!(" (at {})", compact(row.plateau))
    } else {
        String::new()
    };
    let text = format!(
        "{name}, all voxels, logarithm of model size or plateau: the {}{level} predicts a {} that is left out better (mean squared error of the logarithm {}, of the plateau {}; {} models).",
        row.preferred,
        row.left_out,
        compact(row.error_of_logarithm),
        compact(row.error_of_plateau),
        row.n_models,
    );
    Some(Line {
        table: GrowthLaw::NAME,
        text,
    })
}

fn over_subjects(table: &[CorrectedCrossed], outcome: &str, name: &str) -> Option<Line> {
    let row = by_rule(table, |row| &row.layer_rule, |row| row.outcome == outcome)?;
    let further = if row.with_models_p.is_nan() {
        String::new()
    } else {
        format!("; for further models too {}", p_value(row.with_models_p))
    };
    let text = format!(
        "Over {} subjects and {} runs the slope of the {name} on model size is {} (95 % interval {}, {}{further}).",
        row.n_subjects,
        row.n_runs,
        compact(row.slope_per_ln_parameter),
        interval(row.ci_low, row.ci_high),
        p_value(row.p),
    );
    Some(Line {
        table: CorrectedCrossed::NAME,
        text,
    })
}

/// The parts of the last model in the table, which is the largest.
fn divided(table: &[VariancePartition]) -> Option<Line> {
    let last = table.last()?;
    let rows = table.iter().filter(|row| row.model == last.model);
    let part = |row: &VariancePartition| {
        let means = &row.means;
        let p = if row.part_p.is_nan() {
            String::new()
        } else {
            format!(", {}", p_value(row.part_p))
        };
        let interval = interval(means.mean_all_runs_ci_low, means.mean_all_runs_ci_high);
        format!("{} {} ({interval}{p})", row.part, compact(means.mean_all))
    };
    let parts: Vec<String> = rows.map(part).collect();
    let text = format!(
        "Explained variance (R², all voxels) of {}, layer {}, divided among {}; mean and 95 % interval over runs of what the named spaces share and no other has: {}.",
        last.model,
        last.layer,
        last.spaces,
        parts.join("; "),
    );
    Some(Line {
        table: VariancePartition::NAME,
        text,
    })
}

#[cfg(test)]
mod tests {
    use lpp_tables::MeansOverRuns;

    use super::*;

    fn growth(layer_rule: &str, left_out: &str, preferred: &str) -> GrowthLaw {
        GrowthLaw {
            outcome: "score_all".to_owned(),
            layer_rule: layer_rule.to_owned(),
            left_out: left_out.to_owned(),
            n_models: 28,
            error_of_logarithm: 1.25e-5,
            error_of_plateau: 2.5e-5,
            preferred: preferred.to_owned(),
            plateau: 0.1875,
            half_way_ln_parameters: 19.0,
        }
    }

    #[test]
    fn the_law_is_that_of_nested_layers_and_left_out_families() {
        let mut table = vec![
            growth("best_of_test", "family", "logarithm"),
            growth("nested", "model", "logarithm"),
            growth("nested", "family", "plateau"),
        ];
        let text = |table: &[GrowthLaw]| further(table, &[], &[])[0].text.clone();
        let found = text(&table);
        assert!(
            found.contains("the plateau (at 0.1875) predicts a family"),
            "{found}"
        );
        assert!(found.contains("1.25e"), "{found}");
        table.pop();
        // Families first, then the rule: a study whose nested rows know no families has those of the best layers.
        assert!(text(&table).contains("the logarithm predicts a family"));
        table.remove(0);
        assert!(text(&table).contains("the logarithm predicts a model"));
        assert!(further(&[], &[], &[]).is_empty());
    }

    #[test]
    fn subjects_and_parts_are_told_with_their_intervals() {
        let crossed = CorrectedCrossed {
            outcome: "score".to_owned(),
            layer_rule: "best_of_test".to_owned(),
            n_subjects: 5,
            n_runs: 9,
            n_models: 6,
            n_families: 1,
            slope_per_ln_parameter: 0.0125,
            std_err: 0.001,
            df: 4.0,
            p: 0.0004,
            ci_low: 0.01,
            ci_high: 0.015,
            with_models_std_err: f64::NAN,
            with_models_df: f64::NAN,
            with_models_p: f64::NAN,
            with_models_ci_low: f64::NAN,
            with_models_ci_high: f64::NAN,
            note: String::new(),
        };
        let part = |model: &str, part: &str, mean_all, part_p| VariancePartition {
            model: model.to_owned(),
            layer: 6,
            spaces: "gpt2 wordrate".to_owned(),
            part: part.to_owned(),
            means: MeansOverRuns {
                mean_all,
                mean_all_runs_p: 0.5,
                mean_all_runs_ci_low: -0.25,
                mean_all_runs_ci_high: 0.75,
                mean_reliable: f64::NAN,
                mean_reliable_runs_p: f64::NAN,
                mean_reliable_runs_ci_low: f64::NAN,
                mean_reliable_runs_ci_high: f64::NAN,
            },
            l_minus_r_all_by_x: 0.0,
            l_minus_r_all_by_x_runs_p: 1.0,
            l_minus_r_all_by_x_runs_ci_low: 0.0,
            l_minus_r_all_by_x_runs_ci_high: 0.0,
            l_minus_r_all_pairs: 0.0,
            l_minus_r_all_pairs_runs_p: 1.0,
            l_minus_r_all_pairs_runs_ci_low: 0.0,
            l_minus_r_all_pairs_runs_ci_high: 0.0,
            part_p,
            part_left_p: f64::NAN,
            part_right_p: f64::NAN,
            nulls: String::new(),
            note: String::new(),
        };
        let parts = [
            part("small", "gpt2", 0.5, f64::NAN),
            part("large", "gpt2", 0.25, 0.005),
            part("large", "gpt2 wordrate", 0.125, f64::NAN),
        ];
        let lines = further(&[], &[crossed], &parts);
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts.len(), 2);
        assert!(
            texts[0].contains("5 subjects and 9 runs") && texts[0].contains("0.01250"),
            "{}",
            texts[0]
        );
        assert!(!texts[0].contains("further models"), "{}", texts[0]);
        assert!(
            texts[1].contains("gpt2 0.2500 (\u{2212}0.2500 to 0.7500, p = 0.005); gpt2 wordrate 0.1250"),
            "{}",
            texts[1]
        );
        assert!(texts[1].contains("large") && !texts[1].contains("small"));
    }
}
