//! Which files are runs, in which order, and whose.

use rand_chacha::ChaCha8Rng;

use crate::answer::{refused, same, told};
use crate::files::{Array, Content, Element};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::{AVERAGE, AVERAGE_IMAGES, FOLDERS};
use crate::study::Study;

const TWICE: &[&str] = &["twice", "same", "identical", "one file", "sub-1"];

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new("runs-unpadded", &AVERAGE, same(1e-6, 0.0), |s, _| {
            rename(s, "in/", |name| name.replace("run-0", "run-"));
        }),
        Kind::new("runs-without-labels-padded", &AVERAGE, same(1e-6, 0.0), |s, _| {
            // run_1 ... run_12, as own scripts write
            rename(s, "in/", |name| {
                name.replace("_task-a_run-0", "_run")
                    .replace("_task-a_run-", "_run")
                    .replace("_bold", "")
            });
        }),
        Kind::new("subjects-in-another-order", &AVERAGE, same(1e-5, 0.0), |s, _| {
            let reversed = s.given("subjects").iter().rev().cloned().collect();
            s.give("subjects", reversed);
        }),
        Kind::new("run-labels-differ", &AVERAGE, refused(&["sub-2"]), |s, rng| {
            let lost = 2 + rng.below(9);
            s.files.remove(&run_of(2, lost));
            s.files.copy(&run_of(2, 12), run_of(2, 13));
        }),
        Kind::new(
            "run-missing",
            &AVERAGE,
            refused(&["sub-2", "sub-3", "sub-1"]),
            |s, rng| {
                let subject = 1 + rng.below(3);
                s.files.remove(&run_of(subject, 1 + rng.below(12)));
            },
        ),
        Kind::new("run-extra", &AVERAGE, refused(&["run-13", "sub-"]), |s, rng| {
            let subject = 1 + rng.below(3);
            s.files.copy(&run_of(subject, 3), run_of(subject, 13));
        }),
        Kind::new(
            "run-in-two-spellings",
            &AVERAGE,
            refused(&["run-3", "run-03", "twice"]),
            |s, _| {
                for subject in 1..=3 {
                    s.files
                        .copy(&run_of(subject, 4), run_of(subject, 3).replace("run-03", "run-3"));
                }
            },
        ),
        Kind::new("subject-given-twice", &AVERAGE, told(TWICE), |s, _| {
            s.give(
                "subjects",
                ["in/sub-1", "in/sub-1", "in/sub-3"].map(str::to_owned).to_vec(),
            );
        }),
        Kind::new("subject-by-two-spellings", &AVERAGE, told(TWICE), |s, _| {
            s.give(
                "subjects",
                ["in/sub-1", "in/../in/sub-1/", "in/sub-3"]
                    .map(str::to_owned)
                    .to_vec(),
            );
        }),
        Kind::new("subject-by-a-link", &AVERAGE, told(TWICE), |s, _| {
            s.files.put("in/again", Content::Link("sub-1".to_owned()));
            s.give(
                "subjects",
                ["in/sub-1", "in/again", "in/sub-3"].map(str::to_owned).to_vec(),
            );
        }),
        Kind::new("subject-copied", &AVERAGE, told(TWICE), |s, _| {
            for run in 1..=12 {
                s.files.copy(&run_of(1, run), run_of(2, run));
            }
        }),
        Kind::new("run-copied", &AVERAGE, told(TWICE), |s, rng| {
            let to = 2 + rng.below(11);
            for subject in 1..=3 {
                s.files.copy(&run_of(subject, 1), run_of(subject, to));
            }
        }),
        Kind::new("other-files-beside", &AVERAGE, same(1e-6, 0.0), |s, _| {
            s.files.put_text(
                "in/sub-1/sub-1_task-a_run-01_bold.json",
                "{\"RepetitionTime\": 2.0}",
            );
            s.files.put_text(
                "in/sub-2/sub-2_task-a_run-01_events.tsv",
                "onset\tduration\n0\t1\n",
            );
            s.files
                .put("in/sub-3/.DS_Store", Content::Bytes(vec![0, 0, 0, 1]));
            s.files.put(
                "in/sub-3/._sub-3_task-a_run-01_bold.npy",
                Content::Bytes(b"Mac OS X        ".to_vec()),
            );
            s.files.put_text("in/sub-1/README", "scans\n");
        }),
        Kind::new(
            "arrays-and-images",
            &AVERAGE,
            refused(&["image", "nii"]),
            |s, _| {
                s.files.put_text("in/sub-2/sub-2_task-a_run-13_bold.nii.gz", "x");
            },
        ),
        Kind::new("subject-empty", &AVERAGE, refused(&["sub-4"]), |s, _| {
            s.files.put_text("in/sub-4/notes.txt", "left out\n");
            let all = (1..=4).map(|n| format!("in/sub-{n}")).collect();
            s.give("subjects", all);
        }),
        Kind::new(
            "two-tasks",
            &AVERAGE,
            same(1e-6, 0.0).or_refused(&["task"]),
            |s, rng| {
                for subject in 1..=3 {
                    for run in 1..=2 {
                        let rows: Vec<Vec<f64>> = (0..50).map(|_| rng.normals(5)).collect();
                        let path = run_of(subject, run).replace("task-a", "task-rest");
                        s.files
                            .put(path, Content::Array(Array::of_rows(&rows, Element::F32)));
                    }
                }
            },
        ),
        Kind::new(
            "two-spaces",
            &AVERAGE_IMAGES,
            same(1e-6, 0.0).or_refused(&["space"]),
            |s, rng| {
                second(s, rng, "_space-MNI152NLin2009cAsym_bold", "_space-T1w_bold");
            },
        ),
        Kind::new(
            "two-resolutions",
            &AVERAGE_IMAGES,
            same(1e-6, 0.0).or_refused(&["res-", "resolution"]),
            |s, rng| {
                second(s, rng, "_space-MNI_res-2_bold", "_space-MNI_res-native_bold");
            },
        ),
        Kind::new(
            "two-descriptions",
            &AVERAGE_IMAGES,
            same(1e-6, 0.0).or_refused(&["desc"]),
            |s, rng| {
                second(
                    s,
                    rng,
                    "_space-MNI_desc-preproc_bold",
                    "_space-MNI_desc-smooth_bold",
                );
            },
        ),
        Kind::new("several-echoes", &AVERAGE_IMAGES, refused(&["echo"]), |s, rng| {
            second(s, rng, "_echo-1_desc-preproc_bold", "_echo-2_desc-preproc_bold");
        }),
        Kind::new(
            "magnitude-and-phase",
            &AVERAGE_IMAGES,
            same(1e-6, 0.0).or_refused(&["part"]),
            |s, rng| {
                second(s, rng, "_part-mag_bold", "_part-phase_bold");
            },
        ),
        Kind::new("two-sessions", &AVERAGE_IMAGES, refused(&["ses"]), |s, rng| {
            second(s, rng, "_bold", "_bold2");
            rename(s, "in/", |name| match name.strip_suffix("_bold2.nii.gz") {
                Some(_) => name
                    .replace("_task-a", "_ses-2_task-a")
                    .replace("_bold2", "_bold"),
                None => name.replace("_task-a", "_ses-1_task-a"),
            });
        }),
        Kind::new(
            "two-acquisitions",
            &AVERAGE_IMAGES,
            refused(&["acq"]),
            |s, rng| {
                second(s, rng, "_bold", "_bold2");
                rename(s, "in/", |name| match name.strip_suffix("_bold2.nii.gz") {
                    Some(_) => name.replace("_run-", "_acq-fast_run-").replace("_bold2", "_bold"),
                    None => name.replace("_run-", "_acq-slow_run-"),
                });
            },
        ),
        Kind::new(
            "packed-and-unpacked",
            &AVERAGE_IMAGES,
            same(1e-6, 0.0).or_refused(&["run-2", "twice"]),
            |s, _| {
                for subject in 1..=3 {
                    let path = image_of(subject, 2);
                    s.files.copy(&path, path.trim_end_matches(".gz"));
                }
            },
        ),
        Kind::new(
            "images-unlike-bold-beside",
            &AVERAGE_IMAGES,
            same(1e-6, 0.0),
            |s, rng| {
                let suffix = rng.pick(&[
                    "_boldref",
                    "_sbref",
                    "_desc-brain_mask",
                    "_dseg",
                    "_desc-aparcaseg_dseg",
                    "_label-GM_probseg",
                ]);
                for subject in 1..=3 {
                    for run in 1..=3 {
                        let path = image_of(subject, run);
                        let mut image = s.files.image(&path).clone();
                        image.cut(0..1);
                        s.files.put(path.replace("_bold", suffix), Content::image(image));
                    }
                }
            },
        ),
        Kind::new("anatomy-beside", &AVERAGE_IMAGES, same(1e-6, 0.0), |s, _| {
            let mut image = s.files.image(&image_of(1, 1)).clone();
            image.cut(0..1);
            s.files
                .put("in/sub-1/func/sub-1_T1w.nii.gz", Content::image(image));
        }),
        Kind::new("folder-run-10", &FOLDERS, same(1e-5, 0.0), |s, _| {
            rename(s, "derivatives/", |name| {
                name.replace("run-3", "run-10")
                    .replace("run-2", "run-9")
                    .replace("run-1_", "run-2_")
            });
        }),
        Kind::new(
            "folder-two-spaces",
            &FOLDERS,
            same(1e-5, 0.0).or_refused(&["space"]),
            |s, _| {
                for path in s.files.under("derivatives/", "_bold.nii.gz") {
                    let mut image = s.files.image(&path).clone();
                    image.data.iter_mut().for_each(|v| *v = 1500.0 - *v);
                    s.files.put(
                        path.replace("space-MNIColin27", "space-T1w"),
                        Content::image(image),
                    );
                }
            },
        ),
        Kind::new("folder-references-beside", &FOLDERS, same(1e-5, 0.0), |s, _| {
            for path in s.files.under("derivatives/", "_bold.nii.gz") {
                let mut image = s.files.image(&path).clone();
                image.cut(0..1);
                s.files.put(
                    path.replace("_desc-preproc_bold", "_boldref"),
                    Content::image(image.clone()),
                );
                image.each_voxel(|place, v| v[0] = f64::from(place[2] > 8.0));
                s.files.put(
                    path.replace("_desc-preproc_bold", "_desc-brain_mask"),
                    Content::image(image),
                );
            }
        }),
        Kind::new("folder-run-lost", &FOLDERS, refused(&["EN02"]), |s, rng| {
            let lost = 1 + rng.below(2);
            let path = s.files.under(
                "derivatives/sub-EN02",
                &format!("run-{lost}_space-MNIColin27_desc-preproc_bold.nii.gz"),
            );
            s.files
                .rename(&path[0], path[0].replace(&format!("run-{lost}"), "run-4"));
        }),
    ]
}

