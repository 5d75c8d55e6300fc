//! Activations of one layer.

use std::collections::BTreeMap;
use std::path::Path;

use lpp_files::{ActivationsWriter, FileError, LayerShape, WordTable};
use lpp_text::{Annotation, TextError};
use ndarray::Array2;

/// The result of a step that makes features of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureReport {
    /// Whether the output was up to date and not written.
    pub up_to_date: bool,
    /// Number of words over all runs.
    pub n_words: usize,
    /// Words without a vector; 0 for sources that have a vector for every word.
    pub n_missing: usize,
}

/// Writes activations of one layer, (`n_words`, `n_hidden`) per run; the software and the hash of the words are added to
/// `metadata`.
///
/// # Errors
/// [`TextError::File`] if the file cannot be written.
pub fn save_one_layer(
    output: &Path,
    runs: &[Array2<f32>],
    mut metadata: BTreeMap<String, String>,
    words: &Annotation,
) -> Result<(), TextError> {
    metadata.insert(WordTable::HASH_KEY.to_owned(), words.word_table()?.sha256());
    Ok(save_layer(output, runs, metadata)?)
}

/// Writes features of one layer, (rows, `n_hidden`) per run; the software is added to `metadata`.
pub(crate) fn save_layer(
    output: &Path,
    runs: &[Array2<f32>],
    mut metadata: BTreeMap<String, String>,
) -> Result<(), FileError> {
    let shapes: Vec<LayerShape> = runs
        .iter()
        .enumerate()
        .map(|(run, values)| LayerShape {
            run,
            layer: 0,
            n_words: values.nrows(),
            n_hidden: values.ncols(),
        })
        .collect();
    metadata.insert(
        "software".to_owned(),
        format!("lpp-rs {}", env!("CARGO_PKG_VERSION")),
    );
    let mut writer = ActivationsWriter::create(output, &shapes, &metadata)?;
    for (run, values) in runs.iter().enumerate() {
        writer.write(run, 0, values)?;
    }
    writer.commit()
}
