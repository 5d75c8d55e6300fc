//! The drawing layer: shapes and text in millimetres, written as SVG.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::rect::Rect;
use crate::font::{FAMILY, Weight, fitted};
use crate::theme::{HAIRLINE_MM, Mark, Theme};

/// Where a text begins relative to its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Start,
    Middle,
    End,
}

/// An SVG drawing under construction.
///
/// Lines and text take the current colour, so that a page can show the figure in its own; a figure on its own has the
/// colours of its theme.
pub(crate) struct Svg {
    theme: Theme,
    width_mm: f64,
    height_mm: f64,
    description: String,
    body: String,
}

impl Svg {
    /// An empty drawing; `description` is its alternative text.
    pub(crate) fn new(theme: Theme, width_mm: f64, height_mm: f64, description: impl Into<String>) -> Self {
        Self {
            theme,
            width_mm,
            height_mm,
            description: description.into(),
            body: String::new(),
        }
    }

    pub(crate) fn theme(&self) -> Theme {
        self.theme
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), width_mm: f64, opacity: f64) {
        self.push(format_args!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"currentColor\" stroke-width=\"{}\" stroke-opacity=\"{}\"/>",
            mm(from.0), mm(from.1), mm(to.0), mm(to.1), mm(width_mm), mm(opacity)
        ));
    }

    /// A short line of an axis; a class of its own lets tests count ticks.
    pub(crate) fn tick(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.push(format_args!(
            "<line class=\"tick\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"currentColor\" stroke-width=\"{}\"/>",
            mm(from.0),
            mm(from.1),
            mm(to.0),
            mm(to.1),
            mm(HAIRLINE_MM)
        ));
    }

    /// A dashed line in the ink.
    pub(crate) fn dashed(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.push(format_args!(
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"currentColor\" stroke-width=\"0.25\" \
             stroke-dasharray=\"1 0.8\"/>",
            mm(from.0),
            mm(from.1),
            mm(to.0),
            mm(to.1)
        ));
    }

    /// An open line through all points.
    pub(crate) fn polyline(&mut self, class: &str, points: &[(f64, f64)], stroke: Stroke<'_>) {
        self.push(format_args!(
            "<polyline class=\"{class}\" points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" \
             stroke-opacity=\"{}\"{} stroke-linejoin=\"round\"/>",
            point_list(points),
            stroke.colour,
            mm(stroke.width_mm),
            mm(stroke.opacity),
            if stroke.dashed {
                " stroke-dasharray=\"1.2 0.8\""
            } else {
                ""
            }
        ));
    }

    /// A filled shape.
    pub(crate) fn polygon(&mut self, class: &str, points: &[(f64, f64)], colour: &str, opacity: f64) {
        self.push(format_args!(
            "<polygon class=\"{class}\" points=\"{}\" fill=\"{colour}\" fill-opacity=\"{}\"/>",
            point_list(points),
            mm(opacity)
        ));
    }

    /// Closed outlines in the ink.
    pub(crate) fn outlines(&mut self, class: &str, rings: &[Vec<(f64, f64)>], width_mm: f64) {
        self.push(format_args!(
            "<path class=\"{class}\" d=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"{}\" stroke-linejoin=\"round\"/>",
            ring_path(rings),
            mm(width_mm)
        ));
    }

    /// Closed outlines in a colour, filled with it; an even number of rings around a point leaves it empty.
    pub(crate) fn areas(&mut self, class: &str, rings: &[Vec<(f64, f64)>], colour: &str, opacity: f64) {
        self.push(format_args!(
            "<path class=\"{class}\" d=\"{}\" fill=\"{colour}\" fill-opacity=\"{}\" fill-rule=\"evenodd\"/>",
            ring_path(rings),
            mm(opacity)
        ));
    }

    /// What follows, up to [`Svg::unclip`], is only seen inside the rings. `id` must be unique in the study, since a
    /// page holds many figures.
    pub(crate) fn clip(&mut self, id: &str, rings: &[Vec<(f64, f64)>]) {
        let id = escape(id);
        self.push(format_args!(
            "<clipPath id=\"{id}\"><path d=\"{}\"/></clipPath><g clip-path=\"url(#{id})\">",
            ring_path(rings)
        ));
    }

    pub(crate) fn unclip(&mut self) {
        self.push(format_args!("</g>"));
    }

    pub(crate) fn rect(&mut self, class: &str, area: Rect, colour: &str, tooltip: &str) {
        let title = if tooltip.is_empty() {
            String::new()
        } else {
            format!("<title>{}</title>", escape(tooltip))
        };
        self.push(format_args!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{colour}\">{title}</rect>",
            mm(area.left),
            mm(area.top),
            mm(area.width()),
            mm(area.height())
        ));
    }

    /// A PNG image that fills `area`.
    pub(crate) fn image(&mut self, class: &str, area: Rect, png: &[u8]) {
        self.push(format_args!(
            "<image class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" href=\"data:image/png;base64,{}\"/>",
            mm(area.left),
            mm(area.top),
            mm(area.width()),
            mm(area.height()),
            STANDARD.encode(png)
        ));
    }

    /// A mark of a scatter plot, with a tooltip.
    pub(crate) fn mark(
        &mut self,
        class: &str,
        mark: Mark,
        at: (f64, f64),
        radius: f64,
        colour: &str,
        tooltip: &str,
    ) {
        let (x, y) = at;
        let polygon = |corners: &[(f64, f64)]| {
            let corners: Vec<_> = corners
                .iter()
                .map(|(dx, dy)| (x + dx * radius, y + dy * radius))
                .collect();
            format!("<polygon points=\"{}\"/>", point_list(&corners))
        };
        let shape = match mark {
            Mark::Circle => format!("<circle cx=\"{}\" cy=\"{}\" r=\"{}\"/>", mm(x), mm(y), mm(radius)),
            Mark::Square => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            Mark::Triangle => polygon(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
            Mark::Diamond => polygon(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]),
            Mark::Cross => polygon(&[
                (-0.4, -1.1),
                (0.4, -1.1),
                (0.4, -0.4),
                (1.1, -0.4),
                (1.1, 0.4),
                (0.4, 0.4),
                (0.4, 1.1),
                (-0.4, 1.1),
                (-0.4, 0.4),
                (-1.1, 0.4),
                (-1.1, -0.4),
                (-0.4, -0.4),
            ]),
        };
        self.push(format_args!(
            "<g class=\"{class}\" fill=\"{colour}\"><title>{}</title>{shape}</g>",
            escape(tooltip)
        ));
    }

    pub(crate) fn text(&mut self, at: (f64, f64), align: Align, size_mm: f64, text: &str) {
        self.push_text("", at, align, size_mm, text, "");
    }

    pub(crate) fn bold(&mut self, at: (f64, f64), align: Align, size_mm: f64, text: &str) {
        self.push_text("", at, align, size_mm, text, " font-weight=\"bold\"");
    }

    /// Bold text that is cut to `most` mm.
    pub(crate) fn title(&mut self, at: (f64, f64), size_mm: f64, text: &str, most: f64) {
        self.bold(
            at,
            Align::Start,
            size_mm,
            &fitted(text, size_mm, Weight::Bold, most),
        );
    }

    /// The name of a point.
    pub(crate) fn label(&mut self, at: (f64, f64), align: Align, size_mm: f64, text: &str) {
        self.push_text(" class=\"label\"", at, align, size_mm, text, "");
    }

    /// Text that reads upwards.
    pub(crate) fn upright_text(&mut self, at: (f64, f64), size_mm: f64, text: &str) {
        let turn = format!(" transform=\"rotate(-90 {} {})\"", mm(at.0), mm(at.1));
        self.push_text("", at, Align::Middle, size_mm, text, &turn);
    }

    /// A frame line from corner to corner.
    pub(crate) fn axis_lines(&mut self, corners: &[(f64, f64)]) {
        self.push(format_args!(
            "<polyline class=\"axis\" points=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"{}\"/>",
            point_list(corners),
            mm(HAIRLINE_MM)
        ));
    }

    /// The finished document.
    pub(crate) fn finish(self) -> String {
        let (width, height) = (mm(self.width_mm), mm(self.height_mm));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"figure\" role=\"img\" width=\"{width}mm\" height=\"{height}mm\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILY}, sans-serif\" color=\"{}\"><title>{}</title>\n\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n{}</svg>\n",
            self.theme.ink(),
            escape(&self.description),
            self.theme.paper(),
            self.body
        )
    }

    fn push_text(&mut self, class: &str, at: (f64, f64), align: Align, size_mm: f64, text: &str, more: &str) {
        if text.is_empty() {
            return;
        }
        let anchor = match align {
            Align::Start => "start",
            Align::Middle => "middle",
            Align::End => "end",
        };
        self.push(format_args!(
            "<text{class} x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"currentColor\"{more}>{}</text>",
            mm(at.0), mm(at.1), mm(size_mm), escape(text)
        ));
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stroke<'a> {
    pub(crate) colour: &'a str,
    pub(crate) width_mm: f64,
    pub(crate) opacity: f64,
    pub(crate) dashed: bool,
}

