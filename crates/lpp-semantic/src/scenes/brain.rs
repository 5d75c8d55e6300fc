//! From activations and scans of the average subject to scores and tables.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::flatten;
use crate::bench::{Bench, Stop};
use crate::figures::{Figures, place_name};
use crate::files::Tensor;
use crate::kind::Scene;
use crate::random::Draw;
use crate::study::{ENCODING_RUNS, MODELS, N_RIDGE_RUNS, Study, encoding, ridge};

const MASK_PATH: &str = "masks/mask_lpp_en.nii.gz";

/// The summary of a mask and its ISC.
pub(crate) static ISC: Scene = Scene {
    name: "lpp-analyze isc",
    make: encoding,
    run: |bench, _| {
        let said = bench.call(
            "lpp-analyze",
            &["isc", "--mask", MASK_PATH, "--isc", "isc/isc_en.npy", "--json"],
        )?;
        let mut figures = Figures::default();
        flatten("", &serde_json::from_str(&said)?, &mut figures);
        // Halves of the array need not be known where they are not the sides; if they are, they say the same.
        let by_x = figures.get("by_x.isc_left_minus_right");
        let halves = figures.get("halves.isc_left_minus_right").or(by_x);
        let mut kept = figures.only(|name| !name.starts_with("halves"));
        kept.set("halves.isc_left_minus_right", halves.unwrap_or(f64::NAN));
        Ok(kept)
    },
};

/// Scores of one model.
pub(crate) static FIT: Scene = Scene {
    name: "lpp-fit",
    make: encoding,
    run: |bench, study| {
        let mut arguments = vec!["--study".to_owned(), ".".to_owned(), "--no-canary".to_owned()];
        arguments.extend(["--model".to_owned(), model(study)]);
        if !study.given("y").is_empty() {
            arguments.push("--y".to_owned());
            arguments.extend(study.given("y").iter().cloned());
            arguments.extend(["-o".to_owned(), format!("scores/{}_en.npy", model(study))]);
        }
        bench.call("lpp-fit", &arguments)?;
        scores_of(bench, study, &model(study))
    },
};

/// Scores of features that have a row for each scan.
pub(crate) static FEATURES: Scene = Scene {
    name: "lpp-fit of features of scans",
    make: |seed| {
        let mut study = encoding(seed);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut features = Vec::new();
        for run in 0..ENCODING_RUNS {
            let scans = study
                .files
                .array(&format!("average_subject/en/run-{run}.npy"))
                .rows();
            // A few voxels in noise predict the others.
            let row = |scan: &Vec<f64>| (0..3).map(|v| scan[7 * v] + rng.normal()).collect::<Vec<f64>>();
            let values: Vec<f64> = scans.iter().flat_map(row).collect();
            features.push(Tensor::new(
                format!("run-{run}/layer-0"),
                &[scans.len(), 3],
                values,
            ));
        }
        let file = study.files.tensors("activations/midi_en.safetensors");
        file.list = features;
        file.metadata.push(("rows".to_owned(), "scans".to_owned()));
        study
    },
    run: FIT.run,
};

/// The model to fit: the middle one if nothing else is said.
fn model(study: &Study) -> String {
    study
        .given("model")
        .first()
        .cloned()
        .unwrap_or_else(|| "midi".to_owned())
}

/// Scores of a model, by layer and place.
fn scores_of(bench: &Bench, study: &Study, model: &str) -> Result<Figures, Stop> {
    let scores = bench.array(&format!("scores/{model}_en.npy"))?;
    let places = study.masked(MASK_PATH);
    let mut figures = Figures::default();
    for (layer, row) in scores.rows().iter().enumerate() {
        for (place, score) in places.iter().zip(row) {
            figures.set(
                format!("score of layer {layer} at {}", place_name(*place)),
                *score,
            );
        }
    }
    figures.set("voxels of the scores", scores.n_columns() as f64);
    Ok(figures)
}

/// Scores of three models and the tables made of them.
pub(crate) static TABLES: Scene = Scene {
    name: "lpp-analyze all",
    make: encoding,
    run: |bench, study| {
        fit_all(bench)?;
        bench.call("lpp-analyze", &["all", "--study", "."])?;
        let mut figures = left_less_right(bench, study)?;
        for name in [
            "lateralization",
            "lateralization_regression",
            "scaling",
            "scaling_regression",
            "rois",
            "atlas",
        ] {
            figures.extend(table(bench, name)?);
        }
        for (place, value) in bench.image("results/voxel_slope_en.nii.gz")?.volume(0) {
            // Outside of the mask maps are 0 or empty.
            let value = if value.is_nan() { 0.0 } else { value };
            figures.set(format!("map of slopes at {}", place_name(place)), value);
        }
        Ok(figures)
    },
};

