//! Pulling routers when something goes wrong: never a broken file in place, always a clear message, and the next try
//! heals.

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

use std::{fs, time::Duration};

use fakes::{FILE, Fakes, Scene, Told, artefact, entry, quick, sha256};
use orkestra::{Error, ErrorKind};
use orkestra_registry::{Patience, Wanted};
use support::Fault;

/// Pulls, which must fail with `kind` and all of `words`, and leave nothing in place.
fn refused(scene: &Scene, kind: &ErrorKind, words: &[&str]) -> Error {
    refused_by(scene, quick(), kind, words)
}

fn refused_by(scene: &Scene, patience: Patience, kind: &ErrorKind, words: &[&str]) -> Error {
    let error = scene.pull_by(&scene.patient(patience)).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word:?} is missing: {error}");
    }
    scene.assert_absent();
    error
}

fn once() -> Patience {
    Patience { tries: 1, ..quick() }
}

#[test]
fn a_cut_download_goes_on_where_it_stopped() {
    let scene = Scene::new();
    scene.server.fail(FILE, [Fault::Cut(60_000), Fault::Cut(50_000)]);
    let told = Told::default();
    let wanted = Wanted::parse("ours").unwrap();
    scene.registry().pull(&scene.store(), &wanted, &Fakes, &told).unwrap();
    assert_eq!(
        told.words(),
        [
            "started at 0 of 200000",
            "again after unavailable",
            "started at 60000 of 200000",
            "again after unavailable",
            "started at 110000 of 200000",
            "finished 200000"
        ]
    );
    let etag = scene.server.seen(FILE)[1].header("if-range").unwrap().to_owned();
    assert!(etag.starts_with('"'), "{etag}");
    scene.assert_heals();
}

#[test]
fn a_download_that_stays_cut_says_how_far_it_is_and_goes_on_the_next_time() {
    let scene = Scene::new();
    scene.server.fail(FILE, [Fault::Cut(50_000), Fault::Cut(50_000), Fault::Cut(50_000)]);
    refused(&scene, &ErrorKind::Unavailable, &["ours 1.0.0", "cut", "127.0.0.1"]);
    assert_eq!(fs::metadata(part(&scene)).unwrap().len(), 150_000);
    scene.server.forget();
    scene.assert_heals();
    assert_eq!(scene.ranges(), [Some("bytes=150000-".to_owned())]);
}

#[test]
fn an_unmeasured_answer_that_ends_early_is_a_cut() {
    let scene = Scene::new();
    let half = scene.bytes[..100_000].to_vec();
    scene.server.put(FILE, &half);
    scene.server.fail(FILE, [Fault::Unmeasured]);
    let words = ["cut after 100000 of 200000 bytes", "goes on from it"];
    refused_by(&scene, once(), &ErrorKind::Unavailable, &words);
    scene.server.put(FILE, &scene.bytes);
    scene.assert_heals();
}

#[test]
fn a_server_without_ranges_sends_it_whole() {
    let scene = Scene::new();
    scene.server.fail(FILE, [Fault::Cut(60_000), Fault::Whole]);
    scene.assert_heals();
    assert_eq!(scene.ranges(), [None, Some("bytes=60000-".to_owned())]);
}

#[test]
fn a_range_that_was_not_asked_for_is_not_used() {
    let scene = Scene::new();
    scene.server.fail(FILE, [Fault::Cut(60_000), Fault::WrongRange]);
    scene.assert_heals();
    assert_eq!(scene.ranges(), [None, Some("bytes=60000-".to_owned()), None]);
}

#[test]
fn a_file_that_changed_in_between_is_not_mixed_with_the_old_one() {
    let scene = Scene::new();
    // The first bytes are another file's, under an ETag that the server does not know any more.
    scene.server.put(FILE, &artefact(7, 200_000));
    scene.server.fail(FILE, [Fault::Cut(60_000)]);
    refused_by(&scene, once(), &ErrorKind::Unavailable, &[]);
    scene.server.put(FILE, &scene.bytes);
    scene.assert_heals();
}

