//! Runs the built command in an empty environment, against simulated providers.

#![allow(
    clippy::allow_attributes,
    reason = "what is not used, and so not expected, varies by test binary"
)]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "it fails tests")]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use orkestra_simulator::{Fault, FaultKind, Simulator};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A day on which the built-in catalogue has prices; no test depends on today.
pub const DAY: &str = "2026-11-24";

/// A user's empty home.
pub struct Home(TempDir);

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    pub out: String,
    pub err: String,
    pub code: i32,
}

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file in the home and gives its path.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The command with nothing in its environment but the home.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orkestra"));
        command.env_clear().env("HOME", self.path()).current_dir(self.path()).args(arguments);
        command
    }

    /// Runs the command on [`DAY`] without input.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[], b"")
    }

    /// Runs the command on [`DAY`] with variables and input.
    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)], input: &[u8]) -> Ran {
        let mut command = self.command(arguments);
        command.args(["--date", DAY]).envs(variables.iter().copied());
        finish(start(&mut command), input)
    }

    /// Every byte of every file below the home.
    pub fn bytes(&self) -> Vec<u8> {
        let mut folders = vec![self.path().to_owned()];
        let mut bytes = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    bytes.extend(fs::read(path).unwrap());
                }
            }
        }
        bytes
    }
}

pub fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub fn finish(mut child: Child, input: &[u8]) -> Ran {
    // A command that refuses early does not read to the end.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Ran {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap_or(-1),
    }
}

impl Ran {
    /// Standard output as one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Standard output as one JSON value a line.
    pub fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The error that standard error holds as JSON.
    pub fn json_error(&self) -> Value {
        let value: Value =
            serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        value["error"].clone()
    }

    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Checks that it failed with `code`, one `error:` line that says all of `words`, nothing on standard
    /// output and no trace of a panic.
    pub fn refused(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        let errors: Vec<&str> =
            self.err.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is missing: {self:?}");
        }
        assert!(!self.err.contains("panicked") && !self.err.contains("RUST_BACKTRACE"), "{self:?}");
        self
    }
}

/// Whether no line is wider than a terminal of 80 columns.
pub fn fits(text: &str) -> bool {
    let wide = text.lines().find(|line| line.chars().count() > 80);
    if let Some(line) = wide {
        eprintln!("too wide ({}): {line}", line.chars().count());
    }
    wide.is_none()
}

/// The three providers, simulated in this process.
pub struct Providers {
    runtime: Runtime,
    pub simulator: Simulator,
}

impl Providers {
    pub fn start() -> Self {
        Self::with(Simulator::builder())
    }

    pub fn with(builder: orkestra_simulator::Builder) -> Self {
        let runtime = Runtime::new().unwrap();
        let simulator = runtime.block_on(builder.start(([127, 0, 0, 1], 0).into())).unwrap();
        Self { runtime, simulator }
    }

    /// `PROVIDER=URL`, as `--base-url` takes it.
    pub fn address(&self, provider: &str) -> String {
        format!("{provider}={}", self.simulator.base_url(provider))
    }

    /// Every further request goes wrong.
    pub fn break_with(&self, fault: &str) {
        let kind: FaultKind = fault.parse().unwrap();
        self.simulator.push_fault(Fault::new(kind).times(u32::MAX));
    }

    pub fn break_once_with(&self, fault: &str) {
        self.simulator.push_fault(Fault::new(fault.parse().unwrap()));
    }
}
