//! The figures of a study, each drawn from its tables.

use lpp_stats::Hemispheres;

use crate::plot::{DotPlot, DotRow, GlassBrain, LayerCurve, LayerCurves, Scatter, ScatterPoint, SidesPlot};
use lpp_analysis::Brain;
use lpp_analysis::Table;
use lpp_analysis::number::p_value;

/// A finished figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Stem of its file, and its anchor on the page.
    pub id: String,
    /// What is to be seen, for the caption.
    pub caption: String,
    /// What is to be seen, in words and numbers.
    pub alt: String,
    /// The drawing.
    pub svg: String,
}

/// A map of one value per voxel that is to be drawn as a glass brain.
pub(crate) struct BrainMap {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) value_name: String,
    pub(crate) values: Vec<f64>,
    pub(crate) threshold: f64,
}

impl BrainMap {
    pub(crate) fn figure(&self, brain: &Brain) -> Figure {
        let drawing = GlassBrain {
            title: self.title.clone(),
            value_name: self.value_name.clone(),
            mask: brain.mask(),
            values: &self.values,
            threshold: self.threshold,
        };
        let caption = format!(
            "{}. Maximum-intensity projections; the outline is that of the mask.",
            self.title
        );
        Figure {
            id: self.id.clone(),
            caption,
            alt: drawing.alt_text(),
            svg: drawing.to_svg(),
        }
    }
}

/// Left minus mirrored right, shown on the left: the asymmetry of a map.
///
/// `mirror` gives for each voxel the voxel at the opposite x. Only left voxels have a value.
pub(crate) fn mirror_difference(values: &[f64], x_mm: &[f64], mirror: &[Option<usize>]) -> Vec<f64> {
    let sides = Hemispheres::by_world_x(x_mm);
    let mut difference = vec![f64::NAN; values.len()];
    for &voxel in sides.left().indices() {
        if let Some(opposite) = mirror[voxel] {
            difference[voxel] = values[voxel] - values[opposite];
        }
    }
    difference
}

/// Scores against model size, over all and over reliable voxels.
pub(crate) fn scaling(table: &Table) -> Vec<Figure> {
    [("score_all", "all voxels"), ("score_reliable", "reliable voxels")]
        .into_iter()
        .filter_map(|(column, voxels)| {
            let plot = Scatter {
                title: format!("Brain score, {voxels}"),
                y_name: "mean correlation".to_owned(),
                points: points(table, column),
            };
            has_values(&plot.points).then(|| Figure {
                id: format!("scaling_{column}"),
                caption: format!(
                    "Brain score (mean over {voxels} of the best layer's held-out correlation) against model size. Line: \
                     regression on the logarithm of the number of parameters; band: 95 % of 1000 bootstrap lines."
                ),
                alt: plot.alt_text(),
                svg: plot.to_svg(),
            })
        })
        .collect()
}

/// Left and right against size, and their difference.
pub(crate) fn lateralization(table: &Table) -> Vec<Figure> {
    let mut figures = Vec::new();
    let table = trained_rows(table);
    for (measure, voxels) in [("all", "all voxels"), ("reliable", "reliable voxels")] {
        let sides = SidesPlot {
            title: format!("Left and right hemisphere, {voxels}"),
            y_name: "mean correlation".to_owned(),
            left: points(&table, &format!("left_{measure}")),
            right: points(&table, &format!("right_{measure}")),
        };
        if has_values(&sides.left) {
            figures.push(Figure {
                id: format!("sides_{measure}"),
                caption: format!(
                    "Brain score of the left and of the right hemisphere, {voxels}, against model size."
                ),
                alt: sides.alt_text(),
                svg: sides.to_svg(),
            });
        }
        let difference = Scatter {
            title: format!("Left minus right, {voxels}"),
            y_name: "difference of mean correlations".to_owned(),
            points: points(&table, &format!("l_minus_r_{measure}")),
        };
        if has_values(&difference.points) {
            figures.push(Figure {
                id: format!("l_minus_r_{measure}"),
                caption: format!("Left minus right brain score, {voxels}, against model size."),
                alt: difference.alt_text(),
                svg: difference.to_svg(),
            });
        }
    }
    figures
}

/// Scores along the layers.
pub(crate) fn layers(table: &Table) -> Vec<Figure> {
    let (models, families, kinds) = (table.texts("model"), table.texts("family"), table.texts("kind"));
    let depth = table.numbers("relative_depth");
    let mut figures = Vec::new();
    for (column, title, y_name) in [
        (
            "score_all",
            "Brain score by layer, all voxels",
            "mean correlation",
        ),
        (
            "l_minus_r_all",
            "Left minus right by layer, all voxels",
            "difference of mean correlations",
        ),
    ] {
        let score = table.numbers(column);
        let mut curves: Vec<LayerCurve> = Vec::new();
        for row in (0..table.n_rows()).filter(|&row| kinds[row] == "model") {
            if curves.last().is_none_or(|curve| curve.model != models[row]) {
                let (model, family) = (models[row].clone(), families[row].clone());
                curves.push(LayerCurve {
                    model,
                    family,
                    depth: Vec::new(),
                    score: Vec::new(),
                });
            }
            if let Some(curve) = curves.last_mut() {
                curve.depth.push(depth[row].unwrap_or(f64::NAN));
                curve.score.push(score[row].unwrap_or(f64::NAN));
            }
        }
        if !curves.is_empty() {
            let plot = LayerCurves {
                title: title.to_owned(),
                y_name: y_name.to_owned(),
                curves,
            };
            figures.push(Figure {
                id: format!("layers_{column}"),
                caption: format!("{title}. One line a model, coloured by family; depth 0 is the embedding."),
                alt: plot.alt_text(),
                svg: plot.to_svg(),
            });
        }
    }
    figures
}

