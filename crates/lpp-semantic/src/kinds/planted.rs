//! Faults planted in this test itself: every one of them must be reported, or the test proves nothing.

use crate::answer::{refused, same, told};
use crate::bench::{Bench, Stop};
use crate::figures::Figures;
use crate::kind::{Kind, Scene};
use crate::scenes::ISC;
use crate::study::{Study, encoding};

/// An altered result, written over by the test.
static ALTERED: Scene = Scene {
    name: "a scene whose result is altered",
    make: encoding,
    run: |bench, study| {
        let mut figures = (ISC.run)(bench, study)?;
        if study.one("altered") == "yes" {
            let mean = figures.get("isc_mean").unwrap_or(0.0);
            figures.set("isc_mean", mean + 0.01);
        }
        Ok(figures)
    },
};

/// A program that changes its input.
static CARELESS: Scene = Scene {
    name: "a scene that writes over an input",
    make: encoding,
    run: |bench: &mut Bench, study: &Study| -> Result<Figures, Stop> {
        let figures = (ISC.run)(bench, study)?;
        if study.one("altered") == "yes" {
            std::fs::write(bench.path("words_en.csv"), "run\n")?;
        }
        Ok(figures)
    },
};

/// Kinds of which each trial must fail.
pub(crate) fn planted() -> Vec<Kind> {
    vec![
        Kind::new(
            "planted-altered-result",
            &ALTERED,
            same(1e-3, 0.0).or_told(&["isc"]),
            |s, _| {
                s.give("altered", vec!["yes".to_owned()]);
            },
        ),
        Kind::new("planted-overwritten-input", &CARELESS, same(1e-3, 0.0), |s, _| {
            s.give("altered", vec!["yes".to_owned()]);
        }),
        // Nothing in the file tells that the sides were exchanged.
        Kind::new(
            "planted-silent-fault",
            &ISC,
            same(1e-3, 0.0).or_told(&["left", "right"]),
            |s, _| {
                s.files.array("isc/isc_en.npy").each_row(|_, row| row.reverse());
            },
        ),
        Kind::new(
            "planted-expected-refusal",
            &ISC,
            refused(&["anything"]),
            |_, _| {},
        ),
        Kind::new("planted-expected-warning", &ISC, told(&["anything"]), |_, _| {}),
        Kind::new(
            "planted-other-reason",
            &ISC,
            refused(&["the name of another thing"]),
            |s, _| {
                s.files.array("isc/isc_en.npy").cut = 40;
            },
        ),
        Kind::new("planted-harmless-refused", &ISC, same(1e-3, 0.0), |s, _| {
            s.files.array("isc/isc_en.npy").cut = 40;
        }),
        Kind::new("planted-missing-number", &ISC, same(1e-3, 0.0), |_, _| {}).expecting(|intact, _| {
            let mut more = intact.clone();
            more.set("a number that no program gives", 1.0);
            more
        }),
    ]
}
