use orkestra::{
    Error, ErrorKind, MultiProvider, Provider, Settings,
    chat::{MAX_PROMPT_BYTES, Message, Request, Role},
};

use crate::support::{Bench, KEY, easy};

fn refused(bench: &Bench, request: impl Into<Request>) -> Error {
    bench.provider("openai", easy()).route(request).expect_err("must be refused")
}

#[tokio::test]
async fn each_bad_request_names_its_field_and_value() {
    let bench = Bench::new().await;
    let hello = || Request::from("Say hello.");
    let too_long = "a".repeat(20 * 1024 * 1024);
    let cases: Vec<(Request, ErrorKind, &str)> = vec![
        ("".into(), ErrorKind::InvalidRequest, "prompt is empty"),
        (" \n\t ".into(), ErrorKind::InvalidRequest, "prompt is empty"),
        (Vec::<Message>::new().into(), ErrorKind::InvalidRequest, "messages is empty"),
        (
            vec![Message::text(Role::Assistant, "Hello.")].into(),
            ErrorKind::InvalidRequest,
            "no message is the user's",
        ),
        (hello().max_tokens(0), ErrorKind::InvalidRequest, "max_tokens is 0"),
        (hello().max_tokens(4_000_000), ErrorKind::InvalidRequest, "max_tokens is 4000000"),
        (
            hello().model("gpt-4o").max_tokens(20_000),
            ErrorKind::InvalidRequest,
            "gpt-4o answers with at most 16384",
        ),
        (hello().temperature(f64::NAN), ErrorKind::InvalidRequest, "temperature is NaN"),
        (hello().temperature(-0.1), ErrorKind::InvalidRequest, "temperature is -0.1"),
        (hello().temperature(2.1), ErrorKind::InvalidRequest, "temperature is 2.1"),
        (hello().temperature(f64::INFINITY), ErrorKind::InvalidRequest, "temperature is inf"),
        ("a\0b".into(), ErrorKind::InvalidRequest, "NUL byte at position 1"),
        (too_long.into(), ErrorKind::TooLong, &MAX_PROMPT_BYTES.to_string()),
        ("word ".repeat(3_000_000).into(), ErrorKind::TooLong, "context"),
        (hello().model("gpt-40"), ErrorKind::UnknownModel, "gpt-4o"),
        (hello().model("claude-haiku-4-5"), ErrorKind::UnknownModel, "anthropic"),
    ]
    .into_iter()
    .map(|(request, kind, text)| {
        (request, kind, Box::leak(text.to_owned().into_boxed_str()) as &str)
    })
    .collect();
    for (request, kind, text) in cases {
        let error = refused(&bench, request);
        assert_eq!(*error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "expected {text:?} in: {error}");
    }
    assert!(bench.simulator.requests().is_empty(), "nothing of this may reach a provider");
}

#[tokio::test]
async fn names_that_nobody_has_are_answered_with_what_is_near() {
    let bench = Bench::new().await;
    let settings = || bench.settings(easy());
    let error = Provider::builder("opneai").key(KEY).settings(settings()).build().unwrap_err();
    assert!(
        error.to_string().contains("\"opneai\"") && error.to_string().contains("openai"),
        "{error}"
    );
    let error = orkestra::strategy::named("cheepest").unwrap_err();
    assert!(
        error.to_string().contains("\"cheepest\"") && error.to_string().contains("cheapest"),
        "{error}"
    );
}

#[tokio::test]
async fn pools_and_settings_are_checked() {
    let bench = Bench::new().await;
    let error = MultiProvider::new(&[]).unwrap_err();
    assert!(error.to_string().contains("empty"), "{error}");
    let twice = [bench.provider("google", easy()), bench.provider("google", easy())];
    assert!(MultiProvider::new(&twice).unwrap_err().to_string().contains("google is listed twice"));
    for quality in [f64::NAN, -0.1, 1.1] {
        let settings = Settings { quality: Some(quality), ..bench.settings(easy()) };
        let error = Provider::builder("google").key(KEY).settings(settings).build().unwrap_err();
        assert!(error.to_string().contains(&format!("quality is {quality}")), "{error}");
    }
}

#[tokio::test]
async fn keys_and_addresses_are_checked_before_anything_is_sent() {
    let bench = Bench::new().await;
    let build = |key: &str, url: &str| {
        Provider::builder("openai").key(key).base_url(url).settings(bench.settings(easy())).build()
    };
    let cases = [
        ("", "https://api.test", ErrorKind::Unauthenticated, "empty"),
        ("sk two", "https://api.test", ErrorKind::Unauthenticated, "character"),
        (KEY, "api.test", ErrorKind::Config, "not a URL"),
        (KEY, "ftp://api.test", ErrorKind::Config, "neither http nor https"),
        (KEY, "http://api.test", ErrorKind::Config, "plain HTTP"),
        (KEY, "https://me:secret@api.test", ErrorKind::Config, "user name"),
    ];
    for (key, url, kind, text) in cases {
        let error = build(key, url).expect_err(url);
        assert_eq!(*error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(build(KEY, "http://127.0.0.1:9/v1").is_ok() && build(KEY, "http://[::1]:9/v1").is_ok());
}

#[tokio::test]
async fn a_refused_key_is_an_error_of_its_own_kind_at_every_provider() {
    let bench = Bench::new().await;
    for name in ["google", "anthropic", "openai"] {
        let builder =
            Provider::builder(name).key("bad-key-123").base_url(bench.simulator.base_url(name));
        let provider = builder.settings(bench.settings(easy())).build().unwrap();
        let error = provider.chat("Say hello.").await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unauthenticated, "{name}: {error}");
        assert!(error.to_string().contains("check the key"), "{error}");
        assert!(!error.to_string().contains("bad-key-123"), "{error}");
    }
}
