//! Scans of many subjects in the form of an fMRIPrep folder, with everything else that lies in such a folder.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lpp_files::{Progress, WordTable, write_atomically};
use lpp_fmri::{Grid, Image, Mask};
use ndarray::{Array1, Array2, Array3, Array4, ArrayRef2, Axis};
use serde_json::json;

use crate::SimError;
use crate::bold::BoldSimulator;
use crate::brain::mask_on;
use crate::random::{normal, stream};

/// Voxel size in mm: coarse, so that a study of many subjects and runs is small.
const VOXEL_MM: f64 = 8.0;
/// Intensity inside and outside the brain, and that of one standard deviation of a time course.
const BRAIN: f32 = 1000.0;
const OUTSIDE: f32 = 30.0;
const DEVIATION: f32 = 20.0;
/// Standard deviation of what head motion adds to a time course, of one without it.
const MOTION: f32 = 0.4;
/// The space of the scans, and one in which the same runs are there too.
const SPACE: &str = "MNI152NLin2009cAsym";
const OTHER_SPACE: &str = "T1w";
/// Sessions; the test story is heard again at the end of each.
const N_SESSIONS: usize = 2;

/// What is simulated beyond the words and the models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BidsSettings {
    /// Number of subjects.
    pub n_subjects: usize,
    /// The story that each subject hears again at the end of each session, from 1.
    pub test_story: Option<usize>,
}

/// One run of every subject.
struct RunOfAll {
    session: usize,
    label: usize,
    /// The run of the words that is heard, from 0.
    story: usize,
}

/// The runs of a subject: the stories in two sessions, each with the test story at its end.
fn runs(settings: BidsSettings, n_stories: usize) -> Vec<RunOfAll> {
    let in_first = n_stories.div_ceil(N_SESSIONS);
    let told = (0..n_stories).map(|story| RunOfAll {
        session: 1 + usize::from(story >= in_first),
        label: story + 1,
        story,
    });
    let again = settings.test_story.into_iter().flat_map(|story| {
        (1..=N_SESSIONS).map(move |session| RunOfAll {
            session,
            label: n_stories + session,
            story: story - 1,
        })
    });
    told.chain(again).collect()
}

/// A brain-shaped mask of 8 mm voxels, for scans of many subjects.
///
/// # Errors
/// [`SimError::Fmri`], never in practice: the grid and the shape are constants.
pub fn coarse_mask() -> Result<Mask, SimError> {
    let working = Grid::working();
    let (step, first) = (working.affine()[0][0], working.world([0, 0, 0]));
    let shape = working
        .shape()
        .map(|n| ((n - 1) as f64 * step / VOXEL_MM).round() as usize + 1);
    let mut affine = *working.affine();
    for axis in 0..3 {
        affine[axis][axis] = VOXEL_MM;
        affine[axis][3] = first[axis];
    }
    mask_on(Grid::new(shape, affine)?)
}

/// Writes the folder.
pub(crate) struct BidsFolder<'a> {
    pub(crate) root: PathBuf,
    pub(crate) seed: u64,
    pub(crate) tr_s: f64,
    pub(crate) settings: BidsSettings,
    pub(crate) mask: &'a Mask,
    pub(crate) words: &'a WordTable,
    pub(crate) bold: &'a BoldSimulator,
}

