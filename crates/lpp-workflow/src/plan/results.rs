//! Tables and the page.

use std::path::PathBuf;

use lpp_fmri::surface::{MESH_SIDES, cortex_of_side};
use lpp_steps::{AnalyzeStep, CanaryFeatures, ReportStep};
use lpp_study::{BESIDE_SCORES, RunKind, Scores, Study, beside_scores};

use super::planner::Planner;
use super::scans::{masks_in, region_masks};
use crate::call::Call;
use crate::given::is_own;

impl Planner<'_> {
    /// Tables and the page, of the average subject or of each subject.
    pub(super) fn results(&self, steps: &mut Vec<Call>) {
        let of_lang = format!(":{}", self.lang);
        let of_fit = |step: &&Call| step.id.starts_with("fit") && step.id.ends_with(&of_lang);
        let fits: Vec<&Call> = steps.iter().filter(of_fit).collect();
        let own = |name: &&str| is_own(self.study, &self.study.scores(name, self.lang));
        if fits.is_empty() && !self.fitted_names().iter().any(own) {
            return;
        }
        let n_fits = fits.len();
        let made: Vec<PathBuf> = fits
            .iter()
            .flat_map(|step| step.outputs.iter().map(|o| o.path.clone()))
            .collect();
        for (subject, view) in self.analysed() {
            let results = self.results_of(&view, subject, steps, &made, n_fits);
            steps.extend(results);
        }
    }

    /// The same of one of them, from the files that fits make.
    fn results_of(
        &self,
        view: &Study,
        subject: Option<String>,
        steps: &[Call],
        fitted: &[PathBuf],
        n_fits: usize,
    ) -> [Call; 2] {
        let folder = self.path(&view.scores_dir());
        let is_score = |path: &&PathBuf| {
            let name = path.as_os_str().as_encoded_bytes();
            let is_map = [&b".nii.gz"[..], b".dscalar.nii", b".func.gii"]
                .iter()
                .any(|ending| name.ends_with(ending));
            path.starts_with(&folder) && !is_map
        };
        let scores: Vec<PathBuf> = fitted.iter().filter(is_score).cloned().collect();
        let by_hand = self.made_by_hand(view, &scores);
        let isc = self.path(&view.isc(self.lang));
        let made = steps
            .iter()
            .flat_map(|step| &step.outputs)
            .any(|output| output.path == isc);
        let isc = (made || view.isc(self.lang).exists()).then_some(isc);
        let summary = view.table("summary", self.lang).with_extension("csv");
        // Those to be made, and those of the study's own.
        let mut regions = region_masks(view);
        let others = masks_in(&view.roi_dir());
        regions.extend(others.into_iter().filter(|path| is_own(view, path)));
        regions.sort();
        regions.dedup();
        regions.extend(meshes(view));
        let mask = self.path(&view.mask(self.lang));
        let mut analyse = self.call(&AnalyzeStep {
            subject: subject.clone(),
            lang: self.lang,
            mask: mask.clone(),
            isc,
            regions,
            scores: scores.into_iter().chain(by_hand).collect(),
            competence: if subject.is_none() {
                self.scored_tables(steps)
            } else {
                Vec::new()
            },
            n_fits,
            summary: summary.clone(),
        });
        // Engines that know outputs only learn the order from this.
        let rois = steps.iter().filter(|step| step.may_leave_out);
        analyse.after.extend(rois.map(|step| step.id.clone()));
        let mut page = view.report();
        if !self.first {
            let name = page
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            page.set_file_name(format!("{name}_{}.html", self.lang));
        }
        let report = self.call(&ReportStep {
            subject,
            lang: self.lang,
            mask,
            summary,
            n_fits,
            page: self.path(&page),
        });
        [analyse, report]
    }

    /// The tables of lpp-score that are planned in this language, or there.
    fn scored_tables(&self, steps: &[Call]) -> Vec<PathBuf> {
        let of_lang = format!(":{}", self.lang);
        let of_score = |step: &&Call| step.id.starts_with("score:") && step.id.ends_with(&of_lang);
        let made = steps.iter().filter(of_score).flat_map(|step| &step.outputs);
        let made = made.map(|output| output.path.clone());
        made.filter(|path| path.extension().is_some_and(|ending| ending == "csv"))
            .collect()
    }

    /// Scores that exist but are not made by a step, and files next to scores: they are in tables too. This excludes
    /// the canary, which is made by a fit.
    fn made_by_hand(&self, view: &Study, planned: &[PathBuf]) -> Vec<PathBuf> {
        let canary = view.scores(CanaryFeatures::NAME, self.lang);
        let is_canary = |path: &PathBuf| *path == canary;
        let there = Scores::list(&view.scores_dir(), self.lang).unwrap_or_default();
        let there = there.into_iter().filter(|path| !is_canary(path));
        let others: Vec<PathBuf> = there.map(|path| self.path(&path)).collect();
        let scores = || planned.iter().chain(&others);
        let beside = scores().flat_map(|path| BESIDE_SCORES.map(|what| beside_scores(path, what)));
        let mut found: Vec<PathBuf> = others.iter().cloned().chain(beside).collect();
        found.retain(|path| self.study.root().join(path).exists());
        found
    }
}

/// The cortical meshes of scans on surfaces, if the study names their folder.
fn meshes(study: &Study) -> Vec<PathBuf> {
    let folder = study.surface().filter(|_| study.kind() != RunKind::Volume);
    let of_side = |folder: &PathBuf| MESH_SIDES.map(|side| cortex_of_side(folder, side));
    let found = folder.as_ref().map(of_side).into_iter().flatten();
    found.filter_map(Result::ok).collect()
}
