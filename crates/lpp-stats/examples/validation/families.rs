//! Scores of models that differ by family: the slope on size.

use lpp_stats::{Bootstrap, Groups, MixedModel, StatsError, cluster_robust_ols, group_bootstrap_slope, ols};
use rand_chacha::ChaCha8Rng;

use super::{ALPHA, N_RESAMPLES, normal, normals};

/// Models of several families.
///
/// Sizes differ within families and twice as much between them; scores deviate per family as much as per model.
struct Models {
    size: Vec<f64>,
    score: Vec<f64>,
    families: Groups,
}

impl Models {
    fn simulate(n_families: usize, effect: f64, rng: &mut ChaCha8Rng) -> Self {
        // Three, four, three, … models, 28 in eight families.
        let labels: Vec<usize> = (0..n_families)
            .flat_map(|family| vec![family; 3 + family % 2])
            .collect();
        let (centre, deviation) = (
            normals(n_families, 0.0, 1.0, rng),
            normals(n_families, 0.0, 1.0, rng),
        );
        let size: Vec<f64> = labels
            .iter()
            .map(|&family| centre[family] + 0.5 * normal(rng))
            .collect();
        let score = labels
            .iter()
            .zip(&size)
            .map(|(&family, size)| effect * size + deviation[family] + normal(rng))
            .collect();
        Self {
            size,
            score,
            families: Groups::by_label(&labels),
        }
    }

    /// Whether the interval of the slope excludes zero.
    fn bootstrap_finds(
        &self,
        rng: &mut ChaCha8Rng,
        interval: fn(&Bootstrap, f64) -> Result<lpp_stats::Interval, StatsError>,
    ) -> Result<bool, StatsError> {
        let slope = group_bootstrap_slope(&self.size, &self.score, &self.families, N_RESAMPLES, rng)?;
        Ok(!interval(&slope, 1.0 - ALPHA)?.contains(0.0))
    }

    fn mixed_model(&self) -> Result<lpp_stats::FixedEffect, StatsError> {
        Ok(MixedModel::fit(&self.score, &[&self.size], &self.families)?.fixed[1])
    }

    fn robust_finds(&self) -> Result<bool, StatsError> {
        Ok(cluster_robust_ols(&self.score, &[&self.size], &self.families)?[1].p <= ALPHA)
    }
}

pub(super) fn family_ols(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let models = Models::simulate(8, effect, rng);
    Ok(ols(&models.score, &[&models.size])?.slope().p <= ALPHA)
}

pub(super) fn family_percentile(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    Models::simulate(8, effect, rng).bootstrap_finds(rng, Bootstrap::percentile_interval)
}

pub(super) fn family_bca(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    Models::simulate(8, effect, rng).bootstrap_finds(rng, Bootstrap::bca_interval)
}

pub(super) fn family_mixed_z(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    Ok(Models::simulate(8, effect, rng).mixed_model()?.p_normal <= ALPHA)
}

pub(super) fn family_mixed_t(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    Ok(Models::simulate(8, effect, rng).mixed_model()?.p <= ALPHA)
}

pub(super) fn family_robust(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    Models::simulate(8, effect, rng).robust_finds()
}

pub(super) fn families_percentile(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    Models::simulate(40, effect, rng).bootstrap_finds(rng, Bootstrap::percentile_interval)
}

pub(super) fn families_mixed_t(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    Ok(Models::simulate(40, effect, rng).mixed_model()?.p <= ALPHA)
}

pub(super) fn families_robust(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    Models::simulate(40, effect, rng).robust_finds()
}
