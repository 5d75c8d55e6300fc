//! Tags of languages, and the stories in a language.

use lpp_files::FileError;
use lpp_study::{PairRuns, RunsTable, Study};

/// Reads a language tag of BCP 47, such as `en`, `de` or `pt-BR`.
///
/// # Errors
/// A sentence if it is none.
///
/// ```
/// assert_eq!(lpp_import::language_tag("pt-BR").as_deref(), Ok("pt-BR"));
/// assert!(lpp_import::language_tag("../de").is_err());
/// ```
pub fn language_tag(text: &str) -> Result<String, String> {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let language = (2..=8).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    let others = parts
        .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if language && others {
        Ok(text.to_owned())
    } else {
        Err("expected a language tag such as en, de or pt-BR".to_owned())
    }
}

/// The stories of a study in one language, if it has a runs table with that language.
///
/// # Errors
/// As [`RunsTable::load`].
pub fn stories_of(study: &Study, lang: &str) -> Result<Option<Vec<String>>, FileError> {
    let file = study.runs_table();
    if !file.exists() {
        return Ok(None);
    }
    let runs = RunsTable::load(&file)?.of_language(lang);
    let by_place = study.config().corpus.pair_runs == Some(PairRuns::Place);
    let runs = if by_place { runs.by_place() } else { runs };
    Ok(Some(runs.stories()).filter(|stories| !stories.is_empty()))
}
