//! The score of each layer.

use lpp_tables::{BestLayerLines, BestLayerRegression, Canary, Layers, Row};

use crate::inputs::Inputs;
use crate::model_columns::identity;
use crate::need::Need;
use crate::part::{Made, Part};
use crate::{AnalysisError, ModelScores, canary, performance};

/// One row per model and layer, from the embedding (layer 0) up; the depth of the best layer against size and performance.
pub(crate) struct LayersPart;

impl Part for LayersPart {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            Layers::NAME,
            BestLayerRegression::NAME,
            BestLayerLines::NAME,
            Canary::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let (average, info) = (inputs.average()?, &inputs.info);
        let trained = average.trained();
        let depth = |model: &&ModelScores| model.best_layer().map_or(f64::NAN, |(_, depth)| depth);
        let outcomes = [(
            "best_layer_relative_depth".to_owned(),
            trained.iter().map(depth).collect(),
        )];
        let regressions = performance::regressions(&trained, info, &outcomes);
        let regressions = regressions.into_iter().map(|(key, fit)| BestLayerRegression {
            outcome: key.outcome,
            predictor: key.predictor,
            models: key.models,
            fit,
        });
        let drawn = ["ln_parameters", "hellaswag"];
        let lines = performance::lines(&trained, info, &outcomes, drawn, inputs.seed())?;
        let lines = lines.into_iter().map(|(key, at)| BestLayerLines {
            outcome: key.outcome,
            predictor: key.predictor,
            models: key.models,
            at,
        });
        Ok(Made::default()
            .with(&average.models.iter().flat_map(layers_of).collect::<Vec<_>>())
            .with(&regressions.collect::<Vec<_>>())
            .with(&lines.collect::<Vec<_>>())
            .with(&canary::rows(&average.canaries)?))
    }
}

fn layers_of(model: &ModelScores) -> Vec<Layers> {
    let row = |layer: usize| {
        let all = &model.layers[layer];
        let reliable = model.reliable_layers.as_ref().map(|layers| &layers[layer]);
        Layers {
            id: identity(model),
            layer,
            relative_depth: layer as f64 / model.layers.len() as f64,
            score_all: all.whole.mean,
            l_minus_r_all: all.sides.difference(),
            score_reliable: reliable.map_or(f64::NAN, |reliable| reliable.whole.mean),
            l_minus_r_reliable: reliable.map_or(f64::NAN, |reliable| reliable.sides.difference()),
        }
    };
    (0..model.layers.len()).map(row).collect()
}
