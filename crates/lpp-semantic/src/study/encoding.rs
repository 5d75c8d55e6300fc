//! A study of nine runs from words and scans on: what lpp-fit and lpp-analyze read.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{Study, centred, response};
use crate::files::{Array, Content, Element, Image, Number, Table, Tensor, Tensors, c_order, number};
use crate::random::Draw;

/// Models from the largest to the smallest; their activations are the noisier the smaller they are.
pub(crate) const MODELS: [&str; 3] = ["maxi", "midi", "mini"];
/// Runs of the study.
pub(crate) const ENCODING_RUNS: usize = 9;
const N_LAYERS: usize = 2;
const N_FEATURES: usize = 3;
const N_WORDS: usize = 80;

/// Scans that follow the words' features, twice as strongly on the left; the right half of the mask a mirror image of the
/// left. Regions, an atlas of four bands a side, ISC, and a table of models lie beside.
pub(crate) fn encoding(seed: u64) -> Study {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut study = Study::default();
    let tr_s = rng.pick(&[2.0, 1.5]);
    let shape = [rng.pick(&[6, 8]), 8, rng.pick(&[3, 4])];
    let affine = centred(shape, 4.0);
    let mask = brain(shape, affine);
    study.files.put("masks/mask_lpp_en.nii.gz", Content::image(mask));
    let places = study.masked("masks/mask_lpp_en.nii.gz");
    let gain: Vec<f64> = places
        .iter()
        .map(|p| if p[0] < 0.0 { 1.6 } else { 0.8 })
        .collect();
    let weights: Vec<Vec<f64>> = places.iter().map(|_| rng.normals(N_FEATURES)).collect();

    let mut words = Vec::new();
    let mut tensors = vec![Vec::new(); MODELS.len()];
    // So unlike that words of one run do not fit the scans of another.
    let lengths: Vec<usize> = rng
        .shuffled(ENCODING_RUNS)
        .into_iter()
        .map(|rank| 42 + 7 * rank)
        .collect();
    for (run, n_scans) in lengths.iter().copied().enumerate() {
        let times = word_times(&mut rng, n_scans as f64 * tr_s);
        words.extend(times.iter().enumerate().map(|(i, (on, off))| {
            vec![
                run.to_string(),
                i.to_string(),
                format!("w{i}"),
                number(*on),
                number(*off),
            ]
        }));
        let features: Vec<Vec<f64>> = times.iter().map(|_| rng.normals(N_FEATURES)).collect();
        let design = design(&times, &features, n_scans, tr_s);
        let scans: Vec<Vec<f64>> = design
            .iter()
            .map(|row| {
                let voxel = |v: usize| -> f64 {
                    let signal: f64 = row.iter().zip(&weights[v]).map(|(x, w)| x * w).sum();
                    gain[v] * signal + 2.0 * rng.normal()
                };
                (0..places.len()).map(voxel).collect()
            })
            .collect();
        let scans = Content::Array(Array::of_rows(&scans, Element::F32));
        study
            .files
            .put(format!("average_subject/en/run-{run}.npy"), scans);
        for (model, tensors) in tensors.iter_mut().enumerate() {
            for layer in 0..N_LAYERS {
                let noise = 0.6 * model as f64 + 0.3 * layer as f64;
                let values = features
                    .iter()
                    .flatten()
                    .map(|v| v + noise * rng.normal())
                    .collect();
                let name = format!("run-{run}/layer-{layer}");
                tensors.push(Tensor::new(name, &[N_WORDS, N_FEATURES], values));
            }
        }
    }
    for (rank, (model, tensors)) in MODELS.iter().zip(tensors).enumerate() {
        let metadata = [
            ("model", (*model).to_owned()),
            ("family", "gpt2".to_owned()),
            ("n_parameters", 10_u64.pow(9 - rank as u32).to_string()),
            ("kind", "model".to_owned()),
            ("lang", "en".to_owned()),
        ];
        let file = Tensors::new(&metadata, tensors);
        study.files.put(
            format!("activations/{model}_en.safetensors"),
            Content::Tensors(file),
        );
    }
    let header = ["run", "word_index", "word", "onset_s", "offset_s"];
    study
        .files
        .put("words_en.csv", Content::Table(Table::new(&header, words)));
    beside(&mut study, &mut rng, &places);
    let list = MODELS.map(|m| format!("\"{m}\"")).join(", ");
    let config = format!("languages = [\"en\"]\ntr_s = {tr_s:?}\n\n[models]\nen = [{list}]\n");
    study.files.put_text("lpp.toml", config);
    study.give("tr", vec![tr_s.to_string()]);
    study.give("lengths", lengths.iter().map(ToString::to_string).collect());
    study
}

