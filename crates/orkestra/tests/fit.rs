//! What becomes of a request that a model does not take as it is: every rule of the catalogue, by a model that has it.

#![cfg(test)]

use orkestra::{
    catalogue::Catalogue,
    chat::{
        Content, DialectName, Effort, Function, Message, Part, Request, Role, Thinking,
        ThinkingMode, Tool, ToolCall, ToolChoice,
    },
    dialect::{Fitted, fit},
};

fn fitted(request: &Request, model: &str) -> Fitted {
    let catalogue = Catalogue::builtin();
    let model = catalogue.model(model).unwrap();
    let dialect = catalogue.provider(&model.provider).unwrap().dialect;
    fit(request, model, dialect)
}

fn ask() -> Request {
    Request { max_tokens: Some(20_000), ..Request::from("How deep is the sea?") }
}

fn with_tool() -> Request {
    let function = |name: &str| Function { name: name.to_owned(), ..Function::default() };
    ask().tools([function("depth"), function("length")])
}

/// A change to a request, the model it is sent to, and what must be said of it; nothing where it fits.
type Case = (fn(&mut Request), &'static str, &'static str);

fn said(cases: &[Case]) {
    for (position, (change, model, warning)) in cases.iter().enumerate() {
        let mut request = with_tool();
        change(&mut request);
        let Fitted { warnings, .. } = fitted(&request, model);
        if warning.is_empty() {
            assert!(warnings.is_empty(), "case {position}, {model}: {warnings:?}");
        } else {
            let [only] = &warnings[..] else { panic!("case {position}, {model}: {warnings:?}") };
            assert!(only.starts_with(model), "{only}");
            assert!(only.contains(warning), "case {position}: {only}");
        }
    }
}

#[test]
fn sampling_is_left_out_where_it_is_refused_or_ignored() {
    said(&[
        (|r| r.temperature = Some(0.2), "gpt-4o", ""),
        (|r| r.temperature = Some(0.2), "o3", "temperature 0.2 was left out"),
        (|r| r.temperature = Some(1.0), "o3", ""),
        (|r| r.temperature = Some(1.8), "claude-haiku-4-5", "lowered to 1"),
        (|r| r.temperature = Some(0.2), "claude-opus-5-5", "temperature 0.2 was left out"),
        (|r| r.temperature = Some(0.2), "gemini-3.8-flash", "temperature 0.2 was left out"),
        (|r| r.top_p = Some(0.9), "o3", "top_p 0.9 was left out"),
        (|r| r.top_p = Some(1.0), "o3", ""),
        (|r| r.top_k = Some(40), "gpt-4o", "top_k 40 was left out"),
        (|r| r.top_k = Some(40), "gemini-2.5-flash-lite", ""),
        (|r| r.top_k = Some(40), "gemini-4-argon", "it would be ignored"),
        (|r| r.seed = Some(7), "claude-haiku-4-5", "seed 7 was left out"),
        (|r| r.seed = Some(7), "gemini-2.5-flash-lite", ""),
        (|r| r.stop = vec!["END".to_owned()], "o3", "stop [\"END\"] was left out"),
        (|r| r.stop = vec!["END".to_owned()], "gpt-4o", ""),
        (|r| r.presence_penalty = Some(0.5), "gemini-4-argon", "presence_penalty 0.5"),
        (|r| r.frequency_penalty = Some(0.0), "gemini-4-argon", ""),
        (|r| r.logprobs = Some(true), "claude-haiku-4-5", "logprobs true was left out"),
        (|r| r.parallel_tool_calls = Some(false), "o3", "parallel_tool_calls false was left out"),
        (|r| r.parallel_tool_calls = Some(false), "claude-haiku-4-5", ""),
        (|r| r.parallel_tool_calls = Some(true), "gemini-3-flash-preview", ""),
    ]);
}

#[test]
fn some_models_take_sampling_only_while_they_do_not_reason() {
    said(&[
        (|r| r.temperature = Some(0.2), "gpt-6-luna", "temperature 0.2 was left out"),
        (
            |r| {
                r.temperature = Some(0.2);
                r.thinking = Thinking::with_effort(Effort::None);
            },
            "gpt-6-luna",
            "",
        ),
        (|r| r.temperature = Some(0.2), "gpt-5.4-nano", ""),
        (
            |r| {
                r.temperature = Some(0.2);
                r.thinking = Thinking::with_effort(Effort::High);
            },
            "gpt-5.4-nano",
            "temperature 0.2 was left out",
        ),
        (
            |r| {
                r.temperature = Some(0.2);
                r.thinking.budget = Some(2000);
            },
            "claude-haiku-4-5",
            "while it thinks",
        ),
    ]);
}

