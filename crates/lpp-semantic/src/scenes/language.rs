//! From words and text to regressors, tokens and activations.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::matrix;
use crate::bench::{Bench, Stop};
use crate::figures::Figures;
use crate::files::number;
use crate::kind::Scene;
use crate::random::Draw;
use crate::study::{ANNOTATION, Study, checkpoint, events, language_model, story};

/// Events and activations convolved.
pub(crate) static REGRESSORS: Scene = Scene {
    name: "lpp-regressors",
    make: events,
    run: |bench, study| {
        let arguments = [
            "--events",
            "events.csv",
            "--activations",
            "activations.npy",
            "-o",
            "features.npy",
        ];
        let mut arguments = arguments.to_vec();
        arguments.extend(["--n-scans", study.one("n_scans"), "--tr", study.one("tr")]);
        bench.call("lpp-regressors", &arguments)?;
        let mut figures = Figures::default();
        matrix("feature", &bench.array("features.npy")?, &mut figures);
        Ok(figures)
    },
};

/// The tokens of each word.
pub(crate) static ALIGN: Scene = Scene {
    name: "lpp-align",
    make: story,
    run: |bench, _| {
        let arguments = [
            "--study",
            ".",
            "--tokenizer",
            "tokenizer",
            "--max-len",
            "90",
            "-o",
            "align.csv",
        ];
        bench.call("lpp-align", &arguments)?;
        let mut figures = Figures::default();
        for row in bench.table("align.csv")? {
            let cell = |name: &str| {
                row.iter()
                    .find(|(c, _)| c == name)
                    .map_or("", |(_, v)| v.as_str())
            };
            let word = format!(
                "run {} word {} ({})",
                cell("run"),
                cell("word_index"),
                cell("word")
            );
            for column in [
                "onset",
                "offset",
                "window",
                "token_start",
                "token_end_window",
                "token_end",
            ] {
                figures.set(
                    format!("{word} {column}"),
                    cell(column).parse().unwrap_or(f64::NAN),
                );
            }
            figures.set(format!("{word} is {}", cell("tokens")), 1.0);
        }
        Ok(figures)
    },
};

/// The words that belong to the rows of activations, and controls of them.
pub(crate) static WORDS: Scene = Scene {
    name: "lpp-controls",
    make: story,
    run: words,
};

/// The same of a story with more rows than the published annotation has corrections for.
pub(crate) static LONG_WORDS: Scene = Scene {
    name: "lpp-controls of a long story",
    make: |seed| {
        let mut study = story(seed);
        let table = study.files.table(ANNOTATION);
        let mut longer = Vec::new();
        for section in table.rows.chunk_by(|a, b| a[3] == b[3]) {
            let later =
                |cell: &str, by: usize| number(cell.parse::<f64>().unwrap_or(0.0) + 100.0 * by as f64);
            for again in 0..9 {
                let row = |row: &Vec<String>| {
                    vec![
                        row[0].clone(),
                        later(&row[1], again),
                        later(&row[2], again),
                        row[3].clone(),
                    ]
                };
                longer.extend(section.iter().map(row));
            }
        }
        table.rows = longer;
        study
    },
    run: words,
};

fn words(bench: &mut Bench, _: &Study) -> Result<Figures, Stop> {
    bench.call(
        "lpp-controls",
        &["--study", ".", "--controls", "wordlength,frequency,position"],
    )?;
    let mut figures = Figures::default();
    for row in bench.table("words_en.csv")? {
        let cell = |name: &str| {
            row.iter()
                .find(|(c, _)| c == name)
                .map_or("", |(_, v)| v.as_str())
        };
        let word = format!(
            "run {} word {} ({})",
            cell("run"),
            cell("word_index"),
            cell("word")
        );
        for column in ["onset_s", "offset_s"] {
            figures.set(
                format!("{word} {column}"),
                cell(column).parse().unwrap_or(f64::NAN),
            );
        }
    }
    for control in ["wordlength", "frequency", "position"] {
        let name = format!("control_{control}");
        figures.extend(activations(
            bench,
            &format!("activations/{name}_en.safetensors"),
            &name,
        )?);
    }
    Ok(figures)
}

/// All activations of a file, by run, layer and place in the tensor.
fn activations(bench: &Bench, path: &str, name: &str) -> Result<Figures, Stop> {
    let mut figures = Figures::default();
    for tensor in bench.tensors(path)?.list {
        for (n, value) in tensor.data.iter().enumerate() {
            figures.set(format!("{name} {} number {n}", tensor.name), *value);
        }
    }
    Ok(figures)
}

/// Word vectors of a story.
pub(crate) static GLOVE: Scene = Scene {
    name: "lpp-glove",
    make: |seed| {
        let mut study = story(seed);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut lines = Vec::new();
        let mut known = BTreeSet::new();
        for row in &study.files.table(ANNOTATION).rows.clone() {
            if known.insert(row[0].to_lowercase()) {
                let vector: Vec<String> = rng.normals(4).into_iter().map(number).collect();
                lines.push(format!("{} {}", row[0].to_lowercase(), vector.join(" ")));
            }
        }
        study.files.put_text("vectors.txt", lines.join("\n") + "\n");
        study
    },
    run: |bench, _| {
        bench.call("lpp-glove", &["--study", ".", "--glove", "vectors.txt"])?;
        activations(bench, "activations/glove_en.safetensors", "glove")
    },
};

/// Hidden states of a small Llama.
pub(crate) static HIDDEN: Scene = Scene {
    name: "lpp-extract hidden-states",
    make: checkpoint,
    run: |bench, _| {
        let arguments = [
            "hidden-states",
            "--model-dir",
            "model",
            "--ids",
            "ids.npy",
            "-o",
            "states.safetensors",
        ];
        bench.call("lpp-extract", &arguments)?;
        let mut figures = Figures::default();
        for tensor in bench.tensors("states.safetensors")?.list {
            for (n, value) in tensor.data.iter().enumerate() {
                figures.set(format!("{} number {n}", tensor.name), *value);
            }
        }
        Ok(figures)
    },
};

/// Activations of a small GPT-2 for a story: those of the first model, after all have been run.
pub(crate) static EXTRACT: Scene = Scene {
    name: "lpp-extract",
    make: language_model,
    run: |bench, study| {
        for model in study.given("model") {
            bench.call("lpp-extract", &["--study", ".", "--model", model])?;
        }
        // The organisation is a part of the file's name, unless the program says otherwise.
        let whole = format!(
            "activations/{}_en.safetensors",
            study.one("model").replace('/', "--")
        );
        let last = study.one("model").rsplit('/').next().unwrap_or_default();
        let bare = format!("activations/{last}_en.safetensors");
        let path = if bench.path(&whole).exists() { whole } else { bare };
        activations(bench, &path, "activations")
    },
};
