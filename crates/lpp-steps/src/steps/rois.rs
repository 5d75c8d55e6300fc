//! `lpp-rois`: the regions of interest.

use std::path::PathBuf;

use lpp_fmri::{REFERENCE_RADIUS_MM, SphereCentre};
use lpp_study::{Language, Study};

use super::{place_of, with_subject};
use crate::{Artefact, Cost, Estimator, Step};

/// Spherical regions of a mask.
#[derive(Debug, Clone, PartialEq)]
pub struct RoisStep {
    /// The subject in place of the average subject, for a step of a plan.
    pub subject: Option<String>,
    /// The language of the mask, for a step of a plan.
    pub lang: Language,
    /// The mask.
    pub mask: PathBuf,
    /// The regions.
    pub centres: Vec<SphereCentre>,
    /// Radius of every sphere, mm.
    pub radius_mm: f64,
    /// Folder of the images.
    pub output: PathBuf,
}

impl RoisStep {
    /// The regions of the reference study in the mask of one language.
    #[must_use]
    pub fn of_study(study: &Study, lang: Language) -> Self {
        Self {
            subject: None,
            lang,
            mask: study.mask(lang),
            centres: SphereCentre::reference_set(),
            radius_mm: REFERENCE_RADIUS_MM,
            output: study.roi_dir(),
        }
    }

    /// The image of one region.
    #[must_use]
    pub fn artefact(&self, centre: &SphereCentre) -> Artefact {
        Artefact::new(self.output.join(format!("{}.nii.gz", centre.name)))
            .input(&self.mask)
            .with("centre_mm", centre.centre_mm)
            .with("radius_mm", self.radius_mm)
    }
}

impl Step for RoisStep {
    const PROGRAM: &'static str = "lpp-rois";

    fn id(&self) -> String {
        with_subject("rois", self.subject.as_deref())
    }

    fn arguments(&self) -> Vec<String> {
        place_of(self.lang, self.subject.as_deref())
    }

    fn artefacts(&self) -> Vec<Artefact> {
        self.centres.iter().map(|centre| self.artefact(centre)).collect()
    }

    /// A region outside the mask is left out.
    fn may_leave_out(&self) -> bool {
        true
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.small(1e4)
    }
}
