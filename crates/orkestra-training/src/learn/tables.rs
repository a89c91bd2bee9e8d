//! What was learned → an artefact's tables, rounded to as many bits as validation showed to be enough.

use orkestra::{
    Result,
    features::{BUCKETS, SHAPE},
    routing::{
        LayerCard,
        artefact::{NetworkCard, Parts},
        nearest::Outcome,
    },
};

use crate::{
    arithmetic::quantise,
    heads::HeadPlan,
    learn::{
        clusters::cluster,
        domains::Domains,
        network::{NetworkSettings, Weights},
        ridge::{Fitted, RidgeSettings},
    },
    questions::{Question, in_parallel},
};

/// References get this many levels either way, which is five bits, stored in eight and compressed to less.
const REFERENCE_LEVELS: f32 = 15.0;
/// The same for what the linear part weighs.
const LINEAR_LEVELS: f32 = 31.0;
/// The same for the centres of the map.
const MAP_LEVELS: f32 = 127.0;
/// The same for a token's row: four bits.
const TOKEN_LEVELS: f32 = 7.0;
const TOKEN_OFFSET: i16 = 8;
/// About the root of the number of references: comparing centroids then costs little.
const CLUSTERS: usize = 160;

/// Puts the networks side by side.
pub(crate) fn write_network(parts: &mut Parts, trained: &[Weights], settings: &NetworkSettings) {
    let hidden = settings.hidden * trained.len();
    let side_by_side = |of: &dyn Fn(&Weights) -> &Vec<f32>| -> Vec<f32> {
        trained.iter().flat_map(|weights| of(weights).iter().copied()).collect()
    };
    let embedding = side_by_side(&|weights| &weights.embedding);
    let dimensions = embedding.len() / hidden.max(1);
    parts.put("network.embedding", dimensions, &embedding);
    parts.put("network.shape", SHAPE, &side_by_side(&|weights| &weights.shape));
    parts.put("network.bias", 1, &side_by_side(&|weights| &weights.bias));
    let tokens = trained.first().map_or(0, |weights| weights.tokens.len() / settings.hidden);
    let (mut codes, mut scales) = (Vec::with_capacity(tokens * hidden / 2), Vec::new());
    for token in 0..tokens {
        let own = token * settings.hidden..(token + 1) * settings.hidden;
        let row: Vec<f32> = trained
            .iter()
            .flat_map(|weights| weights.tokens[own.clone()].iter().copied())
            .collect();
        let (row, scale) = quantise(&row, TOKEN_LEVELS);
        let (low, high) = row.split_at(hidden / 2);
        let nibble = |code: i8| (i16::from(code) + TOKEN_OFFSET) as u8;
        codes.extend(low.iter().zip(high).map(|(low, high)| nibble(*low) | nibble(*high) << 4));
        scales.push(scale);
    }
    parts.put("network.codes", hidden / 2, &codes);
    parts.put("network.scales", 1, &scales);
    parts.metadata.network = NetworkCard { hidden, parts: trained.len() };
}

/// The network's outputs for the models of the domains' cards.
pub(crate) fn write_outputs(
    parts: &mut Parts,
    layer: &str,
    domains: &Domains,
    trained: &[Weights],
    hidden: usize,
) {
    let (mut rows, mut bias) = (Vec::new(), Vec::new());
    for (place, card) in domains.cards.iter().enumerate() {
        for model in &card.models {
            let output = domains.measured.get(&(place, model.clone())).copied().unwrap_or_default();
            let own = output * hidden..(output + 1) * hidden;
            for weights in trained {
                rows.extend_from_slice(&weights.outputs[own.clone()]);
            }
            let sum: f32 = trained.iter().map(|weights| weights.output_bias[output]).sum();
            bias.push(sum / trained.len() as f32);
        }
    }
    parts.put(format!("layers.{layer}.outputs.weights"), hidden * trained.len(), &rows);
    parts.put(format!("layers.{layer}.outputs.bias"), 1, &bias);
}

/// Puts the fits side by side: for each bucket the gates, then each domain's models.
pub(crate) fn write_linear(
    parts: &mut Parts,
    layer: &str,
    fits: &[Fitted],
    settings: &RidgeSettings,
) {
    let widths: Vec<usize> = fits.iter().map(|fit| fit.mean.len()).collect();
    let outputs: usize = widths.iter().sum();
    let mut codes = vec![0_i8; BUCKETS * outputs];
    let (mut scales, mut shapes, mut bias) = (Vec::new(), Vec::new(), Vec::new());
    let mut output = 0;
    for (fit, width) in fits.iter().zip(&widths) {
        let rows = fit.weights.len() / (*width).max(1);
        for own in 0..*width {
            let column: Vec<f32> = (0..rows).map(|row| fit.weights[row * width + own]).collect();
            let (grams, shape) = column.split_at(BUCKETS.min(column.len()));
            let (quantised, scale) = quantise(grams, LINEAR_LEVELS);
            for (bucket, code) in quantised.into_iter().enumerate() {
                codes[bucket * outputs + output] = code;
            }
            scales.push(scale);
            let shape = shape.iter().map(|weight| weight * settings.shape_weight);
            shapes.extend(shape.chain(std::iter::repeat(0.0)).take(SHAPE));
            bias.push(fit.mean[own]);
            output += 1;
        }
    }
    parts.put(format!("layers.{layer}.linear.codes"), outputs, &codes);
    parts.put(format!("layers.{layer}.linear.scales"), 1, &scales);
    parts.put(format!("layers.{layer}.linear.shape"), SHAPE, &shapes);
    parts.put(format!("layers.{layer}.linear.bias"), 1, &bias);
}

