//! Scores against what models can do (result S4).

use lpp_tables::{PerformanceLines, PerformanceRegression, Scaling};

use super::gallery::{some_values, trend, without_values};
use super::models::SCORES;
use super::{Look, Sketch};
use crate::plot::{HorizontalAxis, Panel, Scatter, ScatterPoint, Sheet};
use crate::report_tables::ReportTables;
use crate::theme::DOUBLE_MM;
use crate::undrawn::Undrawn;

/// The models of a figure, under their name in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subset {
    All,
    /// Above this size the paper looks at models alone.
    Above3e9,
}

impl Subset {
    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Above3e9 => "above_3e9_parameters",
        }
    }

    fn holds(self, row: &Scaling) -> bool {
        self == Self::All || row.id.n_parameters.is_some_and(|n| n > 3_000_000_000)
    }
}

/// Perplexity and `HellaSwag`, all and reliable voxels.
pub(super) fn abilities(subset: Subset, tables: &ReportTables, look: &Look) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<Scaling>()?;
    let all = rows.len();
    let rows: Vec<Scaling> = rows.into_iter().filter(|row| subset.holds(row)).collect();
    // Fewer than three have no correlation, and if all are large the figure says nothing new.
    if subset == Subset::Above3e9 && !(3..all).contains(&rows.len()) {
        return Err(without_values(
            "three models above 3·10⁹ parameters beside smaller ones",
        ));
    }
    let sheet = Sheet {
        title: match subset {
            Subset::All => "Brain score against ability".to_owned(),
            Subset::Above3e9 => "Brain score against ability, models above 3B parameters".to_owned(),
        },
        panels: panels(subset, &rows, tables, look)?,
        columns: 2,
        width_mm: DOUBLE_MM,
        panel_mm: 66.0,
    };
    let caption = "Brain score against perplexity on the text and against accuracy on HellaSwag";
    Ok(match subset {
        Subset::All => Sketch::new("abilities", format!("{caption}."), sheet),
        Subset::Above3e9 => {
            let caption = format!("{caption}, models above 3·10⁹ parameters alone.");
            Sketch::new("abilities_large", caption, sheet)
        }
    })
}

/// What models can do: predictor in the tables, title of the panel, axis, value.
type Ability = (&'static str, &'static str, HorizontalAxis, fn(&Scaling) -> f64);

fn panels(
    subset: Subset,
    rows: &[Scaling],
    tables: &ReportTables,
    look: &Look,
) -> Result<Vec<Panel>, Undrawn> {
    let fits = tables.rows::<PerformanceRegression>()?;
    let lines = tables.rows::<PerformanceLines>()?;
    let abilities: [Ability; 2] = [
        (
            "ln_perplexity",
            "Perplexity",
            HorizontalAxis::log("perplexity (log scale)"),
            |row| row.perplexity,
        ),
        (
            "hellaswag",
            "HellaSwag",
            HorizontalAxis::linear("HellaSwag accuracy (%)"),
            |row| row.hellaswag,
        ),
    ];
    let mut panels = Vec::new();
    for (outcome, voxels, score) in SCORES {
        for (predictor, name, x, ability) in &abilities {
            let point = |row: &Scaling| ScatterPoint {
                name: row.id.model.clone(),
                family: row.id.family.clone(),
                x: ability(row),
                y: score(row),
            };
            let points: Vec<_> = rows.iter().map(point).collect();
            if some_values(&points, predictor).is_err() {
                continue;
            }
            let key = [outcome, *predictor, subset.name()];
            let fit = fits
                .iter()
                .find(|row| [&row.outcome, &row.predictor, &row.models] == key);
            let line = lines
                .iter()
                .filter(|row| [&row.outcome, &row.predictor, &row.models] == key);
            let trend = trend(fit.map(|row| &row.fit), line.map(|row| &row.at), &key.join(", "))?;
            panels.push(Panel::Scatter(Scatter {
                title: format!("{name}, {voxels}"),
                x: x.clone(),
                y_name: "mean correlation".to_owned(),
                points,
                trend,
                families: look.families.clone(),
                named: true,
            }));
        }
    }
    if panels.is_empty() {
        return Err(without_values("perplexity and hellaswag"));
    }
    Ok(panels)
}