fn run_of(subject: usize, run: usize) -> String {
    format!("in/sub-{subject}/sub-{subject}_task-a_run-{run:02}_bold.npy")
}

fn image_of(subject: usize, run: usize) -> String {
    format!("in/sub-{subject}/func/sub-{subject}_task-a_run-{run}_bold.nii.gz")
}

/// Renames the files below a folder by their file names.
fn rename(study: &mut Study, start: &str, new: impl Fn(&str) -> String) {
    let renamed: Vec<(String, Content)> = study
        .files
        .under(start, "")
        .into_iter()
        .map(|path| {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            (format!("{folder}/{}", new(name)), study.files.remove(&path))
        })
        .collect();
    for (path, content) in renamed {
        study.files.put(path, content);
    }
}

/// Gives every run the name `first` and lays other scans under the name `other` beside it.
fn second(study: &mut Study, rng: &mut ChaCha8Rng, first: &str, other: &str) {
    for path in study.files.under("in/", "_bold.nii.gz") {
        let mut image = study.files.image(&path).clone();
        image.data.iter_mut().for_each(|v| *v += 40.0 * rng.normal());
        study
            .files
            .put(path.replace("_bold", other), Content::image(image));
        if first != "_bold" {
            study.files.rename(&path, path.replace("_bold", first));
        }
    }
}
