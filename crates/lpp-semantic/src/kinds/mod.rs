//! The kinds of damage, a file for each family. A new kind is one entry of a list here below.

#![allow(clippy::too_many_lines, reason = "lists of kinds")]

mod checkpoints;
mod constants;
mod intact;
mod lengths;
mod models;
mod ownership;
mod planted;
mod run_choice;
mod settings;
mod sides;
mod space;
mod spheres;
mod storage;
mod tables;
mod texts;
mod times;
mod tokenizers;
mod vectors;

use rand_chacha::ChaCha8Rng;

use crate::files::Storage;
use crate::kind::Kind;
use crate::random::Draw;
use crate::study::Study;

pub(crate) use planted::planted;

/// All kinds, in the order in which they are run.
pub(crate) fn all() -> Vec<Kind> {
    [
        intact::kinds(),
        sides::kinds(),
        run_choice::kinds(),
        lengths::kinds(),
        times::kinds(),
        space::kinds(),
        storage::kinds(),
        constants::kinds(),
        spheres::kinds(),
        tables::kinds(),
        vectors::kinds(),
        texts::kinds(),
        tokenizers::kinds(),
        checkpoints::kinds(),
        models::kinds(),
        settings::kinds(),
        ownership::kinds(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Where the mask of a study lies.
const MASK: &str = "masks/mask_lpp_en.nii.gz";

/// Arrays over the voxels of that mask.
fn over_mask(study: &Study) -> Vec<String> {
    [
        study.files.under("average_subject/", ".npy"),
        study.files.under("isc/", ".npy"),
    ]
    .concat()
}

/// Some order and direction of the axes other than x, y, z ascending.
fn any_storage(rng: &mut ChaCha8Rng) -> Storage {
    loop {
        let order = rng.shuffled(3);
        let storage = Storage {
            from: [order[0], order[1], order[2]],
            flipped: [rng.below(2) == 0, rng.below(2) == 0, rng.below(2) == 0],
        };
        if storage != Storage::PLAIN {
            return storage;
        }
    }
}

/// A JSON file of a study, changed.
fn edit_json(study: &mut Study, path: &str, change: impl FnOnce(&mut serde_json::Value)) {
    let text = &mut study.files.text(path).text;
    let mut value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{path}: {e}"));
    change(&mut value);
    *text = format!("{value:#}");
}

/// What `git clone` leaves in place of a large file.
const LFS_POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:\
                           abababababababababababababababababababababababababababababababab\nsize 548105171\n";
