//! The specification curve: the slope of left minus right on model size under every combination of choices.
//!
//! * `choices`: sides, voxels and ceilings, and left minus right by them;
//! * `specifications`: the slopes of all combinations with their errors over runs;
//! * `joint_test`: one p for all of them, by exchanging the sides of whole runs.
//!
//! # References
//! U. Simonsohn, J. P. Simmons and L. D. Nelson (2020), <https://doi.org/10.1038/s41562-020-0912-z>.

mod choices;
mod joint_test;
mod specifications;

use lpp_tables::{Row, SpecificationCurve, SpecificationCurveChoices, SpecificationCurveTest};

use crate::AnalysisError;
use crate::corrected;
use crate::inputs::Inputs;
use crate::need::Need;
use crate::part::{Made, Part};

/// The specification curve of the study's own scores and of its variants.
pub(crate) struct CurvePart;

impl Part for CurvePart {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject, Need::Beside, Need::Variants]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            SpecificationCurve::NAME,
            SpecificationCurveChoices::NAME,
            SpecificationCurveTest::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let average = inputs.average()?;
        let isc = inputs.files.isc.as_deref();
        let of_study = corrected::sample(&average.brain, isc, &average.models, inputs.source.options.layers)?;
        let mut rows = specifications::rows(&of_study, "", specifications::response(&average.models))?;
        for (name, models) in inputs.variants()? {
            let sample = corrected::sample(&average.brain, isc, &models, inputs.source.options.layers)?;
            rows.extend(specifications::rows(
                &sample,
                &name,
                specifications::response(&models),
            )?);
        }
        rows.sort_by(|a, b| a.slope.total_cmp(&b.slope));
        for (place, row) in rows.iter_mut().enumerate() {
            row.rank = place + 1;
        }
        let test = joint_test::row(&of_study, &rows);
        Ok(Made::default()
            .with(&rows)
            .with(&specifications::by_choice(&rows))
            .with(&test.into_iter().collect::<Vec<_>>()))
    }
}
