//! The sections of an annotation, which become runs in the order of their numbers.

use std::collections::BTreeMap;
use std::path::Path;

use crate::TextError;
use crate::annotation_times::TimedRows;
use crate::run_words::RunWords;

/// Most sections: a column with another number in each row holds no runs, and each run has lists of its own.
const MOST_SECTIONS: usize = 10_000;

/// The words of each section and the rows of the file in which they are.
#[derive(Default)]
pub(crate) struct Sections(BTreeMap<i64, (RunWords, Vec<usize>)>);

impl Sections {
    /// The words read so far of a section, and their rows.
    ///
    /// # Errors
    /// [`FileError::Malformed`](lpp_files::FileError::Malformed) for more sections than a study has runs.
    pub(crate) fn of(&mut self, section: i64, path: &Path) -> Result<&mut (RunWords, Vec<usize>), TextError> {
        if self.0.len() == MOST_SECTIONS && !self.0.contains_key(&section) {
            let found = format!("more than {MOST_SECTIONS} sections");
            let expected = "the number of the run in the column section";
            return Err(TextError::malformed(path, found, expected));
        }
        Ok(self.0.entry(section).or_default())
    }

    /// The runs; a number that is missing between two sections is told.
    ///
    /// # Errors
    /// [`FileError::Malformed`](lpp_files::FileError::Malformed) if there is no section, or one without a word.
    pub(crate) fn into_runs(self, path: &Path) -> Result<(Vec<RunWords>, TimedRows), TextError> {
        let no_word = |place: String| {
            let expected = "a word in each section";
            Err(TextError::malformed(path, format!("no word{place}"), expected))
        };
        if self.0.is_empty() {
            return no_word(String::new());
        }
        if let Some((section, _)) = self.0.iter().find(|(_, (run, _))| run.words.is_empty()) {
            return no_word(format!(" in section {section}"));
        }
        let numbers: Vec<i64> = self.0.keys().copied().collect();
        if let Some(gap) = numbers.windows(2).find(|pair| pair[1] - pair[0] > 1) {
            tracing::warn!(
                "{}: no section {} between the sections {} and {}; the sections are taken for {} runs, in the order \
                 of their numbers",
                path.display(),
                gap[0] + 1,
                gap[0],
                gap[1],
                numbers.len()
            );
        }
        let (runs, labels) = self.0.into_values().unzip();
        Ok((runs, TimedRows::new(path, labels)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_for_each_row_is_no_section() {
        let mut sections = Sections::default();
        for section in 0..10_000 {
            sections.of(section, "a.csv".as_ref()).unwrap();
        }
        assert!(sections.of(9_999, "a.csv".as_ref()).is_ok());
        let error = sections.of(-1, "a.csv".as_ref()).unwrap_err().to_string();
        assert!(error.contains("a.csv: found more than 10000 sections"), "{error}");
    }
}
