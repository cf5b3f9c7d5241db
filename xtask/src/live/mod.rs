//! What `cargo xtask run` shows: an echo server behind a relay that writes down what passes, and a page
//! that reads along.
//!
//! `relay` carries the bytes, `feed` keeps them and hands them to readers, `page` serves the inspector and
//! the feed. The format of the feed is in `bindings-wasm/page/LIVE.md`.

mod feed;
mod page;
mod relay;

pub(crate) use feed::Feed;
pub(crate) use page::serve;
pub(crate) use relay::relay;
