//! What several kinds of damage use.

use rand_chacha::ChaCha8Rng;

use crate::files::Storage;
use crate::random::Draw;
use crate::study::Study;

/// Where the mask of a study lies.
pub(super) const MASK: &str = "masks/mask_lpp_en.nii.gz";

/// Arrays over the voxels of that mask.
pub(super) fn over_mask(study: &Study) -> Vec<String> {
    [
        study.files.under("average_subject/", ".npy"),
        study.files.under("isc/", ".npy"),
    ]
    .concat()
}

/// Some order and direction of the axes other than x, y, z ascending.
pub(super) fn any_storage(rng: &mut ChaCha8Rng) -> Storage {
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
pub(super) fn edit_json(study: &mut Study, path: &str, change: impl FnOnce(&mut serde_json::Value)) {
    let text = &mut study.files.text(path).text;
    let mut value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{path}: {e}"));
    change(&mut value);
    *text = format!("{value:#}");
}

/// What `git clone` leaves in place of a large file.
pub(super) const LFS_POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:\
                           abababababababababababababababababababababababababababababababab\nsize 548105171\n";
