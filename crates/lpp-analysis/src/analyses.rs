//! The list of analyses.

use crate::need::Need;
use crate::overview::{Overview, Reliability};
use crate::part::Part;
use crate::{
    baselines, competence, corrected, curve, dimension, individuals, lateralization, layers, parcels,
    regions, scaling, training,
};

/// Declares the analyses: name of the command, what it is about, and the part that computes it.
macro_rules! analyses {
    ($($(#[doc = $about:literal])+ $name:ident: $command:literal, $part:expr;)*) => {
        /// Which tables to make.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Analysis {
            $($(#[doc = $about])+ $name,)*
            /// All of them.
            All,
        }

        impl Analysis {
            /// Every single analysis, in the order in which all of them are made.
            pub const EACH: &[Self] = &[$(Self::$name),*];

            /// Name of the command and what it is about.
            #[must_use]
            pub fn command(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$name => ($command, concat!($($about),+).trim_ascii()),)*
                    Self::All => ("all", "All of the above"),
                }
            }

            fn part(self) -> Option<&'static dyn Part> {
                match self {
                    $(Self::$name => Some(&$part),)*
                    Self::All => None,
                }
            }
        }
    };
}

analyses! {
    /// Brain score against model size, perplexity and `HellaSwag`; slope of each voxel
    Scaling: "scaling", scaling::ScalingPart;
    /// Left-right asymmetry, and its growth with model size
    Lateralization: "lateralization", lateralization::LateralizationPart;
    /// Brain score of each layer
    Layers: "layers", layers::LayersPart;
    /// Baselines: word vectors, random vectors, untrained controls
    Baselines: "baselines", baselines::BaselinesPart;
    /// Regions of interest and their mirror images
    Rois: "rois", regions::RegionsPart;
    /// Parcels of an atlas: ISC left and right, and the growth of the asymmetry
    Atlas: "atlas", parcels::ParcelsPart;
    /// Trained models against untrained controls, and training checkpoints
    Training: "training", training::TrainingPart;
    /// Single subjects, each with its own mask
    Individuals: "individuals", individuals::IndividualsPart;
    /// Corrected definitions and tests along with the paper's: delta table, families, noise ceilings, voxels, subjects
    Corrected: "corrected", corrected::CorrectedPart;
    /// The slope of left minus right under every combination of choices, with one p for all of them
    Curve: "curve", curve::CurvePart;
    /// Size at equal feature counts, and given the dimension of layers
    Dimension: "dimension", dimension::DimensionPart;
    /// What models know of language over their training, beside left and right: what lpp-score wrote into competence/
    Competence: "competence", competence::CompetencePart;
}

impl Analysis {
    /// The parts to compute, with the overview that belongs to every analysis of the average subject.
    pub(crate) fn parts(self) -> Vec<&'static dyn Part> {
        let chosen: Vec<&'static dyn Part> = match self.part() {
            Some(part) => vec![part],
            None => Self::EACH.iter().filter_map(|analysis| analysis.part()).collect(),
        };
        let mut parts: Vec<&'static dyn Part> = Vec::new();
        if chosen
            .iter()
            .any(|part| part.needs().contains(&Need::AverageSubject))
        {
            parts.extend([&Overview as &dyn Part, &Reliability]);
        }
        parts.extend(chosen);
        parts
    }
}
