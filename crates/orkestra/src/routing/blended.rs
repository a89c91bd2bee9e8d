//! The `blend` router: the network, its nearest neighbours and the linear part, put together by a head.

use std::sync::Arc;

use super::{
    Domain, Explanation, Forecast, GENERAL, Moved, Neighbour, PerTier, Router, Tier, TierForecast,
    artefact::Bundle,
    explanation,
    head::{Beliefs, HeadCard, Resemblance},
    index::{Near, Query},
    layer::Reading,
    nearest::{Heard, Outcome},
};
use crate::{
    error::{Error, ErrorKind, Result},
    features::{Features, each_ngram, rareness, weigh},
};

/// Neighbours that a forecast names. All of them count; more than these nobody reads.
const SHOWN: usize = 8;
/// Features that an explanation names.
const SHOWN_FEATURES: usize = 8;

/// Forecasts by blending three predictors.
#[derive(Clone, Debug)]
pub(super) struct Blended {
    id: String,
    bundle: Arc<Bundle>,
    /// The position of the general head.
    general: usize,
}

/// What everything that speaks said about one text.
pub(super) struct Heeded<'a> {
    card: &'a HeadCard,
    shares: Vec<f64>,
    near: Vec<(usize, Near)>,
    neighbours: Vec<(f64, Outcome)>,
    heard: Heard,
    familiar: f64,
    pub(super) resemblance: Resemblance,
    pub(super) beliefs: Beliefs,
}

impl Blended {
    pub(super) fn new(bundle: Arc<Bundle>) -> Result<Self> {
        let general = bundle.metadata.heads.iter().position(|head| head.name == GENERAL);
        let general = general
            .ok_or_else(|| Error::new(ErrorKind::Config, "the router has no head named general"))?;
        let id = format!("blend-{}", &bundle.metadata.sha256[..12]);
        Ok(Self { id, bundle, general })
    }

    fn position(&self, head: &str) -> usize {
        let cards = &self.bundle.metadata.heads;
        cards.iter().position(|card| card.name == head).unwrap_or(self.general)
    }

    fn check(&self, features: &Features) -> Result<()> {
        let expected = &self.bundle.metadata.embedder;
        if features.embedder == expected.id && features.embedding.len() == expected.dimensions {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Config,
            format!(
                "router {} reads vectors of embedder {}, got {} values of {:?}; use the embedder of the same file",
                self.id,
                expected.id,
                features.embedding.len(),
                features.embedder
            ),
        ))
    }

    /// The text's n-grams, weighed, and of unit length together.
    fn grams(&self, features: &Features) -> Vec<(u16, f32)> {
        weigh(&features.ngrams, &self.bundle.grams)
    }

    /// Asks every predictor.
    pub(super) fn listen(&self, features: &Features, head: &str) -> Result<Heeded<'_>> {
        self.check(features)?;
        let Bundle { network, layers, heads, metadata, .. } = &*self.bundle;
        let head = self.position(head);
        let card = &metadata.heads[head];
        let units = network.hidden(features);
        let grams = self.grams(features);
        let readings: Vec<Reading> = layers
            .iter()
            .map(|layer| layer.read(features, &grams, &units, network.parts))
            .collect();
        let shares = card.shares(&readings);

        let direction = network.direction(&units);
        let mut near: Vec<(usize, Near)> = Vec::new();
        for (position, layer) in layers.iter().enumerate() {
            let known = heads[head].knows(position);
            let found =
                layer.index.nearest(&direction, card.kernel.neighbours, card.compared, known);
            near.extend(found.into_iter().map(|near| (position, near)));
        }
        if layers.len() > 1 {
            near.sort_by(|a, b| b.1.similarity.total_cmp(&a.1.similarity));
            near.truncate(card.kernel.neighbours);
        }
        let neighbours: Vec<(f64, Outcome)> = near
            .iter()
            .map(|(layer, near)| {
                (f64::from(near.similarity), heads[head].outcome(*layer, near.reference))
            })
            .collect();
        let heard = card.kernel.heard(&card.prior, &neighbours);

        let score = |scores: &dyn Fn(&Reading) -> &[f32], layer: usize, model: usize| {
            readings.get(layer).and_then(|reading| scores(reading).get(model)).copied()
        };
        let mixed = |scores: &dyn Fn(&Reading) -> &[f32]| {
            card.mixed(&shares, |domain, model| {
                let first = layers.get(domain.layer).map_or(0, |l| l.first_model(domain.domain));
                f64::from(score(scores, domain.layer, first + model).unwrap_or(0.0))
            })
        };
        let beliefs = Beliefs {
            network: mixed(&|reading| &reading.network),
            nearest: heard.belief,
            linear: mixed(&|reading| &reading.linear),
        };
        let resemblance = self.resemblance(features);
        let familiar = card.familiarity.of(resemblance);
        let heeded =
            Heeded { card, shares, near, neighbours, heard, familiar, resemblance, beliefs };
        Ok(heeded)
    }

    fn resemblance(&self, features: &Features) -> Resemblance {
        let query = Query::new(&features.embedding);
        let layers = self.bundle.layers.iter().filter(|_| query.scale != 0.0);
        let nearness = layers.map(|layer| layer.nearness(&query)).fold(-1.0, f32::max);
        let rareness = rareness(&features.ngrams, &self.bundle.grams, self.bundle.rarest);
        Resemblance { nearness: f64::from(nearness), rareness: f64::from(rareness) }
    }

    fn named(&self, heeded: &Heeded<'_>) -> Vec<Neighbour> {
        let names = heeded.near.iter().map(|(layer, near)| {
            let layer = self.bundle.layers.get(*layer);
            let family = layer.and_then(|layer| {
                let position = layer.families.get(near.reference)?;
                layer.card.families.get(usize::from(*position))
            });
            family.map_or("", String::as_str)
        });
        heeded.card.kernel.named(&heeded.neighbours, &heeded.heard.weights, names, SHOWN)
    }

    /// Each tier's score and uncertainty.
    pub(super) fn concluded(&self, heeded: &Heeded<'_>) -> Result<(PerTier<f64>, PerTier<f64>)> {
        let (scores, uncertainty) =
            heeded.card.concluded(&heeded.beliefs, &heeded.heard.scatter, heeded.familiar);
        let sound = |tier| scores.get(tier).is_finite() && uncertainty.get(tier).is_finite();
        if !Tier::ALL.into_iter().all(sound) {
            // Only a forged file holds numbers so large that their products are none.
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "router {} comes to no number for this text; build or fetch it again",
                    self.id
                ),
            ));
        }
        Ok((scores, uncertainty))
    }

    fn forecast_of(&self, heeded: &Heeded<'_>) -> Result<Forecast> {
        let (scores, uncertainty) = self.concluded(heeded)?;
        let familiar = heeded.familiar;
        // The neighbours of a strange text are its neighbours by chance.
        let output_tokens = |tier| {
            let (known, prior) = (heeded.heard.output_tokens, heeded.card.prior.output_tokens);
            familiar * known.get(tier) + (1.0 - familiar) * prior.get(tier)
        };
        Ok(Forecast {
            router: self.id.clone(),
            head: heeded.card.name.clone(),
            tiers: PerTier::from_fn(|tier| TierForecast {
                score: *scores.get(tier),
                uncertainty: *uncertainty.get(tier),
                output_tokens: output_tokens(tier),
            }),
            familiarity: familiar,
            neighbours: if familiar > 0.0 { self.named(heeded) } else { Vec::new() },
        })
    }

    /// What each n-gram of `text`, and its shape, add to the linear part's forecast of budget's loss.
    fn moved(&self, text: &str, features: &Features, heeded: &Heeded<'_>) -> Vec<Moved> {
        let weights: rustc_hash::FxHashMap<u16, f32> = self.grams(features).into_iter().collect();
        let loss = |bucket: u16| -> f64 {
            let domains = heeded.card.domains.iter().zip(&heeded.shares);
            domains
                .filter_map(|(domain, share)| {
                    let layer = self.bundle.layers.get(domain.layer)?;
                    let first = layer.card.domains.len() + layer.first_model(domain.domain);
                    let (premium, budget) = (domain.models.premium?, domain.models.budget?);
                    let of = |model: usize| f64::from(layer.weight_of(bucket, first + model));
                    Some(share * (of(premium) - of(budget)))
                })
                .sum()
        };
        let mut found: Vec<Moved> = Vec::new();
        let mut seen = rustc_hash::FxHashSet::default();
        each_ngram(text, |bucket, letters| {
            if let (Some(weight), true) = (weights.get(&bucket), seen.insert(bucket)) {
                let effect = f64::from(*weight) * loss(bucket);
                if effect != 0.0 {
                    found.push(Moved { feature: letters.iter().collect(), effect });
                }
            }
        });
        found.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
        found.truncate(SHOWN_FEATURES);
        found
    }
}

