//! What the benchmark programs share: payloads and streams, in-memory transports, timing,
//! tables, and one engine per library. The written method is in `docs/benchmarks.md`.

pub mod corpus;
pub mod counting;
pub mod engines;
pub mod options;
pub mod pipe;
pub mod report;
pub mod timing;
