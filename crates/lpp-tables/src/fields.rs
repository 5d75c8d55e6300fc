//! From the declaration of a table to its struct, its columns and back.

use crate::{Cell, Kind};

/// A column: its stored name, what is in it, its unit (empty without one) and a sentence on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// Name in the files.
    pub name: &'static str,
    /// What is in it.
    pub kind: Kind,
    /// Unit; empty for names, counts, correlations and differences of them.
    pub unit: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

impl Column {
    /// A column of text until its type says otherwise; for the macros of this crate.
    #[doc(hidden)]
    #[must_use]
    pub fn new(name: &'static str, unit: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Text,
            unit,
            meaning,
        }
    }
}

/// What a row has: one column, or a group of them.
pub trait Fields: Sized {
    /// Appends the columns; `column` is what a single one is called and means.
    fn declare(column: Column, columns: &mut Vec<Column>);
    /// Appends the cells.
    fn store(&self, cells: &mut Vec<Cell>);
    /// Takes the cells back; `None` if one is of another kind, or missing where it must not be.
    fn load<'a>(cells: &mut impl Iterator<Item = &'a Cell>) -> Option<Self>;
}

/// A row of one table.
pub trait Row: Fields {
    /// Name of the table, the stem of its files without the language.
    const NAME: &'static str;
    /// What the table is, in a sentence.
    const MEANING: &'static str;

    /// Name, meaning and columns.
    #[must_use]
    fn declaration() -> Declaration {
        let mut columns = Vec::new();
        Self::declare(Column::new("", "", ""), &mut columns);
        Declaration {
            name: Self::NAME,
            meaning: Self::MEANING.trim(),
            columns,
        }
    }
}

/// What is known of a table without its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Declaration {
    /// Name, the stem of its files without the language.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub meaning: &'static str,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

/// One column of a type that is stored as a cell.
macro_rules! field {
    ($($ty:ty: $kind:ident, $store:expr, $load:expr;)*) => {$(
        impl Fields for $ty {
            fn declare(column: Column, columns: &mut Vec<Column>) {
                columns.push(Column { kind: Kind::$kind, ..column });
            }

            fn store(&self, cells: &mut Vec<Cell>) {
                let store: fn(&Self) -> _ = $store;
                cells.push(Cell::$kind(store(self)));
            }

            fn load<'a>(cells: &mut impl Iterator<Item = &'a Cell>) -> Option<Self> {
                let Cell::$kind(value) = cells.next()? else {
                    return None;
                };
                let load: fn(&Option<_>) -> Option<Self> = $load;
                load(value)
            }
        }
    )*};
}

field! {
    String: Text, |text| Some(text.clone()).filter(|text| !text.is_empty()), |text| Some(text.clone().unwrap_or_default());
    f64: Number, |value| Some(*value).filter(|value| value.is_finite()), |value| Some(value.unwrap_or(f64::NAN));
    usize: Count, |n| i64::try_from(*n).ok(), |n| usize::try_from((*n)?).ok();
    u64: Count, |n| i64::try_from(*n).ok(), |n| u64::try_from((*n)?).ok();
    Option<usize>: Count, |n| n.and_then(|n| i64::try_from(n).ok()), |n| n.map(usize::try_from).transpose().ok();
    Option<u64>: Count, |n| n.and_then(|n| i64::try_from(n).ok()), |n| n.map(u64::try_from).transpose().ok();
    bool: Count, |flag| Some(i64::from(*flag)), |flag| Some((*flag)? != 0);
}

/// Declares a group of columns that several tables have in common: a struct whose fields are columns or groups.
///
/// A field's documentation is the meaning of its column. Its stored name is that of the field or follows `as`; a unit stands in
/// brackets.
#[macro_export]
macro_rules! columns {
    ($(#[doc = $doc:literal])+ $name:ident {
        $($(#[doc = $meaning:literal])+ $field:ident: $ty:ty $([$unit:literal])? $(as $stored:literal)?,)*
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[doc = $meaning])+ pub $field: $ty,)*
        }

        impl $crate::Fields for $name {
            fn declare(_: $crate::Column, columns: &mut Vec<$crate::Column>) {
                $(
                    let (name, unit) = (stringify!($field), "");
                    $(let name = { let _ = name; $stored };)?
                    $(let unit = { let _: &str = unit; $unit };)?
                    let meaning = concat!($($meaning),+).trim_ascii();
                    <$ty as $crate::Fields>::declare($crate::Column::new(name, unit, meaning), columns);
                )*
            }

            fn store(&self, cells: &mut Vec<$crate::Cell>) {
                $($crate::Fields::store(&self.$field, cells);)*
            }

            fn load<'a>(cells: &mut impl Iterator<Item = &'a $crate::Cell>) -> Option<Self> {
                Some(Self { $($field: $crate::Fields::load(cells)?,)* })
            }
        }
    };
}

/// Declares a table: the struct of a row, the table's name and what it is.
///
/// ```
/// lpp_tables::table! {
///     /// The score of each model.
///     Scores: "scores" {
///         /// Name of the model.
///         model: String,
///         /// Time that the fit took.
///         wall: f64 ["s"] as "wall_s",
///     }
/// }
/// use lpp_tables::{Row, Table};
/// let table = Table::of(&[Scores { model: "gpt2".into(), wall: 1.5 }]);
/// assert_eq!(table.to_csv(), "model,wall_s\ngpt2,1.5\n");
/// assert_eq!(Scores::declaration().columns[1].meaning, "Time that the fit took.");
/// ```
#[macro_export]
macro_rules! table {
    ($(#[doc = $doc:literal])+ $name:ident: $table:literal { $($columns:tt)* }) => {
        $crate::columns! { $(#[doc = $doc])+ $name { $($columns)* } }

        impl $crate::Row for $name {
            const NAME: &'static str = $table;
            const MEANING: &'static str = concat!($($doc),+);
        }
    };
}
