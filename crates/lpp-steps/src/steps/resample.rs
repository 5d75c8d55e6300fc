//! `lpp-resample`: resampling of images to the working grid.

use std::path::PathBuf;

use lpp_fmri::{Grid, Interpolation};
use lpp_study::Language;

use super::{place, words};
use crate::{Artefact, Completion, Cost, Estimator, Step};

/// Resampling of images to one grid.
#[derive(Debug, Clone, PartialEq)]
pub struct ResampleStep {
    /// The subject and its language, if the images are runs of a study.
    pub subject: Option<(String, Language)>,
    /// Each image with its output file; the folders for a subject whose published runs have not been downloaded yet.
    pub images: Vec<(PathBuf, PathBuf)>,
    /// Whether the images are known, not only their folders.
    pub are_known: bool,
    /// The grid of the results.
    pub target: Grid,
    /// The interpolation method.
    pub interpolation: Interpolation,
}

impl Step for ResampleStep {
    const PROGRAM: &'static str = "lpp-resample";

    fn id(&self) -> String {
        match &self.subject {
            Some((subject, lang)) => format!("resample:{subject}:{lang}"),
            None => "resample".to_owned(),
        }
    }

    fn arguments(&self) -> Vec<String> {
        match &self.subject {
            Some((subject, lang)) => [place(*lang), words(["--subject", subject])].concat(),
            None => Vec::new(),
        }
    }

    fn artefacts(&self) -> Vec<Artefact> {
        let artefact = |(image, output): &(PathBuf, PathBuf)| {
            Artefact::new(output)
                .input(image)
                .with("affine", self.target.affine())
                .with("shape", self.target.shape())
                .with("interpolation", self.interpolation.name())
        };
        self.images.iter().map(artefact).collect()
    }

    fn completion(&self) -> Completion {
        if self.are_known {
            Completion::Provenance
        } else {
            Completion::Presence
        }
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.resample()
    }
}
