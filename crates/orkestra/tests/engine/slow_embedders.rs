//! Embedders that wait, as a transformer or a server does.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use orkestra::{
    Error, ErrorKind, Result, Settings,
    features::{Embedder, Embedding},
};

use crate::support::{Bench, easy};

/// Embeds once it is told to; without being told it fails.
#[derive(Debug)]
struct Waiting(Mutex<mpsc::Receiver<()>>);

impl Embedder for Waiting {
    fn id(&self) -> &str {
        "waiting"
    }
    fn dimensions(&self) -> usize {
        1
    }
    fn embed(&self, _: &str) -> Result<Embedding> {
        let told = self.0.lock().unwrap().recv_timeout(Duration::from_secs(20));
        let told = told.map_err(|_| Error::new(ErrorKind::Timeout, "nobody told it to embed"));
        told.map(|()| Embedding { vector: vec![1.0], tokens: Vec::new() })
    }
    fn is_slow(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn while_an_embedder_waits_others_go_on() {
    let bench = Bench::new().await;
    let (tell, told) = mpsc::channel();
    let embedder = Arc::new(Waiting(Mutex::new(told)));
    let provider = bench.provider_with("openai", Settings { embedder, ..bench.settings(easy()) });
    // The runtime has one thread: were the embedder to wait on it, nobody could tell it.
    let (response, ()) = tokio::join!(biased; provider.chat("Say hello."), async {
        tell.send(()).unwrap();
    });
    assert!(response.unwrap().text.contains("simulated"));
}

#[tokio::test]
async fn an_embedder_that_fails_fails_the_call_and_nothing_is_spent() {
    let bench = Bench::new().await;
    let (tell, told) = mpsc::channel();
    drop(tell);
    let embedder = Arc::new(Waiting(Mutex::new(told)));
    let settings = Settings { embedder, ..bench.settings(easy()) };
    let provider = bench.provider_with("openai", settings.clone());
    let error = provider.chat("Say hello.").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string()),
        (&ErrorKind::Timeout, "nobody told it to embed".to_owned())
    );
    assert!(provider.route("Say hello.").is_err());
    assert!(bench.entries(&settings).await.is_empty());
}
