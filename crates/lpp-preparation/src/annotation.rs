//! The corrected word annotation of a study, and its table of words.

use std::path::{Path, PathBuf};

use lpp_files::{FileError, WordTable};
use lpp_steps::{AnnotationSource, Making, Provenance, Software, WordsStep};
use lpp_study::{AnnotationCorrections, Language, is_published_annotation};
use lpp_text::{Annotation, Corrections, TextError, Writing, load_texts, text_files};

/// Reads and corrects an annotation.
///
/// With [`AnnotationCorrections::Auto`], only a published file, recognised by its hash, is corrected. To apply the
/// published corrections to another file, request them; a warning says so.
///
/// # Errors
/// As [`Annotation::load`].
pub fn load_annotation(source: &AnnotationSource) -> Result<Annotation, TextError> {
    // A file that is not there is named by its reader.
    if source.path.exists() {
        warn_of_corrections(source)?;
    }
    let corrections = match source.corrections {
        AnnotationCorrections::Published => published_corrections(source.lang),
        AnnotationCorrections::None | AnnotationCorrections::Auto => Corrections::none(),
    };
    Annotation::load(&source.path, &corrections)
}

fn warn_of_corrections(source: &AnnotationSource) -> Result<(), FileError> {
    let AnnotationSource { path, lang, .. } = source;
    if source.asked == AnnotationCorrections::None || is_published_annotation(path, *lang)? {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if source.asked == AnnotationCorrections::Published {
        tracing::warn!(
            "{} is not the published annotation (its hash differs); the published corrections are applied anyway",
            path.display()
        );
    } else if name == format!("lpp{}_word_information.csv", lang.folder()) {
        tracing::warn!(
            "{} is not the published annotation (its hash differs), so no corrections are applied; use --corrections \
             published to apply them, or --corrections none to silence this warning",
            path.display()
        );
    }
    Ok(())
}

/// The corrections that the published script makes to an annotation.
///
/// # References
/// `extract_llm_activations.py` of the paper's repository.
#[must_use]
pub fn published_corrections(lang: Language) -> Corrections {
    match lang {
        Language::Chinese | Language::Other(_) => Corrections::new([], []),
        // A repeated line with a typo, and two rows which are not in the text.
        Language::English => Corrections::new([3919, 6775, 6781], []),
        // An s' which is not in the text, and two empty rows.
        Language::French => Corrections::new(
            [338, 1204, 3333],
            [
                (3332, "de"),
                (3379, "trois"),
                (3405, "trois"),
                (4587, "l"),
                (5325, "la"),
                (5326, "première"),
                (5328, "habitée"),
                (11257, "À"),
                (12249, "il"),
            ],
        ),
    }
}

/// The writing system of a language.
#[must_use]
pub fn writing_of(lang: Language) -> Writing {
    match lang.primary() {
        "cn" | "zh" | "cmn" | "yue" | "wuu" | "nan" | "hak" | "lzh" | "ja" => Writing::Unspaced,
        _ => Writing::Spaced,
    }
}

/// The texts of the runs at `text`; none if there is no text, and the words are the text.
///
/// # Errors
/// As [`load_texts`].
pub fn texts_of(
    text: Option<&Path>,
    lang: Language,
    annotation: &Annotation,
) -> Result<Option<Vec<String>>, TextError> {
    let Some(path) = text else {
        tracing::info!(
            "note: the study has no text of {lang}: the words of {}, joined by blanks, are the text",
            annotation.path().display()
        );
        return Ok(None);
    };
    load_texts(path, lang.code(), annotation.runs().len()).map(Some)
}

/// The files that [`texts_of`] reads.
///
/// # Errors
/// As [`text_files`].
pub fn text_inputs(text: Option<&Path>, lang: Language) -> Result<Vec<PathBuf>, TextError> {
    text.map_or(Ok(Vec::new()), |path| text_files(path, lang.code()))
}

/// Writes the table of words with its record, unless the same words with a record already exist, whichever program
/// wrote them, or they are the annotation themselves. Words without a record belong to the user and are not changed.
///
/// # Errors
/// [`FileError`] if the file cannot be written, or has different words and no record.
pub fn save_words(software: Software, step: &WordsStep, annotation: &Annotation) -> Result<(), TextError> {
    if step.annotation.is_table(&step.output) {
        return Ok(());
    }
    let (words, path) = (annotation.word_table()?, &step.output);
    let making = Making::of(software, step.artefact())?;
    let same = WordTable::load(path).is_ok_and(|there| there == words);
    let is_own = path.exists() && Provenance::load(path).is_err();
    if same && (is_own || making.is_current_of_any_program()) {
        return Ok(());
    }
    if is_own {
        let expected = format!(
            "those of {}, or no file: no program made it",
            step.annotation.path.display()
        );
        return Err(FileError::malformed(path, "other words", expected).into());
    }
    making.claim(true)?;
    words.save(path)?;
    making.finish()?;
    Ok(())
}
