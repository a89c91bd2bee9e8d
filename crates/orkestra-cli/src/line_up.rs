//! From `--tiers`, `--pair` and `--prices` to the models that are learned from or judged.

use orkestra::routing::Tier;
use orkestra_training::evaluate::Case;

use crate::{
    args::{Eval, Train},
    failure::Failure,
};

/// What a catalogue's tiers cost against each other, roughly.
const TIER_PRICES: [f64; 3] = [0.75, 12.5, 50.0];
/// Costs are then the share that is sent to the dear model.
const PAIR_PRICES: [f64; 2] = [0.0, 1.0];
const PAIR: [&str; 2] = ["weak", "strong"];

/// The models that a router learns to tell apart.
pub(crate) fn to_learn(asked: &Train) -> Result<Case, Failure> {
    of_tiers(&asked.tiers, &asked.prices)
}

/// The models of `--tiers`, of which balanced may be left out.
pub(crate) fn of_tiers(text: &str, prices: &[f64]) -> Result<Case, Failure> {
    let tiers = Tier::ALL.map(Tier::name);
    let [budget, balanced, premium] = named("--tiers", text, tiers)?;
    let missing = match (&budget, &premium) {
        (None, _) => Some("budget"),
        (_, None) => Some("premium"),
        _ => None,
    };
    if let Some(tier) = missing {
        return Err(Failure::Usage(
            format!("--tiers {text:?} names no {tier} model"),
            Some("budget and premium are needed, balanced may be left out".to_owned()),
        ));
    }
    case([budget, balanced, premium].into_iter().flatten().collect(), prices, None)
}

/// The models that are judged.
pub(crate) fn to_judge(asked: &Eval) -> Result<Case, Failure> {
    let models: Vec<Option<String>> = match (&asked.tiers, &asked.pair) {
        (Some(tiers), _) => named("--tiers", tiers, Tier::ALL.map(Tier::name))?.into(),
        (None, pair) => named("--pair", pair.as_deref().unwrap_or_default(), PAIR)?.into(),
    };
    let count = models.len();
    let models: Vec<String> = models.into_iter().flatten().collect();
    if models.len() < count {
        let (flag, text, all) = match (&asked.tiers, &asked.pair) {
            (Some(tiers), _) => ("--tiers", tiers.as_str(), "budget, balanced and premium"),
            (None, pair) => ("--pair", pair.as_deref().unwrap_or_default(), "weak and strong"),
        };
        return Err(Failure::Usage(
            format!("{flag} {text:?} does not name {all}"),
            Some("two models are judged with --pair weak=MODEL,strong=MODEL".to_owned()),
        ));
    }
    case(models, &asked.prices, asked.task.clone())
}

/// The models of `NAME=MODEL,NAME=MODEL`, in the order of `names`.
fn named<const N: usize>(
    flag: &str,
    text: &str,
    names: [&str; N],
) -> Result<[Option<String>; N], Failure> {
    let form = names.map(|name| format!("{name}=MODEL")).join(",");
    let wrong = |what: String| {
        Failure::Usage(format!("{flag} {text:?}: {what}"), Some(format!("write {flag} {form}")))
    };
    let mut models = [const { None }; N];
    for part in text.split(',') {
        let (name, model) =
            part.split_once('=').ok_or_else(|| wrong(format!("{part:?} names no model")))?;
        let (name, model) = (name.trim(), model.trim());
        let place = names.iter().position(|known| *known == name).ok_or_else(|| {
            wrong(format!("{name:?} is unknown; the names are {}", names.join(", ")))
        })?;
        if model.is_empty() {
            return Err(wrong(format!("{name} has no model")));
        }
        if models.iter().flatten().any(|other| other == model) {
            return Err(wrong(format!("{model} is named twice")));
        }
        if models[place].replace(model.to_owned()).is_some() {
            return Err(wrong(format!("{name} is given twice")));
        }
    }
    Ok(models)
}

fn case(models: Vec<String>, prices: &[f64], task: Option<String>) -> Result<Case, Failure> {
    let prices = match (prices, models.len()) {
        ([], 2) => PAIR_PRICES.to_vec(),
        ([], _) => TIER_PRICES.to_vec(),
        (given, _) => given.to_vec(),
    };
    let wrong = |what: String| {
        let hint = "give one price a model, the cheapest first, in any one unit";
        let given: Vec<String> = prices.iter().map(f64::to_string).collect();
        Failure::Usage(format!("--prices {}: {what}", given.join(",")), Some(hint.to_owned()))
    };
    if prices.len() != models.len() {
        return Err(wrong(format!("{} prices for {} models", prices.len(), models.len())));
    }
    if let Some(price) = prices.iter().find(|price| !price.is_finite() || **price < 0.0) {
        return Err(wrong(format!("{price} is no price; it must be a number of at least 0")));
    }
    if !prices.is_sorted() || prices.first() == prices.last() {
        return Err(wrong("they must not fall, and the last must be above the first".to_owned()));
    }
    Ok(Case { models, prices, task })
}
