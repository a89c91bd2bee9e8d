//! `orkestra routers build`: outcome rows → a router of five neighbours over any embedder's vectors.

use std::{collections::HashSet, fs, path::PathBuf, time::Instant};

use orkestra::{
    ErrorKind,
    provider::Timeouts,
    routing::{Tier, question_hash, vote::VoteRouter},
};
use orkestra_registry::Hub;
use orkestra_training::{
    Silent, evaluate::Case, questions::gather, remember::Remembering, vote_router,
};
use serde_json::json;

use crate::{
    args::Build,
    destination::Destination,
    download::Download,
    failure::Failure,
    line_up, outcomes,
    output::{Output, counted},
    progress::{Bar, unless_interrupted},
    settings::{EMBEDDER_FORMS, Settings, embedder_named, hub_name, nearest_embedder},
};

/// What is made of what.
struct Plan {
    source: String,
    case: Case,
    files: Vec<PathBuf>,
    skip_bad: bool,
    date: String,
    /// Where vectors are kept until the router is written.
    vectors: PathBuf,
    timeouts: Timeouts,
    hub: Hub,
}

/// A router, and how it came about.
struct Built {
    router: VoteRouter,
    rows: usize,
    /// Texts whose vectors an earlier run had left.
    known: usize,
}

/// Builds a router and writes its file.
pub(crate) fn run(asked: &Build, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let begun = Instant::now();
    let Some(source) = nearest_embedder(&asked.router) else {
        let message = format!("the router {:?} cannot be built", asked.router);
        return Err(Failure::Usage(
            message,
            Some(format!("write documented; or {EMBEDDER_FORMS}")),
        ));
    };
    let case = line_up::of_tiers(&asked.tiers, &[])?;
    let file = file(asked, settings)?;
    let hub = fetched(source, settings, output)?;
    let out = Destination::new("--out", &file, &asked.data)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let vectors = file.with_file_name(format!(".{name}.vectors"));
    let plan = Plan {
        source: source.to_owned(),
        case,
        files: asked.data.clone(),
        skip_bad: asked.skip_bad,
        date: settings.date().to_string(),
        vectors: vectors.clone(),
        timeouts: settings.timeouts(),
        hub,
    };
    let bar = Bar::new("embedding", output);
    let (working, telling) = (bar.clone(), *output);
    let built = unless_interrupted(move || plan.carry_out(&working, &telling));
    bar.clear();
    let built = built?;
    out.write(&built.router.to_bytes()?)?;
    // It only saves time; one that is left over is used or replaced by the next build.
    let _ = fs::remove_file(vectors);
    say(&built, &out, asked, begun, output)
}

impl Plan {
    fn carry_out(self, bar: &Bar, output: &Output) -> Result<Built, Failure> {
        let rows = outcomes::read(&self.files, self.skip_bad, output)?.rows;
        let count = rows.len();
        let embedder = embedder_named(&self.source, self.timeouts, &self.hub)?;
        let texts: HashSet<u64> = rows.iter().map(|row| question_hash(row.asked())).collect();
        let remembering = Remembering::open(&*embedder, &self.vectors, bar, texts.len())?;
        let known = remembering.known();
        let questions = gather(rows, &remembering)?;
        outcomes::check_models(&self.case.models, &questions, &self.files)?;
        let plan = self.case.plan();
        let router = vote_router(&questions, &plan, &*embedder, &self.source, &self.date, &Silent)?;
        Ok(Built { router, rows: count, known })
    }
}

/// The hub, which has been asked for the embedder's weights where they are not on this machine.
fn fetched(source: &str, settings: &Settings, output: &Output) -> Result<Hub, Failure> {
    let hub = settings.hub()?;
    let Some(name) = hub_name(source) else { return Ok(hub.offline(true)) };
    let found = hub.encoder(name, "main", &Download::new(output)).map_err(|error| {
        let hint = format!(
            "put config.json, tokenizer.json and model.safetensors into ~/.orkestra/encoders/{name}, or see HF_ENDPOINT and HF_HUB_OFFLINE"
        );
        Failure::Error(error, Some(hint))
    })?;
    output.note(format!("the encoder {name} is in {}", found.folder.display()));
    Ok(hub.offline(true))
}

/// Where the router goes; its folder is made where it is one of ours.
fn file(asked: &Build, settings: &Settings) -> Result<PathBuf, Failure> {
    if let Some(out) = &asked.out {
        return Ok(out.clone());
    }
    let file = settings.nearest_file(&asked.router)?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|cause| {
            let message = format!("{} cannot be made: {cause}", folder.display());
            Failure::new(ErrorKind::Storage, message, "name a file elsewhere with --out")
        })?;
    }
    Ok(file)
}

fn say(
    built: &Built,
    out: &Destination,
    asked: &Build,
    begun: Instant,
    output: &Output,
) -> Result<(), Failure> {
    let (router, card) = (&built.router, built.router.card());
    let needs = router.needs();
    if output.is_json() {
        return output.json(&json!({
            "router": orkestra::routing::Router::id(router),
            "embedder": card.embedder,
            "dimensions": card.dimensions,
            "neighbours": card.neighbours,
            "references": router.len(),
            "rows": built.rows,
            "resumed": built.known,
            "needs": needs,
            "kept": card.kept,
            "file": out.name(),
        }));
    }
    output.prose(
        &format!(
            "{} of {} vote, {} at a time, over vectors of {} ({} numbers).",
            counted(router.len() as u64, "question"),
            counted(built.rows as u64, "row"),
            card.neighbours,
            card.embedder,
            card.dimensions
        ),
        "",
    )?;
    let shares = Tier::ALL.map(|tier| format!("{} need {tier}", needs.get(tier)));
    output.prose(
        &format!(
            "{}. Judged by each other, the majority keeps {:.3} of premium's mean score.",
            shares.join(", "),
            orkestra::routing::Router::default_quality(router, orkestra::routing::GENERAL)
        ),
        "",
    )?;
    if built.known > 0 {
        output.note(format!(
            "{} came from an earlier, interrupted build",
            counted(built.known as u64, "vector")
        ));
    }
    let name = if asked.out.is_some() { out.name() } else { &asked.router };
    output.note(format!("wrote {}; took {:.1} s", out.name(), begun.elapsed().as_secs_f64()));
    output.line(format!("Use it: orkestra route --router {name:?} \"...\""))
}
