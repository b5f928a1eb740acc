//! The wish to stop: set once, seen by every task.

use tokio::sync::watch;

/// Says when to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// Sets the wish. Dropping it without a word changes nothing.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// A pair: one end wishes, the other sees.
pub fn stop() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Wishes everything that holds the other end to stop.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether the wish was made.
    pub fn is_wished(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the wish; for ever when it can no longer be made.
    pub async fn wished(&mut self) {
        if self.0.wait_for(|wish| *wish).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
