//! What every program of the comparison does alike.

use rustix::time::{ClockId, clock_gettime};

/// Lines of a file.
pub(crate) fn lines(path: &str) -> Vec<String> {
    std::fs::read_to_string(path).expect("a file").lines().map(str::to_owned).collect()
}

fn seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Prints MB/s of processor time, the best of three rounds of 0.2 s after one of warming up, and matches per 100 texts.
pub(crate) fn report(texts: &[String], mut scan: impl FnMut(&str) -> usize) {
    let mut best = 0.0_f64;
    let mut around = texts.iter().cycle();
    for round in 0..4 {
        let (start, mut bytes) = (seconds(), 0);
        while seconds() - start < 0.2 {
            for text in around.by_ref().take(5) {
                std::hint::black_box(scan(std::hint::black_box(text)));
                bytes += text.len();
            }
        }
        if round > 0 {
            best = best.max(bytes as f64 / 1e6 / (seconds() - start));
        }
    }
    let found: usize = texts.iter().take(100).map(|text| scan(text)).sum();
    println!("{best:.1} {found}");
}
