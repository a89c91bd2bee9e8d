//! `orkestra routers`, and `--router NAME`.

mod registry;
mod support;

use std::fs;

use registry::{BYTES, FILE, assert_heals, folder, in_place, server};
use serde_json::{Value, json};
use server::{Fault, Served, Server};
use support::{Home, fits};

const PROMPT: &str = "Name three rivers";

#[test]
fn help_exists_for_every_subcommand_and_fits() {
    let home = Home::new();
    for subcommand in ["list", "pull", "verify", "path", "remove", "publish"] {
        let help = home.run(&["routers", subcommand, "--help"]).succeeded().out;
        assert!(help.contains("Examples:"), "{subcommand}");
        assert!(fits(&help), "{subcommand}");
    }
}

#[test]
fn a_folder_is_published_pulled_from_checked_and_removed() {
    let home = Home::new();
    fs::create_dir(home.path().join("shelf")).unwrap();
    fs::write(home.path().join("shelf").join(FILE), &*BYTES).unwrap();
    let said = home.run(&["routers", "publish", "shelf"]).succeeded().out;
    assert!(said.contains("ours") && said.contains("manifest.json") && fits(&said), "{said}");
    let server = Server::start();
    server.put_folder(&home.path().join("shelf"));
    let url = server.url("manifest.json");

    let listed = home.run(&["routers", "list", "--registry", &url, "--json"]).succeeded().json();
    assert_eq!(listed["routers"][0]["state"], "at the registry");
    let said = home.run(&["routers", "pull", "ours", "--registry", &url]).succeeded();
    assert!(said.out.starts_with("ours 1.0.0 downloaded: "), "{said:?}");
    assert!(said.err.contains("downloading ours 1.0.0 (14.90 MiB) from 127.0.0.1"), "{said:?}");
    let again = home.run(&["routers", "pull", "ours@1.0.0", "--registry", &url]).succeeded();
    assert!(again.out.contains("is here already, and right"), "{again:?}");

    let path = home.run(&["routers", "path", "ours"]).succeeded().out;
    assert_eq!(fs::read(path.trim_end()).unwrap(), *BYTES);
    let listed = home.run(&["routers", "list"]).succeeded().out;
    assert!(listed.contains("ours") && listed.contains("here") && fits(&listed), "{listed}");
    assert!(home.run(&["routers", "verify"]).succeeded().out.starts_with("good     ours: "));

    let removed = home.run(&["routers", "remove", "ours", "--json"]).succeeded().json();
    assert_eq!(removed["removed"].as_array().unwrap().len(), 2);
    assert_eq!(in_place(&home), [""; 0]);
    home.run(&["routers", "remove", "ours"]).refused(14, &["no router ours"]);
    home.run(&["routers", "path", "ours"]).refused(14, &["no router ours", "routers pull ours"]);
    let none = home.run(&["routers", "list"]).succeeded().out;
    assert!(none.contains("No routers") && none.contains("No registry is set"), "{none}");
}

#[test]
fn json_says_what_was_pulled_and_how_far_it_is() {
    let (home, server) = (Home::new(), registry::start());
    let arguments = ["routers", "pull", "ours", "--json", "--registry", &server.url("")];
    let ran = home.run(&arguments).succeeded();
    let pulled = &ran.json()["routers"][0];
    assert_eq!((&pulled["name"], &pulled["fetched"]), (&json!("ours"), &json!(true)));
    for (field, value) in registry::manifest()["routers"][0].as_object().unwrap() {
        assert_eq!(pulled["receipt"][field], *value, "{field}");
    }
    let lines: Vec<Value> =
        ran.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let progress: Vec<&Value> = lines.iter().filter_map(|line| line.get("progress")).collect();
    assert!((10..=11).contains(&progress.len()), "{progress:?}");
    assert_eq!(progress.last().unwrap()["bytes"], BYTES.len());
    assert_eq!(home.run(&arguments).succeeded().json()["routers"][0]["fetched"], false);
}

