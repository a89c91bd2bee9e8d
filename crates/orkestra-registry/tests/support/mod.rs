//! A static server on loopback that can go wrong on demand.

#![allow(
    clippy::allow_attributes,
    reason = "what is not used, and so not expected, varies by test binary"
)]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "it fails tests")]

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use tokio::{net::TcpListener, runtime::Runtime, sync::watch};

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection is closed after so many bytes of the body.
    Cut(usize),
    /// Nothing comes after so many bytes of the body.
    Stall(usize),
    /// After so many bytes of the body, the rest waits for [`Server::release`].
    Hold(usize),
    /// This status, with an empty body.
    Status(u16),
    /// This status and this wait in seconds.
    Wait(u16, u32),
    /// Elsewhere.
    Redirect(String),
    /// The body of a file that changed, under the old name.
    Other(Vec<u8>),
    /// The range is answered with one that begins elsewhere.
    WrongRange,
    /// The range is not heeded.
    Whole,
    /// The length is not told.
    Unmeasured,
}

/// A file that is served.
#[derive(Clone, Debug, Default)]
pub struct Served {
    pub bytes: Vec<u8>,
    pub etag: Option<String>,
    pub headers: Vec<(&'static str, String)>,
    /// Status 302, with the headers above and no body.
    pub redirect: Option<String>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

#[derive(Debug)]
struct Shelf {
    files: Mutex<HashMap<String, Served>>,
    faults: Mutex<HashMap<String, VecDeque<Fault>>>,
    seen: Mutex<Vec<Seen>>,
    released: watch::Sender<bool>,
}

/// A running server; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shelf: Arc<Shelf>,
    _runtime: Runtime,
}

impl Server {
    pub fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let shelf = Arc::new(Shelf {
            files: Mutex::default(),
            faults: Mutex::default(),
            seen: Mutex::default(),
            released: watch::channel(false).0,
        });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(serve).with_state(Arc::clone(&shelf));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { address, shelf, _runtime: runtime }
    }

    /// `http://ADDRESS/PATH`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Serves `bytes` at `path`, with an ETag that stands for them.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        let sum: u64 = bytes.iter().zip(1_u64..).map(|(byte, at)| at * u64::from(*byte)).sum();
        let etag = Some(format!("\"{sum:x}\""));
        self.serve(path, Served { bytes: bytes.to_vec(), etag, ..Served::default() });
    }

    pub fn serve(&self, path: &str, file: Served) {
        self.shelf.files.lock().unwrap().insert(format!("/{path}"), file);
    }

    pub fn take_away(&self, path: &str) {
        self.shelf.files.lock().unwrap().remove(&format!("/{path}")).unwrap();
    }

    /// Serves every file of `folder`.
    pub fn put_folder(&self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            self.put(&name, &std::fs::read(&path).unwrap());
        }
    }

    /// Requests of `path` go wrong one after the other; then all is well again.
    pub fn fail(&self, path: &str, faults: impl IntoIterator<Item = Fault>) {
        self.shelf.faults.lock().unwrap().entry(format!("/{path}")).or_default().extend(faults);
    }

    /// Lets every held answer go on.
    pub fn release(&self) {
        self.shelf.released.send_replace(true);
    }

    /// The requests of `path` so far.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        let path = format!("/{path}");
        self.all_seen().into_iter().filter(|seen| seen.path == path).collect()
    }

    pub fn all_seen(&self) -> Vec<Seen> {
        self.shelf.seen.lock().unwrap().clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shelf.seen.lock().unwrap().clear();
    }
}

