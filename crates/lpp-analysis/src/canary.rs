//! Whether features that know only time score, as they should not.

use lpp_study::{CanaryInfo, beside_scores, load_sidecar};

use crate::{AnalysisError, ModelScores, Table};

/// Layers of the canary, as `lpp-fit` writes them.
const LAYERS: [&str; 2] = ["slow waves", "slow noise"];
/// Level of the flag.
const LEVEL: f64 = 0.05;

/// One row per layer of the canary: mean score of some voxels, what nulls reach, and a flag if it is beyond them. Without a
/// canary, a table without rows.
pub(crate) fn table(canaries: &[ModelScores]) -> Result<Table, AnalysisError> {
    let mut rows = Vec::new();
    for canary in canaries {
        let path = beside_scores(&canary.path, "nulls");
        if !path.exists() {
            continue;
        }
        let info: CanaryInfo = load_sidecar(&path)?;
        let layers = LAYERS.iter().zip(info.layers).zip(info.thresholds_05);
        rows.extend(layers.map(|((name, test), threshold)| (*name, test, threshold)));
    }
    for (name, test, _) in rows.iter().filter(|(_, test, _)| test.p <= LEVEL) {
        tracing::warn!(
            "the canary scores: {name} predict held-out scans (mean {:.4}, p = {:.3}); runs share a course over time or data leak",
            test.observed,
            test.p
        );
    }
    Table::new("canary")
        .text("features", rows.iter().map(|(name, _, _)| *name))?
        .number("score_mean", rows.iter().map(|(_, test, _)| test.observed))?
        .number("threshold_p05", rows.iter().map(|(_, _, threshold)| *threshold))?
        .number("p", rows.iter().map(|(_, test, _)| test.p))?
        .text(
            "flag",
            rows.iter()
                .map(|(_, test, _)| if test.p <= LEVEL { "scores" } else { "silent" }),
        )
}
