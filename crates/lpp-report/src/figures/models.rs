//! Scores of models against their size and what they can do (results S1, S3, S4).

use lpp_tables::{Scaling, ScalingByFamily, ScalingByFamilyLines, ScalingLines, ScalingRegression};

use super::gallery::{by_size, some_values, trend, without_values};
use super::{Look, Sketch};
use crate::plot::{HorizontalAxis, Panel, Scatter, Sheet};
use crate::report_tables::ReportTables;
use crate::theme::DOUBLE_MM;
use crate::undrawn::Undrawn;

/// Panels by family need some models each to say anything.
const MOST_FAMILIES: usize = 16;

/// A score of the table: its column, the voxels that it is over, and its value.
pub(super) type Score = (&'static str, &'static str, fn(&Scaling) -> f64);

/// The scores of the table.
pub(super) const SCORES: [Score; 2] = [
    ("score_all", "all voxels", |row| row.score_all),
    ("score_reliable", "reliable voxels", |row| row.score_reliable),
];

/// A score against model size (S1).
pub(super) fn scaling(
    (column, voxels, of): Score,
    tables: &ReportTables,
    look: &Look,
) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<Scaling>()?;
    let fits = tables.rows::<ScalingRegression>()?;
    let lines = tables.rows::<ScalingLines>()?;
    let points: Vec<_> = rows.iter().map(|row| by_size(&row.id, of(row))).collect();
    some_values(&points, column)?;
    let fit = fits.iter().find(|row| row.outcome == column);
    let line = lines.iter().filter(|row| row.outcome == column);
    let plot = Scatter {
        title: format!("Brain score, {voxels}"),
        x: HorizontalAxis::parameters(),
        y_name: "mean correlation".to_owned(),
        points,
        trend: trend(fit.map(|row| &row.fit), line.map(|row| &row.at), column)?,
        families: look.families.clone(),
        named: true,
    };
    let caption = format!(
        "Brain score (mean over {voxels} of the best layer's held-out correlation) against model size. Line: regression on the \
         logarithm of the number of parameters; band: 95 % of 1000 bootstrap lines."
    );
    Ok(Sketch::new(
        format!("scaling_{column}"),
        caption,
        Sheet::single(Panel::Scatter(plot)),
    ))
}

/// Scores against size in each family (S3).
pub(super) fn by_family(tables: &ReportTables, look: &Look) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<Scaling>()?;
    let fits = tables.rows::<ScalingByFamily>()?;
    let lines = tables.rows::<ScalingByFamilyLines>()?;
    let mut panels = Vec::new();
    for family in look.families.names().take(MOST_FAMILIES) {
        let own = rows.iter().filter(|row| row.id.family == family);
        let points: Vec<_> = own.map(|row| by_size(&row.id, row.score_all)).collect();
        if some_values(&points, family).is_err() {
            continue;
        }
        let of_family = |of: &str, outcome: &str| of == family && outcome == "score_all";
        let fit = fits.iter().find(|row| of_family(&row.family, &row.outcome));
        let line = lines.iter().filter(|row| of_family(&row.family, &row.outcome));
        panels.push(Panel::Scatter(Scatter {
            title: family.to_owned(),
            x: HorizontalAxis::parameters(),
            y_name: "mean correlation".to_owned(),
            points,
            trend: trend(fit.map(|row| &row.fit), line.map(|row| &row.at), family)?,
            families: look.families.clone(),
            named: false,
        }));
    }
    if panels.len() < 2 {
        return Err(without_values("score_all in two families"));
    }
    let sheet = Sheet {
        title: "Brain score by model family, all voxels".to_owned(),
        panels,
        columns: 4,
        width_mm: DOUBLE_MM,
        panel_mm: 48.0,
    };
    let caption = "Brain score against model size within each family, with the family's own regression.";
    Ok(Sketch::new("scaling_by_family", caption, sheet))
}
