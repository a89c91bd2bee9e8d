//! A registry on loopback that holds the built-in router under another name.

#![allow(
    clippy::allow_attributes,
    reason = "what is not used, and so not expected, varies by test binary"
)]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "it fails tests")]

#[path = "../../../orkestra-registry/tests/support/mod.rs"]
pub mod server;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use serde_json::{Value, json};

use self::server::Server;
use super::support::Home;

/// The file of the router `ours 1.0.0`.
pub const FILE: &str = "ours-1.0.0.safetensors";

/// What it holds: a router that the command can use.
pub static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../orkestra/data/router.safetensors");
    fs::read(path).unwrap()
});

/// The manifest that `orkestra routers publish` writes for it.
static MANIFEST: LazyLock<Value> = LazyLock::new(|| {
    let home = Home::new();
    fs::write(home.path().join(FILE), &*BYTES).unwrap();
    home.run(&["routers", "publish", ".", "--json"]).succeeded().json()["manifest"].clone()
});

/// Serves a registry with `ours 1.0.0`.
pub fn start() -> Server {
    let server = Server::start();
    server.put(FILE, &BYTES);
    server.put("manifest.json", MANIFEST.to_string().as_bytes());
    server
}

/// Serves the same registry with one field of the manifest changed.
pub fn start_with(field: &str, value: &Value) -> Server {
    let server = start();
    let mut manifest = MANIFEST.clone();
    manifest["routers"][0][field] = value.clone();
    server.put("manifest.json", manifest.to_string().as_bytes());
    server
}

pub fn manifest() -> Value {
    json!(&*MANIFEST)
}

/// Where routers lie in a home.
pub fn folder(home: &Home) -> PathBuf {
    home.path().join(".orkestra/routers")
}

/// Files that are in place: no hidden ones.
pub fn in_place(home: &Home) -> Vec<String> {
    let Ok(files) = fs::read_dir(folder(home)) else { return Vec::new() };
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

/// The bytes of the download that is not finished.
pub fn part(home: &Home) -> Option<u64> {
    let files = fs::read_dir(folder(home)).ok()?;
    let part = files
        .map(|file| file.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "part"))?;
    Some(fs::metadata(part).unwrap().len())
}

/// Checks that the next pull brings the router, and that it decides.
pub fn assert_heals(home: &Home, server: &Server) {
    let url = server.url("");
    home.run(&["routers", "pull", "ours", "--registry", &url]).succeeded();
    assert_eq!(part(home), None);
    let verified = home.run(&["routers", "verify", "--json"]).succeeded().json();
    assert_eq!(verified["routers"][0]["name"], "ours");
    assert_eq!(in_place(home).len(), 2, "{:?}", in_place(home));
    home.run(&["route", "--router", "ours", "Name a river"]).succeeded();
}
