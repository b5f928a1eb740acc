//! How runs are getting on: bars on a terminal, a line every few seconds elsewhere.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::shell::Shell;
use super::terminal::can_draw;
use crate::crawl::Progress;

/// Without a terminal, how often a line is written: often enough to see that it lives, seldom enough for a log.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The bars of all sources.
pub(super) struct Bars(Option<MultiProgress>);

/// The bar of one source.
pub(super) struct Bar {
    name: String,
    drawn: Option<ProgressBar>,
    /// When the last line was written; `None` draws a bar or stays quiet.
    last_line: Option<Instant>,
}

impl Bars {
    pub(super) fn new(shell: &Shell) -> Self {
        Self((can_draw() && !shell.global.quiet).then(MultiProgress::new))
    }

    pub(super) fn add(&self, shell: &Shell, name: &str) -> Bar {
        let bar = self.0.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(1));
            let template = "{spinner} {prefix:.bold}  {bar:24} {percent:>3}%  {msg}  {elapsed:.dim}";
            bar.set_style(
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        let lines = bar.is_none() && !shell.global.quiet;
        Bar { name: name.to_owned(), drawn: bar, last_line: lines.then(Instant::now) }
    }
}

impl Bar {
    pub(super) fn show(&mut self, shell: &Shell, progress: Progress) {
        let ended = progress.tally.done + progress.tally.failed + progress.tally.refused;
        let text = format!(
            "{} fetched · {} waiting · {} flagged",
            progress.tally.done, progress.tally.queued, progress.flagged
        );
        if let Some(bar) = &self.drawn {
            bar.set_length((ended + progress.tally.queued).max(1));
            bar.set_position(ended);
            bar.set_message(text);
        } else if self.last_line.is_some_and(|at| at.elapsed() >= LINE_EVERY) {
            self.last_line = Some(Instant::now());
            shell.say(format_args!("{}: {text}", self.name));
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.drawn {
            bar.finish_and_clear();
        }
    }
}
