//! A strategy of one's own: the best forecast for each dollar.
//!
//! Decides only, so it needs neither key nor network: `cargo run -p orkestra --example own_strategy`

use orkestra::{
    Provider, Settings,
    strategy::{Choice, Order, Strategy},
};

#[derive(Clone, Debug)]
struct BestValue;

impl Strategy for BestValue {
    fn name(&self) -> &str {
        "best-value"
    }

    fn order(&self, choice: &Choice<'_>) -> Order {
        let mut candidates = choice.candidates.to_vec();
        // Score per dollar, compared without dividing: a/b > c/d is a*d > c*b.
        let dollars = |cost: orkestra::Usd| f64::try_from(cost.amount()).unwrap_or(f64::MAX);
        candidates.sort_by(|a, b| {
            let (left, right) =
                (b.score * dollars(a.expected_cost), a.score * dollars(b.expected_cost));
            left.total_cmp(&right).then_with(|| a.model.cmp(&b.model))
        });
        let reason = format!("{} promises most for its price", candidates[0].model);
        Order { candidates, reason }
    }
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> orkestra::Result<()> {
    let openai = Provider::builder("openai").settings(Settings::new()?).build()?;
    let plan =
        openai.route_by(&BestValue, "Explain the difference between a mutex and a semaphore")?;
    println!("{}: {}", plan.choice().model, plan.reason);
    for candidate in &plan.candidates {
        println!("{:<22} {:.3} {}", candidate.model, candidate.score, candidate.expected_cost);
    }
    Ok(())
}
