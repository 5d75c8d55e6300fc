//! What models know of language over their training, beside left and right (results C1 to C4).

use lpp_tables::{Competence, Trajectories, Transitions};

use super::figure::Sketch;
use super::gallery::{distinct, without_values};
use crate::plot::{CrossPoint, Crosses, Curve, Curves, Families, HorizontalAxis, Panel, Sheet};
use crate::report_tables::ReportTables;
use crate::theme::DOUBLE_MM;
use crate::undrawn::Undrawn;

/// Panels of phenomena; a battery of the user may have very many.
const MOST_PHENOMENA: usize = 24;
/// Definitions of sides in the order of preference: mirrored pairs compare the same anatomy.
const SIDES: [&str; 3] = ["pairs", "x", "halves"];

/// Tokens on a logarithmic axis.
fn tokens_axis() -> HorizontalAxis {
    HorizontalAxis::log("tokens seen in training (log scale)")
}

fn tokens_of(tokens: Option<u64>) -> f64 {
    tokens.map_or(f64::NAN, |n| n as f64)
}

/// The means of a measure along the training of a model.
struct Trajectory<'a> {
    /// The model, and the battery or brain score.
    model: &'a str,
    measure: &'a str,
    rows: Vec<&'a Trajectories>,
}

impl Trajectory<'_> {
    fn curve(&self, name: &str) -> Curve {
        Curve {
            name: name.to_owned(),
            family: name.to_owned(),
            x: self
                .rows
                .iter()
                .map(|row| tokens_of(row.checkpoint.tokens))
                .collect(),
            y: self.rows.iter().map(|row| row.at.value).collect(),
            band: self
                .rows
                .iter()
                .map(|row| [row.at.ci_low, row.at.ci_high])
                .collect(),
        }
    }
}

/// Each measure of a kind along the training of each model; of brain scores left minus right by the first definition of sides
/// that there is.
fn trajectories<'a>(rows: &'a [Trajectories], kind: &str) -> Vec<Trajectory<'a>> {
    let sides = SIDES
        .into_iter()
        .find(|sides| rows.iter().any(|row| row.measure.sides == *sides))
        .unwrap_or_default();
    let wanted = |row: &&Trajectories| {
        let is_brain = row.measure.sides == sides && row.measure.measure == "l_minus_r";
        row.unit.is_empty() && row.measure.kind == kind && (is_brain || row.measure.sides.is_empty())
    };
    let means: Vec<&Trajectories> = rows.iter().filter(wanted).collect();
    let together = |a: &&Trajectories, b: &&Trajectories| {
        (&a.checkpoint.model, &a.measure.measure) == (&b.checkpoint.model, &b.measure.measure)
    };
    means
        .chunk_by(|a, b| together(a, b))
        .map(|rows| Trajectory {
            model: &rows[0].checkpoint.model,
            measure: &rows[0].measure.measure,
            rows: rows.to_vec(),
        })
        .collect()
}

/// What a curve is called: the model only where there are several.
fn named(model: &str, measure: &str, n_models: usize) -> String {
    if n_models > 1 {
        format!("{measure}, {model}")
    } else {
        measure.to_owned()
    }
}

/// Accuracy and left minus right against tokens, one above the other.
pub(super) fn along_training(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<Trajectories>()?;
    let n_models = distinct(&rows, |row| &row.checkpoint.model).len();
    let (accuracies, brain) = (trajectories(&rows, "competence"), trajectories(&rows, "brain"));
    let is_text = |of: &&Trajectory<'_>| of.rows.iter().all(|row| row.at.value < 0.0);
    let (texts, accuracies): (Vec<_>, Vec<_>) = accuracies.iter().partition(is_text);
    let brain: Vec<_> = brain.iter().collect();
    let mut panels = Vec::new();
    for (of, title, y_name) in [
        (accuracies, "Linguistic competence", "accuracy"),
        (texts, "Prediction of the text", "minus surprisal of a word, bits"),
        (brain, "Left minus right", "difference of mean correlations"),
    ] {
        let curves: Vec<Curve> = of
            .iter()
            .map(|of| of.curve(&named(of.model, of.measure, n_models)))
            .collect();
        if !curves.is_empty() {
            panels.push(Panel::Curves(Curves {
                title: title.to_owned(),
                x: tokens_axis(),
                y_name: y_name.to_owned(),
                families: Families::of(curves.iter().map(|curve| curve.family.as_str())),
                curves,
                marked: true,
            }));
        }
    }
    let caption = "Accuracy on each battery and left minus right brain score over training, with 95 % intervals over sets of \
                   items and over runs. Step 0 is in the table only.";
    sketch("competence_training", caption, panels, 1, 62.0)
}

