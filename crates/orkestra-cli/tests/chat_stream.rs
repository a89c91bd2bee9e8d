//! `orkestra chat --stream`

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod support;

use std::io::Read;

use orkestra_simulator::Simulator;
use support::{Home, Providers};

#[test]
fn the_pieces_are_the_answer() {
    let (home, providers) = (Home::new(), Providers::start());
    for provider in ["google", "anthropic", "openai"] {
        let address = providers.address(provider);
        let ran = home
            .run(&["chat", "--stream", "--base-url", &address, "Say [[reply: one two three]]"])
            .succeeded();
        assert_eq!(ran.out, "[simulated] one two three\n");
        assert!(ran.err.contains(provider) && ran.err.contains("saved"), "{ran:?}");
    }
}

#[test]
fn json_gives_pieces_and_then_the_response() {
    let (home, providers) = (Home::new(), Providers::start());
    let address = providers.address("anthropic");
    let ran = home
        .run(&["chat", "--stream", "--json", "--base-url", &address, "Name a river"])
        .succeeded();
    let mut lines = ran.json_lines();
    let last = lines.pop().unwrap();
    let text: String = lines.iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert!(lines.len() > 1);
    assert_eq!(last["response"]["text"], text.as_str());
    assert!(last["response"]["cost"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_stream_that_breaks_ends_as_an_error_and_is_billed() {
    for fault in ["cut", "stream-error"] {
        let (home, providers) = (Home::new(), Providers::start());
        providers.break_once_with(fault);
        let address = providers.address("openai");
        let ran = home.run(&["chat", "--stream", "--base-url", &address, "Name a river"]);
        assert_eq!(ran.code, 12, "{fault}: {ran:?}");
        assert!(ran.out.starts_with("[simulated]") && ran.out.ends_with('\n'), "{fault}: {ran:?}");
        assert_eq!(ran.err.matches("error: ").count(), 1, "{fault}: {ran:?}");
        let stats = home.run(&["stats", "--json"]).succeeded().json();
        assert_eq!(stats["simulated"]["calls"], 1, "{fault}");
        assert!(stats["simulated"]["cost"].as_f64().unwrap() > 0.0, "{fault}");
    }
}

/// Starts a slow stream and gives the command once its first words are there.
#[cfg(unix)]
fn slow_stream(home: &Home, providers: &Providers) -> (std::process::Child, String) {
    let address = providers.address("openai");
    let arguments =
        ["chat", "--stream", "--base-url", &address, "--date", support::DAY, "Explain rivers"];
    let mut child = support::start(&mut home.command(&arguments));
    let mut seen = vec![0; 5];
    child.stdout.as_mut().unwrap().read_exact(&mut seen).unwrap();
    (child, String::from_utf8(seen).unwrap())
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_call_and_bills_what_arrived() {
    let home = Home::new();
    let providers = Providers::with(Simulator::builder().tokens_per_second(20.0));
    let (child, seen) = slow_stream(&home, &providers);
    assert_eq!(seen, "[simu");
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let ran = support::finish(child, b"");
    assert_eq!(ran.code, 130, "{ran:?}");
    assert!(ran.err.contains("interrupted: the call was ended"), "{ran:?}");
    let stats = home.run(&["stats", "--json"]).succeeded().json();
    assert_eq!(stats["simulated"]["calls"], 1);
    assert!(stats["simulated"]["cost"].as_f64().unwrap() > 0.0);
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_ends_the_call_quietly() {
    let home = Home::new();
    let providers = Providers::with(Simulator::builder().tokens_per_second(50.0));
    let (mut child, _) = slow_stream(&home, &providers);
    drop(child.stdout.take());
    let ran = support::finish(child, b"");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let stats = home.run(&["stats", "--json"]).succeeded().json();
    assert_eq!(stats["simulated"]["calls"], 1);
}
