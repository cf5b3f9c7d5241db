//! How a task waits for a connection.
//!
//! A `Waiter` is what a task gets from `recv()` when there is nothing to receive: enough of a future
//! for `asyncio.Task`, for one task. Unlike a future it can run the task at once instead of in the next
//! turn of the loop, which costs a fifth. Knows nothing of messages.

use super::calls;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit, intern};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[pyclass(frozen, module = "polywire._polywire")]
pub(super) struct Waiter {
    state: Mutex<State>,
    /// What `asyncio.Task` asks for to tell a future that is awaited from one that is yielded.
    blocking: AtomicBool,
    event_loop: Py<PyAny>,
}

#[derive(Default)]
struct State {
    callback: Option<Callback>,
    done: bool,
    /// The arguments of the `CancelledError`, once cancelled.
    cancelled: Option<Option<Py<PyAny>>>,
}

struct Callback {
    function: Py<PyAny>,
    context: Py<PyAny>,
}

impl Waiter {
    pub(super) fn new(py: Python<'_>, event_loop: Py<PyAny>) -> PyResult<Bound<'_, Self>> {
        let blocking = AtomicBool::new(true);
        Bound::new(py, Self { state: Mutex::default(), blocking, event_loop })
    }

    /// Runs the task that waits, now if no other task runs, else in the next turn of the loop.
    pub(super) fn wake(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let Some(Callback { function, context }) = slf.get().finish(None) else { return Ok(()) };
        let event_loop = slf.get().event_loop.bind(py);
        if calls::function(current_task(py)?, event_loop)?.is_none() {
            let (context, function) = (context.bind(py), function.bind(py));
            calls::method(context, intern!(py, "run"), function, slf).map(drop)
        } else {
            call_soon(event_loop, function, context, slf)
        }
    }

    /// Ready for another wait. Only for who has the only reference.
    pub(super) fn renew(&self) {
        *self.lock() = State::default();
        self.blocking.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_done(&self) -> bool {
        self.lock().done
    }

    fn finish(&self, cancelled: Option<Option<Py<PyAny>>>) -> Option<Callback> {
        let mut state = self.lock();
        state.done = true;
        state.cancelled = cancelled;
        state.callback.take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn current_task(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CURRENT_TASK: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    CURRENT_TASK.import(py, "asyncio", "current_task")
}

fn call_soon(
    event_loop: &Bound<'_, PyAny>,
    function: Py<PyAny>,
    context: Py<PyAny>,
    waiter: &Bound<'_, Waiter>,
) -> PyResult<()> {
    let py = event_loop.py();
    let options = PyDict::new(py);
    options.set_item(intern!(py, "context"), context)?;
    event_loop.call_method(intern!(py, "call_soon"), (function, waiter), Some(&options)).map(drop)
}

#[pymethods]
impl Waiter {
    #[getter(_asyncio_future_blocking)]
    fn blocking(&self) -> bool {
        self.blocking.load(Ordering::Relaxed)
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&self, blocking: bool) {
        self.blocking.store(blocking, Ordering::Relaxed);
    }

    fn get_loop<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.event_loop.bind(py)
    }

    #[pyo3(signature = (function, *, context=None))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        function: Py<PyAny>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let context = match context {
            Some(context) => context,
            None => py.import("contextvars")?.call_method0("copy_context")?.unbind(),
        };
        let waiter = slf.get();
        if waiter.is_done() {
            return call_soon(waiter.event_loop.bind(py), function, context, slf);
        }
        // A second one could only come from who is not the task that awaits this.
        let before = waiter.lock().callback.replace(Callback { function, context });
        drop(before);
        Ok(())
    }

    #[pyo3(signature = (msg=None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let waiter = slf.get();
        if waiter.is_done() {
            return Ok(false);
        }
        if let Some(Callback { function, context }) = waiter.finish(Some(msg)) {
            call_soon(waiter.event_loop.bind(slf.py()), function, context, slf)?;
        }
        Ok(true)
    }

    fn cancelled(&self) -> bool {
        self.lock().cancelled.is_some()
    }

    fn done(&self) -> bool {
        self.is_done()
    }

    fn result(&self, py: Python<'_>) -> PyResult<()> {
        let cancelled = {
            let state = self.lock();
            state.cancelled.as_ref().map(|msg| msg.as_ref().map(|msg| msg.clone_ref(py)))
        };
        let Some(msg) = cancelled else { return Ok(()) };
        let kind = py.import("asyncio")?.getattr("CancelledError")?;
        Err(PyErr::from_value(msg.map_or_else(|| kind.call0(), |msg| kind.call1((msg,)))?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        // Whoever holds the lock has it on a stack, so this is no garbage.
        let Ok(state) = self.state.try_lock() else { return Ok(()) };
        if let Some(Callback { function, context }) = &state.callback {
            visit.call(function)?;
            visit.call(context)?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        let callback = self.lock().callback.take();
        drop(callback);
    }
}
