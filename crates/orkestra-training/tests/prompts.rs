//! Holds what data/prompts/README.md says of the prompts written for this project. Failures name the lines.

#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write as _,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    sync::LazyLock,
};

use flate2::read::GzDecoder;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    prompt: String,
    tier: String,
    second: String,
    why: String,
}

struct Prompt {
    /// File and line.
    place: String,
    family: String,
    fields: Fields,
}

const TIERS: [&str; 3] = ["budget", "balanced", "premium"];
/// How many prompts may come from one template.
const PER_TEMPLATE: usize = 5;

static PROMPTS: LazyLock<Vec<Prompt>> = LazyLock::new(|| {
    let mut files: Vec<_> = fs::read_dir(root().join("data/prompts"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "jsonl"))
        .collect();
    files.sort();
    let mut prompts = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        for (number, line) in (1..).zip(fs::read_to_string(&path).unwrap().lines()) {
            let place = format!("{name}:{number}");
            let fields = serde_json::from_str(line).unwrap_or_else(|why| panic!("{place}: {why}"));
            prompts.push(Prompt { place, family: name.to_owned(), fields });
        }
    }
    prompts
});

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn assert_none(found: &[String], what: &str) {
    assert!(found.is_empty(), "{} {what}:\n{}", found.len(), found.join("\n"));
}

#[test]
fn there_are_enough_in_enough_families_and_of_every_tier() {
    let families: BTreeSet<_> = PROMPTS.iter().map(|it| &it.family).collect();
    assert!(families.len() >= 40, "{} families", families.len());
    assert!(PROMPTS.len() >= 3_000, "{} prompts", PROMPTS.len());
    for tier in TIERS {
        assert!(PROMPTS.iter().any(|it| it.fields.tier == tier), "no {tier} prompt");
    }
}

#[test]
fn every_field_is_valid() {
    let one_word = |why: &str| {
        let parts = why.split('-');
        let mut parts =
            parts.map(|it| !it.is_empty() && it.chars().all(|c| c.is_ascii_lowercase()));
        parts.all(|it| it)
    };
    let mut wrong = Vec::new();
    for Prompt { place, fields, .. } in &*PROMPTS {
        for tier in [&fields.tier, &fields.second] {
            if !TIERS.contains(&tier.as_str()) {
                wrong.push(format!("{place}: {tier} is no tier"));
            }
        }
        if !one_word(&fields.why) {
            wrong.push(format!("{place}: {:?} is not one lower-case word", fields.why));
        }
        let stray = |c: char| c == '\u{fffd}' || (c.is_control() && c != '\n' && c != '\t');
        if fields.prompt.trim().is_empty() || fields.prompt.contains(stray) {
            wrong.push(format!("{place}: {:?}", fields.prompt));
        }
    }
    assert_none(&wrong, "invalid fields");
}

#[test]
fn no_two_share_more_than_half_of_their_5_grams() {
    let mut ids = FxHashMap::default();
    let mut holders: Vec<Vec<usize>> = Vec::new();
    let mut sizes: Vec<usize> = Vec::new();
    let mut alike = Vec::new();
    for (new, prompt) in PROMPTS.iter().enumerate() {
        let mut shared = vec![0_usize; new];
        let grams = five_grams(&prompt.fields.prompt);
        sizes.push(grams.len());
        for gram in grams {
            let next = ids.len();
            let id = *ids.entry(gram).or_insert(next);
            if id == next {
                holders.push(Vec::new());
            }
            for &old in &holders[id] {
                shared[old] += 1;
            }
            holders[id].push(new);
        }
        for (old, &shared) in shared.iter().enumerate() {
            let smaller = sizes[old].min(sizes[new]);
            if shared * 2 > smaller {
                alike.push(format!(
                    "{} and {}: {shared} of {smaller}",
                    PROMPTS[old].place, prompt.place
                ));
            }
        }
    }
    assert_none(&alike, "pairs share more than half of the 5-grams of the shorter");
}

/// A text of fewer than five characters is one gram of its own, so equal ones share all of it.
fn five_grams(text: &str) -> FxHashSet<[char; 5]> {
    let lower = text.to_lowercase();
    let mut characters: Vec<char> =
        lower.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    characters.resize(characters.len().max(5), '\0');
    characters.windows(5).map(|it| it.try_into().unwrap()).collect()
}

