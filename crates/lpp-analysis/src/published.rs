//! What the notebooks of the paper printed.

use lpp_study::Language;
use lpp_tables::{Cell, Row, Table};

use crate::AnalysisError;
use crate::cell::Place;

/// The file.
const FILE: &str = include_str!("published.csv");

lpp_tables::table! {
    /// One row per printed number; the last three columns say where ours stands.
    Printed: "published" {
        /// Row of the list of results.
        id: String,
        /// The language.
        language: String,
        /// Voxels that it is over.
        voxels: String,
        /// What it is.
        quantity: String,
        /// As it was printed.
        published: String,
        /// Unit of the last printed digit; empty for names.
        precision: f64,
        /// Table of ours.
        table: String,
        /// `column=text` of the row, with semicolons between.
        row: String,
        /// Column of ours.
        column: String,
    }
}

/// A printed number and where ours stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Published {
    /// Row of the list of results, `S1`.
    pub id: String,
    /// The language.
    pub lang: Language,
    /// The voxels that it is over.
    pub voxels: String,
    /// What it is.
    pub quantity: String,
    /// As it was printed.
    pub published: String,
    /// Unit of its last digit; `None` for a name.
    pub precision: Option<f64>,
    /// Where ours stands.
    pub(crate) place: Place,
}

impl Published {
    /// Whether a number of ours rounds to what was printed; for a name, whether it is the same.
    #[must_use]
    pub fn agrees(&self, ours: f64) -> bool {
        match (self.published.parse::<f64>(), self.precision) {
            // Half a unit, and a little for a tie whose last bit rounding decides.
            (Ok(printed), Some(unit)) => (ours - printed).abs() <= 0.5 * unit * (1.0 + 1e-6),
            _ => false,
        }
    }

    /// Whether a cell of ours agrees.
    pub(crate) fn agrees_with(&self, ours: &Cell) -> bool {
        match ours.number() {
            Some(ours) => self.agrees(ours),
            None => ours.plain() == self.published,
        }
    }
}

/// All printed numbers, in the order of the list of results.
///
/// ```
/// let numbers = lpp_analysis::published_numbers()?;
/// let first = &numbers[0];
/// assert_eq!((first.id.as_str(), first.published.as_str()), ("N1", "25870"));
/// assert!(first.agrees(25_870.0) && !first.agrees(25_871.0));
/// # Ok::<(), lpp_analysis::AnalysisError>(())
/// ```
///
/// # Errors
/// None in practice: the file is part of the crate.
///
/// # References
/// L. Bonnasse-Gahot and C. Pallier (2024), <https://arxiv.org/abs/2405.17992>, and its notebooks.
pub fn published_numbers() -> Result<Vec<Published>, AnalysisError> {
    let table = Table::read_csv(Printed::declaration(), FILE.as_bytes())?;
    let number = |row: Printed| {
        Ok(Published {
            lang: row.language.parse()?,
            place: Place::new(&row.table, &row.row, &row.column),
            id: row.id,
            voxels: row.voxels,
            quantity: row.quantity,
            published: row.published,
            precision: row.precision.is_finite().then_some(row.precision),
        })
    };
    table.rows::<Printed>()?.into_iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_precision_and_a_place() {
        let numbers = published_numbers().unwrap();
        assert_eq!(numbers.len(), 331);
        for number in &numbers {
            let is_number = number.published.parse::<f64>().is_ok();
            assert_eq!(is_number, number.precision.is_some(), "{}", number.quantity);
            assert!(!number.place.table.is_empty() && !number.place.column.is_empty());
            assert!(!number.voxels.is_empty(), "{}", number.quantity);
        }
    }

    #[test]
    fn the_precision_is_the_unit_of_the_last_digit() {
        for number in published_numbers().unwrap() {
            let Some(unit) = number.precision else { continue };
            let (digits, power) = number
                .published
                .split_once('e')
                .unwrap_or((&number.published, "0"));
            let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            let power: i32 = power.parse().unwrap();
            let expected = 10_f64.powi(power - i32::try_from(decimals).unwrap());
            assert!(
                (unit / expected - 1.0).abs() < 1e-9,
                "{} {}",
                number.id,
                number.published
            );
        }
    }

    #[test]
    fn no_number_stands_twice() {
        let numbers = published_numbers().unwrap();
        for (i, a) in numbers.iter().enumerate() {
            let twin = numbers[..i]
                .iter()
                .find(|b| b.lang == a.lang && b.place == a.place);
            assert!(twin.is_none(), "{}: {}", a.id, a.quantity);
        }
    }

    #[test]
    fn printed_digits_agree_with_what_rounds_to_them() {
        let numbers = published_numbers().unwrap();
        let of = |id: &str, part: &str| {
            let found = numbers.iter().find(|n| n.id == id && n.quantity.contains(part));
            found.unwrap()
        };
        assert!(of("S1", " p").agrees(3.249e-14) && !of("S1", " p").agrees(3.26e-14));
        assert!(of("S1", " r").agrees(0.9549) && !of("S1", " r").agrees(0.956));
        assert!(!of("S1", " r").agrees(f64::NAN));
        assert!(of("B3", "best").agrees_with(&Cell::Text(Some("Qwen1.5-14B".into()))));
    }
}
