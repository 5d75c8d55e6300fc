//! From a toy study to its tables and its page.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "shared by test programs that use different parts"
)]

use std::path::PathBuf;

use lpp_analysis::{Analysis, AnalysisJob};
use lpp_files::Silent;
use lpp_report::{Format, ReportJob, Theme};
use lpp_steps::Software;
use lpp_study::Language;

use crate::common::ToyStudy;

pub(crate) const SOFTWARE: Software = Software {
    program: "lpp-test",
    version: "0.0.0",
    commit: None,
};

pub(crate) fn analyse(toy: &ToyStudy) {
    let job = AnalysisJob {
        force: true,
        ..AnalysisJob::new(toy.study(), Language::English, Analysis::All)
    };
    job.run(SOFTWARE, &Silent).unwrap();
}

pub(crate) fn report(toy: &ToyStudy) -> ReportJob {
    ReportJob {
        study: toy.study(),
        lang: Language::English,
        output: None,
        figures: None,
        mask: None,
        formats: vec![Format::Svg],
        theme: Theme::Light,
        dpi: 300,
        surface: None,
        force: false,
    }
}

pub(crate) fn page_file(toy: &ToyStudy) -> PathBuf {
    analyse(toy);
    report(toy).run(SOFTWARE, &Silent).unwrap().page
}

pub(crate) fn page_of(toy: &ToyStudy) -> String {
    std::fs::read_to_string(page_file(toy)).unwrap()
}
