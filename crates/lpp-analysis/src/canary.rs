//! Whether features that know only time score, as they should not.

use lpp_study::{CanaryInfo, beside_scores, load_sidecar};
use lpp_tables::Canary;

use crate::{AnalysisError, ModelScores};

/// Layers of the canary, as `lpp-fit` writes them.
const LAYERS: [&str; 2] = ["slow waves", "slow noise"];
/// Level of the flag.
const LEVEL: f64 = 0.05;

/// One row per layer of the canary: mean score of some voxels, what nulls reach, and a flag if it is beyond them. Without a
/// canary, a table without rows.
pub(crate) fn rows(canaries: &[ModelScores]) -> Result<Vec<Canary>, AnalysisError> {
    let mut rows = Vec::new();
    for canary in canaries {
        let path = beside_scores(&canary.path, "nulls");
        if !path.exists() {
            continue;
        }
        let info: CanaryInfo = load_sidecar(&path)?;
        let layers = LAYERS.iter().zip(info.layers).zip(info.thresholds_05);
        rows.extend(layers.map(|((features, test), threshold_p05)| Canary {
            features: (*features).to_owned(),
            score_mean: test.observed,
            threshold_p05,
            p: test.p,
            flag: if test.p <= LEVEL { "scores" } else { "silent" }.to_owned(),
        }));
    }
    for Canary {
        features,
        score_mean,
        p,
        ..
    } in rows.iter().filter(|row| row.p <= LEVEL)
    {
        tracing::warn!(
            "leakage check failed: {features}, which contain only time, predict held-out scans (mean {score_mean:.4}, p = {p:.3}); \
             runs share a time course, or the program is wrong"
        );
    }
    Ok(rows)
}
