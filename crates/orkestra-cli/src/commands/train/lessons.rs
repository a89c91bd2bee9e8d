//! Rows → a router's bytes, after checks that there is something to learn.

use std::{collections::BTreeMap, path::PathBuf};

use orkestra::{
    Error, Result,
    routing::{
        GENERAL, Trained,
        artefact::{Parts, SourceCard},
        from_bytes,
    },
};
use orkestra_training::{
    LearnSettings, Progress,
    evaluate::Case,
    extend, fit,
    heads::HeadPlan,
    prompts,
    questions::{Question, gather},
    rows::{BadRow, Rows},
    seed,
};

use crate::{failure::Failure, outcomes, output::Output};

/// With fewer questions nothing that is learned would hold.
const FEWEST: usize = 20;

/// What is learned from, and into what.
pub(super) struct Lessons {
    pub(super) case: Case,
    pub(super) family: String,
    pub(super) files: Vec<PathBuf>,
    pub(super) skip_bad: bool,
    pub(super) date: String,
    pub(super) target: Target,
}

/// What the result stands on.
pub(super) struct Target {
    /// The router that is added to; `None` for a new one.
    pub(super) base: Option<Trained>,
    /// The router that is part of the program.
    pub(super) embedded: Trained,
    /// Whether the file shall hold everything, instead of what the embedded router lacks.
    pub(super) whole: bool,
}

/// A router, and what it was learned from.
pub(super) struct Learned {
    pub(super) bytes: Vec<u8>,
    pub(super) router: Trained,
    pub(super) rows: usize,
    /// The rows that were left out.
    pub(super) bad: Vec<BadRow>,
    pub(super) questions: usize,
    /// Those with a score of the cheapest and of the dearest model.
    pub(super) usable: usize,
    /// The project's own prompts that were learned beside them.
    pub(super) prompts: usize,
    /// Each model and its mean score, the cheapest first.
    pub(super) models: Vec<(String, f64)>,
    pub(super) sources: Vec<SourceCard>,
}

impl Lessons {
    /// Learns; says by `progress` how far it is.
    pub(super) fn learn(
        self,
        progress: &dyn Progress,
        output: &Output,
    ) -> Result<Learned, Failure> {
        let Target { base, embedded, whole } = &self.target;
        let Rows { rows, bad } = outcomes::read(&self.files, self.skip_bad, output)?;
        let count = rows.len();
        let embedder = base.as_ref().unwrap_or(embedded).embedder();
        let questions = gather(rows, &*embedder)?;
        outcomes::check_models(&self.case.models, &questions, &self.files)?;
        let plan = HeadPlan { name: self.family, ..self.case.plan() };
        let usable = usable(&plan, &self.case.models, &questions)?;
        let models = means(&self.case.models, &questions);
        let sources = sources(&questions);
        let own = if base.is_some() { Vec::new() } else { gather(prompts::rows()?, &*embedder)? };
        let mut parts = match base {
            Some(base) => extended(base, &questions, &plan, progress)?,
            None => anew(embedded, &questions, &own, &plan, progress)?,
        };
        parts.metadata.sources.extend(sources.iter().cloned());
        parts.metadata.date = self.date;
        if !whole {
            parts = parts.on_top_of(&embedded.parts()?, &embedded.metadata().sha256);
        }
        let bytes = parts.to_bytes()?;
        Ok(Learned {
            router: from_bytes(&bytes)?,
            bytes,
            rows: count,
            bad,
            questions: questions.len(),
            usable,
            prompts: own.len(),
            models,
            sources,
        })
    }
}

fn anew(
    embedded: &Trained,
    questions: &[Question],
    own: &[Question],
    plan: &HeadPlan,
    progress: &dyn Progress,
) -> Result<Parts> {
    let mut plans = vec![plan.clone()];
    if plan.name != GENERAL {
        plans.push(HeadPlan { name: GENERAL.to_owned(), ..plan.clone() });
    }
    let all: Vec<Question> = questions.iter().chain(own).cloned().collect();
    let mut parts = fit(&seed::of(embedded)?, &all, &plans, &LearnSettings::default(), progress)?;
    parts.metadata.sources.push(SourceCard {
        name: prompts::SOURCE.to_owned(),
        licence: "MIT".to_owned(),
        questions: own.len(),
    });
    Ok(parts)
}

fn extended(
    base: &Trained,
    questions: &[Question],
    plan: &HeadPlan,
    progress: &dyn Progress,
) -> Result<Parts> {
    let mut parts = extend(base, questions, plan, &LearnSettings::default(), progress)?;
    // The head that learned is not the one that was measured.
    parts.metadata.scores.retain(|score| score.head != plan.name);
    Ok(parts)
}

/// How many questions can be learned from; an error when they teach nothing.
fn usable(plan: &HeadPlan, models: &[String], questions: &[Question]) -> Result<usize> {
    let compared = |question: &&Question| plan.outcome(question).budget_loss.is_some();
    let found = questions.iter().filter(compared).count();
    let (cheap, dear) = (&models[0], &models[models.len() - 1]);
    if found < FEWEST {
        return Err(Error::invalid(format!(
            "{found} questions have a score of both {cheap} and {dear}; at least {FEWEST} are needed"
        )));
    }
    let mut constants = Vec::new();
    for model in models {
        let mut scores = scores(model, questions);
        let first = scores.next().unwrap_or_default();
        if scores.any(|score| score.to_bits() != first.to_bits()) {
            return Ok(found);
        }
        constants.push(format!("{model} always has {first}"));
    }
    Err(Error::invalid(format!(
        "the scores are of one class only, so there is nothing to learn: {}; add rows on which they differ",
        constants.join(", ")
    )))
}

fn scores(model: &str, questions: &[Question]) -> impl Iterator<Item = f64> {
    let rows = questions.iter().flat_map(|question| &question.rows);
    rows.filter_map(move |row| row.score(model))
}

fn means(models: &[String], questions: &[Question]) -> Vec<(String, f64)> {
    let mean = |model: &String| {
        let (sum, count) = scores(model, questions)
            .fold((0.0, 0.0), |(sum, count), score| (sum + score, count + 1.0));
        (model.clone(), sum / count)
    };
    models.iter().map(mean).collect()
}

/// Where the questions come from. What the rows' licence is, nobody said.
fn sources(questions: &[Question]) -> Vec<SourceCard> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for question in questions {
        let mut names: Vec<&str> = question.rows.iter().map(|row| row.source.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().for_each(|name| *counts.entry(name).or_default() += 1);
    }
    let card = |(name, questions): (&str, usize)| SourceCard {
        name: name.to_owned(),
        licence: "not stated: the trainer's own rows".to_owned(),
        questions,
    };
    counts.into_iter().map(card).collect()
}
