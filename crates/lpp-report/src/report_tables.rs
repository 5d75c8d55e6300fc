//! The tables that a report is made of.

use std::path::PathBuf;

use lpp_analysis::{AnalysisError, load_table};
use lpp_study::{Language, Study};
use lpp_tables::{BaselineMaps, Lateralization, Row, Scaling, Summary, Table, TableError, declarations};

use crate::ReportError;
use crate::undrawn::Undrawn;

/// Tables that a report cannot do without.
const NEEDED: [&str; 3] = [Summary::NAME, Scaling::NAME, Lateralization::NAME];

/// The tables of one language that are there.
pub(crate) struct ReportTables {
    study: Study,
    lang: Language,
    tables: Vec<Table>,
}

impl ReportTables {
    /// Reads all tables that the analysis wrote.
    ///
    /// # Errors
    /// [`ReportError::MissingResult`] if one that is needed is not there, [`ReportError::Analysis`] if one is broken.
    pub(crate) fn load(study: &Study, lang: Language) -> Result<Self, ReportError> {
        let mut tables = Self {
            study: study.clone(),
            lang,
            tables: Vec::new(),
        };
        for declaration in declarations() {
            let path = tables.path(declaration.name);
            if path.exists() {
                tables.tables.push(load_table(&path, declaration)?);
            } else if NEEDED.contains(&declaration.name) {
                let command = tables.command();
                return Err(ReportError::MissingResult { path, command });
            }
        }
        Ok(tables)
    }

    /// All tables, in the order of their declarations.
    pub(crate) fn each(&self) -> &[Table] {
        &self.tables
    }

    /// The table of that name; `None` if it is not there.
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name() == name)
    }

    /// The rows of a table.
    ///
    /// # Errors
    /// [`Undrawn::Missing`] if the table is not there, [`Undrawn::Failed`] if a cell is missing that must not be.
    pub(crate) fn rows<R: Row>(&self) -> Result<Vec<R>, Undrawn> {
        let table = self.table(R::NAME).ok_or(Undrawn::Missing(R::NAME))?;
        let malformed = |error: TableError| AnalysisError::Malformed {
            path: self.path(R::NAME),
            found: error.found,
            expected: error.expected,
        };
        Ok(table.rows().map_err(malformed).map_err(ReportError::from)?)
    }

    /// The rows of a table, at least one.
    ///
    /// # Errors
    /// As [`ReportTables::rows`]; [`Undrawn::Without`] if the table has none.
    pub(crate) fn filled<R: Row>(&self) -> Result<Vec<R>, Undrawn> {
        let rows = self.rows::<R>()?;
        if rows.is_empty() {
            return Err(Undrawn::Without(format!("the table {} has no rows", R::NAME)));
        }
        Ok(rows)
    }

    /// The rows of a table; none if it is not there.
    ///
    /// # Errors
    /// [`ReportError::Analysis`] if a cell is missing that must not be.
    pub(crate) fn all<R: Row>(&self) -> Result<Vec<R>, ReportError> {
        match self.rows() {
            Ok(rows) => Ok(rows),
            Err(Undrawn::Failed(error)) => Err(error),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// A headline number.
    ///
    /// # Errors
    /// [`Undrawn::Without`] if the summary does not have it.
    pub(crate) fn quantity(&self, name: &str) -> Result<f64, Undrawn> {
        let found = self
            .rows::<Summary>()?
            .into_iter()
            .find(|row| row.quantity == name);
        let missing = || Undrawn::Without(format!("the summary has no {name}"));
        found.map(|row| row.value).ok_or_else(missing)
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
    ///
    /// # Errors
    /// [`ReportError::Analysis`] if a table is broken.
    pub(crate) fn models(&self) -> Result<Vec<String>, ReportError> {
        let rows = self.all::<Lateralization>()?;
        Ok(rows.into_iter().map(|row| row.id.model).collect())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.study.table(name, self.lang).with_extension("csv")
    }

    /// Where a map of the analysis lies.
    pub(crate) fn map_path(&self, name: &str) -> PathBuf {
        self.study.result_map(name, self.lang)
    }

    /// Where the provenance of the tables lies: beside the first.
    pub(crate) fn summary_path(&self) -> PathBuf {
        self.path(Summary::NAME)
    }

    /// The files that a report is made of, in a fixed order.
    ///
    /// # Errors
    /// [`ReportError::Analysis`] if a table is broken.
    pub(crate) fn paths(&self) -> Result<Vec<PathBuf>, ReportError> {
        let maps = self
            .all::<BaselineMaps>()?
            .into_iter()
            .map(|row| self.map_path(&row.map));
        let tables = self.tables.iter().map(|table| self.path(table.name()));
        Ok(tables.chain(maps).collect())
    }
}
