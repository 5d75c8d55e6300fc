//! Files of the user: what may be overwritten, where names collide, and where a study lies.

use crate::answer::{refused, same, told};
use crate::files::{Content, Storage};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::{CLEAN, FIT, PLAN, RESAMPLE, RIDGE, SIMULATE, STALE, TWO_IMAGES, TWO_RUN_MASKS};
use crate::study::encoding;

const ITSELF: &[&str] = &["input", "itself", "overwrit", "same file", "same name"];

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new(
            "images-of-one-name",
            &TWO_IMAGES,
            same(1e-6, 1e-6).or_refused(&["run.nii.gz", "same name"]),
            |s, _| {
                s.files.rename("a/first.nii.gz", "a/run.nii.gz");
                s.files.rename("b/second.nii.gz", "b/run.nii.gz");
                s.give(
                    "images",
                    ["a/run.nii.gz", "b/run.nii.gz"].map(str::to_owned).to_vec(),
                );
            },
        ),
        Kind::new(
            "run-masks-of-one-name",
            &TWO_RUN_MASKS,
            same(0.0, 0.0).or_refused(&["run.nii.gz", "same name"]),
            |s, _| {
                let runs = s.given("runs").to_vec();
                let names = [
                    "in/a/run.nii.gz",
                    "in/b/run.nii.gz",
                    "in/c/run.nii.gz",
                    "in/d/run.nii.gz",
                ];
                for (old, new) in runs.iter().zip(names) {
                    s.files.rename(old, new);
                }
                s.give("runs", names.map(str::to_owned).to_vec());
            },
        ),
        Kind::new(
            "image-given-twice",
            &TWO_IMAGES,
            told(&["twice", "same"]),
            |s, _| {
                s.give(
                    "images",
                    ["a/first.nii.gz", "a/first.nii.gz"].map(str::to_owned).to_vec(),
                );
            },
        ),
        Kind::new("output-is-the-input", &RESAMPLE, refused(ITSELF), |s, _| {
            s.files.rename("bold.nii.gz", "resampled/bold.nii.gz");
            s.give("image", vec!["resampled/bold.nii.gz".to_owned()]);
        }),
        Kind::new(
            "output-is-a-link-to-the-input",
            &RESAMPLE,
            refused(ITSELF),
            |s, _| {
                s.files.put(
                    "resampled/bold.nii.gz",
                    Content::Link("../bold.nii.gz".to_owned()),
                );
            },
        ),
        Kind::new(
            "output-is-the-mask",
            &CLEAN,
            refused(&["input", "itself", "overwrit", ".npy", "same"]),
            |s, _| {
                s.give("output", vec!["mask.nii.gz".to_owned()]);
            },
        ),
        Kind::new(
            "scores-over-targets",
            &RIDGE,
            refused(&["input", "itself", "overwrit", "y0.npy", "same"]),
            |s, _| {
                s.flag("lpp-ridge", &["--fold-scores", "y0.npy"]);
            },
        ),
        Kind::new(
            "two-outputs-of-one-name",
            &RIDGE,
            refused(&["scores.npy", "twice", "same"]),
            |s, rng| {
                let other = rng.pick(&["scores.npy", "./scores.npy"]);
                s.flag("lpp-ridge", &["--fold-scores", other]);
            },
        ),
        Kind::new(
            "simulation-over-a-study",
            &SIMULATE,
            refused(&["empty", "simulation"]),
            |s, rng| {
                let mut own = encoding(5);
                if rng.below(2) == 0 {
                    own.files.remove("lpp.toml");
                }
                s.files = own.files;
            },
        ),
        Kind::new(
            "simulation-over-a-text",
            &SIMULATE,
            refused(&["empty", "simulation"]),
            |s, rng| {
                let path = rng.pick(&["lpp.toml", "notes.txt", "words_en.csv", "isc/isc_en.npy"]);
                s.files.put_text(path, "mine\n");
            },
        ),
        Kind::new(
            "own-scores-in-the-plan",
            &PLAN,
            told(&["scores/midi"]).or_same(0.0),
            |s, _| {
                let n = s.masked(super::shared::MASK).len();
                let scores = crate::files::Array::new(&[2, n], vec![0.1; 2 * n], crate::files::Element::F32);
                s.files.put("scores/midi_en.npy", Content::Array(scores));
            },
        )
        .expecting(|intact, _| intact.only(|name| name != "step fit:midi:en")),
        Kind::new("mask-changed-after-the-fit", &STALE, told(&["mask"]), |s, _| {
            let mut image = s.files.image(super::shared::MASK).clone();
            let slab = image.shape[1] * image.shape[2];
            image.data = image.data.chunks(slab).rev().flatten().copied().collect();
            image.data.rotate_right(1);
            s.files.put("later/mask.nii.gz", Content::image(image));
        }),
        Kind::new(
            "mask-stored-otherwise-after-the-fit",
            &STALE,
            told(&["mask"]),
            |s, _| {
                let mut image = s.files.image(super::shared::MASK).clone();
                image.storage = Storage::LAS;
                s.files.put("later/mask.nii.gz", Content::image(image));
            },
        ),
        Kind::new(
            "folder-with-blanks-and-accents",
            &FIT,
            same(1e-6, 0.0),
            |s, rng| {
                s.give(
                    "folder",
                    vec![
                        rng.pick(&["my study", "Études (2)", "a'b \"c\"", "-study", "100%"])
                            .to_owned(),
                    ],
                );
            },
        ),
        Kind::new("scans-by-links", &FIT, same(1e-6, 0.0), |s, _| {
            for path in s.files.under("average_subject/", ".npy") {
                let name = path.rsplit('/').next().unwrap_or_default().to_owned();
                s.files.rename(&path, format!("stored/{name}"));
                s.files.put(path, Content::Link(format!("../../stored/{name}")));
            }
        }),
        Kind::new("scans-by-broken-links", &FIT, refused(&["run-"]), |s, rng| {
            let path = format!("average_subject/en/run-{}.npy", rng.below(9));
            s.files.remove(&path);
            s.files.put(path, Content::Link("../../nowhere.npy".to_owned()));
        }),
    ]
}
