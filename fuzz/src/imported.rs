//! Readers of other programs' words, runs, surfaces and grayordinates.

use std::fs;
use std::path::Path;

use lpp_fmri::surface::{
    BrainModel, Cifti, Grayordinates, NewRows, Places, SurfaceLabels, load_curvature, load_gifti, save_cifti,
    save_gifti,
};
use lpp_import::{FeaturesJob, WordFormat, WordsJob};
use lpp_steps::Software;
use lpp_study::RunsTable;
use ndarray::Array2;

use crate::cases;
use crate::targets::{Packing, Target, fixtures, texts};

/// The readers of `lpp-import` and of values on surfaces.
pub(crate) fn of_imports() -> Vec<Target> {
    vec![
        Target {
            packing: Packing::Gzip,
            ..Target::plain("gifti values", "a.func.gii", gifti, |folder| {
                Ok(load_gifti(&folder.join("a.func.gii")).map(drop)?)
            })
        },
        Target::plain("cifti", "a.dscalar.nii", cifti, |folder| {
            Ok(Cifti::load(&folder.join("a.dscalar.nii")).map(drop)?)
        }),
        Target::plain("curvature", "lh.curv", curvature, |folder| {
            Ok(load_curvature(&folder.join("lh.curv")).map(drop)?)
        }),
        Target {
            packing: Packing::Gzip,
            beside: |folder| Ok(fs::write(folder.join("a_hemi-R.label.gii"), LABELS)?),
            ..Target::plain("surface labels", "a_hemi-L.label.gii", labels, |folder| {
                Ok(SurfaceLabels::load(&folder.join("a_hemi-L.label.gii")).map(drop)?)
            })
        },
        Target::plain(
            "hdf5",
            "a.hdf5",
            || fixtures(&["features/tutorial.hdf"]),
            |folder| features(folder, "a.hdf5"),
        ),
        Target::plain(
            "parquet features",
            "run-0.parquet",
            || {
                fixtures(&[
                    "features/run-0.parquet",
                    "features/run-1.parquet",
                    "features/run-2.parquet",
                ])
            },
            |folder| features(folder, "run-0.parquet"),
        ),
        Target::plain("runs", "runs.csv", runs, |folder| {
            Ok(RunsTable::load(&folder.join("runs.csv")).map(drop)?)
        }),
        Target::plain("textgrid", "a.TextGrid", text_grids, |folder| {
            words(folder, "a.TextGrid", WordFormat::TextGrid)
        }),
        Target::plain("transcript", "a.json", transcripts, |folder| {
            words(folder, "a.json", WordFormat::Transcript)
        }),
        Target::plain("subtitles", "a.srt", subtitles, |folder| {
            words(folder, "a.srt", WordFormat::Transcript)
        }),
        Target::plain("bids_events", "a.tsv", events, |folder| {
            words(folder, "a.tsv", WordFormat::Events)
        }),
    ]
}

fn words(folder: &Path, file: &str, format: WordFormat) -> anyhow::Result<()> {
    let software = Software {
        program: "lpp-fuzz",
        version: "0",
        commit: None,
    };
    let job = WordsJob {
        files: vec![folder.join(file)],
        lang: "en".to_owned(),
        format,
        spread: true,
        output: folder.join("words_en.csv"),
        force: true,
        ..WordsJob::default()
    };
    Ok(job.run(software).map(drop)?)
}

pub(crate) fn features(folder: &Path, file: &str) -> anyhow::Result<()> {
    let software = Software {
        program: "lpp-fuzz",
        version: "0",
        commit: None,
    };
    let job = FeaturesJob {
        files: vec![folder.join(file)],
        name: "own".to_owned(),
        lang: "en".to_owned(),
        output: folder.join("own_en.safetensors"),
        force: true,
        ..FeaturesJob::default()
    };
    Ok(job.run(software).map(drop)?)
}

/// Labels of three vertices.
const LABELS: &str = "<GIFTI><LabelTable><Label Key=\"0\">no</Label><Label Key=\"2\">A</Label></LabelTable><DataArray \
                      Intent=\"NIFTI_INTENT_LABEL\" DataType=\"NIFTI_TYPE_INT32\" Encoding=\"ASCII\" Dim0=\"3\"><Data>0 2 \
                      2</Data></DataArray></GIFTI>";

