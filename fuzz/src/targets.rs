//! The readers, and the files that they begin from.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use flate2::read::GzDecoder;
use lpp_analysis::{ModelInfoTable, load_table};
use lpp_files::{Activations, WordTable, npy};
use lpp_fmri::{Image, LabelTable, Mask, SphereCentre, WordEvents, joblib};
use lpp_report::surface::CorticalSurface;
use lpp_steps::Provenance;
use lpp_study::{Language, Scores, StudyConfig};
use lpp_tables::{Row, Summary};
use lpp_testkit::fixture;
use lpp_text::{
    Annotation, Corrections, Glove, RunWords, SpeechEnvelope, TextTokenizer, WordCounts, load_texts,
};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::cases;

/// How a target's files are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip, if the file begins so.
    Gzip,
    /// A zip archive, of which the entry with this end of its name is damaged.
    Zip(&'static str),
}

impl Packing {
    /// How many bytes come out of a file before it ends or breaks.
    pub(crate) fn size(self, file: &[u8]) -> usize {
        let mut inner = Vec::new();
        if self == Self::Gzip && file.starts_with(&[0x1f, 0x8b]) {
            // What came before an error counts too.
            let _ = GzDecoder::new(file).take(1 << 28).read_to_end(&mut inner);
        }
        inner.len().max(file.len())
    }

    /// What is packed; `None` if nothing is, or it is broken.
    pub(crate) fn unpacked(self, file: &[u8]) -> Option<Vec<u8>> {
        let mut inner = Vec::new();
        match self {
            Self::Plain => return None,
            Self::Gzip => {
                file.starts_with(&[0x1f, 0x8b]).then_some(())?;
                GzDecoder::new(file).take(1 << 28).read_to_end(&mut inner).ok()?;
            }
            Self::Zip(end) => {
                let mut archive = ZipArchive::new(Cursor::new(file)).ok()?;
                let name = archive.file_names().find(|name| name.ends_with(end))?.to_owned();
                archive
                    .by_name(&name)
                    .ok()?
                    .take(1 << 28)
                    .read_to_end(&mut inner)
                    .ok()?;
            }
        }
        Some(inner)
    }

    /// The file with other contents packed in it.
    pub(crate) fn packed(self, inner: &[u8], file: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => inner.to_vec(),
            Self::Gzip => cases::gzip(inner),
            Self::Zip(end) => repacked(inner, file, end).unwrap_or_else(|| file.to_vec()),
        }
    }
}

/// A zip archive with one entry replaced.
fn repacked(inner: &[u8], file: &[u8], end: &str) -> Option<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(file)).ok()?;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).ok()?;
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let name = entry.name().to_owned();
        writer.start_file(&name, options).ok()?;
        if name.ends_with(end) {
            writer.write_all(inner).ok()?;
        } else {
            let mut other = Vec::new();
            entry.read_to_end(&mut other).ok()?;
            writer.write_all(&other).ok()?;
        }
    }
    writer.finish().ok().map(Cursor::into_inner)
}

/// A reader.
#[derive(Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Name of the file that it reads, in a folder of its own.
    pub file: &'static str,
    /// How the file is packed.
    pub packing: Packing,
    /// Files to begin from.
    pub files: fn() -> Vec<Vec<u8>>,
    /// Makes what must lie beside the file.
    pub beside: fn(&Path) -> anyhow::Result<()>,
    /// Reads the file in a folder.
    pub read: fn(&Path) -> anyhow::Result<()>,
}

impl Target {
    /// A reader of a file that is not packed and lies alone.
    pub(crate) fn plain(
        name: &'static str,
        file: &'static str,
        files: fn() -> Vec<Vec<u8>>,
        read: fn(&Path) -> anyhow::Result<()>,
    ) -> Self {
        Self {
            name,
            file,
            packing: Packing::Plain,
            files,
            beside: nothing,
            read,
        }
    }
}