/// Baselines beside the trained models.
pub(crate) fn baselines(groups: &Table, scaling: &Table) -> Vec<Figure> {
    if groups.n_rows() == 0 {
        return Vec::new();
    }
    let rows = |table: &Table, name: &str, note: &dyn Fn(usize) -> String| -> Vec<DotRow> {
        let scores = table.numbers("score_all");
        let names = table.texts(name);
        (0..table.n_rows())
            .map(|row| DotRow {
                name: names[row].clone(),
                values: vec![scores[row].unwrap_or(f64::NAN)],
                note: note(row),
            })
            .collect()
    };
    let seeds = groups.texts("n_seeds");
    let mut all = rows(groups, "group", &|row| {
        if seeds[row] == "1" {
            String::new()
        } else {
            format!("{} seeds", seeds[row])
        }
    });
    all.extend(rows(scaling, "model", &|_| String::new()));
    let plot = DotPlot {
        title: "Baselines and models, all voxels".to_owned(),
        x_name: "mean correlation".to_owned(),
        rows: all,
    };
    vec![Figure {
        id: "baselines".to_owned(),
        caption: "Brain score of word vectors, random vectors and untrained models (means over seeds), then of the trained \
                  models by size."
            .to_owned(),
        alt: plot.alt_text(),
        svg: plot.to_svg(),
    }]
}

/// Growth with size in each region, left and right.
pub(crate) fn rois(slopes: &Table) -> Vec<Figure> {
    let (left, right) = (
        slopes.numbers("slope_left_per_ln_parameter"),
        slopes.numbers("slope_right_per_ln_parameter"),
    );
    let (names, stars, p) = (slopes.texts("roi"), slopes.texts("stars"), slopes.numbers("p"));
    let rows: Vec<DotRow> = (0..slopes.n_rows())
        .map(|row| DotRow {
            name: names[row].clone(),
            values: vec![left[row].unwrap_or(f64::NAN), right[row].unwrap_or(f64::NAN)],
            note: p[row].map_or_else(String::new, |p| format!("{} {}", stars[row], p_value(p))),
        })
        .collect();
    if !rows.iter().any(|row| row.values.iter().any(|v| v.is_finite())) {
        return Vec::new();
    }
    let plot = DotPlot {
        title: "Growth of the brain score with model size, by region".to_owned(),
        x_name: "slope per ln(parameters), mean over voxels".to_owned(),
        rows,
    };
    vec![Figure {
        id: "rois".to_owned(),
        caption: "Slope of the brain score on the logarithm of model size, mean over the voxels of each region and of its \
                  mirror image; p of a t-test between both sides' voxels."
            .to_owned(),
        alt: plot.alt_text(),
        svg: plot.to_svg(),
    }]
}

/// The rows of trained models.
fn trained_rows(table: &Table) -> Table {
    table.filter_rows(|row| {
        table
            .column("kind")
            .is_none_or(|kind| kind.display(row) == "model")
    })
}

fn points(table: &Table, column: &str) -> Vec<ScatterPoint> {
    let (names, families) = (table.texts("model"), table.texts("family"));
    let (sizes, values) = (table.numbers("n_parameters"), table.numbers(column));
    (0..table.n_rows())
        .map(|row| ScatterPoint {
            name: names[row].clone(),
            family: families[row].clone(),
            n_parameters: sizes[row].unwrap_or(f64::NAN),
            value: values[row].unwrap_or(f64::NAN),
        })
        .collect()
}

fn has_values(points: &[ScatterPoint]) -> bool {
    points
        .iter()
        .any(|point| point.value.is_finite() && point.n_parameters > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_left_voxels_with_a_mirror_have_a_difference() {
        let difference = mirror_difference(&[0.5, 0.1, 0.2], &[-4.0, 0.0, 4.0], &[Some(2), Some(1), Some(0)]);
        assert!((difference[0] - 0.3).abs() < 1e-15);
        assert!(difference[1].is_nan() && difference[2].is_nan());
    }

    #[test]
    fn tables_without_rows_give_no_figures() {
        let empty = Table::new("empty");
        assert!(scaling(&empty).is_empty() && lateralization(&empty).is_empty() && layers(&empty).is_empty());
        assert!(baselines(&empty, &empty).is_empty() && rois(&empty).is_empty());
    }
}
