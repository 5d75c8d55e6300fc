//! `lpp-import atlas`.

use std::path::PathBuf;

use clap::Args;
use lpp_cli::{CommonArgs, Outcome};
use lpp_files::{BidsName, FileError, right_hemisphere};
use lpp_import::AtlasJob;
use lpp_steps::ImportAtlasStep;

use crate::place::{Place, SOFTWARE};

/// Makes a label image the atlas of the study
///
/// Copies the image, or the labels of surfaces, to the folder atlas and writes labels.csv with the name, the side and the size of each label. The side is
/// that of its voxels: x < 0 is left; on surfaces, that of their structure. lpp-analyze atlas uses both.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct AtlasArgs {
    /// Label image: one volume of whole numbers, 0 for background; or labels of surfaces, a .dlabel.nii or the .label.gii of
    /// the left hemisphere (hemi-L, with hemi-R beside it)
    #[arg(value_name = "FILE")]
    image: PathBuf,
    /// Names of the labels: a table with the columns label and name, FSL's XML, or a colour table of FreeSurfer [default: the
    /// names in a file of surfaces]
    #[arg(long, value_name = "TABLE")]
    labels: Option<PathBuf>,
}

impl AtlasArgs {
    pub(crate) fn run(self, place: &Place, common: &CommonArgs) -> anyhow::Result<()> {
        let folder = place.open()?.root().join("atlas");
        let name = BidsName::of(&self.image);
        let output = folder.join(match name.ending() {
            ".nii" => "atlas.nii",
            ".dlabel.nii" => "atlas.dlabel.nii",
            _ if name.is_gifti() && right_hemisphere(&self.image).is_some() => "atlas_hemi-L.label.gii",
            _ if name.is_gifti() => {
                let expected =
                    "the file of the left hemisphere, with hemi-L in its name and hemi-R beside it";
                return Err(FileError::malformed(&self.image, "labels of one hemisphere", expected).into());
            }
            _ => "atlas.nii.gz",
        });
        if name.is_volume() && self.labels.is_none() {
            anyhow::bail!(
                "{}: a volume has no names of labels, expected --labels TABLE too",
                self.image.display()
            );
        }
        let job = AtlasJob {
            step: ImportAtlasStep {
                output,
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
