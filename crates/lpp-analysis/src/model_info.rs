//! What is known of language models beside their scores: size, and how well they predict text.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use lpp_files::{BoundedRows, FileError, ONE_OF_EACH_NAME, only_column, shortened};
use lpp_study::canonical_name;

use crate::{AnalysisError, ModelScores};

/// The lowest `HellaSwag` accuracy that is accepted, in percent. Chance is 25; values up to 1 are fractions.
const LEAST_PERCENT: f64 = 2.0;

/// Memory that the row of a model takes.
const BYTES_OF_MODEL: usize = 400;

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
/// other columns are not read. A size in this table takes the place of the one beside the scores. An empty cell is a missing
/// value; so is a word for one (`nan`, `NA`, `null`), which is told in a warning.
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
    /// [`AnalysisError`] naming the file if it cannot be read, has no column `model_name` or two rows of one model; naming
    /// column and model if a cell holds what the quantity cannot be: text, infinity, a size that is not a whole number from
    /// 1 up, a perplexity below 1, an accuracy outside of 0 to 100.
    pub fn load(path: &Path) -> Result<Self, AnalysisError> {
        let malformed = |found: String, expected: &str| AnalysisError::Malformed {
            path: path.to_owned(),
            found,
            expected: expected.to_owned(),
        };
        let file = lpp_files::open_input(path).map_err(|source| FileError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(BoundedRows::new(file).with_rows_of(BYTES_OF_MODEL));
        let table = "a CSV table with the columns model_name, n_parameters, ppl, hellaswag";
        let header = reader
            .headers()
            .map_err(|e| malformed(e.to_string(), table))?
            .clone();
        let column = |name: &str| {
            only_column(&header, name).map_err(|two| malformed(two.to_string(), ONE_OF_EACH_NAME))
        };
        let name =
            column("model_name")?.ok_or_else(|| malformed("no column model_name".to_owned(), table))?;
        let [size, perplexity, hellaswag] = ["n_parameters", "ppl", "hellaswag"];
        let columns = [
            (size, column(size)?),
            (perplexity, column(perplexity)?),
            (hellaswag, column(hellaswag)?),
        ];
        let mut rows = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(|e| malformed(e.to_string(), table))?;
            let model = canonical_name(record.get(name).unwrap_or_default());
            let model = model.as_str();
            let cell = |(name, column): (&'static str, Option<usize>)| Cell {
                path,
                model,
                column: name,
                text: column.and_then(|column| record.get(column)).unwrap_or_default(),
            };
            let [size, perplexity, hellaswag] = columns.map(cell);
            let row = ModelInfo {
                n_parameters: size.count()?,
                perplexity: perplexity.within(1.0..=f64::MAX, "a perplexity, a number from 1 up")?,
                hellaswag: hellaswag.within(
                    LEAST_PERCENT..=100.0,
                    "an accuracy in percent (chance is 25), not a fraction",
                )?,
            };
            if rows.insert(model.to_owned(), row).is_some() {
                return Err(malformed(
                    format!("two rows of {}", shortened(model, 60)),
                    "one row per model",
                ));
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
        self.get(name.unwrap_or(model.features_name()))?.n_parameters
    }

    /// A quantity of each model; NaN where it is not known.
    pub(crate) fn column(&self, models: &[&ModelScores], cell: fn(&ModelInfo) -> f64) -> Vec<f64> {
        models
            .iter()
            .map(|model| self.get(model.name()).map_or(f64::NAN, cell))
            .collect()
    }
}

/// One cell of the table, and where it stands.
struct Cell<'a> {
    path: &'a Path,
    model: &'a str,
    column: &'static str,
    text: &'a str,
}

