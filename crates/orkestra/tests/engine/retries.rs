//! The same model is called again where that may help, after the right wait, and not otherwise.

use std::{sync::Arc, time::Duration};

use orkestra::{
    Error, ErrorKind,
    engine::Resilience,
    ledger::{Ledger, Memory, Outcome, Query, Recorder},
    provider::{BreakerPolicy, RetryPolicy, Timeouts},
};
use proptest::prelude::*;
use tokio::time::{Instant, advance};

use crate::{
    raw::{self, Raw, answer, failure},
    scripted::{PINNED, Scripted, Step, come_back_after, pinned, provider, status, steady, text},
    support::{WAIT, at_once},
};

const SECOND: Duration = Duration::from_secs(1);

/// No model is ever left alone.
const PATIENT: BreakerPolicy = BreakerPolicy {
    failures: 0,
    failure_rate: 2.0,
    window: 0,
    cool_down: Duration::ZERO,
    longest_cool_down: Duration::ZERO,
};

#[tokio::test(start_paused = true)]
async fn a_failure_that_may_pass_is_called_again_on_the_same_model() {
    for code in [408, 409, 429, 500, 502, 503, 504, 529] {
        let script = Scripted::new(move |_, call| match call {
            0 => Step::Fail(status(code)),
            _ => Step::Answer,
        });
        let response = provider(&script, steady()).chat(pinned()).await.unwrap();
        let [failed, answered] = &response.attempts[..] else { panic!("{:?}", response.attempts) };
        assert_eq!(script.models(), [PINNED, PINNED], "{code}");
        assert!(failed.error.is_some() && failed.called, "{failed:?}");
        assert_eq!((failed.retry, failed.waited), (0, Duration::ZERO));
        assert_eq!((answered.retry, answered.waited), (1, SECOND / 2));
        assert!(answered.error.is_none() && answered.message.is_none());
        let json = serde_json::to_value(answered).unwrap();
        assert_eq!((&json["retry"], &json["waited_seconds"]), (&1.into(), &0.5.into()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_passes_is_called_once() {
    let never: [fn() -> Error; 8] = [
        || status(400),
        || status(401),
        || status(402),
        || status(403),
        || status(404),
        || status(413).whatever_the_model(),
        || Error::new(ErrorKind::BudgetSpent, "the quota is used up").with_status(429),
        || Error::new(ErrorKind::Refused, "blocked"),
    ];
    for error in never {
        let script = Scripted::new(move |_, _| Step::Fail(error()));
        let given = provider(&script, steady()).chat(pinned()).await.unwrap_err();
        assert_eq!(given.kind(), error().kind());
        assert_eq!(script.calls().len(), 1, "{given}");
        assert_eq!(script.moments(), [0], "{given}");
    }
}

#[tokio::test(start_paused = true)]
async fn waits_double_up_to_their_limit() {
    let script = Scripted::new(|_, _| Step::Fail(status(503)));
    let resilience = Resilience {
        retry: RetryPolicy { max_retries: 6, ..steady().retry },
        breaker: PATIENT,
        ..Resilience::default()
    };
    provider(&script, resilience).chat(pinned()).await.unwrap_err();
    assert_eq!(script.moments(), [0, 500, 1500, 3500, 7500, 15_500, 23_500]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_a_random_share_of_the_longest() {
    for (share, expected) in [(0.25, [0, 125, 375]), (0.0, [0, 0, 0]), (f64::NAN, [0, 500, 1500])] {
        let script = Scripted::new(|_, _| Step::Fail(status(503)));
        let retry = RetryPolicy { random: Arc::new(move || share), ..RetryPolicy::default() };
        let resilience = Resilience { retry, ..Resilience::default() };
        provider(&script, resilience).chat(pinned()).await.unwrap_err();
        assert_eq!(script.moments(), expected, "{share}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_default_waits_are_not_the_same() {
    let mut waits = Vec::new();
    for _ in 0..4 {
        let script = Scripted::new(|_, _| Step::Fail(status(503)));
        provider(&script, Resilience::default()).chat(pinned()).await.unwrap_err();
        let moments: Vec<_> = script.calls().iter().map(|made| made.at).collect();
        assert!(moments.len() == 3 && moments[2] < SECOND * 3 / 2 + SECOND / 100, "{moments:?}");
        waits.push(moments[2]);
    }
    waits.dedup();
    assert!(waits.len() > 1, "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_a_provider_asks_for_is_kept() {
    for error in [come_back_after(7 * SECOND), status(503).with_retry_after(Some(7 * SECOND))] {
        let error = std::sync::Mutex::new(Some(error));
        let script = Scripted::new(move |_, _| {
            error.lock().unwrap().take().map_or(Step::Answer, Step::Fail)
        });
        provider(&script, steady()).chat(pinned()).await.unwrap();
        assert_eq!(script.moments(), [0, 7000]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_nothing_is_a_usual_one() {
    let script = Scripted::new(|_, call| match call {
        0 => Step::Fail(come_back_after(Duration::ZERO)),
        _ => Step::Answer,
    });
    provider(&script, steady()).chat(pinned()).await.unwrap();
    assert_eq!(script.moments(), [0, 500]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_limit_is_told_and_not_waited_for() {
    let script = Scripted::new(|_, _| Step::Fail(come_back_after(61 * SECOND)));
    let begun = Instant::now();
    let error = provider(&script, steady()).chat(pinned()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(61 * SECOND));
    assert_eq!((script.calls().len(), begun.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn with_another_model_left_a_long_wait_is_not_worth_it() {
    let script = Scripted::new(|_, call| match call {
        0 => Step::Fail(come_back_after(5 * SECOND)),
        _ => Step::Answer,
    });
    let response = provider(&script, steady()).chat("Say hello.").await.unwrap();
    assert_eq!(response.model, response.plan.candidates[1].model);
    assert_eq!(script.moments(), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn with_another_model_left_a_short_wait_is_worth_it() {
    let script = Scripted::new(|_, call| match call {
        0 => Step::Fail(come_back_after(2 * SECOND)),
        _ => Step::Answer,
    });
    let response = provider(&script, steady()).chat("Say hello.").await.unwrap();
    assert_eq!(response.model, response.plan.candidates[0].model);
    assert_eq!(script.moments(), [0, 2000]);
}

#[tokio::test(start_paused = true)]
async fn an_overloaded_model_is_called_again_only_where_no_other_is_left() {
    let script = Scripted::new(|_, _| Step::Fail(status(529)));
    let provider = provider(&script, steady());
    let plan = provider.route("Say hello.").unwrap();
    provider.chat("Say hello.").await.unwrap_err();
    let names: Vec<&str> =
        plan.candidates.iter().map(|candidate| candidate.model.as_str()).collect();
    let [first, second, last] = names[..] else { panic!("{names:?}") };
    assert_eq!(script.models(), [first, second, last, last, last]);
}

#[tokio::test(start_paused = true)]
async fn a_server_error_is_called_again_twice_at_most() {
    for (code, calls) in [(500, 3), (502, 3), (503, 6)] {
        let script = Scripted::new(move |_, _| Step::Fail(status(code)));
        let retry = RetryPolicy { max_retries: 5, ..steady().retry };
        let resilience = Resilience { retry, breaker: PATIENT, ..Resilience::default() };
        provider(&script, resilience).chat(pinned()).await.unwrap_err();
        assert_eq!(script.calls().len(), calls, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_costs_no_more_retries_than_the_budget() {
    let down = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_down = Arc::clone(&down);
    let script = Scripted::new(move |_, _| {
        if is_down.load(std::sync::atomic::Ordering::Relaxed) {
            Step::Fail(status(503))
        } else {
            Step::Answer
        }
    });
    let resilience = Resilience { breaker: PATIENT, ..steady() };
    let provider = provider(&script, resilience);
    for _ in 0..30 {
        provider.chat(pinned()).await.unwrap_err();
    }
    assert_eq!(script.calls().len(), 30 + 10);
    // Nine successes are not enough for one more retry, the tenth is.
    for (successes, retries) in [(9, 0), (10, 1), (20, 2)] {
        down.store(false, std::sync::atomic::Ordering::Relaxed);
        for _ in 0..successes {
            provider.chat(pinned()).await.unwrap();
        }
        let before = script.calls().len();
        down.store(true, std::sync::atomic::Ordering::Relaxed);
        for _ in 0..3 {
            provider.chat(pinned()).await.unwrap_err();
        }
        // The nine stay earned: with ten more they are nineteen, of which one retry takes ten.
        assert_eq!(script.calls().len() - before, 3 + retries, "after {successes}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_one_request_are_bounded() {
    for (max_calls, calls) in [(1, 1), (4, 4), (12, 9)] {
        let script = Scripted::new(|_, _| Step::Fail(status(503)));
        let resilience = Resilience { max_calls, ..steady() };
        provider(&script, resilience).chat("Say hello.").await.unwrap_err();
        assert_eq!(script.calls().len(), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_reports_an_overload_first_is_called_again() {
    let script = Scripted::new(|_, call| match call {
        0 => Step::Pieces(vec![(Duration::ZERO, Err(status(503)))]),
        _ => Step::Answer,
    });
    let stream = provider(&script, steady()).stream(pinned()).await.unwrap();
    let response = stream.response().await.unwrap();
    assert_eq!((response.text.as_str(), response.attempts.len()), ("Done.", 2));
    assert_eq!(script.moments(), [0, 500]);
}

#[tokio::test(start_paused = true)]
async fn after_the_first_piece_nothing_is_called_again() {
    let script = Scripted::new(|_, _| {
        Step::Pieces(vec![(Duration::ZERO, Ok(text("Once "))), (Duration::ZERO, Err(status(503)))])
    });
    let mut stream = provider(&script, steady()).stream("Say hello.").await.unwrap();
    assert_eq!(stream.next_text().await.unwrap().unwrap(), "Once ");
    assert_eq!(*stream.next_text().await.unwrap().unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(stream.next_text().await.is_none());
    assert_eq!(script.calls().len(), 1);
}

#[tokio::test]
async fn every_call_that_may_be_billed_has_one_entry() {
    let script = Scripted::new(|_, call| match call {
        0 => Step::Fail(status(503).maybe_billed(false)),
        1 => Step::Fail(status(503)),
        _ => Step::Answer,
    });
    let ledger = Arc::new(Memory::default());
    let recorder = Recorder::new(ledger.clone(), None).waiting_at_most(WAIT);
    let mut settings = provider(&script, at_once()).engine().settings().clone();
    settings.recorder = recorder.clone();
    let provider = orkestra::Provider::over(script.clone(), settings).unwrap();
    let response = provider.chat(pinned()).await.unwrap();
    assert!(recorder.flush(WAIT).await.is_empty());
    let mut entries = ledger.entries(&Query::default()).await.unwrap();
    entries.sort_by_key(|entry| entry.attempt);
    let [failed, answered] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((failed.attempt, failed.outcome), (1, Outcome::Failed));
    assert_eq!((answered.attempt, answered.outcome), (3, Outcome::Ok));
    assert!(failed.usage.estimated && failed.cost > orkestra::Usd::ZERO);
    assert_eq!(answered.cost, response.cost);
    assert!(entries.iter().all(|entry| entry.decision_id == response.decision_id));
}

#[tokio::test]
async fn x_should_retry_wins_over_the_status() {
    for (code, header, calls) in
        [(400, "true", 2), (401, "true", 2), (503, "false", 1), (429, "false", 1), (503, "", 2)]
    {
        let header = match header {
            "" => String::new(),
            value => format!("x-should-retry: {value}\r\n"),
        };
        let server = Raw::start(move |call| match call {
            0 => failure(code, &header),
            _ => answer(),
        })
        .await;
        let (settings, _) = raw::settings(at_once());
        let answered = server.provider(Timeouts::default(), settings).chat("Say hello.").await;
        assert_eq!(answered.is_ok(), calls == 2, "{code}: {answered:?}");
        assert_eq!(server.heard().len(), calls, "{code}");
    }
}

#[tokio::test]
async fn the_wait_is_read_from_the_headers() {
    let table = [
        ("retry-after-ms: 2500\r\nretry-after: 9\r\n", Some(Duration::from_millis(2500))),
        ("retry-after: 9\r\n", Some(9 * SECOND)),
        ("retry-after: soon\r\n", None),
        ("", None),
    ];
    for (headers, wait) in table {
        for code in [429, 503] {
            let server = Raw::start(move |_| failure(code, headers)).await;
            let (settings, _) = raw::settings(raw::once());
            let provider = server.provider(Timeouts::default(), settings);
            let error = provider.chat("Say hello.").await.unwrap_err();
            assert_eq!(error.retry_after(), wait, "{code} {headers:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_is_made_again() {
    let server = Raw::start(|call| match call {
        0 => raw::Says::Bytes(String::new()),
        _ => answer(),
    })
    .await;
    let (settings, _) = raw::settings(at_once());
    let response = server.provider(Timeouts::default(), settings).chat("Say hello.").await.unwrap();
    assert_eq!(response.text, "Hello.");
    assert_eq!(response.attempts.len(), 2, "{:?}", response.attempts);
}

#[tokio::test(start_paused = true)]
async fn a_request_can_be_answered_on_any_thread() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let script = Scripted::new(|_, _| Step::Answer);
    let provider = provider(&script, steady());
    is_send(provider.chat("Say hello.")).await.unwrap();
    is_send(is_send(provider.stream("Say hello.")).await.unwrap()).response().await.unwrap();
    advance(SECOND).await;
}

proptest! {
    #[test]
    fn no_wait_is_longer_than_what_was_allowed(
        share in prop::num::f64::ANY,
        retries in 0_u32..40,
        max_retries in 0_u32..40,
        asked in prop::option::of(0_u64..200_000),
        code in prop::sample::select(vec![408_u16, 409, 429, 500, 502, 503, 504, 529]),
        others_left: bool,
    ) {
        let policy =
            RetryPolicy { max_retries, random: Arc::new(move || share), ..RetryPolicy::default() };
        let error = status(code).with_retry_after(asked.map(Duration::from_millis));
        if let Some(wait) = policy.wait(&error, retries, others_left) {
            let limit = if others_left { policy.fallback_after } else { policy.longest_wait };
            prop_assert!(wait <= limit && retries < max_retries);
            match asked.filter(|asked| *asked > 0) {
                Some(asked) => prop_assert_eq!(wait, Duration::from_millis(asked)),
                None => prop_assert!(wait <= policy.longest_backoff),
            }
        }
    }
}
