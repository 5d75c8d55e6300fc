//! Numbers as people read them.

/// A count with thin groups of three: 25 870.
#[must_use]
pub fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    if count < 0 {
        format!("\u{2212}{text}")
    } else {
        text
    }
}

/// Four significant digits, with an exponent for the very small and the very large.
#[must_use]
pub fn compact(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e6).contains(&size) {
        return minus(&exponential(value, 2));
    }
    if size >= 1000.0 {
        return minus(&format!("{value:.0}"));
    }
    // Digits behind the point that leave four significant ones.
    let decimals = [
        (100.0, 1),
        (10.0, 2),
        (1.0, 3),
        (0.1, 4),
        (0.01, 5),
        (0.001, 6),
        (0.0, 7),
    ];
    let decimals = decimals
        .iter()
        .find(|(from, _)| size >= *from)
        .map_or(7, |(_, digits)| *digits);
    minus(&format!("{value:.decimals$}"))
}

/// A p-value as figures print it: `p = 0.032`, `p = 3.2e-14`, `p < 1e-300`.
#[must_use]
pub fn p_value(p: f64) -> String {
    match p {
        p if p.is_nan() => "p undefined".to_owned(),
        p if p < 1e-300 => "p < 1e-300".to_owned(),
        p if p < 0.001 => format!("p = {}", exponential(p, 1)),
        p => format!("p = {p:.3}"),
    }
}

/// A correlation as figures print it: two decimals, three where two would round it to 1.
#[must_use]
pub fn correlation(r: f64) -> String {
    let text = if r.abs() >= 0.995 {
        format!("r = {r:.3}")
    } else {
        format!("r = {r:.2}")
    };
    text.replace('-', "\u{2212}")
}

/// Engineering style of parameter counts: 124M, 1.5B, 260k.
#[must_use]
pub fn magnitude(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        size if size >= 1e12 => (value / 1e12, "T"),
        size if size >= 1e9 => (value / 1e9, "B"),
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = if scaled.abs() >= 100.0 {
        format!("{scaled:.0}")
    } else {
        format!("{scaled:.2}")
    };
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}{unit}")
}

fn exponential(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$e}")
}

/// The true minus sign, as wide as the digits.
fn minus(text: &str) -> String {
    text.strip_prefix('-')
        .map_or_else(|| text.to_owned(), |rest| format!("\u{2212}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits() {
        assert_eq!(compact(0.074_912), "0.07491");
        assert_eq!(compact(-12.345_6), "\u{2212}12.35");
        assert_eq!(compact(3.2e-14), "3.20e-14");
        assert_eq!(compact(0.0), "0");
        assert_eq!(grouped(25_870), "25\u{202f}870");
        assert_eq!(grouped(12), "12");
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(magnitude(124_439_808.0), "124M");
        assert_eq!(magnitude(1_557_611_200.0), "1.56B");
        assert_eq!(magnitude(260_032.0), "260k");
        assert_eq!(magnitude(1e9), "1B");
        assert_eq!(magnitude(100e6), "100M");
    }

    #[test]
    fn p_values_never_round_to_zero() {
        assert_eq!(p_value(3.2e-14), "p = 3.2e-14");
        assert_eq!(p_value(0.0), "p < 1e-300");
        assert_eq!(p_value(0.0321), "p = 0.032");
        assert_eq!(
            [correlation(-0.951), correlation(0.9976)],
            ["r = \u{2212}0.95", "r = 0.998"]
        );
    }
}
