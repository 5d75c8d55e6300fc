//! The numbers at the head of the page.

use lpp_tables::number::{compact, correlation, grouped, p_value};
use lpp_tables::{LateralizationRegression, Row, Scaling, ScalingRegression, SizeFit, Summary};

use crate::ReportError;
use crate::report_tables::ReportTables;

/// A headline number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Highlight {
    /// The number, as people read it.
    pub(crate) value: String,
    /// What it is.
    pub(crate) name: String,
    /// The table that it stands in.
    pub(crate) table: &'static str,
}

impl Highlight {
    fn new(value: String, name: impl Into<String>, table: &'static str) -> Self {
        let name = name.into();
        Self { value, name, table }
    }
}

/// Headline numbers; only those that are known.
///
/// # Errors
/// [`ReportError::Analysis`] if a table is broken.
pub(crate) fn highlights(tables: &ReportTables) -> Result<Vec<Highlight>, ReportError> {
    let mut cards = Vec::new();
    let summary = tables.all::<Summary>()?;
    for (quantity, name) in [
        ("n_models", "language models"),
        ("n_baselines", "baselines and untrained models"),
        ("n_voxels", "voxels in the mask"),
        ("n_reliable", "reliable voxels"),
    ] {
        if let Some(row) = summary.iter().find(|row| row.quantity == quantity) {
            #[expect(clippy::cast_possible_truncation, reason = "counts of models and voxels")]
            cards.push(Highlight::new(grouped(row.value as i64), name, Summary::NAME));
        }
    }
    cards.extend(best_model(&tables.all::<Scaling>()?));
    let scaling = tables.all::<ScalingRegression>()?;
    let scaling = |outcome: &str| {
        scaling
            .iter()
            .find(|row| row.outcome == outcome)
            .map(|row| &row.fit)
    };
    let sides = tables.all::<LateralizationRegression>()?;
    let sides = |outcome: &str| {
        sides
            .iter()
            .find(|row| row.outcome == outcome)
            .map(|row| &row.fit)
    };
    for (fit, table, name) in [
        (
            scaling("score_all"),
            ScalingRegression::NAME,
            "score with log size",
        ),
        (
            scaling("score_reliable"),
            ScalingRegression::NAME,
            "score with log size, reliable voxels",
        ),
        (
            sides("l_minus_r_all"),
            LateralizationRegression::NAME,
            "left minus right with log size",
        ),
        (
            sides("l_minus_r_reliable"),
            LateralizationRegression::NAME,
            "left minus right with log size, reliable voxels",
        ),
    ] {
        cards.extend(
            fit.and_then(relation)
                .map(|text| Highlight::new(text, name, table)),
        );
    }
    Ok(cards)
}

fn relation(fit: &SizeFit) -> Option<String> {
    let text = format!("{}, {}", correlation(fit.r), p_value(fit.p));
    // Values must not break in the middle.
    (!fit.r.is_nan() && !fit.p.is_nan()).then(|| text.replace(" = ", "\u{a0}=\u{a0}"))
}

/// The model with the largest mean over reliable voxels; over all voxels where none is known to be reliable.
fn best_model(scaling: &[Scaling]) -> Option<Highlight> {
    let best = |of: fn(&Scaling) -> f64, what: &str| {
        let known = scaling.iter().filter(|row| !of(row).is_nan());
        let row = known.max_by(|a, b| of(a).total_cmp(&of(b)))?;
        let name = format!("{what}: {}", row.id.model);
        Some(Highlight::new(compact(of(row)), name, Scaling::NAME))
    };
    best(|row| row.score_reliable, "best score, reliable voxels")
        .or_else(|| best(|row| row.score_all, "best score"))
}
