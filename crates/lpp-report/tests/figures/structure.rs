//! The parts of each kind of figure, counted in its parsed SVG.

use lpp_fmri::Mask;
use lpp_report::plot::{Curve, Curves, DensityCurve, DensityPlot, Families, GlassBrain, HorizontalAxis};
use lpp_report::plot::{
    Panel, Row, RowPlot, RowStyle, Scatter, ScatterPoint, Series, Sheet, SidesPlot, Trend,
};
use lpp_report::{Format, Theme};
use lpp_stats::{LineScale, RegressionLine, pearson};
use lpp_study::Language;
use lpp_tables::{LinePoint, RegressionSummary};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::common::ToyStudy;
use crate::parsed::{count, size, words};
use crate::studies;

fn points(n: i32) -> Vec<ScatterPoint> {
    (0..n)
        .map(|i| ScatterPoint {
            name: format!("model-{i}"),
            family: format!("family{}", i % 8),
            x: 1e8 * 1.2_f64.powi(i),
            y: 0.05 + 0.001 * f64::from(i) + 0.002 * f64::from(i % 3),
        })
        .collect()
}

/// What a table would hold of the points.
fn trend(points: &[ScatterPoint]) -> Trend {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().map(|point| (point.x, point.y)).unzip();
    let along: Vec<f64> = x.iter().map(|x| x.ln()).collect();
    let correlation = pearson(&along, &y).unwrap();
    let line = RegressionLine::fit(&x, &y, LineScale::LogX).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1234);
    let band = line.bootstrap_band(&x, &y, 1000, &mut rng).unwrap().unwrap();
    let at = |i: usize| LinePoint {
        x: line.x[i],
        y: line.y[i],
        band: [band.low[i], band.high[i]],
    };
    Trend {
        summary: RegressionSummary {
            n: points.len(),
            r: correlation.r,
            p: correlation.p,
        },
        line: (0..line.x.len()).map(at).collect(),
    }
}

fn alone(panel: Panel) -> String {
    Sheet::single(panel).to_svg(Theme::Light)
}

pub(crate) fn scatter() -> Scatter {
    let points = points(28);
    Scatter {
        trend: trend(&points),
        title: "Brain score".into(),
        x: HorizontalAxis::parameters(),
        y_name: "mean correlation".into(),
        families: Families::of(points.iter().map(|point| point.family.as_str())),
        points,
        named: true,
    }
}

#[test]
fn a_scatter_has_its_parts() {
    let svg = alone(Panel::Scatter(scatter()));
    let parts = ["point", "legend", "regression", "band", "axis"].map(|class| count(&svg, class));
    assert_eq!(parts, [28, 8, 1, 1, 1]);
    // Crowded points lose their names rather than overlap, but most have one.
    assert!(count(&svg, "label") >= 20);
    let shown = words(&svg);
    // Sizes run from 100M to 14B, scores from 0.05 to 0.08: decades, and round hundredths.
    for text in [
        "Brain score",
        "mean correlation",
        "parameters (log scale)",
        "100M",
        "1B",
        "10B",
        "0.05",
        "0.06",
        "0.07",
    ] {
        assert_eq!(
            shown.iter().filter(|word| *word == text).count(),
            1,
            "{text}: {shown:?}"
        );
    }
    let numbers: Vec<&String> = shown.iter().filter(|word| word.starts_with("r = ")).collect();
    assert!(
        numbers.len() == 1 && numbers[0].contains("p = ") && numbers[0].ends_with("n = 28"),
        "{numbers:?}"
    );
    assert!((size(&svg).0 - 120.0).abs() < 1e-9);
}

#[test]
fn ticks_are_as_many_as_their_labels() {
    let svg = Sheet::single(Panel::Scatter(Scatter {
        named: false,
        ..scatter()
    }))
    .to_svg(Theme::Light);
    let labels = words(&svg)
        .iter()
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .count();
    assert_eq!(count(&svg, "tick"), labels);
}

#[test]
fn sides_have_two_colours_two_lines_and_their_difference() {
    let right = points(9).into_iter().map(|point| ScatterPoint {
        y: point.y - 0.01,
        ..point
    });
    let series = |points: Vec<ScatterPoint>| Series {
        trend: trend(&points),
        points,
    };
    let svg = alone(Panel::Sides(SidesPlot {
        title: "Sides".into(),
        x: HorizontalAxis::parameters(),
        y_name: "mean correlation".into(),
        left: series(points(9)),
        right: series(right.collect()),
        difference: None,
        level: None,
    }));
    assert_eq!(
        [
            count(&svg, "point"),
            count(&svg, "regression"),
            count(&svg, "legend")
        ],
        [18, 2, 2]
    );
    // Port red and starboard green: nine points and a legend entry each.
    assert_eq!(svg.matches("fill=\"#c8553d\"><title>").count(), 10);
    assert_eq!(svg.matches("fill=\"#2a8f82\"><title>").count(), 10);
}

