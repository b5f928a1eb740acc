//! `caveat serve` as a process: due, late and interrupted runs, metrics and health, foreign host names, signals.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use caveat::clock::{Clock, FixedClock, SystemClock, Timestamp};
use caveat::store::{Fate, PlannedRun, Store};
use serde_json::Value;
use tempfile::TempDir;

use crate::command::{caveat, json_lines, run, succeed};
use crate::site::{Answer, Site};

/// Whatever takes longer hangs.
const LIMIT: Duration = Duration::from_mins(1);
/// What an orderly end may take, and some for a busy machine.
const ORDERLY: Duration = Duration::from_secs(11);

/// A schedule whose next tick never comes while a test runs.
fn far() -> String {
    let month = (SystemClock.now().0 / (30 * 86_400_000) + 6) % 12 + 1;
    format!("0 3 1 {month} * Europe/Berlin")
}

fn workspace(site: &Site, schedule: &str, limits: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("caveat.toml"), "time_zone = \"UTC\"\n").unwrap();
    fs::create_dir(folder.path().join("sources")).unwrap();
    let text = format!(
        "id = \"shop\"\nname = \"Shop\"\nstart = [\"{}\"]\nallow_loopback = true\nschedule = \"{schedule}\"\n\
         [limits]\n{limits}\n",
        site.url("/")
    );
    fs::write(folder.path().join("sources/shop.toml"), text).unwrap();
    folder
}

/// A shop with a list of `offers` offers, the first of which the built-in rules flag.
fn shop(offers: usize) -> Site {
    Site::open(move |path| {
        if path == "/" {
            let items: String = (0..offers)
                .map(|n| format!("<li><a href=\"/p/{n}\">Article {n}</a> {n}.50 €</li>"))
                .collect();
            return Answer::html(format!("<html lang=en><h1>All</h1><ul>{items}</ul></html>"));
        }
        match path.strip_prefix("/p/").and_then(|n| n.parse::<usize>().ok()) {
            Some(n) => {
                let title = if n == 0 { "Viagra 100mg tablets no prescription" } else { "Garden chair, oak" };
                Answer::html(format!(
                    "<html lang=en><title>{title}</title><script type=\"application/ld+json\">\
                     {{\"@type\":\"Product\",\"name\":\"{title} {n}\",\"offers\":{{\"@type\":\"Offer\",\
                     \"price\":\"9.50\",\"priceCurrency\":\"EUR\"}}}}</script><h1>{title} {n}</h1><p>9.50 €</p>"
                ))
            }
            None => Answer::not_found(),
        }
    })
}

struct Serving {
    child: Child,
    events: Receiver<Value>,
    address: String,
}

