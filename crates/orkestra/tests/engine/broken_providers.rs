//! Answers that are none.

use std::time::Duration;

use orkestra::{ErrorKind, Provider, provider::Timeouts};
use orkestra_simulator::{Fault, FaultKind};

use crate::support::{Bench, KEY, easy};

const NAMES: [&str; 3] = ["google", "anthropic", "openai"];

#[tokio::test]
async fn html_nothing_and_half_a_json_are_named_for_what_they_are() {
    let bench = Bench::new().await;
    let cases = [
        (FaultKind::Html(200), "HTML"),
        (FaultKind::Html(502), "HTML"),
        (FaultKind::Empty, "empty"),
        (FaultKind::Malformed, "JSON"),
    ];
    for name in NAMES {
        for (kind, word) in cases {
            bench.simulator.clear();
            bench.simulator.push_fault(Fault::new(kind).times(u32::MAX));
            let error = bench.provider(name, easy()).chat("Say hello.").await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Unavailable, "{name} {kind:?}");
            assert!(error.to_string().contains(word), "{name} {kind:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up() {
    let bench = Bench::new().await;
    let timeouts = Timeouts {
        total: Duration::from_millis(80),
        first_event: Duration::from_millis(80),
        ..Timeouts::default()
    };
    for name in NAMES {
        bench.simulator.push_fault(Fault::new(FaultKind::Timeout).times(6));
        let provider = bench.impatient(name, timeouts);
        let error = provider.chat("Say hello.").await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Timeout, "{name}: {error}");
        let error = provider.stream("Say hello.").await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Timeout, "{name}: {error}");
    }
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_named() {
    let bench = Bench::new().await;
    let address = bench.simulator.address();
    let settings = bench.settings(easy());
    bench.simulator.stop().await;
    let url = format!("http://{address}/openai/v1");
    let provider =
        Provider::builder("openai").key(KEY).base_url(&url).settings(settings).build().unwrap();
    let error = provider.chat("Say hello.").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn a_refusal_without_a_word_is_an_error_that_says_what_it_cost() {
    let bench = Bench::new().await;
    let settings = bench.settings(easy());
    bench.simulator.push_fault(Fault::new(FaultKind::EmptyCandidates).for_provider("google"));
    let error =
        bench.provider_with("google", settings.clone()).chat("Say hello.").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains('$'), "{error}");
    let entries = bench.entries(&settings).await;
    assert_eq!(entries[0].outcome, orkestra::ledger::Outcome::Refused);
}

#[tokio::test]
async fn an_answer_that_broke_on_the_way_is_recorded_as_perhaps_paid() {
    let bench = Bench::new().await;
    for name in NAMES {
        let settings = bench.settings(easy());
        let before = bench.entries(&settings).await.len();
        bench.simulator.push_fault(Fault::new(FaultKind::Malformed));
        let response =
            bench.provider_with(name, settings.clone()).chat("Say hello.").await.unwrap();
        assert_eq!(response.attempts.len(), 2, "{name}");
        let entries = bench.entries(&settings).await;
        assert_eq!(entries.len(), before + 2, "{name}");
        let failed =
            entries.iter().find(|entry| entry.outcome == orkestra::ledger::Outcome::Failed);
        let failed = failed.unwrap_or_else(|| panic!("{name}: no entry says that the call failed"));
        assert!(failed.usage.estimated && failed.simulated && failed.cost > orkestra::Usd::ZERO);
        assert!(
            entries
                .iter()
                .any(|entry| entry.decision_id == response.decision_id && entry.attempt == 2)
        );
    }
}
