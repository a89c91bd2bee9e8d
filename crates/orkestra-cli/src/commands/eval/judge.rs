//! Rows → figures: by a finished router, by one that learns from other rows, or fold by fold.

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use orkestra::{
    Error, ErrorKind,
    features::Embedder,
    routing::{GENERAL, Trained, artefact::Parts, question_hash},
};
use orkestra_training::{
    LearnSettings, Progress,
    evaluate::{Case, Division, Start, Verdict, cross_validate, draw, judge, train_for},
    measure::{Judged, Options, Report, report},
    prompts,
    questions::{Question, gather},
    seed,
};

use crate::{
    failure::Failure,
    outcomes,
    output::{Output, counted},
    settings::Chosen,
};

/// How much of a seen question is quoted.
const QUOTED: usize = 60;

/// What judges. A head that is not named is the general one.
pub(super) enum Way {
    /// This router, as it is.
    Finished { router: Chosen, head: Option<String> },
    /// What is learned.
    Learned(Taught),
}

/// What learning starts from.
pub(super) enum Taught {
    /// This router, which is added to.
    Added { base: Trained, head: Option<String> },
    /// Nothing else than this router's embedder.
    Anew { embedded: Trained },
}

/// What is judged and how.
pub(super) struct Trial {
    pub(super) case: Case,
    pub(super) way: Way,
    /// Files of rows to judge.
    pub(super) data: Vec<PathBuf>,
    /// Files of rows to learn from.
    pub(super) train: Vec<PathBuf>,
    pub(super) skip_bad: bool,
    /// With 0 folds, all of the data is judged at once.
    pub(super) division: Division,
    pub(super) allow_seen: bool,
}

/// Figures, and how they came about.
pub(super) struct Judgement {
    pub(super) report: Report,
    /// Who judged.
    pub(super) by: String,
    /// What makes the figures worth less than they look.
    pub(super) remarks: Vec<String>,
}

impl Way {
    fn embedder(&self) -> Arc<dyn Embedder> {
        match self {
            Self::Finished { router, .. } => Arc::clone(&router.embedder),
            Self::Learned(taught) => taught.router().embedder(),
        }
    }

    /// Hashes of the questions that were learned from before anything is learned here.
    fn known(&self) -> &[u64] {
        match self {
            Self::Finished { router, .. } => &router.question_hashes,
            Self::Learned(Taught::Added { base, .. }) => base.question_hashes(),
            Self::Learned(Taught::Anew { .. }) => &[],
        }
    }
}

impl Taught {
    fn router(&self) -> &Trained {
        match self {
            Self::Added { base, .. } => base,
            Self::Anew { embedded } => embedded,
        }
    }

    fn start<'a>(&'a self, seed: &'a Parts) -> Start<'a> {
        match self {
            Self::Anew { .. } => Start::Embedder(seed),
            Self::Added { base, head } => {
                Start::Base { router: base, head: head.as_deref().unwrap_or(GENERAL) }
            }
        }
    }

    fn beside(&self) -> String {
        match self {
            Self::Anew { .. } => "and from the project's own prompts".to_owned(),
            Self::Added { base, head } => {
                let head = head.as_deref().unwrap_or(GENERAL);
                format!("added to {}, head {head}", base.router().id())
            }
        }
    }
}

impl Trial {
    /// Judges; says by `progress` how far it is.
    pub(super) fn judge(
        self,
        progress: &dyn Progress,
        output: &Output,
    ) -> Result<Judgement, Failure> {
        let data = self.questions(&self.data, output)?;
        let lessons = self.questions(&self.train, output)?;
        self.check(&data)?;
        let mut remarks = Vec::new();
        let (verdict, by) = match &self.way {
            Way::Learned(taught) if self.division.folds > 0 => {
                remarks.extend(self.seen(&data, &[])?);
                self.fold_by_fold(taught, &data, &lessons, progress)?
            }
            Way::Learned(taught) => {
                let lessons = self.drawn(lessons)?;
                remarks.extend(self.seen(&data, &lessons)?);
                self.after_learning(taught, &data, &lessons, progress)?
            }
            Way::Finished { router, head } => {
                remarks.extend(self.seen(&data, &[])?);
                self.as_it_is(router, head.as_deref().unwrap_or(GENERAL), &data)?
            }
        };
        let options = Options::default();
        let report =
            report(&self.case.measured(), &verdict.judged, Some(verdict.target), &options)?;
        Ok(Judgement { report, by, remarks })
    }

