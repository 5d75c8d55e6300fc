//! The figures of a study, each drawn from its tables.

mod abilities;
mod baselines;
mod brain;
mod columns;
mod densities;
mod individuals;
mod isc;
mod layers;
mod maps;
mod models;
mod parcels;
mod regions;
mod sides;
mod training;

use crate::plot::{Families, Sheet};
use crate::theme::Theme;

pub(crate) use abilities::abilities;
pub(crate) use baselines::{baseline_asymmetry, baselines};
pub(crate) use brain::BrainFigures;
pub(crate) use densities::densities;
pub(crate) use individuals::individuals;
pub(crate) use layers::{best_layer, layers, layers_by_family};
pub(crate) use models::{by_family, scaling};
pub(crate) use parcels::{parcel_relations, parcel_reliability};
pub(crate) use regions::{region_sides, region_slopes};
pub(crate) use sides::lateralization;
pub(crate) use training::{checkpoints, trained_and_untrained};

/// A finished figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Stem of its file, and its anchor on the page.
    pub id: String,
    /// What is to be seen, for the caption.
    pub caption: String,
    /// What is to be seen, in words and numbers.
    pub alt: String,
    /// The drawing.
    pub svg: String,
}

/// What all figures of a study have in common.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) theme: Theme,
    pub(crate) families: Families,
}

impl Look {
    fn figure(&self, id: impl Into<String>, caption: impl Into<String>, sheet: &Sheet) -> Figure {
        Figure {
            id: id.into(),
            caption: caption.into(),
            alt: sheet.alt_text(),
            svg: sheet.to_svg(self.theme),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_analysis::Table;

    #[test]
    fn tables_without_rows_give_no_figures() {
        let empty = Table::new("empty");
        let look = Look {
            theme: Theme::Light,
            families: Families::default(),
        };
        for figures in [
            scaling(&empty, &look),
            by_family(&empty, &look),
            lateralization(&empty, &look),
            layers(&empty, &look),
            layers_by_family(&empty, &look),
            best_layer(&empty, &look),
            baselines(&empty, &empty, &look),
            baseline_asymmetry(&empty, &look),
            region_slopes(&empty, &look),
            region_sides(&empty, &empty, &look),
            abilities(&empty, &look),
            densities(&empty, &empty, &look),
            parcel_reliability(&empty, &look),
            parcel_relations(&empty, &look),
            trained_and_untrained(&empty, &look),
            checkpoints(&empty, &look),
            individuals(&empty, &look),
        ] {
            assert!(figures.is_empty());
        }
    }
}