impl BidsFolder<'_> {
    pub(crate) fn write(&self, progress: &dyn Progress) -> Result<(), SimError> {
        let about = json!({
            "Name": "Simulated stories",
            "BIDSVersion": "1.8.0",
            "DatasetType": "derivative",
            "GeneratedBy": [{"Name": "lpp-simulate"}],
        });
        write_atomically(
            &self.root.join("dataset_description.json"),
            about.to_string().as_bytes(),
        )?;
        for subject in 1..=self.settings.n_subjects {
            for run in runs(self.settings, self.words.n_runs()) {
                self.write_run(&format!("{subject:02}"), &run)?;
            }
            progress.advance(1);
        }
        Ok(())
    }

    fn write_run(&self, subject: &str, run: &RunOfAll) -> Result<(), SimError> {
        let RunOfAll {
            session,
            label,
            story,
        } = run;
        let base = format!("sub-{subject}_ses-{session}_task-story_run-{label}");
        let folder = self.root.join(format!("sub-{subject}/ses-{session}/func"));
        let at = |ending: &str| folder.join(format!("{base}_{ending}"));
        let mut courses = self.bold.subject_run(*story, &base)?;
        let confounds = Confounds::draw(self.seed, &base, courses.nrows());
        confounds.disturb(&mut courses, self.seed, &base);
        self.write_images(&at, SPACE, self.mask, &courses)?;
        // Nothing of the words is in the other space, so that whoever takes it finds nothing.
        let (other, noise) = self.other_space(&base, courses.nrows())?;
        self.write_images(&at, OTHER_SPACE, &other, &noise)?;
        write_atomically(&at("desc-confounds_timeseries.tsv"), confounds.table().as_bytes())?;
        write_atomically(&at("events.tsv"), self.events(*story).as_bytes())?;
        Ok(())
    }

    /// Scans with their sidecar, a mask and a reference image.
    fn write_images(
        &self,
        at: &impl Fn(&str) -> PathBuf,
        space: &str,
        mask: &Mask,
        courses: &ArrayRef2<f32>,
    ) -> Result<(), SimError> {
        let path = |ending: &str| at(&format!("space-{space}_{ending}"));
        let scans = volumes(mask, courses)?;
        let reference = scans.index_axis(Axis(3), 0).to_owned();
        let image = Image::new(*mask.grid(), scans.into_dyn())?.with_time_step(self.tr_s);
        image.save(&path("desc-preproc_bold.nii.gz"))?;
        let about = json!({"RepetitionTime": self.tr_s, "TaskName": "story"});
        write_atomically(&path("desc-preproc_bold.json"), about.to_string().as_bytes())?;
        Image::new(*mask.grid(), reference.into_dyn())?.save(&path("boldref.nii.gz"))?;
        Ok(mask.save(&path("desc-brain_mask.nii.gz"))?)
    }

    /// A few voxels of noise.
    fn other_space(&self, base: &str, n_scans: usize) -> Result<(Mask, Array2<f32>), SimError> {
        let mut affine = *self.mask.grid().affine();
        for (axis, row) in affine.iter_mut().take(3).enumerate() {
            row[axis] = 4.0 * VOXEL_MM;
        }
        let mask = Mask::new(Grid::new([5, 6, 5], affine)?, Array3::from_elem((5, 6, 5), true))?;
        let mut rng = stream(self.seed, &format!("other space {base}"));
        let noise = Array2::from_shape_simple_fn((n_scans, mask.n_voxels()), || normal(&mut rng));
        Ok((mask, noise))
    }

    /// The words of a story as events.
    fn events(&self, story: usize) -> String {
        let mut table = "onset\tduration\tword\n".to_owned();
        for word in self.words.run(story) {
            let duration = (1000.0 * (word.offset_s - word.onset_s)).round() / 1000.0;
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{}\t{duration}\t{}", word.onset_s, word.word);
        }
        table
    }
}

/// Time courses as volumes of whole numbers.
fn volumes(mask: &Mask, courses: &ArrayRef2<f32>) -> Result<Array4<i16>, SimError> {
    let inside = courses.mapv(|value| (BRAIN + DEVIATION * value).round() as i16);
    Ok(mask.unmask_series(&inside, OUTSIDE as i16)?)
}

