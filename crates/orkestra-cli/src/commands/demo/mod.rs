//! `orkestra demo`: the whole line at work, with a simulator in the place of the providers.

mod prompts;
mod report;
mod show;

use orkestra::{MultiProvider, Provider, chat::Request, strategy};
use orkestra_simulator::{Fault, FaultKind, Simulator};

use self::{
    prompts::{COMPARED, LADDER, UNLUCKY},
    report::{Call, Report},
};
use super::{chat::FLUSH, simulate};
use crate::{failure::Failure, output::Output, settings::Settings};

/// Long enough for every answer of the demo, short enough for small hardware.
const MAX_TOKENS: u32 = 2048;
/// Fast enough to read along, slow enough to be seen arriving.
const READING_SPEED: f64 = 90.0;

/// A pool of simulated providers.
struct Stage {
    simulator: Simulator,
    engine: orkestra::Settings,
}

/// Shows the whole line at work.
pub(super) async fn run(settings: &Settings, output: &Output) -> Result<(), Failure> {
    let recorder = settings.demo_recorder();
    let engine = settings.demo_engine(recorder.clone())?;
    let today = settings.date().to_string();
    let simulator = simulate::in_process(Simulator::builder().today(&today)).await?;
    let stage = Stage { simulator, engine };
    let pool = stage.pool(&simulate::SERVED)?;
    let mut report = Report::new(output);

    report.welcome()?;
    ladder(&pool, &mut report).await?;
    comparison(&stage, &mut report).await?;
    let paced = Simulator::builder().today(&today).tokens_per_second(READING_SPEED);
    let paced =
        Stage { simulator: simulate::in_process(paced).await?, engine: stage.engine.clone() };
    show::stream(&paced.pool(&simulate::SERVED)?, &mut report).await?;
    paced.simulator.stop().await;
    misfortune(&stage, &pool, &mut report).await?;

    stage.simulator.stop().await;
    let troubles = recorder.flush(FLUSH).await;
    let place = recorder.ledger().map(|ledger| ledger.location());
    report.farewell(place.as_deref(), &troubles)
}

impl Stage {
    /// `names` together, each at its simulated address.
    fn pool(&self, names: &[&str]) -> Result<MultiProvider, Failure> {
        let provider = |name: &&str| {
            let builder = Provider::builder(name).settings(self.engine.clone());
            builder.base_url(self.simulator.base_url(name)).key("simulated").build()
        };
        let providers = names.iter().map(provider).collect::<orkestra::Result<Vec<_>>>()?;
        Ok(MultiProvider::new(&providers)?)
    }
}

/// Every prompt through three providers by the cheapest strategy.
async fn ladder(pool: &MultiProvider, report: &mut Report<'_>) -> Result<(), Failure> {
    let mut calls = Vec::new();
    for prompt in LADDER {
        let request = Request::from(prompt.text).max_tokens(MAX_TOKENS);
        calls.push(Call { title: prompt.title.to_owned(), response: pool.chat(request).await? });
    }
    report.ladder(calls)
}

/// One prompt through each provider alone and all together, by each strategy.
async fn comparison(stage: &Stage, report: &mut Report<'_>) -> Result<(), Failure> {
    let mut calls = Vec::new();
    let pools = simulate::SERVED.iter().map(std::slice::from_ref).chain([&simulate::SERVED[..]]);
    for names in pools {
        let pool = stage.pool(names)?;
        let who = if let [only] = names { (*only).to_owned() } else { "all three".to_owned() };
        for name in ["cheapest", "balanced", "smartest"] {
            let request = Request::from(COMPARED.text).max_tokens(MAX_TOKENS);
            let response = pool.chat_by(&*strategy::named(name)?, request).await?;
            calls.push(Call { title: format!("{who}, {name}"), response });
        }
    }
    report.comparison(COMPARED.text, calls)
}

/// The chosen model is out of order; the plan's next one answers.
async fn misfortune(
    stage: &Stage,
    pool: &MultiProvider,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let request = Request::from(UNLUCKY.text).max_tokens(MAX_TOKENS);
    let plan = pool.route(request.clone())?;
    let chosen = stage.engine.catalogue.model(plan.choice().model.as_str())?;
    let fault = Fault::new(FaultKind::Overloaded).for_model(&chosen.upstream_id);
    stage.simulator.push_fault(fault);
    let response = pool.chat(request).await?;
    report.misfortune(UNLUCKY.text, Call { title: UNLUCKY.title.to_owned(), response })
}
