//! `lpp-import atlas`.

use std::path::PathBuf;

use clap::Args;
use lpp_cli::{CommonArgs, Outcome};
use lpp_import::AtlasJob;
use lpp_steps::ImportAtlasStep;

use crate::place::{Place, SOFTWARE};

/// Makes a label image the atlas of the study
///
/// Copies the image to the folder atlas and writes labels.csv with the name, the side and the size of each label. The side is
/// that of its voxels: x < 0 is left. lpp-analyze atlas uses both.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct AtlasArgs {
    /// Label image: one volume of whole numbers, 0 for background
    #[arg(value_name = "NIFTI")]
    image: PathBuf,
    /// Names of the labels: a table with the columns label and name, FSL's XML, or a colour table of FreeSurfer
    #[arg(long, value_name = "TABLE")]
    labels: PathBuf,
}

impl AtlasArgs {
    pub(crate) fn run(self, place: &Place, common: &CommonArgs) -> anyhow::Result<()> {
        let folder = place.open()?.root().join("atlas");
        let compressed = self.image.extension().is_some_and(|ending| ending == "gz");
        let job = AtlasJob {
            step: ImportAtlasStep {
                output: folder.join(if compressed { "atlas.nii.gz" } else { "atlas.nii" }),
                table: folder.join("labels.csv"),
                image: self.image,
                labels: self.labels,
            },
            force: place.force,
        };
        let report = job.run(SOFTWARE)?;
        let empty = report.without_voxels.len();
        let table = Outcome::new(&job.step.table, report.up_to_date)
            .count("labels on the left", report.n_left)
            .count("on the right", report.n_right)
            .count("on both sides", report.n_both)
            .fact(
                "without_voxels",
                &report.without_voxels,
                &match empty {
                    0 => String::new(),
                    n => format!("{n} names without voxels"),
                },
            );
        lpp_cli::print_outcomes(
            common,
            &[Outcome::new(&job.step.output, report.up_to_date), table],
        )
    }
}
