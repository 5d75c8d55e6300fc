//! The legend below a figure: entries in lines, as many as there is room for.

use super::families::Families;
use super::svg::{Align, Stroke, Svg};
use crate::font::{Weight, fitted, text_width};
use crate::theme::{LEFT, MARK_MM, Mark, RIGHT, TEXT_MM};

/// Height of a line of entries, mm.
const LINE_MM: f64 = 4.0;
/// More lines than this take more than a figure can spare; the rest is counted.
const MOST_LINES: usize = 4;
/// From the symbol's left edge to the text, and from an entry to the next.
const SYMBOL_MM: f64 = 4.4;
const GAP_MM: f64 = 3.0;
/// A name longer than this is cut.
const MOST_TEXT_MM: f64 = 46.0;

/// What stands before the name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Symbol {
    Mark(Mark, String),
    Line(String, bool),
    Patch(String),
}

/// A name and its symbol.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) symbol: Symbol,
    pub(crate) name: String,
}

/// A legend that is laid out.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Legend {
    lines: Vec<Vec<(f64, Entry)>>,
    /// How many entries had no room.
    left_out: usize,
}

impl Legend {
    /// Distributes the entries over lines of `width` mm.
    pub(crate) fn new(entries: Vec<Entry>, width: f64) -> Self {
        let total = entries.len();
        let mut lines: Vec<Vec<(f64, Entry)>> = Vec::new();
        let mut x = f64::INFINITY;
        let mut shown = 0;
        for mut entry in entries {
            entry.name = fitted(&entry.name, TEXT_MM, Weight::Regular, MOST_TEXT_MM);
            let needed = SYMBOL_MM + text_width(&entry.name, TEXT_MM, Weight::Regular);
            // The last line keeps room for the count of what is left out.
            let limit = if lines.len() == MOST_LINES {
                width - 24.0
            } else {
                width
            };
            if x + needed > limit {
                if lines.len() == MOST_LINES {
                    break;
                }
                lines.push(Vec::new());
                x = 0.0;
            }
            if let Some(line) = lines.last_mut() {
                line.push((x, entry));
                shown += 1;
            }
            x += needed + GAP_MM;
        }
        Self {
            lines,
            left_out: total - shown,
        }
    }

    pub(crate) fn height(&self) -> f64 {
        if self.lines.is_empty() {
            0.0
        } else {
            self.lines.len() as f64 * LINE_MM + 1.0
        }
    }

    pub(crate) fn draw(&self, svg: &mut Svg, left: f64, top: f64) {
        let mut end = (left, top);
        for (row, line) in self.lines.iter().enumerate() {
            let y = top + (row as f64 + 0.5) * LINE_MM;
            for (offset, entry) in line {
                let x = left + offset;
                draw_symbol(svg, entry, x, y);
                svg.text(
                    (x + SYMBOL_MM, y + TEXT_MM * 0.36),
                    Align::Start,
                    TEXT_MM,
                    &entry.name,
                );
                let width = text_width(&entry.name, TEXT_MM, Weight::Regular);
                end = (x + SYMBOL_MM + width + GAP_MM, y + TEXT_MM * 0.36);
            }
        }
        if self.left_out > 0 {
            svg.text(end, Align::Start, TEXT_MM, &format!("and {} more", self.left_out));
        }
    }
}

fn draw_symbol(svg: &mut Svg, entry: &Entry, x: f64, y: f64) {
    match &entry.symbol {
        Symbol::Mark(mark, colour) => svg.mark("legend", *mark, (x + 2.2, y), MARK_MM, colour, &entry.name),
        Symbol::Line(colour, dashed) => svg.polyline(
            "legend",
            &[(x, y), (x + 3.6, y)],
            Stroke {
                dashed: *dashed,
                ..Stroke::solid(colour, 0.6)
            },
        ),
        Symbol::Patch(colour) => {
            let area = super::rect::Rect::around((x + 2.2, y), 1.2);
            svg.rect("legend", area, colour, &entry.name);
        }
    }
}

/// Entries of families, as marks.
pub(crate) fn family_marks(families: &Families) -> Vec<Entry> {
    let entry = |name: &str| {
        let (colour, mark) = families.style(name);
        Entry {
            symbol: Symbol::Mark(mark, colour.to_owned()),
            name: name.to_owned(),
        }
    };
    families.names().map(entry).collect()
}

/// Entries of families, as lines.
pub(crate) fn family_lines(families: &Families) -> Vec<Entry> {
    let entry = |name: &str| Entry {
        symbol: Symbol::Line(families.style(name).0.to_owned(), false),
        name: name.to_owned(),
    };
    families.names().map(entry).collect()
}

/// Left and right.
pub(crate) fn sides() -> Vec<Entry> {
    [("left", LEFT, Mark::Circle), ("right", RIGHT, Mark::Square)]
        .into_iter()
        .map(|(name, colour, mark)| Entry {
            symbol: Symbol::Mark(mark, colour.to_owned()),
            name: name.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(n: usize) -> Vec<Entry> {
        (0..n)
            .map(|i| Entry {
                symbol: Symbol::Patch("#000000".into()),
                name: format!("family-{i}"),
            })
            .collect()
    }

    #[test]
    fn everything_is_shown_or_counted() {
        for n in [0, 1, 9, 200] {
            let legend = Legend::new(entries(n), 110.0);
            let shown: usize = legend.lines.iter().map(Vec::len).sum();
            assert_eq!(shown + legend.left_out, n);
            assert!(legend.lines.len() <= MOST_LINES);
            assert_eq!(legend.left_out > 0, n == 200);
        }
    }

    #[test]
    fn entries_stay_within_their_line() {
        for (x, entry) in Legend::new(entries(200), 110.0).lines.into_iter().flatten() {
            assert!(x + SYMBOL_MM + text_width(&entry.name, TEXT_MM, Weight::Regular) <= 110.0);
        }
    }
}