/// The difference of the sides as the table has it, less the one that follows from the scores and the places of the voxels.
fn left_less_right(bench: &Bench, study: &Study) -> Result<Figures, Stop> {
    let told = table(bench, "lateralization")?;
    let places = study.masked(MASK_PATH);
    let mut figures = Figures::default();
    for model in MODELS {
        let rows = bench.array(&format!("scores/{model}_en.npy"))?.rows();
        let best = |v: usize| rows.iter().map(|row| row[v]).fold(f64::NAN, f64::max);
        let side = |left: bool| {
            let of: Vec<f64> = (0..places.len())
                .filter(|v| (places[*v][0] < 0.0) == left)
                .map(best)
                .collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        let column = format!("lateralization, {model} model gpt2 0, l_minus_r_all");
        let told = told.get(&column).unwrap_or(f64::NAN);
        figures.set(
            format!("left less right of {model}, table against scores"),
            told - (side(true) - side(false)),
        );
    }
    Ok(figures)
}

/// The scores of all models, then one table with a mask given by hand.
pub(crate) static STALE: Scene = Scene {
    name: "lpp-analyze lateralization --mask",
    make: |seed| {
        let mut study = encoding(seed);
        study.files.copy(MASK_PATH, "later/mask.nii.gz");
        study
    },
    run: |bench, _| {
        fit_all(bench)?;
        bench.call(
            "lpp-analyze",
            &["lateralization", "--study", ".", "--mask", "later/mask.nii.gz"],
        )?;
        table(bench, "lateralization")
    },
};

/// A synthetic study; 1 for every file that is there in the end.
pub(crate) static SIMULATE: Scene = Scene {
    name: "lpp-simulate",
    make: |_| Study::default(),
    run: |bench, _| {
        bench.call(
            "lpp-simulate",
            &["--study", ".", "--words-per-run", "60", "--models", "gpt2:4"],
        )?;
        let mut figures = Figures::default();
        for name in bench.listed(".")? {
            figures.set(format!("there is {name}"), 1.0);
        }
        Ok(figures)
    },
};

/// Scores of the models and the table of parcels.
pub(crate) static ATLAS: Scene = Scene {
    name: "lpp-analyze atlas",
    make: encoding,
    run: |bench, _| {
        fit_all(bench)?;
        bench.call("lpp-analyze", &["atlas", "--study", "."])?;
        table(bench, "atlas")
    },
};

/// Scores of the models and the table of regions.
pub(crate) static ROIS: Scene = Scene {
    name: "lpp-analyze rois",
    make: encoding,
    run: |bench, _| {
        fit_all(bench)?;
        bench.call("lpp-analyze", &["rois", "--study", "."])?;
        table(bench, "rois")
    },
};

fn fit_all(bench: &mut Bench) -> Result<(), Stop> {
    for model in MODELS {
        bench.call("lpp-fit", &["--study", ".", "--model", model, "--no-canary"])?;
    }
    Ok(())
}

/// The numbers of a table of results, by what its rows are called.
fn table(bench: &Bench, name: &str) -> Result<Figures, Stop> {
    let mut figures = Figures::default();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for row in bench.table(&format!("results/{name}_en.csv"))? {
        let is_name = |(column, cell): &&(String, String)| {
            !cell.is_empty() && cell.parse::<f64>().is_err() && !column.ends_with("stars")
        };
        let label: Vec<&str> = row
            .iter()
            .filter(is_name)
            .map(|(_, cell)| cell.as_str())
            .collect();
        let label = label.join(" ");
        let again = seen.entry(label.clone()).or_default();
        for (column, cell) in &row {
            // Intervals of a bootstrap over voxels depend on the order of the voxels.
            if let (Ok(value), false) = (cell.parse(), column.contains("ci_") || column.ends_with("_p")) {
                figures.set(format!("{name}, {label} {again}, {column}"), value);
            }
        }
        *again += 1;
    }
    Ok(figures)
}

/// What lpp-run plans; 1 for each step.
pub(crate) static PLAN: Scene = Scene {
    name: "lpp-run --dry-run",
    make: encoding,
    run: |bench, _| {
        let said = bench.call("lpp-run", &["--study", ".", "--dry-run", "--json"])?;
        let plan: serde_json::Value = serde_json::from_str(&said)?;
        let mut figures = Figures::default();
        for step in plan["steps"].as_array().into_iter().flatten() {
            figures.set(format!("step {}", step["id"].as_str().unwrap_or_default()), 1.0);
        }
        Ok(figures)
    },
};

/// The ridge regression on arrays: scores of all targets.
pub(crate) static RIDGE: Scene = Scene {
    name: "lpp-ridge",
    make: ridge,
    run: scores_of_targets,
};

/// The same, scored by the coefficient of determination.
pub(crate) static RIDGE_R2: Scene = Scene {
    name: "lpp-ridge --metric r2",
    make: |seed| with_flags(seed, &["--metric", "r2"]),
    run: scores_of_targets,
};

/// The same with two bands of features.
pub(crate) static RIDGE_BANDS: Scene = Scene {
    name: "lpp-ridge --bands",
    make: |seed| with_flags(seed, &["--bands", "4,8", "--seed", "1", "--n-ratios", "20"]),
    run: scores_of_targets,
};

/// The same with a penalty for each target.
pub(crate) static RIDGE_PER_TARGET: Scene = Scene {
    name: "lpp-ridge --alpha-scope target",
    make: |seed| with_flags(seed, &["--alpha-scope", "target", "--inner", "all"]),
    run: scores_of_targets,
};

fn with_flags(seed: u64, flags: &[&str]) -> Study {
    let mut study = ridge(seed);
    study.flag("lpp-ridge", flags);
    study
}

fn scores_of_targets(bench: &mut Bench, study: &Study) -> Result<Figures, Stop> {
    let mut arguments = vec!["--x".to_owned()];
    arguments.extend((0..N_RIDGE_RUNS).map(|run| format!("x{run}.npy")));
    arguments.push("--y".to_owned());
    arguments.extend((0..N_RIDGE_RUNS).map(|run| format!("y{run}.npy")));
    let penalties = study
        .given("penalties")
        .first()
        .map_or("logspace:1:6:16", String::as_str);
    arguments.extend(["--alphas", penalties, "-o", "scores.npy"].map(str::to_owned));
    bench.call("lpp-ridge", &arguments)?;
    let mut figures = Figures::default();
    for (target, score) in bench.array("scores.npy")?.data.iter().enumerate() {
        figures.set(format!("score of target {target}"), *score);
    }
    Ok(figures)
}