/// ISC, regions, atlas and what is known of the models.
fn beside(study: &mut Study, rng: &mut ChaCha8Rng, places: &[[f64; 3]]) {
    // Left above right by a tenth; reliable voxels lie on both sides.
    let reliability: Vec<f64> = places
        .iter()
        .map(|p| if p[0] < 0.0 { 0.45 } else { 0.35 } + 0.002 * p[1] + 0.08 * rng.normal())
        .collect();
    let isc: Vec<Vec<f64>> = (0..3)
        .map(|_| reliability.iter().map(|r| r + 0.02 * rng.normal()).collect())
        .collect();
    study.files.put(
        "isc/isc_en.npy",
        Content::Array(Array::of_rows(&isc, Element::F32)),
    );
    let Some(Content::Image(mask)) = study.files.get("masks/mask_lpp_en.nii.gz").cloned() else {
        return;
    };
    let mut region = (*mask).clone();
    region.each_voxel(|p, v| v[0] = f64::from(v[0] > 0.0 && p[0] < 0.0 && p[1] > 0.0));
    study.files.put("roi_masks/front.nii.gz", Content::image(region));
    let mut atlas = *mask;
    atlas.number = Number::I16;
    atlas.each_voxel(|p, v| v[0] = (2 * band(p[1]) + if p[0] < 0.0 { 1 } else { 2 }) as f64);
    study.files.put("atlas/atlas.nii.gz", Content::image(atlas));
    let side = |label: usize| if label % 2 == 1 { "Left" } else { "Right" };
    let names = (1..=8).map(|l| vec![l.to_string(), format!("{} Band{}", side(l), l.div_ceil(2))]);
    study.files.put(
        "atlas/labels.csv",
        Content::Table(Table::new(&["label", "name"], names.collect())),
    );
    let info = MODELS.iter().enumerate().map(|(rank, model)| {
        let parameters = 10_u64.pow(9 - rank as u32).to_string();
        let cells = [
            (*model).to_owned(),
            parameters,
            number(20.0 + 9.0 * rank as f64),
            number(45.0 - 7.0 * rank as f64),
        ];
        cells.to_vec()
    });
    let header = ["model_name", "n_parameters", "ppl", "hellaswag"];
    study.files.put(
        "model_info_en.csv",
        Content::Table(Table::new(&header, info.collect())),
    );
}

/// The band of the atlas, 0 to 3, from back to front: eight rows of 4 mm.
pub(crate) fn band(y_mm: f64) -> usize {
    (((y_mm + 14.0) / 8.0).floor() as usize).min(3)
}

/// All voxels of a box but some at its corners, the same on both sides, so that a wrong order is noticed.
fn brain(shape: [usize; 3], affine: crate::files::Affine) -> Image {
    let outside = |[x, y, z]: [usize; 3]| {
        let x = x.min(shape[0] - 1 - x);
        x + y < 2 || (x == 0 && z == 0) || (x == 1 && y == shape[1] - 1 && z + 1 == shape[2])
    };
    let data = c_order(shape).map(|voxel| f64::from(!outside(voxel))).collect();
    let mut mask = Image::new([shape[0], shape[1], shape[2], 1], affine, data);
    mask.number = Number::U8;
    mask
}

/// Words from the first second to some seconds before the end, one after the other.
fn word_times(rng: &mut ChaCha8Rng, length_s: f64) -> Vec<(f64, f64)> {
    let step = (length_s - 7.0) / N_WORDS as f64;
    (0..N_WORDS)
        .map(|i| {
            let onset = 1.0 + step * (i as f64 + rng.uniform(0.0, 0.5));
            (onset, onset + step * rng.uniform(0.2, 0.45))
        })
        .collect()
}

/// Features of scans, each column of spread 1.
fn design(times: &[(f64, f64)], features: &[Vec<f64>], n_scans: usize, tr_s: f64) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = (0..n_scans)
        .map(|scan| {
            let at = (scan as f64 + 0.5) * tr_s;
            let mut row = vec![0.0; N_FEATURES];
            for ((on, off), word) in times.iter().zip(features) {
                let weight = response(at - on) - response(at - off);
                for (sum, value) in row.iter_mut().zip(word) {
                    *sum += weight * value;
                }
            }
            row
        })
        .collect();
    for column in 0..N_FEATURES {
        let mean = rows.iter().map(|r| r[column]).sum::<f64>() / n_scans as f64;
        let variance = rows.iter().map(|r| (r[column] - mean).powi(2)).sum::<f64>() / n_scans as f64;
        for row in &mut rows {
            row[column] /= variance.sqrt();
        }
    }
    rows
}
