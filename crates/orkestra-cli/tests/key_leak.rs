//! A key is sent to its provider and shows nowhere else.

mod support;

use support::{Home, Providers};

const SECRET: &str = "sk-very-secret-7b1f93c2";

#[test]
fn a_key_shows_in_no_output_and_in_no_file() {
    let cases: [(&str, &[&str]); 10] = [
        ("", &["chat"]),
        ("", &["chat", "--json"]),
        ("", &["chat", "--stream"]),
        ("401", &["chat"]),
        ("html", &["chat", "--json"]),
        ("malformed", &["chat"]),
        ("cut", &["chat", "--stream"]),
        ("stream-error", &["chat", "--stream", "--json"]),
        ("timeout", &["chat", "--timeout", "0.2"]),
        ("500", &["chat", "--stream"]),
    ];
    for (provider, variable) in [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("google", "GEMINI_API_KEY"),
    ] {
        let (home, providers) = (Home::new(), Providers::start());
        let address = providers.address(provider);
        for (fault, arguments) in cases {
            providers.simulator.clear();
            if !fault.is_empty() {
                providers.break_with(fault);
            }
            let mut all = arguments.to_vec();
            all.extend(["-p", provider, "--retries", "0", "--base-url", &address, "Name a river"]);
            // The most talkative environment there is.
            let variables = [(variable, SECRET), ("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full")];
            let ran = home.run_with(&all, &variables, b"");
            assert!(!ran.out.contains("secret") && !ran.err.contains("secret"), "{fault}: {ran:?}");
            let sent = providers.simulator.requests();
            assert!(!sent.is_empty(), "{fault}: {ran:?}");
            // It was really used, so its absence elsewhere says something.
            assert!(
                sent.iter()
                    .all(|request| request.headers.values().any(|value| value.contains(SECRET)))
            );
            assert!(
                sent.iter().all(
                    |request| !request.path.contains(SECRET) && !request.query.contains(SECRET)
                )
            );
        }
        let doctor = home.run_with(&["doctor", "--json"], &[(variable, SECRET)], b"");
        assert!(!doctor.out.contains("secret") && !doctor.err.contains("secret"));
        let kept = home.bytes();
        assert!(!kept.is_empty());
        assert!(
            !kept.windows(b"very-secret".len()).any(|bytes| bytes == b"very-secret"),
            "{provider}"
        );
    }
}
