//! What all commands share: the study, and the name of the program in records.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use lpp_cli::Software;
use lpp_study::{Language, Study, story_names};

/// This program in provenance, under the name that users know; the package has another.
pub(crate) const SOFTWARE: Software = Software {
    program: env!("CARGO_BIN_NAME"),
    ..lpp_cli::software!()
};

/// The study, before or after the name of the command.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Study folder, with lpp.toml and all files of the study
    #[arg(long, value_name = "DIR", global = true, default_value = ".")]
    pub(crate) study: PathBuf,
    /// Write again even if the output is up to date, and overwrite a file that another program made
    #[arg(long, global = true)]
    pub(crate) force: bool,
}

impl Place {
    /// Opens the study; what is imported first makes its folder.
    pub(crate) fn open(&self) -> anyhow::Result<Study> {
        Study::open_or_planned(&self.study).context("cannot open the study (--study)")
    }
}

/// The stories of a study in one language, if it has a table of runs with that language.
pub(crate) fn listed_stories(study: &Study, lang: Language) -> anyhow::Result<Option<Vec<String>>> {
    if !study.runs_table().exists() {
        return Ok(None);
    }
    Ok(Some(story_names(study, lang)?).filter(|stories| !stories.is_empty()))
}
