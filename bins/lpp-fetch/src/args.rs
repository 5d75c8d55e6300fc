//! Flags that several subcommands have.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use lpp_fetch::{Http, HttpParams};
use lpp_study::{Language, Study};

/// How patient to be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network options")]
pub(crate) struct NetworkArgs {
    /// Number of tries without progress before a download fails
    #[arg(long, value_name = "N", global = true, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..))]
    tries: u32,
    /// Pause before the second try in seconds; it doubles each time
    #[arg(long, value_name = "S", global = true, default_value_t = 1.0, value_parser = seconds)]
    first_pause: f64,
    /// Time without data after which a connection is closed, in seconds
    #[arg(long, value_name = "S", global = true, default_value_t = 60.0, value_parser = seconds)]
    silence: f64,
}

/// A number of seconds up to a day.
fn seconds(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=86_400.0).contains(&value) {
        Ok(value)
    } else {
        Err("expected 0 to 86400 seconds".to_owned())
    }
}

impl NetworkArgs {
    pub(crate) fn http(&self) -> anyhow::Result<Http> {
        let params = HttpParams::default();
        let retry = params.retry.clone().with_tries(self.tries);
        Ok(Http::new(HttpParams {
            // A time limit of 0 would let nothing through.
            silence: Duration::from_secs_f64(self.silence.max(0.001)),
            retry: retry.with_first_pause(Duration::from_secs_f64(self.first_pause)),
            ..params
        })?)
    }
}

/// The study and its languages.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// Study folder; created if it does not exist
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) study: PathBuf,
    /// Languages
    #[arg(long, value_name = "LANG,...", value_delimiter = ',', default_value = "en", value_parser = lpp_cli::published_language())]
    pub(crate) lang: Vec<Language>,
    /// List files and sizes without downloading
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Download existing files again
    #[arg(long)]
    pub(crate) force: bool,
}

impl PlaceArgs {
    /// The study; the first file that is downloaded makes its folder.
    pub(crate) fn open(&self) -> anyhow::Result<Study> {
        Study::open_or_planned(&self.study).context("cannot open the study (--study)")
    }
}