#[test]
fn a_part_of_other_bytes_is_found_out_and_fetched_anew() {
    let scene = Scene::new();
    let store = scene.store();
    fs::create_dir_all(store.folder()).unwrap();
    for (case, bytes) in [vec![0; 120_000], vec![0; 200_000], vec![0; 300_000]].iter().enumerate() {
        fs::write(part(&scene), bytes).unwrap();
        scene.assert_heals();
        assert_eq!(scene.server.seen(FILE).len(), [2, 1, 1][case]);
        scene.server.forget();
        store.remove("ours", &()).unwrap();
    }
}

#[test]
fn a_part_that_is_whole_needs_no_network_for_the_file() {
    let scene = Scene::new();
    fs::create_dir_all(scene.store().folder()).unwrap();
    fs::write(part(&scene), &scene.bytes).unwrap();
    scene.assert_heals();
    assert_eq!(scene.ranges(), [None; 0]);
}

#[test]
fn a_wrong_hash_is_refused_and_nothing_of_it_is_kept() {
    let scene = Scene::new();
    let other = artefact(5, 200_000);
    scene.server.put(FILE, &other);
    let (found, expected) = (sha256(&other), sha256(&scene.bytes));
    refused(&scene, &ErrorKind::Config, &["SHA-256", &found, &expected, "nothing was kept"]);
    assert_eq!(scene.parts(), [""; 0]);
    assert_eq!(scene.server.seen(FILE).len(), 1, "the same file would come again");
    scene.server.put(FILE, &scene.bytes);
    scene.assert_heals();
}

#[test]
fn a_wrong_size_is_refused_whether_it_is_told_or_not() {
    for size in [100_000, 300_000] {
        let scene = Scene::new();
        scene.server.put(FILE, &artefact(1, size));
        let words = [&size.to_string()[..], "expected 200000"];
        refused(&scene, &ErrorKind::Config, &words);
        assert_eq!(scene.parts(), [""; 0]);
        assert_eq!(scene.server.seen(FILE).len(), 1);
        scene.server.put(FILE, &scene.bytes);
        scene.assert_heals();
    }
    let scene = Scene::new();
    scene.server.put(FILE, &artefact(1, 300_000));
    scene.server.fail(FILE, [Fault::Unmeasured]);
    refused(&scene, &ErrorKind::Config, &["more than", "expected 200000"]);
    scene.server.put(FILE, &scene.bytes);
    scene.assert_heals();
}

#[test]
fn what_is_not_the_embedder_or_format_it_should_be_is_refused() {
    for (line, word) in [
        ("3 letters-def 2026-11-25\n", "embedder letters-def"),
        ("2 words-abc 2026-11-25\n", "format 2"),
        ("pickle\n", "no artefact"),
    ] {
        let scene = Scene::new();
        let mut wrong = line.as_bytes().to_vec();
        wrong.extend([0; 1000]);
        scene.server.put(FILE, &wrong);
        scene.publish(vec![entry("ours", "1.0.0", &wrong)]);
        refused(&scene, &ErrorKind::Config, &["ours 1.0.0", "was not kept", word]);
        assert_eq!(scene.parts(), [""; 0]);
        scene.server.put(FILE, &scene.bytes);
        scene.publish(vec![entry("ours", "1.0.0", &scene.bytes)]);
        scene.assert_heals();
    }
}

