//! What the demo asks, from trivial to very hard. Written for it; none comes from a benchmark.

/// A prompt and the few words that stand for it in a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prompt {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
}

const fn prompt(title: &'static str, text: &'static str) -> Prompt {
    Prompt { title, text }
}

/// From trivial to very hard.
pub(super) const LADDER: [Prompt; 14] = [
    prompt("greeting", "Hi there, how are you doing this morning?"),
    prompt("plural", "What is the plural of \"mouse\" when I mean the animal?"),
    prompt("translation", "Translate into German: The shop opens at nine and closes at six."),
    prompt("unit conversion", "How many metres are 12 feet? One line is enough."),
    prompt(
        "polite refusal",
        "Draft two friendly sentences declining a dinner invitation for Friday.",
    ),
    prompt(
        "extraction",
        "Take the date and the amount out of this line: Paid 84.20 EUR to Nordwind on 3 May.",
    ),
    prompt(
        "summary",
        "Sum up in three bullet points why a small bakery may want to accept orders by telephone only.",
    ),
    prompt(
        "regular expression",
        "Write a regular expression for times such as 07:45 or 23:10 that refuses 24:00.",
    ),
    prompt(
        "SQL query",
        "Given orders(id, customer, placed_on, total), write SQL that lists each customer's second order.",
    ),
    prompt(
        "rota puzzle",
        "Five nurses share seven night shifts. Nobody works two nights in a row, Ana never works on Sunday, and Ben \
         works exactly twice. How many rotas are there? Show the count step by step.",
    ),
    prompt(
        "tenancy clause",
        "A lease says repairs below 3 % of the yearly rent are the tenant's. The boiler fails twice in one winter, \
         each repair costing 2 %. Analyse both readings of the clause and say which a court would more likely take.",
    ),
    prompt(
        "race condition",
        "A cache has a read lock on the hit path and upgrades it to a write lock on a miss. Two threads miss at once \
         and the service hangs. Explain precisely why, then redesign it without holding any lock over the load.",
    ),
    prompt(
        "proof",
        "Let f be continuous on [0, 1] with f(0) = f(1). Prove that for every n there is an x with f(x) = f(x + 1/n), \
         and show by a counterexample that 1/n cannot be replaced by an arbitrary distance.",
    ),
    prompt(
        "consensus design",
        "Design a replicated key-value store that stays linearisable while one of three sites is partitioned away. \
         Derive the quorum sizes, prove that no acknowledged write is lost during a leader change, and give the \
         pseudocode of the recovery with its invariants.",
    ),
];

/// Asked in every way there is, to compare them.
pub(super) const COMPARED: Prompt = prompt(
    "comparison",
    "Compare two ways to split a restaurant bill fairly among people who ate differently, and recommend one.",
);

/// Streamed before the user's eyes.
pub(super) const STREAMED: Prompt = prompt(
    "streamed",
    "Explain to a curious neighbour why bread gets stale faster in the refrigerator.",
);

/// Asked while a model is out of order.
pub(super) const UNLUCKY: Prompt =
    prompt("fault", "Suggest a name for a bicycle repair shop near a canal.");
