//! Encoders from a server that speaks like the Hugging Face hub.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]
#![allow(
    clippy::allow_attributes,
    unreachable_pub,
    dead_code,
    clippy::panic,
    reason = "shared with other test binaries, each of which uses a part"
)]

#[path = "support/fakes.rs"]
mod fakes;
mod support;

use std::fs;

use fakes::{Told, artefact, quick, sha256};
use orkestra::ErrorKind;
use orkestra_registry::{Hub, Patience, Snapshot};
use secrecy::SecretString;
use support::{Fault, Served, Server};
use tempfile::TempDir;

const REPOSITORY: &str = "tiny/encoder";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const TOKEN: &str = "hf_hush";

/// The hub, the host that it sends large files from, and a cache.
struct Scene {
    hub: Server,
    files: Server,
    cache: TempDir,
    weights: Vec<u8>,
}

impl Scene {
    /// A hub with an encoder whose weights are `weights`.
    fn new(weights: &str) -> Self {
        let scene = Self::empty();
        scene.small("config.json", b"{\"hidden_size\": 8}");
        scene.small("tokenizer.json", b"{\"model\": {}}");
        scene.large(weights);
        scene
    }

    fn empty() -> Self {
        let cache = tempfile::tempdir().unwrap();
        let weights = artefact(3, 100_000);
        Self { hub: Server::start(), files: Server::start(), cache, weights }
    }

    /// Serves `name` both by branch and by commit, as the hub does.
    fn serve(&self, name: &str, file: &Served) {
        for revision in ["main", COMMIT] {
            self.hub.serve(&resolve(revision, name), file.clone());
        }
    }

    fn small(&self, name: &str, bytes: &[u8]) {
        let etag = Some(format!("\"{:040x}\"", bytes.len()));
        let headers = vec![("x-repo-commit", COMMIT.to_owned())];
        self.serve(name, &Served { bytes: bytes.to_vec(), etag, headers, redirect: None });
    }

    /// A large file lies on another host, and its ETag is its SHA-256.
    fn large(&self, name: &str) {
        self.files.put(name, &self.weights);
        let headers = vec![
            ("x-repo-commit", COMMIT.to_owned()),
            ("x-linked-etag", format!("\"{}\"", sha256(&self.weights))),
            ("x-linked-size", self.weights.len().to_string()),
        ];
        let redirect = Some(self.files.url(name));
        self.serve(name, &Served { headers, redirect, ..Served::default() });
    }

    fn client(&self) -> Hub {
        self.patient(quick())
    }

    fn patient(&self, patience: Patience) -> Hub {
        Hub::new(&self.hub.url(""), self.cache.path().join("hub"), patience).unwrap()
    }

    fn fetch(&self) -> orkestra::Result<Snapshot> {
        self.client().encoder(REPOSITORY, "main", &())
    }
}

fn resolve(revision: &str, name: &str) -> String {
    format!("{REPOSITORY}/resolve/{revision}/{name}")
}

#[test]
fn an_encoder_comes_into_the_hubs_own_cache() {
    let scene = Scene::new("model.safetensors");
    scene.small("1_Pooling/config.json", b"{\"pooling_mode_mean_tokens\": true}");
    let found = scene.fetch().unwrap();
    let home = scene.cache.path().join("hub/models--tiny--encoder");
    assert_eq!(found.folder, home.join("snapshots").join(COMMIT));
    assert_eq!((found.commit.as_str(), found.from_cache), (COMMIT, false));
    assert_eq!(fs::read(&found.weights).unwrap(), scene.weights);
    assert_eq!(fs::read(found.folder.join("config.json")).unwrap(), b"{\"hidden_size\": 8}");
    assert!(found.folder.join("1_Pooling/config.json").is_file());
    assert_eq!(fs::read_to_string(home.join("refs/main")).unwrap(), COMMIT);
    assert_eq!(fs::read(home.join("blobs").join(sha256(&scene.weights))).unwrap(), scene.weights);

    scene.hub.forget();
    let again = scene.fetch().unwrap();
    assert_eq!(again, found);
    let asked: Vec<String> = scene.hub.all_seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(asked, [format!("/{}", resolve("main", "config.json"))], "one question");
    scene.hub.forget();
    let by_commit = scene.client().encoder(REPOSITORY, COMMIT, &()).unwrap();
    assert_eq!(by_commit.folder, found.folder);
    assert_eq!(scene.hub.all_seen().len(), 0, "a commit never changes");
}