fn labels() -> Vec<Vec<u8>> {
    [vec![LABELS.as_bytes().to_vec()], cases::gifti()].concat()
}

/// What a writer writes; nothing if it fails.
pub(crate) fn made(name: &str, write: impl FnOnce(&Path) -> anyhow::Result<()>) -> Vec<Vec<u8>> {
    let bytes = tempfile::tempdir().ok().and_then(|folder| {
        let path = folder.path().join(name);
        write(&path).ok()?;
        fs::read(path).ok()
    });
    bytes.into_iter().collect()
}

fn maps() -> Array2<f32> {
    Array2::from_shape_fn((2, 4), |(map, place)| if map == 0 { 0.5 } else { place as f32 })
}

fn gifti() -> Vec<Vec<u8>> {
    let plain = made("a.func.gii", |path| {
        Ok(save_gifti(path, "CortexLeft", &maps(), &["r".to_owned()])?)
    });
    [plain, cases::gifti()].concat()
}

fn cifti() -> Vec<Vec<u8>> {
    made("a.dscalar.nii", |path| {
        let model = BrainModel {
            structure: "CIFTI_STRUCTURE_CORTEX_LEFT".to_owned(),
            places: Places::Vertices {
                n_mesh: 9,
                vertices: vec![0, 2, 3, 8],
            },
        };
        let places = Grayordinates::new(vec![model], None, path)?;
        Ok(save_cifti(
            path,
            &places,
            &maps(),
            NewRows::Maps(&["r".to_owned(), "p".to_owned()]),
        )?)
    })
}

fn curvature() -> Vec<Vec<u8>> {
    let counts = [3_u32, 1, 1].map(u32::to_be_bytes).concat();
    let values = [0.5_f32, -0.5, 1.0].map(f32::to_be_bytes).concat();
    vec![[vec![0xff; 3], counts, values].concat()]
}

fn runs() -> Vec<Vec<u8>> {
    let text =
        "subject,session,run,kind,path,n_scans,tr_s\n01,1,1,volume,a.nii,20,1.5\n01,1,2,volume,b.nii,,\n";
    [vec![text.as_bytes().to_vec()], cases::tables("subject,kind,path")].concat()
}

fn text_grids() -> Vec<Vec<u8>> {
    let text = "File type = \"ooTextFile\"\n\"TextGrid\"\n0\n2\n<exists>\n1\n\"IntervalTier\"\n\"w\"\n0\n2\n2\n0\n0.5\n\"so\"\n0.5\n2\n\"\"\n";
    let wide = [
        vec![0xff, 0xfe],
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ]
    .concat();
    // Intervals of a few bytes, one less than announced.
    let many = text.replace("2\n2\n0\n0.5", "2\n900000\n0\n0.5") + &"0\n1\n\"a\"\n".repeat(899_997);
    vec![
        text.as_bytes().to_vec(),
        wide,
        vec![b'"'; 1 << 20],
        many.into_bytes(),
    ]
}

fn transcripts() -> Vec<Vec<u8>> {
    let text = r#"{"segments":[{"words":[{"word":"so","start":0.5,"end":0.75},{"word":"gut"},{"word":"da","start":1,"end":2}]}]}"#;
    vec![text.as_bytes().to_vec(), vec![b'['; 1 << 20]]
}

fn subtitles() -> Vec<Vec<u8>> {
    let text = "WEBVTT\n\n1\n00:01.500 --> 00:03.000\n<i>The sea</i> &amp; me\n\n00:00:04,000 --> 00:00:05,000\nYes\n";
    vec![
        text.as_bytes().to_vec(),
        [text, &"<".repeat(1 << 20)].concat().into_bytes(),
    ]
}

fn events() -> Vec<Vec<u8>> {
    let whole = "onset\tduration\tword\n0.5\t0.25\tso\n1\t0.5\tgut\n2\t1\tda\n";
    let holes = "onset\tduration\tword\n0.5\t0.25\tso\n1\tn/a\tgut\n2\t1\tn/a\n";
    [texts(&[whole, holes]), cases::tables("onset\tduration\tword")].concat()
}
