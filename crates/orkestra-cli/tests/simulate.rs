//! `orkestra simulate`

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing step fails the test")]

mod support;

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout},
};

use support::{Home, start};

/// A simulator as a process of its own; it ends with this value.
struct Simulated {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
}

impl Simulated {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut all = vec!["simulate", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        let mut child = start(&mut home.command(&all));
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        let address =
            first.strip_prefix("listening on http://").unwrap_or_else(|| panic!("{first:?}"));
        assert!(first.ends_with('\n'));
        Self { address: address.trim_end().to_owned(), child, out }
    }

    fn base_url(&self, provider: &str, path: &str) -> String {
        format!("{provider}=http://{}/{path}", self.address)
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_first_line_says_where_and_the_paths_are_the_documented_ones() {
    let home = Home::new();
    let simulated = Simulated::start(&home, &[]);
    assert!(simulated.address.starts_with("127.0.0.1:") && !simulated.address.ends_with(":0"));
    for (provider, path) in
        [("openai", "openai/v1"), ("anthropic", "anthropic"), ("google", "google")]
    {
        let address = simulated.base_url(provider, path);
        let ran = home.run(&["chat", "--base-url", &address, "Say [[reply: hello]]"]).succeeded();
        assert_eq!(ran.out, "[simulated] hello\n");
    }
}

#[cfg(unix)]
#[test]
fn it_says_how_to_point_each_provider_at_it_and_stops_cleanly() {
    for signal in ["-INT", "-TERM"] {
        let home = Home::new();
        let mut simulated = Simulated::start(&home, &[]);
        let id = simulated.child.id().to_string();
        let mut line = String::new();
        let mut said = String::new();
        while !line.starts_with("Or any other client") {
            line.clear();
            assert_ne!(simulated.out.read_line(&mut line).unwrap(), 0, "{said}");
            said.push_str(&line);
        }
        for provider in ["GOOGLE", "ANTHROPIC", "OPENAI"] {
            assert!(
                said.contains(&format!(
                    "export ORKESTRA_{provider}_BASE_URL=http://{}",
                    simulated.address
                )),
                "{said}"
            );
        }
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert!(simulated.child.wait().unwrap().success(), "{signal}");
        let mut err = String::new();
        simulated.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(err, "stopped\n");
    }
}

#[test]
fn faults_hit_as_often_as_was_asked() {
    let home = Home::new();
    let simulated = Simulated::start(&home, &["--fault", "529:2", "--fault", "401:always"]);
    let address = simulated.base_url("anthropic", "anthropic");
    let ran = home.run(&["chat", "--json", "--base-url", &address, "Name a river"]);
    // Two models are overloaded, then the key is refused.
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(ran.json_error()["status"], 401);
}

#[test]
fn help_lists_every_fault() {
    let ran = Home::new().command(&["simulate", "--help"]).output().unwrap();
    let help = String::from_utf8(ran.stdout).unwrap();
    // Descriptions may be broken into lines.
    let help: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for fault in orkestra_simulator::FAULTS {
        assert!(
            help.contains(fault.name) && help.contains(fault.description),
            "{}: {help}",
            fault.name
        );
    }
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let home = Home::new();
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap().to_string();
    home.run(&["simulate", "--listen", &taken]).refused(14, &[&taken, "port 0"]);
    drop(held);
    home.run(&["simulate", "--listen", "nowhere"]).refused(2, &["nowhere"]);
    home.run(&["simulate", "--listen", "0.0.0.0:0"]).refused(14, &["other machines"]);
    home.run(&["simulate", "--fault", "meltdown"]).refused(2, &["meltdown", "429"]);
    home.run(&["simulate", "--fault", "429:0"]).refused(2, &["at least 1"]);
    home.run(&["simulate", "--tokens-per-second", "0"]).refused(14, &["above 0"]);
}
