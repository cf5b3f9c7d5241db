//! What a task is given to wait for: the face that a `Waiter` has for `asyncio.Task`.
//!
//! Owns a type that answers for its attributes by itself. A task asks what it is given for four of them
//! whenever it waits, by names that are interned: to compare pointers costs a fifth of looking them up,
//! and methods that are bound once need not be made and freed each time. All else is the waiter's.

#![allow(unsafe_code, reason = "a type with slots of its own")]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a call and what it returns belong together"
)]

use super::calls::{self, Arguments, Method, guarded};
use super::waiter::{Callback, Waiter};
use pyo3::Borrowed;
use pyo3::exceptions::{PyAttributeError, PyRuntimeError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};
use std::ffi::{c_int, c_void};
use std::ptr::{self, null_mut};

static TYPE: PyOnceLock<Type> = PyOnceLock::new();

struct Type {
    object: Py<PyType>,
    names: Names,
    add_done_callback: Method,
    get_loop: Method,
}

/// The names that tasks use, as the interpreter has them: once each.
struct Names {
    blocking: Py<PyString>,
    get_loop: Py<PyString>,
    add_done_callback: Py<PyString>,
}

/// An instance of the type registered here.
pub(super) struct Ticket(Py<PyAny>);

#[repr(C)]
struct Layout {
    base: ffi::PyObject,
    /// `None` once the garbage collector has taken it.
    fields: Option<Fields>,
}

struct Fields {
    /// What `asyncio.Task` asks for to tell a future that is awaited from one that is yielded.
    is_blocking: bool,
    waiter: Py<Waiter>,
    /// Bound to the waiter.
    add_done_callback: Py<PyAny>,
    /// Bound to the loop.
    get_loop: Py<PyAny>,
}

impl Ticket {
    pub(super) fn new(py: Python<'_>, event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        let Some(kind) = TYPE.get(py) else {
            return Err(PyRuntimeError::new_err("the module is not initialised"));
        };
        let waiter = Waiter::new(py, event_loop.clone().unbind())?;
        let fields = Fields {
            is_blocking: true,
            add_done_callback: kind.add_done_callback.bound_to(&waiter)?,
            get_loop: kind.get_loop.bound_to(event_loop)?,
            waiter: waiter.unbind(),
        };
        // SAFETY: the type is a heap type whose instances are `Layout`. Until its fields are written,
        // nobody but this has seen the new object, and what is there is overwritten without being dropped.
        unsafe {
            let object = ffi::PyType_GenericAlloc(kind.object.as_ptr().cast(), 0);
            let object = Bound::from_owned_ptr_or_err(py, object)?;
            ptr::write(&raw mut (*object.as_ptr().cast::<Layout>()).fields, Some(fields));
            Ok(Self(object.unbind()))
        }
    }

    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self(self.0.clone_ref(py))
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.is(&other.0)
    }

    pub(super) fn object(&self) -> &Py<PyAny> {
        &self.0
    }

    /// Runs the task that waits.
    pub(super) fn wake(&self, py: Python<'_>) -> PyResult<()> {
        self.waiter(py).map_or(Ok(()), |waiter| Waiter::wake(&waiter))
    }

    pub(super) fn is_done(&self, py: Python<'_>) -> bool {
        self.waiter(py).is_none_or(|waiter| waiter.get().is_done(py))
    }

    /// Ready for another wait, unless somebody still has it.
    pub(super) fn renewed(self, py: Python<'_>) -> Option<Self> {
        let renewed = self.renew(py);
        if renewed.is_none() {
            self.drop_ref(py);
            return None;
        }
        Some(self)
    }

    fn renew(&self, py: Python<'_>) -> Option<()> {
        if !calls::is_only(self.0.bind(py)) {
            return None;
        }
        // SAFETY: a ticket is an instance, and the borrow ends before anything else is called.
        let fields = unsafe { fields(self.0.as_ptr()) }.as_mut()?;
        if !calls::is_only(fields.add_done_callback.bind(py)) {
            return None;
        }
        fields.is_blocking = true;
        let waiter = fields.waiter.bind(py).clone();
        waiter.get().renew(py);
        Some(())
    }

    /// As that of `Py`: at once, whoever counts who is attached.
    pub(super) fn drop_ref(self, py: Python<'_>) {
        self.0.drop_ref(py);
    }

    fn waiter<'py>(&self, py: Python<'py>) -> Option<Bound<'py, Waiter>> {
        // SAFETY: a ticket is an instance, and the borrow ends before anything else is called.
        let fields = unsafe { fields(self.0.as_ptr()) }.as_ref()?;
        Some(fields.waiter.bind(py).clone())
    }
}

