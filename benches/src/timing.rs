//! Thread CPU time, and rounds in which the engines take turns: what disturbs the machine
//! disturbs all of them alike.

use std::sync::OnceLock;

/// Nanoseconds of CPU this thread has used. Time that another process held the core is not in it.
pub fn cpu_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid timespec that outlives the call.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    assert_eq!(done, 0, "the thread CPU clock is there on Linux and macOS");
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Runs `work` and gives its CPU time, less what reading the clock costs.
pub fn timed<T>(work: impl FnOnce() -> T) -> (u64, T) {
    static CLOCK: OnceLock<u64> = OnceLock::new();
    let clock = *CLOCK.get_or_init(|| {
        let reads: Vec<_> = (0..101).map(|_| raw(|| ()).0 as f64).collect();
        median(&reads) as u64
    });
    let (time, output) = raw(work);
    (time.saturating_sub(clock), output)
}

fn raw<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let start = cpu_ns();
    let output = work();
    (cpu_ns() - start, output)
}

/// `samples[engine][round]`: one uncounted round to warm up, then each round starts with another
/// engine, so that none always runs after the same neighbour.
pub fn interleaved<E: ?Sized>(
    rounds: usize,
    engines: &mut [Box<E>],
    mut sample: impl FnMut(&mut E, usize) -> f64,
) -> Vec<Vec<f64>> {
    let count = engines.len();
    let mut samples = vec![Vec::with_capacity(rounds); count];
    for (index, engine) in engines.iter_mut().enumerate() {
        sample(engine, index);
    }
    for round in 0..rounds {
        for turn in 0..count {
            let index = (round + turn) % count;
            samples[index].push(sample(&mut engines[index], index));
        }
    }
    samples
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

/// The median of what `slow` took over what `fast` took in the same round.
pub fn ratio(slow: &[f64], fast: &[f64]) -> f64 {
    let ratios: Vec<_> = slow.iter().zip(fast).map(|(slow, fast)| slow / fast).collect();
    median(&ratios)
}

/// Lets the allocator keep what is freed. Without this, giving a large payload away measures how
/// fast the system takes pages back.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: both options may be set at any time.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
    }
}
