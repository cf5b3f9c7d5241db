//! Calls of Python that are made for each read, without a tuple of arguments or a bound method, and what
//! all that Python calls without PyO3 has in common: how it is described, its arguments, and its panics.
//!
//! Under the stable ABI of 3.11 PyO3 makes both for every call. `function` and `run` cost half as
//! much.

#![allow(unsafe_code, reason = "variadic functions of the C API, and functions for it")]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a call and what it returns belong together"
)]

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};
use std::ffi::{CStr, c_int, c_ulong, c_void};
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::slice;
use std::sync::atomic::{AtomicPtr, Ordering};

const END: *mut ffi::PyObject = null_mut();

/// `function(argument)`
pub(super) fn function<'py>(
    function: &Bound<'py, PyAny>,
    argument: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the arguments are objects that live through the call, and a null pointer ends them.
    let result =
        unsafe { ffi::PyObject_CallFunctionObjArgs(function.as_ptr(), argument.as_ptr(), END) };
    // SAFETY: unless it is null, which is an error that is set, the result is a new reference.
    unsafe { Bound::from_owned_ptr_or_err(function.py(), result) }
}

/// `context.run(function, argument)`, without asking each context for its method.
pub(super) fn run<'py>(
    context: &Bound<'py, PyAny>,
    function: &Bound<'py, PyAny>,
    argument: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    static CONTEXT: PyOnceLock<(Py<PyType>, Py<PyAny>)> = PyOnceLock::new();
    let py = context.py();
    let (kind, run) = CONTEXT.get_or_try_init(py, || {
        let kind = py.import("contextvars")?.getattr("Context")?.cast_into::<PyType>()?;
        let run = kind.getattr("run")?;
        Ok::<_, PyErr>((kind.unbind(), run.unbind()))
    })?;
    if context.get_type_ptr().cast() != kind.as_ptr() {
        return context.call_method1("run", (function, argument));
    }
    let (run, context, function) = (run.as_ptr(), context.as_ptr(), function.as_ptr());
    let argument = argument.as_ptr();
    // SAFETY: as above.
    let result =
        unsafe { ffi::PyObject_CallFunctionObjArgs(run, context, function, argument, END) };
    // SAFETY: as above.
    unsafe { Bound::from_owned_ptr_or_err(py, result) }
}

/// Whether this is the only reference to an object.
pub(super) fn is_only<T>(object: &Bound<'_, T>) -> bool {
    // SAFETY: the object lives, and while the interpreter is attached nobody else counts.
    unsafe { ffi::Py_REFCNT(object.as_ptr()) == 1 }
}

/// Runs what may panic: a panic must not pass the border.
pub(super) fn guarded<T>(py: Python<'_>, run: impl FnOnce() -> PyResult<T>) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(PyRuntimeError::new_err("polywire panicked; this is a defect, please report it"))
    });
    result.map_err(|error| error.restore(py)).ok()
}

/// A function of C, as CPython wants it described.
pub(super) struct Method(AtomicPtr<ffi::PyMethodDef>);

impl Method {
    /// Never freed: the functions that are made of it refer to it.
    pub(super) fn new(
        ml_name: &'static CStr,
        ml_meth: ffi::PyMethodDefPointer,
        ml_flags: c_int,
        doc: &'static CStr,
    ) -> Self {
        let (ml_name, ml_doc) = (ml_name.as_ptr(), doc.as_ptr());
        let definition = ffi::PyMethodDef { ml_name, ml_meth, ml_flags, ml_doc };
        Self(AtomicPtr::new(Box::leak(Box::new(definition))))
    }

    /// The function with `object` as what it is called with first.
    pub(super) fn bound_to(&self, object: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let definition = self.0.load(Ordering::Relaxed);
        // SAFETY: the definition is never freed. The function, which is a new reference unless it is null,
        // has one of its own to what it is bound to.
        let function = unsafe {
            let function = ffi::PyCFunction_NewEx(definition, object.as_ptr(), null_mut());
            Bound::from_owned_ptr_or_err(object.py(), function)?
        };
        Ok(function.unbind())
    }

    /// Makes it a method of a type, instead of the one that has its name.
    pub(super) fn replace(&self, kind: &Bound<'_, PyType>, name: &str) -> PyResult<()> {
        let definition = self.0.load(Ordering::Relaxed);
        // SAFETY: as above.
        let descriptor = unsafe {
            let descriptor = ffi::PyDescr_NewMethod(kind.as_ptr().cast(), definition);
            Bound::from_owned_ptr_or_err(kind.py(), descriptor)?
        };
        kind.setattr(name, descriptor)
    }
}

