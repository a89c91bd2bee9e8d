//! Hooks and middleware: who is told what, in which order, and who may change it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use futures::StreamExt;
use orkestra::{
    Error, ErrorKind, MultiProvider, Provider, Response, ResponseStream, Result, Usd,
    chat::{Chunk, FinishReason, Part, Reply},
    engine::{Call, Event, Extensions, Hook, Middleware, Moment, Next},
    provider::Timeouts,
};
use orkestra_simulator::{Fault, FaultKind};

use crate::support::{Bench, easy, hard};

const TOLD: &str = "Describe the moon in some detail, please.";

type Notes = Arc<Mutex<Vec<String>>>;

/// Writes down what it is told, and may fail.
#[derive(Debug)]
struct Watches {
    mark: &'static str,
    notes: Notes,
    fails: bool,
}

#[async_trait]
impl Hook for Watches {
    async fn notice(&self, event: &Event) -> Result<()> {
        let provider = event.provider.as_deref().unwrap_or("-");
        let note = format!("{} {} {provider}", self.mark, event.moment.name());
        self.notes.lock().unwrap().push(note);
        if self.fails { Err(Error::invalid("on purpose")) } else { Ok(()) }
    }
}

/// Watches one moment, and counts.
#[derive(Debug, Default)]
struct Counts(AtomicUsize);

#[async_trait]
impl Hook for Counts {
    fn wants(&self, name: &str) -> bool {
        name == "on_chunk"
    }

