//! Prints events of the libraries as lines on stderr.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::LevelFilter;

/// Prints events up to `level` on stderr, one line each: `warning: …` for warnings, only the text otherwise.
pub(crate) fn start(level: tracing::Level) {
    // A second start (tests) keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from_level(level))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        // stderr that cannot be written to is no reason to fail.
        .log_internal_errors(false)
        .event_format(plain::Plain)
        .try_init();
}

mod plain {
    use std::fmt;

    use tracing::{Event, Level, Subscriber};
    use tracing_subscriber::fmt::FmtContext;
    use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
    use tracing_subscriber::registry::LookupSpan;

    use crate::message::{MOST, fit};

    /// Prints only message and fields; users of a program do not need time stamps and module paths.
    pub(super) struct Plain;

    impl<S, N> FormatEvent<S, N> for Plain
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
        N: for<'a> FormatFields<'a> + 'static,
    {
        fn format_event(
            &self,
            context: &FmtContext<'_, S, N>,
            mut writer: Writer<'_>,
            event: &Event<'_>,
        ) -> fmt::Result {
            let level = match *event.metadata().level() {
                Level::ERROR => "error: ",
                Level::WARN => "warning: ",
                _ => "",
            };
            let mut text = String::new();
            context
                .field_format()
                .format_fields(Writer::new(&mut text), event)?;
            writeln!(writer, "{level}{}", fit(&text, MOST - level.len()))
        }
    }
}
