//! Transports in memory that are always ready: a source that repeats one stream in reads of at
//! limited size, and a sink that looks at each slice as `writev` would and counts it.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    hint::black_box,
    ops::Deref,
    io::{self, IoSlice},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Polls once a future that never waits.
pub fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the transports in memory are always ready"),
    }
}

struct Feed {
    bytes: Rc<[u8]>,
    /// The most that one read gives.
    read: usize,
    position: Cell<usize>,
    left: Cell<usize>,
}

/// Gives the stream as often as it was armed for, then the end of the stream.
#[derive(Clone)]
pub struct Source(Rc<Feed>);

impl Source {
    pub fn new(bytes: Rc<[u8]>, read: usize) -> Self {
        Self(Rc::new(Feed { bytes, read, position: Cell::new(0), left: Cell::new(0) }))
    }

    pub fn arm(&self, passes: usize) {
        assert_eq!(self.0.left.get(), 0, "the last round left bytes unread");
        self.0.left.set(self.0.bytes.len() * passes);
    }

    /// The next piece of at most `space` bytes.
    #[inline]
    fn next(&self, space: usize) -> &[u8] {
        let Feed { bytes, read, position, left } = &*self.0;
        let start = position.get();
        let n = space.min(*read).min(left.get()).min(bytes.len() - start);
        let end = start + n;
        position.set(if end == bytes.len() { 0 } else { end });
        left.set(left.get() - n);
        &bytes[start..end]
    }

    #[inline]
    pub fn read_into(&self, space: &mut [u8]) -> usize {
        let piece = self.next(space.len());
        space[..piece.len()].copy_from_slice(piece);
        piece.len()
    }

    /// Appends one read to a buffer that has room for it.
    #[inline]
    pub fn append_to(&self, buffer: &mut BytesMut) -> usize {
        let piece = self.next(buffer.capacity() - buffer.len());
        buffer.extend_from_slice(piece);
        piece.len()
    }
}

impl io::Read for Source {
    #[inline]
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        Ok(self.read_into(space))
    }
}

impl AsyncRead for Source {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(self.next(buffer.remaining()));
        Poll::Ready(Ok(()))
    }
}

/// The decoders have nothing to say: there is no ping and no close in the streams.
impl io::Write for Source {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncWrite for Source {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

struct Drain {
    bytes: Cell<u64>,
    recording: Cell<bool>,
    record: RefCell<Vec<u8>>,
}

/// Takes all it is given.
#[derive(Clone)]
pub struct Sink(Rc<Drain>);

impl Default for Sink {
    fn default() -> Self {
        Self(Rc::new(Drain {
            bytes: Cell::new(0),
            recording: Cell::new(false),
            record: RefCell::default(),
        }))
    }
}

impl Sink {
    /// One slice, as it would stand in an `iovec`.
    #[inline]
    pub fn take(&self, slice: &[u8]) {
        let slice = black_box(slice);
        self.0.bytes.set(self.0.bytes.get() + slice.len() as u64);
        if self.0.recording.get() {
            self.0.record.borrow_mut().extend_from_slice(slice);
        }
    }

    /// Several slices, as an array of `iovec`s; returns how many bytes they hold.
    #[inline]
    pub fn take_vectored<T: Deref<Target = [u8]>>(&self, slices: &[T]) -> usize {
        let slices = black_box(slices);
        let len = slices.iter().map(|slice| slice.len()).sum();
        self.0.bytes.set(self.0.bytes.get() + len as u64);
        if self.0.recording.get() {
            for slice in slices {
                self.0.record.borrow_mut().extend_from_slice(slice);
            }
        }
        len
    }

    /// Bytes taken since the last call.
    pub fn taken(&self) -> u64 {
        self.0.bytes.take()
    }

    pub fn start_recording(&self) {
        self.0.recording.set(true);
    }

    pub fn stop_recording(&self) -> Vec<u8> {
        self.0.recording.set(false);
        self.0.record.take()
    }
}

impl io::Read for Sink {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl io::Write for Sink {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(self.take_vectored(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Sink {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Sink {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    #[inline]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.take_vectored(slices)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
