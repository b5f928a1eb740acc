//! Running what reads sled's files under watch: damaged files have made sled panic and loop for ever.

use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::StoreError;

/// A store of many millions of rows is opened, or read through, within minutes.
const LIMIT: Duration = Duration::from_mins(10);

/// What became of watched work that did not come back.
pub(super) fn watched<T: Send + 'static>(
    path: &std::path::Path,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    within(LIMIT, path, work)
}

fn within<T: Send + 'static>(
    limit: Duration,
    path: &std::path::Path,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::Builder::new()
        .name("caveat-watched".to_owned())
        .spawn(move || drop(sender.send(work())))
        .map_err(|error| super::unusable("start a thread for", path, error))?;
    let damaged = |what: &str| StoreError::Damaged {
        path: path.to_owned(),
        what: format!("the database engine {what}"),
    };
    match receiver.recv_timeout(limit) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(damaged("does not come to an end of reading it")),
        Err(RecvTimeoutError::Disconnected) => Err(damaged("gives up reading it")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn panics_and_endless_loops_become_errors() {
        let path = Path::new("data");
        assert_eq!(watched(path, || Ok(5)).unwrap(), 5);
        let (end, wait) = std::sync::mpsc::channel::<()>();
        let stuck = within(Duration::from_millis(5), path, move || {
            wait.recv().unwrap_or(());
            Ok(())
        });
        assert!(stuck.unwrap_err().to_string().contains("does not come to an end"));
        drop(end);
        let quiet = std::panic::catch_unwind(|| {
            within::<()>(LIMIT, path, || std::panic::resume_unwind(Box::new("damaged")))
        });
        assert!(quiet.unwrap().unwrap_err().to_string().contains("gives up reading it"));
    }
}
