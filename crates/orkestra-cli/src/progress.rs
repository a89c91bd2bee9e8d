//! How far long work is, on standard error; and work that Ctrl-C ends.

use std::{
    io, panic,
    pin::pin,
    sync::{Arc, Once},
    thread,
    time::Duration,
};

use futures::poll;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use orkestra_training::Progress;
use tokio::{runtime::Builder, signal, sync::oneshot};

use crate::{failure::Failure, output::Output};

/// How often the time that passed is drawn again.
const TICK: Duration = Duration::from_millis(500);

/// A bar that shows how far work is. It is seen on a terminal only, and not beside JSON.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    drawn: ProgressBar,
    /// What is said before the first step is not drawn over.
    begun: Arc<Once>,
}

impl Bar {
    /// A bar for work that is called `what`.
    pub(crate) fn new(what: &'static str, output: &Output) -> Self {
        let target = if output.is_json() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target).with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {percent:>3} % {elapsed}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { drawn: bar, begun: Arc::new(Once::new()) }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.drawn.finish_and_clear();
    }
}

impl Progress for Bar {
    fn step(&self, done: usize, total: usize) {
        self.begun.call_once(|| self.drawn.enable_steady_tick(TICK));
        // Steps are reported from several threads, not always in order.
        self.drawn.update(|state| {
            state.set_len(total as u64);
            state.set_pos(state.pos().max(done as u64));
        });
    }
}

/// What `work` gives, unless Ctrl-C comes first; `work` then goes on until the process ends, so it must not
/// write anything.
pub(crate) fn unless_interrupted<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (done, waiting) = oneshot::channel();
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut interrupted = pin!(signal::ctrl_c());
        // It listens from the first poll on, which must not come after the work has begun.
        let listening = poll!(interrupted.as_mut()).is_pending();
        let worker = thread::Builder::new().name("work".to_owned()).spawn(move || {
            // Nobody waits any more after an interruption.
            let _ = done.send(work());
        })?;
        let ended = tokio::select! {
            ended = waiting => ended,
            Ok(()) = interrupted, if listening => return Err(Failure::Interrupted),
        };
        match (ended, worker.join()) {
            (Ok(outcome), _) => outcome,
            (Err(_), Err(cause)) => panic::resume_unwind(cause),
            (Err(_), Ok(())) => Err(io::Error::other("the work gave no result").into()),
        }
    })
}