#[test]
fn what_is_not_there_is_said_at_once() {
    let scene = Scene::new();
    scene.server.take_away(FILE);
    let error = refused(&scene, &ErrorKind::Config, &["ours 1.0.0", "404", "not there"]);
    assert_eq!(error.status(), Some(404));
    assert_eq!(scene.server.seen(FILE).len(), 1);
    scene.server.put(FILE, &scene.bytes);
    scene.assert_heals();

    let scene = Scene::new();
    scene.server.take_away("manifest.json");
    refused(&scene, &ErrorKind::Config, &["manifest", "404"]);
    scene.server.put("manifest.json", b"<html>Welcome</html>");
    refused(&scene, &ErrorKind::Config, &["manifest cannot be read", "127.0.0.1"]);
    scene.server.put("manifest.json", &vec![b' '; 5 << 20]);
    refused(&scene, &ErrorKind::Config, &["larger than"]);
    scene.publish(vec![entry("other", "1.0.0", &scene.bytes)]);
    refused(&scene, &ErrorKind::Config, &["no router \"ours\"", "it has other"]);
    scene.publish(vec![entry("ours", "1.0.0", &scene.bytes)]);
    scene.assert_heals();
}

#[test]
fn a_failing_server_is_asked_again_and_then_named() {
    let scene = Scene::new();
    let faults = [Fault::Status(500), Fault::Wait(503, 0)];
    scene.server.fail(FILE, faults.clone());
    scene.server.fail("manifest.json", faults);
    scene.assert_heals();
    assert_eq!(scene.server.seen(FILE).len(), 3);

    let scene = Scene::new();
    scene.server.fail(FILE, [500, 502, 503].map(Fault::Status));
    let error = refused(&scene, &ErrorKind::Unavailable, &["503", "try again later"]);
    assert_eq!(error.status(), Some(503));
    scene.server.fail(FILE, [Fault::Status(403)]);
    refused(&scene, &ErrorKind::Unauthenticated, &["403"]);
    scene.assert_heals();
}

#[test]
fn a_server_that_falls_silent_is_given_up() {
    let scene = Scene::new();
    let hurry = Patience { idle: Duration::from_millis(200), tries: 1, ..quick() };
    scene.server.fail(FILE, [Fault::Stall(30_000)]);
    let words = ["sent nothing for 0.2 s", "127.0.0.1"];
    refused_by(&scene, hurry, &ErrorKind::Timeout, &words);
    scene.server.forget();
    scene.assert_heals();
    assert_eq!(scene.ranges(), [Some("bytes=30000-".to_owned())]);
}

#[test]
fn a_manifest_has_the_same_deadlines() {
    let scene = Scene::new();
    for (patience, word) in [
        (Patience { idle: Duration::from_millis(200), ..once() }, "sent nothing for 0.2 s"),
        (Patience { total: Duration::from_millis(200), ..once() }, "within 0.2 s"),
    ] {
        scene.server.fail("manifest.json", [Fault::Stall(10)]);
        refused_by(&scene, patience, &ErrorKind::Timeout, &["manifest", word]);
    }
    scene.assert_heals();
}

#[test]
fn a_download_has_a_deadline_as_a_whole() {
    let scene = Scene::new();
    let hurry = Patience { total: Duration::from_millis(200), ..quick() };
    scene.server.fail(FILE, [Fault::Stall(30_000)]);
    let words = ["within 0.2 s", "the next try goes on from it"];
    refused_by(&scene, hurry, &ErrorKind::Timeout, &words);
    scene.assert_heals();
}

#[test]
fn no_redirect_leads_out_of_encryption() {
    for to in ["http://routers.example.com/x", "http://192.0.2.1/x", "ftp://127.0.0.1/x"] {
        for path in [FILE, "manifest.json"] {
            let scene = Scene::new();
            scene.server.fail(path, [Fault::Redirect(to.to_owned())]);
            let host = to.split('/').nth(2).unwrap();
            refused(&scene, &ErrorKind::Config, &["without encryption", host, "127.0.0.1:"]);
            assert_eq!(scene.server.seen(path).len(), 1);
            scene.assert_heals();
        }
    }
}