fn nothing(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

/// Files of the fixtures.
pub(crate) fn fixtures(names: &[&str]) -> Vec<Vec<u8>> {
    names
        .iter()
        .filter_map(|name| fs::read(fixture(name)).ok())
        .collect()
}

pub(crate) fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// A target of a reader that takes the path of its file.
macro_rules! target {
    ($name:literal, $file:literal, $packing:expr, $files:expr, $path:ident => $read:expr) => {
        Target {
            name: $name,
            file: $file,
            packing: $packing,
            files: || $files,
            beside: nothing,
            read: |folder| {
                let $path = folder.join($file);
                let $path = $path.as_path();
                $read?;
                Ok(())
            },
        }
    };
}

/// The readers of studies and models.
pub(crate) fn of_studies() -> Vec<Target> {
    let mut targets = arrays();
    targets.extend(tables());
    targets.extend(languages());
    targets.extend(studies());
    #[cfg(feature = "torch")]
    targets.extend(checkpoints());
    targets
}

const IMAGES: [&str; 8] = [
    "fmri/images/big_i2_scaled_qform.nii.gz",
    "fmri/images/both_f8_4d.nii.gz",
    "fmri/images/nifti2_big_u2_scaled.nii",
    "fmri/images/nifti2_i4.nii.gz",
    "fmri/images/none_i8.nii",
    "fmri/images/odd_qfac_i1.nii",
    "fmri/images/u8_scaled.nii",
    "fmri/mask/single_0.nii",
];
const DUMPS: [&str; 8] = [
    "fmri/joblib/big_endian.gz",
    "fmri/joblib/fortran.gz",
    "fmri/joblib/gzip.gz",
    "fmri/joblib/integers.gz",
    "fmri/joblib/onsets.gz",
    "fmri/joblib/raw.gz",
    "fmri/joblib/unpadded.gz",
    "fmri/joblib/zlib.gz",
];

/// Images, arrays and meshes.
fn arrays() -> Vec<Target> {
    vec![
        target!("nifti", "image.nii.gz", Packing::Gzip, fixtures(&IMAGES), path => Image::load(path)),
        target!("mask", "mask.nii.gz", Packing::Gzip, [fixtures(&["fmri/roi/upright_mask.nii.gz"]), fixtures(&IMAGES)].concat(), path => Mask::load(path)),
        target!(
            "joblib",
            "dump.gz",
            Packing::Gzip,
            [fixtures(&DUMPS), cases::pickles(), cases::pickles().iter().map(|p| cases::gzip(p)).collect()].concat(),
            path => joblib::load_tree(path)
        ),
        target!(
            "npy",
            "array.npy",
            Packing::Plain,
            [fixtures(&["fmri/images/plain_f4.npy", "fmri/images/none_i8.npy", "llm/gpt2/ids.npy"]), cases::npy_headers()].concat(),
            path => npy::load(path)
        ),
        target!(
            "activations",
            "gpt2_en.safetensors",
            Packing::Plain,
            vec![activations()],
            path => Activations::open(path).and_then(|file| file.layer(0, 0).map(drop))
        ),
        Target {
            name: "gifti",
            file: "pial_left.gii.gz",
            packing: Packing::Gzip,
            files: || [vec![cases::gzip(GIFTI.as_bytes())], cases::gifti()].concat(),
            beside: |folder| Ok(fs::write(folder.join("pial_right.gii.gz"), GIFTI)?),
            read: |folder| CorticalSurface::load(folder).map(drop).map_err(Into::into),
        },
        Target {
            name: "freesurfer",
            file: "lh.pial",
            packing: Packing::Plain,
            files: || vec![triangle_file()],
            beside: |folder| Ok(fs::write(folder.join("rh.pial"), triangle_file())?),
            read: |folder| CorticalSurface::load(folder).map(drop).map_err(Into::into),
        },
    ]
}

/// A tetrahedron.
const GIFTI: &str = "<?xml version=\"1.0\"?><!DOCTYPE GIFTI SYSTEM \"gifti.dtd\"><GIFTI Version=\"1.0\"><MetaData/>\
    <DataArray Intent=\"NIFTI_INTENT_POINTSET\" DataType=\"NIFTI_TYPE_FLOAT32\" Dim0=\"4\" Dim1=\"3\" Encoding=\"ASCII\">\
    <Data>-1 0 0 1 0 0 0 1 0 0 0 1</Data></DataArray>\
    <DataArray Intent=\"NIFTI_INTENT_TRIANGLE\" DataType=\"NIFTI_TYPE_INT32\" Dim0=\"4\" Dim1=\"3\" Encoding=\"Base64Binary\" \
    Endian=\"LittleEndian\"><Data>AAAAAAEAAAACAAAAAAAAAAEAAAADAAAAAAAAAAIAAAADAAAAAQAAAAIAAAADAAAA</Data></DataArray></GIFTI>";

/// One layer of one run: two words, three features.
fn activations() -> Vec<u8> {
    let header = r#"{"__metadata__":{"model":"mini","family":"gpt2","n_parameters":"10","kind":"model","lang":"en"},
        "run-0/layer-0":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#;
    let header = format!("{header:<width$}", width = header.len().next_multiple_of(8));
    let numbers = [0.5_f32, -1.0, 2.0, 0.25, 0.0, 3.0]
        .map(f32::to_le_bytes)
        .concat();
    [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        &numbers,
    ]
    .concat()
}

fn triangle_file() -> Vec<u8> {
    // On neither side: the same file is read for both.
    let points = [-1.5_f32, 0.0, 0.0, 1.5, 0.0, 0.0, 0.0, 1.0, 0.0].map(f32::to_bits);
    let words = [3_u32, 1].into_iter().chain(points).chain([0, 1, 2]);
    let mut bytes = b"\xff\xff\xfecreated by a test\n\n".to_vec();
    bytes.extend(words.flat_map(u32::to_be_bytes));
    bytes
}

const WORDS: &str = "run,word_index,word,onset_s,offset_s\n0,0,once,0.1,0.4\n0,1,\"a, \"\"b\"\"\",0.5,0.75\n1,0,fox,0.2,0.3\n";
const ANNOTATION: &str = "word,lemma,onset,offset,section\nonce,x,0.1,0.4,1\nNA,x,0.4,0.5,1\nfox,x,1,2,2\na,x,1,2,3\n\
    b,x,1,2,4\nc,x,1,2,5\nd,x,1,2,6\ne,x,1,2,7\nf,x,1,2,8\ng,x,1,2,9\n";

/// Tables.
fn tables() -> Vec<Target> {
    vec![
        target!(
            "words",
            "words_en.csv",
            Packing::Plain,
            [texts(&[WORDS]), cases::tables("run,word_index,word,onset_s,offset_s")].concat(),
            path => WordTable::load(path)
        ),
        target!(
            "annotation",
            "words.csv",
            Packing::Plain,
            [texts(&[ANNOTATION]), cases::tables("word,onset,offset,section")].concat(),
            path => Annotation::load(path, &Corrections::none())
        ),
        target!(
            "word_counts",
            "counts.tsv",
            Packing::Plain,
            [texts(&["word\tcount\nthe\t100\n\"\t3\nfox\t1.5\n"]), cases::tables("word\tcount")].concat(),
            path => WordCounts::load(path)
        ),
        target!(
            "events",
            "events.csv",
            Packing::Plain,
            [texts(&["onset,duration\n1,0.5\n2.5,0.25\n", "onset,offset,run\n1,2,a\n3,4,b\n"]), cases::tables("onset,duration")].concat(),
            path => WordEvents::load(path, None)
        ),
        target!(
            "labels_csv",
            "labels.csv",
            Packing::Plain,
            [texts(&["label,name\n1,Left A\n2,Right A\n"]), cases::tables("label,name")].concat(),
            path => LabelTable::load(path)
        ),
        target!(
            "labels_xml",
            "labels.xml",
            Packing::Plain,
            texts(&["<atlas><data>\n<label index=\"0\" x=\"3\">Left A &amp; B</label>\n<label index='1'>Right</label></data></atlas>"]),
            path => LabelTable::load(path)
        ),
        target!(
            "spheres",
            "centres.csv",
            Packing::Plain,
            [texts(&["name,x,y,z\nTP,-48,15,-27\nBA44,-51,12,16\n"]), cases::tables("name,x,y,z")].concat(),
            path => SphereCentre::load_csv(path)
        ),
        target!(
            "model_info",
            "model_info_en.csv",
            Packing::Plain,
            [texts(&[",model_name,n_parameters,ppl,hellaswag\n0,gpt2,124439808,25.2,31.53\n1,x,1e9,,\n"]), cases::tables("model_name,ppl")].concat(),
            path => ModelInfoTable::load(path)
        ),
        target!(
            "results",
            "summary_en.csv",
            Packing::Plain,
            [texts(&["quantity,value\nn_voxels,870.0\nx,\n"]), cases::tables("quantity,value")].concat(),
            path => load_table(path, Summary::declaration())?.rows::<Summary>()
        ),
    ]
}

pub(crate) const TOKENIZER: &str = r#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [{"id": 2, "content": "<|end|>",
  "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
  "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "a"}, {"type": "NFC"}]},
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
  "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<|end|>", "type_id": 0}},
    {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": {"<|end|>": {"id": "<|end|>", "ids": [2], "tokens": ["<|end|>"]}}},
  "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
  "model": {"type": "BPE", "dropout": null, "unk_token": null, "vocab": {"a": 0, "b": 1, "<|end|>": 2, "ab": 3}, "merges": ["a b"]}}"#;

