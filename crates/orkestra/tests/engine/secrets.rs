//! The key appears nowhere.

use std::{
    io,
    sync::{Arc, Mutex},
};

use orkestra::{Provider, Settings, ledger::Recorder};
use orkestra_simulator::{Fault, FaultKind};

use crate::support::{Bench, WAIT, easy};

/// Not like any real key, so that finding it proves a leak.
const SECRET: &str = "zq-SECRET-9b1d77aa50c3";

/// Everything that any library logs, at the most talkative level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_shows_the_key() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // The test's runtime has one thread, so this hears the HTTP libraries' tasks too.
    let _heard = tracing::subscriber::set_default(subscriber);
    let bench = Bench::new().await;
    for name in ["google", "anthropic", "openai"] {
        let builder = Provider::builder(name).key(SECRET).base_url(bench.simulator.base_url(name));
        let provider = builder.settings(bench.settings(easy())).build().unwrap();
        provider.chat("Say hello.").await.unwrap();
        provider.stream("Say hello.").await.unwrap().response().await.unwrap();
        bench.simulator.push_fault(Fault::new(FaultKind::Unauthenticated).times(3));
        provider.chat("Say hello.").await.unwrap_err();
        bench.simulator.clear();
    }
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("hyper") || log.contains("reqwest"), "nothing was heard: {log}");
    assert!(!log.contains(SECRET), "{log}");
}

#[tokio::test]
async fn no_answer_error_or_debug_print_shows_the_key() {
    let bench = Bench::new().await;
    let mut said = String::new();
    for name in ["google", "anthropic", "openai"] {
        let builder = Provider::builder(name).key(SECRET).base_url(bench.simulator.base_url(name));
        said += &format!("{builder:?}");
        let provider = builder.settings(bench.settings(easy())).build().unwrap();
        said += &format!("{provider:?}");
        said += &format!("{:?}", provider.route("Say hello.").unwrap());
        said += &serde_json::to_string(&provider.chat("Say hello.").await.unwrap()).unwrap();
        for kind in [
            FaultKind::Unauthenticated,
            FaultKind::Html(502),
            FaultKind::Cut,
            FaultKind::BadRequest,
            FaultKind::Malformed,
        ] {
            bench.simulator.push_fault(Fault::new(kind).times(3));
            if let Err(error) = provider.chat("Say hello.").await {
                said += &format!("{error} {error:?}");
            }
            bench.simulator.clear();
        }
        bench.simulator.push_fault(Fault::new(FaultKind::StreamError));
        let mut stream = provider.stream("Say hello.").await.unwrap();
        said += &format!("{stream:?}");
        while let Some(piece) = stream.next_text().await {
            if let Err(error) = piece {
                said += &format!("{error} {error:?}");
            }
        }
    }
    assert!(
        bench
            .simulator
            .requests()
            .iter()
            .any(|sent| sent.headers.values().any(|value| value.contains(SECRET)))
    );
    assert!(!said.contains(SECRET), "{said}");
}

#[tokio::test]
async fn no_byte_of_the_ledger_shows_the_key() {
    let bench = Bench::new().await;
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::sqlite(folder.path().join("ledger.db"));
    let settings = Settings { recorder: recorder.clone(), ..bench.settings(easy()) };
    let builder =
        Provider::builder("openai").key(SECRET).base_url(bench.simulator.base_url("openai"));
    let provider = builder.settings(settings).build().unwrap();
    provider.chat("Say hello.").await.unwrap();
    assert!(recorder.flush(WAIT).await.is_empty());
    let mut bytes = 0;
    let mut folders = vec![folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let content = std::fs::read(&path).unwrap();
            bytes += content.len();
            let leak = content.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
            assert!(!leak, "{} holds the key", path.display());
        }
    }
    assert!(bytes > 0, "the ledger wrote nothing, so the test saw nothing");
}
