//! A model that failed lately is left alone while there is another, and comes back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use orkestra::{
    Provider,
    engine::Resilience,
    provider::{BreakerPolicy, ModelHealth, ModelState, RetryPolicy},
};
use tokio::time::{advance, sleep};

use crate::{
    scripted::{PINNED, Scripted, Step, come_back_after, pinned, provider, status, steady, text},
    support::TODAY,
};

const SECOND: Duration = Duration::from_secs(1);

/// One call of each model and no more.
fn no_retries() -> Resilience {
    let retry = RetryPolicy { max_retries: 0, ..RetryPolicy::default() };
    Resilience { retry, ..Resilience::default() }
}

/// The cheapest default model of the provider: the first of every plan here.
fn first() -> String {
    let catalogue = orkestra::catalogue::Catalogue::builtin();
    let budget = catalogue.default_model("anthropic", orkestra::routing::Tier::Budget, TODAY);
    budget.unwrap().model.id.as_str().to_owned()
}

/// The first model fails while the switch is on; the others answer.
fn first_fails(on: &Arc<AtomicBool>) -> Arc<Scripted> {
    let (on, first) = (Arc::clone(on), first());
    Scripted::new(move |made, _| {
        if made.model.as_str() == first && on.load(Ordering::Relaxed) {
            Step::Fail(status(503))
        } else {
            Step::Answer
        }
    })
}

fn of(provider: &Provider, model: &str) -> ModelHealth {
    let health = provider.engine().health();
    health.into_iter().find(|health| health.model.as_str() == model).expect(model)
}

/// How often `model` was called.
fn calls(script: &Scripted, model: &str) -> usize {
    script.models().iter().filter(|name| *name == model).count()
}

