//! Adds what rows of a user's own teach to a router that is already trained.
//!
//! The base's network and everything it knows stay as they are. The rows become a layer of their own: domains with a
//! gate, outputs on the network's hidden units, a linear part, and references in the same hidden space.

use std::collections::BTreeSet;

use orkestra::{
    Error, Result,
    routing::{
        GENERAL, HeadCard, Trained,
        artefact::{Parts, Values},
        nearest::Outcome,
    },
};

use crate::{
    fit::{Sample, ask, calibrate, turn_dial},
    heads::HeadPlan,
    learn::{
        LearnSettings,
        domains::Domains,
        grams::Grams,
        linear, outputs,
        tables::{write_linear, write_references},
    },
    progress::Progress,
    prompts,
    questions::{Question, gather, in_parallel},
};

/// Parts that the rows are divided into to see what the addition is worth.
const FOLDS: usize = 4;
const SEED: u64 = 0x0adde;
/// From so many measured questions on the addition is calibrated on them alone; with fewer the base's calibration
/// stays.
const ENOUGH_TO_CALIBRATE: usize = 60;
/// From so many on the dial is fitted to them too. With fewer, a handful of questions would decide what 0.99 of
/// premium's quality means; the base's margins say it better.
const ENOUGH_TO_TURN_THE_DIAL: usize = 400;
/// What an own domain's gate counts beside those that the router came with: its outcomes are the user's, theirs are
/// somebody else's.
const OWN_WEIGHT: f64 = 4.0;

/// Adds a layer learned from `questions` to `base`; the head named like `plan` learns from it.
///
/// # Errors
/// [`InvalidRequest`](orkestra::ErrorKind::InvalidRequest) when no question has a score of the plan's premium
/// model; [`Config`](orkestra::ErrorKind::Config) when the base's tables cannot be read.
pub fn extend(
    base: &Trained,
    questions: &[Question],
    plan: &HeadPlan,
    settings: &LearnSettings,
    progress: &dyn Progress,
) -> Result<Parts> {
    let known: Vec<&Question> =
        questions.iter().filter(|question| plan.outcome(question).premium.is_some()).collect();
    if known.is_empty() {
        return Err(Error::invalid(
            "no row has a score of the premium model; nothing can be learned",
        ));
    }
    let own = Addition { base, base_parts: base.parts()?, plan, settings, others: others(base)? };
    let mut samples: Vec<Sample> = Vec::new();
    for fold in 0..FOLDS {
        progress.step(fold, FOLDS + 1);
        let (out, kept): (Vec<&Question>, Vec<&Question>) =
            known.iter().partition(|question| question.fold(FOLDS, SEED) == fold);
        if kept.is_empty() || out.is_empty() {
            continue;
        }
        let parts = own.learn(&kept)?;
        samples.extend(ask(&parts, &out, std::slice::from_ref(plan))?.into_iter().flatten());
    }
    progress.step(FOLDS, FOLDS + 1);
    let mut parts = own.learn(&known)?;
    if samples.len() >= ENOUGH_TO_CALIBRATE {
        calibrate(&mut parts, plan, &samples);
    }
    if samples.len() >= ENOUGH_TO_TURN_THE_DIAL {
        turn_dial(&mut parts, plan, &samples);
    }
    progress.step(FOLDS + 1, FOLDS + 1);
    Ok(parts)
}

/// The project's prompts, which stand for everything that the rows are not when their gate is learned.
fn others(base: &Trained) -> Result<Vec<Question>> {
    gather(prompts::rows()?, &*base.embedder())
}

struct Addition<'a> {
    base: &'a Trained,
    base_parts: Parts,
    plan: &'a HeadPlan,
    settings: &'a LearnSettings,
    others: Vec<Question>,
}

