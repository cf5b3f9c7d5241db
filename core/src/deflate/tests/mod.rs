//! What the engines, the windows and the two directions keep.

mod roundtrip;