#[test]
fn efforts_budgets_and_modes_become_what_the_model_takes() {
    let effort = |effort| Thinking::with_effort(effort);
    let budget = |budget| Thinking { budget: Some(budget), ..Thinking::default() };
    let mode = |mode| Thinking { mode: Some(mode), ..Thinking::default() };
    let adaptive = |effort| Thinking { effort: Some(effort), ..mode(ThinkingMode::Adaptive) };
    let nothing = Thinking::default();
    // What is asked, of whom, what becomes of it, and what is said.
    let cases = [
        (effort(Effort::High), "gpt-4o", nothing, "does not think on demand"),
        (effort(Effort::None), "gpt-4o", nothing, ""),
        (effort(Effort::High), "o3", effort(Effort::High), ""),
        (effort(Effort::Max), "o3", effort(Effort::High), "max became high"),
        (effort(Effort::Minimal), "o3", effort(Effort::Low), "minimal became low"),
        (effort(Effort::None), "o3", effort(Effort::Low), "cannot be told not to think"),
        (effort(Effort::None), "gpt-6-luna", effort(Effort::None), ""),
        (budget(3000), "o3", effort(Effort::High), "3000 became the effort high"),
        (effort(Effort::Medium), "claude-haiku-4-5", budget(2048), "budget of 2048"),
        (budget(500), "claude-haiku-4-5", budget(1024), "500 became 1024"),
        (budget(90_000), "claude-haiku-4-5", budget(19_999), "90000 became 19999"),
        (mode(ThinkingMode::Disabled), "claude-haiku-4-5", mode(ThinkingMode::Disabled), ""),
        (effort(Effort::None), "claude-haiku-4-5", mode(ThinkingMode::Disabled), ""),
        (effort(Effort::High), "claude-opus-5-5", adaptive(Effort::High), ""),
        (budget(1000), "claude-opus-5-5", adaptive(Effort::Low), "1000 became the effort low"),
        (mode(ThinkingMode::Disabled), "claude-opus-5-5", effort(Effort::Low), "its least effort"),
        (
            mode(ThinkingMode::BetweenTools),
            "claude-sonnet-5-5",
            mode(ThinkingMode::BetweenTools),
            "",
        ),
        (
            mode(ThinkingMode::BetweenTools),
            "claude-opus-5-5",
            mode(ThinkingMode::Adaptive),
            "between tools was left out",
        ),
        (effort(Effort::Medium), "gemini-2.5-flash-lite", budget(2048), "budget of 2048"),
        (budget(0), "gemini-2.5-flash-lite", mode(ThinkingMode::Disabled), ""),
        (budget(512), "gemini-2.5-flash-lite", budget(512), ""),
        (effort(Effort::Minimal), "gemini-3.8-flash", effort(Effort::Low), "minimal became low"),
        (budget(9000), "gemini-4-argon", effort(Effort::High), "9000 became the effort high"),
        (effort(Effort::None), "gemini-4-argon", effort(Effort::Low), "its least effort"),
    ];
    for (asked, model, expected, warning) in cases {
        let Fitted { request, warnings } = fitted(&Request { thinking: asked, ..ask() }, model);
        assert_eq!(request.thinking, expected, "{asked:?} for {model}: {warnings:?}");
        assert_eq!(warnings.len(), usize::from(!warning.is_empty()), "{model}: {warnings:?}");
        assert!(warnings.iter().all(|said| said.contains(warning)), "{warnings:?}");
    }
}

#[test]
fn a_budget_that_leaves_no_room_for_an_answer_is_left_out() {
    let request =
        Request { thinking: Thinking { budget: Some(2000), ..Thinking::default() }, ..ask() };
    let Fitted { request, warnings } = fitted(&request.max_tokens(900), "claude-haiku-4-5");
    assert!(request.thinking.is_default());
    assert!(warnings[0].contains("max_tokens is 900"), "{warnings:?}");
}

#[test]
fn a_tool_is_forced_only_where_the_model_can_be() {
    let force = |r: &mut Request| r.tool_choice = Some(ToolChoice::Function("depth".to_owned()));
    said(&[
        (force, "gpt-4o", ""),
        (force, "claude-sonnet-4-6", ""),
        (force, "claude-opus-5-5", "tool_choice became auto"),
        (|r| r.tool_choice = Some(ToolChoice::Required), "claude-sonnet-5-5", "became auto"),
        (|r| r.tool_choice = Some(ToolChoice::None), "claude-sonnet-5-5", ""),
        (
            |r| {
                r.tool_choice = Some(ToolChoice::Required);
                r.thinking = Thinking { budget: Some(2000), ..Thinking::default() };
            },
            "claude-haiku-4-5",
            "since a tool is forced",
        ),
    ]);
    let mut request = with_tool();
    force(&mut request);
    assert_eq!(fitted(&request, "claude-opus-5-5").request.tool_choice, Some(ToolChoice::Auto));
}

