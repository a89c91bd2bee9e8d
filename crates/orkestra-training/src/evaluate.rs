//! Forecasts of questions that were not learned from → what `measure` reports.

use orkestra::{
    Error, Result,
    routing::{Forecast, GENERAL, PerTier, Router, Tier, Trained, artefact::Parts, from_bytes},
};

use crate::{
    arithmetic::dot,
    extend::extend,
    fit::fit,
    heads::{HeadPlan, LineUp},
    learn::LearnSettings,
    measure::{Judged, LineUp as Measured},
    progress::Progress,
    prompts,
    questions::{Question, gather, in_parallel},
    random::Random,
    rows::Row,
};

/// Neighbours of the documented rule.
const DOCUMENTED_NEIGHBOURS: usize = 5;

/// What is judged: which models, at which prices, on which rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The models, the cheapest first: two or three.
    pub models: Vec<String>,
    /// The price of each, in any unit.
    pub prices: Vec<f64>,
    /// Only rows of this task. Default: all.
    pub task: Option<String>,
}

/// Judged rows, and the share of premium's quality that their dial was set to keep.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// One for each row that measured all models.
    pub judged: Vec<Judged>,
    /// The dial's target: its mean over folds.
    pub target: f64,
}

impl Case {
    /// What `measure` calls it.
    #[must_use]
    pub fn measured(&self) -> Measured {
        Measured { models: self.models.clone(), prices: self.prices.clone() }
    }

    /// A head whose tiers are the models.
    #[must_use]
    pub fn plan(&self) -> HeadPlan {
        let models = self.tiers().map(|place| place.map(|place| self.models[place].clone()));
        let price = |place: Option<usize>| place.map_or(0.0, |place| self.prices[place]);
        let places = self.tiers();
        HeadPlan {
            name: GENERAL.to_owned(),
            line_ups: vec![
                LineUp {
                    source: None,
                    budget: models[0].clone(),
                    balanced: models[1].clone(),
                    premium: models[2].clone().unwrap_or_default(),
                },
                LineUp::of_prompts(),
            ],
            prices: PerTier {
                budget: price(places[0]),
                balanced: price(places[1]),
                premium: price(places[2]),
            },
            task: self.task.clone(),
        }
    }

    /// Which of the models stands for each tier, the cheapest tier first.
    fn tiers(&self) -> [Option<usize>; 3] {
        if self.models.len() == 2 { [Some(0), None, Some(1)] } else { [Some(0), Some(1), Some(2)] }
    }

    /// Whether the row is one that is judged.
    #[must_use]
    pub fn admits(&self, row: &Row) -> bool {
        let task = self.task.as_ref().is_none_or(|task| *task == row.task);
        task && self.models.iter().all(|model| row.score(model).is_some())
    }

    /// Picks from tiers what belongs to the models.
    fn pick<T: Copy>(&self, tiers: &PerTier<T>) -> Vec<T> {
        let wanted = Tier::ALL.into_iter().zip(self.tiers());
        wanted.filter_map(|(tier, place)| place.map(|_| *tiers.get(tier))).collect()
    }

    /// An error that names the models there are, when one is measured nowhere.
    ///
    /// # Errors
    /// [`UnknownModel`](orkestra::ErrorKind::UnknownModel).
    pub fn check(&self, questions: &[Question]) -> Result<()> {
        for model in &self.models {
            known_model(model, questions)?;
        }
        if !questions.iter().flat_map(|question| &question.rows).any(|row| self.admits(row)) {
            return Err(self.nothing_to_judge(questions));
        }
        Ok(())
    }

    fn nothing_to_judge(&self, questions: &[Question]) -> Error {
        let models = self.models.join(", ");
        let Some(task) = &self.task else {
            return Error::invalid(format!("no row has a score of each of {models}"));
        };
        let rows = questions.iter().flat_map(|question| &question.rows);
        let mut there: Vec<&str> = rows.map(|row| row.task.as_str()).collect();
        there.sort_unstable();
        there.dedup();
        let there = there.join(", ");
        Error::invalid(format!(
            "no row of task {task:?} has a score of each of {models}; the tasks are {there}"
        ))
    }
}

/// An error that names the models there are, when `model` is measured nowhere.
///
/// # Errors
/// [`UnknownModel`](orkestra::ErrorKind::UnknownModel).
pub fn known_model(model: &str, questions: &[Question]) -> Result<()> {
    let rows = || questions.iter().flat_map(|question| &question.rows);
    if rows().any(|row| row.score(model).is_some()) {
        return Ok(());
    }
    let mut there: Vec<&str> =
        rows().flat_map(|row| row.scores.keys()).map(String::as_str).collect();
    there.sort_unstable();
    there.dedup();
    Err(Error::new(
        orkestra::ErrorKind::UnknownModel,
        format!("no row has a score of {model:?}; the rows have {}", there.join(", ")),
    ))
}

