//! `orkestra train`

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod outcomes;
mod support;

use std::fs;
#[cfg(unix)]
use std::{
    fs::File,
    io::Write,
    process::{Child, Command},
};

use outcomes::{Kind, PAIR, TIERS, compressed, files, plain, rows};
use serde_json::{Value, json};
use support::{Home, fits};

/// Learns from `data` on top of the embedded router, which takes seconds.
fn added(home: &Home, data: &[&str], out: &str, more: &[&str]) -> Value {
    let fixed = ["--tiers", TIERS, "--base", "embedded", "--out", out, "--json"];
    let arguments = [&["train", "--data"][..], data, &fixed, more].concat();
    home.run(&arguments).succeeded().json()
}

fn apgr(home: &Home, data: &str, router: &str) -> f64 {
    let arguments = ["eval", "--data", data, "--pair", PAIR, "--router", router, "--json"];
    home.run(&arguments).succeeded().json()["apgr"].as_f64().unwrap()
}

#[test]
fn a_hundred_rows_of_a_kind_that_nobody_knows_make_the_base_better() {
    let home = Home::new();
    let own = plain(&home, "own.jsonl", &rows(Kind::Drinks, 100, 1));
    let judged = plain(&home, "judged.jsonl", &rows(Kind::Drinks, 300, 2));
    let said = added(&home, &[&own], "own.safetensors", &[]);
    assert_eq!(said["usable_questions"], 100);
    let (base, own) = (apgr(&home, &judged, "embedded"), apgr(&home, &judged, "own.safetensors"));
    assert!(own > 0.75 && own > base + 0.1, "{base} -> {own}");
}

#[test]
fn plain_and_compressed_files_become_a_small_file_that_routes() {
    let home = Home::new();
    // A file may be called like the project's own prompts.
    let one = plain(&home, "prompts.jsonl", &rows(Kind::Proofs, 60, 1));
    let other = compressed(&home, "b.dat", &rows(Kind::Drinks, 60, 2));
    let said = added(&home, &[&one, &other], "mine.safetensors", &["--family", "openai"]);
    assert_eq!((&said["rows"], &said["usable_questions"]), (&json!(120), &json!(120)));
    assert_eq!(said["tiers"], json!({"budget": "small", "balanced": "medium", "premium": "large"}));
    assert_eq!(said["sources"][0]["name"], "b");
    assert_eq!(said["bad_rows"], json!([]));
    assert!(said["base"].is_string(), "{said}");
    let bytes = fs::metadata(home.path().join("mine.safetensors")).unwrap().len();
    assert_eq!(said["bytes"], bytes);
    assert!(bytes < 2_000_000, "{bytes}");

    let route = ["route", "--json", "-p", "openai", "--router", "mine.safetensors", "Name a river"];
    let decision = home.run(&route).succeeded().json();
    assert_eq!((&decision["router"], &decision["head"]), (&said["router"], &json!("openai")));
}

