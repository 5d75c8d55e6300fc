//! A figure, before and after it is drawn.

use crate::plot::{Families, Sheet};
use crate::theme::Theme;

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

impl Figure {
    /// The drawing without the start of its first tag, to which a page adds the label.
    pub(crate) fn after_its_tag(&self) -> &str {
        self.svg.strip_prefix("<svg ").unwrap_or(&self.svg)
    }
}

/// What all figures of a study have in common.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) theme: Theme,
    pub(crate) families: Families,
}

/// A figure before it is drawn: what it shows, in numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sketch {
    pub(super) id: String,
    pub(super) caption: String,
    pub(super) sheet: Sheet,
}

impl Sketch {
    /// A sketch with its id and caption.
    pub(super) fn new(id: impl Into<String>, caption: impl Into<String>, sheet: Sheet) -> Self {
        Self {
            id: id.into(),
            caption: caption.into(),
            sheet,
        }
    }

    /// The figure.
    pub(crate) fn draw(self, theme: Theme) -> Figure {
        Figure {
            id: self.id,
            caption: self.caption,
            alt: self.sheet.alt_text(),
            svg: self.sheet.to_svg(theme),
        }
    }
}