/// What `router`'s `head` says of the judged rows of `questions`. `references` are those that the documented rule
/// may look at; without any, it looks at the router's own.
///
/// # Errors
/// [`Config`](orkestra::ErrorKind::Config) when the questions were embedded by another embedder.
pub fn judge(
    router: &dyn Router,
    head: &str,
    case: &Case,
    questions: &[&Question],
    references: &[&Question],
) -> Result<Verdict> {
    let quality = router.default_quality(head);
    let margin = router.margin(quality, head);
    let documented = Documented::of(case, references);
    let one = |question: &&Question| -> Result<Vec<Judged>> {
        let rows: Vec<&Row> = question.rows.iter().filter(|row| case.admits(row)).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let forecast = router.forecast(&question.features, head)?;
        let scores = case.pick(&PerTier::from_fn(|tier| forecast.tiers.get(tier).score));
        let nearest = documented
            .forecast(&question.features.embedding)
            .or_else(|| from_neighbours(case, &forecast));
        let judged = rows.into_iter().map(|row| Judged {
            forecast: scores.clone(),
            scores: case.models.iter().map(|model| row.score(model).unwrap_or_default()).collect(),
            characters: question.text.chars().count(),
            question: question.hash,
            dial: Some(choose(&scores, &case.prices, margin)),
            nearest: nearest.clone(),
        });
        Ok(judged.collect())
    };
    let judged: Result<Vec<Vec<Judged>>> =
        in_parallel(questions.to_vec(), &|question| one(&question)).into_iter().collect();
    Ok(Verdict { judged: judged?.into_iter().flatten().collect(), target: quality })
}

/// The cheapest whose forecast is within `margin` of the last's.
fn choose(scores: &[f64], prices: &[f64], margin: f64) -> usize {
    let last = scores.len() - 1;
    let enough = (0..=last).filter(|place| scores[last] - scores[*place] <= margin);
    enough.min_by(|a, b| prices[*a].total_cmp(&prices[*b])).unwrap_or(last)
}

/// The mean of the five nearest references that the forecast names.
fn from_neighbours(case: &Case, forecast: &Forecast) -> Option<Vec<f64>> {
    let near = forecast.neighbours.iter().take(DOCUMENTED_NEIGHBOURS);
    let scores: Vec<Vec<Option<f64>>> = near.map(|near| case.pick(&near.scores)).collect();
    let column = |place: usize| {
        let known: Vec<f64> = scores.iter().filter_map(|row| row[place]).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    (0..case.models.len()).map(column).collect()
}

/// The documented rule: the five nearest questions by embedding, each counting by its nearness.
struct Documented<'a> {
    rows: Vec<(&'a [f32], Vec<f64>)>,
}

impl<'a> Documented<'a> {
    fn of(case: &Case, references: &[&'a Question]) -> Self {
        let mut rows = Vec::new();
        for question in references {
            // Every task of the source may be looked at; only the models must have been measured.
            let found = question.rows.iter().find_map(|row| {
                case.models.iter().map(|model| row.score(model)).collect::<Option<Vec<f64>>>()
            });
            if let Some(scores) = found {
                rows.push((question.features.embedding.as_slice(), scores));
            }
        }
        Self { rows }
    }

    fn forecast(&self, embedding: &[f32]) -> Option<Vec<f64>> {
        let mut near: Vec<(f32, usize)> = Vec::new();
        for (place, (row, _)) in self.rows.iter().enumerate() {
            let similarity = dot(row, embedding);
            if near.len() < DOCUMENTED_NEIGHBOURS
                || near.last().is_some_and(|last| similarity > last.0)
            {
                let at = near.partition_point(|one| one.0 >= similarity);
                near.insert(at, (similarity, place));
                near.truncate(DOCUMENTED_NEIGHBOURS);
            }
        }
        let first = near.first()?;
        let mut sums = vec![0.0; self.rows[first.1].1.len()];
        let mut total = 0.0;
        for (similarity, place) in near {
            // The distance of two vectors of unit length.
            let weight = 1.0 / f64::from((2.0 - 2.0 * similarity).max(1e-6)).sqrt();
            total += weight;
            for (sum, score) in sums.iter_mut().zip(&self.rows[place].1) {
                *sum += weight * score;
            }
        }
        Some(sums.into_iter().map(|sum| sum / total).collect())
    }
}

/// How questions are divided and how many are learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// Parts that the judged questions are divided into.
    pub folds: usize,
    /// Decides the division and the draw.
    pub seed: u64,
    /// Learn from so many rows of the judged models and task alone. Default: from all.
    pub labels: Option<usize>,
}

/// What training starts from.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// An embedder: everything else is learned, from the rows and from the project's own prompts.
    Embedder(&'a Parts),
    /// A router that the rows are added to.
    Base {
        /// The router.
        router: &'a Trained,
        /// Which of its heads learns; one that it lacks starts as its general one.
        head: &'a str,
    },
}

impl<'a> From<&'a Parts> for Start<'a> {
    fn from(seed: &'a Parts) -> Self {
        Self::Embedder(seed)
    }
}