#[test]
fn a_whole_new_router_stands_alone_and_judges_its_kind() {
    let home = Home::new();
    let data = plain(&home, "rows.jsonl", &rows(Kind::Drinks, 250, 1));
    let tiers = "budget=small,premium=large";
    let out = ["--family", "anthropic", "--standalone", "--out", "new.safetensors"];
    let ran = home.run(&[&["train", "--data", &data, "--tiers", tiers][..], &out].concat());
    let ran = ran.succeeded();
    for words in [
        "Learned from 250 questions (250 rows), 250 with a score of both ends.",
        "own",
        "budget   small",
        "premium  large",
        "Wrote new.safetensors: ",
        "MB, blend-",
        "stands alone",
        "Next: orkestra route --router new.safetensors -p anthropic",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(fits(&ran.out));
    assert_eq!(ran.err, "", "no bar outside a terminal");

    let judged = plain(&home, "judged.jsonl", &rows(Kind::Drinks, 200, 2));
    let apgr = apgr(&home, &judged, "new.safetensors");
    assert!(apgr > 0.75, "{apgr}");
    let route = |provider: &str| {
        let arguments =
            ["route", "--json", "-p", provider, "--router", "new.safetensors", "Name a river"];
        home.run(&arguments).succeeded().json()["head"].as_str().unwrap().to_owned()
    };
    assert_eq!(route("anthropic"), "anthropic");
    assert_eq!(route("google"), "general");
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let home = Home::new();
    let data = plain(&home, "rows.jsonl", &rows(Kind::Proofs, 80, 1));
    let once = added(&home, &[&data], "one.safetensors", &[]);
    let again = added(&home, &[&data], "two.safetensors", &[]);
    assert_eq!(once["sha256"], again["sha256"]);
    let bytes = |name: &str| fs::read(home.path().join(name)).unwrap();
    assert_eq!(bytes("one.safetensors"), bytes("two.safetensors"));
    assert_eq!(once["date"], support::DAY);

    // What is added to a file stands alone.
    let more = plain(&home, "more.jsonl", &rows(Kind::Drinks, 80, 2));
    let base = ["train", "--data", &more, "--tiers", TIERS, "--base", "one.safetensors"];
    let out = ["--out", "one.safetensors", "--json"];
    let said = home.run(&[&base[..], &out].concat()).succeeded().json();
    assert_eq!(said["base"], Value::Null);
    assert_eq!(files(&home), ["more.jsonl", "one.safetensors", "rows.jsonl", "two.safetensors"]);
}

/// 80 good rows, with bad ones as lines 2, 4, 5 and 7.
fn with_bad_rows(home: &Home) -> String {
    let mut lines: Vec<String> = rows(Kind::Proofs, 80, 1).iter().map(Value::to_string).collect();
    lines.insert(1, "{\"prompt\": \"x\", \"scores\": {\"small\": 1.5}}".to_owned());
    lines.insert(3, "no JSON".to_owned());
    lines.insert(4, "{\"prompt\": \" \", \"scores\": {}}".to_owned());
    lines.insert(6, "{\"prompt\": \"x\"}".to_owned());
    home.file("bad.jsonl", &lines.join("\n"));
    "bad.jsonl".to_owned()
}

#[test]
fn bad_rows_are_named_by_their_lines() {
    let home = Home::new();
    let data = with_bad_rows(&home);
    let faults = [
        "bad.jsonl:2: scores.small is 1.5; expected a number from 0 to 1",
        "bad.jsonl:4: ",
        "bad.jsonl:5: its text is empty",
        "bad.jsonl:7: missing field `scores`",
    ];
    let arguments = ["train", "--data", &data, "--tiers", TIERS, "--base", "embedded"];
    let out = ["--out", "router.safetensors"];
    let arguments = [&arguments[..], &out].concat();
    let ran = home.run(&arguments);
    let words = [&faults[..], &["4 of 84 rows are bad", "--skip-bad"]].concat();
    ran.refused(3, &words);
    let error = home.run(&[&arguments[..], &["--json"]].concat()).json_error();
    assert_eq!(error["kind"], "invalid_request");
    for fault in faults {
        assert!(error["message"].as_str().unwrap().contains(fault), "{error}");
    }
    assert_eq!(files(&home), ["bad.jsonl"]);

    let ran = home.run(&[&arguments[..], &["--skip-bad"]].concat()).succeeded();
    assert!(faults.iter().all(|fault| ran.err.contains(fault)), "{ran:?}");
    assert!(ran.out.contains("(80 rows, 4 bad rows skipped)"), "{ran:?}");
}

#[test]
fn what_cannot_be_learned_is_refused() {
    let home = Home::new();
    let good = rows(Kind::Proofs, 40, 1);
    plain(&home, "good.jsonl", &good);
    plain(&home, "few.jsonl", &good[..19]);
    let scored = |scores: Value| -> Vec<Value> {
        good.iter().map(|row| json!({"prompt": row["prompt"], "scores": scores})).collect()
    };
    plain(&home, "one_class.jsonl", &scored(json!({"small": 0, "medium": 0.5, "large": 1})));
    plain(&home, "half.jsonl", &scored(json!({"small": 0, "medium": 1, "large": null})));
    plain(&home, "empty.jsonl", &[]);
    fs::create_dir(home.path().join("folder")).unwrap();
    let cases: [(&str, &[&str], i32, &[&str]); 20] = [
        ("few.jsonl", &[], 3, &["19 questions have a score of both small and large", "20"]),
        (
            "one_class.jsonl",
            &[],
            3,
            &["one class only", "small always has 0", "large always has 1"],
        ),
        ("half.jsonl", &[], 5, &["no row has a score of \"large\""]),
        ("empty.jsonl", &[], 3, &["no usable row in empty.jsonl"]),
        ("absent.jsonl", &[], 14, &["absent.jsonl cannot be read"]),
        (
            "good.jsonl",
            &["--tiers", "budget=smal,premium=large"],
            5,
            &["no row has a score of \"smal\"; the rows have large, medium, small", "good.jsonl"],
        ),
        ("good.jsonl", &["--tiers", "budget=small"], 2, &["names no premium model"]),
        ("good.jsonl", &["--tiers", "balanced=small,premium=large"], 2, &["names no budget model"]),
        (
            "good.jsonl",
            &["--tiers", "weak=small,strong=large"],
            2,
            &["\"weak\" is unknown", "budget, balanced, premium"],
        ),
        ("good.jsonl", &["--tiers", "small"], 2, &["\"small\" names no model"]),
        ("good.jsonl", &["--tiers", "budget=,premium=large"], 2, &["budget has no model"]),
        ("good.jsonl", &["--tiers", "budget=large,premium=large"], 2, &["large is named twice"]),
        ("good.jsonl", &["--tiers", "budget=small,budget=large"], 2, &["budget is given twice"]),
        ("good.jsonl", &["--prices", "1,2"], 2, &["--prices 1,2: 2 prices for 3 models"]),
        ("good.jsonl", &["--prices", "3,2,1"], 2, &["must not fall"]),
        ("good.jsonl", &["--prices", "-1,2,3"], 2, &["-1 is no price"]),
        ("good.jsonl", &["--family", "a b"], 2, &["--family \"a b\" is no name"]),
        ("good.jsonl", &["--base", "absent.safetensors"], 14, &["absent.safetensors"]),
        ("good.jsonl", &["--out", "folder"], 13, &["--out folder", "no regular file"]),
        ("good.jsonl", &["--out", "absent/router"], 13, &["absent/router cannot be written"]),
    ];
    let before = files(&home);
    for (data, more, code, words) in cases {
        let mut arguments = vec!["train", "--data", data, "--base", "embedded"];
        for (flag, value) in [("--tiers", TIERS), ("--out", "router.safetensors")] {
            if !more.contains(&flag) {
                arguments.extend([flag, value]);
            }
        }
        if more.contains(&"--base") {
            arguments.truncate(3);
            arguments.extend(["--tiers", TIERS, "--out", "router.safetensors"]);
        }
        arguments.extend(more);
        home.run(&arguments).refused(code, words);
    }
    assert_eq!(files(&home), before, "nothing is left behind");
    home.run(&["train", "--data", "good.jsonl", "--tiers", TIERS]).refused(2, &["--out"]);
}

#[test]
fn the_rows_are_never_written_over() {
    let home = Home::new();
    let data = plain(&home, "rows.jsonl", &rows(Kind::Proofs, 40, 1));
    let before = fs::read(&data).unwrap();
    let out = format!("{}/./rows.jsonl", home.path().display());
    let arguments = ["train", "--data", &data, "--tiers", TIERS, "--out", &out];
    home.run(&arguments).refused(13, &["rows.jsonl is read, too"]);
    assert_eq!(fs::read(&data).unwrap(), before);
}

#[test]
fn a_file_that_cannot_be_replaced_is_kept() {
    let home = Home::new();
    let data = plain(&home, "rows.jsonl", &rows(Kind::Proofs, 40, 1));
    // Beside a name this long there is no room for the part that is written first.
    let out = "r".repeat(250);
    home.file(&out, "the router of yesterday");
    let arguments = ["train", "--data", &data, "--tiers", TIERS, "--out", &out];
    home.run(&arguments).refused(13, &["cannot be written"]);
    assert_eq!(fs::read_to_string(home.path().join(&out)).unwrap(), "the router of yesterday");
    assert_eq!(files(&home), ["rows.jsonl", out.as_str()]);
}

/// A training whose rows come through a pipe, when it has begun to read them and so passed every check, and
/// the rows it waits for.
#[cfg(unix)]
fn begun(home: &Home, more: &[&str]) -> (Child, File) {
    let pipe = home.path().join("rows");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    home.file("router.safetensors", "the router of yesterday");
    let arguments = ["train", "--data", "rows", "--tiers", TIERS, "--out", "router.safetensors"];
    let child = support::start(&mut home.command(&[&arguments[..], more].concat()));
    // Opening a pipe waits until the other end reads.
    let rows = File::options().write(true).open(&pipe).unwrap();
    (child, rows)
}

#[cfg(unix)]
fn send(mut pipe: File, count: usize) {
    rows(Kind::Proofs, count, 1).iter().for_each(|row| writeln!(pipe, "{row}").unwrap());
}

#[cfg(unix)]
#[test]
fn an_interruption_keeps_the_file_that_was_there() {
    let home = Home::new();
    let (child, pipe) = begun(&home, &[]);
    send(pipe, 100);
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ran = support::finish(child, b"");
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (130, "", "error: interrupted\n"));
    let kept = fs::read_to_string(home.path().join("router.safetensors")).unwrap();
    assert_eq!(kept, "the router of yesterday");
    assert_eq!(files(&home), ["router.safetensors", "rows"]);
}

#[cfg(unix)]
#[test]
fn a_write_that_fails_at_the_end_keeps_the_file_that_was_there() {
    let home = Home::new();
    let (child, pipe) = begun(&home, &["--base", "embedded"]);
    // What is written first finds its place taken.
    let part = home.path().join(format!(".router.safetensors.{}.part", child.id()));
    fs::create_dir(part).unwrap();
    send(pipe, 60);
    support::finish(child, b"").refused(13, &["--out router.safetensors cannot be written"]);
    let kept = fs::read_to_string(home.path().join("router.safetensors")).unwrap();
    assert_eq!(kept, "the router of yesterday");
}

#[test]
fn what_makes_a_router_useless_is_said() {
    let home = Home::new();
    let data = plain(&home, "rows.jsonl", &rows(Kind::Proofs, 60, 1));
    let out = ["--base", "embedded", "--out", "router.safetensors", "--family", "acme"];
    let arguments = ["train", "--data", &data, "--tiers", "budget=large,premium=small"];
    let ran = home.run(&[&arguments[..], &out].concat()).succeeded();
    assert!(ran.err.contains("small scores no better than large"), "{ran:?}");
    assert!(ran.err.contains("unknown provider \"acme\""), "{ran:?}");
}
