//! Tells whoever sends a request when a connection for it begins and ends to be made. Until then nothing has reached the
//! server, so the gap to the next request must be counted from there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

/// Called with true when connecting begins, with false when it ends, in pairs.
pub(super) type Observer = Arc<dyn Fn(bool) + Send + Sync>;

tokio::task_local! {
    static OBSERVER: Observer;
}

/// Runs `request` with `observer` watching the connections made for it. The client makes them within the same task, or
/// hands them to another one after they have begun.
pub(super) async fn observed<T>(observer: Observer, request: impl Future<Output = T>) -> T {
    OBSERVER.scope(observer, request).await
}

/// Wraps the HTTP client's connector.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observe;

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, connector: S) -> Observed<S> {
        Observed(connector)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Observed<S>(S);

impl<S, R> Service<R> for Observed<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let begun = OBSERVER.try_with(|observer| Begun::new(Arc::clone(observer))).ok();
        let connecting = self.0.call(request);
        Box::pin(async move {
            let connected = connecting.await;
            drop(begun);
            connected
        })
    }
}

/// A connection being made; ends when dropped, whatever the outcome.
struct Begun(Observer);

impl Begun {
    fn new(observer: Observer) -> Self {
        observer(true);
        Self(observer)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        (self.0)(false);
    }
}
