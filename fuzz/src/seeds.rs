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
/// drawn so rarely that all its inputs together take about a hundredth of the time of those of a small one.
#[derive(Debug)]
pub struct Seeds {
    files: Vec<Seed>,
    packing: Packing,
    chances: Option<WeightedIndex<f64>>,
}

/// A file that inputs are made from.
#[derive(Debug)]
pub(crate) struct Seed {
    pub(crate) bytes: Vec<u8>,
    /// What is packed in it; `None` if nothing is, or it is broken.
    pub(crate) unpacked: Option<Vec<u8>>,
}

impl Seeds {
    /// The files of a target.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        let packing = target.packing;
        let files: Vec<_> = (target.files)()
            .into_iter()
            .map(|bytes| Seed {
                unpacked: packing.unpacked(&bytes),
                bytes,
            })
            .collect();
        Self {
            chances: WeightedIndex::new(files.iter().map(Seed::chance)).ok(),
            packing,
            files,
        }
    }

    /// The files themselves.
    #[must_use]
    pub fn files(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.files.iter().map(|file| file.bytes.as_slice())
    }

    pub(crate) fn packing(&self) -> Packing {
        self.packing
    }

    /// One of them; `None` if there are none.
    pub(crate) fn draw(&self, rng: &mut ChaCha8Rng) -> Option<&Seed> {
        let chances = self.chances.as_ref()?;
        Some(&self.files[chances.sample(rng)])
    }
}

impl Seed {
    #[expect(clippy::cast_precision_loss, reason = "a chance need not be exact")]
    fn chance(&self) -> f64 {
        let unpacked = self.unpacked.as_ref().map_or(0, Vec::len);
        (TIME_OF_AN_INPUT + self.bytes.len().max(unpacked) as f64).powi(-2)
    }
}