async fn serve(State(shelf): State<Arc<Shelf>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let seen = Seen { method: method.clone(), path: path.clone(), headers: headers.clone() };
    shelf.seen.lock().unwrap().push(seen);
    let fault = shelf.faults.lock().unwrap().get_mut(&path).and_then(VecDeque::pop_front);
    let file = shelf.files.lock().unwrap().get(&path).cloned();
    let status = |code: u16| Response::builder().status(code);
    match &fault {
        Some(Fault::Status(code)) => return status(*code).body(Body::empty()).unwrap(),
        Some(Fault::Wait(code, seconds)) => {
            return status(*code).header("retry-after", *seconds).body(Body::empty()).unwrap();
        }
        Some(Fault::Redirect(to)) => {
            return status(302).header("location", to).body(Body::empty()).unwrap();
        }
        _ => {}
    }
    let Some(mut file) = file else { return status(404).body(Body::empty()).unwrap() };
    if let Some(Fault::Other(bytes)) = &fault {
        file.bytes = bytes.clone();
    }
    answer(&shelf, &file, &method, &headers, fault.as_ref())
}

fn answer(
    shelf: &Shelf,
    file: &Served,
    method: &Method,
    headers: &HeaderMap,
    fault: Option<&Fault>,
) -> Response {
    let mut response = Response::builder();
    for (name, value) in &file.headers {
        response = response.header(*name, value);
    }
    if let Some(etag) = &file.etag {
        response = response.header(header::ETAG, etag);
    }
    if let Some(to) = &file.redirect {
        let moved = response.status(StatusCode::FOUND).header(header::LOCATION, to);
        return moved.body(Body::empty()).unwrap();
    }
    let whole = file.bytes.len();
    let (status, start) = match asked_range(headers, file.etag.as_deref()) {
        Some(_) if matches!(fault, Some(Fault::Whole)) => (StatusCode::OK, 0),
        Some(start) if start >= whole => (StatusCode::RANGE_NOT_SATISFIABLE, whole),
        Some(start) => (StatusCode::PARTIAL_CONTENT, start),
        None => (StatusCode::OK, 0),
    };
    response = response.status(status);
    if status == StatusCode::PARTIAL_CONTENT {
        let told = if matches!(fault, Some(Fault::WrongRange)) { start / 2 } else { start };
        let range = format!("bytes {told}-{}/{whole}", whole - 1);
        response = response.header(header::CONTENT_RANGE, range);
    }
    let bytes = Bytes::copy_from_slice(&file.bytes[start..]);
    if !matches!(fault, Some(Fault::Unmeasured)) {
        response = response.header(header::CONTENT_LENGTH, bytes.len());
    }
    if method == Method::HEAD {
        return response.body(Body::empty()).unwrap();
    }
    response.body(body(shelf, bytes, fault)).unwrap()
}

fn body(shelf: &Shelf, bytes: Bytes, fault: Option<&Fault>) -> Body {
    let piece = |count: usize| -> io::Result<Bytes> { Ok(bytes.slice(..count.min(bytes.len()))) };
    match fault {
        Some(Fault::Cut(count)) => {
            // What was said before is on its way only when nothing more is at hand.
            let cut = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::Error::other("cut on demand"))
            });
            Body::from_stream(stream::iter([piece(*count)]).chain(cut))
        }
        Some(Fault::Stall(count)) => {
            Body::from_stream(stream::iter([piece(*count)]).chain(stream::pending()))
        }
        Some(Fault::Hold(count)) => {
            let rest: io::Result<Bytes> = Ok(bytes.slice(*count..));
            let mut released = shelf.released.subscribe();
            let held = stream::once(async move {
                let _ = released.wait_for(|released| *released).await;
                rest
            });
            Body::from_stream(stream::iter([piece(*count)]).chain(held))
        }
        Some(Fault::Unmeasured) => {
            Body::from_stream(stream::iter([Ok::<_, io::Error>(bytes.clone())]))
        }
        _ => Body::from(bytes),
    }
}

/// The first byte that is asked for, unless the file is another one than the caller believes.
fn asked_range(headers: &HeaderMap, etag: Option<&str>) -> Option<usize> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let start = text("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()?;
    match text("if-range") {
        Some(wanted) if Some(wanted) != etag => None,
        _ => Some(start),
    }
}
