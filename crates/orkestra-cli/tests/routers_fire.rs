//! Downloads of whole processes: killed, two at once, without room, without rights.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]
#![allow(
    clippy::allow_attributes,
    clippy::panic,
    reason = "shared with other test binaries, each of which uses a part"
)]

mod registry;
mod support;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    process::{Child, Command, Stdio},
};

use registry::{BYTES, FILE, assert_heals, in_place, part, server};
use serde_json::Value;
use server::{Fault, Server};
use support::{Home, finish};

/// A pull of `ours`, begun.
fn pull(home: &Home, server: &Server) -> Child {
    support::start(&mut command(home, server))
}

fn command(home: &Home, server: &Server) -> Command {
    home.command(&["routers", "pull", "ours", "--json", "--registry", &server.url("")])
}

/// Reads what `child` says on standard error, until a line fulfils `wanted`.
fn wait_for(child: &mut Child, wanted: impl Fn(&Value) -> bool) {
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    let found = lines.any(|line| wanted(&serde_json::from_str(&line.unwrap()).unwrap()));
    assert!(found, "it ended before it said so");
}

fn is_half(line: &Value) -> bool {
    line["progress"]["bytes"].as_u64().is_some_and(|bytes| bytes >= BYTES.len() as u64 / 2)
}

#[test]
fn a_killed_download_leaves_nothing_in_place_and_the_next_one_goes_on() {
    let (home, server) = (Home::new(), registry::start());
    server.fail(FILE, [Fault::Stall(BYTES.len() / 2 + 1000)]);
    let mut killed = pull(&home, &server);
    wait_for(&mut killed, is_half);
    killed.kill().unwrap();
    assert!(!killed.wait().unwrap().success());
    assert_eq!(in_place(&home), [""; 0]);
    let kept = part(&home).unwrap();
    assert!(kept >= BYTES.len() as u64 / 2, "{kept}");
    server.forget();
    assert_heals(&home, &server);
    let range = format!("bytes={kept}-");
    assert_eq!(server.seen(FILE)[0].header("range"), Some(&*range));
}

#[test]
fn a_killed_update_leaves_the_old_version_in_use() {
    let (home, server) = (Home::new(), registry::start());
    assert_heals(&home, &server);
    let mut manifest = registry::manifest();
    manifest["routers"][0]["version"] = "1.1.0".into();
    server.put("manifest.json", manifest.to_string().as_bytes());
    server.fail(FILE, [Fault::Stall(BYTES.len() / 2 + 1000)]);
    let mut killed = pull(&home, &server);
    wait_for(&mut killed, is_half);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(in_place(&home).len(), 2);
    home.run(&["routers", "verify"]).succeeded();
    home.run(&["route", "--router", "ours@1.0.0", "Name a river"]).succeeded();
    assert_heals(&home, &server);
    home.run(&["route", "--router", "ours@1.1.0", "Name a river"]).succeeded();
}

#[test]
fn of_two_at_once_one_downloads_and_the_other_waits() {
    let (home, server) = (Home::new(), registry::start());
    server.fail(FILE, [Fault::Hold(BYTES.len() / 2 + 1000)]);
    let mut first = pull(&home, &server);
    wait_for(&mut first, is_half);
    let mut second = pull(&home, &server);
    wait_for(&mut second, |line| {
        line["note"].as_str().is_some_and(|note| note.contains("another process is downloading"))
    });
    server.release();
    let fetched = [first, second].map(|child| {
        finish(child, b"").succeeded().json()["routers"][0]["fetched"].as_bool().unwrap()
    });
    assert_eq!(fetched, [true, false]);
    assert_eq!(server.seen(FILE).len(), 1);
    assert_heals(&home, &server);
}

#[test]
fn one_that_waits_goes_on_when_the_other_is_killed() {
    let (home, server) = (Home::new(), registry::start());
    server.fail(FILE, [Fault::Stall(BYTES.len() / 2 + 1000)]);
    let mut first = pull(&home, &server);
    wait_for(&mut first, is_half);
    let mut second = pull(&home, &server);
    wait_for(&mut second, |line| {
        line["note"].as_str().is_some_and(|note| note.contains("waiting"))
    });
    first.kill().unwrap();
    first.wait().unwrap();
    finish(second, b"").succeeded();
    assert!(server.seen(FILE)[1].header("range").is_some(), "it goes on from what is there");
    assert_heals(&home, &server);
}

#[test]
fn without_room_what_is_there_is_kept_and_room_heals() {
    let (home, server) = (Home::new(), registry::start());
    let pull = command(&home, &server);
    // No file may become larger than a mebibyte; the signal that would end the process is ignored.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""])
        .arg(pull.get_program())
        .args(pull.get_args())
        .env_clear()
        .env("HOME", home.path());
    let ran = finish(support::start(&mut limited), b"");
    assert_eq!(ran.code, 13, "{ran:?}");
    let last = ran.err.lines().last().unwrap();
    let error: Value = serde_json::from_str(last).unwrap();
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("File too large") && message.contains("make room"), "{message}");
    assert!(error["error"]["hint"].as_str().unwrap().contains("--routers"), "{error}");
    assert_eq!((in_place(&home), part(&home)), (vec![], Some(1 << 20)));
    server.forget();
    assert_heals(&home, &server);
    assert_eq!(server.seen(FILE)[0].header("range"), Some("bytes=1048576-"));
}

#[test]
fn a_home_that_cannot_be_written_is_named_and_rights_heal() {
    let (home, server) = (Home::new(), registry::start());
    let allow = |mode| fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).unwrap();
    // Rights do not bind the administrator: the command then runs as somebody else, from where it may be read.
    let program = home.path().join("orkestra");
    fs::copy(env!("CARGO_BIN_EXE_orkestra"), &program).unwrap();
    allow(0o555);
    let mut limited = Command::new(&program);
    limited.args(command(&home, &server).get_args()).env_clear().env("HOME", home.path());
    limited.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let is_administrator = fs::write(home.path().join("probe"), "").is_ok();
    if is_administrator {
        limited.uid(65_534);
    }
    let ran = finish(limited.spawn().unwrap(), b"");
    allow(0o755);
    assert_eq!(ran.code, 13, "{ran:?}");
    assert!(ran.err.contains("cannot be made: Permission denied"), "{ran:?}");
    assert!(ran.err.contains("--routers DIR"), "{ran:?}");
    assert_eq!(server.seen(FILE).len(), 0);
    assert_heals(&home, &server);
}