#[test]
fn a_repository_that_was_renamed_is_found() {
    let scene = Scene::new("model.safetensors");
    for revision in ["main", COMMIT] {
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            // Below the same host, and without saying anything of the file itself.
            let redirect = Some(format!("/{}", resolve(revision, name)));
            let old = format!("old/name/resolve/{revision}/{name}");
            scene.hub.serve(&old, Served { redirect, ..Served::default() });
        }
    }
    let found = scene.client().encoder("old/name", "main", &()).unwrap();
    assert!(found.folder.ends_with(format!("models--old--name/snapshots/{COMMIT}")));
    assert_eq!(fs::read(found.weights).unwrap(), scene.weights);
    let here =
        Served { redirect: Some("/a/b/resolve/main/config.json".to_owned()), ..Served::default() };
    scene.hub.serve("a/b/resolve/main/config.json", here);
    let endless = scene.client().encoder("a/b", "main", &()).unwrap_err();
    assert_eq!(*endless.kind(), ErrorKind::Config);
}

#[test]
fn plain_numbers_are_preferred_and_a_pickle_is_taken_where_there_is_nothing_else() {
    let scene = Scene::new("pytorch_model.bin");
    assert!(scene.fetch().unwrap().weights.ends_with("pytorch_model.bin"));
    let scene = Scene::new("pytorch_model.bin");
    scene.large("model.safetensors");
    assert!(scene.fetch().unwrap().weights.ends_with("model.safetensors"));
    assert_eq!(scene.files.seen("pytorch_model.bin").len(), 0);
}

#[test]
fn any_of_three_tokenisers_will_do() {
    for files in [&["vocab.json", "merges.txt"][..], &["vocab.txt"]] {
        let scene = Scene::empty();
        scene.small("config.json", b"{}");
        scene.large("model.safetensors");
        // Half of a pair is none.
        scene.small("vocab.json", b"{}");
        let refused = scene.fetch().unwrap_err();
        assert!(
            refused.to_string().contains("vocab.json and merges.txt, or vocab.txt"),
            "{refused}"
        );
        let scene = Scene { cache: tempfile::tempdir().unwrap(), ..scene };
        files.iter().for_each(|file| scene.small(file, b"{\"a\": 0}"));
        let found = scene.fetch().unwrap();
        assert!(files.iter().all(|file| found.folder.join(file).is_file()));
    }
}

#[test]
fn the_token_goes_to_the_hub_alone_and_is_never_shown() {
    let scene = Scene::new("model.safetensors");
    let hub = scene.client().token(SecretString::from(TOKEN));
    hub.encoder(REPOSITORY, "main", &()).unwrap();
    let expected = format!("Bearer {TOKEN}");
    let asked = scene.hub.all_seen();
    assert!(asked.len() > 5);
    assert!(asked.iter().all(|seen| seen.header("authorization") == Some(&expected)));
    let fetched = scene.files.all_seen();
    assert_eq!(fetched.len(), 1);
    assert_eq!(fetched[0].header("authorization"), None);
    assert!(!format!("{hub:?}").contains(TOKEN));

    let scene = Scene::new("model.safetensors");
    scene.hub.fail(&resolve("main", "config.json"), [Fault::Status(401)]);
    let hub = scene.client().token(SecretString::from(TOKEN));
    let refused = hub.encoder(REPOSITORY, "main", &()).unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Unauthenticated);
    assert!(!format!("{refused} {refused:?}").contains(TOKEN));
}

