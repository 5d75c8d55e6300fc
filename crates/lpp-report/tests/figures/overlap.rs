//! No text on another text, none outside the page, in studies of all kinds.

use crate::parsed::{Text, size, texts, without_pixels};
use crate::studies;

/// Boxes are measured without kerning and side bearings: closer than this they do not touch, mm.
const SLACK_MM: f64 = 0.12;

fn overlaps(a: &Text, b: &Text) -> bool {
    a.left + SLACK_MM < b.right
        && b.left + SLACK_MM < a.right
        && a.top + SLACK_MM < b.bottom
        && b.top + SLACK_MM < a.bottom
}

fn check(name: &str, figures: &[(String, String)]) {
    assert!(!figures.is_empty(), "{name}");
    for (id, svg) in figures {
        let (width, height) = size(svg);
        let found = texts(svg);
        for (i, text) in found.iter().enumerate() {
            assert!(
                text.left > -SLACK_MM
                    && text.right < width + SLACK_MM
                    && text.top > -SLACK_MM
                    && text.bottom < height + SLACK_MM,
                "{name}, {id}: {text:?} outside {width} × {height}"
            );
            for other in &found[..i] {
                assert!(!overlaps(text, other), "{name}, {id}: {text:?} on {other:?}");
            }
        }
        let drawn = without_pixels(svg);
        assert!(
            ["NaN", "\"inf", " inf", ",inf"]
                .iter()
                .all(|word| !drawn.contains(word)),
            "{name}, {id}"
        );
    }
}

#[test]
fn a_full_study() {
    check("full", &studies::full());
}

#[test]
fn a_study_of_one_model() {
    check("one model", &studies::one_model());
}

#[test]
fn a_study_with_voxels_without_scores() {
    check("NaN voxels", &studies::with_nan());
}

#[test]
fn a_study_without_baselines_and_reliability() {
    check("no baselines", &studies::without_baselines());
}

#[test]
fn a_study_of_two_hundred_models() {
    let figures = studies::two_hundred();
    check("200 models", &figures);
    let scaling = &figures
        .iter()
        .find(|(id, _)| id == "scaling_score_all")
        .unwrap()
        .1;
    assert_eq!(crate::parsed::count(scaling, "point"), 200);
    // Only the remarkable ones are named, and families without room in the legend are counted.
    assert!((4..=12).contains(&crate::parsed::count(scaling, "label")));
    let words = crate::parsed::words(scaling);
    assert!(
        words
            .iter()
            .any(|word| word.starts_with("and ") && word.ends_with(" more")),
        "{words:?}"
    );
}
