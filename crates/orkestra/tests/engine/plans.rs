use jiff::civil::date;
use orkestra::{
    ErrorKind, MultiProvider, Provider, Settings,
    chat::{Message, Role},
    routing::Tier,
    strategy::{Balanced, Cheapest, Smartest, Strategy},
};

use crate::support::{Bench, easy, hard, on, opinion};

#[tokio::test]
async fn the_same_input_gives_the_same_plan_byte_for_byte() {
    let bench = Bench::new().await;
    let provider = bench.provider("anthropic", opinion(0.5, 0.7, 0.9));
    let plan = || serde_json::to_vec(&provider.route("Explain recursion.").unwrap()).unwrap();
    assert_eq!(plan(), plan());
}

#[tokio::test]
async fn the_strategies_read_the_forecast_as_they_promise() {
    let bench = Bench::new().await;
    let cases: [(&dyn Strategy, [f64; 3], Tier); 8] = [
        (&Cheapest, [0.90, 0.90, 0.90], Tier::Budget),
        (&Cheapest, [0.10, 0.20, 0.90], Tier::Premium),
        (&Balanced, [0.99, 0.90, 0.90], Tier::Balanced),
        (&Balanced, [0.99, 0.86, 0.90], Tier::Balanced),
        (&Balanced, [0.99, 0.84, 0.90], Tier::Premium),
        (&Smartest, [0.99, 0.99, 0.10], Tier::Premium),
        (&Cheapest, [0.86, 0.10, 0.90], Tier::Budget),
        (&Cheapest, [0.84, 0.10, 0.90], Tier::Premium),
    ];
    for (strategy, [budget, balanced, premium], expected) in cases {
        let provider = bench.provider("google", opinion(budget, balanced, premium));
        let plan = provider.route_by(strategy, "Explain recursion.").unwrap();
        assert_eq!(plan.choice().tier, expected, "{}: {}", plan.strategy, plan.reason);
        assert!(plan.reason.contains(plan.choice().model.as_str()), "{}", plan.reason);
    }
}

#[tokio::test]
async fn balanced_never_names_budget() {
    let bench = Bench::new().await;
    let all: Vec<_> =
        ["google", "anthropic", "openai"].map(|name| bench.provider(name, easy())).into();
    let plan = MultiProvider::new(&all).unwrap().route_by(&Balanced, "Say hello.").unwrap();
    assert!(plan.candidates.iter().all(|candidate| candidate.tier != Tier::Budget));
}

#[tokio::test]
async fn the_dial_moves_the_margin() {
    let bench = Bench::new().await;
    let at = |quality| {
        let settings =
            Settings { quality: Some(quality), ..bench.settings(opinion(0.7, 0.8, 0.9)) };
        bench.provider_with("google", settings).route("Explain recursion.").unwrap().choice().tier
    };
    assert_eq!((at(1.0), at(0.85), at(0.5)), (Tier::Premium, Tier::Balanced, Tier::Budget));
}

#[tokio::test]
async fn a_retired_model_is_replaced_from_its_day_on_and_not_before() {
    let bench = Bench::new().await;
    let retirements = [
        (
            "google",
            Tier::Premium,
            date(2026, 3, 9),
            "gemini-3-pro-preview",
            "gemini-3.1-pro-preview",
        ),
        ("anthropic", Tier::Balanced, date(2026, 11, 30), "claude-sonnet-4-5", "claude-sonnet-5-5"),
        ("anthropic", Tier::Premium, date(2026, 6, 15), "claude-opus-4", "claude-opus-5-5"),
        ("openai", Tier::Budget, date(2027, 1, 14), "gpt-4o-mini", "gpt-6-luna"),
        ("openai", Tier::Balanced, date(2027, 1, 14), "gpt-4o", "gpt-6.1-terra"),
        ("openai", Tier::Premium, date(2026, 12, 11), "o3", "gpt-6.1-sol"),
    ];
    for (name, tier, day, old, new) in retirements {
        let on_day = |day| {
            let settings = Settings { clock: on(day), ..bench.settings(hard()) };
            let plan = bench.provider_with(name, settings).route("Say hello.").unwrap();
            let found = plan
                .candidates
                .iter()
                .find(|candidate| candidate.tier == tier)
                .unwrap()
                .model
                .to_string();
            (found, plan.notes.join("; "))
        };
        let (before, notes) = on_day(day.yesterday().unwrap());
        assert_eq!(before, old);
        assert!(!notes.contains(old), "{notes}");
        let (after, notes) = on_day(day);
        assert_eq!(after, new);
        assert!(notes.contains(old) && notes.contains(new), "{notes}");
    }
}

