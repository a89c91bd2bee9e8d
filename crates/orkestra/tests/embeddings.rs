//! Vectors from a server, against a small one on loopback.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use orkestra::{
    ErrorKind,
    features::Embedder as _,
    provider::{HttpEmbedder, Key, Timeouts},
};
use serde_json::{Value, json};

/// What the server does with a call.
#[derive(Clone)]
enum Act {
    /// Answers `[length of text, 1]` for each text, the last first.
    Embed,
    /// Answers with this status, these headers and this text.
    Say(u16, &'static str, String),
    /// Takes the call and says nothing.
    Hang,
}

/// A server that acts once for each call, the last act again and again.
struct Server {
    url: String,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Server {
    fn new(acts: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/embeddings", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut acts) = (Arc::clone(&calls), acts.to_vec());
        thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                let act = if acts.len() > 1 { acts.remove(0) } else { acts[0].clone() };
                if let Some(held) = serve(stream.unwrap(), &act, &kept) {
                    silent.push(held);
                }
            }
        });
        Self { url, calls }
    }

    fn embedder(&self, dimensions: Option<usize>) -> orkestra::Result<HttpEmbedder> {
        let key = Key::new("embeddings", "sk-secret").unwrap();
        HttpEmbedder::new(&self.url, "tiny", Some(key), dimensions, Timeouts::default())
    }

    fn calls(&self) -> Vec<(String, Value)> {
        self.calls.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, act: &Act, calls: &Mutex<Vec<(String, Value)>>) -> Option<TcpStream> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    calls.lock().unwrap().push((head, body.clone()));
    let (status, headers, text) = match act {
        Act::Hang => return Some(reader.into_inner()),
        Act::Say(status, headers, text) => (*status, *headers, text.clone()),
        Act::Embed => {
            let texts = body["input"].as_array().unwrap();
            let row = |(index, text): (usize, &Value)| json!({"index": index, "embedding": [text.as_str().unwrap().len(), 1]});
            let rows: Vec<Value> = texts.iter().enumerate().rev().map(row).collect();
            (200, "", json!({"object": "list", "data": rows}).to_string())
        }
    };
    let answer = format!(
        "HTTP/1.1 {status} Said\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    reader.into_inner().write_all(answer.as_bytes()).unwrap();
    None
}