impl Start<'_> {
    /// The head that learns.
    #[must_use]
    pub fn head(&self) -> &str {
        match self {
            Self::Embedder(_) => GENERAL,
            Self::Base { head, .. } => head,
        }
    }
}

/// One of several pieces of work that take equally long.
struct Piece<'a> {
    of: &'a dyn Progress,
    place: usize,
    pieces: usize,
}

impl Progress for Piece<'_> {
    fn step(&self, done: usize, total: usize) {
        self.of.step(self.place * total + done, self.pieces * total);
    }
}

/// Five-fold, say: judges every question of `data` by a router that learned from the other parts, from `more` less
/// the questions of the judged part, and from what `start` brings.
///
/// # Errors
/// Those of [`train_for`] and [`judge`].
pub fn cross_validate<'a>(
    start: impl Into<Start<'a>>,
    data: &[Question],
    more: &[Question],
    case: &Case,
    division: Division,
    settings: &LearnSettings,
    progress: &dyn Progress,
) -> Result<Verdict> {
    let start = start.into();
    let mut verdict = Verdict::default();
    for fold in 0..division.folds {
        let (judged, kept): (Vec<&Question>, Vec<&Question>) =
            data.iter().partition(|question| question.fold(division.folds, division.seed) == fold);
        let hidden: std::collections::HashSet<u64> =
            judged.iter().map(|question| question.group).collect();
        let more = more.iter().filter(|question| !hidden.contains(&question.group));
        let lessons: Vec<Question> = kept.into_iter().chain(more).cloned().collect();
        let draws = division.seed.wrapping_add(fold as u64);
        let lessons = draw(merge(lessons), case, division.labels, draws);
        let piece = Piece { of: progress, place: fold, pieces: division.folds };
        let trained = train_for(start, &lessons, case, settings, &piece)?;
        let references: Vec<&Question> = lessons.iter().collect();
        let found = judge(&*trained.router(), start.head(), case, &judged, &references)?;
        verdict.judged.extend(found.judged);
        verdict.target += found.target / division.folds as f64;
    }
    Ok(verdict)
}

/// A router that learned from `lessons`, and from nothing else than what `start` brings.
///
/// # Errors
/// Those of [`fit`] or [`extend`].
pub fn train_for<'a>(
    start: impl Into<Start<'a>>,
    lessons: &[Question],
    case: &Case,
    settings: &LearnSettings,
    progress: &dyn Progress,
) -> Result<Trained> {
    let parts = match start.into() {
        Start::Embedder(seed) => {
            let own = gather(prompts::rows()?, &*seed.embedder()?)?;
            let all: Vec<Question> = lessons.iter().cloned().chain(own).collect();
            fit(seed, &all, &[case.plan()], settings, progress)?
        }
        Start::Base { router, head } => {
            let plan = HeadPlan { name: head.to_owned(), ..case.plan() };
            extend(router, lessons, &plan, settings, progress)?
        }
    };
    from_bytes(parts.to_bytes()?)
}

/// Questions that stand in several sets become one with all rows.
#[must_use]
pub fn merge(questions: Vec<Question>) -> Vec<Question> {
    let mut places = std::collections::HashMap::new();
    let mut merged: Vec<Question> = Vec::new();
    for question in questions {
        let place = *places.entry(question.hash).or_insert(merged.len());
        if place == merged.len() {
            merged.push(question);
        } else {
            for row in question.rows {
                if !merged[place].rows.contains(&row) {
                    merged[place].rows.push(row);
                }
            }
        }
    }
    merged
}

/// `labels` random rows of those that the case admits, and no other; all rows where `labels` is `None`.
#[must_use]
pub fn draw(
    questions: Vec<Question>,
    case: &Case,
    labels: Option<usize>,
    seed: u64,
) -> Vec<Question> {
    let Some(labels) = labels else { return questions };
    let mut admitted: Vec<Question> = questions
        .iter()
        .filter_map(|question| question.with_rows(|row| case.admits(row)))
        .collect();
    Random::new(seed ^ 0x1abe1).shuffle(&mut admitted);
    let mut left = labels;
    admitted.retain_mut(|question| {
        question.rows.truncate(left);
        left -= question.rows.len();
        !question.rows.is_empty()
    });
    admitted
}
