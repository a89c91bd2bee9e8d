//! What the demo says.

use clap::builder::styling::AnsiColor;
use orkestra::{Response, Usd};
use serde_json::{Value, json};

use crate::{
    failure::Failure,
    output::{Output, Side, WIDTH, number, percent},
};

/// An answered call of the demo.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) title: String,
    pub(super) response: Response,
}

/// The acts and their titles in the totals.
const ACTS: [(&str, &str); 4] = [
    ("ladder", "1. many prompts"),
    ("comparison", "2. every strategy"),
    ("stream", "3. a stream"),
    ("fault", "4. a model out of order"),
];

/// Tells the demo as it goes, or all at once as JSON.
#[derive(Debug)]
pub(super) struct Report<'a> {
    output: &'a Output,
    calls: Vec<(&'static str, Call)>,
    /// How far the streamed line has got, in characters.
    column: usize,
    /// Whether a space is owed before the next word of the streamed line.
    gap: bool,
}

impl<'a> Report<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        Self { output, calls: Vec::new(), column: 0, gap: false }
    }

    /// Runs `tell` unless everything is told as JSON at the end.
    fn tell(&self, tell: impl FnOnce(&Output) -> Result<(), Failure>) -> Result<(), Failure> {
        if self.output.is_json() { Ok(()) } else { tell(self.output) }
    }

    pub(super) fn welcome(&self) -> Result<(), Failure> {
        self.tell(|output| {
            output.line(output.bold("Orkestra demo"))?;
            output.prose(
                "No key, no network: a simulator on this machine stands in for the providers. Every answer \
                 below is simulated, no money is spent, and none of it is evidence of savings. What is real: \
                 the decisions, the prices, the wire formats and the bookkeeping.",
                "",
            )
        })
    }

    pub(super) fn ladder(&mut self, calls: Vec<Call>) -> Result<(), Failure> {
        self.tell(|output| {
            output.heading(&format!(
                "1. {} prompts, three providers, the cheapest model that is good enough",
                calls.len()
            ))?;
            bills("prompt", &calls, output)?;
            last_reason(&calls, output)
        })?;
        self.calls.extend(calls.into_iter().map(|call| ("ladder", call)));
        Ok(())
    }

    pub(super) fn comparison(&mut self, prompt: &str, calls: Vec<Call>) -> Result<(), Failure> {
        self.tell(|output| {
            output
                .heading("2. One prompt by every strategy, through one provider and through all")?;
            output.prose(&format!("\"{prompt}\""), "  ")?;
            bills("pool, strategy", &calls, output)
        })?;
        self.calls.extend(calls.into_iter().map(|call| ("comparison", call)));
        Ok(())
    }

    pub(super) fn before_stream(&self, prompt: &str) -> Result<(), Failure> {
        self.tell(|output| {
            output.heading("3. An answer as it arrives (strategy balanced)")?;
            output.prose(&format!("\"{prompt}\""), "  ")?;
            output.line("")
        })
    }

    /// Prints a piece of the stream, breaking lines where they would grow too long.
    pub(super) fn piece(&mut self, text: &str) -> Result<(), Failure> {
        if self.output.is_json() {
            return Ok(());
        }
        for word in text.split_inclusive(' ') {
            let trimmed = word.trim_end_matches(' ');
            let length = trimmed.chars().count();
            let gap = usize::from(self.gap);
            if self.column > 0 && self.column + gap + length > usize::from(WIDTH) {
                self.output.piece(&format!("\n{trimmed}"))?;
                self.column = length;
            } else {
                self.output.piece(&format!("{:gap$}{trimmed}", ""))?;
                self.column += gap + length;
            }
            self.gap = trimmed.len() < word.len();
        }
        Ok(())
    }

    pub(super) fn after_stream(&mut self, call: Call) -> Result<(), Failure> {
        self.tell(|output| output.line(format!("\n\n  {}", bill(&call.response))))?;
        self.calls.push(("stream", call));
        Ok(())
    }

    pub(super) fn misfortune(&mut self, prompt: &str, call: Call) -> Result<(), Failure> {
        self.tell(|output| {
            output.heading("4. The chosen model is overloaded")?;
            output.prose(&format!("\"{prompt}\""), "  ")?;
            for attempt in &call.response.attempts {
                match &attempt.message {
                    Some(message) => {
                        output.prose(
                            &format!("{} {message}", output.tint("failed", AnsiColor::Red)),
                            "  ",
                        )?;
                    }
                    None => {
                        let answered = output.tint("answered", AnsiColor::Green);
                        output.line(format!(
                            "  {answered} {}/{} took over",
                            attempt.provider, attempt.model
                        ))?;
                    }
                }
            }
            output.line(format!("  {}", bill(&call.response)))
        })?;
        self.calls.push(("fault", call));
        Ok(())
    }

    /// The sum of the calls whose act `counts`.
    fn sum(&self, counts: impl Fn(&str) -> bool) -> Sum {
        let mut sum = Sum::default();
        for (_, Call { response, .. }) in self.calls.iter().filter(|(act, _)| counts(act)) {
            sum.calls += 1;
            sum.cost += response.cost;
            sum.base_cost += response.base_cost;
            sum.savings += response.savings;
        }
        sum
    }

    pub(super) fn farewell(self, ledger: Option<&str>, troubles: &[String]) -> Result<(), Failure> {
        let all = self.sum(|_| true);
        troubles.iter().for_each(|trouble| self.output.warning(trouble));
        if self.output.is_json() {
            return self.output.json(&json!({
                "simulated": true,
                "calls": self.calls.iter().map(|(act, call)| as_json(act, call)).collect::<Vec<_>>(),
                "totals": {
                    "calls": all.calls,
                    "cost": number(all.cost),
                    "base_cost": number(all.base_cost),
                    "savings": number(all.savings),
                },
                "ledger": ledger,
            }));
        }
        let output = self.output;
        output.heading("Totals")?;
        let mut rows: Vec<_> =
            ACTS.iter().map(|(act, title)| self.sum(|of| of == *act).row(title)).collect();
        rows.push(all.row("all"));
        let sides = [Side::Left, Side::Right, Side::Right, Side::Right, Side::Right];
        output.table(&sides, &["", "calls", "cost", "always premium", "saved"], rows)?;
        output.line("Costs are at list prices; no money was spent.")?;
        output.line(match ledger {
            Some(place) => format!("The demo keeps a ledger of its own: {place}"),
            None => "The ledger is off, so nothing was kept.".to_owned(),
        })?;
        output.heading("What to do next")?;
        output
            .line("  orkestra route \"your prompt\"    which model would answer, without a key")?;
        output.line("  export GEMINI_API_KEY=...       or ANTHROPIC_API_KEY, or OPENAI_API_KEY")?;
        output
            .line("  orkestra chat \"your prompt\"     the answer, and what it cost and saved")?;
        output.line("  orkestra doctor                 what is configured, what is missing")
    }
}

