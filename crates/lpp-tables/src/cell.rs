//! What one cell holds.

use serde_json::Value;

use crate::number::{compact, grouped};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Names and labels: string in Parquet.
    Text,
    /// Counts: int64.
    Count,
    /// Measured or computed numbers: double.
    Number,
}

/// A value of a table; a missing one is `None`.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A name or label; the empty text is missing.
    Text(Option<String>),
    /// A count.
    Count(Option<i64>),
    /// A number; what is not finite is missing.
    Number(Option<f64>),
}

impl Cell {
    /// Reads a cell as CSV files store it; `None` if it is not of that kind.
    pub(crate) fn parse(kind: Kind, text: &str) -> Option<Self> {
        let known = (!text.is_empty()).then_some(text);
        Some(match kind {
            Kind::Text => Self::Text(known.map(str::to_owned)),
            Kind::Count => Self::Count(known.map(str::parse).transpose().ok()?),
            Kind::Number => Self::Number(known.map(str::parse).transpose().ok()?),
        })
    }

    /// The value to the last digit, as CSV files store it; empty if it is missing.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Text(value) => value.clone(),
            Self::Count(value) => value.map(|value| value.to_string()),
            // The shortest digits that give the number back.
            Self::Number(value) => value.map(|value| Value::from(value).to_string()),
        }
        .unwrap_or_default()
    }

    /// The value as people read it: counts in full, numbers with four digits; empty if it is missing.
    #[must_use]
    pub fn display(&self) -> String {
        match self {
            Self::Text(value) => value.clone(),
            Self::Count(value) => value.map(grouped),
            Self::Number(value) => value.map(compact),
        }
        .unwrap_or_default()
    }

    /// Whether the column is of text.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// A number or a count; `None` for text and missing values.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Text(_) => None,
            Self::Count(value) => value.map(|value| value as f64),
            Self::Number(value) => *value,
        }
    }

    /// The value in JSON; a missing one is `null`.
    #[must_use]
    pub fn json(&self) -> Value {
        match self {
            Self::Text(value) => value.clone().into(),
            Self::Count(value) => (*value).into(),
            Self::Number(value) => (*value).into(),
        }
    }
}
