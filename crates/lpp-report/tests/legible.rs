//! No text of the page and of its figures is cut or lies on another: measured in a real browser, on a desktop, a phone and
//! paper. Skipped where there is no Chromium.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../lpp-analysis/tests/common/mod.rs"]
mod common;
mod made;

use common::ToyStudy;
use lpp_study::ModelKind;
use lpp_testkit::Browser;
use made::page_file;
use serde_json::{Value, json};

/// Sentences about texts that cannot be read.
const ILLEGIBLE: &str = include_str!("legible.js");

fn opened(toy: &ToyStudy) -> Option<Browser> {
    let mut browser = Browser::start()?;
    browser.open(&page_file(toy));
    browser.wait_for("['ready', 'failed'].includes(document.getElementById('viewer').dataset.state)");
    browser.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })");
    Some(browser)
}

fn check(toy: &ToyStudy) {
    let Some(mut browser) = opened(toy) else { return };
    for (width, height, is_phone) in [(1400, 900, false), (390, 844, true)] {
        browser.set_size(width, height, is_phone);
        assert_eq!(browser.evaluate(ILLEGIBLE), json!([]), "{width} pixels");
    }
    // A4 less margins of 10 mm, at 96 dots per inch.
    browser.set_size(718, 1047, false);
    browser.set_medium("print");
    assert_eq!(browser.evaluate(ILLEGIBLE), json!([]), "paper");
}

#[test]
fn a_full_study_can_be_read() {
    check(&ToyStudy::full());
}

#[test]
fn many_long_names_can_be_read() {
    let toy = (0..60_u32).fold(ToyStudy::new().with_isc(), |toy, number| {
        let name = format!("family{}-with-a-long-name-{number}", number % 12);
        let size = 1_000_000 * u64::from(number + 1);
        toy.with_model(
            &name,
            ModelKind::Model,
            Some(size),
            0.1 + f64::from(number) / 1000.0,
            0.01,
        )
    });
    check(&toy);
}

#[test]
fn what_cannot_be_read_is_found() {
    let Some(mut browser) = opened(&ToyStudy::full()) else {
        return;
    };
    browser.set_size(1400, 900, false);
    let n_found = |browser: &mut Browser, damage: &str| {
        browser.evaluate(damage);
        let found = browser.evaluate(ILLEGIBLE);
        found.as_array().map_or(0, Vec::len)
    };
    let figure = "document.querySelector('.drawing svg')";
    let onto = format!(
        "(() => {{ const [a, b] = {figure}.querySelectorAll('text'); window.was = b.getAttribute('y');
           for (const side of ['x', 'y', 'transform']) b.setAttribute(side, a.getAttribute(side) ?? ''); }})()"
    );
    assert!(n_found(&mut browser, &onto) > 0, "a text on another");
    let out = format!("{figure}.querySelectorAll('text')[1].setAttribute('y', '-50')");
    let found = browser.evaluate(&format!("{out}; {ILLEGIBLE}"));
    let sentences: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        sentences
            .iter()
            .any(|text| text.contains("sticks out of the figure")),
        "{sentences:?}"
    );
}
