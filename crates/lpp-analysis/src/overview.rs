//! Headline numbers of a study, and the reliability of its voxels.

use lpp_tables::{Isc, IscDensity, Row, Summary};

use crate::inputs::{Average, Inputs};
use crate::need::Need;
use crate::part::{Made, Part};
use crate::{AnalysisError, IscSummary, ModelScores, densities};

/// The table of headline numbers.
pub(crate) struct Overview;

impl Part for Overview {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[Summary::NAME]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let average = inputs.average()?;
        Ok(Made::default().with(&summary(average, inputs.regions()?.len())?))
    }
}

/// The inter-subject correlation.
pub(crate) struct Reliability;

impl Part for Reliability {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject, Need::Isc]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[Isc::NAME, IscDensity::NAME]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let brain = &inputs.average()?.brain;
        let rows = IscSummary::of(brain)?.map_or_else(Vec::new, |isc| isc.rows());
        let density = brain.isc().map_or_else(Vec::new, densities::of_isc);
        Ok(Made::default().with(&rows).with(&density))
    }
}

/// One row per number: what it is, its value.
fn summary(average: &Average, n_regions: usize) -> Result<Vec<Summary>, AnalysisError> {
    let brain = &average.brain;
    let models = |is: fn(&ModelScores) -> bool| average.models.iter().filter(|model| is(model)).count();
    let count = |n: usize| n as f64;
    let mut rows = vec![
        ("n_voxels", count(brain.n_voxels())),
        ("n_left", count(brain.hemispheres().left().len())),
        ("n_right", count(brain.hemispheres().right().len())),
        ("n_midline_left_out", count(brain.hemispheres().midline().len())),
        ("n_models", count(models(ModelScores::is_trained))),
        ("n_baselines", count(models(ModelScores::is_baseline))),
        (
            "n_checkpoints",
            count(models(|model| model.checkpoint().is_some())),
        ),
        ("n_rois", count(n_regions)),
    ];
    if let (Some(isc), Some(reliable)) = (IscSummary::of(brain)?, brain.reliable()) {
        let sides = brain.hemispheres().within(&reliable.voxels);
        rows.extend([
            ("isc_percentile_75", isc.isc_percentile_75),
            ("isc_mean", isc.isc_mean),
            ("isc_min", isc.isc_min),
            ("isc_max", isc.isc_max),
            ("n_reliable", count(isc.n_reliable)),
            ("n_reliable_left", count(sides.left().len())),
            ("n_reliable_right", count(sides.right().len())),
        ]);
    }
    let row = |(quantity, value): (&str, f64)| Summary {
        quantity: quantity.to_owned(),
        value,
    };
    Ok(rows.into_iter().map(row).collect())
}
