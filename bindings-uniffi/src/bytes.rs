//! Bytes that cross the border in one piece.
//!
//! Owns [`Blob`], which is `Vec<u8>` to the other side. uniffi moves a `Vec<u8>` item by item (385 MB/s);
//! this is one `memcpy` in, and none out where the bytes were written behind the room for its length. It implements
//! traits that uniffi keeps to itself, so its version is pinned.
#![allow(unsafe_code, reason = "the traits of the border are unsafe to implement")]

use uniffi::{Lift, Lower, MetadataBuffer, RustBuffer, TypeId, check_remaining};

/// How many bytes uniffi puts before the content: its length, high byte first.
const PREFIX: usize = 4;

/// Bytes, as uniffi's other side expects them: their length, then the bytes themselves.
#[derive(Debug)]
pub struct Blob {
    /// [`PREFIX`] bytes for the length, written when the blob leaves, then the content.
    framed: Vec<u8>,
}

impl Blob {
    /// Room for `capacity` bytes, which are written behind what is there.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let mut framed = Vec::with_capacity(PREFIX + capacity);
        framed.extend_from_slice(&[0; PREFIX]);
        Self { framed }
    }

    pub(crate) fn len(&self) -> usize {
        self.framed.len() - PREFIX
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.framed.extend_from_slice(bytes);
    }

    /// Overwrites what was appended from `at` on.
    pub(crate) fn write_at(&mut self, at: usize, bytes: &[u8]) {
        let at = PREFIX + at;
        self.framed[at..at + bytes.len()].copy_from_slice(bytes);
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.framed[PREFIX..]
    }

    /// How many bytes there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.framed.capacity() - PREFIX
    }

    /// Without content, but with its memory.
    pub(crate) fn cleared(mut self) -> Self {
        self.framed.truncate(PREFIX);
        self
    }

    /// The length as uniffi writes it.
    ///
    /// # Panics
    ///
    /// Beyond 2 GiB, which no array of the other side holds: uniffi makes an error of it there.
    fn length(&self) -> [u8; PREFIX] {
        i32::try_from(self.len()).expect("less than 2 GiB cross the border at once").to_be_bytes()
    }
}

impl From<&[u8]> for Blob {
    fn from(bytes: &[u8]) -> Self {
        let mut blob = Self::with_capacity(bytes.len());
        blob.append(bytes);
        blob
    }
}

// SAFETY: `RustBuffer::from_vec` is the only way in which a value becomes one of `FfiType`, and it owns
// what it was made of; its content is the length and the bytes, as `TYPE_ID_META` promises.
unsafe impl<Tag> Lower<Tag> for Blob {
    type FfiType = RustBuffer;

    fn write(blob: Self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(&blob.length());
        buffer.extend_from_slice(blob.as_bytes());
    }

    fn lower(mut blob: Self) -> RustBuffer {
        let length = blob.length();
        blob.framed[..PREFIX].copy_from_slice(&length);
        RustBuffer::from_vec(blob.framed)
    }
}

// SAFETY: a buffer is read only within its bounds, and only by what `Lower` of the other side wrote; a
// length that does not fit is an error.
unsafe impl<Tag> Lift<Tag> for Blob {
    type FfiType = RustBuffer;

    fn try_read(buffer: &mut &[u8]) -> uniffi::Result<Self> {
        check_remaining(buffer, PREFIX)?;
        let (length, rest) = buffer.split_at(PREFIX);
        let length = i32::from_be_bytes(length.try_into()?).try_into()?;
        check_remaining(rest, length)?;
        let (bytes, rest) = rest.split_at(length);
        *buffer = rest;
        Ok(bytes.into())
    }

    fn try_lift(buffer: RustBuffer) -> uniffi::Result<Self> {
        let framed = buffer.destroy_into_vec();
        check_remaining(&framed, PREFIX)?;
        let length = i32::from_be_bytes(framed[..PREFIX].try_into()?);
        let blob = Self { framed };
        if usize::try_from(length) == Ok(blob.len()) {
            return Ok(blob);
        }
        Err(uniffi::deps::anyhow::anyhow!("{length} bytes announced, {} came", blob.len()))
    }
}

impl<Tag> TypeId<Tag> for Blob {
    const TYPE_ID_META: MetadataBuffer = <Vec<u8> as TypeId<Tag>>::TYPE_ID_META;
}

uniffi::derive_ffi_traits!(impl<Tag> LowerReturn<Tag> for Blob);
uniffi::derive_ffi_traits!(impl<Tag> LowerError<Tag> for Blob);
uniffi::derive_ffi_traits!(impl<Tag> LiftReturn<Tag> for Blob);
uniffi::derive_ffi_traits!(impl<Tag> LiftRef<Tag> for Blob);
