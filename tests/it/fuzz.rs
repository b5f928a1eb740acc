//! The fuzz targets' checks over their seeds and changed copies of them, on the stable toolchain: what breaks them is
//! noticed here. `fuzz/README.md` says how to search in earnest.

use std::fs;
use std::path::{Path, PathBuf};

#[expect(unreachable_pub, reason = "the fuzz targets use the same file from another crate")]
#[path = "../../fuzz/checks.rs"]
mod checks;

/// Changed copies of each seed.
const COPIES: u64 = if cfg!(debug_assertions) { 60 } else { 1000 };

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Runs a check over every seed and its copies; the same ones each time.
fn run(target: &str, check: impl Fn(&[u8])) {
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "no seeds for {target}");
    for (path, seed) in &seeds {
        check(seed);
        let name: u64 = path.file_name().unwrap().as_encoded_bytes().iter().map(|b| u64::from(*b)).sum();
        for copy in 0..COPIES {
            let mut random = fastrand::Rng::with_seed(name * 1_000_003 + copy);
            let other = &seeds[random.usize(..seeds.len())].1;
            check(&changed(seed, other, &mut random));
        }
    }
}

/// A copy with some bytes lost, doubled, swapped, replaced, or taken from another seed.
fn changed(seed: &[u8], other: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut copy = seed.to_vec();
    for _ in 0..random.usize(1..6) {
        let at = random.usize(..=copy.len());
        let end = (at + random.usize(..40)).min(copy.len());
        match random.u8(..6) {
            0 => drop(copy.drain(at..end)),
            1 => {
                let piece = copy[at..end].to_vec();
                let to = random.usize(..=copy.len());
                copy.splice(to..to, piece);
            }
            2 => copy.truncate(at),
            3 if at < copy.len() => copy[at] = random.u8(..),
            4 if at < copy.len() => copy[at] = b"<>\"'{}[]()&;=/\\ \n0,.:-_"[random.usize(..23)],
            _ => {
                let from = random.usize(..=other.len());
                let to = (from + random.usize(..60)).min(other.len());
                copy.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    copy
}

#[test]
fn extract() {
    run("extract", checks::extract);
}

#[test]
fn rules() {
    run("rules", checks::rules);
}

#[test]
fn condition() {
    run("condition", checks::condition);
}

#[test]
fn fold() {
    run("fold", checks::fold);
}

#[test]
fn robots() {
    run("robots", checks::robots);
}

#[test]
fn sitemap() {
    run("sitemap", checks::sitemap);
}

#[test]
fn guard() {
    run("guard", checks::guard);
}

#[test]
fn decode() {
    run("decode", checks::decode);
}

#[test]
fn matching() {
    run("matching", checks::matching);
}