#[test]
fn a_redirect_on_this_machine_is_followed_and_an_endless_one_is_not() {
    let scene = Scene::new();
    let elsewhere = Scene::new();
    scene.server.fail(FILE, [Fault::Redirect(elsewhere.server.url(FILE))]);
    scene.assert_heals();
    assert_eq!(elsewhere.server.seen(FILE).len(), 1);

    let scene = Scene::new();
    let here = Fault::Redirect(scene.server.url(FILE));
    scene.server.fail(FILE, vec![here; 6]);
    refused(&scene, &ErrorKind::Config, &["redirects more than 5 times", "loop"]);
    scene.assert_heals();
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let scene = Scene::new();
    // A port that was free a moment ago.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let address = format!("http://127.0.0.1:{port}/");
    let registry = orkestra_registry::Registry::new(&address, quick()).unwrap();
    let told = Told::default();
    let wanted = Wanted::parse("ours").unwrap();
    let error = registry.pull(&scene.store(), &wanted, &Fakes, &told).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("could not be reached"), "{error}");
    assert_eq!(told.words(), [""; 0], "who is offline does not wait for more tries");
    scene.assert_absent();
    scene.assert_heals();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_what_is_there_and_says_so() {
    let scene = Scene::new();
    fs::create_dir_all(scene.store().folder()).unwrap();
    // A device on which there is never room.
    std::os::unix::fs::symlink("/dev/full", part(&scene)).unwrap();
    refused(&scene, &ErrorKind::Storage, &["No space left", "of 200000 bytes", "make room"]);
    assert_eq!(scene.server.seen(FILE).len(), 1, "room does not come by itself");
    fs::remove_file(part(&scene)).unwrap();
    scene.assert_heals();
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let scene = Scene::new();
    fs::write(scene.home.path().join("routers"), "a file").unwrap();
    let error = scene.pull().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("routers cannot be made"), "{error}");
    assert_eq!(scene.server.seen(FILE).len(), 0, "it is known before anything is fetched");
    fs::remove_file(scene.home.path().join("routers")).unwrap();
    scene.assert_heals();
}

#[test]
fn a_failed_update_leaves_the_old_version_in_use() {
    let scene = Scene::new();
    let old = scene.pull().unwrap().router;
    let newer = artefact(2, 150_000);
    scene.server.put("ours-1.1.0.safetensors", &artefact(3, 150_000));
    scene.publish(vec![entry("ours", "1.0.0", &scene.bytes), entry("ours", "1.1.0", &newer)]);
    assert_eq!(*scene.pull().unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(scene.store().find("ours").unwrap(), Some(old.clone()));
    assert_eq!(scene.store().read(&old).unwrap(), scene.bytes);
    scene.server.put("ours-1.1.0.safetensors", &newer);
    assert_eq!(scene.store().read(&scene.pull().unwrap().router).unwrap(), newer);
}

#[test]
fn whatever_step_a_process_ends_at_the_next_pull_heals() {
    let scene = Scene::new();
    let router = scene.pull().unwrap().router;
    let folder = scene.store().folder().to_owned();
    // Between the renames of file and receipt, in the middle of writing the receipt.
    fs::remove_file(folder.join("ours.json")).unwrap();
    fs::write(folder.join(".ours.json.4711.part"), "{\"registry\"").unwrap();
    scene.assert_absent();
    scene.assert_heals();
    // Between the rename of the receipt and the removal of the version that it replaces.
    let newer = artefact(2, 50_000);
    scene.server.put("ours-1.1.0.safetensors", &newer);
    scene.publish(vec![entry("ours", "1.1.0", &newer)]);
    scene.pull().unwrap();
    fs::write(&router.path, &scene.bytes).unwrap();
    let now = scene.store().find("ours").unwrap().unwrap();
    assert_eq!(scene.store().read(&now).unwrap(), newer);
    // In the middle of a removal.
    fs::remove_file(folder.join("ours.json")).unwrap();
    scene.assert_absent();
    scene.publish(vec![entry("ours", "1.0.0", &scene.bytes)]);
    scene.assert_heals();
}

/// Where the download of `ours 1.0.0` grows.
fn part(scene: &Scene) -> std::path::PathBuf {
    let hash = &sha256(&scene.bytes)[..12];
    scene.store().folder().join(format!(".ours@1.0.0-{hash}.safetensors.part"))
}
