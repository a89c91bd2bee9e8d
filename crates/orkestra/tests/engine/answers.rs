use jiff::civil::date;
use orkestra::{
    MultiProvider, Settings,
    catalogue::Catalogue,
    chat::{Message, Request, Role},
    routing::Tier,
    strategy::{Balanced, Smartest},
};

use crate::support::{Bench, easy, hard, on};

#[tokio::test]
async fn every_provider_answers_and_bills_to_the_last_digit() {
    let bench = Bench::new().await;
    for name in ["google", "anthropic", "openai"] {
        let provider = bench.provider(name, easy());
        let response = provider.chat("Say hello to a new colleague.").await.unwrap();
        assert!(response.text.contains("simulated"), "{name}: {}", response.text);
        assert_eq!((response.provider.as_str(), response.tier), (name, Tier::Budget));
        assert!(response.simulated);
        assert!(response.input_tokens > 0 && response.output_tokens > 0, "{name}");
        assert_eq!(response.input_cost + response.output_cost, response.cost, "{name}");
        assert_eq!(response.cost + response.savings, response.base_cost, "{name}");
        assert_eq!(response.model, response.plan.choice().model);
        assert!(response.request_id.is_some(), "{name} has no request id");
        assert_eq!(response.attempts.len(), 1);
    }
}

#[tokio::test]
async fn a_hard_prompt_goes_to_premium_and_saves_nothing() {
    let bench = Bench::new().await;
    let response = bench.provider("openai", hard()).chat("Prove it.").await.unwrap();
    assert_eq!(response.tier, Tier::Premium);
    assert_eq!(response.model, response.base_model);
    assert_eq!(response.savings, orkestra::Usd::ZERO);
}

#[tokio::test]
async fn several_providers_share_the_work() {
    let bench = Bench::new().await;
    let all: Vec<_> =
        ["google", "anthropic", "openai"].map(|name| bench.provider(name, easy())).into();
    let all = MultiProvider::new(&all).unwrap();
    let cheapest = all.chat("Say hello.").await.unwrap();
    let in_the_middle = all.chat_by(&Balanced, "Say hello.").await.unwrap();
    let smartest = all.chat_by(&Smartest, "Say hello.").await.unwrap();
    assert_eq!(cheapest.tier, Tier::Budget);
    assert_eq!(in_the_middle.tier, Tier::Balanced);
    let best = smartest.plan.candidates.iter().map(|candidate| candidate.rank).max();
    assert_eq!(best, Some(smartest.plan.choice().rank));
    let costs = cheapest.plan.candidates.iter().take(3).map(|candidate| candidate.expected_cost);
    assert!(costs.is_sorted(), "the plan's good enough models are in order of cost");
}

#[tokio::test]
async fn a_conversation_and_its_system_text_arrive_whole() {
    let bench = Bench::new().await;
    for name in ["google", "anthropic", "openai"] {
        let messages = vec![
            Message::text(Role::User, "My name is Ada."),
            Message::text(Role::Assistant, "Hello Ada."),
            Message::text(Role::User, "What is my name?"),
        ];
        let request = Request::from(messages).system("Be brief.").max_tokens(50).temperature(0.5);
        bench.provider(name, easy()).chat(request).await.unwrap();
        let sent = bench.simulator.requests().pop().unwrap();
        let body = String::from_utf8(sent.body.to_vec()).unwrap();
        for text in ["My name is Ada.", "Hello Ada.", "What is my name?", "Be brief."] {
            assert!(body.contains(text), "{name} was not sent {text:?}: {body}");
        }
    }
}

#[tokio::test]
async fn a_named_model_is_called_whatever_the_forecast() {
    let bench = Bench::new().await;
    let provider = bench.provider("openai", easy());
    let response = provider.chat(Request::from("Say hello.").model("gpt-6.1-terra")).await.unwrap();
    assert_eq!(response.model.as_str(), "gpt-6.1-terra");
    assert_eq!(response.plan.strategy, "fixed");
}

#[tokio::test]
async fn a_temperature_that_a_model_refuses_is_left_out_with_a_warning() {
    let bench = Bench::new().await;
    let provider = bench.provider("openai", easy());
    let request = Request::from("Say hello.").model("gpt-6.1-sol").temperature(0.2);
    let response = provider.chat(request).await.unwrap();
    assert!(
        response.warnings.iter().any(|warning| warning.contains("0.2")),
        "{:?}",
        response.warnings
    );
}

#[tokio::test]
async fn a_short_limit_is_reported_with_its_remedy() {
    let bench = Bench::new().await;
    let request = Request::from(
        "Tell a long story about the sea. [[reply: one two three four five six seven eight nine ten]]",
    );
    let response = bench.provider("google", easy()).chat(request.max_tokens(3)).await.unwrap();
    assert_eq!(response.finish_reason, orkestra::chat::FinishReason::Length);
    assert!(
        response.warnings.iter().any(|warning| warning.contains("max_tokens")),
        "{:?}",
        response.warnings
    );
}

#[tokio::test]
async fn calls_and_streams_may_be_awaited_on_any_thread() {
    let bench = Bench::new().await;
    let provider = bench.provider("openai", easy());
    let (whole, streamed) = (provider.clone(), provider);
    let whole = tokio::spawn(async move { whole.chat("Say hello.").await });
    let streamed =
        tokio::spawn(async move { streamed.stream("Say hello.").await?.response().await });
    assert_eq!(whole.await.unwrap().unwrap().text, streamed.await.unwrap().unwrap().text);
}

#[tokio::test]
async fn an_old_catalogue_is_said_once_whoever_chose_the_model() {
    let bench = Bench::new().await;
    for model in [None, Some("gpt-6-luna")] {
        let settings = Settings { clock: on(date(2027, 6, 1)), ..bench.settings(easy()) };
        let mut request = Request::from("Say hello.");
        request.model = model.map(str::to_owned);
        let response = bench.provider_with("openai", settings).chat(request).await.unwrap();
        let age = Catalogue::builtin().age_note(date(2027, 6, 1)).unwrap();
        let said = response.warnings.iter().filter(|warning| **warning == age).count();
        assert_eq!(said, 1, "{model:?}: {:?}", response.warnings);
    }
}
