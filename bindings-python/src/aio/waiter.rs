//! How a task waits for a connection.
//!
//! A `Waiter` knows whom to call when there is something to receive. With the `Ticket` in front of it,
//! it is enough of a future for `asyncio.Task`, for one task. Unlike a future it can run the task at once
//! instead of in the next turn of the loop, which costs a fifth. Knows nothing of messages.

use super::attached::Attached;
use super::calls;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyCFunction, PyDict};
use pyo3::{PyTraverseError, PyVisit, intern};

#[pyclass(frozen, module = "polywire._polywire")]
pub(super) struct Waiter {
    state: Attached<State>,
    event_loop: Py<PyAny>,
}

#[derive(Default)]
struct State {
    is_done: bool,
    callback: Option<Callback>,
    /// The arguments of the `CancelledError`, once cancelled.
    cancelled: Option<Option<Py<PyAny>>>,
}

pub(super) struct Callback {
    pub(super) function: Py<PyAny>,
    pub(super) context: Py<PyAny>,
}

impl Waiter {
    pub(super) fn new(py: Python<'_>, event_loop: Py<PyAny>) -> PyResult<Bound<'_, Self>> {
        Bound::new(py, Self { state: Attached::default(), event_loop })
    }

    /// Runs the task that waits, now if no other task runs, else in the next turn of the loop.
    pub(super) fn wake(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let Some(callback) = slf.get().finish(py, None) else { return Ok(()) };
        let event_loop = slf.get().event_loop.bind(py);
        if is_idle(event_loop)? {
            let Callback { function, context } = callback;
            let (context, function) = (context.into_bound(py), function.into_bound(py));
            calls::run(&context, &function, done(py)?).map(drop)
        } else {
            Self::call_soon(slf, callback)
        }
    }

    /// Ready for another wait. Only for who knows that nobody waits for this one.
    pub(super) fn renew(&self, py: Python<'_>) {
        let before = {
            let mut state = self.state.lock(py);
            state.is_done = false;
            state.cancelled.take()
        };
        drop(before);
    }

    pub(super) fn is_done(&self, py: Python<'_>) -> bool {
        self.state.lock(py).is_done
    }

    /// Calls back when there is something to receive, or in the next turn of the loop if there is already.
    pub(super) fn add_done_callback(slf: &Bound<'_, Self>, callback: Callback) -> PyResult<()> {
        let mut state = slf.get().state.lock(slf.py());
        if state.is_done {
            drop(state);
            return Self::call_soon(slf, callback);
        }
        // A second one could only come from who is not the task that awaits this.
        let before = state.callback.replace(callback);
        drop(state);
        drop(before);
        Ok(())
    }

    fn finish(&self, py: Python<'_>, cancelled: Option<Option<Py<PyAny>>>) -> Option<Callback> {
        let mut state = self.state.lock(py);
        if state.is_done {
            // What was cancelled stays so, whatever arrives before the task hears of it.
            return None;
        }
        state.is_done = true;
        state.cancelled = cancelled;
        state.callback.take()
    }

    fn call_soon(slf: &Bound<'_, Self>, callback: Callback) -> PyResult<()> {
        let py = slf.py();
        let options = PyDict::new(py);
        options.set_item(intern!(py, "context"), callback.context)?;
        let event_loop = slf.get().event_loop.bind(py);
        let arguments = (callback.function, slf);
        event_loop.call_method(intern!(py, "call_soon"), arguments, Some(&options)).map(drop)
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
            let tasks = tasks.bind(py);
            // While no loop runs one it is empty, which is most often.
            Ok(tasks.is_empty() || tasks.get_item(event_loop)?.is_none_or(|task| task.is_none()))
        }
        Running::CurrentTask(current_task) => {
            Ok(calls::function(current_task.bind(py), event_loop)?.is_none())
        }
    }
}

#[pymethods]
impl Waiter {
    #[pyo3(signature = (msg=None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let (py, waiter) = (slf.py(), slf.get());
        if waiter.is_done(py) {
            return Ok(false);
        }
        if let Some(callback) = waiter.finish(py, Some(msg)) {
            Self::call_soon(slf, callback)?;
        }
        Ok(true)
    }

    fn cancelled(&self, py: Python<'_>) -> bool {
        self.state.lock(py).cancelled.is_some()
    }

    fn done(&self, py: Python<'_>) -> bool {
        self.is_done(py)
    }

    fn result(&self, py: Python<'_>) -> PyResult<()> {
        let cancelled = {
            let state = self.state.lock(py);
            state.cancelled.as_ref().map(|msg| msg.as_ref().map(|msg| msg.clone_ref(py)))
        };
        let Some(msg) = cancelled else { return Ok(()) };
        let kind = py.import("asyncio")?.getattr("CancelledError")?;
        Err(PyErr::from_value(msg.map_or_else(|| kind.call0(), |msg| kind.call1((msg,)))?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        let Some(state) = self.state.look(&visit) else { return Ok(()) };
        if let Some(Callback { function, context }) = &state.callback {
            visit.call(function)?;
            visit.call(context)?;
        }
        Ok(())
    }

    fn __clear__(&self, py: Python<'_>) {
        let callback = self.state.lock(py).callback.take();
        drop(callback);
    }
}
