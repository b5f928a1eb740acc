//! A shop on loopback that does as it is told, misbehaviour included, and remembers who asked what and when.
//!
//! It speaks raw TCP, a thread per connection, so that an answer can be anything: too slow, too long, cut, or no HTTP at
//! all. It closes when dropped.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use url::Url;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// When its head was complete.
    pub(crate) at: Instant,
    /// Counted from 0 in the order of connecting.
    pub(crate) connection: usize,
    /// Path and query.
    pub(crate) path: String,
    /// Everything up to the empty line.
    pub(crate) head: String,
}

impl Request {
    /// A header field's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What to send, piece by piece.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Replaces status, headers and body.
    raw: Option<Vec<Part>>,
    before: Duration,
}

/// A piece of a raw answer.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Bytes(Vec<u8>),
    Pause(Duration),
    /// The same bytes again and again, until the client leaves.
    Forever(Vec<u8>, Duration),
    Close,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), raw: None, before: Duration::ZERO }
    }

    pub(crate) fn html(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).header("Content-Type", "text/html; charset=utf-8").body(body)
    }

    pub(crate) fn text(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).header("Content-Type", "text/plain").body(body)
    }

    pub(crate) fn not_found() -> Self {
        Self::status(404).body("not here")
    }

    pub(crate) fn redirect(location: impl Into<String>) -> Self {
        Self::status(302).header("Location", location)
    }

    pub(crate) fn raw(parts: Vec<Part>) -> Self {
        Self { raw: Some(parts), ..Self::status(200) }
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Waits before the first byte.
    #[must_use]
    pub(crate) fn after(mut self, before: Duration) -> Self {
        self.before = before;
        self
    }

    fn parts(self) -> Vec<Part> {
        let pause = Part::Pause(self.before);
        if let Some(mut parts) = self.raw {
            parts.insert(0, pause);
            return parts;
        }
        let mut head = format!("HTTP/1.1 {} Said\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        head.push_str("\r\n");
        vec![pause, Part::Bytes(head.into_bytes()), Part::Bytes(self.body)]
    }
}

type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

/// The shop.
pub(crate) struct Shop {
    address: SocketAddr,
    inside: Arc<Inside>,
}

struct Inside {
    handler: Box<Handler>,
    log: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    closed: Mutex<bool>,
    closing: Condvar,
}

impl Shop {
    /// Opens on a free port of 127.0.0.1. Without an answer of the handler's own, `/robots.txt` should be
    /// [`Answer::not_found`].
    pub(crate) fn open(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inside = Arc::new(Inside {
            handler: Box::new(handler),
            log: Mutex::new(Vec::new()),
            connections: AtomicUsize::new(0),
            closed: Mutex::new(false),
            closing: Condvar::new(),
        });
        let serving = Arc::clone(&inside);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if *serving.closed.lock().unwrap() {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let connection = serving.connections.fetch_add(1, Ordering::SeqCst);
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.serve(connection, stream));
            }
        });
        Self { address, inside }
    }

    /// A shop that should never be asked anything.
    pub(crate) fn canary() -> Self {
        Self::open(|_| Answer::html("the canary sings"))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    /// Every request so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.inside.log.lock().unwrap().clone()
    }

    /// The paths asked for so far, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.path).collect()
    }

    /// Fails unless the requests came at least `gap` apart. A busy machine notes one some milliseconds late, which
    /// shortens the next gap by as much, so single gaps have some play and their sum has hardly any.
    pub(crate) fn assert_spaced(&self, gap: Duration) {
        let times: Vec<Instant> = self.requests().iter().map(|request| request.at).collect();
        let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(!gaps.is_empty(), "fewer than two requests");
        let count = u32::try_from(gaps.len()).unwrap();
        let sum: Duration = gaps.iter().sum();
        assert!(sum + gap / 2 >= gap * count, "{gaps:?}");
        assert!(gaps.iter().all(|one| *one >= gap / 2), "{gaps:?}");
    }

    /// Connections so far, also those without a request.
    pub(crate) fn connections(&self) -> usize {
        self.inside.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        *self.inside.closed.lock().unwrap() = true;
        self.inside.closing.notify_all();
        // Wakes the listener, which then leaves.
        let _ = TcpStream::connect(self.address);
    }
}

impl Inside {
    fn serve(&self, connection: usize, mut stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        // The client may keep an idle connection; a closed shop does not.
        let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
        let mut pending = Vec::new();
        while let Some(request) = self.next_request(connection, &mut stream, &mut pending) {
            self.log.lock().unwrap().push(request.clone());
            for part in (self.handler)(&request).parts() {
                if !self.send(&mut stream, part) {
                    return;
                }
            }
        }
    }

    fn next_request(
        &self,
        connection: usize,
        stream: &mut TcpStream,
        pending: &mut Vec<u8>,
    ) -> Option<Request> {
        loop {
            if let Some(end) = pending.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head: Vec<u8> = pending.drain(..end + 4).collect();
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                return Some(Request { at: Instant::now(), connection, path, head });
            }
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(read) => pending.extend_from_slice(&chunk[..read]),
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) =>
                {
                    if *self.closed.lock().unwrap() {
                        return None;
                    }
                }
                Err(_) => return None,
            }
        }
    }

    /// False when the connection is over.
    fn send(&self, stream: &mut TcpStream, part: Part) -> bool {
        match part {
            Part::Bytes(bytes) => stream.write_all(&bytes).is_ok(),
            Part::Pause(pause) => self.pause(pause),
            Part::Forever(bytes, pause) => {
                while stream.write_all(&bytes).is_ok() && self.pause(pause) {}
                false
            }
            Part::Close => false,
        }
    }

    /// False when the shop closed meanwhile.
    fn pause(&self, pause: Duration) -> bool {
        if pause.is_zero() {
            return !*self.closed.lock().unwrap();
        }
        let closed = self.closed.lock().unwrap();
        let (closed, _) = self.closing.wait_timeout_while(closed, pause, |closed| !*closed).unwrap();
        !*closed
    }
}
