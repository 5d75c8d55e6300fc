//! Reads one case of the reference generator for statistics as JSON and prints what this crate has for it.
//!
//! `stats_case CASE.json`: an object with `name`, `inputs` and `params`, arrays inline. What is printed has the names of the
//! case's expected values.

use std::error::Error;
use std::io::Write;

use lpp_stats::{
    Coefficient, Density, LineScale, Ols, RegressionLine, ols, pearson, percentiles, student_t_critical,
    t_test_pooled,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: stats_case CASE.json")?;
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let found = answer(&case)?;
    writeln!(std::io::stdout(), "{found}")?;
    Ok(())
}

fn answer(case: &Value) -> Result<Value, Box<dyn Error>> {
    let name = case["name"].as_str().unwrap_or_default();
    let topic = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let input = |name: &str| numbers(&case["inputs"][name]);
    Ok(match topic {
        "percentile" => json!({ "values": percentiles(&input("x"), &numbers(&case["params"]["q"]))? }),
        "pearson" => {
            let found = pearson(&input("x"), &input("y"))?;
            json!({ "r": found.r, "p": found.p })
        }
        "ttest" => {
            let found = t_test_pooled(&input("a"), &input("b"))?;
            json!({ "t": found.t, "p": found.p })
        }
        "ols" => {
            let columns = columns(&case["inputs"]["x"]);
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            table(&ols(&input("y"), &columns)?)
        }
        "t_threshold" => {
            let param = |name: &str| case["params"][name].as_f64().unwrap_or(f64::NAN);
            json!({ "value": student_t_critical(param("p"), param("df"))? })
        }
        "kde" => {
            let found = Density::estimate(&input("x"))?;
            json!({ "curve": points(&found.x, &found.density) })
        }
        "regplot" => {
            let (x, y) = (input("x"), input("y"));
            let line = RegressionLine::fit(&x, &y, LineScale::LogX)?;
            let plain = RegressionLine::fit(&x, &y, LineScale::Linear)?;
            // Twenty times the reference's: what is left to differ is its own noise.
            let band = line.bootstrap_band(&x, &y, 20_000, &mut ChaCha8Rng::seed_from_u64(1))?;
            let band = band.ok_or("too few points for a band")?;
            json!({
                "line_logx_true": points(&line.x, &line.y), "line_logx_false": points(&plain.x, &plain.y),
                "band_low": band.low, "band_high": band.high,
            })
        }
        other => return Err(format!("unknown topic {other:?}").into()),
    })
}

fn table(fit: &Ols) -> Value {
    let column = |cell: fn(&Coefficient) -> f64| fit.coefficients.iter().map(cell).collect::<Vec<_>>();
    let residuals = &fit.residuals;
    json!({
        "coef": column(|c| c.estimate), "std_err": column(|c| c.std_err), "t": column(|c| c.t), "p": column(|c| c.p),
        "ci_low": column(|c| c.ci_low), "ci_high": column(|c| c.ci_high),
        "r2": fit.r2, "adj_r2": fit.r2_adjusted, "f": fit.f, "f_p": fit.f_p, "loglik": fit.log_likelihood,
        "aic": fit.aic, "bic": fit.bic, "df_model": fit.df_model, "df_resid": fit.df_residual,
        "omnibus": residuals.omnibus, "omnibus_p": residuals.omnibus_p, "jb": residuals.jarque_bera,
        "jb_p": residuals.jarque_bera_p, "skew": residuals.skew, "kurtosis": residuals.kurtosis,
        "durbin_watson": residuals.durbin_watson, "cond_no": fit.condition_number,
    })
}

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().map(Vec::as_slice).unwrap_or_default();
    values
        .iter()
        .map(|value| value.as_f64().unwrap_or(f64::NAN))
        .collect()
}

fn columns(rows: &Value) -> Vec<Vec<f64>> {
    let rows: Vec<Vec<f64>> = rows
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(numbers)
        .collect();
    let n = rows.first().map_or(0, Vec::len);
    (0..n)
        .map(|column| rows.iter().map(|row| row[column]).collect())
        .collect()
}

fn points(x: &[f64], y: &[f64]) -> Vec<[f64; 2]> {
    x.iter().zip(y).map(|(&x, &y)| [x, y]).collect()
}