impl Cell<'_> {
    /// Words that programs write for a missing number, in small letters.
    const MISSING: [&'static str; 8] = ["nan", "na", "n/a", "<na>", "null", "none", "-", "."];

    /// The number in the cell; `None` if it is missing.
    fn number(&self, expected: &str) -> Result<Option<f64>, AnalysisError> {
        if self.text.is_empty() {
            return Ok(None);
        }
        if Self::MISSING.contains(&self.text.to_lowercase().as_str()) {
            tracing::warn!(
                "{}: column {} of {} is {:?} and is treated as missing; leave the cell empty",
                self.path.display(),
                self.column,
                shortened(self.model, 60),
                self.text
            );
            return Ok(None);
        }
        let number = self.text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(Some).ok_or_else(|| self.refused(expected))
    }

    /// A number in a range; NaN if it is missing.
    fn within(&self, range: RangeInclusive<f64>, expected: &str) -> Result<f64, AnalysisError> {
        match self.number(expected)? {
            Some(number) if range.contains(&number) => Ok(number),
            Some(_) => Err(self.refused(expected)),
            None => Ok(f64::NAN),
        }
    }

    /// A count from 1 up, in any notation of a whole number: `124439808`, `124439808.0`, `1.5e9`.
    fn count(&self) -> Result<Option<u64>, AnalysisError> {
        // Up to here every whole number is an f64.
        const LARGEST: f64 = 9_007_199_254_740_992.0;
        let expected = "a number of parameters: a whole number of at least 1";
        let Some(number) = self.number(expected)? else {
            return Ok(None);
        };
        if !(1.0..=LARGEST).contains(&number) || number.fract() != 0.0 {
            return Err(self.refused(expected));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 1 to 2^53"
        )]
        let count = number as u64;
        Ok(Some(count))
    }

    fn refused(&self, expected: &str) -> AnalysisError {
        AnalysisError::Malformed {
            path: self.path.to_owned(),
            found: format!(
                "{:?} in column {} of {}",
                shortened(self.text, 40),
                self.column,
                shortened(self.model, 60)
            ),
            expected: format!("{expected}; correct the cell or leave it empty"),
        }
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
    fn sizes_in_any_notation_and_words_for_missing_values_are_read() {
        let info =
            load("model_name,n_parameters,ppl,hellaswag\na,124439808.0,nan,NA\nb,1.5e9,25,none\nc,N/A,,50\n")
                .unwrap();
        assert_eq!(info.get("a").unwrap().n_parameters, Some(124_439_808));
        assert_eq!(info.get("b").unwrap().n_parameters, Some(1_500_000_000));
        assert_eq!(info.get("c").unwrap().n_parameters, None);
        let unknown = |model: &str| {
            info.get(model)
                .map(|row| (row.perplexity.is_nan(), row.hellaswag.is_nan()))
        };
        assert_eq!(
            ["a", "b", "c"].map(unknown),
            [Some((true, true)), Some((false, true)), Some((true, false))]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("model,ppl\na,1\n", "no column model_name"),
            ("model_name,ppl\na,many\n", "\"many\" in column ppl of a"),
            ("model_name,ppl\na,inf\n", "\"inf\" in column ppl of a"),
            ("model_name,ppl\na,-3\n", "\"-3\" in column ppl of a"),
            ("model_name,ppl\na,0.5\n", "\"0.5\" in column ppl of a"),
            ("model_name,ppl\na,1e999\n", "\"1e999\" in column ppl of a"),
            (
                "model_name,n_parameters\na,1.5\n",
                "\"1.5\" in column n_parameters of a",
            ),
            (
                "model_name,n_parameters\na,-7\n",
                "\"-7\" in column n_parameters of a",
            ),
            (
                "model_name,n_parameters\na,0\n",
                "\"0\" in column n_parameters of a",
            ),
            (
                "model_name,n_parameters\na,inf\n",
                "\"inf\" in column n_parameters of a",
            ),
            ("model_name,hellaswag\na,-1\n", "\"-1\" in column hellaswag of a"),
            (
                "model_name,hellaswag\na,0.3153\n",
                "\"0.3153\" in column hellaswag of a",
            ),
            (
                "model_name,hellaswag\na,315.3\n",
                "\"315.3\" in column hellaswag of a",
            ),
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
