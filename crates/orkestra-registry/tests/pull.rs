//! Pulling routers from a registry when all is well.

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

use std::{fs, thread};

use fakes::{FILE, Fakes, Scene, Told, artefact, entry, quick};
use orkestra::ErrorKind;
use orkestra_registry::{Registry, Store, Wanted};

#[test]
fn a_router_is_brought_checked_and_named_by_its_receipt() {
    let scene = Scene::new();
    let told = Told::default();
    let wanted = Wanted::parse("ours").unwrap();
    let pulled = scene.registry().pull(&scene.store(), &wanted, &Fakes, &told).unwrap();
    assert!(pulled.fetched);
    assert_eq!(told.words(), ["started at 0 of 200000", "finished 200000"]);
    assert_eq!(scene.store().names().unwrap(), ["ours"]);
    let found = scene.store().find("ours").unwrap().unwrap();
    assert_eq!(found, pulled.router);
    let receipt = found.receipt.clone().unwrap();
    assert_eq!(receipt.entry, entry("ours", "1.0.0", &scene.bytes));
    assert_eq!(receipt.registry, scene.server.url(""));
    assert_eq!(scene.store().read(&found).unwrap(), scene.bytes);
    assert_eq!(scene.parts(), [""; 0]);
}

#[test]
fn what_is_there_and_right_is_not_fetched_again() {
    let scene = Scene::new();
    assert!(scene.pull().unwrap().fetched);
    assert!(!scene.pull().unwrap().fetched);
    assert_eq!(scene.server.seen(FILE).len(), 1);
}

#[test]
fn what_was_changed_on_the_disk_is_refused_at_load_and_healed_by_the_next_pull() {
    let scene = Scene::new();
    let router = scene.pull().unwrap().router;
    let receipt_path = scene.store().folder().join("ours.json");
    for change in [&scene.bytes[..1000], &artefact(9, 200_000)[..]] {
        fs::write(&router.path, change).unwrap();
        for refused in [
            scene.store().read(&router).unwrap_err(),
            scene.store().verify(&router, &Fakes).unwrap_err(),
        ] {
            assert_eq!(*refused.kind(), ErrorKind::Config);
            assert!(refused.to_string().contains("was changed"), "{refused}");
            assert!(refused.to_string().contains("pull the router ours again"), "{refused}");
        }
        scene.assert_heals();
    }
    fs::remove_file(&router.path).unwrap();
    assert!(scene.store().read(&router).unwrap_err().to_string().contains("is gone"));
    scene.assert_heals();
    fs::write(&receipt_path, "{").unwrap();
    let refused = scene.store().find("ours").unwrap_err();
    assert!(refused.to_string().contains("ours.json is damaged"), "{refused}");
    scene.assert_heals();
}

#[test]
fn a_new_version_replaces_the_old_one_and_an_old_one_can_be_named() {
    let scene = Scene::new();
    let old = scene.pull().unwrap().router;
    let newer = artefact(2, 50_000);
    scene.server.put("ours-1.1.0.safetensors", &newer);
    scene.publish(vec![entry("ours", "1.0.0", &scene.bytes), entry("ours", "1.1.0", &newer)]);
    let pulled = scene.pull().unwrap();
    assert!(pulled.fetched);
    assert_eq!(scene.store().read(&pulled.router).unwrap(), newer);
    assert!(!old.path.exists(), "the old file is removed");
    let wanted = Wanted::parse("ours@1.0.0").unwrap();
    let back = scene.registry().pull(&scene.store(), &wanted, &Fakes, &()).unwrap();
    assert_eq!(scene.store().read(&back.router).unwrap(), scene.bytes);
    assert_eq!(scene.store().names().unwrap(), ["ours"]);
}

#[test]
fn many_at_once_fetch_once() {
    let scene = Scene::new();
    let fetched: Vec<bool> = thread::scope(|scope| {
        let pulls: Vec<_> = (0..8).map(|_| scope.spawn(|| scene.pull().unwrap().fetched)).collect();
        pulls.into_iter().map(|pull| pull.join().unwrap()).collect()
    });
    assert_eq!(fetched.iter().filter(|fetched| **fetched).count(), 1, "{fetched:?}");
    assert_eq!(scene.server.seen(FILE).len(), 1);
    scene.assert_heals();
}

#[test]
fn removing_takes_file_receipt_and_parts_of_that_router_alone() {
    let scene = Scene::new();
    scene.pull().unwrap();
    let (store, folder) = (scene.store(), scene.store().folder().to_owned());
    fs::write(folder.join(".ours@2.0.0-abc.safetensors.part"), "half").unwrap();
    fs::write(folder.join("ours-too.safetensors"), "another").unwrap();
    assert_eq!(store.names().unwrap(), ["ours", "ours-too"]);
    let removed = store.remove("ours", &()).unwrap();
    assert_eq!(removed.len(), 2, "{removed:?}");
    assert_eq!(scene.parts(), [""; 0]);
    assert_eq!(store.names().unwrap(), ["ours-too"]);
    assert_eq!(store.find("ours").unwrap(), None);
    assert_eq!(store.remove("ours", &()).unwrap(), [""; 0].map(std::path::PathBuf::from));
    let built = store.find("ours-too").unwrap().unwrap();
    assert_eq!(built.receipt, None);
}

#[test]
fn an_address_must_be_encrypted_or_of_this_machine() {
    for good in
        ["https://routers.example.com", "http://127.0.0.1:1/x/", "http://[::1]:1/manifest.json"]
    {
        assert!(Registry::new(good, quick()).is_ok(), "{good}");
    }
    for (bad, word) in [
        ("http://routers.example.com/v1", "plain HTTP"),
        ("http://127.0.0.1.example.com/", "plain HTTP"),
        ("ftp://routers.example.com/v1", "HTTPS"),
        ("routers", "not a URL"),
        ("https://me:hush@routers.example.com/", "password"),
        ("https://routers.example.com/?key=hush", "query"),
    ] {
        let refused = Registry::new(bad, quick()).unwrap_err();
        assert_eq!(*refused.kind(), ErrorKind::Config);
        assert!(refused.to_string().contains(word), "{bad}: {refused}");
        assert!(!format!("{refused} {refused:?}").contains("hush"), "{refused:?}");
    }
}

#[test]
fn names_are_no_paths() {
    let store = Store::at("/nowhere");
    for bad in ["../x", "a/b", "", "A", "1a", ".a", "embedded", &"a".repeat(65)] {
        assert!(store.find(bad).is_err(), "{bad:?}");
        assert!(Wanted::parse(bad).is_err(), "{bad:?}");
    }
    assert!(Wanted::parse("a@new").unwrap_err().to_string().contains("1.2.0"));
}
