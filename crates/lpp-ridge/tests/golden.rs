//! Against scikit-learn, on the cases of `fixtures/ridge/make.py`.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

use lpp_ridge::{Element, NanTargets, RidgeCv, RidgeCvFit};
use lpp_testkit::{Tolerance, assert_close, fixture, load_npy};
use ndarray::{Array2, s};
use ndarray_npy::ReadableElement;

struct Case {
    name: String,
    lengths: Vec<usize>,
    alpha_index: Vec<usize>,
}

impl Case {
    fn load(name: &str) -> Self {
        let text = std::fs::read_to_string(fixture("ridge/manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        let case = manifest["cases"]
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["name"] == name)
            .unwrap();
        let numbers = |key: &str| serde_json::from_value(case[key].clone()).unwrap();
        Self {
            name: name.to_owned(),
            lengths: numbers("lengths"),
            alpha_index: numbers("alpha_index"),
        }
    }

    fn array<A: ReadableElement>(&self, part: &str) -> Array2<A> {
        load_npy(fixture(&format!("ridge/{}_{part}.npy", self.name)))
    }

    fn runs<A: ReadableElement + Element>(&self, part: &str) -> Vec<Array2<A>> {
        let stack = self.array(part);
        let mut top = 0;
        let mut next = |&n: &usize| {
            top += n;
            stack.slice(s![top - n..top, ..]).to_owned()
        };
        self.lengths.iter().map(&mut next).collect()
    }

    fn fit<A: ReadableElement + Element>(&self, rule: NanTargets) -> RidgeCvFit {
        let model = RidgeCv::params().nan_targets(rule).check().unwrap();
        model.fit(&self.runs::<A>("x"), &self.runs::<A>("y")).unwrap()
    }

    fn check(&self, fit: &RidgeCvFit, tolerance: Tolerance) {
        assert_close(&fit.fold_scores, &self.array::<f64>("scores"), tolerance);
        assert_close(&fit.validation_curves, &self.array::<f64>("curves"), tolerance);
        assert_eq!(fit.alpha_index().unwrap(), self.alpha_index);
    }
}

#[test]
fn double_precision_agrees_to_nine_digits() {
    for name in ["primal", "dual"] {
        let case = Case::load(name);
        // Both sides use f64 and exact solvers; the specification asks for 1e-9.
        case.check(&case.fit::<f64>(NanTargets::Ignore), Tolerance::absolute(1e-9));
    }
}

#[test]
fn single_precision_agrees_to_four_digits() {
    let case = Case::load("single");
    // scikit-learn solves in f32 here, which the specification allows 1e-4.
    case.check(&case.fit::<f32>(NanTargets::Ignore), Tolerance::absolute(1e-4));
}

#[test]
fn a_dead_target_can_be_treated_as_numpy_does() {
    let case = Case::load("dead");
    case.check(
        &case.fit::<f64>(NanTargets::TakeFirstAlpha),
        Tolerance::absolute(1e-9),
    ); // as above
}
