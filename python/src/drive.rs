//! Carries a future on the calling thread until it is done: what a blocking call of Python's does.

use std::{
    cell::Cell,
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use pyo3::prelude::*;
use tokio::runtime::Handle;

use crate::runtime;

/// How often a waiting thread looks for Ctrl-C.
const SIGNALS: Duration = Duration::from_millis(20);

/// Who carries the future that is being polled, and thereby where callbacks of Python's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// A thread that waits.
    Thread,
    /// An event loop, which must not wait.
    Loop,
}

thread_local! {
    static INTERRUPTION: Cell<Option<PyErr>> = const { Cell::new(None) };
    static CARRIER: Cell<Carrier> = const { Cell::new(Carrier::Thread) };
}

/// Who carries the future that is being polled on this thread.
pub(crate) fn carrier() -> Carrier {
    CARRIER.get()
}

/// Ends the wait on this thread with `raised`: what a callback raised that is no error but wants the program to end.
pub(crate) fn interrupt(raised: PyErr) {
    INTERRUPTION.set(Some(raised));
}

/// What [`interrupt`] was told on this thread.
///
/// # Errors
/// That.
pub(crate) fn check_interruption() -> PyResult<()> {
    INTERRUPTION.take().map_or(Ok(()), Err)
}

/// Polls with `carrier` known to whoever asks.
pub(crate) fn poll_as<T>(carrier: Carrier, poll: impl FnOnce() -> T) -> T {
    struct Restored(Carrier);
    impl Drop for Restored {
        fn drop(&mut self) {
            CARRIER.set(self.0);
        }
    }
    let _restored = Restored(CARRIER.replace(carrier));
    poll()
}

/// Wakes a waiting thread. The flag is its own: the thread may be waiting for several futures, one inside the other.
struct Bell {
    rung: AtomicBool,
    thread: Thread,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Waits for `future` with the interpreter released.
///
/// # Errors
/// What a signal's handler raised, such as `KeyboardInterrupt`; the future is dropped then.
pub(crate) fn wait<F: Future + Send>(py: Python<'_>, future: F) -> PyResult<F::Output>
where
    F::Output: Send,
{
    wait_on(py, Some(runtime::handle()?), future)
}

/// [`wait`] for what needs neither timers nor sockets: no runtime is started for it.
///
/// # Errors
/// As [`wait`].
pub(crate) fn wait_bare<F: Future + Send>(py: Python<'_>, future: F) -> PyResult<F::Output>
where
    F::Output: Send,
{
    wait_on(py, None, future)
}

fn wait_on<F: Future + Send>(
    py: Python<'_>,
    runtime: Option<Handle>,
    future: F,
) -> PyResult<F::Output>
where
    F::Output: Send,
{
    py.detach(move || {
        let _entered = runtime.as_ref().map(Handle::enter);
        let bell = Arc::new(Bell { rung: AtomicBool::new(false), thread: thread::current() });
        let waker = Waker::from(Arc::clone(&bell));
        let mut context = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            let polled = poll_as(Carrier::Thread, || future.as_mut().poll(&mut context));
            check_interruption()?;
            if let Poll::Ready(output) = polled {
                return Ok(output);
            }
            while !bell.rung.swap(false, Ordering::Acquire) {
                thread::park_timeout(SIGNALS);
                if !bell.rung.load(Ordering::Acquire) {
                    Python::attach(|py| py.check_signals())?;
                }
            }
        }
    })
}