/// Texts, tokenizers, vectors and sound.
fn languages() -> Vec<Target> {
    vec![
        target!(
            "tokenizer",
            "tokenizer.json",
            Packing::Plain,
            [texts(&[TOKENIZER, &TOKENIZER[..500], &format!("{{\"version\": \"{}\"}}", "1".repeat(3000))]), cases::json()].concat(),
            path => TextTokenizer::load(path)
        ),
        target!(
            "glove",
            "glove.txt.gz",
            Packing::Gzip,
            vec![cases::gzip(b"the 0.1 -0.2 3e-5\nfox 1 2 3\n"), b"the 0.1 0.2\nfox 1 2\n".to_vec(), cases::gzip(&vec![b'a'; 8 << 20])],
            path => Glove::load(path, &[RunWords { words: vec!["the".to_owned(), "fox".to_owned()], ..RunWords::default() }])
        ),
        target!("text", "lpp_en_text.zip", Packing::Zip(".txt"), vec![text_archive()], path => load_texts(path, Language::English.code(), 9)),
        target!("sound", "sound.wav", Packing::Plain, vec![sound()], path => SpeechEnvelope::load(path, 10.0)),
    ]
}

/// The texts of nine runs.
fn text_archive() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for run in 1..=9 {
        let name = format!("lpp_en_text/text_en_run{run}.txt");
        let started = writer.start_file(name, SimpleFileOptions::default());
        if started.is_err() || writer.write_all(b"Once there was a fox.\n").is_err() {
            return Vec::new();
        }
    }
    writer.finish().map(Cursor::into_inner).unwrap_or_default()
}

