//! Which domains there are, which models each measured, and where their outputs stand.

use std::collections::{BTreeMap, BTreeSet};

use orkestra::routing::{DomainCard, HeadDomain, PerTier};

use crate::{
    heads::{HeadPlan, LineUp},
    prompts,
    questions::Question,
};

/// The domains of some questions, by name.
#[derive(Clone, Debug)]
pub(crate) struct Domains {
    /// What the artefact says of each; its models are those that stand for a tier of some head.
    pub(crate) cards: Vec<DomainCard>,
    /// Every (domain, model) that was measured, and its place among the network's outputs in training.
    pub(crate) measured: BTreeMap<(usize, String), usize>,
    places: BTreeMap<String, usize>,
    /// The source of each.
    sources: Vec<String>,
}

impl Domains {
    pub(crate) fn of(questions: &[&Question], plans: &[HeadPlan]) -> Self {
        let mut found: BTreeMap<String, (String, usize, BTreeSet<String>)> = BTreeMap::new();
        for row in questions.iter().flat_map(|question| &question.rows) {
            let entry = found.entry(row.domain()).or_default();
            row.source.clone_into(&mut entry.0);
            entry.1 += 1;
            let measured = row.scores.iter().filter(|(_, score)| score.is_some());
            entry.2.extend(measured.map(|(model, _)| model.clone()));
        }
        let mut domains = Self {
            cards: Vec::new(),
            measured: BTreeMap::new(),
            places: BTreeMap::new(),
            sources: Vec::new(),
        };
        for (name, (source, questions, measured)) in found {
            let place = domains.cards.len();
            let wanted: BTreeSet<&str> = plans
                .iter()
                .flat_map(|plan| &plan.line_ups)
                .filter(|line_up| speaks_for(line_up, &source))
                .flat_map(|line_up| {
                    let PerTier { budget, balanced, premium } = line_up.models();
                    [budget, balanced, premium].into_iter().flatten()
                })
                .collect();
            let models =
                measured.iter().filter(|model| wanted.contains(model.as_str())).cloned().collect();
            for model in measured {
                let output = domains.measured.len();
                domains.measured.insert((place, model), output);
            }
            domains.places.insert(name.clone(), place);
            domains.cards.push(DomainCard { name, questions, models });
            domains.sources.push(source);
        }
        domains
    }

    pub(crate) fn place(&self, domain: &str) -> Option<usize> {
        self.places.get(domain).copied()
    }

    /// How `plan`'s head sees the domains, which are `layer`'s.
    pub(crate) fn seen_by(
        &self,
        plan: &HeadPlan,
        layer: usize,
        prompts_weight: f64,
    ) -> Vec<HeadDomain> {
        let mut seen = Vec::new();
        for (place, card) in self.cards.iter().enumerate() {
            let source = &self.sources[place];
            let speaking: Vec<PerTier<Option<usize>>> = plan
                .line_ups
                .iter()
                .filter(|line_up| speaks_for(line_up, source))
                .map(|line_up| {
                    let models = line_up.models();
                    PerTier::from_fn(|tier| {
                        let model = (*models.get(tier))?;
                        card.models.iter().position(|known| known == model)
                    })
                })
                .filter(|models| models.premium.is_some())
                .collect();
            let weight = if source == prompts::SOURCE { prompts_weight } else { 1.0 };
            let share = weight / speaking.len().max(1) as f64;
            seen.extend(speaking.into_iter().map(|models| HeadDomain {
                layer,
                domain: place,
                weight: share,
                models,
            }));
        }
        seen
    }
}

fn speaks_for(line_up: &LineUp, source: &str) -> bool {
    match &line_up.source {
        Some(wanted) => wanted == source,
        None => source != prompts::SOURCE,
    }
}