#[tokio::test]
async fn a_model_that_has_no_room_is_ruled_out_by_name() {
    let bench = Bench::new().await;
    let long = "word ".repeat(220_000);
    let plan = bench.provider("anthropic", easy()).route(long).unwrap();
    assert!(!plan.ruled_out.is_empty());
    assert!(plan.ruled_out.iter().all(|out| out.why.contains("context")), "{:?}", plan.ruled_out);
    let names: Vec<_> = plan.candidates.iter().map(|candidate| candidate.model.as_str()).collect();
    assert!(plan.ruled_out.iter().all(|out| !names.contains(&out.model.as_str())));
}

#[tokio::test]
async fn the_baseline_is_the_cheapest_default_premium_or_what_the_user_names() {
    let bench = Bench::new().await;
    let all: Vec<_> =
        ["google", "anthropic", "openai"].map(|name| bench.provider(name, easy())).into();
    let plan = MultiProvider::new(&all).unwrap().route("Say hello.").unwrap();
    assert_eq!(plan.base.tier, Tier::Premium);
    let premium = plan.candidates.iter().filter(|candidate| candidate.tier == Tier::Premium);
    assert!(
        premium.into_iter().all(|candidate| candidate.expected_cost >= plan.base.expected_cost)
    );
    let settings =
        Settings { base_model: Some("claude-fable-5-1".into()), ..bench.settings(easy()) };
    let plan = bench.provider_with("google", settings).route("Say hello.").unwrap();
    assert_eq!(plan.base.model.as_str(), "claude-fable-5-1");
}

#[tokio::test]
async fn a_plan_can_be_explained() {
    let provider = Provider::builder("google").settings(Settings::new().unwrap()).build().unwrap();
    let text = "How many legs have three spiders and a cow?";
    let (plan, why) = (provider.route(text).unwrap(), provider.explain(text).unwrap().unwrap());
    assert_eq!(why.forecast, plan.forecast);
    assert_eq!(why.forecast.head, "google");
    // Several providers are judged by the general head.
    let other = Provider::builder("openai").settings(Settings::new().unwrap()).build().unwrap();
    let both = MultiProvider::new(&[provider.clone(), other]).unwrap();
    assert_eq!(both.explain(text).unwrap().unwrap().forecast.head, "general");
    assert_eq!(*provider.explain(" ").unwrap_err().kind(), ErrorKind::InvalidRequest);
    // A router that only forecasts has nothing to explain.
    let bench = Bench::new().await;
    assert!(bench.provider("google", easy()).explain(text).unwrap().is_none());
}

#[tokio::test]
async fn a_bare_continuation_gets_the_plan_of_what_it_continues() {
    let provider = Provider::builder("openai").settings(Settings::new().unwrap()).build().unwrap();
    let asked = Message::text(Role::User, "Prove that the square root of 2 is irrational.");
    let answered = Message::text(Role::Assistant, "Suppose it were p/q.");
    let continued = vec![asked.clone(), answered, Message::text(Role::User, "ok, go on")];
    let (first, then) = (provider.route(vec![asked]).unwrap(), provider.route(continued).unwrap());
    assert_eq!(first.forecast, then.forecast);
    assert_eq!(first.choice().model, then.choice().model);
}
