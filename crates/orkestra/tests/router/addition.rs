//! Files that add to the embedded router instead of repeating it.

use orkestra::{
    ErrorKind,
    chat::Request,
    features::{BUCKETS, Features, SHAPE},
    routing::{
        self, DomainCard, HeadDomain, LayerCard, PerTier, Trained, artefact::Parts,
        nearest::Outcome,
    },
};

fn embedded() -> Trained {
    routing::embedded().unwrap()
}

/// The embedded router with a layer and a head of a user's own.
fn extended() -> Parts {
    let mut parts = embedded().parts().unwrap();
    let (dimensions, hidden) = (parts.metadata.embedder.dimensions, parts.metadata.network.hidden);
    let first = parts.metadata.layers.len();
    parts.metadata.layers.push(LayerCard {
        name: "mine".to_owned(),
        domains: vec![DomainCard {
            name: "mine/mail".to_owned(),
            questions: 2,
            models: vec!["small".to_owned(), "large".to_owned()],
        }],
        families: vec!["mine/mail".to_owned()],
    });
    let table = |name: &str| format!("layers.mine.{name}");
    parts.put(table("linear.codes"), 3, &vec![0_i8; BUCKETS * 3]);
    parts.put(table("linear.scales"), 1, &[0.01_f32; 3]);
    parts.put(table("linear.shape"), SHAPE, &[0.0_f32; 3 * SHAPE]);
    parts.put(table("linear.bias"), 1, &[0.5_f32, 0.3, 0.9]);
    parts.put(table("outputs.weights"), hidden, &vec![0.01_f32; 2 * hidden]);
    parts.put(table("outputs.bias"), 1, &[0.0_f32, 1.0]);
    let mut vectors = vec![0_i8; 2 * hidden];
    (vectors[0], vectors[hidden + 1]) = (127, 127);
    parts.put(table("references.vectors"), hidden, &vectors);
    parts.put(table("references.scales"), 1, &[1.0_f32 / 127.0; 2]);
    parts.put(table("references.families"), 1, &[0_u16; 2]);
    parts.put(table("clusters.centroids"), hidden, &vectors[..hidden]);
    parts.put(table("clusters.scales"), 1, &[1.0_f32 / 127.0]);
    parts.put(table("clusters.starts"), 1, &[0_u32, 2]);
    parts.put(table("map.codes"), dimensions, &vec![11_i8; dimensions]);
    parts.put(table("map.scales"), 1, &[0.006_f32]);

    let mut mine = parts.metadata.heads.iter().find(|head| head.name == "general").unwrap().clone();
    mine.name = "mine".to_owned();
    let models = PerTier { budget: Some(0), balanced: None, premium: Some(1) };
    mine.domains.push(HeadDomain { layer: first, domain: 0, weight: 2.0, models });
    parts.metadata.heads.push(mine);
    let known = Outcome { premium: Some(1.0), budget_loss: Some(0.5), ..Outcome::default() };
    for head in parts.metadata.heads.clone() {
        let outcome = if head.name == "mine" { known } else { Outcome::default() };
        let twice = |codes: [u8; 3]| [codes, codes].concat();
        let name = &head.name;
        parts.put(format!("heads.{name}.outcomes.mine"), 3, &twice(outcome.score_codes()));
        parts.put(format!("heads.{name}.output_tokens.mine"), 3, &twice(outcome.token_codes()));
    }
    for table in ["outcomes.base", "output_tokens.base", "margins"] {
        let general = parts.tables[&format!("heads.general.{table}")].clone();
        parts.tables.insert(format!("heads.mine.{table}"), general);
    }
    parts
}

fn added() -> Vec<u8> {
    let base = embedded();
    extended().on_top_of(&base.parts().unwrap(), &base.metadata().sha256).to_bytes().unwrap()
}

#[test]
fn an_addition_forecasts_what_the_whole_router_does() {
    let standalone = extended().to_bytes().unwrap();
    let added = added();
    assert!(added.len() * 10 < standalone.len(), "{} {}", added.len(), standalone.len());
    let whole = routing::from_bytes(&standalone).unwrap();
    let addition = routing::from_bytes(&added).unwrap();
    assert_eq!(addition.metadata().base.as_ref(), Some(&embedded().metadata().sha256));
    assert_eq!(addition.embedder().id(), whole.embedder().id());
    assert_ne!(addition.router().id(), whole.router().id());
    assert_eq!(addition.router().heads(), whole.router().heads());
    assert_eq!(addition.question_hashes(), whole.question_hashes());
    let texts =
        ["What is entropy?", "Dear Ann, thank you for the flowers.", "𓀀𓀁", "x = 3; y = x * 2;"];
    for head in whole.router().heads() {
        assert_eq!(addition.router().margin(0.9, head), whole.router().margin(0.9, head));
        for text in texts {
            let forecast = |trained: &Trained| {
                let features = Features::of(&Request::from(text), &*trained.embedder()).unwrap();
                let explained = trained.router().explain(text, &features, head).unwrap().unwrap();
                let mut forecast = trained.router().forecast(&features, head).unwrap();
                assert_eq!(explained.forecast, forecast);
                forecast.router.clear();
                (forecast, explained.beliefs, explained.domains, explained.features)
            };
            assert_eq!(forecast(&addition), forecast(&whole), "{head}: {text}");
        }
    }
}

#[test]
fn an_addition_adds_and_leaves_the_other_heads_as_they_were() {
    let (base, addition) = (embedded(), routing::from_bytes(added()).unwrap());
    let features = Features::of(&Request::from("How do magnets work?"), &*base.embedder()).unwrap();
    for head in base.router().heads() {
        let [before, after] =
            [&base, &addition].map(|trained| trained.beliefs(&features, head).unwrap());
        assert_eq!(before, after, "{head}");
    }
    let mine =
        addition.router().explain("How do magnets work?", &features, "mine").unwrap().unwrap();
    assert!(mine.domains.iter().any(|domain| domain.name == "mine/mail" && domain.share > 0.0));
    assert_ne!(mine.beliefs, addition.beliefs(&features, "general").unwrap().0);
}

#[test]
fn the_parts_of_an_addition_are_the_whole_routers() {
    let parts = routing::from_bytes(added()).unwrap().parts().unwrap();
    assert_eq!(parts.metadata.base, None);
    assert_eq!(parts.tables, extended().tables);
    assert_eq!(parts.to_bytes().unwrap(), extended().to_bytes().unwrap());
}

#[test]
fn an_addition_to_another_router_is_refused() {
    let base = embedded();
    let other = "0123456789abcdef".repeat(4);
    let error = extended().on_top_of(&base.parts().unwrap(), &other).to_bytes().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config);
    let message = error.to_string();
    for word in ["adds to the router", &other, &base.metadata().sha256, "train it again"] {
        assert!(message.contains(word), "{word}: {message}");
    }
}

#[test]
fn an_addition_is_hashed_like_any_other_file() {
    let mut bytes = added();
    *bytes.last_mut().unwrap() ^= 1;
    let error = routing::from_bytes(bytes).unwrap_err();
    assert!(error.to_string().contains("hash"), "{error}");
}
