//! `lpp-fit`: the design of a fit, beyond the grid of penalties.

use lpp_files::FileError;
use lpp_fmri::Hrf;
use lpp_study::{AlphaScope, FoldRule, Metric, Study, StudyConfig};

use crate::{Artefact, Choice};

impl Choice for Metric {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (
            Self::Pearson,
            "pearson",
            "Pearson correlation, as in the reference study",
        ),
        (
            Self::R2,
            "r2",
            "Coefficient of determination R², 1 − residual over total variance",
        ),
    ];
}

impl Choice for AlphaScope {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (
            Self::Global,
            "global",
            "One penalty for all voxels, as in the reference study",
        ),
        (Self::Target, "target", "Each voxel has its own penalty"),
    ];
}

/// Response, metric, scope of penalties and folds; by default those of the reference study.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FitSettings {
    /// The haemodynamic response of words.
    pub hrf: Hrf,
    /// Whether features of scans are convolved with it too. Otherwise they are the design itself.
    pub convolve_scans: bool,
    /// What predictions are scored by.
    pub metric: Metric,
    /// The voxels that share a penalty.
    pub alpha_scope: AlphaScope,
    /// What is left out in each fold.
    pub folds: FoldRule,
    /// Scans purged on both sides of a chunk.
    pub gap_scans: usize,
    /// Whether features are detrended and high-passed like the scans of the reference study.
    pub filter_features: bool,
}

impl FitSettings {
    /// The settings of a study.
    ///
    /// # Errors
    /// [`FileError::Malformed`] if `lpp.toml` names no haemodynamic response.
    pub fn of_study(study: &Study) -> Result<Self, FileError> {
        let StudyConfig { fit, cv, .. } = study.config();
        let hrf = fit.hrf.as_deref().map(str::parse::<Hrf>).transpose();
        let hrf = hrf.map_err(|_| {
            let found = format!("hrf = {:?} under [fit]", fit.hrf.as_deref().unwrap_or_default());
            FileError::malformed(&study.root().join("lpp.toml"), found, Hrf::EXPECTED)
        })?;
        Ok(Self {
            convolve_scans: hrf.is_some(),
            hrf: hrf.unwrap_or_default(),
            metric: fit.metric,
            alpha_scope: fit.alpha_scope,
            folds: cv.folds.clone(),
            gap_scans: cv.gap_scans,
            filter_features: false,
        })
    }

    /// Whether nulls can be scored from the operators of the observed fit, without fitting each of them.
    #[must_use]
    pub fn has_fast_nulls(&self) -> bool {
        let each_in_turn = !matches!(self.folds, FoldRule::Test(_)) && self.gap_scans == 0;
        each_in_turn && self.metric == Metric::Pearson && self.alpha_scope == AlphaScope::Global
    }

    /// Adds the settings to the parameters of an artefact.
    pub(super) fn add_to(&self, artefact: Artefact) -> Artefact {
        artefact
            .with("hrf", self.hrf.to_string())
            .if_known("convolve_scans", self.convolve_scans.then_some(true))
            .with("metric", self.metric.name())
            .with("alpha_scope", self.alpha_scope.name())
            .with("folds", &self.folds)
            .with("gap_scans", self.gap_scans)
            .if_known("filter_features", self.filter_features.then_some(true))
    }
}
