//! A figure as its elements.

use roxmltree::{Document, Node};
use ttf_parser::Face;

/// A text of a figure and the box that it fills, mm.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "it is the text of a text")]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// Texts of a figure in their order.
pub(crate) fn texts(svg: &str) -> Vec<Text> {
    let document = Document::parse(svg).unwrap();
    let found = document.descendants().filter(|node| node.has_tag_name("text"));
    found.map(|node| text_box(node)).collect()
}

/// The words of a figure, without their places.
pub(crate) fn words(svg: &str) -> Vec<String> {
    texts(svg).into_iter().map(|text| text.text).collect()
}

/// How many elements have a class.
pub(crate) fn count(svg: &str, class: &str) -> usize {
    let document = Document::parse(svg).unwrap();
    document
        .descendants()
        .filter(|node| node.attribute("class") == Some(class))
        .count()
}

/// Width and height of the page, mm.
pub(crate) fn size(svg: &str) -> (f64, f64) {
    let document = Document::parse(svg).unwrap();
    let root = document.root_element();
    let mm = |name: &str| {
        root.attribute(name)
            .unwrap()
            .strip_suffix("mm")
            .unwrap()
            .parse()
            .unwrap()
    };
    (mm("width"), mm("height"))
}

/// The figure without its embedded pictures, whose letters mean nothing.
pub(crate) fn without_pixels(svg: &str) -> String {
    svg.split("base64,")
        .enumerate()
        .map(|(i, part)| {
            if i == 0 {
                part
            } else {
                part.split_once(['"', ')']).map_or("", |(_, rest)| rest)
            }
        })
        .collect()
}

fn text_box(node: Node<'_, '_>) -> Text {
    let number = |name: &str| -> f64 { node.attribute(name).unwrap().parse().unwrap() };
    let text = node.text().unwrap_or_default().to_owned();
    let (x, y, size) = (number("x"), number("y"), number("font-size"));
    let width = width(&text, size, node.attribute("font-weight") == Some("bold"));
    let start = match node.attribute("text-anchor").unwrap() {
        "start" => 0.0,
        "middle" => -width / 2.0,
        _ => -width,
    };
    // Heights of capitals and of descenders of the font.
    let (up, down) = (0.73 * size, 0.2 * size);
    let (left, top, right, bottom) = if node
        .attribute("transform")
        .is_some_and(|turn| turn.starts_with("rotate(-90"))
    {
        (x - up, y - start - width, x + down, y - start)
    } else {
        (x + start, y - up, x + start + width, y + down)
    };
    Text {
        text,
        left,
        top,
        right,
        bottom,
    }
}

fn width(text: &str, size: f64, bold: bool) -> f64 {
    let data: &[u8] = if bold {
        include_bytes!("../../fonts/Inter-Bold.otf")
    } else {
        include_bytes!("../../fonts/Inter-Regular.otf")
    };
    let face = Face::parse(data, 0).unwrap();
    let units: f64 = text
        .chars()
        .map(|c| {
            face.glyph_index(c)
                .and_then(|glyph| face.glyph_hor_advance(glyph))
                .map_or(f64::from(face.units_per_em()), f64::from)
        })
        .sum();
    units * size / f64::from(face.units_per_em())
}
