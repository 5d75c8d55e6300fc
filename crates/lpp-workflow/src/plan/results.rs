//! Tables and the page.

use std::path::PathBuf;

use lpp_steps::{AnalyzeStep, ReportStep};
use lpp_study::{BESIDE_SCORES, Scores, beside_scores};

use super::planner::Planner;
use super::scans::{masks_in, region_masks};
use crate::call::Call;
use crate::given::is_own;

impl Planner<'_> {
    /// Tables and the page.
    pub(super) fn results(&self, steps: &mut Vec<Call>) {
        let of_lang = format!(":{}", self.lang);
        let of_fit = |step: &&Call| step.id.starts_with("fit") && step.id.ends_with(&of_lang);
        let fits: Vec<&Call> = steps.iter().filter(of_fit).collect();
        let own = |name: &&str| is_own(self.study, &self.study.scores(name, self.lang));
        if fits.is_empty() && !self.fitted_names().iter().any(own) {
            return;
        }
        let is_score = |path: &&PathBuf| {
            path.starts_with("scores") && !path.as_os_str().as_encoded_bytes().ends_with(b".nii.gz")
        };
        let scores: Vec<PathBuf> = fits
            .iter()
            .flat_map(|step| step.outputs.iter().map(|o| &o.path))
            .filter(is_score)
            .cloned()
            .collect();
        let by_hand = self.made_by_hand(&scores);
        let isc = self.path(&self.study.isc(self.lang));
        let made = steps
            .iter()
            .flat_map(|step| &step.outputs)
            .any(|output| output.path == isc);
        let isc = (made || self.study.isc(self.lang).exists()).then_some(isc);
        let is_average = !self.has_no_average();
        let mask = is_average.then(|| self.mask());
        let summary = if is_average { "summary" } else { "individuals" };
        let summary = self.study.table(summary, self.lang).with_extension("csv");
        // Those to be made, and those of the study's own.
        let mut regions = region_masks(self.study);
        let others = masks_in(&self.study.roi_dir());
        regions.extend(others.into_iter().filter(|path| is_own(self.study, path)));
        regions.sort();
        regions.dedup();
        let n_fits = fits.len();
        let mut analyse = self.call(&AnalyzeStep {
            lang: self.lang,
            mask: mask.clone(),
            isc,
            regions,
            scores: scores.into_iter().chain(by_hand).collect(),
            n_fits,
            summary: summary.clone(),
        });
        // Engines that know outputs only learn the order from this.
        let rois = steps.iter().find(|step| step.may_leave_out);
        analyse.after.extend(rois.map(|step| step.id.clone()));
        let page = self.study.report();
        let page = if self.first {
            page
        } else {
            page.with_file_name(format!("report_{}.html", self.lang))
        };
        let report = self.call(&ReportStep {
            lang: self.lang,
            mask,
            summary,
            n_fits,
            page: self.path(&page),
        });
        steps.extend([analyse, report]);
    }

    /// Scores that exist but are not made by a step, and files next to scores: they are in tables too. This excludes
    /// the canary, which is made by a fit.
    fn made_by_hand(&self, planned: &[PathBuf]) -> Vec<PathBuf> {
        let there = Scores::list(&self.study.scores_dir(), self.lang).unwrap_or_default();
        let there = there.into_iter().filter(|path| !self.is_canary(path));
        let others: Vec<PathBuf> = there.map(|path| self.path(&path)).collect();
        let scores = || planned.iter().chain(&others);
        let beside = scores().flat_map(|path| BESIDE_SCORES.map(|what| beside_scores(path, what)));
        let mut found: Vec<PathBuf> = others.iter().cloned().chain(beside).collect();
        found.retain(|path| self.study.root().join(path).exists());
        found
    }
}
