//! The font of all figures: Inter, shipped with the crate, never the system's.
//!
//! The `.otf` files (Latin, Greek letters, a few signs) serve PNG and PDF and measure text; the smaller `.woff2` files go
//! into SVG files and pages. `fonts/subset.sh` made them, `fonts/OFL.txt` is their licence.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use resvg::usvg::fontdb::Database;
use ttf_parser::Face;

/// Name of the family, as CSS and the font's own table have it.
pub(crate) const FAMILY: &str = "Inter";

const REGULAR: &[u8] = include_bytes!("../fonts/Inter-Regular.otf");
const BOLD: &[u8] = include_bytes!("../fonts/Inter-Bold.otf");
const REGULAR_WOFF2: &[u8] = include_bytes!("../fonts/Inter-Regular.woff2");
const BOLD_WOFF2: &[u8] = include_bytes!("../fonts/Inter-Bold.woff2");

/// How heavy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// Width of `text`, in the unit of `size`, without kerning.
pub(crate) fn text_width(text: &str, size: f64, weight: Weight) -> f64 {
    static FACES: LazyLock<[Option<Face<'static>>; 2]> =
        LazyLock::new(|| [REGULAR, BOLD].map(|data| Face::parse(data, 0).ok()));
    let face = &FACES[usize::from(weight == Weight::Bold)];
    let advance = |c: char| -> f64 {
        face.as_ref()
            .and_then(|face| {
                let glyph = face.glyph_index(c)?;
                Some(f64::from(face.glyph_hor_advance(glyph)?) / f64::from(face.units_per_em()))
            })
            // Characters that the font lacks are drawn by another one, or as a box: about this wide.
            .unwrap_or(1.0)
    };
    text.chars().map(advance).sum::<f64>() * size
}

/// `text`, cut with an ellipsis if it is wider than `most`.
pub(crate) fn fitted(text: &str, size: f64, weight: Weight, most: f64) -> String {
    if text_width(text, size, weight) <= most {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while !kept.is_empty() {
        kept.pop();
        let cut: String = kept.iter().collect::<String>().trim_end().to_owned() + "\u{2026}";
        if text_width(&cut, size, weight) <= most {
            return cut;
        }
    }
    String::new()
}

/// The fonts for turning SVG into PNG and PDF.
pub(crate) fn database() -> Arc<Database> {
    static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
        let mut fonts = Database::new();
        fonts.load_font_data(REGULAR.to_vec());
        fonts.load_font_data(BOLD.to_vec());
        fonts.set_sans_serif_family(FAMILY);
        Arc::new(fonts)
    });
    FONTS.clone()
}

/// CSS that carries the font with it, for the weights that are asked for.
pub(crate) fn face_css(weights: &[Weight]) -> String {
    let faces: Vec<String> = weights
        .iter()
        .map(|weight| {
            let (number, data) = match weight {
                Weight::Regular => (400, REGULAR_WOFF2),
                Weight::Bold => (700, BOLD_WOFF2),
            };
            format!(
                "@font-face{{font-family:'{FAMILY}';font-weight:{number};src:url(data:font/woff2;base64,{}) \
                 format('woff2')}}",
                STANDARD.encode(data)
            )
        })
        .collect();
    faces.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_wide_as_its_glyphs() {
        // Advances of Inter: 1760 for the digit 0, 668 for i, of 2816 units.
        assert!((text_width("00", 10.0, Weight::Regular) - 12.5).abs() < 1e-9);
        assert!((text_width("i", 10.0, Weight::Regular) - 6680.0 / 2816.0).abs() < 1e-9);
        assert!(text_width("model", 1.0, Weight::Bold) > text_width("model", 1.0, Weight::Regular));
    }

    #[test]
    fn long_text_is_cut() {
        let cut = fitted("a-very-long-model-name", 2.0, Weight::Regular, 12.0);
        assert!(cut.ends_with('\u{2026}') && text_width(&cut, 2.0, Weight::Regular) <= 12.0);
        assert_eq!(fitted("gpt2", 2.0, Weight::Regular, 12.0), "gpt2");
        assert_eq!(fitted("gpt2", 2.0, Weight::Regular, 0.1), "");
    }

    #[test]
    fn the_database_has_both_weights_and_nothing_of_the_system() {
        let faces: Vec<u16> = database().faces().map(|face| face.weight.0).collect();
        assert_eq!(faces, [400, 700]);
    }

    #[test]
    fn the_font_has_the_signs_that_figures_use() {
        for data in [REGULAR, BOLD] {
            let face = Face::parse(data, 0).unwrap();
            for c in
                "\u{2212}\u{2013}\u{2026}\u{2264}\u{2265}\u{d7}\u{394}\u{3b2}\u{207b}\u{2079}\u{e9}".chars()
            {
                assert!(face.glyph_index(c).is_some(), "{c}");
            }
        }
    }
}