/// The template of a prompt is its words with these masked, runs of masks being one mask: quoted strings, words
/// with a digit, capitalised words except the first and "I", and words that fewer than one prompt in a hundred has.
/// What is left of one or two words ("_ of _") is no template but grammar.
#[test]
fn at_most_five_come_from_one_template() {
    let texts: Vec<_> = PROMPTS.iter().map(|it| words(&it.fields.prompt)).collect();
    let mut having: HashMap<String, usize> = HashMap::new();
    for text in &texts {
        let distinct: BTreeSet<_> = text.iter().flatten().map(|it| it.to_lowercase()).collect();
        for word in distinct {
            *having.entry(word).or_default() += 1;
        }
    }
    let rare = |word: &str| having[&word.to_lowercase()] * 100 < texts.len();
    let kept = |at: usize, word: &str| {
        let name = at > 0 && word != "I" && word.starts_with(char::is_uppercase);
        !name && !word.contains(char::is_numeric) && !rare(word)
    };
    assert_few(&texts, |text| {
        let masked = text.iter().enumerate().map(|(at, word)| {
            word.as_ref().filter(|word| kept(at, word)).map(|word| word.to_lowercase())
        });
        let mut template: Vec<Option<String>> = masked.collect();
        template.dedup_by(|one, other| one.is_none() && other.is_none());
        (template.iter().flatten().count() >= 3).then(|| {
            let shown = template.iter().map(|it| it.as_deref().unwrap_or("_"));
            shown.collect::<Vec<_>>().join(" ")
        })
    });
}

#[test]
fn at_most_five_start_with_the_same_four_words() {
    let texts: Vec<_> = PROMPTS.iter().map(|it| words(&it.fields.prompt)).collect();
    assert_few(&texts, |text| {
        let start: Vec<_> = text.get(..4)?.iter().map(|it| it.as_deref().unwrap_or("_")).collect();
        Some(start.join(" ").to_lowercase())
    });
}

#[track_caller]
fn assert_few(
    texts: &[Vec<Option<String>>],
    template: impl Fn(&[Option<String>]) -> Option<String>,
) {
    let mut places: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (prompt, text) in PROMPTS.iter().zip(texts) {
        if let Some(template) = template(text) {
            places.entry(template).or_default().push(&prompt.place);
        }
    }
    let many: Vec<_> = places
        .iter()
        .filter(|(_, places)| places.len() > PER_TEMPLATE)
        .map(|(template, places)| format!("{template:?}: {}", places.join(", ")))
        .collect();
    assert_none(&many, "templates with more than five prompts");
}

/// The words of a text in order, a quoted string being `None`. An apostrophe between letters belongs to its word.
fn words(text: &str) -> Vec<Option<String>> {
    let characters: Vec<char> = text.chars().collect();
    let letter = |at: usize| characters.get(at).is_some_and(|it| it.is_alphanumeric());
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(&first) = characters.get(at) {
        let within_word = at > 0 && letter(at - 1);
        let close = match first {
            '"' | '`' => Some(first),
            '\'' if !within_word => Some(first),
            '“' => Some('”'),
            '«' => Some('»'),
            '„' => Some('“'),
            _ => None,
        };
        let end = close.and_then(|close| {
            let ends =
                |end: &usize| characters[*end] == close && !(close == '\'' && letter(end + 1));
            (at + 1..characters.len()).find(ends)
        });
        if let Some(end) = end {
            words.push(None);
            at = end + 1;
        } else if letter(at) {
            let start = at;
            while letter(at) || (matches!(characters.get(at), Some('\'' | '’')) && letter(at + 1))
            {
                at += 1;
            }
            words.push(Some(characters[start..at].iter().collect()));
        } else {
            at += 1;
        }
    }
    words
}

/// Characters, of lower-case letters and digits alone, that no prompt may have in common with a question.
const WINDOW: usize = 50;

