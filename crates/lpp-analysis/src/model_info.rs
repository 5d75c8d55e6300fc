//! What is known of language models beside their scores: size, and how well they predict text.

use std::collections::BTreeMap;
use std::path::Path;

use lpp_study::{StudyError, canonical_name};

use crate::{AnalysisError, ModelScores};

/// One model's row; NaN where a cell is empty.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Number of parameters.
    pub n_parameters: Option<u64>,
    /// Perplexity on a text.
    pub perplexity: f64,
    /// Accuracy on `HellaSwag`, percent.
    pub hellaswag: f64,
}

/// The authors' table of models, `model_info_en.csv`.
///
/// A CSV file with the column `model_name` and, as far as they are known, `n_parameters`, `ppl` and `hellaswag`;
/// other columns are not read. A size in this table takes the place of the one beside the scores.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("lpp-doc-info-{}.csv", std::process::id()));
/// std::fs::write(&path, "model_name,n_parameters,ppl,hellaswag\ngpt2,124439808,25.19,31.53\n").unwrap();
/// let info = lpp_analysis::ModelInfoTable::load(&path)?;
/// assert_eq!(info.get("gpt2").map(|row| row.hellaswag), Some(31.53));
/// # std::fs::remove_file(&path).ok();
/// # Ok::<(), lpp_analysis::AnalysisError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelInfoTable {
    rows: BTreeMap<String, ModelInfo>,
}

impl ModelInfoTable {
    /// Reads the table.
    ///
    /// # Errors
    /// [`AnalysisError`] naming the file if it cannot be read, has no column `model_name`, a cell that is no number,
    /// or two rows of one model.
    pub fn load(path: &Path) -> Result<Self, AnalysisError> {
        let malformed = |found: String, expected: &str| AnalysisError::Malformed {
            path: path.to_owned(),
            found,
            expected: expected.to_owned(),
        };
        let file = std::fs::File::open(path).map_err(|source| StudyError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
        let table = "a CSV table with the columns model_name, n_parameters, ppl, hellaswag";
        let header = reader
            .headers()
            .map_err(|e| malformed(e.to_string(), table))?
            .clone();
        let column = |name: &str| header.iter().position(|found| found == name);
        let name = column("model_name").ok_or_else(|| malformed("no column model_name".to_owned(), table))?;
        let columns = ["n_parameters", "ppl", "hellaswag"].map(column);
        let mut rows = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(|e| malformed(e.to_string(), table))?;
            let model = canonical_name(record.get(name).unwrap_or_default());
            let model = model.as_str();
            let [size, perplexity, hellaswag] =
                columns.map(|column| column.and_then(|column| record.get(column)).unwrap_or_default());
            let number = |text: &str| match text {
                "" => Ok(f64::NAN),
                text => text
                    .parse::<f64>()
                    .map_err(|_| malformed(format!("{text:?} in the row of {model}"), "a number")),
            };
            let n_parameters = match size {
                "" => None,
                text => Some(text.parse().map_err(|_| {
                    malformed(
                        format!("{text:?} in the row of {model}"),
                        "a number of parameters",
                    )
                })?),
            };
            let row = ModelInfo {
                n_parameters,
                perplexity: number(perplexity)?,
                hellaswag: number(hellaswag)?,
            };
            if rows.insert(model.to_owned(), row).is_some() {
                return Err(malformed(format!("two rows of {model}"), "one row a model"));
            }
        }
        Ok(Self { rows })
    }

    /// What is known of a model.
    #[must_use]
    pub fn get(&self, model: &str) -> Option<&ModelInfo> {
        self.rows.get(model)
    }

    /// Puts the sizes of this table in place of those beside the scores.
    ///
    /// An untrained twin or a checkpoint has the size of its model. Sizes that differ are told in a warning.
    pub(crate) fn apply(&self, models: &mut [ModelScores]) {
        for model in models {
            let Some(size) = self.size_of(model) else { continue };
            if let Some(known) = model.info.n_parameters.filter(|&known| known != size) {
                tracing::warn!(
                    "{}: {known} parameters, {size} in the table of models",
                    model.name()
                );
            }
            model.info.n_parameters = Some(size);
        }
    }

    fn size_of(&self, model: &ModelScores) -> Option<u64> {
        let name = model.twin().map(|(name, _)| name);
        let name = name.or_else(|| model.checkpoint().map(|(name, _)| name));
        self.get(name.unwrap_or(model.name()))?.n_parameters
    }

    /// A quantity of each model; NaN where it is not known.
    pub(crate) fn column(&self, models: &[&ModelScores], cell: fn(&ModelInfo) -> f64) -> Vec<f64> {
        models
            .iter()
            .map(|model| self.get(model.name()).map_or(f64::NAN, cell))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<ModelInfoTable, AnalysisError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("info.csv");
        std::fs::write(&path, text).unwrap();
        ModelInfoTable::load(&path)
    }

    #[test]
    fn the_authors_format_is_read() {
        let info = load(",model_name,n_parameters,n_layers,n_hid,ppl,hellaswag\n0,gpt2,124439808,12,768,25.2,31.53\n1,x,,1,2,,\n").unwrap();
        assert_eq!(info.get("gpt2").unwrap().n_parameters, Some(124_439_808));
        let unknown = info.get("x").unwrap();
        assert!(unknown.n_parameters.is_none() && unknown.perplexity.is_nan());
        assert!(info.get("y").is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("model,ppl\na,1\n", "no column model_name"),
            ("model_name,ppl\na,many\n", "\"many\" in the row of a"),
            ("model_name,n_parameters\na,1.5\n", "\"1.5\" in the row of a"),
            ("model_name\na\na\n", "two rows of a"),
        ] {
            let message = load(text).unwrap_err().to_string();
            assert!(
                message.contains("info.csv") && message.contains(part),
                "{message}"
            );
        }
    }
}