    async fn notice(&self, event: &Event) -> Result<()> {
        assert!(matches!(event.moment, Moment::Chunk(_)));
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Adds to the prompt, and writes down where it stands.
#[derive(Debug)]
struct Adds {
    mark: &'static str,
    notes: Notes,
}

impl Adds {
    fn to(&self, mut call: Call, next: &Next) -> Call {
        let provider = next.provider().unwrap_or("-");
        self.notes.lock().unwrap().push(format!("{} in {provider}", self.mark));
        if let Some(message) = call.request.messages.last_mut() {
            message.content.push(Part::text(format!("({})", self.mark)));
        }
        call
    }
}

#[async_trait]
impl Middleware for Adds {
    async fn chat(&self, call: Call, next: Next) -> Result<Response> {
        let call = self.to(call, &next);
        let response = next.chat(call).await?;
        self.notes.lock().unwrap().push(format!("{} out {}", self.mark, response.provider));
        Ok(response)
    }

    async fn stream(&self, call: Call, next: Next) -> Result<ResponseStream> {
        let call = self.to(call, &next);
        next.stream(call).await
    }
}

/// Answers itself.
#[derive(Debug)]
struct Knows;

impl Knows {
    fn reply() -> Reply {
        Reply::new(vec![Part::text("I know")], FinishReason::Stop)
    }
}

#[async_trait]
impl Middleware for Knows {
    async fn chat(&self, call: Call, next: Next) -> Result<Response> {
        Ok(Response::uncalled(Self::reply(), next.plan(&call)?))
    }

    async fn stream(&self, call: Call, next: Next) -> Result<ResponseStream> {
        let plan = next.plan(&call)?;
        let pieces = ["I ", "know"].map(|piece| Ok(Chunk::Text(piece.to_owned())));
        let pieces = futures::stream::iter(pieces).boxed();
        let of_plan = plan.clone();
        let respond = move |reply| Ok(Response::uncalled(reply, of_plan));
        Ok(ResponseStream::replaced(plan, pieces, respond))
    }
}

/// Goes on once more when that failed.
#[derive(Debug)]
struct Insists;

#[async_trait]
impl Middleware for Insists {
    async fn chat(&self, call: Call, next: Next) -> Result<Response> {
        match next.clone().chat(call.clone()).await {
            Err(_) => next.chat(call).await,
            answered => answered,
        }
    }
}

/// Lets nothing pass.
#[derive(Debug)]
struct Forbids;

#[async_trait]
impl Middleware for Forbids {
    async fn chat(&self, _: Call, _: Next) -> Result<Response> {
        Err(Error::invalid("not this one"))
    }
}

fn watch(extensions: &Extensions, mark: &'static str, notes: &Notes) {
    extensions.add_hook(Arc::new(Watches { mark, notes: notes.clone(), fails: false }));
}

fn taken(notes: &Notes) -> Vec<String> {
    std::mem::take(&mut notes.lock().unwrap())
}

async fn read(mut stream: ResponseStream) -> (Vec<String>, Response) {
    let mut pieces = Vec::new();
    while let Some(piece) = stream.next_text().await {
        pieces.push(piece.unwrap());
    }
    (pieces, stream.response().await.unwrap())
}

fn google_and_openai(bench: &Bench, outside: &Extensions) -> (Provider, Provider, MultiProvider) {
    let provider = |name| {
        let extensions = Extensions::after(outside);
        let settings = orkestra::Settings { extensions, ..bench.settings(easy()) };
        bench.provider_with(name, settings)
    };
    let (google, openai) = (provider("google"), provider("openai"));
    let both = MultiProvider::new(&[google.clone(), openai.clone()]).unwrap();
    (google, openai, both)
}

#[tokio::test]
async fn hooks_are_told_in_order_whoever_they_belong_to() {
    let bench = Bench::new().await;
    let (outside, notes) = (Extensions::default(), Notes::default());
    let (google, openai, both) = google_and_openai(&bench, &outside);
    watch(google.extensions(), "google", &notes);
    watch(openai.extensions(), "openai", &notes);
    watch(both.extensions(), "both", &notes);
    watch(&outside, "outside", &notes);
    let chosen = both.chat("Hello").await.unwrap().provider;
    let mut expected = Vec::new();
    for moment in ["on_request", "on_chat"] {
        expected.extend(["outside", "both"].map(|mark| format!("{mark} {moment} -")));
    }
    for moment in ["on_route", "on_response"] {
        expected
            .extend(["outside", "both", &chosen].map(|mark| format!("{mark} {moment} {chosen}")));
    }
    assert_eq!(taken(&notes), expected);
    google.chat("Hello").await.unwrap();
    assert!(
        taken(&notes).iter().all(|note| note.ends_with(" google") && !note.starts_with("both"))
    );
}

#[tokio::test]
async fn a_stream_tells_of_each_piece_and_of_its_end() {
    let bench = Bench::new().await;
    let provider = bench.provider("openai", easy());
    let (notes, counts) = (Notes::default(), Arc::new(Counts::default()));
    watch(provider.extensions(), "own", &notes);
    provider.extensions().add_hook(counts.clone());
    let stream = provider.stream(TOLD).await.unwrap();
    assert_eq!(taken(&notes).len(), 3, "request, stream, route");
    let (pieces, response) = read(stream).await;
    let told = taken(&notes);
    assert_eq!(told.last().map(String::as_str), Some("own on_stream_complete openai"));
    let chunks = told.iter().filter(|note| note.contains("on_chunk")).count();
    assert!(chunks >= pieces.len() && chunks == told.len() - 1);
    assert_eq!(counts.0.load(Ordering::Relaxed), chunks);
    assert_eq!(response.text, pieces.concat());
}

#[tokio::test]
async fn a_hook_that_fails_fails_nothing_and_one_that_left_is_told_nothing() {
    let bench = Bench::new().await;
    let provider = bench.provider("openai", easy());
    let notes = Notes::default();
    let failing: Arc<dyn Hook> =
        Arc::new(Watches { mark: "own", notes: notes.clone(), fails: true });
    provider.extensions().add_hook(failing.clone());
    assert!(provider.chat("Hello").await.is_ok());
    assert_eq!(taken(&notes).len(), 4);
    assert_eq!(provider.extensions().remove_hooks(|hook| Arc::ptr_eq(hook, &failing)), 1);
    assert!(provider.chat("Hello").await.is_ok());
    assert_eq!(taken(&notes).len(), 0);
}

#[tokio::test]
async fn middleware_stands_outside_in_and_the_chosen_providers_own_last() {
    let bench = Bench::new().await;
    let (outside, notes) = (Extensions::default(), Notes::default());
    let (google, openai, both) = google_and_openai(&bench, &outside);
    let adds = |mark| Arc::new(Adds { mark, notes: notes.clone() });
    google.extensions().add_middleware(adds("google"));
    openai.extensions().add_middleware(adds("openai"));
    both.extensions().add_middleware(adds("both"));
    outside.add_middleware(adds("outside"));
    let chosen = both.chat("Hello").await.unwrap().provider;
    let expected = [
        "outside in -".to_owned(),
        "both in -".to_owned(),
        format!("{chosen} in {chosen}"),
        format!("{chosen} out {chosen}"),
        format!("both out {chosen}"),
        format!("outside out {chosen}"),
    ];
    assert_eq!(taken(&notes), expected);
    let sent = String::from_utf8(bench.simulator.requests()[0].body.to_vec()).unwrap();
    for mark in ["(outside)", "(both)", &format!("({chosen})")] {
        assert!(sent.contains(mark), "{sent}");
    }
    let (pieces, response) = read(both.stream(TOLD).await.unwrap()).await;
    assert_eq!(pieces.concat(), response.text);
    assert_eq!(taken(&notes).len(), 3);
}

#[tokio::test]
async fn middleware_may_answer_itself_and_nothing_is_billed() {
    let bench = Bench::new().await;
    let settings = bench.settings(hard());
    let provider = bench.provider_with("openai", settings.clone());
    provider.extensions().add_middleware(Arc::new(Knows));
    let notes = Notes::default();
    watch(provider.extensions(), "own", &notes);
    let response = provider.chat("Hello").await.unwrap();
    assert_eq!(
        (&*response.text, response.cost, response.savings),
        ("I know", Usd::ZERO, Usd::ZERO)
    );
    assert_eq!(response.model.as_str(), "none");
    assert_eq!(taken(&notes).last().map(String::as_str), Some("own on_response none"));
    let (pieces, response) = read(provider.stream("Hello").await.unwrap()).await;
    assert_eq!((pieces, &*response.text), (vec!["I ".to_owned(), "know".to_owned()], "I know"));
    assert!(bench.simulator.requests().is_empty());
    assert!(bench.entries(&settings).await.is_empty());
}

#[tokio::test]
async fn middleware_may_go_on_twice_and_may_refuse() {
    let bench = Bench::new().await;
    let provider = bench.provider("openai", easy());
    provider.extensions().add_middleware(Arc::new(Insists));
    for _ in 0..3 {
        bench.simulator.push_fault(Fault::new(FaultKind::Unauthenticated));
        assert!(provider.chat("Hello").await.is_ok());
    }
    let forbids: Arc<dyn Middleware> = Arc::new(Forbids);
    provider.extensions().add_middleware(forbids.clone());
    let error = provider.chat("Hello").await.unwrap_err();
    assert_eq!((error.to_string(), error.attempts()), ("not this one".to_owned(), 0));
    let left = provider.extensions().remove_middleware(|one| Arc::ptr_eq(one, &forbids));
    assert_eq!(left, 1);
    assert!(provider.chat("Hello").await.is_ok());
}

#[tokio::test]
async fn an_error_says_how_many_calls_were_made() {
    let bench = Bench::new().await;
    let provider = bench.provider("openai", easy());
    for _ in 0..20 {
        bench.simulator.push_fault(Fault::new(FaultKind::Unavailable));
    }
    let before = bench.simulator.requests().len();
    let error = provider.chat("Hello").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.attempts() as usize, bench.simulator.requests().len() - before);
    assert!(error.attempts() > 1);
}

#[tokio::test]
async fn routing_can_be_switched_off() {
    let bench = Bench::new().await;
    let builder = || {
        Provider::builder("openai")
            .settings(bench.settings(easy()))
            .base_url(bench.simulator.base_url("openai"))
            .key("any")
    };
    let plan = |provider: Provider| provider.route("Hello").unwrap();
    let off = plan(builder().smart_routing(false).build().unwrap());
    assert_eq!(off.choice().model, off.base.model);
    let named = builder().smart_routing(false).default_model("gpt-4o").build().unwrap();
    assert_eq!(plan(named).choice().model.as_str(), "gpt-4o");
    let on = plan(builder().default_model("gpt-4o").build().unwrap());
    assert_eq!(on.strategy, "cheapest");
    let error = builder().default_model("gpt-4p").build().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::UnknownModel);
}

#[tokio::test]
async fn headers_of_ones_own_are_sent_and_shown_nowhere() {
    let bench = Bench::new().await;
    let builder = || {
        Provider::builder("openai")
            .settings(bench.settings(easy()))
            .base_url(bench.simulator.base_url("openai"))
            .timeouts(Timeouts::of(std::time::Duration::from_secs(30)))
            .max_retries(0)
            .key("any")
    };
    let provider = builder().header("X-Gateway", "s3cret").build().unwrap();
    provider.chat("Hello").await.unwrap();
    assert_eq!(bench.simulator.requests()[0].headers["x-gateway"], "s3cret");
    assert!(!format!("{provider:?}").contains("s3cret"));
    for (name, value) in [("a b", "c"), ("ok", "a\nb"), ("Host", "x")] {
        let error = builder().header(name, value).build().unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Config, "{name}");
        assert!(
            error.to_string().contains(name) && !error.to_string().contains(value)
                || value == "x"
                || value == "c"
        );
    }
}
