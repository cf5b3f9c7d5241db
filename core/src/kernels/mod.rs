//! Masking and UTF-8 checks at the speed of memory.
