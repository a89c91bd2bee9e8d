//! Artefacts that are a line of text and a filling, and what waits a short time only.

use std::{fs, path::Path, time::Duration};

use orkestra::{Error, ErrorKind, Result};
use orkestra_registry::{
    Card, Entry, Event, Manifest, Patience, Progress, ReadArtefact, Registry, Store,
};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::support::Server;

/// The file of the router that most tests are about.
pub const FILE: &str = "ours-1.0.0.safetensors";

/// Reads the artefacts of [`artefact`].
pub struct Fakes;

impl ReadArtefact for Fakes {
    fn newest_format(&self) -> u32 {
        3
    }

    fn card(&self, file: &Path) -> Result<Card> {
        let wrong = || Error::new(ErrorKind::Config, "it is no artefact");
        let bytes = fs::read(file).map_err(|_| wrong())?;
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let text = std::str::from_utf8(line).map_err(|_| wrong())?;
        let words: Vec<&str> = text.split(' ').collect();
        let [format, embedder, date] = words[..] else { return Err(wrong()) };
        let format = format.parse().map_err(|_| wrong())?;
        Ok(Card { format, embedder: embedder.to_owned(), date: date.to_owned() })
    }
}

/// A file of `size` bytes, whose filling is made of `seed`.
pub fn artefact(seed: u8, size: usize) -> Vec<u8> {
    let mut bytes = b"3 words-abc 2026-11-25\n".to_vec();
    let filling = (0_usize..).map(|at| (at * 31 + at / 251) as u8 ^ seed);
    bytes.extend(filling.take(size - bytes.len()));
    bytes
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The entry of a router whose file is `bytes`.
pub fn entry(name: &str, version: &str, bytes: &[u8]) -> Entry {
    Entry {
        name: name.to_owned(),
        version: version.parse().unwrap(),
        file: format!("{name}-{version}.safetensors"),
        size: bytes.len() as u64,
        sha256: sha256(bytes),
        embedder: "words-abc".to_owned(),
        date: "2026-11-25".to_owned(),
        minimum_format: 3,
    }
}

/// A server, and a folder to pull into.
pub struct Scene {
    pub server: Server,
    pub home: TempDir,
    pub bytes: Vec<u8>,
}

impl Scene {
    /// A registry that holds the router `ours 1.0.0`.
    pub fn new() -> Self {
        let server = Server::start();
        let bytes = artefact(1, 200_000);
        server.put(FILE, &bytes);
        let scene = Self { server, home: tempfile::tempdir().unwrap(), bytes };
        scene.publish(vec![entry("ours", "1.0.0", &scene.bytes)]);
        scene
    }

    pub fn publish(&self, entries: Vec<Entry>) {
        let manifest = Manifest::new(entries).unwrap();
        self.server.put("manifest.json", &serde_json::to_vec(&manifest).unwrap());
    }

    pub fn store(&self) -> Store {
        Store::at(self.home.path().join("routers"))
    }

    pub fn registry(&self) -> Registry {
        self.patient(quick())
    }

    pub fn patient(&self, patience: Patience) -> Registry {
        Registry::new(&self.server.url(""), patience).unwrap()
    }

    /// Pulls `ours`.
    pub fn pull(&self) -> Result<orkestra_registry::Pulled> {
        self.pull_by(&self.registry())
    }

    pub fn pull_by(&self, registry: &Registry) -> Result<orkestra_registry::Pulled> {
        let wanted = orkestra_registry::Wanted::parse("ours").unwrap();
        registry.pull(&self.store(), &wanted, &Fakes, &())
    }

    /// Checks that nothing is in place, as if nothing had been tried.
    pub fn assert_absent(&self) {
        assert_eq!(self.store().find("ours").unwrap(), None);
        assert_eq!(self.store().names().unwrap(), [""; 0]);
    }

    /// Checks that the next try brings the right file.
    pub fn assert_heals(&self) {
        let pulled = self.pull().unwrap();
        assert_eq!(fs::read(&pulled.router.path).unwrap(), self.bytes);
        assert_eq!(self.store().read(&pulled.router).unwrap(), self.bytes);
        assert!(self.store().verify(&pulled.router, &Fakes).is_ok());
        assert_eq!(self.parts(), [""; 0], "nothing is left over");
    }

    /// What is left of downloads.
    pub fn parts(&self) -> Vec<String> {
        let Ok(files) = fs::read_dir(self.store().folder()) else { return Vec::new() };
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains(".part")).collect()
    }

    /// The ranges that the artefact was asked for in, request by request.
    pub fn ranges(&self) -> Vec<Option<String>> {
        let seen = self.server.seen(FILE);
        seen.iter().map(|seen| seen.header("range").map(str::to_owned)).collect()
    }
}

/// Waits that tests can afford.
pub fn quick() -> Patience {
    Patience {
        connect: Duration::from_secs(5),
        idle: Duration::from_secs(5),
        total: Duration::from_secs(20),
        tries: 3,
        pause: Duration::ZERO,
    }
}

/// What was told of a download, a word each.
#[derive(Default)]
pub struct Told(std::sync::Mutex<Vec<String>>);

impl Told {
    pub fn words(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Progress for Told {
    fn event(&self, event: &Event<'_>) {
        let word = match event {
            Event::Waiting { .. } => "waiting".to_owned(),
            Event::Started { at, size, .. } => format!("started at {at} of {}", size.unwrap()),
            Event::Received { .. } => return,
            Event::Retrying { error, .. } => format!("again after {}", error.kind().name()),
            Event::Finished { size, .. } => format!("finished {size}"),
            other => panic!("{other:?}"),
        };
        self.0.lock().unwrap().push(word);
    }
}
