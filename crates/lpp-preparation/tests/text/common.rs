//! Golden cases as they are stored: one compressed JSON object each, see `fixtures/text/make.py`.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use lpp_preparation::{published_corrections, writing_of};
use lpp_study::Language;
use lpp_text::{Annotation, CorpusRun, Corrections, TextTokenizer, WindowLayout, load_texts, prepare_corpus};
use serde_json::Value;
use tempfile::TempDir;

/// Reads `fixtures/text/<name>.json.gz`.
pub(crate) fn golden(name: &str) -> Value {
    let file = fs::File::open(lpp_testkit::fixture(&format!("text/{name}.json.gz"))).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A golden case laid out as the files that it was.
pub(crate) struct Case {
    /// What the reference gave.
    pub(crate) expected: Value,
    /// The language.
    pub(crate) lang: Language,
    folder: TempDir,
}

impl Case {
    /// Unpacks a case.
    pub(crate) fn unpack(name: &str) -> Self {
        let expected = golden(name);
        let lang = expected["lang"].as_str().unwrap().parse().unwrap();
        let case = Self {
            expected,
            lang,
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(case.tokenizer_folder()).unwrap();
        fs::create_dir(case.text_folder()).unwrap();
        fs::write(
            case.annotation_file(),
            case.expected["annotation"].as_str().unwrap(),
        )
        .unwrap();
        for (name, text) in case.expected["tokenizer"].as_object().unwrap() {
            fs::write(case.tokenizer_folder().join(name), text.as_str().unwrap()).unwrap();
        }
        for (run, text) in case.expected["texts"].as_array().unwrap().iter().enumerate() {
            let name = format!("text_{lang}_run{}.txt", run + 1);
            fs::write(case.text_folder().join(name), text.as_str().unwrap()).unwrap();
        }
        case
    }

    pub(crate) fn annotation_file(&self) -> PathBuf {
        self.folder.path().join("words.csv")
    }

    pub(crate) fn text_folder(&self) -> PathBuf {
        self.folder.path().join("texts")
    }

    pub(crate) fn tokenizer_folder(&self) -> PathBuf {
        self.folder.path().join("model")
    }

    pub(crate) fn corrections(&self) -> Corrections {
        match self.expected["corrections"].as_str().unwrap() {
            "published" => published_corrections(self.lang),
            _ => Corrections::none(),
        }
    }

    pub(crate) fn tokenizer(&self) -> TextTokenizer {
        TextTokenizer::load(&self.tokenizer_folder()).unwrap()
    }

    pub(crate) fn layout(&self) -> WindowLayout {
        let max_len = self.expected["maxlen"].as_u64().unwrap();
        WindowLayout::reference(usize::try_from(max_len).unwrap())
    }

    pub(crate) fn corpus(&self) -> Vec<CorpusRun> {
        let annotation = Annotation::load(&self.annotation_file(), &self.corrections()).unwrap();
        let texts = load_texts(&self.text_folder(), self.lang.code(), annotation.runs().len()).unwrap();
        prepare_corpus(
            &annotation,
            Some(texts),
            &self.tokenizer(),
            self.layout(),
            writing_of(self.lang),
        )
        .unwrap()
    }
}

/// An array of arrays of numbers.
pub(crate) fn numbers(value: &Value) -> Vec<Vec<f64>> {
    let row = |row: &Value| {
        row.as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_f64().unwrap())
            .collect()
    };
    value.as_array().unwrap().iter().map(row).collect()
}
