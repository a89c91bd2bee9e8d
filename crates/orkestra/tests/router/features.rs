//! What the router looks at: the judged text, its n-grams, its shape, its counts.

use orkestra::{
    chat::{Message, Request, Role},
    features::{
        BUCKETS, Features, SHAPE_NAMES, each_ngram, estimate_tokens, judged_text, ngrams, shape,
        weigh,
    },
    routing,
};
use proptest::prelude::*;

fn conversation(turns: &[&str]) -> Request {
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    let messages = roles.zip(turns).map(|(role, text)| Message::text(role, *text));
    Request::from(messages.collect::<Vec<_>>())
}

#[test]
fn only_the_newest_user_text_is_judged_and_its_middle_is_left_out() {
    let short = Request::from(vec![
        Message::text(Role::User, "first"),
        Message::text(Role::Assistant, "answer"),
        Message::text(Role::User, "second"),
    ])
    .system("be brief");
    assert_eq!(judged_text(&short), "second");
    let edge: String = "é".repeat(4096);
    assert_eq!(judged_text(&Request::from(edge.as_str())), edge);
    let long = format!("{}{}{}", "é".repeat(2048), "x".repeat(5000), "ü".repeat(2048));
    let kept = format!("{}{}", "é".repeat(2048), "ü".repeat(2048));
    assert_eq!(judged_text(&Request::from(long)), kept);
}

#[test]
fn counts_cover_the_whole_request() {
    let embedder = routing::embedded().unwrap().embedder();
    let request = Request::from(vec![
        Message::text(Role::User, "abcdefghi abcdefghi"),
        Message::text(Role::Assistant, "abcdefghi"),
        Message::text(Role::User, "Why 42?\n```\nlet x = 1;\n```"),
    ])
    .system("abcdefghi");
    let counts = Features::of(&request, &*embedder).unwrap().counts;
    assert_eq!((counts.turns, counts.questions, counts.digits), (3, 1, 3));
    assert_eq!((counts.code_lines, counts.words), (3, 8));
    assert_eq!(counts.characters, 26);
    let texts: u64 = request.texts().map(estimate_tokens).sum();
    assert_eq!(counts.input_tokens, texts + 4 * 4 + 3);
}

#[test]
fn token_estimates_follow_the_kind_of_text() {
    assert_eq!(estimate_tokens(""), 0);
    assert_eq!(estimate_tokens(" "), 1);
    assert_eq!(estimate_tokens(&"a".repeat(45)), 10);
    assert_eq!(estimate_tokens("12345678"), 4);
    assert_eq!(estimate_tokens("漢字漢字"), 3);
    assert_eq!(estimate_tokens(&"я".repeat(35)), 10);
}

#[test]
fn a_bare_continuation_is_judged_by_what_it_continues() {
    let asked = "Prove that the sum of two odd numbers is even.";
    let continuations = [
        "go on",
        "Go on!",
        "yes",
        "YES.",
        "continue",
        "Continue...",
        "ok do it",
        "OK, do it!",
        "weiter",
        "Bitte weiter",
        "sí",
        "Sí, por favor",
        "next",
        "thanks, continue",
        "Thanks. Please go on.",
        "yes please, go ahead",
        "let's do that",
        "Let\u{2019}s go \u{1f44d}",
        "ja, mach das",
        "oui, continue",
        "d'accord, vas-y",
        "va bene, vai avanti",
        "да, продолжай",
        "继续",
        "好的，请继续。",
        "はい、続けてください",
        "네, 계속해줘",
        "tak",
        "devam et",
        "perfect, now continue from where you stopped",
        "  ok\n",
    ];
    for text in continuations {
        let request = conversation(&[asked, "First case: ...", text]);
        assert_eq!(judged_text(&request), asked, "{text:?}");
        // Nothing but continuations: the newest stands for itself.
        assert_eq!(judged_text(&Request::from(text)), text);
        assert_eq!(judged_text(&conversation(&["yes", "What?", text])), text);
    }
    let often =
        conversation(&["What is 2 + 2?", "4", asked, "Part 1", "go on", "Part 2", "yes, next"]);
    assert_eq!(judged_text(&often), asked);
}

