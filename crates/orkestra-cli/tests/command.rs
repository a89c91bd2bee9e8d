//! What holds for every command: help, version, completions, colours, errors.

mod support;

use support::{Home, fits};

const COMMANDS: [&str; 11] = [
    "route",
    "chat",
    "demo",
    "models",
    "stats",
    "simulate",
    "train",
    "eval",
    "routers",
    "doctor",
    "completions",
];

#[test]
fn help_exists_for_every_command_and_fits() {
    let home = Home::new();
    let top = home.command(&["--help"]).output().unwrap();
    let top = String::from_utf8(top.stdout).unwrap();
    for command in COMMANDS {
        assert!(top.contains(&format!("\n  {command}")), "{command}: {top}");
        let help = home.command(&[command, "--help"]).output().unwrap();
        assert!(help.status.success());
        let help = String::from_utf8(help.stdout).unwrap();
        assert!(fits(&help), "{command}");
        assert!(!help.contains('\x1b'), "{command}");
        assert!(help.contains("Examples:"), "{command} has no examples");
    }
    assert!(fits(&top));
}

#[test]
fn the_version_is_the_packages() {
    let output = Home::new().command(&["--version"]).output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("orkestra {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn wrong_usage_ends_with_2() {
    let home = Home::new();
    for arguments in [
        &["fly"][..],
        &["route", "--fly", "x"],
        &["completions", "tcsh"],
        &["route", "--date", "tomorrow", "x"],
    ] {
        let output = home.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: "), "{arguments:?}");
    }
}

#[test]
fn completions_name_the_commands() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = home.run(&["completions", shell]).succeeded().out;
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn colours_come_on_demand_only() {
    let home = Home::new();
    assert!(home.run(&["route", "--colour", "always", "hello"]).succeeded().out.contains('\x1b'));
    assert!(home.run(&["--color", "always", "route", "hello"]).succeeded().out.contains('\x1b'));
    assert!(!home.run(&["route", "hello"]).succeeded().out.contains('\x1b'));
}

#[test]
fn environment_values_that_make_no_sense_are_named() {
    let home = Home::new();
    let ran = home.run_with(&["route", "hello"], &[("ORKESTRA_QUALITY", "high")], b"");
    ran.refused(14, &["ORKESTRA_QUALITY", "\"high\""]);
    let ran =
        home.run_with(&["route", "hello"], &[("ORKESTRA_CATALOGUE", "/nowhere/models.toml")], b"");
    ran.refused(14, &["/nowhere/models.toml"]);
}

#[test]
fn the_ledgers_place_comes_from_the_flag_then_the_environment_then_the_home() {
    let home = Home::new();
    let place = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut all = vec!["stats", "--json"];
        all.extend(arguments);
        home.run_with(&all, variables, b"").succeeded().json()["ledger"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let at_home = home.path().join(".orkestra/ledger.db");
    assert_eq!(place(&[], &[]), at_home.to_str().unwrap());
    assert_eq!(place(&[], &[("ORKESTRA_LEDGER", "env.db")]), "env.db");
    assert_eq!(place(&["--ledger", "flag.db"], &[("ORKESTRA_LEDGER", "env.db")]), "flag.db");
    home.run_with(&["stats"], &[("ORKESTRA_LEDGER", "off")], b"")
        .refused(2, &["the ledger is off"]);
}

#[test]
fn without_a_home_deciding_works_and_the_ledger_says_what_it_needs() {
    let home = Home::new();
    let mut route = home.command(&["route", "--date", support::DAY, "hello"]);
    support::finish(support::start(route.env("HOME", "")), b"").succeeded();
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let home = Home::new();
    let mut child = support::start(&mut home.command(&["models", "--all", "--json"]));
    drop(child.stdout.take());
    let ran = support::finish(child, b"");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}