#[test]
fn none_repeats_a_question_of_the_outcome_files() {
    let folder = root().join("../shared/data");
    let mut files: Vec<PathBuf> = match fs::read_dir(&folder) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(why) => {
            eprintln!("SKIPPED: no outcome files to compare with: {}: {why}", folder.display());
            return;
        }
    };
    files.retain(|path| path.to_string_lossy().ends_with(".jsonl.gz"));
    files.sort();
    assert!(!files.is_empty(), "{} has no *.jsonl.gz", folder.display());

    let prompts: Vec<_> = PROMPTS.iter().map(|it| letters_and_digits(&it.fields.prompt)).collect();
    let mut windows: FxHashMap<u64, (usize, usize)> = FxHashMap::default();
    for (prompt, text) in prompts.iter().enumerate() {
        windows.extend(hashes(text).map(|(start, hash)| (hash, (prompt, start))));
    }

    let mut repeated = BTreeMap::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let lines = BufReader::new(GzDecoder::new(File::open(&path).unwrap())).lines();
        for (number, line) in (1..).zip(lines) {
            let outcome: Outcome = serde_json::from_str(&line.unwrap())
                .unwrap_or_else(|why| panic!("{name}:{number}: {why}"));
            for text in [Some(outcome.prompt), outcome.question].into_iter().flatten() {
                let text = letters_and_digits(&text);
                for (start, hash) in hashes(&text) {
                    let Some(&(prompt, begin)) = windows.get(&hash) else { continue };
                    let shared = &text[start..start + WINDOW];
                    if &prompts[prompt][begin..begin + WINDOW] == shared {
                        let shared: String = shared.iter().collect();
                        repeated.entry((prompt, format!("{name}:{number}"))).or_insert(shared);
                    }
                }
            }
        }
    }
    let repeated: Vec<_> = repeated
        .iter()
        .map(|((prompt, question), shared)| {
            format!("{} and {question}: {shared}", PROMPTS[*prompt].place)
        })
        .collect();
    assert_none(&repeated, "prompts have 50 characters of a question");
}

#[test]
fn a_repeat_is_found_wherever_it_stands() {
    let shared = "Seven otters, 31 boats & one very long rope: who pulls, and who is pulled along?";
    let [one, other] = [shared.to_owned(), format!("Question 4. {}", shared.to_uppercase())]
        .map(|text| hashes(&letters_and_digits(&text)).map(|it| it.1).collect::<Vec<_>>());
    assert_eq!(one.len(), letters_and_digits(shared).len() - WINDOW + 1);
    assert!(other.ends_with(&one));
    assert!(hashes(&['a'; WINDOW - 1]).next().is_none());
}

#[test]
fn words_end_where_they_should() {
    let found = |text: &str| {
        let shown: Vec<_> = words(text).into_iter().map(|it| it.unwrap_or("_".into())).collect();
        shown.join(" ")
    };
    assert_eq!(found("Say 'you're late' nicer, don't shout"), "Say _ nicer don't shout");
    assert_eq!(found("the dogs' 3 bowls (`a b`)"), "the dogs 3 bowls _");
    assert_eq!(found("« là » ou „da“?"), "_ ou _");
    assert_eq!(found("it's 5'11\" tall"), "it's 5'11 tall");
}

#[derive(Deserialize)]
struct Outcome {
    prompt: String,
    question: Option<String>,
}

fn letters_and_digits(text: &str) -> Vec<char> {
    text.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The hash of every window with where it starts: a polynomial, so that each follows from the one before.
fn hashes(text: &[char]) -> impl Iterator<Item = (usize, u64)> {
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    let push = |hash: u64, it: char| hash.wrapping_mul(BASE).wrapping_add(u64::from(it));
    let leaves = (0..WINDOW).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    let mut hash = 0;
    text.iter().enumerate().filter_map(move |(at, &it)| {
        hash = push(hash, it);
        if let Some(gone) = at.checked_sub(WINDOW) {
            hash = hash.wrapping_sub(u64::from(text[gone]).wrapping_mul(leaves));
        }
        Some(((at + 1).checked_sub(WINDOW)?, hash))
    })
}

/// The sentences whose tier the documentation states must not be learned by heart.
#[test]
fn the_documented_examples_are_absent() {
    let mut found = Vec::new();
    for Prompt { place, fields, .. } in &*PROMPTS {
        if let Some(topic) = documented_topic(&fields.prompt) {
            found.push(format!("{place}: {topic}"));
        }
    }
    assert_none(&found, "prompts on a documented example");
}

#[test]
fn paraphrases_of_the_documented_examples_are_recognised() {
    for (topic, texts) in [
        (
            "the capital of Japan",
            &[
                "What is the capital of Japan?",
                "japan's capital city pls",
                "Which Japanese city is the seat of government",
                "Wie heißt die Hauptstadt von Japan?",
                "¿Cuál es la capital de Japón?",
                "日本の首都はどこですか",
                "столица Японии?",
                "Of which country is Tokyo the capital?",
            ][..],
        ),
        (
            "hash tables",
            &[
                "Explain how hash tables work",
                "how does a HashMap find a key",
                "Wie funktioniert eine Streuwerttabelle?",
                "¿Qué es una tabla hash?",
                "C'est quoi une table de hachage",
                "哈希表是什么",
                "separate chaining or open addressing?",
            ],
        ),
        (
            "B-trees",
            &[
                "Implement a B-tree with deletion in Rust",
                "why do databases use B+ trees",
                "Schreibe einen B-Baum in C",
                "b tree vs lsm",
                "Implémente un arbre B en Java",
                "实现一个B树",
                "B木を実装して",
                "реализуй B-дерево",
            ],
        ),
    ] {
        for text in texts {
            assert_eq!(documented_topic(text), Some(topic), "{text}");
        }
    }
    for text in
        ["A plum tree's leaves curl", "hash browns for six", "two weeks in Japan", "grab trees"]
    {
        assert_eq!(documented_topic(text), None, "{text}");
    }
}

fn documented_topic(text: &str) -> Option<&'static str> {
    let squeezed: String = letters_and_digits(text).into_iter().collect();
    let has = |any: &str| any.split_whitespace().any(|it| squeezed.contains(it));
    if has(TOKYO) || (has(JAPAN) && has(CAPITAL)) {
        Some("the capital of Japan")
    } else if has(HASH_TABLE) {
        Some("hash tables")
    } else if has(B_TREE) || b_tree_in_two_words(text) {
        Some("B-trees")
    } else {
        None
    }
}