#[test]
fn curves_densities_and_rows_have_one_element_each() {
    let curve = |name: &str| Curve {
        name: name.into(),
        family: name.into(),
        x: vec![0.0, 0.5, 1.0],
        y: vec![0.1, f64::NAN, 0.2],
        ..Curve::default()
    };
    let curves = Curves {
        title: "Layers".into(),
        x: HorizontalAxis::linear("relative depth"),
        y_name: "mean correlation".into(),
        curves: vec![curve("a"), curve("b")],
        families: Families::of(["a", "b"]),
        marked: true,
    };
    let svg = alone(Panel::Curves(curves));
    assert_eq!([count(&svg, "curve"), count(&svg, "point")], [2, 4]);

    let density = DensityPlot {
        title: "Density".into(),
        x_name: "correlation".into(),
        curves: vec![DensityCurve {
            name: "all".into(),
            x: vec![0.0, 0.5, 1.0],
            density: vec![0.0, 2.0, 0.0],
            colour: "#4a7bd0".into(),
            dashed: false,
            explained: true,
        }],
        threshold: Some((0.49, "75 % at 0.49".into())),
        filled: true,
    };
    let svg = alone(Panel::Density(density));
    assert_eq!(
        [
            count(&svg, "density"),
            count(&svg, "threshold"),
            count(&svg, "below")
        ],
        [1, 1, 1]
    );
    assert!(words(&svg).contains(&"75 % at 0.49".to_owned()));

    let rows = RowPlot {
        title: "Regions".into(),
        value_name: "slope".into(),
        rows: vec![
            Row {
                note: "***".into(),
                ..Row::new("pSTS", vec![0.02, 0.01])
            },
            Row::new("TP", vec![f64::NAN, -0.01]),
        ],
        style: RowStyle::Bars,
        show_names: true,
    };
    let svg = alone(Panel::Rows(rows));
    assert_eq!(count(&svg, "bar"), 3);
    assert!(
        ["pSTS", "TP", "***", "left", "right"]
            .iter()
            .all(|word| words(&svg).contains(&(*word).to_owned()))
    );
}

#[test]
fn a_glass_brain_has_four_views_and_a_bar_to_its_peak() {
    let toy = ToyStudy::new();
    let mask = Mask::load(&toy.study().mask(Language::English)).unwrap();
    let values: Vec<f64> = mask
        .world_coordinates()
        .iter()
        .map(|place| 0.3 + place[1] / 100.0)
        .collect();
    let map = GlassBrain {
        title: "Reliability".into(),
        value_name: "correlation".into(),
        mask: &mask,
        values: &values,
        threshold: 0.0,
        signed: false,
        peak: Some(0.86),
        contour: Some(0.3),
    };
    let svg = map.to_svg(Theme::Light);
    assert_eq!(
        [
            count(&svg, "outline"),
            count(&svg, "contour"),
            count(&svg, "bar-step")
        ],
        [4, 4, 24]
    );
    let shown = words(&svg);
    for view in ["left", "coronal", "right", "axial", "0.86", "0.0"] {
        assert!(shown.iter().any(|word| word == view), "{view}: {shown:?}");
    }
    // A signed map has both arms of its scale, and zero between them.
    let signed = GlassBrain {
        signed: true,
        contour: None,
        ..map
    };
    assert_eq!(count(&signed.to_svg(Theme::Light), "bar-step"), 48);
    // Nothing known: a title, a bar, no view, no panic.
    let nothing = vec![f64::NAN; values.len()];
    let empty = GlassBrain {
        values: &nothing,
        ..signed
    };
    assert_eq!(count(&empty.to_svg(Theme::Dark), "outline"), 0);
}

#[test]
fn a_full_study_has_every_figure_its_tables_allow() {
    let ids: Vec<String> = studies::full().into_iter().map(|(id, _)| id).collect();
    for id in [
        "scaling_score_all",
        "scaling_score_reliable",
        "scaling_by_family",
        "layers_score",
        "layers_l_minus_r",
        "layers_by_family_score_all",
        "best_layer",
        "l_minus_r_all",
        "l_minus_r_percentile_90",
        "l_minus_r_reliable",
        "l_minus_r_isc_normalized",
        "baselines",
        "baselines_l_minus_r",
        "rois",
        "rois_sides",
        "rois_map",
        "isc",
        "isc_surface",
        "isc_density",
    ] {
        assert!(ids.iter().any(|known| known == id), "{id} of {ids:?}");
    }
}

#[test]
fn every_format_is_written_in_both_themes() {
    let toy = ToyStudy::full();
    let files = studies::files(&toy, vec![Format::Svg, Format::Png, Format::Pdf]);
    for (format, start) in [("svg", b"<svg".as_slice()), ("png", b"\x89PNG"), ("pdf", b"%PDF")] {
        let own: Vec<_> = files
            .iter()
            .filter(|file| file.extension().unwrap() == format)
            .collect();
        assert!(own.len() > 15, "{format}");
        for file in own {
            assert!(
                std::fs::read(file).unwrap().starts_with(start),
                "{}",
                file.display()
            );
        }
    }
    let svg = std::fs::read_to_string(&files[0]).unwrap();
    assert!(svg.contains("color=\"#e4e8ee\"") && svg.contains("@font-face"));
}
