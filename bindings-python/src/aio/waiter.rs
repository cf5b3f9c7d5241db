//! How a task waits for a connection.
//!
//! A `Waiter` is what a task gets from `recv()` when there is nothing to receive: enough of a future
//! for `asyncio.Task`, for one task. Unlike a future it can run the task at once instead of in the next
//! turn of the loop, which costs a fifth. Knows nothing of messages.

use super::calls;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyCFunction, PyDict};
use pyo3::{PyTraverseError, PyVisit, intern};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[pyclass(frozen, module = "polywire._polywire")]
pub(super) struct Waiter {
    state: Mutex<State>,
    done: AtomicBool,
    /// What `asyncio.Task` asks for to tell a future that is awaited from one that is yielded.
    blocking: AtomicBool,
    event_loop: Py<PyAny>,
}

#[derive(Default)]
struct State {
    callback: Option<Callback>,
    /// The arguments of the `CancelledError`, once cancelled.
    cancelled: Option<Option<Py<PyAny>>>,
}

struct Callback {
    function: Py<PyAny>,
    context: Py<PyAny>,
}

impl Waiter {
    pub(super) fn new(py: Python<'_>, event_loop: Py<PyAny>) -> PyResult<Bound<'_, Self>> {
        let (done, blocking) = (AtomicBool::new(false), AtomicBool::new(true));
        Bound::new(py, Self { state: Mutex::default(), done, blocking, event_loop })
    }

    /// Runs the task that waits, now if no other task runs, else in the next turn of the loop.
    pub(super) fn wake(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let Some(Callback { function, context }) = slf.get().finish(None) else { return Ok(()) };
        let event_loop = slf.get().event_loop.bind(py);
        if is_idle(event_loop)? {
            let (context, function) = (context.bind(py), function.bind(py));
            calls::method(context, intern!(py, "run"), function, done(py)?).map(drop)
        } else {
            call_soon(event_loop, function, context, slf)
        }
    }

    /// Ready for another wait. Only for who has the only reference.
    pub(super) fn renew(&self) {
        self.done.store(false, Ordering::Relaxed);
        self.blocking.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    fn finish(&self, cancelled: Option<Option<Py<PyAny>>>) -> Option<Callback> {
        if self.done.swap(true, Ordering::Relaxed) {
            // What was cancelled stays so, whatever arrives before the task hears of it.
            return None;
        }
        let mut state = self.lock();
        state.cancelled = cancelled;
        state.callback.take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A future that is done. A task that is woken asks for the result of what it is given: asyncio's own
/// future answers without the method call that a waiter would need, a tenth of all that a message costs.
fn done(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static DONE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = || {
        // It belongs to no loop, so it keeps none alive. A future asks its loop for this alone.
        let options = PyDict::new(py);
        options.set_item("get_debug", py.get_type::<PyBool>())?;
        let no_loop = py.import("types")?.getattr("SimpleNamespace")?.call((), Some(&options))?;
        let options = PyDict::new(py);
        options.set_item("loop", no_loop)?;
        let future = py.import("asyncio")?.getattr("Future")?.call((), Some(&options))?;
        future.call_method1("set_result", (py.None(),))?;
        Ok::<_, PyErr>(future.unbind())
    };
    DONE.get_or_try_init(py, make).map(|future| future.bind(py))
}

/// Where asyncio keeps which task a loop runs.
enum Running {
    /// Its dictionary, where the function that asks it is Python's: the call would cost more than all that
    /// is done here for a message.
    Tasks(Py<PyDict>),
    CurrentTask(Py<PyAny>),
}

impl Running {
    fn find(py: Python<'_>) -> PyResult<Self> {
        let tasks = py.import("asyncio.tasks")?;
        let current_task = tasks.getattr("current_task")?;
        if !current_task.is_instance_of::<PyCFunction>()
            && let Ok(running) = tasks.getattr("_current_tasks")
            && let Ok(running) = running.cast_into::<PyDict>()
        {
            return Ok(Self::Tasks(running.unbind()));
        }
        Ok(Self::CurrentTask(current_task.unbind()))
    }
}

/// Whether a loop runs no task.
fn is_idle(event_loop: &Bound<'_, PyAny>) -> PyResult<bool> {
    static RUNNING: PyOnceLock<Running> = PyOnceLock::new();
    let py = event_loop.py();
    match RUNNING.get_or_try_init(py, || Running::find(py))? {
        Running::Tasks(tasks) => {
            let task = tasks.bind(py).get_item(event_loop)?;
            Ok(task.is_none_or(|task| task.is_none()))
        }
        Running::CurrentTask(current_task) => {
            Ok(calls::function(current_task.bind(py), event_loop)?.is_none())
        }
    }
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

    /// A task asks for `get_loop()` too, if there is one, which costs more.
    #[getter(_loop)]
    fn event_loop<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
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
