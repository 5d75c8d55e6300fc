//! The sections of an annotation, which become runs in the order of their numbers.

use std::collections::BTreeMap;
use std::path::Path;

use crate::TextError;
use crate::annotation_times::TimedRows;
use crate::run_words::RunWords;

/// The words of each section and the rows of the file in which they are.
#[derive(Default)]
pub(crate) struct Sections(BTreeMap<i64, (RunWords, Vec<usize>)>);

impl Sections {
    /// The words read so far of a section, and their rows.
    pub(crate) fn of(&mut self, section: i64) -> &mut (RunWords, Vec<usize>) {
        self.0.entry(section).or_default()
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
