//! The cases of `fixtures/ridge/make.py`, whose answers are scikit-learn's.

use lpp_ridge::{Element, Engine, NanTargets, RidgeCv};
use lpp_testkit::{Tolerance, assert_close, fixture, load_npy};
use ndarray::{Array2, s};
use ndarray_npy::ReadableElement;

/// Fits a case with an engine and compares scores, validation curves and penalties.
pub fn check<A: ReadableElement + Element>(
    engine: Engine,
    case: &str,
    rule: NanTargets,
    tolerance: Tolerance,
) {
    let case = Case::load(case);
    let model = RidgeCv::params()
        .nan_targets(rule)
        .engine(engine)
        .check()
        .unwrap();
    let fit = model.fit(&case.runs::<A>("x"), &case.runs::<A>("y")).unwrap();
    assert_close(&fit.fold_scores, &case.array::<f64>("scores"), tolerance);
    assert_close(&fit.validation_curves, &case.array::<f64>("curves"), tolerance);
    assert_eq!(fit.alpha_index().unwrap(), case.alpha_index);
}

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
}
