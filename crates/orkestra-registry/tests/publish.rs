//! Writing a manifest for a folder.

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

use std::{fs, path::Path};

use fakes::{Fakes, artefact, entry, quick};
use orkestra::ErrorKind;
use orkestra_registry::{Manifest, Registry, Store, Wanted, publish};
use support::Server;

fn file(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).unwrap();
}

#[test]
fn a_folder_that_was_published_can_be_served_and_pulled_from() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (artefact(1, 3000), artefact(2, 4000));
    file(folder.path(), "ours-1.0.0.safetensors", &old);
    file(folder.path(), "ours-1.1.0-rc.1.safetensors", &new);
    file(folder.path(), "my-own.safetensors", &old);
    file(folder.path(), "README.md", b"not a router");
    let made = publish(folder.path(), &Fakes).unwrap();
    let titles: Vec<String> = made.routers.iter().map(|entry| entry.title()).collect();
    assert_eq!(titles, ["my-own 2026.11.25", "ours 1.0.0", "ours 1.1.0-rc.1"]);
    assert_eq!(made.routers[1], entry("ours", "1.0.0", &old));
    let text = fs::read(folder.path().join("manifest.json")).unwrap();
    assert_eq!(Manifest::parse(&text).unwrap(), made);
    publish(folder.path(), &Fakes).unwrap();
    assert_eq!(fs::read(folder.path().join("manifest.json")).unwrap(), text, "the same bytes");

    let server = Server::start();
    server.put_folder(folder.path());
    let home = tempfile::tempdir().unwrap();
    let store = Store::at(home.path());
    let registry = Registry::new(&server.url("manifest.json"), quick()).unwrap();
    for (name, bytes) in [("ours", &new), ("ours@1.0.0", &old), ("my-own", &old)] {
        let wanted = Wanted::parse(name).unwrap();
        let pulled = registry.pull(&store, &wanted, &Fakes, &()).unwrap();
        assert_eq!(store.read(&pulled.router).unwrap(), *bytes, "{name}");
    }
}

#[test]
fn what_was_published_under_a_version_stays_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "ours-1.0.0.safetensors", &artefact(1, 3000));
    publish(folder.path(), &Fakes).unwrap();
    file(folder.path(), "ours-1.0.0.safetensors", &artefact(2, 3000));
    let refused = publish(folder.path(), &Fakes).unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Config);
    assert!(refused.to_string().contains("new version"), "{refused}");
    fs::rename(
        folder.path().join("ours-1.0.0.safetensors"),
        folder.path().join("ours-1.0.1.safetensors"),
    )
    .unwrap();
    assert_eq!(publish(folder.path(), &Fakes).unwrap().routers.len(), 1);
}

#[test]
fn what_cannot_be_published_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let refused = || publish(folder.path(), &Fakes).unwrap_err().to_string();
    assert!(refused().contains("no router file"), "{}", refused());
    for (name, bytes, word) in [
        ("Ours-1.0.0.safetensors", artefact(1, 100), "lower-case"),
        ("our router.safetensors", artefact(1, 100), "letters, digits"),
        ("embedded-1.0.0.safetensors", artefact(1, 100), "part of the program"),
        ("ours-1.0.0.safetensors", b"pickle".to_vec(), "no artefact"),
        ("ours.safetensors", b"3 words-abc yesterday\n".to_vec(), "NAME-1.0.0"),
    ] {
        file(folder.path(), name, &bytes);
        assert!(refused().contains(word) && refused().contains(name), "{}", refused());
        assert!(!folder.path().join("manifest.json").exists());
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    file(folder.path(), "ours-1.0.0.safetensors", &artefact(1, 100));
    file(folder.path(), "manifest.json", b"{}");
    assert!(refused().contains("remove it to start anew"), "{}", refused());
    let missing = publish(&folder.path().join("nowhere"), &Fakes).unwrap_err();
    assert_eq!(*missing.kind(), ErrorKind::Storage);
}