#[test]
fn a_router_that_is_not_there_is_downloaded_at_its_first_use() {
    let (home, server) = (Home::new(), registry::start());
    let by_name = ["route", "--json", "--router", "ours", PROMPT];
    let set = [("ORKESTRA_REGISTRY", &*server.url(""))];
    let first = home.run_with(&by_name, &set, b"").succeeded();
    assert!(first.err.contains("the router ours is not here yet: downloading it"), "{first:?}");
    let embedded = home.run(&["route", "--json", PROMPT]).succeeded().json();
    assert_eq!(first.json()["router"], embedded["router"], "it is the same under another name");
    let second = home.run_with(&by_name, &[], b"").succeeded();
    assert_eq!(second.json(), first.json());
    assert!(!second.err.contains("ours"), "{second:?}");
    let doctor = home.run(&["doctor", "--router", "ours"]).succeeded().out;
    assert!(doctor.contains("registered as ours"), "{doctor}");
}

#[test]
fn a_folder_can_be_named() {
    let (home, server) = (Home::new(), registry::start());
    let (url, here) = (server.url(""), home.path().join("here"));
    let set = [("ORKESTRA_ROUTERS", here.to_str().unwrap()), ("ORKESTRA_REGISTRY", &url)];
    home.run_with(&["routers", "pull", "ours"], &set, b"").succeeded();
    assert_eq!(in_place(&home), [""; 0]);
    assert!(fs::read_dir(here).unwrap().count() > 1);
    home.run(&["route", "--routers", "here", "--router", "ours", PROMPT]).succeeded();
}

#[test]
fn without_a_registry_both_ways_out_are_named() {
    let home = Home::new();
    for command in [&["route", "--router", "ours", PROMPT][..], &["routers", "pull", "ours"]] {
        let ways =
            ["no registry is set", "--registry", "ORKESTRA_REGISTRY", "--router embedded", "FILE"];
        home.run(command).refused(14, &ways);
    }
    let plain = ["routers", "pull", "ours", "--registry", "http://routers.example.com"];
    home.run(&plain).refused(14, &["plain HTTP", "https://"]);
    home.run(&["route", "--router", "no.such.file", PROMPT]).refused(14, &["no.such.file"]);
    home.run(&["doctor", "--router", "ours"]).refused_by_doctor();
    assert_eq!(in_place(&home), [""; 0]);
}

impl support::Ran {
    fn refused_by_doctor(self) {
        assert_eq!(self.code, 14, "{self:?}");
        assert!(self.out.contains("DAMAGED") && self.out.contains("no router ours"), "{self:?}");
    }
}

#[test]
fn without_a_network_the_embedded_router_decides_unless_that_is_forbidden() {
    let home = Home::new();
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}/");
    let by_name = ["route", "--json", "--router", "ours", "--registry", &url, PROMPT];
    let ran = home.run(&by_name).succeeded();
    let warning = "the embedded router decides instead of ours";
    assert!(ran.err.contains(warning) && ran.err.contains("could not be reached"), "{ran:?}");
    let embedded = home.run(&["route", "--json", PROMPT]).succeeded().json();
    assert_eq!(ran.json(), embedded);

    let strict = ["route", "--router", "ours", "--registry", &url, "--strict-router", PROMPT];
    home.run(&strict).refused(12, &["could not be reached", "--router embedded"]);
    let strict = home.run_with(&by_name, &[("ORKESTRA_STRICT_ROUTER", "1")], b"");
    assert_eq!(strict.code, 12, "{strict:?}");
}

#[test]
fn a_wrong_file_is_never_used_however_it_was_asked_for() {
    for (field, value, word) in [
        ("sha256", json!("0".repeat(64)), "SHA-256"),
        ("size", json!(1000), "expected 1000"),
        ("embedder", json!("letters-def"), "embedder"),
        ("minimum_format", json!(999), "newer program"),
    ] {
        let (home, server) = (Home::new(), registry::start_with(field, &value));
        let by_name = ["route", "--router", "ours", "--registry", &server.url(""), PROMPT];
        home.run(&by_name).refused(14, &[word]);
        assert_eq!((in_place(&home), registry::part(&home)), (vec![], None), "{field}");
        assert_heals(&home, &registry::start());
    }
}

