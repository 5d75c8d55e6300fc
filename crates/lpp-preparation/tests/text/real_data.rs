//! The published English files, where `LPP_DATA` names the folder that holds them.

use std::fs;
use std::path::Path;

use lpp_preparation::published_corrections;
use lpp_study::Language;
use lpp_testkit::data_folder;
use lpp_text::{
    Annotation, CorpusRun, Glove, TextTokenizer, WindowLayout, Writing, load_texts, prepare_corpus,
};

const ANNOTATION: &str = "annotation/EN/lppEN_word_information.csv";
const TEXT: &str = "lpp_en_text.zip";

fn annotation(data: &Path) -> Annotation {
    let corrections = published_corrections(Language::English);
    Annotation::load(&data.join(ANNOTATION), &corrections).unwrap()
}

fn corpus(data: &Path, tokenizer: &str, max_len: usize) -> Vec<CorpusRun> {
    let tokenizer = TextTokenizer::load(&data.join(tokenizer)).unwrap();
    let texts = load_texts(&data.join(TEXT), "en", 9).unwrap();
    prepare_corpus(
        &annotation(data),
        Some(texts),
        &tokenizer,
        WindowLayout::reference(max_len),
        Writing::Spaced,
    )
    .unwrap()
}

#[test]
fn the_annotation_has_15342_words() {
    let Some(data) = data_folder() else { return };
    let counts: Vec<usize> = annotation(&data)
        .runs()
        .iter()
        .map(lpp_text::RunWords::n_words)
        .collect();
    assert_eq!(counts, [1516, 1690, 1851, 1615, 1518, 1810, 1785, 1583, 1974]);
}

#[test]
fn gpt2_tokens_and_windows_are_those_of_the_published_analysis() {
    let Some(data) = data_folder() else { return };
    let runs = corpus(&data, "tokenizers/gpt2", 1024);
    let tokens: Vec<usize> = runs.iter().map(|run| run.tokens.n_content()).collect();
    assert_eq!(tokens, [2118, 2259, 2569, 2510, 2446, 2813, 2857, 2347, 2863]);
    let windows: Vec<usize> = runs.iter().map(|run| run.tokens.windows().len()).collect();
    assert_eq!(windows, [19, 21, 26, 25, 24, 29, 30, 22, 30]);
}

#[test]
fn every_word_of_all_runs_aligns_at_each_length_and_with_another_tokenizer() {
    let Some(data) = data_folder() else { return };
    for (tokenizer, max_len) in [
        ("tokenizers/gpt2", 1024),
        ("tokenizers/gpt2", 512),
        ("tokenizers/gpt2", 2048),
        ("models/stories260K", 512),
    ] {
        let rows: usize = corpus(&data, tokenizer, max_len)
            .iter()
            .map(|run| run.spans.n_rows())
            .sum();
        assert_eq!(rows, 15_342, "{tokenizer} {max_len}");
    }
}

#[test]
fn glove_lacks_1290_words() {
    let Some(data) = data_folder() else { return };
    let annotation = annotation(&data);
    let glove = Glove::load(&data.join("glove/glove.lpp.100d.txt.gz"), annotation.runs()).unwrap();
    let vectors = glove.embed(annotation.runs());
    // Counted in the notes that come with the data: 18 kinds, mostly single letters.
    assert_eq!(
        (glove.n_dims(), vectors.n_missing(), vectors.missing.len()),
        (100, 1290, 18)
    );
}

#[test]
fn damaged_archives_are_refused_in_one_line() {
    let Some(data) = data_folder() else { return };
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(data.join(TEXT)).unwrap();
    let path = folder.path().join("lpp_en_text.zip");
    let mut flipped = whole.clone();
    flipped[2000] ^= 0xff;
    for damaged in [&whole[..whole.len() - 200], &whole[..1000], &flipped] {
        fs::write(&path, damaged).unwrap();
        let error = load_texts(&path, "en", 9).unwrap_err().to_string();
        assert!(
            error.contains("lpp_en_text.zip: found") && !error.contains('\n'),
            "{error}"
        );
    }
    fs::write(&path, &whole).unwrap();
    let error = load_texts(&path, "fr", 9).unwrap_err().to_string();
    assert!(
        error.contains("no text of fr") && error.contains("text_fr_run1.txt"),
        "{error}"
    );
}