impl Router for Blended {
    fn id(&self) -> &str {
        &self.id
    }

    fn heads(&self) -> Vec<&str> {
        self.bundle.metadata.heads.iter().map(|head| head.name.as_str()).collect()
    }

    fn forecast(&self, features: &Features, head: &str) -> Result<Forecast> {
        self.forecast_of(&self.listen(features, head)?)
    }

    fn explain(&self, text: &str, features: &Features, head: &str) -> Result<Option<Explanation>> {
        let heeded = self.listen(features, head)?;
        let forecast = self.forecast_of(&heeded)?;
        let mut domains: Vec<Domain> = Vec::new();
        for (domain, share) in heeded.card.domains.iter().zip(&heeded.shares) {
            let layer = self.bundle.layers.get(domain.layer);
            let Some(card) = layer.and_then(|layer| layer.card.domains.get(domain.domain)) else {
                continue;
            };
            // A domain speaks once for each line-up of models it knows.
            match domains.iter_mut().find(|domain| domain.name == card.name) {
                Some(known) => known.share += share,
                None => domains.push(Domain { name: card.name.clone(), share: *share }),
            }
        }
        domains.sort_by(|a, b| b.share.total_cmp(&a.share));
        let features = self.moved(text, features, &heeded);
        let sentence = explanation::sentence(&forecast, &domains);
        let beliefs = heeded.beliefs;
        Ok(Some(Explanation { forecast, beliefs, domains, features, sentence }))
    }

    fn margin(&self, quality: f64, head: &str) -> f64 {
        let margins = &self.bundle.heads[self.position(head)].margins;
        let last = margins.len() - 1;
        // NaN asks for everything rather than for nothing.
        let quality = if quality.is_nan() { 1.0 } else { quality.clamp(0.0, 1.0) };
        let place = quality * last as f64;
        let below = (place.floor() as usize).min(last);
        let above = (below + 1).min(last);
        let (low, high) = (f64::from(margins[below]), f64::from(margins[above]));
        low + (high - low) * (place - below as f64)
    }

    fn default_quality(&self, head: &str) -> f64 {
        self.bundle.metadata.heads[self.position(head)].default_quality
    }
}
