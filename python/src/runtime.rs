//! The one Tokio runtime of the process: timers and sockets. Futures themselves are carried by Python's threads.

use std::{
    process,
    sync::{Mutex, PoisonError},
};

use pyo3::{exceptions::PyRuntimeError, prelude::*};
use tokio::runtime::{Builder, Handle, Runtime};

/// Names are resolved on threads of their own, since systems offer no other way; they end when they are idle.
const MOST_RESOLVERS: usize = 2;

struct Shared {
    process: u32,
    /// How many times this process is the child of one whose runtime was running.
    generation: u64,
    /// Never dropped: what still runs at exit may be an interpreter that is gone.
    runtime: Option<&'static Runtime>,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared { process: 0, generation: 0, runtime: None });

fn with_shared<T>(work: impl FnOnce(&mut Shared) -> T) -> T {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let process = process::id();
    if shared.process != process {
        // A child has none of its parent's threads. Without a runtime there was nothing to lose.
        if shared.runtime.take().is_some() {
            shared.generation += 1;
        }
        shared.process = process;
    }
    work(&mut shared)
}

/// Marks what was made in this process, as far as it matters after a fork.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth(u64);

impl Birth {
    /// Which process it was, counted in forks that mattered.
    pub(crate) fn generation(self) -> u64 {
        self.0
    }

    /// Made now.
    pub(crate) fn now() -> Self {
        Self(with_shared(|shared| shared.generation))
    }

    /// # Errors
    /// `RuntimeError` in a process that was forked after calls were made in its parent: connections and threads of the
    /// parent do not exist here.
    pub(crate) fn check(self) -> PyResult<()> {
        if with_shared(|shared| shared.generation) == self.0 {
            return Ok(());
        }
        Err(PyRuntimeError::new_err(
            "this object was made before the process was forked, and calls had been made by then: its connections and \
             threads belong to the parent. Make providers in the child, or start children with \
             multiprocessing.get_context(\"spawn\")",
        ))
    }
}

/// Whether calls were made in this process.
pub(crate) fn is_running() -> bool {
    with_shared(|shared| shared.runtime.is_some())
}

/// The runtime, started at the first call.
///
/// # Errors
/// `RuntimeError` when the system gives no thread.
pub(crate) fn handle() -> PyResult<Handle> {
    with_shared(|shared| {
        if let Some(runtime) = shared.runtime {
            return Ok(runtime.handle().clone());
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(MOST_RESOLVERS)
            .thread_name("orkestra")
            .enable_all()
            .build()
            .map_err(|cause| {
                PyRuntimeError::new_err(format!(
                    "the system gives no thread for connections: {cause}"
                ))
            })?;
        let runtime: &'static Runtime = Box::leak(Box::new(runtime));
        shared.runtime = Some(runtime);
        Ok(runtime.handle().clone())
    })
}

/// Drops `value` inside the runtime, if there is one: a connection that is left goes back to its pool, which starts a task.
pub(crate) fn dropped<T>(value: T) {
    let runtime = with_shared(|shared| shared.runtime);
    let _entered = runtime.map(|runtime| runtime.enter());
    drop(value);
}
