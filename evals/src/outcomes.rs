//! Which models stand for which tier, and what a head makes of a question's rows.

use orkestra::routing::{
    GENERAL, PerTier, Tier,
    nearest::{Outcome, Prior},
};

use crate::dataset::{Question, Row};

/// The heads and the price (input + output, USD per million) of each tier, for cost shares.
/// The general head has the families' mean.
pub(crate) const HEADS: [(&str, [f64; 3]); 4] = [
    ("google", [0.5, 3.5, 14.0]),
    ("anthropic", [4.8, 18.0, 90.0]),
    ("openai", [0.75, 12.5, 50.0]),
    (GENERAL, [2.02, 11.33, 51.33]),
];

/// Models of one source that stand for the tiers of one family. An empty name: nobody does.
pub(crate) struct LineUp {
    pub(crate) source: &'static str,
    pub(crate) family: &'static str,
    pub(crate) models: [&'static str; 3],
}

const fn line_up(source: &'static str, family: &'static str, models: [&'static str; 3]) -> LineUp {
    LineUp { source, family, models }
}

/// Every line-up feeds its family's head and the general one. RouteLLM's and the arena's weak and
/// strong models are taken for budget and premium of the OpenAI head, whose strong model they share.
/// RouterArena measured cheap models only: it says how hard a question is, not what more money buys, so
/// no head learns from it and its questions are merely listed as seen.
pub(crate) const LINE_UPS: [LineUp; 10] = [
    line_up(
        "zeroeval",
        "openai",
        ["gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06", "o1-mini-2024-09-12"],
    ),
    line_up(
        "zeroeval",
        "anthropic",
        ["claude-3-haiku-20240307", "claude-3-sonnet-20240229", "claude-3-5-sonnet-20240620"],
    ),
    line_up(
        "zeroeval",
        "google",
        ["gemini-1.5-flash", "gemini-1.5-pro", "gemini-1.5-pro-exp-0801"],
    ),
    line_up("mmlu_pro", "google", ["gemini-1.5-flash-002", "gemini-1.5-pro-002", "gemini-3.1-pro"]),
    line_up("routellm", "openai", ["Mixtral-8x7B-Instruct-v0.1", "", "gpt-4-1106-preview"]),
    line_up(
        "arena_bench_v1",
        "openai",
        ["Mixtral-8x7B-Instruct-v0.1", "gpt-3.5-turbo-1106", "gpt-4-1106-preview"],
    ),
    line_up("misguided_attention", "openai", ["gpt-4.1-nano", "gpt-4.1-mini", "gpt-4.1"]),
    line_up(
        "misguided_attention",
        "google",
        ["gemini-2.0-flash", "gemini-2.5-flash-preview-05-20", "gemini-2.5-pro-preview-05-06"],
    ),
    line_up(
        "bullshit_benchmark",
        "google",
        ["gemini-2.0-flash-001", "gemini-2.5-flash", "gemini-2.5-pro"],
    ),
    line_up(
        "bullshit_benchmark",
        "anthropic",
        ["claude-3-haiku", "claude-3.7-sonnet", "claude-opus-4"],
    ),
];

/// The score of `model` in `row`, if it was measured.
fn score(row: &Row, model: &str) -> Option<f64> {
    row.scores.get(model).copied().flatten()
}

fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.into_iter().fold((0.0, 0.0), |(sum, n), x| (sum + x, n + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// What `head` sees of `question`: means over the rows and line-ups that measured it.
pub(crate) fn outcome(question: &Question, head: &str) -> Outcome {
    let mut measured = Vec::new();
    let mut tokens: [Vec<f64>; 3] = Default::default();
    let seen = |line_up: &&LineUp| head == GENERAL || line_up.family == head;
    for row in &question.rows {
        for line_up in LINE_UPS.iter().filter(seen).filter(|line_up| line_up.source == row.source) {
            measured.push(line_up.models.map(|model| score(row, model)));
            for (tokens, model) in tokens.iter_mut().zip(line_up.models) {
                tokens.extend(row.output_tokens.get(model).copied().flatten());
            }
        }
    }
    let loss =
        |tier: usize| mean(measured.iter().filter_map(|scores| Some(scores[2]? - scores[tier]?)));
    let [budget, balanced, premium] = tokens.map(mean);
    Outcome {
        premium: mean(measured.iter().filter_map(|scores| scores[2])),
        balanced_loss: loss(1),
        budget_loss: loss(0),
        output_tokens: PerTier { budget, balanced, premium },
    }
}

/// The scores of one line-up on `question`, for measuring a single task.
pub(crate) fn scores_of(question: &Question, line_up: &LineUp) -> Option<[Option<f64>; 3]> {
    let row = question.rows.iter().find(|row| row.source == line_up.source)?;
    Some(line_up.models.map(|model| score(row, model)))
}

/// What is believed without neighbours: the means over `outcomes`.
///
/// A tier without output tokens gets 400, the rough length of a chat answer.
pub(crate) fn prior<'a>(outcomes: &(impl Iterator<Item = &'a Outcome> + Clone)) -> Prior {
    let over = |value: &dyn Fn(&Outcome) -> Option<f64>| mean(outcomes.clone().filter_map(value));
    let variance = |tier: Tier| {
        let centre = over(&|outcome| outcome.score(tier)).unwrap_or(0.5);
        over(&|outcome| outcome.score(tier).map(|score| (score - centre).powi(2))).unwrap_or(0.25)
    };
    Prior {
        premium: over(&|outcome| outcome.premium).unwrap_or(0.5),
        balanced_loss: over(&|outcome| outcome.balanced_loss).unwrap_or(0.0),
        budget_loss: over(&|outcome| outcome.budget_loss).unwrap_or(0.0),
        variance: PerTier::from_fn(variance),
        output_tokens: PerTier::from_fn(|tier| {
            over(&|outcome| *outcome.output_tokens.get(tier)).unwrap_or(400.0)
        }),
    }
}
