//! Texts to decide about.

/// Sentences of about 15 tokens: plain ones, some code, some numbers.
const PIECES: [&str; 32] = [
    "Our warehouse ships parcels to eleven countries and the returns keep piling up.",
    "Write a short report for the board that explains what we should change first.",
    "let total = orders.iter().filter(|order| order.late).count();",
    "In March there were 1,204 returns, in April 987, and in May 1,411.",
    "Consider customs forms, packaging, carrier delays and wrong addresses.",
    "Which two measures would lower the costs most, and how sure are you?",
    "A ladder leans against a wall; its foot is 3 metres away and it is 5 metres long.",
    "Translate the following notice into polite Italian for hotel guests.",
    "Show that the sum of two odd numbers is always even, step by step.",
    "def merge(left, right): return sorted(left + right, key=lambda item: item.date)",
    "The patient reports chest pain at night, no fever, and a history of asthma.",
    "Explain photosynthesis to a ten-year-old with an example from the kitchen.",
    "SELECT customer, SUM(amount) FROM invoices WHERE paid = 0 GROUP BY customer;",
    "My landlord refuses to repay the deposit although the flat was spotless.",
    "Summarise the three arguments above and say which one is the weakest.",
    "If x^2 + 4x - 12 = 0, what are the possible values of 3x + 1?",
    "Suggest names for a bakery that only sells bread made from rye.",
    "Five friends sit in a row; Ann is left of Ben and Cid is at one end.",
    "The function returns None when the list is empty, which breaks the caller.",
    "Plan a weekend in Lisbon with two small children and a budget of 400 euros.",
    "Compare gradient descent with Newton's method on ill-conditioned problems.",
    "Please rewrite this e-mail so that it sounds less angry but stays firm.",
    "What happens to the boiling point of water on a mountain 3,000 metres high?",
    "Extract every date and amount from the contract and put them in a table.",
    "Ein Zug fährt um 9:40 Uhr ab und braucht 95 Minuten bis zur Grenze.",
    "Which treaty ended the war, who signed it, and what did each side give up?",
    "Refactor the handler below so that errors are logged once and never lost.",
    "A coin is tossed seven times; how likely are exactly four heads?",
    "Write four lines of verse about rain on a tin roof, without rhyme.",
    "The experiment was repeated 12 times with a mean of 4.7 and a spread of 0.3.",
    "List the side effects that matter when both medicines are taken together.",
    "How would you shard this table once it has more than a billion rows?",
];

/// A text of about `tokens` tokens; another `number` gives another text.
pub(crate) fn prompt(number: usize, tokens: usize) -> String {
    let mut state = number as u64 + 1;
    let mut text = String::new();
    for _ in 0..tokens.div_ceil(15).max(1) {
        // Knuth's MMIX generator: any spread of choices will do.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let piece = PIECES[(state >> 33) as usize % PIECES.len()];
        text.push_str(piece);
        text.push(' ');
    }
    text
}
