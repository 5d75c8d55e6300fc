//! The tables that a report is made of.

use std::collections::HashMap;
use std::path::PathBuf;

use lpp_study::{Language, Study};

use lpp_analysis::Table;

use crate::ReportError;

/// Tables that a report cannot do without.
const NEEDED: [&str; 3] = ["summary", "scaling", "lateralization"];
/// Tables of the page, in order.
const SHOWN: [&str; 15] = [
    "scaling",
    "scaling_regression",
    "scaling_ols",
    "scaling_ols_fit",
    "lateralization",
    "lateralization_regression",
    "lateralization_ols",
    "lateralization_ols_fit",
    "baseline_groups",
    "baselines",
    "rois_regression",
    "rois_voxel_slopes",
    "rois",
    "layers",
    "isc",
];

/// Further tables that figures are drawn from.
const DRAWN: [&str; 8] = [
    "score_densities",
    "baseline_maps",
    "rois_isc",
    "voxel_slopes",
    "atlas",
    "training",
    "checkpoints",
    "individuals",
];

/// The tables of one language that are there.
pub(crate) struct ReportTables {
    study: Study,
    lang: Language,
    by_name: HashMap<&'static str, Table>,
    none: Table,
}

impl ReportTables {
    /// Reads all tables that the analysis wrote.
    ///
    /// # Errors
    /// [`ReportError::MissingResult`] if one that is needed is not there, [`ReportError::Malformed`] if
    /// one is broken.
    pub(crate) fn load(study: &Study, lang: Language) -> Result<Self, ReportError> {
        let mut tables = Self {
            study: study.clone(),
            lang,
            by_name: HashMap::new(),
            none: Table::new("none"),
        };
        for name in NEEDED.into_iter().chain(SHOWN).chain(DRAWN) {
            let path = tables.path(name);
            if path.exists() {
                tables.by_name.insert(name, Table::load(&path, name)?);
            } else if NEEDED.contains(&name) {
                let command = tables.command();
                return Err(ReportError::MissingResult { path, command });
            }
        }
        Ok(tables)
    }

    /// The table of that name; one without rows if it is not there.
    pub(crate) fn get(&self, name: &str) -> &Table {
        self.by_name.get(name).unwrap_or(&self.none)
    }

    /// The tables of the page, in order.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Table> {
        SHOWN.iter().filter_map(|name| self.by_name.get(name))
    }

    /// The command that makes the tables.
    pub(crate) fn command(&self) -> String {
        format!(
            "lpp-analyze all --study {} --lang {}",
            self.study.root().display(),
            self.lang
        )
    }

    /// Names of all models, untrained ones and baselines too, by size.
    pub(crate) fn models(&self) -> Vec<String> {
        self.get("lateralization").texts("model")
    }

    /// The best layer of a trained model.
    pub(crate) fn best_layer(&self, model: &str) -> Option<usize> {
        let scaling = self.get("scaling");
        let row = scaling.texts("model").iter().position(|name| name == model)?;
        let layer = scaling.numbers("best_layer").get(row).copied().flatten()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the number of a layer"
        )]
        let layer = layer as usize;
        Some(layer)
    }

    /// Where a table lies.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.study.table(name, self.lang).with_extension("csv")
    }

    /// The files that were read, in a fixed order.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let found = SHOWN
            .iter()
            .chain(&DRAWN)
            .filter(|name| self.by_name.contains_key(*name));
        std::iter::once(&"summary")
            .chain(found)
            .map(|name| self.path(name))
            .collect()
    }
}