/// The fields of an instance.
///
/// # Safety
///
/// `object` must be an instance of the type registered here, and no other borrow of it may live.
unsafe fn fields<'a>(object: *mut ffi::PyObject) -> &'a mut Option<Fields> {
    // SAFETY: the caller says so, and every instance is written before it is seen.
    unsafe { &mut (*object.cast::<Layout>()).fields }
}

/// What a task asks for.
enum Attribute {
    Blocking,
    GetLoop,
    AddDoneCallback,
}

impl Attribute {
    /// # Safety
    ///
    /// `name` must be an object.
    #[inline]
    unsafe fn of(py: Python<'_>, name: *mut ffi::PyObject) -> Option<Self> {
        let names = &TYPE.get(py)?.names;
        if name == names.blocking.as_ptr() {
            Some(Self::Blocking)
        } else if name == names.get_loop.as_ptr() {
            Some(Self::GetLoop)
        } else if name == names.add_done_callback.as_ptr() {
            Some(Self::AddDoneCallback)
        } else {
            // SAFETY: what an object is asked for is an object.
            Self::spelled(&unsafe { Bound::from_borrowed_ptr(py, name) })
        }
    }

    /// The same for names that were made just now.
    #[cold]
    fn spelled(name: &Bound<'_, PyAny>) -> Option<Self> {
        match name.cast::<PyString>().ok()?.to_str().ok()? {
            "_asyncio_future_blocking" => Some(Self::Blocking),
            "get_loop" => Some(Self::GetLoop),
            "add_done_callback" => Some(Self::AddDoneCallback),
            _ => None,
        }
    }
}

unsafe extern "C" fn getattro(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: slots are called by the interpreter, which is attached, with their own instance. Nothing is
    // called while its fields are borrowed, and what is returned is a new reference.
    unsafe {
        let py = Python::assume_attached();
        if let Some(attribute) = Attribute::of(py, name)
            && let Some(fields) = fields(object)
        {
            let answer = match attribute {
                Attribute::Blocking if fields.is_blocking => ffi::Py_True(),
                Attribute::Blocking => ffi::Py_False(),
                Attribute::GetLoop => fields.get_loop.as_ptr(),
                Attribute::AddDoneCallback => fields.add_done_callback.as_ptr(),
            };
            ffi::Py_INCREF(answer);
            return answer;
        }
        let other = guarded(py, || {
            let object = Bound::from_borrowed_ptr(py, object);
            let name = Bound::from_borrowed_ptr(py, name);
            other_attribute(&object, &name)
        });
        other.map_or(null_mut(), Bound::into_ptr)
    }
}

/// Attributes that every object has, and those of the waiter.
#[cold]
fn other_attribute<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    // SAFETY: both live through the call; unless it is null, which is an error that is set, the result
    // is a new reference.
    let generic = unsafe {
        let generic = ffi::PyObject_GenericGetAttr(object.as_ptr(), name.as_ptr());
        Bound::from_owned_ptr_or_err(py, generic)
    };
    match generic {
        Err(error) if error.is_instance_of::<PyAttributeError>(py) => {
            match Ticket(object.clone().unbind()).waiter(py) {
                Some(waiter) => waiter.getattr(name.cast::<PyString>()?),
                None => Err(error),
            }
        }
        generic => generic,
    }
}

unsafe extern "C" fn setattro(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: as in `getattro`; without a value, an attribute is deleted.
    unsafe {
        let py = Python::assume_attached();
        if let Some(Attribute::Blocking) = Attribute::of(py, name)
            && !value.is_null()
        {
            let is_true = ffi::PyObject_IsTrue(value);
            if let (Some(fields), 0..) = (fields(object), is_true) {
                fields.is_blocking = is_true == 1;
            }
            return is_true.min(0);
        }
        ffi::PyObject_GenericSetAttr(object, name, value)
    }
}

