use orkestra::{ErrorKind, ledger::Outcome};
use orkestra_simulator::{Fault, FaultKind};

use crate::support::{Bench, easy};

const NAMES: [&str; 3] = ["google", "anthropic", "openai"];

#[tokio::test]
async fn the_pieces_and_the_response_say_the_same_as_a_whole_answer() {
    let bench = Bench::new().await;
    for name in NAMES {
        let provider = bench.provider(name, easy());
        let whole = provider.chat("Describe the moon in some detail, please.").await.unwrap();
        let mut stream =
            provider.stream("Describe the moon in some detail, please.").await.unwrap();
        let (mut text, mut pieces) = (String::new(), 0);
        while let Some(piece) = stream.next_text().await {
            text.push_str(&piece.unwrap());
            pieces += 1;
        }
        let response = stream.response().await.unwrap();
        assert!(pieces > 1, "{name} came in one piece");
        assert_eq!(text, whole.text, "{name}");
        assert_eq!(response.text, whole.text, "{name}");
        assert_eq!((response.usage, response.cost), (whole.usage, whole.cost), "{name}");
        assert!(!response.usage.estimated, "{name}");
    }
}

#[tokio::test]
async fn a_cut_stream_ends_with_an_error_and_is_billed_as_an_estimate() {
    let bench = Bench::new().await;
    for name in NAMES {
        for kind in
            [FaultKind::Cut, FaultKind::EndEarly, FaultKind::StreamError, FaultKind::Malformed]
        {
            let settings = bench.settings(easy());
            let provider = bench.provider_with(name, settings.clone());
            let before = bench.entries(&settings).await.len();
            bench.simulator.push_fault(Fault::new(kind));
            let mut stream =
                provider.stream("Describe the moon in some detail, please.").await.unwrap();
            let mut last = None;
            while let Some(piece) = stream.next_text().await {
                last = Some(piece);
            }
            let error = last.unwrap().expect_err("a broken stream must not end well");
            assert_eq!(*error.kind(), ErrorKind::Unavailable, "{name} {kind:?}: {error}");
            assert_eq!(error.provider(), Some(name));
            let entries = bench.entries(&settings).await;
            assert_eq!(entries.len(), before + 1, "{name} {kind:?}");
            assert_eq!(entries[0].outcome, Outcome::Cut);
            assert!(
                entries[0].usage.estimated
                    && entries[0].usage.output > 0
                    && entries[0].cost > orkestra::Usd::ZERO
            );
        }
    }
}

#[tokio::test]
async fn a_dropped_stream_is_billed_and_ends_the_call() {
    let bench = Bench::new().await;
    let settings = bench.settings(easy());
    let mut stream =
        bench.provider_with("openai", settings.clone()).stream("Describe the moon.").await.unwrap();
    stream.next_text().await.unwrap().unwrap();
    let decision = stream.decision_id().to_owned();
    drop(stream);
    let entries = bench.entries(&settings).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].decision_id, decision);
    assert_eq!(entries[0].outcome, Outcome::Dropped);
    assert!(entries[0].usage.estimated);
}

#[tokio::test]
async fn before_the_first_piece_another_model_steps_in() {
    let bench = Bench::new().await;
    bench.simulator.push_fault(Fault::new(FaultKind::Overloaded));
    let stream = bench.provider("anthropic", easy()).stream("Say hello.").await.unwrap();
    let response = stream.response().await.unwrap();
    assert_eq!(response.attempts.len(), 2);
    assert_eq!(response.model, response.plan.candidates[1].model);
}

#[tokio::test]
async fn missing_usage_is_estimated_and_flagged() {
    let bench = Bench::new().await;
    for name in NAMES {
        bench.simulator.push_fault(Fault::new(FaultKind::NoUsage).times(2));
        let provider = bench.provider(name, easy());
        let whole = provider.chat("Say hello.").await.unwrap();
        let streamed = provider.stream("Say hello.").await.unwrap().response().await.unwrap();
        for response in [whole, streamed] {
            assert!(
                response.usage.estimated && response.output_tokens > 0,
                "{name}: {:?}",
                response.usage
            );
            assert!(
                response.warnings.iter().any(|warning| warning.contains("estimate")),
                "{:?}",
                response.warnings
            );
        }
    }
}