#[test]
fn what_asks_anything_of_its_own_is_judged_itself() {
    let texts = [
        "thanks",
        "Thank you, perfect!",
        "go on holiday",
        "yes or no?",
        "continue = 1",
        "next()",
        "no",
        "continue with the second proof",
        "weiter unten steht ein Fehler",
        "ok, and in French?",
        "next 3",
        "More generally, is it true for reals?",
        "do it in Rust",
        "?",
        "...",
        "2",
    ];
    for text in texts {
        let request = conversation(&["What is 2 + 2?", "4", text]);
        assert_eq!(judged_text(&request), text);
    }
    let long = "yes ".repeat(40);
    assert_eq!(judged_text(&conversation(&["What is 2 + 2?", "4", &long])), long);
}

#[test]
fn a_continuation_has_the_features_of_what_it_continues() {
    let embedder = routing::embedded().unwrap().embedder();
    let asked = Features::of(&Request::from("Why is the sky blue?"), &*embedder).unwrap();
    let request = conversation(&["Why is the sky blue?", "Because", "go on"]);
    let continued = Features::of(&request, &*embedder).unwrap();
    assert_eq!(continued.embedding, asked.embedding);
    assert_eq!((&continued.tokens, &continued.ngrams), (&asked.tokens, &asked.ngrams));
    assert_eq!(continued.shape, asked.shape);
    // What is sent is still the whole conversation.
    assert_eq!((continued.counts.turns, continued.counts.words), (3, 5));
    assert!(continued.counts.input_tokens > asked.counts.input_tokens);
}

/// Lower case, between blanks, each white space one blank.
fn folded(text: &str) -> Vec<char> {
    // Letter by letter: `str::to_lowercase` looks at what stands around a letter.
    let lower: String = text.chars().flat_map(char::to_lowercase).collect();
    // A vertical tab is no white space to ASCII.
    let blank = |c: char| c.is_whitespace() && c != '\u{b}';
    let words: Vec<&str> = lower.split(blank).filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" ")).chars().collect()
}

/// How many n-grams a text has, counted in the plainest way.
fn expected_ngrams(text: &str) -> usize {
    let letters = folded(text);
    // A text of white space alone is one blank.
    let letters = if letters.iter().all(|c| *c == ' ') { vec![' '] } else { letters };
    let runs: usize = (3..=5).map(|length| (letters.len() + 1).saturating_sub(length)).sum();
    let text: String = letters.iter().collect();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count();
    runs + words + words.saturating_sub(1)
}

#[test]
fn words_pairs_and_runs_are_what_they_say() {
    let mut found: Vec<String> = Vec::new();
    each_ngram("Ab  cd!", |_, letters| found.push(letters.iter().collect()));
    let expected = [
        "ab", "cd", "ab cd", " ab", " ab ", " ab c", "ab ", "ab c", "ab cd", "b c", "b cd",
        "b cd!", " cd", " cd!", " cd! ", "cd!", "cd! ", "d! ",
    ];
    assert_eq!(found, expected);
}

/// A trained router knows buckets by number: other hashing would silently make it a stranger to every text.
#[test]
fn the_buckets_of_a_text_stay_what_they_were() {
    let found: Vec<_> = ngrams("Hi, hi Ωmega").into_iter().take(6).collect();
    let frozen = [(31390, 2), (15357, 1), (22649, 1), (5813, 1), (5187, 2), (7800, 1)];
    assert_eq!(found, frozen);
}

#[test]
fn rare_buckets_weigh_more_and_all_together_one() {
    let mut rarity = vec![0.0_f32; BUCKETS];
    (rarity[3], rarity[9]) = (2.0, 1.0);
    let weighed = weigh(&[(3, 1), (5, 4), (9, 1)], &rarity);
    assert_eq!(weighed.len(), 2, "what says nothing is left out");
    let root = 5.0_f32.sqrt();
    assert!((weighed[0].1 - 2.0 / root).abs() < 1e-6 && (weighed[1].1 - 1.0 / root).abs() < 1e-6);
    assert!(weigh(&[(3, 1)], &[]).is_empty());
    assert!(weigh(&[], &rarity).is_empty());
}