/// `function, *, context=None`, of a waiter.
unsafe extern "C" fn add_done_callback(
    waiter: *mut ffi::PyObject,
    all: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter, which is attached, calls this with what it was bound to.
    let (py, waiter, arguments) = unsafe {
        let py = Python::assume_attached();
        let waiter = Borrowed::from_ptr(py, waiter).cast_unchecked::<Waiter>();
        (py, waiter, Arguments::new(all, count, names))
    };
    let added = guarded(py, || {
        let given = arguments.only_with(py, c"context");
        let given = given.or_else(|| Some((arguments.only(py)?, py.None().into_bound(py))));
        let Some((function, mut context)) = given else {
            let expected = "add_done_callback takes a function, and a context by its name";
            return Err(PyTypeError::new_err(expected));
        };
        if context.is_none() {
            context = py.import("contextvars")?.call_method0("copy_context")?;
        }
        let (function, context) = (function.unbind(), context.unbind());
        Waiter::add_done_callback(&waiter, Callback { function, context })?;
        Ok(py.None())
    });
    added.map_or(null_mut(), Py::into_ptr)
}

unsafe extern "C" fn get_loop(
    event_loop: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter, which is attached, calls this with what it was bound to.
    unsafe { ffi::Py_NewRef(event_loop) }
}

unsafe extern "C" fn traverse(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: the garbage collector calls this with an instance, and runs nothing of Python's meanwhile.
    // It is told of each object that the instance has a reference to.
    unsafe {
        let kind = ffi::Py_TYPE(object).cast();
        let mut result = visit(kind, argument);
        if let Some(fields) = fields(object) {
            let Fields { waiter, add_done_callback, get_loop, .. } = fields;
            for seen in [waiter.as_ptr(), add_done_callback.as_ptr(), get_loop.as_ptr()] {
                if result == 0 {
                    result = visit(seen, argument);
                }
            }
        }
        result
    }
}

unsafe extern "C" fn clear(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: the garbage collector, which is attached, calls this with an instance.
    let (py, fields) = unsafe { (Python::assume_attached(), fields(object).take()) };
    // It is empty when what it had is dropped.
    if let Some(Fields { waiter, add_done_callback, get_loop, .. }) = fields {
        waiter.drop_ref(py);
        add_done_callback.drop_ref(py);
        get_loop.drop_ref(py);
    }
    0
}

unsafe extern "C" fn dealloc(object: *mut ffi::PyObject) {
    // SAFETY: the interpreter is attached, and this is the last look at the object: its fields go, then
    // its memory, and then the reference to its type that every instance of a heap type holds.
    unsafe {
        ffi::PyObject_GC_UnTrack(object.cast());
        clear(object);
        let kind = ffi::Py_TYPE(object);
        ffi::PyObject_GC_Del(object.cast());
        ffi::Py_DECREF(kind.cast());
    }
}

/// Makes the type.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let slots = [
        (ffi::Py_tp_dealloc, dealloc as *mut c_void),
        (ffi::Py_tp_traverse, traverse as *mut c_void),
        (ffi::Py_tp_clear, clear as *mut c_void),
        (ffi::Py_tp_getattro, getattro as *mut c_void),
        (ffi::Py_tp_setattro, setattro as *mut c_void),
    ];
    let (name, flags) = (c"polywire._polywire.Ticket", ffi::Py_TPFLAGS_HAVE_GC);
    // SAFETY: the functions are written for these slots and for `Layout`, and all of it is static.
    let object = unsafe { calls::make_type::<Layout>(py, name, flags, slots)? };
    // `asyncio.isfuture` asks the type.
    object.setattr("_asyncio_future_blocking", false)?;
    module.add("Ticket", &object)?;
    let add = ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: add_done_callback };
    let add_flags = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
    let get = ffi::PyMethodDefPointer { PyCFunction: get_loop };
    let name = |name| PyString::intern(py, name).unbind();
    let kind = Type {
        object: object.unbind(),
        names: Names {
            blocking: name("_asyncio_future_blocking"),
            get_loop: name("get_loop"),
            add_done_callback: name("add_done_callback"),
        },
        add_done_callback: Method::new(c"add_done_callback", add, add_flags, c""),
        get_loop: Method::new(c"get_loop", get, ffi::METH_NOARGS, c""),
    };
    TYPE.set(py, kind).map_err(|_| PyRuntimeError::new_err("initialised twice"))
}
