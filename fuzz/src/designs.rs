//! Readers of confounds, correlations, kept models and the truth of a simulation.

use std::fs;
use std::io::Cursor;

use lpp_files::{HashMemo, npy};
use lpp_fmri::{Confounds, Scrub, load_isc};
use lpp_preparation::Picture;
use lpp_ridge::RidgeModel;
use lpp_study::{FitTerms, KeptFile, KeptLayer, KeptModel, Language, ModelSource, Truth};
use ndarray::arr2;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::cases;
use crate::imported::{features, made};
use crate::targets::{Packing, Target, fixtures, texts};

/// The readers of what stands beside scans and scores.
pub(crate) fn of_designs() -> Vec<Target> {
    vec![
        Target::plain("confounds", "c.tsv", confounds, |folder| {
            let scrub = "framewise_displacement:0.5".parse::<Scrub>().ok();
            Ok(Confounds::load(&folder.join("c.tsv"), &["*_x", "csf"], scrub.as_ref()).map(drop)?)
        }),
        Target {
            packing: Packing::Gzip,
            ..Target::plain("isc", "isc.gz", isc, |folder| {
                Ok(load_isc(&folder.join("isc.gz")).map(drop)?)
            })
        },
        Target::plain("pictures", "p.csv", pictures, |folder| {
            Ok(Picture::load_all(&folder.join("p.csv")).map(drop)?)
        }),
        Target::plain("words_of_texts", "w.csv", words, |folder| {
            Ok(lpp_text::load_words_of_texts(&folder.join("w.csv")).map(drop)?)
        }),
        Target::plain("ridge_model", "m.safetensors", ridge_model, |folder| {
            Ok(RidgeModel::<f64>::load(&folder.join("m.safetensors")).map(drop)?)
        }),
        Target::plain("kept_model", "model.json", kept_model, |folder| {
            Ok(KeptModel::load(&folder.join("model.json")).map(drop)?)
        }),
        Target {
            beside: |folder| Ok(fs::create_dir(folder.join("simulation"))?),
            ..Target::plain("truth", "simulation/truth.json", truth, |folder| {
                Ok(Truth::load(folder).map(drop)?)
            })
        },
        Target::plain("hash_memo", "hashes.json", hash_memo, |folder| {
            // What cannot be read is as if it were not there.
            let file = folder.join("hashes.json");
            Ok(HashMemo::load(file.clone()).of(&file).map(drop)?)
        }),
        Target {
            packing: Packing::Zip("run-0.npy"),
            ..Target::plain("npz", "a.npz", npz, |folder| features(folder, "a.npz"))
        },
    ]
}

fn confounds() -> Vec<Vec<u8>> {
    let text = "trans_x\trot_x\tcsf\tframewise_displacement\n0.1\t0\t3\tn/a\n0.2\t-1e-3\t4\t0.7\n";
    [
        texts(&[text]),
        cases::tables("trans_x\tcsf\tframewise_displacement"),
    ]
    .concat()
}

fn isc() -> Vec<Vec<u8>> {
    let matrix = made("isc.npy", |path| {
        Ok(npy::save(path, &arr2(&[[0.5_f64, 0.25, 0.0], [0.1, 0.2, 0.3]]))?)
    });
    let dumps = fixtures(&["fmri/joblib/gzip.gz", "fmri/joblib/raw.gz"]);
    [matrix, dumps, cases::npy_headers()].concat()
}

fn pictures() -> Vec<Vec<u8>> {
    [
        texts(&["run,onset_s,offset_s\n0,10,25\n0,35.5,55\n"]),
        cases::tables("run,onset_s,offset_s"),
    ]
    .concat()
}

fn words() -> Vec<Vec<u8>> {
    [
        texts(&["run,word\n0,once\n0,upon\n1,a\n"]),
        cases::tables("run,word"),
    ]
    .concat()
}

/// Two features, three targets and two penalties; the numbers are zeros.
fn ridge_model() -> Vec<Vec<u8>> {
    let header = r#"{"__metadata__":{"format":"lpp-ridge model 1"},
        "coefficients":{"dtype":"F64","shape":[2,3],"data_offsets":[0,48]},
        "alphas":{"dtype":"F64","shape":[1,3],"data_offsets":[48,72]},
        "validation_curve":{"dtype":"F64","shape":[1,2],"data_offsets":[72,88]},
        "best_scores":{"dtype":"F64","shape":[1,3],"data_offsets":[88,112]}}"#;
    let header = format!("{header:<width$}", width = header.len().next_multiple_of(8));
    let length = (header.len() as u64).to_le_bytes();
    vec![[&length[..], header.as_bytes(), &[0; 112]].concat()]
}

fn kept_model() -> Vec<Vec<u8>> {
    let written = made("model.json", |path| {
        let source = ModelSource {
            study: "s".to_owned(),
            lang: Language::English,
            subject: "average".to_owned(),
            words_sha256: None,
        };
        let mut kept = KeptModel::new(source, "gpt2", FitTerms::default());
        let weights = KeptFile {
            file: "layer-0.safetensors".to_owned(),
            sha256: "00".to_owned(),
        };
        kept.layers.push(KeptLayer {
            weights,
            n_features: 3,
            alpha: Some(10.0),
            validation_mean: None,
        });
        Ok(kept.save(path)?)
    });
    [written, cases::json()].concat()
}

fn truth() -> Vec<Vec<u8>> {
    let text = r#"{"seed": 1, "plant": {"asymmetry": "ceiling", "ceiling_left": 0.4, "group": {"n_subjects": 12, "gain_sd": 0.03}},
  "ceilings": [0.5, 0.25], "regions": [{"name": "TP", "left": 0.5, "right": 0.25, "scores": null}],
  "models": [{"model": "m", "explained_share": 0.5, "sides": [0.1, 0.2]}]}"#;
    [texts(&[text]), cases::json()].concat()
}

fn hash_memo() -> Vec<Vec<u8>> {
    [texts(&["{}"]), cases::json()].concat()
}

/// Two runs.
fn npz() -> Vec<Vec<u8>> {
    let arrays = made("a.npy", |path| {
        Ok(npy::save(path, &arr2(&[[0.5_f32, 0.25], [0.1, 0.2]]))?)
    });
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (run, array) in arrays.iter().cycle().take(2).enumerate() {
        let started = writer.start_file(format!("run-{run}.npy"), SimpleFileOptions::default());
        if started.is_err() || std::io::Write::write_all(&mut writer, array).is_err() {
            return Vec::new();
        }
    }
    let packed = writer.finish().map(Cursor::into_inner);
    packed.into_iter().collect()
}