impl Serving {
    fn start(folder: &Path) -> Self {
        let mut child = caveat(folder, &["serve", "--json", "-q", "--address", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let mut serving = Self { child, events, address: String::new() };
        let listening = serving.event("listening");
        listening["address"].as_str().unwrap().clone_into(&mut serving.address);
        serving
    }

    /// The next event of a kind.
    #[track_caller]
    fn event(&self, kind: &str) -> Value {
        let began = Instant::now();
        loop {
            let event = self.events.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no event {kind:?}"));
            if event["event"] == kind {
                return event;
            }
            assert!(began.elapsed() < LIMIT, "no event {kind:?}");
        }
    }

    /// Status and body of a request under a host name.
    fn get(&self, path: &str, host: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Ends it with SIGTERM: how, and how long that took.
    fn stop(mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        self.signal(rustix::process::Signal::TERM);
        let status = self.child.wait().unwrap();
        (status, began.elapsed())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Where a test fails, nothing of it stays behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn planned(folder: &Path) -> Vec<PlannedRun> {
    let store = Store::open_existing(&folder.join("data"), Arc::new(SystemClock)).unwrap();
    store.planned(Some("shop")).map(Result::unwrap).collect()
}

const FAST: &str = "rate_per_second = 100.0\nconcurrency = 8";

#[test]
fn a_new_source_is_crawled_once_and_the_numbers_tell() {
    let site = shop(30);
    let folder = workspace(&site, &far(), FAST);
    let serving = Serving::start(folder.path());
    let finished = serving.event("finished");
    assert_eq!(finished["report"]["listings"], 30, "{finished}");

    let (status, health) = serving.get("/health", "localhost:1");
    assert_eq!((status, &serde_json::from_str::<Value>(&health).unwrap()["status"]), (200, &"ok".into()));
    let (status, text) = serving.get("/metrics", &serving.address);
    assert_eq!(status, 200);
    for line in [
        "caveat_runs_total{outcome=\"finished\"} 1",
        "caveat_pages_total{kind=\"product\"} 30",
        "caveat_flagged_total{class=\"medicine.erectile\"} 1",
        "caveat_gates{state=\"open\"} 1",
        "caveat_queue_length 0",
        "caveat_findings 1",
        "caveat_store_up 1",
        "caveat_run_duration_seconds_count 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    for secret in ["Viagra", "Garden", "/p/", "http", &site.address.to_string()] {
        assert!(!text.contains(secret), "{secret} stands in\n{text}");
    }
    for foreign in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::2]", ""] {
        let (status, body) = serving.get("/metrics", foreign);
        assert!(matches!(status, 400 | 421) && !body.contains("caveat_"), "{foreign}: {status} {body}");
    }
    assert_eq!(serving.get("/elsewhere", "localhost").0, 404);

    let (status, took) = serving.stop();
    assert!(status.success() && took < ORDERLY, "{status} after {took:?}");
    let rows = planned(folder.path());
    assert!(matches!(rows.as_slice(), [PlannedRun { fate: Fate::Finished { .. }, .. }]), "{rows:?}");

    // The next process knows that it was done.
    let requests = site.requests();
    let again = Serving::start(folder.path());
    assert_eq!(again.get("/health", "127.0.0.1").0, 200);
    let (status, text) = again.get("/metrics", "[::1]:9");
    assert!(status == 200 && text.contains("caveat_runs_active 0\n"), "{text}");
    let (status, _) = again.stop();
    assert!(status.success());
    assert_eq!(site.requests(), requests);
    let lines = json_lines(&succeed(&run(folder.path(), &["schedule", "list", "--json"])));
    assert_eq!((&lines[0]["due"], &lines[0]["planned"]["fate"]["fate"]), (&false.into(), &"finished".into()));
}

#[test]
fn ticks_that_passed_while_nothing_ran_make_one_late_run() {
    let site = shop(3);
    let folder = workspace(&site, "0 3 * * * UTC", FAST);
    let now = SystemClock.now();
    let long_ago = Timestamp(now.0 - 5 * 86_400_000);
    {
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::new(long_ago));
        let store = Store::open(&folder.path().join("data"), clock).unwrap();
        let began = store.begin_or_resume_run("shop", Vec::new()).wait().unwrap();
        store.finish_run("shop", began.id, serde_json::json!({})).wait().unwrap();
    }
    let serving = Serving::start(folder.path());
    let event = serving.event("planned");
    assert_eq!((&event["late"], event["missed"].as_u64()), (&true.into(), Some(4)), "{event}");
    serving.event("finished");
    let (_, text) = serving.get("/metrics", "localhost");
    for line in ["caveat_runs_late_total 1\n", "caveat_ticks_missed_total 4\n", "caveat_runs_active 0\n"] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    serving.stop();
    let rows = planned(folder.path());
    let [row] = rows.as_slice() else { panic!("one row: {rows:?}") };
    assert!(row.missed == 4 && now.since(row.at) < Duration::from_hours(24), "{row:?}");
}

#[test]
fn an_interrupted_run_is_taken_up_at_the_next_start() {
    let site = shop(120);
    let folder = workspace(&site, &far(), "rate_per_second = 60.0\nconcurrency = 4");
    let serving = Serving::start(folder.path());
    serving.event("started");
    let began = Instant::now();
    while site.requests() < 40 {
        assert!(began.elapsed() < LIMIT);
        std::thread::yield_now();
    }
    let (status, took) = serving.stop();
    assert!(status.success() && took < ORDERLY, "{status} after {took:?}");
    let rows = planned(folder.path());
    assert!(matches!(rows.as_slice(), [PlannedRun { fate: Fate::Stopped { .. }, .. }]), "{rows:?}");

    // This time it dies.
    let mut serving = Serving::start(folder.path());
    serving.event("started");
    let before = site.requests();
    while site.requests() < before + 20 {
        assert!(began.elapsed() < LIMIT);
        std::thread::yield_now();
    }
    serving.child.kill().unwrap();
    serving.child.wait().unwrap();
    site.rest();

    let serving = Serving::start(folder.path());
    let finished = serving.event("finished");
    assert_eq!(finished["report"]["listings"], 120, "{finished}");
    serving.stop();
    let rows = planned(folder.path());
    assert!(matches!(rows.as_slice(), [PlannedRun { fate: Fate::Finished { .. }, .. }]), "{rows:?}");
    let repeated: usize = site.counts().values().map(|n| n - 1).sum();
    assert!(repeated <= 4, "{repeated} pages were fetched again; at most those in flight at the kill may be");
}

#[test]
fn a_page_that_hangs_does_not_hold_up_the_end() {
    // It accepts and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let site = shop(1);
    let folder = workspace(&site, &far(), FAST);
    let path = folder.path().join("sources/shop.toml");
    let text = fs::read_to_string(&path).unwrap();
    let hanging = format!("http://{}/", silent.local_addr().unwrap());
    fs::write(&path, text.replace(&site.url("/"), &hanging)).unwrap();
    let serving = Serving::start(folder.path());
    let (_connection, _) = silent.accept().unwrap();
    let (status, took) = serving.stop();
    assert!(status.success() && took < ORDERLY, "{status} after {took:?}");

    let mut serving = Serving::start(folder.path());
    serving.event("started");
    let (_connection, _) = silent.accept().unwrap();
    serving.signal(rustix::process::Signal::INT);
    let began = Instant::now();
    while serving.get("/health", "localhost").0 == 200 {
        assert!(began.elapsed() < LIMIT);
    }
    serving.signal(rustix::process::Signal::INT);
    let status = serving.child.wait().unwrap();
    assert!(
        !status.success() && began.elapsed() < Duration::from_secs(5),
        "{status}: the second ends at once"
    );
}
