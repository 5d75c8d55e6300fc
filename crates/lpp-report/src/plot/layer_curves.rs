//! The score along the layers of each model.

use super::axes::Axes;
use super::scale::Scale;
use super::svg::{Align, Svg};
use crate::theme::{TEXT_MM, family_style};

/// A model's score along its layers.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerCurve {
    /// Name of the model.
    pub model: String,
    /// Its family, which decides the colour.
    pub family: String,
    /// Relative depth of each layer, 0 for the embedding.
    pub depth: Vec<f64>,
    /// Score of each layer.
    pub score: Vec<f64>,
}

/// Layer-depth curves of all models, coloured by family.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerCurves {
    /// Title.
    pub title: String,
    /// Name of the vertical axis.
    pub y_name: String,
    /// The models.
    pub curves: Vec<LayerCurve>,
}

impl LayerCurves {
    /// Draws the plot: 120 mm by 80 mm.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let mut svg = Svg::new(120.0, 80.0, self.alt_text());
        let axes = Axes {
            x: Scale::Linear {
                low: -0.02,
                high: 1.02,
            },
            y: Scale::linear(self.curves.iter().flat_map(|curve| curve.score.iter().copied())),
            left: 16.0,
            top: 8.0,
            width: 78.0,
            height: 62.0,
        };
        axes.draw(
            &mut svg,
            &self.title,
            "relative depth (layer / number of layers)",
            &self.y_name,
        );
        let mut families: Vec<&str> = Vec::new();
        for curve in &self.curves {
            let number = families
                .iter()
                .position(|f| *f == curve.family)
                .unwrap_or_else(|| {
                    families.push(&curve.family);
                    families.len() - 1
                });
            svg.polyline(
                "curve",
                &axes.curve(&curve.depth, &curve.score),
                family_style(number).0,
                0.35,
            );
        }
        for (i, family) in families.iter().take(16).enumerate() {
            let y = axes.top + 2.0 + 3.8 * i as f64;
            svg.polyline(
                "legend",
                &[(97.0, y - 0.9), (101.0, y - 0.9)],
                family_style(i).0,
                0.5,
            );
            svg.text((102.5, y), Align::Start, TEXT_MM, family);
        }
        svg.finish()
    }

    /// What the plot shows.
    #[must_use]
    pub fn alt_text(&self) -> String {
        format!(
            "{}: {} along the layers of {} models",
            self.title,
            self.y_name,
            self.curves.len()
        )
    }
}