/// The arguments of a call by METH_FASTCALL | METH_KEYWORDS.
pub(super) struct Arguments<'a> {
    all: &'a [*mut ffi::PyObject],
    /// How many of them have no name.
    count: usize,
    /// A tuple of the names of the rest, or null.
    names: *mut ffi::PyObject,
}

impl<'a> Arguments<'a> {
    /// # Safety
    ///
    /// It is called with what the interpreter, which is attached, gave, and lives no longer than the call.
    pub(super) unsafe fn new(
        all: *const *mut ffi::PyObject,
        count: ffi::Py_ssize_t,
        names: *mut ffi::PyObject,
    ) -> Self {
        let count = usize::try_from(count).unwrap_or(0);
        // SAFETY: the names are a tuple, and there is an argument for each.
        let named = if names.is_null() { 0 } else { unsafe { ffi::PyTuple_Size(names) } };
        let len = count + usize::try_from(named).unwrap_or(0);
        // SAFETY: there are as many, unless there are none and nothing to point to.
        let all = if len == 0 { &[] } else { unsafe { slice::from_raw_parts(all, len) } };
        Self { all, count, names }
    }

    /// If there is one argument and nothing else: that one.
    pub(super) fn only<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        if self.count == 1 && self.all.len() == 1 { self.at(py, 0) } else { None }
    }

    /// If there is one argument, and another one of this name: those.
    pub(super) fn only_with<'py>(
        &self,
        py: Python<'py>,
        name: &CStr,
    ) -> Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        if self.count != 1 || self.all.len() != 2 {
            return None;
        }
        // SAFETY: as one of two arguments has a name, there is a tuple of one string.
        let order = unsafe {
            let own = ffi::PyTuple_GetItem(self.names, 0);
            ffi::PyUnicode_CompareWithASCIIString(own, name.as_ptr())
        };
        if order == 0 { self.at(py, 0).zip(self.at(py, 1)) } else { None }
    }

    fn at<'py>(&self, py: Python<'py>, index: usize) -> Option<Bound<'py, PyAny>> {
        // SAFETY: each is an object that lives through the call.
        self.all.get(index).map(|&object| unsafe { Bound::from_borrowed_ptr(py, object) })
    }

    /// A call of another function with the same arguments behind `first`.
    #[cold]
    pub(super) fn pass_on<'py>(
        &self,
        function: &Bound<'py, PyAny>,
        first: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = function.py();
        let plain = (0..self.count).filter_map(|index| self.at(py, index));
        let plain: Vec<_> = iter::once(first).chain(plain).collect();
        let options = PyDict::new(py);
        // SAFETY: unless it is null, this is a tuple that lives through the call.
        if let Some(names) = unsafe { Bound::from_borrowed_ptr_or_opt(py, self.names) } {
            for (index, name) in names.cast_into::<PyTuple>()?.iter().enumerate() {
                options.set_item(name, self.at(py, self.count + index))?;
            }
        }
        function.call(PyTuple::new(py, plain)?, Some(&options))
    }
}

/// A type of C slots, whose instances are made only here.
///
/// # Safety
///
/// Instances are `Layout`, each function of `slots` has the signature of its slot and is for such instances, and
/// what stays referred to is never freed.
pub(super) unsafe fn make_type<'py, Layout>(
    py: Python<'py>,
    name: &'static CStr,
    flags: c_ulong,
    slots: impl IntoIterator<Item = (c_int, *mut c_void)>,
) -> PyResult<Bound<'py, PyType>> {
    let end = iter::once((0, null_mut()));
    let slots = slots.into_iter().chain(end).map(|(slot, pfunc)| ffi::PyType_Slot { slot, pfunc });
    let mut slots: Vec<_> = slots.collect();
    let mut spec = ffi::PyType_Spec {
        name: name.as_ptr(),
        basicsize: c_int::try_from(size_of::<Layout>())?,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION | flags) as _,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the specification and its slots are complete and live through the call; the rest is the caller's
    // promise. Unless it is null, the type is a new reference.
    let kind = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec))? };
    Ok(kind.cast_into::<PyType>()?)
}