#[test]
fn shape_tells_a_sum_from_a_letter_and_from_code() {
    let at = |text: &str, name: &str| {
        let place = SHAPE_NAMES.iter().position(|other| *other == name).unwrap();
        shape(text)[place]
    };
    assert!(at("12 + 30 = ?", "numbers") > at("Dear Ann, thank you.", "numbers"));
    assert!(at("let x = 1;\nlet y = 2;", "code lines") > at("let us meet\ntomorrow", "code lines"));
    assert_eq!(at("Q?\nA. one\nB. two\n(C) three", "has answer options"), 1.0);
    assert_eq!(at("A plan. B sides.", "has answer options"), 0.0);
    assert_eq!((at("short", "is short"), at("short", "is long")), (1.0, 0.0));
    let long = "word ".repeat(300);
    assert_eq!((at(&long, "is short"), at(&long, "is long")), (0.0, 1.0));
}

proptest! {
    #[test]
    fn every_ngram_of_any_text_is_counted_once(text in any::<String>()) {
        let counted: usize = ngrams(&text).iter().map(|(_, count)| usize::from(*count)).sum();
        prop_assert_eq!(counted, expected_ngrams(&text));
    }

    #[test]
    fn every_ngram_stands_in_the_folded_text(text in "[ a-zA-ZäÖΣß中1-3.,\t\n]{0,40}") {
        let whole: String = folded(&text).iter().collect();
        let mut strangers = Vec::new();
        each_ngram(&text, |bucket, letters| {
            let spelled: String = letters.iter().collect();
            if !whole.contains(&spelled) || usize::from(bucket) >= BUCKETS {
                strangers.push(spelled);
            }
        });
        prop_assert!(strangers.is_empty(), "{strangers:?} in {whole:?}");
    }

    #[test]
    fn buckets_are_named_once_and_are_those_of_each(text in any::<String>()) {
        let mut counts = std::collections::BTreeMap::new();
        each_ngram(&text, |bucket, _| *counts.entry(bucket).or_insert(0_u16) += 1);
        let mut found = ngrams(&text);
        prop_assert_eq!(&found, &ngrams(&text));
        found.sort_unstable();
        prop_assert_eq!(found, counts.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn case_and_the_kind_of_white_space_make_no_difference(
        words in prop::collection::vec("[a-z0-9+.]{1,6}", 0..8),
        blanks in prop::collection::vec("[ \t\n\r\u{a0}\u{2003}]{1,3}", 8),
    ) {
        let plain = words.join(" ");
        let spread: String = words.iter().zip(&blanks).flat_map(|(word, blank)| [word.as_str(), blank]).collect();
        prop_assert_eq!(ngrams(&plain), ngrams(&spread));
        prop_assert_eq!(ngrams(&plain), ngrams(&plain.to_uppercase()));
    }

    #[test]
    fn weights_are_finite_and_of_unit_length(text in any::<String>(), rarity in 0.1_f32..12.0) {
        let weighed = weigh(&ngrams(&text), &vec![rarity; BUCKETS]);
        let length: f32 = weighed.iter().map(|(_, weight)| weight * weight).sum();
        prop_assert!(weighed.is_empty() || (length - 1.0).abs() < 1e-3, "{length}");
    }

    #[test]
    fn the_shape_of_any_text_is_finite(text in any::<String>()) {
        prop_assert!(shape(&text).iter().all(|x| x.is_finite() && x.abs() < 100.0));
    }

    #[test]
    fn any_conversation_has_a_judged_text_of_its_own(turns in prop::collection::vec("(go on|yes|.{0,12})", 1..6)) {
        let turns: Vec<&str> = turns.iter().map(String::as_str).collect();
        let request = conversation(&turns);
        let judged = judged_text(&request).into_owned();
        prop_assert!(turns.iter().step_by(2).any(|text| **text == judged));
    }
}
