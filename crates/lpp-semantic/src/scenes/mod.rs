//! Which programs run on which study, and which numbers are read from what they write.

mod brain;
mod language;
mod subjects;

use serde_json::Value;

use crate::figures::Figures;
use crate::files::Array;

pub(crate) use brain::{
    ATLAS, FEATURES, FIT, ISC, PLAN, RIDGE, RIDGE_BANDS, RIDGE_PER_TARGET, RIDGE_R2, ROIS, SIMULATE, STALE,
    TABLES,
};
pub(crate) use language::{ALIGN, EXTRACT, GLOVE, HIDDEN, LONG_WORDS, REGRESSORS, WORDS};
pub(crate) use subjects::{
    AVERAGE, AVERAGE_IMAGES, CLEAN, FOLDERS, MASK, RESAMPLE, SPHERES, TWO_IMAGES, TWO_RUN_MASKS,
};

/// The numbers of a JSON object, by their path.
fn flatten(prefix: &str, value: &Value, figures: &mut Figures) {
    let inner = |key: &str| {
        if prefix.is_empty() {
            key.to_owned()
        } else {
            format!("{prefix}.{key}")
        }
    };
    match value {
        Value::Number(number) => figures.set(prefix, number.as_f64().unwrap_or(f64::NAN)),
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| flatten(&inner(key), value, figures)),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(n, value)| flatten(&inner(&n.to_string()), value, figures)),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The numbers of a matrix, by row and column.
fn matrix(prefix: &str, array: &Array, figures: &mut Figures) {
    for (r, row) in array.rows().iter().enumerate() {
        for (c, value) in row.iter().enumerate() {
            figures.set(format!("{prefix} row {r} column {c}"), *value);
        }
    }
}
