//! Logarithm or plateau: which law of growth predicts models that were left out.

use lpp_stats::{Groups, GrowthLaw};
use lpp_tables::GrowthLaw as Row;

use super::outcome::Outcome;
use super::{LayerChoice, Measure, Sample};
use crate::AnalysisError;

/// Beginnings and ends of the outcomes' names, and measures.
const OUTCOMES: [(&str, &str, Measure); 3] = [
    ("score", "", Measure::Mean),
    ("l_minus_r", "_by_x", Measure::ByX),
    ("l_minus_r", "_pairs", Measure::Pairs),
];

/// Two rows per rule for the layer, selection of voxels and outcome: left out by model and by family. None where the models
/// are too few.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<Row>, AnalysisError> {
    let mut rows = Vec::new();
    for &voxels in sample.selections() {
        for rule in [LayerChoice::BestOfTest, LayerChoice::Nested] {
            for (what, by, measure) in OUTCOMES {
                if let Some(outcome) = Outcome::of(sample, measure, rule, voxels)? {
                    let name = format!("{what}_{}{by}", voxels.name());
                    rows.extend(of_outcome(sample, &outcome.values, &name, rule));
                }
            }
        }
    }
    Ok(rows)
}

fn of_outcome(sample: &Sample, values: &[f64], outcome: &str, rule: LayerChoice) -> Vec<Row> {
    let sizes = sample.sizes();
    let known: Vec<usize> = (0..sizes.len())
        .filter(|&model| sizes[model].is_finite() && values[model].is_finite())
        .collect();
    let pick = |of: &[f64]| -> Vec<f64> { known.iter().map(|&model| of[model]).collect() };
    let families = sample.families();
    let families: Vec<&str> = known.iter().map(|&model| families[model]).collect();
    let by = [
        ("model", Groups::by_label(&known)),
        ("family", Groups::by_label(&families)),
    ];
    let row = |(left_out, groups): (&str, Groups)| {
        let law = GrowthLaw::compare(&pick(&sizes), &pick(values), &groups).ok()?;
        let preferred = if law.is_logarithmic() {
            "logarithm"
        } else {
            "plateau"
        };
        Some(Row {
            outcome: outcome.to_owned(),
            layer_rule: rule.name().to_owned(),
            left_out: left_out.to_owned(),
            n_models: known.len(),
            error_of_logarithm: law.error_of_line,
            error_of_plateau: law.error_of_plateau,
            preferred: preferred.to_owned(),
            plateau: law.plateau.level,
            half_way_ln_parameters: law.plateau.half_way(),
        })
    };
    by.into_iter().filter_map(row).collect()
}
