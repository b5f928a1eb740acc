//! Work over a slice, shared among the cores, answered in order.

use std::num::NonZero;
use std::thread;

/// Fewer items than this are not worth a thread.
const WORTH_A_THREAD: usize = 64;

/// Cores that may be used.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// What `work` makes of each item, in order.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    map_with(items, || (), |(), item| work(item))
}

/// The same with buffers that each thread makes for itself.
///
/// A panic of `work` is ours, never the item's, and goes on in the caller.
pub fn map_with<T: Sync, R: Send, S>(
    items: &[T],
    scratch: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    let run = |items: &[T]| {
        let mut scratch = scratch();
        items.iter().map(|item| work(&mut scratch, item)).collect::<Vec<R>>()
    };
    let threads = cores().min(items.len() / WORTH_A_THREAD).max(1);
    if threads == 1 {
        return run(items);
    }
    // More chunks than threads even out items of unequal cost.
    let chunk = items.len().div_ceil(threads * 8).max(1);
    let chunks: Vec<&[T]> = items.chunks(chunk).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut answers: Vec<(usize, Vec<R>)> = thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Some(items) = chunks.get(number) else { break done };
                done.push((number, run(items)));
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let joined = workers.into_iter().map(|worker| match worker.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.flatten().collect()
    });
    answers.sort_unstable_by_key(|(number, _)| *number);
    answers.into_iter().flat_map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn answers_come_in_order_however_many_there_are() {
        for count in [0_usize, 1, 63, 64, 1_000, 4_099] {
            let items: Vec<usize> = (0..count).collect();
            let doubled = super::map(&items, |item| item * 2);
            assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
    }
}
