//! The drawing layer: shapes and text in millimetres, written as SVG.

use std::fmt::Write;

use crate::theme::{HAIRLINE_MM, Mark};

/// Where a text begins relative to its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Start,
    Middle,
    End,
}

/// An SVG drawing under construction.
///
/// Lines and text take the current colour, so that a page can show the figure in its own; a
/// figure on its own is dark on white.
pub(crate) struct Svg {
    width_mm: f64,
    height_mm: f64,
    description: String,
    body: String,
}

impl Svg {
    /// An empty drawing; `description` is its alternative text.
    pub(crate) fn new(width_mm: f64, height_mm: f64, description: impl Into<String>) -> Self {
        Self {
            width_mm,
            height_mm,
            description: description.into(),
            body: String::new(),
        }
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), width_mm: f64, opacity: f64) {
        self.push(format_args!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"currentColor\" stroke-width=\"{}\" stroke-opacity=\"{}\"/>",
            mm(from.0), mm(from.1), mm(to.0), mm(to.1), mm(width_mm), mm(opacity)
        ));
    }

    /// An open line through all points.
    pub(crate) fn polyline(&mut self, class: &str, points: &[(f64, f64)], colour: &str, width_mm: f64) {
        self.push(format_args!(
            "<polyline class=\"{class}\" points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{}\" stroke-linejoin=\"round\"/>",
            point_list(points), mm(width_mm)
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

    /// Rectangles of one colour, as one path with edges that do not blend into gaps.
    pub(crate) fn cells(&mut self, path: &str, colour: &str) {
        self.push(format_args!(
            "<path class=\"cells\" d=\"{path}\" fill=\"{colour}\" shape-rendering=\"crispEdges\"/>"
        ));
    }

    /// A path of closed outlines.
    pub(crate) fn outlines(&mut self, class: &str, rings: &[Vec<(f64, f64)>], width_mm: f64) {
        let mut path = String::new();
        for ring in rings {
            for (i, point) in ring.iter().enumerate() {
                let command = if i == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{command}{} {}", mm(point.0), mm(point.1));
            }
            path.push('Z');
        }
        self.push(format_args!(
            "<path class=\"{class}\" d=\"{path}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"{}\" stroke-linejoin=\"round\"/>",
            mm(width_mm)
        ));
    }

    pub(crate) fn rect(&mut self, corner: (f64, f64), size: (f64, f64), colour: &str) {
        self.push(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{colour}\"/>",
            mm(corner.0),
            mm(corner.1),
            mm(size.0),
            mm(size.1)
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
        self.push_text("", at, align, size_mm, text, " font-weight=\"600\"");
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
        for pair in corners.windows(2) {
            self.line(pair[0], pair[1], HAIRLINE_MM, 1.0);
        }
    }

    /// The finished document.
    pub(crate) fn finish(self) -> String {
        let (width, height) = (mm(self.width_mm), mm(self.height_mm));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"figure\" role=\"img\" width=\"{width}mm\" height=\"{height}mm\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" color=\"#1b1f24\"><title>{}</title>\n\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escape(&self.description),
            self.body
        )
    }

    fn push_text(&mut self, class: &str, at: (f64, f64), align: Align, size_mm: f64, text: &str, more: &str) {
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

/// A length to a thousandth of a millimetre, without idle zeros; the same on every machine.
fn mm(value: f64) -> String {
    let text = format!("{value:.3}");
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
            // XML knows no other control characters, not even escaped.
            c if c.is_control() && !matches!(c, '\n' | '\t') => safe.push('\u{fffd}'),
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
            escape("a<b> & \"c\"\u{1}"),
            "a&lt;b&gt; &amp; &quot;c&quot;\u{fffd}"
        );
    }

    #[test]
    fn lengths_are_short() {
        assert_eq!([mm(1.0), mm(-0.0001), mm(2.3456)], ["1", "0", "2.346"]);
    }
}
