//! From one drawing to SVG, PNG and PDF.

use std::fmt;
use std::str::FromStr;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::ReportError;
use crate::font::{self, Weight};

/// Pixels per inch of SVG's own unit.
const SVG_DPI: f32 = 96.0;
/// Bounds of the resolution: below, text is unreadable; above, a page would take gigabytes.
const DPI_RANGE: std::ops::RangeInclusive<u32> = 36..=1200;

/// A kind of figure file.
///
/// ```
/// use lpp_report::Format;
/// assert_eq!("pdf".parse(), Ok(Format::Pdf));
/// assert!("gif".parse::<Format>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Vectors; text stays text, its font is in the file.
    Svg,
    /// Pixels, with their density noted in the file.
    Png,
    /// Vectors, one page of the figure's size, fonts embedded.
    Pdf,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
        })
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "svg" => Ok(Self::Svg),
            "png" => Ok(Self::Png),
            "pdf" => Ok(Self::Pdf),
            _ => Err(format!("unknown format {text:?}, expected svg, png or pdf")),
        }
    }
}

/// The bytes of a file of that format, from the SVG of a figure of this crate.
///
/// `dpi` is the resolution of PNG, in pixels per inch; the other formats do not use it. No font of the system is used.
///
/// # Errors
/// [`ReportError::Dpi`] if the resolution is not between 36 and 1200, [`ReportError::Render`] if `svg` is not SVG or
/// cannot be converted.
///
/// ```
/// use lpp_report::{Format, Theme, export};
/// use lpp_report::plot::{Panel, Row, RowPlot, RowStyle, Sheet};
///
/// let figure = RowPlot {
///     title: "Baselines".into(),
///     value_name: "mean correlation".into(),
///     rows: vec![Row::new("GloVe", vec![0.04]), Row::new("random", vec![-0.01])],
///     style: RowStyle::Bars,
///     show_names: true,
/// };
/// let png = export(&Sheet::single(Panel::Rows(figure)).to_svg(Theme::Light), Format::Png, 150)?;
/// assert_eq!(&png[1..4], b"PNG");
/// # Ok::<(), lpp_report::ReportError>(())
/// ```
pub fn export(svg: &str, format: Format, dpi: u32) -> Result<Vec<u8>, ReportError> {
    match format {
        Format::Svg => Ok(standalone(svg).into_bytes()),
        Format::Png => png(svg, dpi),
        Format::Pdf => pdf(svg),
    }
}

/// An SVG that carries its fonts with it.
fn standalone(svg: &str) -> String {
    let mut weights = vec![Weight::Regular];
    if svg.contains("font-weight=\"bold\"") {
        weights.push(Weight::Bold);
    }
    let style = format!("<style>{}</style>", font::face_css(&weights));
    match svg.split_once("</title>") {
        Some((head, body)) => format!("{head}</title>{style}{body}"),
        None => svg.to_owned(),
    }
}

fn png(svg: &str, dpi: u32) -> Result<Vec<u8>, ReportError> {
    if !DPI_RANGE.contains(&dpi) {
        return Err(ReportError::Dpi { dpi });
    }
    let tree = tree_of(svg)?;
    // Exact: the range above is far below 2^24.
    let scale = dpi as f32 / SVG_DPI;
    let pixels = |length: f32| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "sizes are positive, and a pixmap that is too large is refused below"
        )]
        let count = (length * scale).round() as u32;
        count.max(1)
    };
    let (width, height) = (pixels(tree.size().width()), pixels(tree.size().height()));
    let mut pixmap = Pixmap::new(width, height)
        .ok_or_else(|| ReportError::Render(format!("an image of {width} × {height} pixels is too large")))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    let bytes = pixmap
        .encode_png()
        .map_err(|error| ReportError::Render(error.to_string()))?;
    Ok(with_density(&bytes, dpi))
}

fn pdf(svg: &str) -> Result<Vec<u8>, ReportError> {
    let page = svg2pdf::PageOptions { dpi: SVG_DPI };
    svg2pdf::to_pdf(&tree_of(svg)?, svg2pdf::ConversionOptions::default(), page)
        .map_err(|error| ReportError::Render(error.to_string()))
}

fn tree_of(svg: &str) -> Result<Tree, ReportError> {
    let options = Options {
        fontdb: font::database(),
        font_family: font::FAMILY.to_owned(),
        dpi: SVG_DPI,
        ..Options::default()
    };
    Tree::from_str(svg, &options).map_err(|error| ReportError::Render(error.to_string()))
}

/// The PNG with a `pHYs` chunk behind its header, so that programs show it at its size in millimetres.
fn with_density(png: &[u8], dpi: u32) -> Vec<u8> {
    // Signature (8), then the header chunk: length 4, name 4, data 13, checksum 4.
    const HEADER_END: usize = 33;
    let per_metre = (f64::from(dpi) / 0.0254).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 1200 dpi, 47244 pixels a metre"
    )]
    let per_metre = per_metre as u32;
    let mut chunk = b"pHYs".to_vec();
    chunk.extend(per_metre.to_be_bytes());
    chunk.extend(per_metre.to_be_bytes());
    chunk.push(1); // the unit is the metre
    let mut checksum = flate2::Crc::new();
    checksum.update(&chunk);
    let mut whole = png[..HEADER_END].to_vec();
    whole.extend(9_u32.to_be_bytes());
    whole.extend(&chunk);
    whole.extend(checksum.sum().to_be_bytes());
    whole.extend(&png[HEADER_END..]);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::svg::{Align, Svg};
    use crate::theme::Theme;

    fn drawing() -> String {
        let mut svg = Svg::new(Theme::Light, 40.0, 20.0, "a test");
        svg.bold((20.0, 10.0), Align::Middle, 3.0, "Test");
        svg.finish()
    }

    #[test]
    fn png_has_its_size_and_density() {
        let bytes = export(&drawing(), Format::Png, 254).unwrap();
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        // 40 mm by 20 mm at 10 pixels a millimetre.
        assert_eq!((number(16), number(20)), (400, 200));
        assert_eq!(&bytes[37..41], b"pHYs");
        assert_eq!(number(41), 10_000);
        assert!(Pixmap::decode_png(&bytes).is_ok());
    }

    #[test]
    fn pdf_has_its_size_and_its_font() {
        let bytes = export(&drawing(), Format::Pdf, 300).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with("%PDF"));
        assert!(text.contains("Inter"), "no embedded font");
        let media = text
            .split("/MediaBox [")
            .nth(1)
            .unwrap()
            .split(']')
            .next()
            .unwrap();
        let sides: Vec<f64> = media
            .split_whitespace()
            .map(|side| side.parse().unwrap())
            .collect();
        // 40 mm and 20 mm in points of 1/72 inch; usvg keeps single precision.
        assert!((sides[2] - 40.0 / 25.4 * 72.0).abs() < 0.01 && (sides[3] - 20.0 / 25.4 * 72.0).abs() < 0.01);
    }

    #[test]
    fn svg_carries_the_fonts_it_uses() {
        let text = String::from_utf8(export(&drawing(), Format::Svg, 300).unwrap()).unwrap();
        assert_eq!(text.matches("@font-face").count(), 2);
        assert!(tree_of(&text).is_ok());
    }

    #[test]
    fn what_is_not_svg_and_wild_resolutions_are_errors() {
        assert!(matches!(
            export("nothing", Format::Pdf, 300),
            Err(ReportError::Render(_))
        ));
        for dpi in [0, 35, 1201, u32::MAX] {
            assert!(matches!(
                export(&drawing(), Format::Png, dpi),
                Err(ReportError::Dpi { .. })
            ));
        }
    }
}
