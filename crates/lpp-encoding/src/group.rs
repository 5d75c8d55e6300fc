//! Sets of scans that share pieces and folds, and therefore the factorisation of each layer.

use lpp_ridge::{AlphaScope, InnerValidation, Metric, RidgeCv, RidgeCvParams};
use lpp_steps::{FitStep, InnerRuns, TargetSet};
use ndarray::Array2;

use crate::EncodingError;
use crate::heard::Heard;
use crate::pieces::{FoldDesign, Pieces};
use crate::prepared::search_of;
use crate::target_set::check_scans;

/// Sets with the same pieces. There are several groups only if scans were scrubbed.
pub(crate) struct Group {
    pub(crate) pieces: Pieces,
    pub(crate) folds: FoldDesign,
    pub(crate) model: RidgeCv,
    /// The model by which layers are chosen, if that is another one.
    pub(crate) of_layers: Option<RidgeCv>,
    /// The place of each set among all, and its files.
    pub(crate) members: Vec<(usize, Heard)>,
}

impl Group {
    /// Scans of each story before trimming, the same in all sets.
    pub(crate) fn n_scans(&self) -> Vec<usize> {
        self.members
            .first()
            .map_or_else(Vec::new, |(_, heard)| heard.n_scans())
    }

    /// The targets of the only set; `None` if there are several, which must not be in memory together.
    pub(crate) fn only_targets(&self) -> Result<Option<Vec<Array2<f32>>>, EncodingError> {
        match self.members.as_slice() {
            [(_, heard)] => Ok(Some(self.pieces.targets(heard)?)),
            _ => Ok(None),
        }
    }
}

/// All sets with their groups.
pub(crate) fn members<'a>(groups: &'a [Group]) -> impl Iterator<Item = (&'a Group, usize, &'a Heard)> {
    let of_group = |group: &'a Group| {
        group
            .members
            .iter()
            .map(move |(place, heard)| (group, *place, heard))
    };
    groups.iter().flat_map(of_group)
}

/// The groups of some sets.
///
/// # Errors
/// [`EncodingError`] naming the file that does not fit the others or the folds.
pub(crate) fn groups(step: &FitStep, sets: &[&TargetSet]) -> Result<Vec<Group>, EncodingError> {
    let mut groups: Vec<Group> = Vec::new();
    for (place, set) in sets.iter().enumerate() {
        let heard = Heard::of(set)?;
        if let Some(first) = groups.first() {
            check_scans(set, &heard, &first.n_scans())?;
        }
        if heard.n_absent() > 0 {
            tracing::warn!(
                "{}: {} scans are NaN in every voxel (scrubbed); they are left out of fit and score",
                set.subject,
                heard.n_absent()
            );
        }
        let pieces = Pieces::of(&heard, &step.settings, step.trim_scans)?;
        match groups.iter_mut().find(|group| group.pieces == pieces) {
            Some(group) => group.members.push((place, heard)),
            None => groups.push(group(step, pieces, (place, heard), step.chooses_layers())?),
        }
    }
    Ok(groups)
}

fn group(
    step: &FitStep,
    pieces: Pieces,
    member: (usize, Heard),
    validation_scores: bool,
) -> Result<Group, EncodingError> {
    let words = step.words.as_ref().unwrap_or(&step.activations);
    let folds = pieces.folds(&step.settings, &step.story_names, words)?;
    let checked = |params: RidgeCvParams| {
        let params = params.validation_scores(validation_scores);
        let model = pieces.add_folds(&folds, params).check();
        model.map_err(EncodingError::Settings)
    };
    let other = step.inner_of_layers() != step.inner_of_scores();
    let of_layers = ridge_params(step).inner(validation_of(step.inner_of_layers()));
    Ok(Group {
        model: checked(ridge_params(step))?,
        of_layers: (validation_scores && other)
            .then(|| checked(of_layers))
            .transpose()?,
        pieces,
        folds,
        members: vec![member],
    })
}

/// One set by itself, with its targets; fits keep their validation scores if asked to.
///
/// # Errors
/// As [`groups`].
pub(crate) fn lone(
    step: &FitStep,
    set: &TargetSet,
    validation_scores: bool,
) -> Result<(Group, Heard, Vec<Array2<f32>>), EncodingError> {
    let heard = Heard::of(set)?;
    let pieces = Pieces::of(&heard, &step.settings, step.trim_scans)?;
    let targets = pieces.targets(&heard)?;
    let group = group(step, pieces, (0, heard.clone()), validation_scores)?;
    Ok((group, heard, targets))
}

/// The settings of the ridge regression, without folds.
pub(crate) fn ridge_params(step: &FitStep) -> RidgeCvParams {
    let scope = match step.settings.alpha_scope {
        lpp_study::AlphaScope::Global => AlphaScope::Global,
        lpp_study::AlphaScope::Target => AlphaScope::PerTarget,
    };
    RidgeCv::params()
        .alphas(step.alphas.clone())
        .alpha_search(search_of(step.alpha_search))
        .alpha_scope(scope)
        .metric(metric_of(step.settings.metric))
        .inner(validation_of(step.inner_of_scores()))
}

fn validation_of(inner: InnerRuns) -> InnerValidation {
    match inner {
        InnerRuns::First => InnerValidation::First,
        InnerRuns::All => InnerValidation::All,
    }
}

/// The metric of a study in the ridge regression.
pub(crate) fn metric_of(metric: lpp_study::Metric) -> Metric {
    match metric {
        lpp_study::Metric::Pearson => Metric::Pearson,
        lpp_study::Metric::R2 => Metric::R2,
    }
}