#[tokio::test(start_paused = true)]
async fn after_five_failures_in_a_row_a_model_is_passed_over() {
    let script = first_fails(&Arc::new(AtomicBool::new(true)));
    let provider = provider(&script, no_retries());
    for _ in 0..5 {
        provider.chat("Say hello.").await.unwrap();
    }
    assert_eq!(of(&provider, &first()).state, ModelState::Open);
    let response = provider.chat("Say hello.").await.unwrap();
    assert_eq!(calls(&script, &first()), 5);
    let [passed_over, answered] = &response.attempts[..] else { panic!("{:?}", response.attempts) };
    assert_eq!((passed_over.model.as_str(), passed_over.called), (first().as_str(), false));
    assert_eq!(passed_over.error.as_deref(), Some("unavailable"));
    let message = passed_over.message.as_deref().unwrap();
    assert!(message.contains("5 times in a row") && message.contains("30.0 s"), "{message}");
    assert!(answered.called && answered.error.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_success_in_between_starts_the_count_again() {
    let on = Arc::new(AtomicBool::new(true));
    let script = first_fails(&on);
    let provider = provider(&script, no_retries());
    for round in 0..3 {
        on.store(true, Ordering::Relaxed);
        for _ in 0..4 {
            provider.chat("Say hello.").await.unwrap();
        }
        on.store(false, Ordering::Relaxed);
        let response = provider.chat("Say hello.").await.unwrap();
        assert_eq!(response.model.as_str(), first(), "round {round}");
    }
    assert_eq!(of(&provider, &first()).failures_in_a_row, 0);
}

#[tokio::test(start_paused = true)]
async fn half_the_calls_failing_is_enough_as_well() {
    let script = Scripted::new(|_, call| match call % 2 {
        0 => Step::Fail(status(503)),
        _ => Step::Answer,
    });
    let breaker = BreakerPolicy { window: 6, ..BreakerPolicy::default() };
    let provider = provider(&script, Resilience { breaker, ..no_retries() });
    for call in 0..7 {
        let before = provider.engine().health();
        assert!(before.iter().all(|health| health.state == ModelState::Closed), "call {call}");
        let _ = provider.chat(pinned()).await;
    }
    assert_eq!(of(&provider, PINNED).state, ModelState::Open);
}

#[tokio::test(start_paused = true)]
async fn after_the_rest_one_call_at_a_time_tries_it() {
    let slow = Arc::new(AtomicBool::new(false));
    let (is_slow, name) = (Arc::clone(&slow), first());
    let script = Scripted::new(move |made, _| {
        if made.model.as_str() != name {
            Step::Answer
        } else if is_slow.load(Ordering::Relaxed) {
            Step::After(SECOND, Box::new(Step::Answer))
        } else {
            Step::Fail(status(503))
        }
    });
    let provider = provider(&script, no_retries());
    for _ in 0..5 {
        provider.chat("Say hello.").await.unwrap();
    }
    slow.store(true, Ordering::Relaxed);
    advance(29 * SECOND).await;
    assert_ne!(provider.chat("Say hello.").await.unwrap().model.as_str(), first());
    advance(SECOND).await;
    assert_eq!(of(&provider, &first()).state, ModelState::HalfOpen);
    let (probe, other) = tokio::join!(provider.chat("Say hello."), async {
        sleep(SECOND / 2).await;
        assert_eq!(of(&provider, &first()).in_flight, 1);
        provider.chat("Say hello.").await
    });
    assert_eq!(probe.unwrap().model.as_str(), first());
    let other = other.unwrap();
    assert_ne!(other.model.as_str(), first());
    assert!(other.attempts[0].message.as_deref().unwrap().contains("another call"));
    assert_eq!(of(&provider, &first()).state, ModelState::Closed);
    assert_eq!(provider.chat("Say hello.").await.unwrap().model.as_str(), first());
}

#[tokio::test(start_paused = true)]
async fn each_failed_trial_doubles_the_rest_up_to_its_limit() {
    let on = Arc::new(AtomicBool::new(true));
    let script = first_fails(&on);
    let provider = provider(&script, no_retries());
    for _ in 0..5 {
        provider.chat("Say hello.").await.unwrap();
    }
    for rest in [30, 60, 120, 240, 300, 300] {
        assert_eq!(of(&provider, &first()).left_alone, Some(rest * SECOND));
        advance(rest * SECOND - Duration::from_millis(2)).await;
        let before = calls(&script, &first());
        provider.chat("Say hello.").await.unwrap();
        assert_eq!(calls(&script, &first()), before, "{rest} s are not over");
        advance(Duration::from_millis(2)).await;
        provider.chat("Say hello.").await.unwrap();
        assert_eq!(calls(&script, &first()), before + 1, "{rest} s are over");
    }
    on.store(false, Ordering::Relaxed);
    advance(300 * SECOND).await;
    assert_eq!(provider.chat("Say hello.").await.unwrap().model.as_str(), first());
    // Healthy again: the next outage begins with the first rest.
    on.store(true, Ordering::Relaxed);
    for _ in 0..5 {
        provider.chat("Say hello.").await.unwrap();
    }
    assert_eq!(of(&provider, &first()).left_alone, Some(30 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn when_all_are_left_alone_the_one_that_failed_longest_ago_is_called() {
    let down = Arc::new(AtomicBool::new(true));
    let is_down = Arc::clone(&down);
    let script = Scripted::new(move |_, _| {
        if is_down.load(Ordering::Relaxed) { Step::Fail(status(503)) } else { Step::Answer }
    });
    let provider = provider(&script, no_retries());
    let plan = provider.route("Say hello.").unwrap();
    for _ in 0..5 {
        provider.chat("Say hello.").await.unwrap_err();
        advance(SECOND / 10).await;
    }
    assert!(provider.engine().health().iter().all(|health| health.state == ModelState::Open));
    // Each further request makes one call, in turn.
    let before = script.calls().len();
    for _ in 0..3 {
        provider.chat("Say hello.").await.unwrap_err();
        advance(SECOND / 10).await;
    }
    let turns: Vec<String> = script.models()[before..].to_vec();
    let order: Vec<String> =
        plan.candidates.iter().map(|candidate| candidate.model.as_str().to_owned()).collect();
    assert_eq!(turns, order);
    down.store(false, Ordering::Relaxed);
    let response = provider.chat("Say hello.").await.unwrap();
    assert_eq!(response.model.as_str(), order[0]);
    let passed_over = response.attempts.iter().filter(|attempt| !attempt.called).count();
    assert_eq!((response.attempts.len(), passed_over), (3, 2));
    assert_eq!(of(&provider, &order[0]).state, ModelState::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_only_model_of_a_plan_is_always_called() {
    let script = Scripted::new(|_, call| match call {
        0..8 => Step::Fail(status(503)),
        _ => Step::Answer,
    });
    let provider = provider(&script, no_retries());
    for _ in 0..8 {
        provider.chat(pinned()).await.unwrap_err();
    }
    let response = provider.chat(pinned()).await.unwrap();
    assert_eq!(response.attempts.len(), 1, "{:?}", response.attempts);
    assert_eq!(script.calls().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_ends_the_retries_of_the_call_that_opened_it() {
    let script = Scripted::new(|_, _| Step::Fail(status(503)));
    let provider = provider(&script, steady());
    provider.chat(pinned()).await.unwrap_err();
    provider.chat(pinned()).await.unwrap_err();
    assert_eq!(script.calls().len(), 3 + 2);
    provider.chat(pinned()).await.unwrap_err();
    assert_eq!(script.calls().len(), 3 + 2 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_asks_to_wait_rests_until_then_and_no_other_does() {
    let name = first();
    let script = Scripted::new(move |made, _| {
        if made.model.as_str() == name && made.at < 100 * SECOND {
            Step::Fail(come_back_after(100 * SECOND))
        } else {
            Step::Answer
        }
    });
    let provider = provider(&script, no_retries());
    let second = provider.chat("Say hello.").await.unwrap().model;
    assert_eq!(of(&provider, &first()).state, ModelState::Resting);
    assert_eq!(of(&provider, second.as_str()).state, ModelState::Closed);
    advance(99 * SECOND).await;
    let response = provider.chat("Say hello.").await.unwrap();
    assert_eq!(response.model, second);
    assert_eq!(response.attempts[0].error.as_deref(), Some("rate_limited"));
    assert!(response.attempts[0].message.as_deref().unwrap().contains("1.0 s"));
    assert_eq!(calls(&script, &first()), 1);
    advance(SECOND).await;
    assert_eq!(provider.chat("Say hello.").await.unwrap().model.as_str(), first());
    assert_eq!(of(&provider, &first()).left_alone, None);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_asks_for_no_wait_is_left_alone_like_any_other() {
    let script = Scripted::new(|_, _| Step::Fail(come_back_after(Duration::ZERO)));
    let provider = provider(&script, no_retries());
    for _ in 0..5 {
        provider.chat(pinned()).await.unwrap_err();
    }
    assert_eq!(of(&provider, PINNED).state, ModelState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_centuries_is_no_panic() {
    let script = Scripted::new(|_, call| match call {
        0 => Step::Fail(come_back_after(Duration::MAX)),
        _ => Step::Answer,
    });
    let provider = provider(&script, steady());
    provider.chat("Say hello.").await.unwrap();
    let left = of(&provider, &first()).left_alone.unwrap();
    assert_eq!(left, 24 * 3600 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn the_requests_own_faults_say_nothing_of_the_model() {
    for code in [400, 401, 402, 404, 413] {
        let script = Scripted::new(move |_, _| Step::Fail(status(code)));
        let provider = provider(&script, no_retries());
        for _ in 0..10 {
            provider.chat(pinned()).await.unwrap_err();
        }
        let health = of(&provider, PINNED);
        assert_eq!((health.state, health.failures, health.calls), (ModelState::Closed, 0, 10));
    }
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_its_caller_gives_up_leaves_the_place_to_the_next() {
    let down = Arc::new(AtomicBool::new(true));
    let (is_down, name) = (Arc::clone(&down), first());
    let script = Scripted::new(move |made, call| {
        if made.model.as_str() != name {
            Step::Answer
        } else if is_down.load(Ordering::Relaxed) {
            Step::Fail(status(503))
        } else if call == 10 {
            Step::Hang
        } else {
            Step::Answer
        }
    });
    let provider = provider(&script, no_retries());
    for _ in 0..5 {
        provider.chat("Say hello.").await.unwrap();
    }
    assert_eq!(script.calls().len(), 10);
    down.store(false, Ordering::Relaxed);
    advance(30 * SECOND).await;
    tokio::time::timeout(SECOND, provider.chat("Say hello.")).await.unwrap_err();
    assert_eq!(of(&provider, &first()).in_flight, 0);
    assert_eq!(provider.chat("Say hello.").await.unwrap().model.as_str(), first());
}

#[tokio::test(start_paused = true)]
async fn streams_that_begin_well_and_break_count_as_failures() {
    let name = first();
    let script = Scripted::new(move |made, _| {
        if made.model.as_str() == name {
            let pieces = [Ok(text("Once ")), Err(status(503))];
            Step::Pieces(pieces.map(|piece| (Duration::ZERO, piece)).into())
        } else {
            Step::Answer
        }
    });
    let provider = provider(&script, no_retries());
    for _ in 0..5 {
        let stream = provider.stream("Say hello.").await.unwrap();
        stream.response().await.unwrap_err();
    }
    assert_eq!(of(&provider, &first()).state, ModelState::Open);
    let response = provider.stream("Say hello.").await.unwrap().response().await.unwrap();
    assert_ne!(response.model.as_str(), first());
}

#[tokio::test(start_paused = true)]
async fn a_long_stream_that_answers_does_not_keep_others_waiting() {
    let down = Arc::new(AtomicBool::new(true));
    let script = first_fails(&down);
    let provider = provider(&script, no_retries());
    for _ in 0..5 {
        provider.chat("Say hello.").await.unwrap();
    }
    down.store(false, Ordering::Relaxed);
    advance(30 * SECOND).await;
    let probe = provider.stream("Say hello.").await.unwrap();
    assert_eq!(of(&provider, &first()).state, ModelState::Closed);
    assert_eq!(provider.chat("Say hello.").await.unwrap().model.as_str(), first());
    probe.response().await.unwrap();
    assert_eq!(of(&provider, &first()).in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn clones_share_what_they_know_and_other_engines_do_not() {
    let script = first_fails(&Arc::new(AtomicBool::new(true)));
    let one = provider(&script, no_retries());
    let (clone, other) = (one.clone(), provider(&script, no_retries()));
    for _ in 0..5 {
        one.chat("Say hello.").await.unwrap();
    }
    assert_eq!(clone.engine().health(), one.engine().health());
    assert_eq!(one.engine().within(SECOND).health(), one.engine().health());
    assert!(other.engine().health().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_health_page_has_all_it_needs() {
    let script = first_fails(&Arc::new(AtomicBool::new(true)));
    let provider = provider(&script, no_retries());
    for _ in 0..6 {
        provider.chat("Say hello.").await.unwrap();
    }
    let health = serde_json::to_value(provider.engine().health()).unwrap();
    let [failing, well] = health.as_array().unwrap().as_slice() else { panic!("{health}") };
    let expected = serde_json::json!({
        "provider": "anthropic", "model": first(), "state": "open", "left_alone_seconds": 30.0,
        "failures_in_a_row": 5, "calls": 5, "failures": 5, "in_flight": 0, "last_error": "unavailable",
    });
    assert_eq!(*failing, expected);
    assert_eq!((&well["state"], &well["calls"]), (&"closed".into(), &6.into()));
    assert_eq!(
        (&well["left_alone_seconds"], &well["last_error"]),
        (&None::<f64>.into(), &None::<f64>.into())
    );
}

type Spoil = fn(&mut Resilience);

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let wrong: [(Spoil, &str); 4] = [
        (|resilience| resilience.max_calls = 0, "max_calls is 0"),
        (|resilience| resilience.breaker.failure_rate = f64::NAN, "failure_rate is NaN"),
        (|resilience| resilience.breaker.window = 65, "window is 65"),
        (|resilience| resilience.deadline = Some(Duration::ZERO), "deadline is 0 s"),
    ];
    for (spoil, words) in wrong {
        let mut settings = orkestra::Settings::new().unwrap();
        spoil(&mut settings.resilience);
        let error = Provider::builder("openai").settings(settings).build().unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}
