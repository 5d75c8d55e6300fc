//! The speech envelope against SciPy, `fixtures/text/make_envelope.py`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lpp_testkit::{Tolerance, assert_close, fixture};
use lpp_text::SpeechEnvelope;
use ndarray::Array1;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn envelopes_are_those_of_scipy() {
    let text = std::fs::read_to_string(fixture("text/envelope.json")).unwrap();
    let cases: Value = serde_json::from_str(&text).unwrap();
    for case in cases["cases"].as_array().unwrap() {
        let (rate, cutoff) = (case["rate"].as_f64().unwrap(), case["cutoff"].as_f64().unwrap());
        let samples: Vec<f64> = numbers(&case["samples"]).iter().map(|s| s / 32768.0).collect();
        let envelope = SpeechEnvelope::new(&samples, rate, cutoff).unwrap();
        let expected = Array1::from(numbers(&case["envelope"]));
        let step = usize::try_from(case["step"].as_u64().unwrap()).unwrap();
        let found: Array1<f64> = envelope.values().iter().step_by(step).copied().collect();
        // The poles of 8 Hz at 44.1 kHz lie within 1e-3 of 1, which costs six of sixteen digits.
        assert_close(&found, &expected, Tolerance::absolute(1e-9));
    }
}

#[test]
fn a_recording_is_read_as_its_samples() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.wav");
    let samples: Vec<i16> = (0..500).map(|i: i16| (i * 37) % 1000 - 500).collect();
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 1000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    for &sample in &samples {
        writer.write_sample(sample).unwrap();
        writer.write_sample(0_i16).unwrap();
    }
    writer.finalize().unwrap();
    let mono: Vec<f64> = samples.iter().map(|&s| f64::from(s) / 65_536.0).collect();
    let expected = SpeechEnvelope::new(&mono, 1000.0, 8.0).unwrap();
    assert_eq!(SpeechEnvelope::load(&path, 8.0).unwrap(), expected);
}
