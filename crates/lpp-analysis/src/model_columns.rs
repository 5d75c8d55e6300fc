//! Columns that several tables have of a model.

use lpp_stats::{LateralScore, MeanScore};
use lpp_tables::{Identity, Measures};

use crate::{AnalysisError, Brain, ModelScores};

/// Which model a row is about.
pub(crate) fn identity(model: &ModelScores) -> Identity {
    Identity {
        model: model.name().to_owned(),
        kind: model.kind().to_owned(),
        family: model.family(),
        n_parameters: model.info.n_parameters,
    }
}

/// Scores and differences of a model; NaN where reliable voxels are not known.
pub(crate) fn measures(brain: &Brain, model: &ModelScores) -> Result<Measures, AnalysisError> {
    let l_minus_r_reliable = match brain.reliable() {
        Some(reliable) => {
            let sides = brain.hemispheres().within(&reliable.voxels);
            LateralScore::over(&model.best, &sides)?.difference()
        }
        None => f64::NAN,
    };
    Ok(Measures {
        score_all: MeanScore::of(&model.best).mean,
        score_reliable: reliable_mean(brain, model)?,
        l_minus_r_all: LateralScore::over(&model.best, brain.hemispheres())?.difference(),
        l_minus_r_reliable,
    })
}

/// Mean score over reliable voxels; NaN without an inter-subject correlation.
pub(crate) fn reliable_mean(brain: &Brain, model: &ModelScores) -> Result<f64, AnalysisError> {
    match brain.reliable() {
        Some(reliable) => Ok(MeanScore::over(&model.best, &reliable.voxels)?.mean),
        None => Ok(f64::NAN),
    }
}

/// The measures as outcomes of regressions.
pub(crate) fn outcomes(rows: &[Measures]) -> [(&'static str, Vec<f64>); 4] {
    let column = |cell: fn(&Measures) -> f64| rows.iter().map(cell).collect();
    [
        ("score_all", column(|row| row.score_all)),
        ("score_reliable", column(|row| row.score_reliable)),
        ("l_minus_r_all", column(|row| row.l_minus_r_all)),
        ("l_minus_r_reliable", column(|row| row.l_minus_r_reliable)),
    ]
}
