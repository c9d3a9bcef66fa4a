//! The progress bar: rows, bytes, rate and hits so far, on standard error, where that is a terminal.

use crate::support::progress::Progress;
use crate::support::sanitize;
use indicatif::HumanBytes;
use indicatif::HumanCount;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Draws one stage after the other.
pub(crate) struct Bar {
    drawn: Mutex<Option<ProgressBar>>,
    is_shown: bool,
    rows: AtomicU64,
    bytes: AtomicU64,
    hits: AtomicU64,
}

impl Bar {
    /// A bar that is drawn, or one that only counts.
    pub(crate) fn new(is_shown: bool) -> Bar {
        Bar { drawn: Mutex::new(None), is_shown, rows: AtomicU64::new(0), bytes: AtomicU64::new(0), hits: AtomicU64::new(0) }
    }

    /// Whether the bar is drawn.
    pub(crate) fn is_shown(&self) -> bool {
        self.is_shown
    }

    fn show(&self) {
        if let Some(bar) = self.drawn.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            let (rows, bytes, hits) =
                (self.rows.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed), self.hits.load(Ordering::Relaxed));
            let rate = rows as f64 / bar.elapsed().as_secs_f64().max(0.001);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate of rows is small and positive")]
            let rate = HumanCount(rate as u64);
            let hits = if hits > 0 { format!(", {} hits", HumanCount(hits)) } else { String::new() };
            // Before the rows, what is packed is unpacked.
            bar.set_message(match rows {
                0 => HumanBytes(bytes).to_string(),
                rows => format!("{} rows, {}, {rate} rows/s{hits}", HumanCount(rows), HumanBytes(bytes)),
            });
            if bar.length().is_some() {
                bar.set_position(rows);
            }
        }
    }
}

impl Progress for Bar {
    fn begin(&self, stage: &str, rows: Option<u64>, _bytes: Option<u64>) {
        for counter in [&self.rows, &self.bytes, &self.hits] {
            counter.store(0, Ordering::Relaxed);
        }
        if !self.is_shown {
            return;
        }
        let bar = ProgressBar::with_draw_target(rows, ProgressDrawTarget::stderr());
        let template =
            if rows.is_some() { "{prefix} {bar:20} {percent:>3}%  {wide_msg}" } else { "{prefix} {spinner} {wide_msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(sanitize::clean(stage));
        bar.enable_steady_tick(Duration::from_millis(200));
        *self.drawn.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn advance(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.show();
    }

    fn hits(&self, count: u64) {
        self.hits.fetch_add(count, Ordering::Relaxed);
    }

    fn end(&self) {
        if let Some(bar) = self.drawn.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