/// References, their clusters, the map, and what each head knows of them. Adds the layer's card.
pub(crate) fn write_references(
    parts: &mut Parts,
    layer: &str,
    questions: &[&Question],
    domains: &Domains,
    plans: &[HeadPlan],
) -> Result<()> {
    let space = parts.hidden_space()?;
    let outcomes: Vec<Vec<Outcome>> = plans
        .iter()
        .map(|plan| questions.iter().map(|question| plan.outcome(question)).collect())
        .collect();
    let known: Vec<usize> = (0..questions.len())
        .filter(|question| outcomes.iter().any(|head| head[*question].premium.is_some()))
        .collect();
    let directions: Vec<Vec<f32>> =
        in_parallel(known.clone(), &|question: usize| space.of(&questions[question].features).1);
    let clusters = CLUSTERS.min(known.len().div_ceil(8)).max(1);
    let (centroids, members) = cluster(&directions, clusters);
    let mut order: Vec<(usize, u8, usize)> = (0..known.len())
        .map(|place| {
            let mask = outcomes.iter().enumerate().fold(0, |mask, (head, outcomes)| {
                mask | u8::from(outcomes[known[place]].premium.is_some()) << (head % 8)
            });
            (members[place], mask, place)
        })
        .collect();
    // Neighbouring rows that the same heads know keep the search's branches predictable.
    order.sort_unstable();
    let starts: Vec<u32> = (0..=clusters)
        .map(|cluster| order.partition_point(|entry| entry.0 < cluster) as u32)
        .collect();
    let mut families: Vec<&str> =
        known.iter().map(|question| questions[*question].family.as_str()).collect();
    families.sort_unstable();
    families.dedup();
    let family_of = |place: usize| {
        let family = questions[known[place]].family.as_str();
        families.binary_search(&family).unwrap_or_default() as u16
    };
    let hidden = parts.metadata.network.hidden;
    let name = |table: &str| format!("layers.{layer}.{table}");
    let rows = order.iter().map(|entry| &directions[entry.2]);
    put_rows(
        parts,
        &name("references.vectors"),
        &name("references.scales"),
        rows,
        hidden,
        REFERENCE_LEVELS,
    );
    let own: Vec<u16> = order.iter().map(|entry| family_of(entry.2)).collect();
    parts.put(name("references.families"), 1, &own);
    put_rows(
        parts,
        &name("clusters.centroids"),
        &name("clusters.scales"),
        centroids.iter(),
        hidden,
        MAP_LEVELS,
    );
    parts.put(name("clusters.starts"), 1, &starts);
    write_map(parts, layer, questions, domains);
    for (plan, outcomes) in plans.iter().zip(&outcomes) {
        let codes = |of: &dyn Fn(&Outcome) -> [u8; 3]| -> Vec<u8> {
            order.iter().flat_map(|entry| of(&outcomes[known[entry.2]])).collect()
        };
        parts.put(
            format!("heads.{}.outcomes.{layer}", plan.name),
            3,
            &codes(&Outcome::score_codes),
        );
        parts.put(
            format!("heads.{}.output_tokens.{layer}", plan.name),
            3,
            &codes(&Outcome::token_codes),
        );
    }
    parts.metadata.layers.push(LayerCard {
        name: layer.to_owned(),
        domains: domains.cards.clone(),
        families: families.into_iter().map(str::to_owned).collect(),
    });
    Ok(())
}

/// Centres of all questions in the embedder's space. Each domain has as many as the root of its questions, so that
/// a small one with many kinds of questions is not lost beside a large one with few.
pub(crate) fn write_map(
    parts: &mut Parts,
    layer: &str,
    questions: &[&Question],
    domains: &Domains,
) {
    let dimensions = parts.metadata.embedder.dimensions;
    let centres: Vec<Vec<Vec<f32>>> =
        in_parallel((0..domains.cards.len()).collect(), &|domain: usize| {
            let own = questions.iter().filter(|question| {
                question.rows.iter().any(|row| domains.place(&row.domain()) == Some(domain))
            });
            let embedded: Vec<Vec<f32>> = own
                .map(|question| question.features.embedding.clone())
                .filter(|vector| vector.iter().any(|x| *x != 0.0))
                .collect();
            let count = (embedded.len() as f64).sqrt().ceil() as usize;
            if embedded.is_empty() { Vec::new() } else { cluster(&embedded, count).0 }
        });
    let name = |table: &str| format!("layers.{layer}.map.{table}");
    let centres = centres.iter().flatten();
    put_rows(parts, &name("codes"), &name("scales"), centres, dimensions, MAP_LEVELS);
}

fn put_rows<'a>(
    parts: &mut Parts,
    codes: &str,
    scales: &str,
    rows: impl Iterator<Item = &'a Vec<f32>>,
    columns: usize,
    levels: f32,
) {
    let (mut all, mut factors) = (Vec::new(), Vec::new());
    for row in rows {
        let (row, factor) = quantise(row, levels);
        all.extend(row);
        factors.push(factor);
    }
    parts.put(codes, columns, &all);
    parts.put(scales, 1, &factors);
}
