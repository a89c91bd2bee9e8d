//! How far a download is: a bar on a terminal, a line of JSON for each tenth with `--json`.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use orkestra_registry::{Event, Progress};
use serde_json::json;

use crate::output::Output;

/// A bar or lines; what is worth a word is said in any case.
#[derive(Debug)]
pub(crate) struct Download {
    output: Output,
    bar: ProgressBar,
    /// The tenth of the current file that was told last.
    told: AtomicU64,
}

impl Download {
    pub(crate) fn new(output: &Output) -> Self {
        let target = if output.is_json() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let shape = "[{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {elapsed}";
        if let Ok(style) = ProgressStyle::with_template(shape) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { output: *output, bar, told: AtomicU64::new(0) }
    }

    fn tell(&self, at: u64, size: Option<u64>) {
        self.bar.set_position(at);
        let tenth = size.filter(|size| *size > 0).map_or(0, |size| at * 10 / size);
        if self.told.swap(tenth, Ordering::Relaxed) != tenth {
            self.output.event(&json!({"progress": {"bytes": at, "of": size}}));
        }
    }
}

impl Progress for Download {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Waiting { what } => {
                self.output.note(format!("another process is downloading {what}: waiting for it"));
            }
            Event::Started { what, host, at, size } => {
                let size_text =
                    size.map_or_else(String::new, |size| format!(" ({})", HumanBytes(size)));
                let goes_on = match at {
                    0 => String::new(),
                    _ => format!(", going on after {}", HumanBytes(*at)),
                };
                self.output.note(format!("downloading {what}{size_text} from {host}{goes_on}"));
                self.told.store(0, Ordering::Relaxed);
                self.bar.set_length(size.unwrap_or(0));
                self.bar.reset();
                self.tell(*at, *size);
            }
            Event::Received { at, size } => self.tell(*at, *size),
            Event::Retrying { error, pause, .. } => {
                let pause = pause.as_secs_f64();
                self.output.note(format!("{error}; trying again in {pause} s"));
            }
            Event::Finished { .. } => self.bar.finish_and_clear(),
            _ => {}
        }
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