/// A tenth of a second, 16 bits, one channel.
fn sound() -> Vec<u8> {
    let samples: Vec<u8> = (0..800_u16).flat_map(|n| (n * 40).to_le_bytes()).collect();
    let size = |n: usize| u32::try_from(n).unwrap_or(0).to_le_bytes();
    [
        b"RIFF",
        &size(36 + samples.len())[..],
        b"WAVEfmt ",
        &size(16),
        &[1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0],
        b"data",
        &size(samples.len()),
        &samples,
    ]
    .concat()
}

const RECORD: &str = r#"{"software": "lpp-fit 0.1.0", "commit": null, "command": ["lpp-fit"], "parameters": {"trim_scans": 10},
  "inputs": [{"path": "a", "bytes": 3, "sha256": "00"}], "output": {"path": "x", "bytes": 3, "sha256": "00"}, "wall_s": 0.5, "peak_memory_bytes": 7}"#;
const SIDECAR: &str = r#"{"model": "gpt2", "lang": "en", "subject": "average", "kind": "model", "family": "gpt2", "n_parameters": 124439808,
  "n_hidden": [768], "n_runs": 9, "n_voxels": 12, "mask_sha256": null, "alphas": [1.0], "alpha_index": [[0]], "fold_means": [[0.1]],
  "n_nan_voxels": [0], "wall_s": [0.1]}"#;