impl<'a> Stroke<'a> {
    pub(crate) fn solid(colour: &'a str, width_mm: f64) -> Self {
        Self {
            colour,
            width_mm,
            opacity: 1.0,
            dashed: false,
        }
    }
}

/// A length to a thousandth of a millimetre, without idle zeros; the same on every machine.
fn mm(value: f64) -> String {
    short(value, 3)
}

fn short(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

fn point_list(points: &[(f64, f64)]) -> String {
    points
        .iter()
        .map(|(x, y)| format!("{},{}", mm(*x), mm(*y)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Rings to a hundredth of a millimetre, a third of a pixel at 1200 dpi: contours are the bulk of a figure's bytes.
fn ring_path(rings: &[Vec<(f64, f64)>]) -> String {
    let mut path = String::new();
    for ring in rings {
        for (i, point) in ring.iter().enumerate() {
            let command = match i {
                0 => "M",
                1 => "L",
                _ => " ",
            };
            let _ = write!(path, "{command}{} {}", short(point.0, 2), short(point.1, 2));
        }
        path.push('Z');
    }
    path
}

/// Text that is safe between tags and inside quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // XML knows no other control characters, not even escaped, nor these two.
            c if c.is_control() && !matches!(c, '\n' | '\t') => safe.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(
            escape("a<b> & \"c\"\u{1}\u{ffff}"),
            "a&lt;b&gt; &amp; &quot;c&quot;\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn lengths_are_short() {
        assert_eq!([mm(1.0), mm(-0.0001), mm(2.3456)], ["1", "0", "2.346"]);
    }

    #[test]
    fn rings_are_closed_paths() {
        let ring = vec![(0.0, 0.0), (1.0, 0.0), (1.0, 1.001)];
        assert_eq!(ring_path(&[ring.clone(), ring]), "M0 0L1 0 1 1Z".repeat(2));
    }
}
