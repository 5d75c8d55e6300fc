//! What models know of language over their training, beside brain scores: tables C1 to C5.
//!
//! * `batteries`: accuracies of one table, and the units that its intervals resample;
//! * `sides`: left and right of each checkpoint in each run;
//! * `series`: a measure over the checkpoints of a model;
//! * `transitions`: when measures rise, and whether together;
//! * `surprisal`: the words of the text.

mod batteries;
mod series;
mod sides;
mod surprisal;
mod transitions;

use lpp_tables::{Competence, Row, Surprisal, Trajectories, TransitionPairs, Transitions};

use crate::AnalysisError;
use crate::competence_files::Checkpoints;
use crate::inputs::Inputs;
use crate::need::Need;
use crate::part::{Made, Part};

use batteries::Battery;

/// Competence, trajectories and transitions of all checkpoints that were scored.
pub(crate) struct CompetencePart;

impl Part for CompetencePart {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject, Need::Beside, Need::Competence]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            Competence::NAME,
            Trajectories::NAME,
            Transitions::NAME,
            TransitionPairs::NAME,
            Surprisal::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let checkpoints = Checkpoints::load(inputs.files.checkpoints.as_deref())?;
        let batteries = inputs
            .files
            .competence
            .iter()
            .map(|file| Battery::load(file, &checkpoints));
        let mut batteries: Vec<Battery> = batteries.collect::<Result<_, _>>()?;
        batteries.sort_by_key(Battery::key);
        let mut series = series::of_batteries(&batteries)?;
        if !series.is_empty() {
            series.extend(sides::series(inputs, &checkpoints)?);
        }
        let (transitions, pairs) = transitions::rows(&series, inputs.seed())?;
        Ok(Made::default()
            .with(&batteries.iter().flat_map(Battery::rows).collect::<Vec<_>>())
            .with(&series.iter().flat_map(series::Series::rows).collect::<Vec<_>>())
            .with(&transitions)
            .with(&pairs)
            .with(&batteries.iter().filter_map(surprisal::row).collect::<Vec<_>>()))
    }
}
