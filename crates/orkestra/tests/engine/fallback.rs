use orkestra::{ErrorKind, MultiProvider};
use orkestra_simulator::{Fault, FaultKind};

use crate::support::{Bench, easy};

#[tokio::test]
async fn an_overloaded_model_is_replaced_by_the_plans_next() {
    let bench = Bench::new().await;
    for (kind, times) in [
        (FaultKind::Overloaded, 3),
        (FaultKind::ServerError, 3),
        (FaultKind::RateLimited(std::time::Duration::from_secs(30)), 1),
    ] {
        bench.simulator.push_fault(Fault::new(kind).times(times));
        let response = bench.provider("google", easy()).chat("Say hello.").await.unwrap();
        let (answered, failed) = response.attempts.split_last().unwrap();
        assert_eq!(failed.len(), times as usize, "{kind:?}: {:?}", response.attempts);
        for (retry, attempt) in failed.iter().enumerate() {
            assert!(attempt.error.is_some() && attempt.message.is_some() && attempt.called);
            assert_eq!(attempt.model, response.plan.candidates[0].model);
            assert_eq!(attempt.retry as usize, retry);
        }
        assert_eq!((answered.error.as_ref(), answered.retry), (None, 0));
        assert_eq!(response.model, response.plan.candidates[1].model);
    }
}

#[tokio::test]
async fn a_refused_key_moves_on_to_another_provider_at_once() {
    let bench = Bench::new().await;
    let pair = [bench.provider("google", easy()), bench.provider("openai", easy())];
    let both = MultiProvider::new(&pair).unwrap();
    let first = both.route("Say hello.").unwrap().choice().provider.clone();
    bench
        .simulator
        .push_fault(Fault::new(FaultKind::Unauthenticated).for_provider(&first).times(u32::MAX));
    let response = both.chat("Say hello.").await.unwrap();
    assert_ne!(response.provider, first);
}

#[tokio::test]
async fn what_no_model_would_answer_is_not_tried_twice() {
    let bench = Bench::new().await;
    bench.simulator.push_fault(Fault::new(FaultKind::BadRequest).times(u32::MAX));
    let error = bench.provider("anthropic", easy()).chat("Say hello.").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(bench.simulator.requests().len(), 1);
}

#[tokio::test]
async fn when_all_fail_the_last_error_is_given() {
    let bench = Bench::new().await;
    bench.simulator.push_fault(Fault::new(FaultKind::Overloaded).times(u32::MAX));
    let error = bench.provider("anthropic", easy()).chat("Say hello.").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.provider(), Some("anthropic"));
    // An overloaded model is called again only when no other is left.
    assert_eq!(
        bench.simulator.requests().len(),
        5,
        "each of the three tiers once, the last thrice"
    );
}

#[tokio::test]
async fn a_spent_quota_is_told_apart_from_a_rate_limit() {
    let bench = Bench::new().await;
    for name in ["google", "openai"] {
        bench.simulator.push_fault(Fault::new(FaultKind::QuotaSpent).times(3));
        let error = bench.provider(name, easy()).chat("Say hello.").await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::BudgetSpent, "{name}: {error}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_rate_limit_says_how_long_to_wait() {
    let bench = Bench::new().await;
    for name in ["google", "anthropic", "openai"] {
        let wait = std::time::Duration::from_secs(7);
        bench.simulator.push_fault(Fault::new(FaultKind::RateLimited(wait)).times(3));
        let error = bench.provider(name, easy()).chat("Say hello.").await.unwrap_err();
        assert_eq!(error.retry_after(), Some(wait), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_refused_key_is_not_tried_on_the_same_providers_other_models() {
    let bench = Bench::new().await;
    for name in ["google", "anthropic", "openai"] {
        bench.simulator.push_fault(Fault::new(FaultKind::Unauthenticated).times(u32::MAX));
        bench.provider(name, easy()).chat("Say hello.").await.unwrap_err();
        assert_eq!(bench.simulator.requests().len(), 1, "{name}");
        bench.simulator.clear();
    }
}
