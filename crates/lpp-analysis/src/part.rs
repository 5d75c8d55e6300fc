//! What an analysis is: the files that it needs, the tables that it makes, and how.

use lpp_tables::{Row, Table};

use crate::AnalysisError;
use crate::inputs::Inputs;
use crate::need::Need;
use crate::voxel_maps::VoxelMap;

/// One analysis of a study.
pub(crate) trait Part: Sync {
    /// The files that it needs.
    fn needs(&self) -> &'static [Need];
    /// Names of the tables that it makes.
    fn tables(&self) -> &'static [&'static str];
    /// Makes them.
    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError>;
}

/// What a part made.
#[derive(Default)]
pub(crate) struct Made {
    pub(crate) tables: Vec<Table>,
    pub(crate) maps: Vec<VoxelMap>,
}

impl Made {
    /// Adds a table.
    pub(crate) fn with<R: Row>(mut self, rows: &[R]) -> Self {
        self.tables.push(Table::of(rows));
        self
    }

    /// The rows of a table that the part has made; none if it has not.
    pub(crate) fn rows<R: Row>(&self) -> Result<Vec<R>, AnalysisError> {
        let table = self.tables.iter().find(|table| table.name() == R::NAME);
        Ok(table.map(Table::rows).transpose()?.unwrap_or_default())
    }
}