const CONFIG: &str = "languages = [\"en\"]\ntr_s = 2.0\nalphas = \"logspace:2:6:10\"\n[models]\nen = [\"gpt2\"]\n[subjects]\nen = [\"sub-EN057\"]\n";

/// What a study keeps about itself.
fn studies() -> Vec<Target> {
    vec![
        target!("record", "x.json", Packing::Plain, [texts(&[RECORD]), cases::json()].concat(), path => Provenance::load(&path.with_file_name("x"))),
        target!("sidecar", "gpt2_en.json", Packing::Plain, [texts(&[SIDECAR]), cases::json()].concat(), path => Scores::load_info(&path.with_extension("npy"))),
        target!("config", "lpp.toml", Packing::Plain, texts(&[CONFIG, &"a = [".repeat(1 << 16), &"a.".repeat(1 << 16), &"a = 1\n".repeat(1 << 18)]), path => StudyConfig::load(path)),
    ]
}

/// Checkpoints of models, loaded whole.
#[cfg(feature = "torch")]
fn checkpoints() -> Vec<Target> {
    use anyhow::Context;
    use lpp_llm::{CausalModel, ModelParams};

    fn beside(case: &str, folder: &Path) -> anyhow::Result<()> {
        fs::copy(fixture(case).join("config.json"), folder.join("config.json")).context("config.json")?;
        Ok(())
    }
    fn load(folder: &Path) -> anyhow::Result<()> {
        CausalModel::load(&ModelParams::new(folder))?;
        Ok(())
    }
    vec![
        Target {
            name: "torch",
            file: "pytorch_model.bin",
            packing: Packing::Zip("data.pkl"),
            files: || fixtures(&["llm/opt_350m/pytorch_model.bin"]),
            beside: |folder| beside("llm/opt_350m", folder),
            read: load,
        },
        Target {
            name: "torch_legacy",
            file: "pytorch_model.bin",
            packing: Packing::Plain,
            files: || {
                [
                    fixtures(&["llm/gpt2_legacy_bin/pytorch_model.bin"]),
                    cases::pickles(),
                ]
                .concat()
            },
            beside: |folder| beside("llm/gpt2_legacy_bin", folder),
            read: load,
        },
        Target {
            name: "safetensors",
            file: "model.safetensors",
            packing: Packing::Plain,
            files: || fixtures(&["llm/gpt2/model.safetensors"]),
            beside: |folder| beside("llm/gpt2", folder),
            read: load,
        },
        Target {
            name: "shards",
            file: "model.safetensors.index.json",
            packing: Packing::Plain,
            files: || {
                [
                    fixtures(&["llm/llama/model.safetensors.index.json"]),
                    cases::json(),
                ]
                .concat()
            },
            beside: |folder| {
                for name in [
                    "model-00001-of-00002.safetensors",
                    "model-00002-of-00002.safetensors",
                ] {
                    fs::copy(fixture("llm/llama").join(name), folder.join(name)).context(name)?;
                }
                beside("llm/llama", folder)
            },
            read: load,
        },
        Target {
            name: "model_config",
            file: "config.json",
            packing: Packing::Plain,
            files: || {
                [
                    fixtures(&[
                        "llm/gemma2/config.json",
                        "llm/gemma3/config.json",
                        "llm/gpt2/config.json",
                        "llm/gpt_neox/config.json",
                        "llm/llama/config.json",
                        "llm/llama3/config.json",
                        "llm/mamba/config.json",
                        "llm/mistral/config.json",
                        "llm/olmo2/config.json",
                        "llm/opt_350m/config.json",
                        "llm/qwen3/config.json",
                        "llm/stablelm_12b/config.json",
                    ]),
                    cases::json(),
                    cases::model_configs(),
                ]
                .concat()
            },
            beside: |folder| {
                fs::copy(
                    fixture("llm/gpt2/model.safetensors"),
                    folder.join("model.safetensors"),
                )
                .context("model.safetensors")?;
                Ok(())
            },
            read: load,
        },
    ]
}