impl Addition<'_> {
    /// The head that learns: the base's own of that name, else its general one under the new name.
    fn head(&self) -> Result<HeadCard> {
        let heads = &self.base.metadata().heads;
        let named = |name: &str| heads.iter().find(|card| card.name == name);
        let found = named(&self.plan.name).or_else(|| named(GENERAL)).cloned();
        let mut card =
            found.ok_or_else(|| Error::invalid("the base router has no general head"))?;
        card.name.clone_from(&self.plan.name);
        Ok(card)
    }

    fn learn(&self, questions: &[&Question]) -> Result<Parts> {
        let mut parts = self.base_parts.clone();
        let position = parts.metadata.layers.len();
        let layer = self.layer_name();
        let plans = std::slice::from_ref(self.plan);
        let domains = Domains::of(questions, plans);
        let rarity =
            parts.tables.get("grams.weights").and_then(Values::numbers).unwrap_or_default();
        let grams = Grams::held(rarity);
        let weighed = |questions: &[&Question]| -> Vec<Vec<(u16, f32)>> {
            questions.iter().map(|question| grams.weigh(&question.features)).collect()
        };
        // The gate learns from rows and others; the models' outputs from rows alone, as others have no scores.
        let mut all: Vec<&Question> = questions.to_vec();
        all.extend(&self.others);
        let fits = linear(&all, &weighed(&all), &domains, &self.settings.ridge);
        write_linear(&mut parts, &layer, &fits, &self.settings.ridge);
        let space = parts.hidden_space()?;
        let units: Vec<Vec<f32>> =
            in_parallel(questions.to_vec(), &|question: &Question| space.of(&question.features).0);
        outputs::write(&mut parts, &layer, questions, &units, &domains);
        let first = card_of_references(&parts, self.plan);
        write_references(&mut parts, &layer, questions, &domains, plans)?;
        self.write_head(&mut parts, &layer, position, &domains, first)?;
        let mut hashes: BTreeSet<u64> = self.base.question_hashes().iter().copied().collect();
        hashes.extend(questions.iter().map(|question| question.hash));
        parts.put("questions.hashes", 1, &hashes.into_iter().collect::<Vec<u64>>());
        Ok(parts)
    }

    fn layer_name(&self) -> String {
        let taken =
            |name: &String| self.base.metadata().layers.iter().any(|layer| layer.name == *name);
        let names = (1..).map(|number| format!("own{number}"));
        names.into_iter().find(|name| !taken(name)).unwrap_or_default()
    }

    /// The head's card and what it knows of the base's references; other heads know nothing of the new layer.
    fn write_head(
        &self,
        parts: &mut Parts,
        layer: &str,
        position: usize,
        domains: &Domains,
        known: Vec<(String, Values)>,
    ) -> Result<()> {
        let name = &self.plan.name;
        let mut card = self.head()?;
        let mut own = domains.seen_by(self.plan, position, 1.0);
        own.iter_mut().for_each(|domain| domain.weight *= OWN_WEIGHT);
        card.domains.extend(own);
        parts.tables.extend(known);
        match parts.metadata.heads.iter_mut().find(|card| card.name == *name) {
            Some(place) => *place = card,
            None => parts.metadata.heads.push(card),
        }
        let references =
            parts.tables.get(&format!("layers.{layer}.references.scales")).map_or(0, Values::rows);
        let nothing = Outcome::default();
        for card in parts.metadata.heads.clone().iter().filter(|card| card.name != *name) {
            let repeat = |codes: [u8; 3]| codes.repeat(references);
            parts.put(
                format!("heads.{}.outcomes.{layer}", card.name),
                3,
                &repeat(nothing.score_codes()),
            );
            parts.put(
                format!("heads.{}.output_tokens.{layer}", card.name),
                3,
                &repeat(nothing.token_codes()),
            );
        }
        Ok(())
    }
}

/// What a head that is new knows of the base's references: the same as the general one.
fn card_of_references(parts: &Parts, plan: &HeadPlan) -> Vec<(String, Values)> {
    if parts.metadata.heads.iter().any(|card| card.name == plan.name) {
        return Vec::new();
    }
    let general = format!("heads.{GENERAL}.");
    let renamed = |name: &String| {
        name.strip_prefix(&general).map(|rest| format!("heads.{}.{rest}", plan.name))
    };
    parts
        .tables
        .iter()
        .filter_map(|(name, values)| Some((renamed(name)?, values.clone())))
        .collect()
}
