//! `caveat serve`: keeps the timetable of all sources and answers on loopback, until it is told to stop.

mod doors;
mod live;
mod metrics;
mod timetable;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde_json::json;
use tokio::net::TcpListener;

use super::arguments::Serve;
use super::crawl::{open, runtime, stop_on_signal};
use super::exit::{Exit, Failure, Outcome};
use super::rulebook::Rulebook;
use super::shell::Shell;
use super::terminal::{json_line, out};
use crate::clock::Timestamp;
use crate::crawl::Crawler;
use crate::store::{Inside, Store};
use crate::workspace::Workspace;
use doors::Hosts;
use live::Live;

/// An orderly end takes ten seconds at most: runs get nine and a half (their visits under way get eight), and what is
/// still being answered gets the rest.
const RUNS_END: Duration = Duration::from_millis(9_300);
/// How long answers under way may take after that.
const ANSWERS_END: Duration = Duration::from_millis(300);
/// Pages that are being read on other threads are not waited for; they are fetched again by the next start.
const THREADS_END: Duration = Duration::from_millis(200);

/// What the timetable and the answers share.
struct House {
    shell: Shell,
    workspace: Workspace,
    crawler: Arc<Crawler>,
    live: Live,
}

impl House {
    fn now(&self) -> Timestamp {
        self.crawler.clock.now()
    }

    /// Something for programs, a line each on standard output.
    fn event(&self, line: &serde_json::Value) {
        use std::io::Write;
        if self.shell.global.json
            && let Ok(line) = json_line(line)
        {
            // Whoever read it may have gone; the crawls go on.
            let _ = writeln!(out(), "{line}");
        }
    }
}

pub(super) fn run(shell: &Shell, arguments: &Serve) -> Outcome {
    let workspace = shell.workspace()?;
    // What is wrong with the rules is said at the start and not in the middle of the night.
    let exit = Rulebook::open(shell, &workspace)?.exit;
    if Store::look(&workspace.data) == Inside::Other {
        return Err(Failure::usage(anyhow::anyhow!(
            "{} holds other things than a crawl; name an empty or new data folder",
            workspace.data.display()
        )));
    }
    let address = match arguments.address {
        Some(address) => address,
        None => workspace.config.web_address.parse().map_err(Failure::usage)?,
    };
    let runtime = runtime()?;
    let listener = runtime.block_on(TcpListener::bind(address)).map_err(|error| {
        Failure::incomplete(anyhow::anyhow!(
            "cannot listen on {address}: {error}; name another with --address, or with `web_address` in caveat.toml"
        ))
    })?;
    let address = listener.local_addr()?;
    let hosts = Hosts::new(address, &workspace.config.web_hosts);
    let crawler = open(shell, &workspace)?;
    let live = Live::new(crawler.clock.now());
    let shell = Shell::new(shell.global.clone());
    let house = Arc::new(House { shell, workspace, crawler, live });
    greet(&house, address);
    let served = runtime.block_on(serve(&house, listener, hosts));
    runtime.shutdown_timeout(THREADS_END);
    house.event(&json!({"event": "stopped", "at": house.now()}));
    served.map(|served| served.max(exit))
}

fn greet(house: &House, address: SocketAddr) {
    house.event(&json!({"event": "listening", "address": address.to_string(), "at": house.now()}));
    house
        .shell
        .good(format_args!("listening on http://{address}: /metrics and /health; Ctrl-C ends in order"));
    if !address.ip().is_loopback() {
        house.shell.warn(format_args!(
            "{address} can be reached from other machines; metrics name sources and counts, nothing personal"
        ));
    }
}

/// Serves until a signal. The second signal ends the process at once.
async fn serve(house: &Arc<House>, listener: TcpListener, hosts: Hosts) -> Outcome {
    let stop = stop_on_signal();
    // The officer's pages are merged in here once there are any.
    let router = doors::router(house, Router::new(), hosts);
    // Health is answered while runs come to their end.
    let (close, closed) = tokio::sync::oneshot::channel::<()>();
    let answers = axum::serve(listener, router).with_graceful_shutdown(async move {
        let _ = closed.await;
    });
    let answers = tokio::spawn(answers.into_future());
    let mut ending = stop.clone();
    let timetable = timetable::keep(Arc::clone(house), stop);
    let exit = tokio::select! {
        ended = timetable => {
            ended?;
            Exit::Done
        }
        () = async {
            ending.wished().await;
            tokio::time::sleep(RUNS_END).await;
        } => {
            house.shell.warn("some pages did not come in time; they are fetched again at the next start");
            Exit::Done
        }
    };
    let _ = close.send(());
    let stopper = answers.abort_handle();
    if tokio::time::timeout(ANSWERS_END, answers).await.is_err() {
        stopper.abort();
    }
    Ok(exit)
}
