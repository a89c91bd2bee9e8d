//! Several keys for one provider share the calls, and one that does not work costs nobody an answer.

use std::{collections::BTreeMap, time::Duration};

use orkestra::{ErrorKind, Provider, engine::Resilience, provider::Timeouts};
use orkestra_simulator::{Fault, FaultKind};

use crate::{
    raw::{self, Raw, answer, failure},
    support::{Bench, easy},
};

const KEYS: [&str; 3] = ["sk-first-11", "sk-second-22", "sk-third-33"];

fn provider(bench: &Bench, name: &str, keys: &[&str]) -> Provider {
    let builder = Provider::builder(name).keys(keys.iter().copied());
    let builder = builder.base_url(bench.simulator.base_url(name));
    builder.settings(bench.settings(easy())).build().unwrap()
}

/// The keys that the calls so far were made with, in order.
fn used(bench: &Bench) -> Vec<String> {
    let requests = bench.simulator.requests();
    let key = |headers: &BTreeMap<String, String>| {
        let names = ["authorization", "x-api-key", "x-goog-api-key"];
        let value = names.iter().find_map(|name| headers.get(*name)).unwrap();
        value.trim_start_matches("Bearer ").to_owned()
    };
    requests.iter().map(|sent| key(&sent.headers)).collect()
}

#[tokio::test]
async fn calls_take_turns() {
    let bench = Bench::new().await;
    for name in ["google", "anthropic", "openai"] {
        bench.simulator.clear();
        let provider = provider(&bench, name, &KEYS);
        for _ in 0..6 {
            provider.chat("Say hello.").await.unwrap();
        }
        assert_eq!(used(&bench), [KEYS, KEYS].concat(), "{name}");
    }
}

#[tokio::test]
async fn the_key_with_the_fewest_calls_under_way_is_next() {
    let bench = Bench::new().await;
    let provider = provider(&bench, "openai", &KEYS[..2]);
    let long = provider.stream("Describe the moon in some detail, please.").await.unwrap();
    for _ in 0..3 {
        provider.chat("Say hello.").await.unwrap();
    }
    drop(long);
    provider.chat("Say hello.").await.unwrap();
    assert_eq!(used(&bench), [KEYS[0], KEYS[1], KEYS[1], KEYS[1], KEYS[0]]);
}

#[tokio::test]
async fn a_key_that_is_too_fast_rests_while_another_answers() {
    let bench = Bench::new().await;
    for name in ["google", "anthropic", "openai"] {
        bench.simulator.clear();
        let provider = provider(&bench, name, &KEYS[..2]);
        let wait = Duration::from_secs(3600);
        bench.simulator.push_fault(Fault::new(FaultKind::RateLimited(wait)));
        for _ in 0..3 {
            let response = provider.chat("Say hello.").await.unwrap();
            assert_eq!(response.attempts.len(), 1, "{name}: {:?}", response.attempts);
        }
        assert_eq!(used(&bench), [KEYS[0], KEYS[1], KEYS[1], KEYS[1]], "{name}");
    }
}

#[tokio::test]
async fn a_key_rests_for_the_one_model_only() {
    let bench = Bench::new().await;
    let provider = provider(&bench, "openai", &KEYS[..2]);
    let wait = Duration::from_secs(3600);
    bench.simulator.push_fault(Fault::new(FaultKind::RateLimited(wait)));
    provider.chat("Say hello.").await.unwrap();
    let other = provider.route("Say hello.").unwrap().candidates[1].model.clone();
    bench.simulator.clear();
    for _ in 0..2 {
        let request = orkestra::chat::Request::from("Say hello.").model(other.as_str());
        provider.chat(request).await.unwrap();
    }
    assert_eq!(used(&bench), KEYS[..2]);
}

#[tokio::test]
async fn a_rested_key_is_used_again() {
    let server = Raw::start(|call| match call {
        0 => failure(429, "retry-after-ms: 20\r\n"),
        _ => answer(),
    })
    .await;
    let (settings, _) = raw::settings(raw::once());
    let builder = Provider::builder("openai").keys([KEYS[0], KEYS[1]]);
    let provider = builder.base_url(server.url("http")).settings(settings).build().unwrap();
    provider.chat("Say hello.").await.unwrap();
    tokio::time::sleep(Duration::from_millis(25)).await;
    provider.chat("Say hello.").await.unwrap();
    let key = |heard: &String| KEYS.iter().position(|key| heard.contains(key)).unwrap();
    assert_eq!(server.heard().iter().map(key).collect::<Vec<_>>(), [0, 1, 0]);
}

#[tokio::test]
async fn each_key_is_tried_once_whatever_wait_is_asked_for() {
    for headers in ["", "retry-after: 0\r\n", "retry-after-ms: 0\r\n", "retry-after: -1\r\n"] {
        let server = Raw::start(move |_| failure(429, headers)).await;
        let (settings, _) = raw::settings(raw::once());
        let builder = Provider::builder("openai").keys(KEYS).base_url(server.url("http"));
        let provider = builder.settings(settings).build().unwrap();
        let error = provider.chat("Say hello.").await.unwrap_err();
        assert_eq!(error.retry_after().unwrap_or_default(), Duration::ZERO, "{headers:?}");
        assert_eq!(server.heard().len(), 3, "{headers:?}");
    }
}

