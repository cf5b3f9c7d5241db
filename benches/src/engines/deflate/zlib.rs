//! zlib in C with a stream in each direction of each connection, as C servers hold it. Its memory
//! comes from Rust's allocator, so that it is counted like that of the others.

use std::{
    alloc::{Layout, alloc, dealloc},
    mem::{MaybeUninit, size_of},
    os::raw::{c_int, c_uint, c_void},
};

use libz_sys as z;

use super::{Agreed, Deflate, LEVEL, TAIL};
use crate::corpus::Tally;

pub const NAME: &str = "zlib in C, dedicated";

/// zlib's own default.
const MEMORY_LEVEL: c_int = 8;

pub struct Engine {
    takeover: bool,
    // Boxed: zlib's state points back at its stream.
    ends: Vec<(Box<Stream>, Box<Stream>)>,
    plain: Vec<u8>,
}

struct Stream {
    inner: z::z_stream,
    compresses: bool,
}

impl Drop for Stream {
    fn drop(&mut self) {
        let end = if self.compresses { z::deflateEnd } else { z::inflateEnd };
        // SAFETY: the stream was initialised when it was made and is ended once.
        unsafe { end(&mut self.inner) };
    }
}

impl Stream {
    fn new(compresses: bool, window_bits: u8) -> Box<Self> {
        // SAFETY: zlib asks for zeroed fields; the two functions that must not be null are set
        // right below, before the value is used as a `z_stream`.
        let mut inner: z::z_stream = unsafe {
            let mut inner = MaybeUninit::<z::z_stream>::zeroed();
            let fields = inner.as_mut_ptr();
            (&raw mut (*fields).zalloc).write(zalloc);
            (&raw mut (*fields).zfree).write(zfree);
            inner.assume_init()
        };
        inner.next_in = std::ptr::null_mut();
        let mut stream = Box::new(Self { inner, compresses });
        let bits = -c_int::from(window_bits);
        let size = size_of::<z::z_stream>() as c_int;
        // SAFETY: the stream is as zlib's manual asks for and does not move afterwards.
        let code = unsafe {
            if compresses {
                z::deflateInit2_(
                    &mut stream.inner,
                    LEVEL.into(),
                    z::Z_DEFLATED,
                    bits,
                    MEMORY_LEVEL,
                    z::Z_DEFAULT_STRATEGY,
                    z::zlibVersion(),
                    size,
                )
            } else {
                z::inflateInit2_(&mut stream.inner, bits, z::zlibVersion(), size)
            }
        };
        assert_eq!(code, z::Z_OK);
        stream
    }

    fn reset(&mut self) {
        let reset = if self.compresses { z::deflateReset } else { z::inflateReset };
        // SAFETY: the stream was initialised when it was made.
        let code = unsafe { reset(&mut self.inner) };
        assert_eq!(code, z::Z_OK);
    }

    /// Runs `input` through to a flush and appends what comes out.
    fn run(&mut self, input: &[u8], output: &mut Vec<u8>) {
        let step = if self.compresses { z::deflate } else { z::inflate };
        self.inner.next_in = input.as_ptr().cast_mut();
        self.inner.avail_in = input.len() as c_uint;
        loop {
            if output.len() == output.capacity() {
                output.reserve(output.len().max(64));
            }
            let space = output.spare_capacity_mut();
            let offered = space.len();
            self.inner.next_out = space.as_mut_ptr().cast();
            self.inner.avail_out = offered as c_uint;
            // SAFETY: both buffers live through the call and are as long as zlib is told.
            let code = unsafe { step(&mut self.inner, z::Z_SYNC_FLUSH) };
            assert!(code == z::Z_OK || code == z::Z_BUF_ERROR);
            let written = offered - self.inner.avail_out as usize;
            // SAFETY: zlib has written that many bytes into the spare capacity.
            unsafe { output.set_len(output.len() + written) };
            if self.inner.avail_out > 0 {
                return;
            }
        }
    }
}

/// Each block is preceded by its layout's size, because `zfree` is not told it.
const PREFIX: usize = 16;

extern "C" fn zalloc(_: *mut c_void, items: c_uint, size: c_uint) -> *mut c_void {
    let total = items as usize * size as usize + PREFIX;
    let layout = Layout::from_size_align(total, PREFIX).expect("zlib asks for sane sizes");
    // SAFETY: the layout is not empty; the prefix lies inside the block and is aligned.
    unsafe {
        let block = alloc(layout);
        if block.is_null() {
            return block.cast();
        }
        block.cast::<usize>().write(total);
        block.add(PREFIX).cast()
    }
}

extern "C" fn zfree(_: *mut c_void, pointer: *mut c_void) {
    // SAFETY: the pointer came from `zalloc`, which put the size right before it.
    unsafe {
        let block = pointer.cast::<u8>().sub(PREFIX);
        let total = block.cast::<usize>().read();
        dealloc(block, Layout::from_size_align_unchecked(total, PREFIX));
    }
}

impl Engine {
    pub fn new(connections: usize, agreed: Agreed) -> Self {
        let ends =
            |_| (Stream::new(true, agreed.window_bits), Stream::new(false, agreed.window_bits));
        Self {
            takeover: agreed.takeover,
            ends: (0..connections).map(ends).collect(),
            plain: Vec::with_capacity(64 * 1024),
        }
    }
}

impl Deflate for Engine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn compress(&mut self, connection: usize, payload: &[u8], output: &mut Vec<u8>) -> usize {
        let compressor = &mut self.ends[connection].0;
        if !self.takeover {
            compressor.reset();
        }
        output.reserve(payload.len() + 64);
        compressor.run(payload, output);
        assert!(output.ends_with(&TAIL));
        output.truncate(output.len() - TAIL.len());
        output.len()
    }

    fn inflate(&mut self, connection: usize, input: &mut Vec<u8>, tally: &mut Tally) {
        let decompressor = &mut self.ends[connection].1;
        if !self.takeover {
            decompressor.reset();
        }
        input.extend_from_slice(&TAIL);
        self.plain.clear();
        decompressor.run(input, &mut self.plain);
        tally.text(simdutf8::basic::from_utf8(&self.plain).expect("the corpus is UTF-8"));
    }
}
