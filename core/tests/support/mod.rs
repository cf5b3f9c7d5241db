//! What runs the vectors of `tests/vectors`: the pages of its README as code.

pub(crate) mod connection;
pub(crate) mod cut;
pub(crate) mod data;
pub(crate) mod frames;
pub(crate) mod handshake;
pub(crate) mod inflate;
pub(crate) mod settings;
