//! Pictures compared with references.
//!
//! `LPP_BLESS=1` draws the references again; the change shows in the repository.

use lpp_fmri::{BrainMask, Grid, Mask, diagonal_affine};
use lpp_report::plot::{GlassBrain, Panel, Row, RowPlot, RowStyle, Sheet, SurfaceMap};
use lpp_report::surface::CorticalSurface;
use lpp_report::{Format, Theme, export};
use lpp_testkit::fixture;
use ndarray::Array3;
use resvg::tiny_skia::Pixmap;

/// Enough to see text as a grey line and every shape; small files.
const DPI: u32 = 60;
/// Largest mean difference of a channel after blurring, of 255. Antialiasing of another version moves edges by parts of a
/// pixel, which blurring takes to some tenths; a label that moved by a millimetre or a colour that changed is over 1.
const MEAN_TOLERANCE: f64 = 0.5;
/// Largest difference of one blurred pixel: a mark that is missing is over 60.
const PEAK_TOLERANCE: f64 = 40.0;

/// An egg of 4 mm voxels, its front narrower.
fn mask() -> Mask {
    let grid = Grid::new([25, 31, 23], diagonal_affine([4.0; 3], [-48.0, -60.0, -44.0])).unwrap();
    let inside = Array3::from_shape_fn((25, 31, 23), |(i, j, k)| {
        let (x, y, z) = (i as f64 - 12.0, j as f64 - 15.0, k as f64 - 11.0);
        let wide = 11.0 - 0.12 * y;
        (x / wide).powi(2) + (y / 14.0).powi(2) + (z / 9.5).powi(2) <= 1.0
    });
    Mask::new(grid, inside).unwrap()
}

/// Two warm places, the left one warmer, and a cold one.
fn values(mask: &Mask) -> Vec<f64> {
    let bump = |place: &[f64; 3], centre: [f64; 3], height: f64| {
        let distance: f64 = place.iter().zip(centre).map(|(a, b)| (a - b).powi(2)).sum();
        height * (-distance / 450.0).exp()
    };
    mask.world_coordinates()
        .iter()
        .map(|place| {
            0.1 + bump(place, [-40.0, -20.0, 0.0], 0.7) + bump(place, [40.0, -20.0, 0.0], 0.4)
                - bump(place, [0.0, 30.0, 20.0], 0.5)
        })
        .collect()
}

fn check(name: &str, svg: &str) {
    let png = export(svg, Format::Png, DPI).unwrap();
    let path = fixture("report").join(format!("images/{name}.png"));
    if std::env::var_os("LPP_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &png).unwrap();
    }
    let found = Pixmap::decode_png(&png).unwrap();
    let expected = Pixmap::decode_png(&std::fs::read(&path).unwrap()).unwrap();
    let (mean, peak) = difference(&found, &expected);
    assert!(
        mean < MEAN_TOLERANCE && peak < PEAK_TOLERANCE,
        "{name}: mean {mean:.3}, peak {peak:.1}"
    );
}

/// Mean and largest difference of the blurred pictures.
fn difference(a: &Pixmap, b: &Pixmap) -> (f64, f64) {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let (a, b) = (blurred(a), blurred(b));
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).collect();
    let mean = differences.iter().sum::<f64>() / differences.len() as f64;
    (mean, differences.into_iter().fold(0.0, f64::max))
}

/// Means over 3 × 3 pixels of each channel: as much as an eye at reading distance takes together.
fn blurred(image: &Pixmap) -> Vec<f64> {
    let (width, height) = (image.width(), image.height());
    let mut out = Vec::new();
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let mut sums = [0.0; 3];
            for (dx, dy) in (0..9).map(|i| (i % 3, i / 3)) {
                let pixel = image.pixel(x + dx - 1, y + dy - 1).unwrap();
                for (sum, channel) in sums.iter_mut().zip([pixel.red(), pixel.green(), pixel.blue()]) {
                    *sum += f64::from(channel) / 9.0;
                }
            }
            out.extend(sums);
        }
    }
    out
}

fn glass<'a>(mask: &'a Mask, values: &'a [f64], signed: bool) -> GlassBrain<'a> {
    GlassBrain {
        title: "Reliability".into(),
        value_name: "correlation".into(),
        mask,
        values,
        threshold: 0.0,
        signed,
        peak: None,
        contour: (!signed).then_some(0.4),
    }
}

#[test]
fn scatter() {
    let sheet = Sheet::single(Panel::Scatter(crate::structure::scatter()));
    check("scatter", &sheet.to_svg(Theme::Light));
    check("scatter_dark", &sheet.to_svg(Theme::Dark));
}

#[test]
fn rows() {
    let rows = [("TP", 0.02, 0.018), ("pSTS", 0.05, 0.03), ("BA44", 0.01, -0.004)];
    let plot = RowPlot {
        title: "Slope by region".into(),
        value_name: "slope per ln(parameters)".into(),
        rows: rows
            .map(|(name, left, right)| Row {
                note: "***".into(),
                ..Row::new(name, vec![left, right])
            })
            .to_vec(),
        style: RowStyle::Bars,
        show_names: true,
    };
    let sheet = Sheet::single(Panel::Rows(plot));
    check("rows", &sheet.to_svg(Theme::Light));
}

#[test]
fn glass_brains() {
    let mask = mask();
    let values = values(&mask);
    check("glass", &glass(&mask, &values, false).to_svg(Theme::Light));
    check("glass_signed", &glass(&mask, &values, true).to_svg(Theme::Light));
}

#[test]
fn cortex() {
    let mask = mask();
    let surface = CorticalSurface::of_mask(&mask).unwrap();
    let sampled = surface
        .sample(&BrainMask::Volume(mask.clone()), &values(&mask))
        .unwrap();
    let map = SurfaceMap {
        title: "Reliability".into(),
        value_name: "correlation".into(),
        surface: &surface,
        values: &sampled,
        threshold: 0.15,
        signed: false,
        peak: None,
    };
    check("cortex", &map.to_svg(Theme::Light).unwrap());
}

/// The comparison itself must tell pictures apart.
#[test]
fn a_changed_picture_is_seen() {
    let mask = mask();
    let values = values(&mask);
    let mut moved = values.clone();
    moved.rotate_left(900);
    let picture = |values: &[f64]| {
        let svg = glass(&mask, values, false).to_svg(Theme::Light);
        Pixmap::decode_png(&export(&svg, Format::Png, DPI).unwrap()).unwrap()
    };
    let (mean, peak) = difference(&picture(&values), &picture(&moved));
    assert!(mean > MEAN_TOLERANCE && peak > PEAK_TOLERANCE, "{mean} {peak}");
}