/// Head motion and other nuisances of a run, by column.
struct Confounds(Vec<(&'static str, Array1<f32>)>);

impl Confounds {
    const NAMES: [&'static str; 9] = [
        "trans_x",
        "trans_y",
        "trans_z",
        "rot_x",
        "rot_y",
        "rot_z",
        "csf",
        "white_matter",
        "global_signal",
    ];

    fn draw(seed: u64, base: &str, n_scans: usize) -> Self {
        let mut rng = stream(seed, &format!("confounds {base}"));
        let column = |name| {
            (
                name,
                walk(Array1::from_shape_simple_fn(n_scans, || normal(&mut rng))),
            )
        };
        Self(Self::NAMES.map(column).into_iter().collect())
    }

    /// Adds the first translation to each voxel, by a weight of its own.
    fn disturb(&self, courses: &mut Array2<f32>, seed: u64, base: &str) {
        let mut rng = stream(seed, &format!("motion {base}"));
        let motion = &self.0[0].1;
        for mut course in courses.columns_mut() {
            course.scaled_add(MOTION * normal(&mut rng), motion);
        }
    }

    /// The table of fMRIPrep: what compares a scan with the one before has no value in the first row.
    fn table(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| *name).collect();
        let mut table = format!(
            "{}\ttrans_x_derivative1\tframewise_displacement\n",
            names.join("\t")
        );
        for scan in 0..self.0[0].1.len() {
            let values: Vec<String> = self
                .0
                .iter()
                .map(|(_, column)| column[scan].to_string())
                .collect();
            let step = scan
                .checked_sub(1)
                .map(|before| self.0[0].1[scan] - self.0[0].1[before]);
            let [derivative, displacement] =
                [step, step.map(f32::abs)].map(|v| v.map_or_else(|| "n/a".to_owned(), |v| v.to_string()));
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{}\t{derivative}\t{displacement}", values.join("\t"));
        }
        table
    }
}

/// Slow drift: sums of noise, with mean 0 and variance 1.
fn walk(mut noise: Array1<f32>) -> Array1<f32> {
    noise.accumulate_axis_inplace(Axis(0), |before, here| *here += before);
    let mean = noise.mean().unwrap_or(0.0);
    noise -= mean;
    let std = noise.std(0.0);
    noise / std.max(f32::EPSILON)
}

/// The folder in a study.
pub(crate) fn folder(root: &Path) -> PathBuf {
    root.join("fmriprep")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_study::Plant;

    #[test]
    fn runs_of_two_sessions_are_numbered_through() {
        let settings = BidsSettings {
            n_subjects: 1,
            test_story: Some(3),
        };
        let listed: Vec<(usize, usize, usize)> = runs(settings, 5)
            .iter()
            .map(|run| (run.session, run.label, run.story))
            .collect();
        let expected = [
            (1, 1, 0),
            (1, 2, 1),
            (1, 3, 2),
            (2, 4, 3),
            (2, 5, 4),
            (1, 6, 2),
            (2, 7, 2),
        ];
        assert_eq!(listed, expected);
    }

    #[test]
    fn confounds_have_no_value_where_there_is_no_scan_before() {
        let confounds = Confounds::draw(3, "sub-01", 40);
        let table = confounds.table();
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!((rows.len(), rows[0].len()), (41, 11));
        assert_eq!(rows[1][9..], ["n/a", "n/a"]);
        assert!(rows[2..].iter().flatten().all(|cell| cell.parse::<f32>().is_ok()));
        let column = &confounds.0[4].1;
        assert!(column.mean().unwrap().abs() < 1e-4 && (column.std(0.0) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn the_coarse_brain_is_symmetric_and_holds_every_region() {
        let mask = coarse_mask().unwrap();
        assert!(
            mask.is_symmetric().unwrap() && mask.n_voxels() > 2000,
            "{}",
            mask.n_voxels()
        );
        let brain = crate::PlantedBrain::of(&mask, &Plant::default());
        let truth = crate::truth::truth_of(1, Plant::default(), &mask, &brain, &[]).unwrap();
        assert!(
            truth
                .regions
                .iter()
                .all(|region| region.left > region.right + 0.05)
        );
    }
}