#[test]
fn a_router_that_was_changed_is_refused_and_pulling_mends_it() {
    let (home, server) = (Home::new(), registry::start());
    assert_heals(&home, &server);
    let path = home.run(&["routers", "path", "ours"]).succeeded().out;
    let mut changed = BYTES.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(path.trim_end(), changed).unwrap();
    let use_it = ["route", "--router", "ours", PROMPT];
    home.run(&use_it).refused(14, &["was changed", "pull the router ours again"]);
    let verified = home.run(&["routers", "verify"]);
    assert_eq!(verified.code, 14);
    assert!(verified.out.contains("DAMAGED  ours: "), "{verified:?}");
    fs::write(path.trim_end(), "short").unwrap();
    let listed = home.run(&["routers", "list"]).succeeded().out;
    assert!(listed.contains("damaged"), "{listed}");
    assert_heals(&home, &server);
}

#[test]
fn a_list_without_its_registry_warns() {
    let (home, server) = (Home::new(), registry::start());
    assert_heals(&home, &server);
    server.fail("manifest.json", vec![Fault::Status(404)]);
    let listed = home.run(&["routers", "list", "--registry", &server.url("")]).succeeded();
    assert!(listed.out.contains("ours") && listed.err.contains("is not listed"), "{listed:?}");
}

#[test]
fn a_router_that_was_built_here_has_a_name_too() {
    let home = Home::new();
    fs::create_dir_all(folder(&home)).unwrap();
    fs::write(folder(&home).join("mine.safetensors"), &*BYTES).unwrap();
    home.run(&["route", "--router", "mine", PROMPT]).succeeded();
    let listed = home.run(&["routers", "list", "--json"]).succeeded().json();
    assert_eq!(listed["routers"][0]["state"], "built here");
    assert_eq!(home.run(&["routers", "verify", "mine"]).succeeded().code, 0);
}

#[test]
fn an_encoder_is_pulled_from_the_hub_that_the_environment_names() {
    let (home, hub) = (Home::new(), Server::start());
    let commit = "0123456789abcdef0123456789abcdef01234567";
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        for revision in ["main", commit] {
            let file = Served {
                bytes: name.as_bytes().to_vec(),
                etag: Some(format!("\"{name}\"")),
                headers: vec![("x-repo-commit", commit.to_owned())],
                redirect: None,
            };
            hub.serve(&format!("tiny/encoder/resolve/{revision}/{name}"), file);
        }
    }
    let pull = ["routers", "pull", "--encoder", "tiny/encoder", "--json"];
    let (url, cache) = (hub.url(""), home.path().join("hf"));
    let set = [
        ("HF_ENDPOINT", url.as_str()),
        ("HF_HOME", cache.to_str().unwrap()),
        ("HF_TOKEN", "hf_hush"),
    ];
    let ran = home.run_with(&pull, &set, b"").succeeded();
    let pulled = ran.json();
    assert_eq!((&pulled["commit"], &pulled["from_cache"]), (&json!(commit), &json!(false)));
    assert_eq!(fs::read(pulled["weights"].as_str().unwrap()).unwrap(), b"model.safetensors");
    let bearer = Some("Bearer hf_hush");
    assert!(hub.all_seen().iter().all(|seen| seen.header("authorization") == bearer));
    assert!(!ran.err.contains("hush") && !ran.out.contains("hush"));
    hub.forget();
    let offline = [set[0], set[1], ("HF_HUB_OFFLINE", "1")];
    assert_eq!(home.run_with(&pull, &offline, b"").succeeded().json()["from_cache"], true);
    assert_eq!(hub.all_seen().len(), 0);
    let other = ["routers", "pull", "--encoder", "tiny/other"];
    home.run_with(&other, &offline, b"").refused(14, &["tiny/other", "offline", "HF_HOME"]);
}