/// Left minus right against the accuracy on each battery, checkpoints joined in order.
pub(super) fn against_asymmetry(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<Trajectories>()?;
    let (accuracies, brain) = (trajectories(&rows, "competence"), trajectories(&rows, "brain"));
    let mut panels = Vec::new();
    for battery in &accuracies {
        let Some(brain) = brain.iter().find(|brain| brain.model == battery.model) else {
            continue;
        };
        let both = battery.rows.iter().filter_map(|row| {
            let mut others = brain.rows.iter();
            let other = others.find(|other| other.checkpoint == row.checkpoint)?;
            Some((row.at.value, other.at.value))
        });
        let (x, y) = both.unzip();
        panels.push(Panel::Curves(Curves {
            title: battery.measure.to_owned(),
            x: HorizontalAxis::linear("competence"),
            y_name: "left minus right".to_owned(),
            curves: vec![Curve {
                name: battery.model.to_owned(),
                family: battery.model.to_owned(),
                x,
                y,
                band: Vec::new(),
            }],
            families: Families::of([battery.model]),
            marked: true,
        }));
    }
    let caption = "Left minus right against competence; checkpoints are joined in the order of training. Two rising curves \
                   always go together here: the table transition_pairs tells whether they rise at the same time.";
    sketch("competence_asymmetry", caption, panels, 3, 50.0)
}

/// Where and how steeply each measure rises.
pub(super) fn transitions(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<Transitions>()?;
    let models = distinct(&rows, |row| &row.model);
    let is_shown = |row: &&Transitions| {
        row.answer == "transition" && (row.measure.kind == "competence" || row.measure.measure == "l_minus_r")
    };
    let point = |row: &Transitions| CrossPoint {
        name: match row.measure.sides.as_str() {
            "" => named(&row.model, &row.measure.measure, models.len()),
            sides => named(&row.model, &format!("L − R, {sides}"), models.len()),
        },
        family: row.measure.kind.clone(),
        x: [row.location, row.location_ci_low, row.location_ci_high],
        y: [row.slope, row.slope_ci_low, row.slope_ci_high],
    };
    let points: Vec<CrossPoint> = rows.iter().filter(is_shown).map(point).collect();
    if points.is_empty() {
        return Err(without_values("transitions"));
    }
    let panel = Panel::Crosses(Crosses {
        title: "Transitions".to_owned(),
        x: HorizontalAxis::linear("half way, ln(tokens)"),
        y_name: "slope per ln(tokens)".to_owned(),
        points,
        families: Families::of(["competence", "brain"]),
    });
    let caption = "Where each measure is half way over training, and how steeply it rises there, with 95 % intervals. Measures \
                   without a rise are not shown.";
    Ok(Sketch::new(
        "competence_transitions",
        caption,
        Sheet::single(panel),
    ))
}

/// Each phenomenon of a battery over training.
pub(super) fn phenomena(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<Competence>()?;
    let families = Families::of(distinct(&rows, |row| &row.checkpoint.model));
    let of_phenomena: Vec<&Competence> = rows.iter().filter(|row| row.level == "phenomenon").collect();
    let mut names: Vec<(&str, &str)> = Vec::new();
    for row in &of_phenomena {
        let name = (row.battery.as_str(), row.name.as_str());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let panels = names.iter().take(MOST_PHENOMENA).map(|&(battery, name)| {
        let own: Vec<&&Competence> = of_phenomena
            .iter()
            .filter(|row| row.battery == battery && row.name == name)
            .collect();
        let curve = |own: &[&&Competence]| Curve {
            name: own[0].checkpoint.model.clone(),
            family: own[0].checkpoint.model.clone(),
            x: own.iter().map(|row| tokens_of(row.checkpoint.tokens)).collect(),
            y: own.iter().map(|row| row.accuracy).collect(),
            band: own
                .iter()
                .map(|row| [row.accuracy_ci_low, row.accuracy_ci_high])
                .collect(),
        };
        Panel::Curves(Curves {
            title: format!("{name} ({battery})"),
            x: tokens_axis(),
            y_name: "accuracy".to_owned(),
            curves: own
                .chunk_by(|a, b| a.checkpoint.model == b.checkpoint.model)
                .map(curve)
                .collect(),
            families: families.clone(),
            marked: true,
        })
    });
    let panels = panels.collect();
    let caption = "Accuracy on each phenomenon over training, with 95 % intervals over its sets and items.";
    sketch("competence_phenomena", caption, panels, 3, 46.0)
}

fn sketch(
    id: &str,
    caption: &str,
    panels: Vec<Panel>,
    columns: usize,
    panel_mm: f64,
) -> Result<Sketch, Undrawn> {
    if panels.is_empty() {
        return Err(without_values("checkpoints with known tokens"));
    }
    let sheet = Sheet {
        title: String::new(),
        panels,
        columns,
        width_mm: DOUBLE_MM,
        panel_mm,
    };
    Ok(Sketch::new(id, caption, sheet))
}