#[tokio::test]
async fn when_every_key_rests_the_first_to_be_free_is_told() {
    let server = Raw::start(|call| match call {
        0 => failure(429, "retry-after: 500\r\n"),
        1 => failure(429, "retry-after: 20\r\n"),
        _ => failure(429, "retry-after: 900\r\n"),
    })
    .await;
    let (settings, _) = raw::settings(raw::once());
    let builder = Provider::builder("openai").keys(KEYS).base_url(server.url("http"));
    let provider = builder.settings(settings).build().unwrap();
    let error = provider.chat("Say hello.").await.unwrap_err();
    let wait = error.retry_after().unwrap();
    assert!(wait <= Duration::from_secs(20) && wait > Duration::from_secs(19), "{wait:?}");
    assert_eq!(server.heard().len(), 3);
    // A further call is made all the same: with the key that is free first.
    provider.chat("Say hello.").await.unwrap_err();
    assert_eq!(server.heard().len(), 4);
    assert!(server.heard()[3].contains(KEYS[1]), "{}", server.heard()[3]);
}

#[tokio::test]
async fn a_refused_key_is_set_aside_with_one_warning_that_does_not_show_it() {
    let bench = Bench::new().await;
    for name in ["google", "anthropic", "openai"] {
        bench.simulator.clear();
        let keys = [KEYS[0], "bad-key-99", KEYS[2]];
        let provider = provider(&bench, name, &keys);
        let mut warnings = Vec::new();
        for _ in 0..5 {
            let response = provider.chat("Say hello.").await.unwrap();
            assert_eq!(response.attempts.len(), 1);
            warnings.extend(response.warnings);
        }
        let expected = [keys[0], keys[1], keys[2], keys[0], keys[2], keys[0]];
        assert_eq!(used(&bench), expected, "{name}");
        let about: Vec<_> = warnings.iter().filter(|warning| warning.contains("key")).collect();
        let [warning] = about[..] else { panic!("{name}: {warnings:?}") };
        assert!(warning.contains("key 2 of 3") && warning.contains(name), "{warning}");
        assert!(!warning.contains("bad-key-99"), "{warning}");
    }
}

#[tokio::test]
async fn when_every_key_is_refused_the_error_names_none() {
    let bench = Bench::new().await;
    let keys = ["bad-key-11", "bad-key-22"];
    let provider = provider(&bench, "openai", &keys);
    for calls in [2, 3, 4] {
        let error = provider.chat("Say hello.").await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unauthenticated);
        let said = format!("{error} {error:?} {provider:?}");
        assert!(keys.iter().all(|key| !said.contains(key)), "{said}");
        assert_eq!(bench.simulator.requests().len(), calls);
    }
}

#[tokio::test]
async fn a_key_without_permission_for_a_model_is_used_for_the_others() {
    let bench = Bench::new().await;
    let provider = provider(&bench, "openai", &KEYS[..2]);
    let candidates = provider.route("Say hello.").unwrap().candidates;
    bench.simulator.push_fault(Fault::new(FaultKind::Forbidden));
    let response = provider.chat("Say hello.").await.unwrap();
    assert!(response.warnings.iter().any(|warning| {
        warning.contains("key 1 of 2") && warning.contains(candidates[0].model.as_str())
    }));
    provider.chat("Say hello.").await.unwrap();
    for _ in 0..2 {
        let model = candidates[1].model.as_str();
        let request = orkestra::chat::Request::from("Say hello.").model(model);
        provider.chat(request).await.unwrap();
    }
    assert_eq!(used(&bench), [KEYS[0], KEYS[1], KEYS[1], KEYS[0], KEYS[1]]);
}

#[tokio::test]
async fn a_key_without_money_moves_on_to_the_next() {
    let bench = Bench::new().await;
    for name in ["google", "anthropic", "openai"] {
        bench.simulator.clear();
        let provider = provider(&bench, name, &KEYS[..2]);
        bench.simulator.push_fault(Fault::new(FaultKind::QuotaSpent));
        provider.chat("Say hello.").await.unwrap();
        provider.chat("Say hello.").await.unwrap();
        assert_eq!(used(&bench), [KEYS[0], KEYS[1], KEYS[1]], "{name}");
    }
}

#[tokio::test]
async fn other_failures_are_no_matter_of_keys() {
    let bench = Bench::new().await;
    let settings = orkestra::Settings { resilience: raw::once(), ..bench.settings(easy()) };
    let builder = Provider::builder("openai").keys(KEYS);
    let builder = builder.base_url(bench.simulator.base_url("openai")).settings(settings);
    let provider = builder.build().unwrap();
    bench.simulator.push_fault(Fault::new(FaultKind::BadRequest));
    provider.chat("Say hello.").await.unwrap_err();
    assert_eq!(bench.simulator.requests().len(), 1);
}

#[tokio::test]
async fn a_single_refused_key_is_tried_every_time_and_warns_of_nothing() {
    let bench = Bench::new().await;
    let provider = provider(&bench, "anthropic", &KEYS[..1]);
    bench.simulator.push_fault(Fault::new(FaultKind::Unauthenticated));
    provider.chat("Say hello.").await.unwrap_err();
    let response = provider.chat("Say hello.").await.unwrap();
    assert!(response.warnings.iter().all(|warning| !warning.contains("key")));
}

#[test]
fn a_list_of_no_keys_and_an_empty_key_are_refused() {
    for keys in [&[][..], &["sk-1", " "]] {
        let settings = orkestra::Settings {
            resilience: Resilience::default(),
            ..orkestra::Settings::new().unwrap()
        };
        let builder = Provider::builder("openai").timeouts(Timeouts::default());
        let error = builder.keys(keys.iter().copied()).settings(settings).build().unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unauthenticated, "{error}");
        assert!(error.to_string().contains("empty"), "{error}");
    }
}