#[test]
fn weights_that_are_cut_go_on_and_wrong_ones_are_not_kept() {
    let scene = Scene::new("model.safetensors");
    scene.files.fail("model.safetensors", [Fault::Cut(40_000)]);
    let told = Told::default();
    let found = scene.client().encoder(REPOSITORY, "main", &told).unwrap();
    assert!(told.words().contains(&"started at 40000 of 100000".to_owned()), "{:?}", told.words());
    assert_eq!(fs::read(found.weights).unwrap(), scene.weights);

    let scene = Scene::new("model.safetensors");
    scene.files.fail("model.safetensors", [Fault::Other(artefact(4, 100_000))]);
    let refused = scene.fetch().unwrap_err();
    assert!(refused.to_string().contains("SHA-256"), "{refused}");
    let offline = scene.client().offline(true).encoder(REPOSITORY, "main", &()).unwrap_err();
    assert!(offline.to_string().contains("offline"), "{offline}");
    assert_eq!(fs::read(scene.fetch().unwrap().weights).unwrap(), scene.weights);
}

#[test]
fn without_a_network_the_cache_serves_and_offline_nobody_is_asked() {
    let scene = Scene::new("model.safetensors");
    let found = scene.fetch().unwrap();
    scene.hub.forget();
    let offline = scene.client().offline(true).encoder(REPOSITORY, "main", &()).unwrap();
    assert_eq!(offline, Snapshot { from_cache: true, ..found.clone() });
    assert_eq!(scene.hub.all_seen().len(), 0);

    let once = Patience { tries: 1, ..quick() };
    scene.hub.fail(&resolve("main", "config.json"), [Fault::Status(503)]);
    let served = scene.patient(once).encoder(REPOSITORY, "main", &()).unwrap();
    assert_eq!(served, offline);

    let unknown = scene.client().offline(true).encoder("tiny/other", "main", &()).unwrap_err();
    assert_eq!(*unknown.kind(), ErrorKind::Config);
    assert!(unknown.to_string().contains("tiny/other"), "{unknown}");
    assert_eq!(scene.hub.seen("tiny/other/resolve/main/config.json").len(), 0);
}

#[test]
fn what_is_no_encoder_and_what_is_no_hub_is_said() {
    let scene = Scene::empty();
    let refused = scene.fetch().unwrap_err();
    assert!(refused.to_string().contains("no config.json"), "{refused}");
    scene.small("config.json", b"{}");
    scene.small("tokenizer.json", b"{}");
    let scene = Scene { cache: tempfile::tempdir().unwrap(), ..scene };
    let refused = scene.fetch().unwrap_err();
    assert!(refused.to_string().contains("model.safetensors, or pytorch_model.bin"), "{refused}");
    scene.hub.put(&resolve("main", "config.json"), b"<html>");
    let refused = scene.fetch().unwrap_err();
    assert!(refused.to_string().contains("like the Hugging Face hub"), "{refused}");
    for (repository, revision) in
        [("../x", "main"), ("a/b/c", "main"), ("", "main"), ("a/b", "../x")]
    {
        let refused = scene.client().encoder(repository, revision, &()).unwrap_err();
        assert!(refused.to_string().contains("expected"), "{refused}");
    }
}

#[test]
fn a_hub_that_names_paths_is_not_followed() {
    let scene = Scene::new("model.safetensors");
    for (commit, etag) in [("../../..", "\"abc\""), (COMMIT, "\"../../x\"")] {
        let headers = vec![("x-repo-commit", commit.to_owned())];
        let etag = Some(etag.to_owned());
        let file = Served { bytes: b"{}".to_vec(), etag, headers, redirect: None };
        scene.hub.serve(&resolve("main", "config.json"), file);
        let refused = scene.fetch().unwrap_err();
        assert!(refused.to_string().contains("names no commit or no ETag"), "{refused}");
    }
    assert!(!scene.cache.path().join("hub").exists());
}
