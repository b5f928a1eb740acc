//! A well-behaved loopback shop for tests of whole crawls: pages by path, a log of what was asked for.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the site answers for one path.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn html(body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type", "text/html; charset=utf-8".to_owned())];
        Self { status: 200, headers, body: body.into() }
    }

    pub(crate) fn not_found() -> Self {
        Self { status: 404, headers: Vec::new(), body: b"not here".to_vec() }
    }
}

type Pages = dyn Fn(&str) -> Answer + Send + Sync;

/// The running site. Dropping it stops it.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    open: Arc<AtomicUsize>,
    closed: Arc<AtomicBool>,
}

impl Site {
    /// Opens a site on a free port.
    pub(crate) fn open(pages: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let closed = Arc::new(AtomicBool::new(false));
        let open = Arc::new(AtomicUsize::new(0));
        let (their_log, their_open, their_closed) =
            (Arc::clone(&log), Arc::clone(&open), Arc::clone(&closed));
        let pages: Arc<Pages> = Arc::new(pages);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if their_closed.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), pages, log) = (stream, Arc::clone(&pages), Arc::clone(&their_log)) else {
                    continue;
                };
                let open = Arc::clone(&their_open);
                open.fetch_add(1, Ordering::SeqCst);
                // A client that goes away in the middle ends its own thread only.
                thread::spawn(move || {
                    drop(serve(stream, &pages, &log));
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, log, open, closed }
    }

    /// An address on the site.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How often each path was asked for.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for path in self.log.lock().unwrap().iter() {
            *counts.entry(path.clone()).or_default() += 1;
        }
        counts
    }

    /// Waits until every connection that was made so far has ended: after a client was killed, what it had sent is then
    /// in the log.
    pub(crate) fn rest(&self) {
        // Connections are accepted in order, so that this one comes after all others.
        let last = TcpStream::connect(self.address).unwrap();
        last.shutdown(std::net::Shutdown::Write).unwrap();
        drop((&last).read(&mut [0]));
        while self.open.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
        }
    }

    /// How many requests came so far.
    pub(crate) fn requests(&self) -> usize {
        self.log.lock().unwrap().len()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is closed.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(stream: TcpStream, pages: &Arc<Pages>, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
        while line.trim_end() != "" {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
        }
        log.lock().unwrap().push(path.clone());
        let answer = pages(&path);
        let mut head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n", answer.status, answer.body.len());
        for (name, value) in &answer.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        out.write_all(format!("{head}\r\n").as_bytes())?;
        out.write_all(&answer.body)?;
    }
}
