//! The figures that are drawn, and why others are not.

use lpp_tables::{Identity, Line, Regression};

use super::figure::Figure;
use crate::ReportError;
use crate::plot::{ScatterPoint, Trend};
use crate::undrawn::Undrawn;

/// A figure that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// What would have been its id.
    pub(crate) id: String,
    /// Why, and what to do about it.
    pub(crate) why: String,
}

/// The figures of a page, in order.
#[derive(Debug)]
pub(crate) struct Gallery {
    /// The command that computes missing tables.
    command: String,
    /// What is drawn.
    pub(crate) figures: Vec<Figure>,
    /// What is not.
    pub(crate) left_out: Vec<LeftOut>,
}

impl Gallery {
    /// An empty one.
    pub(crate) fn new(command: String) -> Self {
        Self {
            command,
            figures: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Adds a figure, or says why it is not there.
    ///
    /// # Errors
    /// [`ReportError`] if a file is broken, or another figure has the same id: it would be written to the same file.
    pub(crate) fn add(&mut self, id: &str, drawn: Result<Figure, Undrawn>) -> Result<(), ReportError> {
        let why = match drawn {
            Ok(figure) => {
                if let Some(other) = self.figures.iter().find(|other| other.id == figure.id) {
                    return Err(ReportError::SameFigure {
                        one: short(&other.caption),
                        other: short(&figure.caption),
                        id: figure.id,
                    });
                }
                self.figures.push(figure);
                return Ok(());
            }
            Err(Undrawn::Failed(error)) => return Err(error),
            Err(Undrawn::Without(why)) => why,
            Err(Undrawn::Missing(table)) => {
                let why = format!("the table {table} has not been computed: run `{}`", self.command);
                tracing::warn!("figure {id} is left out: {why}");
                why
            }
        };
        self.left_out.push(LeftOut {
            id: id.to_owned(),
            why,
        });
        Ok(())
    }
}

/// A caption as a message quotes it.
fn short(caption: &str) -> String {
    lpp_files::shortened(caption, 80).into_owned()
}

/// An error unless some point can be drawn.
pub(super) fn some_values(points: &[ScatterPoint], what: &str) -> Result<(), Undrawn> {
    let known = points
        .iter()
        .any(|point| point.y.is_finite() && point.x.is_finite());
    if known { Ok(()) } else { Err(without_values(what)) }
}

/// The study has no such values.
pub(super) fn without_values(what: &str) -> Undrawn {
    Undrawn::Without(format!("the study has no values of {what}"))
}

/// A regression and its line, as tables have them.
pub(super) fn trend<'a, F: Regression + 'a, L: Line + 'a>(
    fit: Option<&'a F>,
    line: impl Iterator<Item = &'a L>,
    what: &str,
) -> Result<Trend, Undrawn> {
    let missing = |part: &str| Undrawn::Without(format!("the tables have no {part} of {what}"));
    let summary = fit.ok_or_else(|| missing("regression"))?.summary();
    let line: Vec<_> = line.map(Line::point).collect();
    if line.is_empty() && summary.n > 2 && !summary.r.is_nan() {
        return Err(missing("regression line"));
    }
    Ok(Trend { summary, line })
}

/// A model against its size.
pub(super) fn by_size(id: &Identity, y: f64) -> ScatterPoint {
    sized(&id.model, &id.family, id.n_parameters, y)
}

/// The same from single columns.
pub(super) fn sized(model: &str, family: &str, n_parameters: Option<u64>, y: f64) -> ScatterPoint {
    ScatterPoint {
        name: model.to_owned(),
        family: family.to_owned(),
        x: n_parameters.map_or(f64::NAN, |n| n as f64),
        y,
    }
}

/// The different values of a column, in the order in which they first appear.
pub(super) fn distinct<'a, R>(rows: &'a [R], of: impl Fn(&'a R) -> &'a str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for value in rows.iter().map(of) {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_figures_of_one_name_are_refused() {
        let figure = |model: &str| Figure {
            id: "map_m_x".to_owned(),
            caption: format!("Brain score of {model}"),
            alt: String::new(),
            svg: String::new(),
        };
        let mut gallery = Gallery::new(String::new());
        gallery.add("", Ok(figure("m x"))).unwrap();
        let error = gallery.add("", Ok(figure("m_x"))).unwrap_err().to_string();
        assert!(
            error.contains("\"Brain score of m x\" and \"Brain score of m_x\""),
            "{error}"
        );
        assert_eq!(gallery.figures.len(), 1);
    }
}