#[test]
fn a_list_of_allowed_tools_becomes_the_list_of_tools() {
    let choice = ToolChoice::Allowed { names: vec!["length".to_owned()], required: true };
    let request = Request { tool_choice: Some(choice.clone()), ..with_tool() };
    let names = |request: &Request| -> Vec<String> {
        request.functions().map(|function| function.name.clone()).collect()
    };
    let kept = fitted(&request, "gpt-4o").request;
    assert_eq!((names(&kept).len(), kept.tool_choice), (2, Some(choice)));
    let filtered = fitted(&request, "gemini-3-flash-preview").request;
    assert_eq!(names(&filtered), ["length"]);
    assert_eq!(filtered.tool_choice, Some(ToolChoice::Required));
}

#[test]
fn a_choice_without_tools_is_no_choice() {
    let request = Request { tool_choice: Some(ToolChoice::Auto), ..ask() };
    let Fitted { request, warnings } = fitted(&request, "claude-haiku-4-5");
    assert_eq!((request.tool_choice, warnings.len()), (None, 0));
}

#[test]
fn strict_is_taken_from_tools_where_it_is_refused() {
    let mut model = Catalogue::builtin().model("gpt-4o").unwrap().clone();
    model.parameters.strict_tools = orkestra::catalogue::Acceptance::Refused;
    let mut request = with_tool();
    if let Some(Tool::Function(function)) = request.tools.first_mut() {
        function.strict = Some(true);
    }
    let Fitted { request, warnings } = fit(&request, &model, DialectName::Openai);
    assert!(request.functions().all(|function| function.strict.is_none()));
    assert!(warnings[0].contains("strict was left out"), "{warnings:?}");
}

/// A conversation in which `by` thought, called a tool and was answered.
fn thoughtful(by: Option<&str>) -> Request {
    let thoughts = Content::Reasoning { text: "Deep, surely.".to_owned(), redacted: None };
    let call = ToolCall { id: "call_1".into(), name: "depth".into(), arguments: "{ }".into() };
    let mut said =
        Message::of(Role::Assistant, vec![Part::from(thoughts).signed("c2ln"), call.into()]);
    said.model = by.map(str::to_owned);
    let result = orkestra::chat::ToolResult::text("call_1", "11 km");
    let mut request = with_tool();
    request.messages.extend([said, Message::of(Role::User, vec![result.into()])]);
    request
}

#[test]
fn thoughts_and_proofs_are_shown_to_their_own_model_alone() {
    let own = fitted(&thoughtful(Some("claude-opus-5-5")), "claude-opus-5-5");
    assert_eq!(own.request.messages, thoughtful(Some("claude-opus-5-5")).messages);
    assert!(own.warnings.is_empty(), "{:?}", own.warnings);
    // Who wrote it is not known, and the caller did not name the model: nobody vouches for it.
    for by in [Some("claude-sonnet-5-5"), Some("gemini-3-flash-preview"), None] {
        let Fitted { request, warnings } = fitted(&thoughtful(by), "claude-opus-5-5");
        let parts = &request.messages[1].content;
        assert_eq!(parts.len(), 1, "{by:?}");
        assert!(matches!(parts[0].content, Content::ToolCall(_)) && parts[0].signature.is_none());
        assert!(warnings[0].contains("thoughts of another model"), "{warnings:?}");
    }
}

#[test]
fn a_caller_who_names_the_model_in_its_own_dialect_is_taken_at_its_word() {
    let mut request = thoughtful(None).model("claude-opus-5-5");
    request.dialect = Some(DialectName::Anthropic);
    let Fitted { request: kept, warnings } = fitted(&request, "claude-opus-5-5");
    assert_eq!((kept.messages, warnings.len()), (request.messages.clone(), 0));
    request.dialect = Some(DialectName::Openai);
    assert_eq!(fitted(&request, "claude-opus-5-5").warnings.len(), 1);
}

#[test]
fn a_message_of_nothing_but_foreign_thoughts_is_left_out() {
    let mut request = ask();
    let thoughts = Content::Reasoning { text: "Hm.".to_owned(), redacted: None };
    request.messages.push(Message::of(Role::Assistant, vec![thoughts.into()]));
    request.messages.push(Message::text(Role::User, "Well?"));
    let Fitted { request, .. } = fitted(&request, "gpt-4o");
    assert_eq!(request.messages.len(), 2);
}