// All in lower-case letters and digits alone. "tokio" is a crate.
const TOKYO: &str = "tokyo tōkyō tóquio 東京 东京 токио 도쿄 طوكيو";
const JAPAN: &str =
    "japan japon japón japão giappon jaapan japán 日本 япони 일본 اليابان ιαπων nhậtbản";
const CAPITAL: &str = "capital seatofgovernment seatofthegovernment governmentseat hauptstadt hoofdstad hovedstad \
    huvudstad pääkaupun stolic hlavníměst főváros başkent 首都 столиц 수도 عاصمة πρωτεύουσα thủđô ibukota";
const HASH_TABLE: &str = "hashtable hashtab hashmap hashdict hashbucket hashcollision separatechaining openaddressing \
    linearprobing dictionaryimplementation streutabelle streuwerttabelle tablahash tabladehash tablashash \
    tablasdehash tabladedispersión tabledehachage tablesdehachage tablehachage tabellahash tabellehash \
    tabelladihash tabelahash tabelashash tabeladehash tabeladeespalhamento tabeladedispersão hasztabl \
    tablicahasz tablicymieszając tablicamieszając hajautustaul hasítótábl karmatablo bảngbăm хештаблиц хэштаблиц \
    哈希表 散列表 杂凑表 雜湊表 ハッシュテーブル ハッシュ表 해시테이블 해시맵";
const B_TREE: &str = "b树 b樹 b木 b트리";

fn b_tree_in_two_words(text: &str) -> bool {
    const TREE: &str = "tree baum bäum boom bomen træ träd drzew дерев puu ağac strom";
    const TREE_BEFORE: &str =
        "árbol árboles arbol arboles arbre arbres albero alberi árvore árvores arvore drzewo";
    let lower = text.to_lowercase();
    let tokens: Vec<&str> =
        lower.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
    let is_tree = |token: &str| TREE.split_whitespace().any(|it| token.starts_with(it));
    // The second is the Cyrillic letter.
    let is_b = |token: &str| matches!(token, "b" | "в");
    let before = |token: &str| TREE_BEFORE.split_whitespace().any(|it| it == token);
    tokens.iter().any(|it| it.starts_with("btree") || it.starts_with("bbaum"))
        || tokens
            .windows(2)
            .any(|it| (is_b(it[0]) && is_tree(it[1])) || (before(it[0]) && is_b(it[1])))
}

/// The share of equal labels and Cohen's kappa are printed, and must be those in the README.
#[test]
fn the_readme_states_the_agreement_of_the_two_labellers() {
    let total = PROMPTS.len() as f64;
    let share = |holds: &dyn Fn(&Fields) -> bool| {
        PROMPTS.iter().filter(|it| holds(&it.fields)).count() as f64 / total
    };
    let equal = share(&|it| it.tier == it.second);
    let by_chance: f64 = TIERS
        .iter()
        .map(|tier| share(&|it| it.tier == *tier) * share(&|it| it.second == *tier))
        .sum();
    let kappa = (equal - by_chance) / (1.0 - by_chance);

    let (thousands, rest) = (PROMPTS.len() / 1_000, PROMPTS.len() % 1_000);
    let mut line = format!("Agreement: {:.1} % of {thousands},{rest:03} ", equal * 100.0);
    write!(line, "(Cohen's kappa {kappa:.2})").unwrap();
    eprintln!("{line}");
    let readme = fs::read_to_string(root().join("data/prompts/README.md")).unwrap();
    assert!(readme.contains(&line), "data/prompts/README.md must say: {line}");
}