    fn questions(&self, files: &[PathBuf], output: &Output) -> Result<Vec<Question>, Failure> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let rows = outcomes::read(files, self.skip_bad, output)?.rows;
        Ok(gather(rows, &*self.way.embedder())?)
    }

    /// What would be refused after minutes of learning is refused before.
    fn check(&self, data: &[Question]) -> Result<(), Failure> {
        outcomes::check_models(&self.case.models, data, &self.data)?;
        self.case.check(data)?;
        let rows = data.iter().flat_map(|question| &question.rows);
        let judged: Vec<Judged> = rows
            .filter(|row| self.case.admits(row))
            .map(|row| {
                let scores = self.case.models.iter().map(|model| row.score(model));
                let scores: Vec<f64> = scores.flatten().collect();
                Judged { forecast: scores.clone(), scores, ..Judged::default() }
            })
            .collect();
        let options = Options { resamples: 0, ..Options::default() };
        report(&self.case.measured(), &judged, None, &options)?;
        self.check_head()
    }

    fn check_head(&self) -> Result<(), Failure> {
        let Way::Finished { router, head: Some(head) } = &self.way else { return Ok(()) };
        let heads = router.router.heads();
        if heads.contains(&head.as_str()) {
            return Ok(());
        }
        Err(Failure::new(
            ErrorKind::InvalidRequest,
            format!("the router has no head {head:?}"),
            format!("choose one of {} with --family", heads.join(", ")),
        ))
    }

    /// What is learned from.
    fn drawn(&self, lessons: Vec<Question>) -> Result<Vec<Question>, Failure> {
        outcomes::check_models(&self.case.models, &lessons, &self.train)?;
        let drawn = draw(lessons, &self.case, self.division.labels, self.division.seed);
        if drawn.is_empty() {
            return Err(Error::invalid("no row of --train has a score of each model").into());
        }
        Ok(drawn)
    }

    fn as_it_is(
        &self,
        router: &Chosen,
        head: &str,
        data: &[Question],
    ) -> Result<(Verdict, String), Failure> {
        let judged: Vec<&Question> = data.iter().collect();
        let verdict = judge(&*router.router, head, &self.case, &judged, &[])?;
        Ok((verdict, format!("Judged by {}, head {head}.", router.router.id())))
    }

    fn after_learning(
        &self,
        taught: &Taught,
        data: &[Question],
        lessons: &[Question],
        progress: &dyn Progress,
    ) -> Result<(Verdict, String), Failure> {
        let seed = seed::of(taught.router())?;
        let start = taught.start(&seed);
        let router = train_for(start, lessons, &self.case, &LearnSettings::default(), progress)?;
        let judged: Vec<&Question> = data.iter().collect();
        let references: Vec<&Question> = lessons.iter().collect();
        let verdict = judge(&*router.router(), start.head(), &self.case, &judged, &references)?;
        let rows: usize = lessons.iter().map(|question| question.rows.len()).sum();
        let drawn = match self.division.labels {
            Some(_) => format!(", drawn with seed {}", self.division.seed),
            None => String::new(),
        };
        let learned = counted(rows as u64, "row");
        Ok((verdict, format!("Learned from {learned} of --train{drawn}, {}.", taught.beside())))
    }

    fn fold_by_fold(
        &self,
        taught: &Taught,
        data: &[Question],
        more: &[Question],
        progress: &dyn Progress,
    ) -> Result<(Verdict, String), Failure> {
        let seed = seed::of(taught.router())?;
        let start = taught.start(&seed);
        let Division { folds, seed, labels } = self.division;
        let settings = LearnSettings::default();
        let verdict =
            cross_validate(start, data, more, &self.case, self.division, &settings, progress)?;
        let of = labels.map_or_else(
            || "the others".to_owned(),
            |labels| format!("{} of the others", counted(labels as u64, "row")),
        );
        let train = if more.is_empty() { "" } else { " and --train" };
        let beside = taught.beside();
        let by = format!(
            "Each of {folds} parts judged by what was learned from {of}{train}, {beside}; seed {seed}."
        );
        Ok((verdict, by))
    }

    /// Refuses rows that ask what the router learned from, or says how many there are where they are allowed.
    fn seen(&self, data: &[Question], lessons: &[Question]) -> Result<Option<String>, Failure> {
        let mut known: HashSet<u64> = self.way.known().iter().copied().collect();
        if matches!(self.way, Way::Learned(Taught::Anew { .. })) && self.division.folds == 0 {
            known.extend(prompts::rows()?.iter().map(|row| question_hash(row.asked())));
        }
        known.extend(lessons.iter().map(|question| question.hash));
        let groups: HashSet<u64> = lessons.iter().map(|question| question.group).collect();
        let rows = |question: &Question| {
            question.rows.iter().filter(|row| self.case.admits(row)).count() as u64
        };
        let seen = |question: &&Question| {
            known.contains(&question.hash)
                || known.contains(&question.group)
                || groups.contains(&question.group)
        };
        let repeated: Vec<&Question> =
            data.iter().filter(|question| rows(question) > 0).filter(seen).collect();
        let Some(first) = repeated.first() else { return Ok(None) };
        let count: u64 = repeated.iter().map(|question| rows(question)).sum();
        let all: u64 = data.iter().map(rows).sum();
        let quote: String = first.text.chars().take(QUOTED).collect();
        let said = format!(
            "rows that ask what the router was trained on: {count} of {all}, the first {:?}",
            quote.trim()
        );
        if self.allow_seen {
            return Ok(Some(format!("{said}: the figures flatter it")));
        }
        Err(Failure::new(
            ErrorKind::InvalidRequest,
            said,
            "leave them out, or judge them all the same with --allow-seen",
        ))
    }
}