/// What some of the calls come to.
#[derive(Debug, Default)]
struct Sum {
    calls: usize,
    cost: Usd,
    base_cost: Usd,
    savings: Usd,
}

impl Sum {
    fn row(&self, title: &str) -> Vec<String> {
        vec![
            title.to_owned(),
            self.calls.to_string(),
            self.cost.to_string(),
            self.base_cost.to_string(),
            percent(self.savings.percent_of(self.base_cost)),
        ]
    }
}

/// A table of what each call cost.
fn bills(first: &str, calls: &[Call], output: &Output) -> Result<(), Failure> {
    let row = |call: &Call| {
        let response = &call.response;
        vec![
            call.title.clone(),
            response.tier.to_string(),
            response.model.to_string(),
            format!("{}+{}", response.input_tokens, response.output_tokens),
            format!("{:.5}", response.cost.amount().round_dp(5)),
            format!("{:.1}", response.savings_percent.round_dp(1)),
        ]
    };
    let sides = [Side::Left, Side::Left, Side::Left, Side::Right, Side::Right, Side::Right];
    output.table(
        &sides,
        &[first, "tier", "model", "tokens", "cost $", "saved %"],
        calls.iter().map(row).collect(),
    )
}

/// Why the last, hardest prompt went where it went.
fn last_reason(calls: &[Call], output: &Output) -> Result<(), Failure> {
    let Some(call) = calls.last() else { return Ok(()) };
    output.prose(&format!("Why the last one went there: {}.", call.response.plan.reason), "")?;
    output.prose(
        &format!(
            "Tokens are input+output; saved is against {}, for the same tokens.",
            call.response.base_model
        ),
        "",
    )
}

fn bill(response: &Response) -> String {
    format!(
        "{} ({}), {}+{} tokens, {}, saved {}",
        response.model,
        response.tier,
        response.input_tokens,
        response.output_tokens,
        response.cost,
        percent(response.savings_percent)
    )
}

fn as_json(act: &str, call: &Call) -> Value {
    let response = &call.response;
    json!({
        "act": act,
        "title": call.title,
        "strategy": response.plan.strategy,
        "provider": response.provider,
        "model": response.model,
        "tier": response.tier,
        "input_tokens": response.input_tokens,
        "output_tokens": response.output_tokens,
        "cost": number(response.cost),
        "base_model": response.base_model,
        "base_cost": number(response.base_cost),
        "savings": number(response.savings),
        "reason": response.plan.reason,
        "attempts": response.attempts,
        "simulated": response.simulated,
    })
}
