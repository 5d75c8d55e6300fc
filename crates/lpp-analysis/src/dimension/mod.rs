//! Size against the number of features and the dimension of layers.
//!
//! * `projection`: slopes of models whose features were projected to equally many (`lpp-fit --project`);
//! * `layers`: the dimension of each layer (`lpp-fit --dimensions`), and the correlation of scores with size given it.

mod layers;
mod projection;

use lpp_tables::{CorrectedProjection, LayerDimensions, Row, ScoreGivenDimension};

use crate::AnalysisError;
use crate::inputs::Inputs;
use crate::need::Need;
use crate::part::{Made, Part};

/// What size brings at equal feature counts and given the dimension of layers.
pub(crate) struct DimensionPart;

impl Part for DimensionPart {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject, Need::Beside]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            CorrectedProjection::NAME,
            LayerDimensions::NAME,
            ScoreGivenDimension::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let average = inputs.average()?;
        let projections = projection::rows(inputs, average)?;
        let of_models = layers::load(&average.models)?;
        Ok(Made::default()
            .with(&projections)
            .with(&layers::rows(&of_models))
            .with(&layers::given_dimension(&of_models)?))
    }
}