#[test]
fn texts_go_in_batches_and_come_back_in_order_at_unit_length() {
    let server = Server::new(&[Act::Embed]);
    let embedder = server.embedder(None).unwrap();
    assert_eq!(embedder.dimensions(), 2);
    assert!(embedder.is_slow() && embedder.id().ends_with("/v1/embeddings#tiny"), "{embedder:?}");
    let texts: Vec<String> = (0..150).map(|length| "x".repeat(length)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = embedder.embed_all(&texts).unwrap();
    assert_eq!(vectors.len(), 150);
    for (text, embedding) in texts.iter().zip(&vectors) {
        // Empty texts are sent as a space.
        let length = text.len().max(1) as f32;
        let unit = (length * length + 1.0).sqrt();
        assert!((embedding.vector[0] - length / unit).abs() < 1e-6, "{}", text.len());
        assert!((embedding.vector[1] - 1.0 / unit).abs() < 1e-6);
    }
    let calls = server.calls();
    let sizes: Vec<usize> =
        calls.iter().map(|(_, body)| body["input"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [1, 64, 64, 22]);
    for (head, body) in &calls {
        assert!(head.starts_with("POST /v1/embeddings "), "{head}");
        assert!(head.to_lowercase().contains("authorization: bearer sk-secret"), "{head}");
        assert_eq!((&body["model"], &body["encoding_format"]), (&json!("tiny"), &json!("float")));
    }
}

#[test]
fn a_failure_that_may_pass_is_tried_again_and_others_are_not() {
    let busy = || Act::Say(429, "retry-after: 0\r\n", "slow down".to_owned());
    let down = || Act::Say(503, "retry-after: 0\r\n", "down".to_owned());
    let server = Server::new(&[busy(), down(), Act::Embed]);
    assert_eq!(server.embedder(Some(2)).unwrap().embed("abc").unwrap().vector.len(), 2);
    assert_eq!(server.calls().len(), 3);

    let server = Server::new(&[down()]);
    let error = server.embedder(Some(2)).unwrap().embed("abc").unwrap_err();
    assert_eq!((error.kind(), error.status()), (&ErrorKind::Unavailable, Some(503)));
    assert_eq!(server.calls().len(), 3);

    for (status, kind) in [
        (400, ErrorKind::InvalidRequest),
        (401, ErrorKind::Unauthenticated),
        (404, ErrorKind::UnknownModel),
    ] {
        let server = Server::new(&[Act::Say(status, "", "your key sk-secret is wrong".to_owned())]);
        let error = server.embedder(Some(2)).unwrap().embed("abc").unwrap_err();
        assert_eq!(error.kind(), &kind);
        assert_eq!(server.calls().len(), 1, "HTTP {status}");
        let told = format!("{error} {error:?}");
        assert!(!told.contains("sk-secret") && told.contains("your key *** is wrong"), "{told}");
    }
    let patient = Server::new(&[Act::Say(429, "retry-after: 3600\r\n", String::new())]);
    assert!(patient.embedder(Some(2)).unwrap().embed("abc").is_err());
    assert_eq!(patient.calls().len(), 1);
}

#[test]
fn answers_that_are_no_vectors_are_refused() {
    let row =
        |index: usize, numbers: &str| format!(r#"{{"index": {index}, "embedding": {numbers}}}"#);
    let cases = [
        "not JSON".to_owned(),
        "{}".to_owned(),
        r#"{"data": []}"#.to_owned(),
        format!(r#"{{"data": [{}, {}]}}"#, row(0, "[1, 2]"), row(0, "[1, 2]")),
        format!(r#"{{"data": [{}]}}"#, row(1, "[1, 2]")),
        format!(r#"{{"data": [{}]}}"#, row(0, "[1, 2, 3]")),
        format!(r#"{{"data": [{}]}}"#, row(0, "[]")),
        format!(r#"{{"data": [{}]}}"#, row(0, "[1e39, 2]")),
    ];
    for text in cases {
        let server = Server::new(&[Act::Say(200, "", text.clone())]);
        let error = server.embedder(Some(2)).unwrap().embed("abc").unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Unavailable, "{text}");
        assert_eq!(server.calls().len(), 1, "{text}");
    }
    let elsewhere = Server::new(&[Act::Embed]);
    let redirect = Box::leak(format!("location: {}\r\n", elsewhere.url).into_boxed_str());
    let server = Server::new(&[Act::Say(307, redirect, String::new())]);
    assert!(server.embedder(Some(2)).unwrap().embed("abc").is_err());
    assert!(elsewhere.calls().is_empty());
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_beyond_the_deadline() {
    let server = Server::new(&[Act::Hang]);
    let timeouts = Timeouts { total: Duration::from_millis(50), ..Timeouts::default() };
    let embedder = HttpEmbedder::new(&server.url, "tiny", None, Some(2), timeouts).unwrap();
    let error = embedder.embed("abc").unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    assert!(error.to_string().contains("within 0.05 s"), "{error}");
    assert_eq!(server.calls().len(), 1);
    assert!(!server.calls()[0].0.to_lowercase().contains("authorization"));
}

#[test]
fn prompts_and_keys_go_over_https_but_to_this_machine() {
    let refused = |url: &str| {
        let made = HttpEmbedder::new(url, "tiny", None, Some(2), Timeouts::default());
        let error = made.map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Config);
        error.to_string()
    };
    assert!(refused("http://example.com/v1/embeddings").contains("is not HTTPS"));
    assert!(refused("ftp://example.com/v1/embeddings").contains("is not HTTPS"));
    assert!(refused("nowhere").contains("no URL"));
    for secret in ["https://me:hush@example.com/v1", "https://example.com/v1?key=hush"] {
        assert!(!refused(secret).contains("hush"));
    }
    let unnamed = HttpEmbedder::new(
        "https://example.com/v1/embeddings",
        " ",
        None,
        Some(2),
        Timeouts::default(),
    );
    assert!(unnamed.is_err());
}

#[tokio::test]
async fn it_can_be_made_asked_and_dropped_inside_a_runtime() {
    let server = Server::new(&[Act::Embed]);
    let embedder = server.embedder(None).unwrap();
    assert_eq!(embedder.embed("abc").unwrap().vector.len(), 2);
    drop(embedder);
}
