//! What training does (results T1, T2).

use lpp_tables::{Checkpoints, Measures, Training, TrainingLines, TrainingRegression};

use super::figure::{Look, Sketch};
use super::gallery::{distinct, sized, some_values, trend, without_values};
use crate::plot::{Curve, Curves, Families, HorizontalAxis, Panel, Scatter, Sheet};
use crate::report_tables::ReportTables;
use crate::theme::DOUBLE_MM;
use crate::undrawn::Undrawn;

/// Families of a study whose untrained twins were scored are few; more panels would not fit a page.
const MOST_FAMILIES: usize = 8;
/// Trained models and this many seeds of their twins, a panel each; the tables have all seeds.
const MOST_COLUMNS: usize = 4;

/// A measure of a model: its column, the voxels that it is over, and its value.
type Quantity = (&'static str, &'static str, fn(&Measures) -> f64);

const SCORES: [Quantity; 2] = [
    ("score_reliable", "reliable voxels", |m| m.score_reliable),
    ("score_all", "all voxels", |m| m.score_all),
];
const DIFFERENCES: [Quantity; 2] = [
    ("l_minus_r_reliable", "reliable voxels", |m| m.l_minus_r_reliable),
    ("l_minus_r_all", "all voxels", |m| m.l_minus_r_all),
];

/// That of the paper's figure, or over all voxels where reliable ones are not known.
fn measured<'a>(
    quantities: [Quantity; 2],
    mut rows: impl Iterator<Item = &'a Measures> + Clone,
) -> Option<Quantity> {
    let [reliable, all] = quantities;
    if rows.clone().any(|row| reliable.2(row).is_finite()) {
        return Some(reliable);
    }
    rows.any(|row| all.2(row).is_finite()).then_some(all)
}

/// Left minus right of trained models and of their untrained twins: a row of panels a family (T1).
pub(super) fn trained_and_untrained(tables: &ReportTables, look: &Look) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<Training>()?;
    let fits = tables.rows::<TrainingRegression>()?;
    let lines = tables.rows::<TrainingLines>()?;
    let (column, voxels, of) = measured(DIFFERENCES, rows.iter().map(|row| &row.measures))
        .ok_or_else(|| without_values("left minus right of untrained twins"))?;
    let mut seeds: Vec<Option<u64>> = rows.iter().map(|row| row.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    seeds.truncate(MOST_COLUMNS);
    let mut panels = Vec::new();
    for family in distinct(&rows, |row| &row.family).into_iter().take(MOST_FAMILIES) {
        for &seed in &seeds {
            let own = rows.iter().filter(|row| row.family == family && row.seed == seed);
            let point = |row: &Training| sized(&row.model, &row.family, row.n_parameters, of(&row.measures));
            let points: Vec<_> = own.map(point).collect();
            if some_values(&points, column).is_err() {
                continue;
            }
            let title = match seed {
                None => format!("{family}, trained"),
                Some(seed) if seeds.len() > 2 => format!("{family}, untrained, seed {seed}"),
                Some(_) => format!("{family}, untrained"),
            };
            let mut of_seed = fits.iter().filter(|row| row.family == family && row.seed == seed);
            let fit = of_seed.find(|row| row.outcome == column);
            let of_seed = lines
                .iter()
                .filter(|row| row.family == family && row.twin_seed == seed);
            let line = of_seed.filter(|row| row.outcome == column);
            panels.push(Panel::Scatter(Scatter {
                trend: trend(fit.map(|row| &row.fit), line.map(|row| &row.at), &title)?,
                title,
                x: HorizontalAxis::parameters(),
                y_name: "left minus right".to_owned(),
                points,
                families: look.families.clone(),
                named: false,
            }));
        }
    }
    let sheet = Sheet {
        title: format!("Left minus right before and after training, {voxels}"),
        panels,
        columns: seeds.len().max(2),
        width_mm: DOUBLE_MM,
        panel_mm: 52.0,
    };
    let caption =
        "Left minus right brain score of trained models and their untrained controls against model size.";
    Ok(Sketch::new("training", caption, sheet))
}

/// Score and asymmetry along the steps of training (T2).
pub(super) fn checkpoints(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<Checkpoints>()?;
    let families = Families::of(rows.iter().map(|row| row.model.as_str()));
    let panels = [
        (SCORES, "Brain score", "mean correlation"),
        (DIFFERENCES, "Left minus right", "difference"),
    ];
    let panels = panels.into_iter().filter_map(|(quantities, title, value)| {
        let (_, voxels, of) = measured(quantities, rows.iter().map(|row| &row.measures))?;
        let curve = |own: &[Checkpoints]| Curve {
            name: own[0].model.clone(),
            family: own[0].model.clone(),
            x: own.iter().map(|row| row.step as f64).collect(),
            y: own.iter().map(|row| of(&row.measures)).collect(),
            ..Curve::default()
        };
        Some(Panel::Curves(Curves {
            title: format!("{title}, {voxels}"),
            x: HorizontalAxis::linear("training step"),
            y_name: value.to_owned(),
            curves: rows.chunk_by(|a, b| a.model == b.model).map(curve).collect(),
            families: families.clone(),
            marked: true,
        }))
    });
    let sheet = Sheet {
        title: "Training".to_owned(),
        panels: panels.collect(),
        columns: 2,
        width_mm: DOUBLE_MM,
        panel_mm: 66.0,
    };
    if sheet.panels.is_empty() {
        return Err(without_values("checkpoints"));
    }
    let caption = "Brain score and left minus right along the steps of training.";
    Ok(Sketch::new("checkpoints", caption, sheet))
}
