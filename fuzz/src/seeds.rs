//! The files that inputs are made from.

use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand_chacha::ChaCha8Rng;

use crate::targets::{Packing, Target};

/// Bytes that are read in the time that everything else takes for an input.
const TIME_OF_AN_INPUT: f64 = 16_384.0;

/// The files that a target begins from, and how often each is drawn.
///
/// A file of megabytes takes a hundred times as long as a small one, and most of its damage changes nothing that a reader sees. It is
/// drawn as much less often, so that each file gets the same share of the time.
#[derive(Debug)]
pub struct Seeds {
    files: Vec<Vec<u8>>,
    packing: Packing,
    chances: Option<WeightedIndex<f64>>,
}

impl Seeds {
    /// The files of a target.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        let files = (target.files)();
        #[expect(clippy::cast_precision_loss, reason = "a chance need not be exact")]
        let chance = |file: &Vec<u8>| 1.0 / (TIME_OF_AN_INPUT + target.packing.size(file) as f64);
        Self {
            chances: WeightedIndex::new(files.iter().map(chance)).ok(),
            packing: target.packing,
            files,
        }
    }

    /// The files themselves.
    #[must_use]
    pub fn files(&self) -> &[Vec<u8>] {
        &self.files
    }

    pub(crate) fn packing(&self) -> Packing {
        self.packing
    }

    /// One of them; `None` if there are none.
    pub(crate) fn draw(&self, rng: &mut ChaCha8Rng) -> Option<&[u8]> {
        let chances = self.chances.as_ref()?;
        Some(&self.files[chances.sample(rng)])
    }
}
