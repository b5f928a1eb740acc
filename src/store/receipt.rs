//! A promise of the writer: resolves once a change is on disk, or says why it is not.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::StoreError;

/// Await it, or [`wait`](Self::wait) for it. Dropping it does not undo the change.
#[derive(Debug)]
#[must_use = "the change is on disk only once the receipt has been answered"]
pub struct Receipt<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Receipt<T> {
    pub(super) fn pair() -> (oneshot::Sender<Result<T, StoreError>>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(receiver))
    }

    pub(super) fn answered(answer: Result<T, StoreError>) -> Self {
        let (sender, receipt) = Self::pair();
        drop(sender.send(answer));
        receipt
    }

    /// Blocks until the change is on disk.
    ///
    /// # Panics
    /// Inside an async task, where the thread must not block: await the receipt there.
    pub fn wait(self) -> Result<T, StoreError> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(gone()))
    }
}

impl<T> Future for Receipt<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or_else(|_| Err(gone())))
    }
}

fn gone() -> StoreError {
    StoreError::Stopped("its writer thread is gone".to_owned())
}
