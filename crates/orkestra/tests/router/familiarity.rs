//! How familiar a text is, and what that does to its forecast.

use orkestra::routing::{self, Familiarity, Passage, Resemblance, Tier};

use crate::embedded::forecast;

/// Texts without a token that the vocabulary knows: their embedding is all zero.
const UNKNOWN: [&str; 6] = [
    "𓀀𓀁",
    "🎉🎉🎉",
    "የኢትዮጵያ ዋና ከተማ ማን ናት",
    "เขียนบทกวีเกี่ยวกับทะเล",
    "ಕನ್ನಡದಲ್ಲಿ ಒಂದು ಕವಿತೆ ಬರೆಯಿರಿ",
    "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ",
];

/// Letters that the vocabulary knows, in an order that nothing learned from has: drawn at random, and three
/// scripts without a prompt.
const WITHOUT_ORDER: [&str; 8] = [
    "mubc dlsbqgb nnc crnb dhuusbs",
    "bhbrej erdsjr fdssugld wcsbtgp rnykosol hzfwy csjq",
    "xojtc qnf epnbv yrs kwltp zoccipw",
    "bxw usvoj mvlaolft pbg exhmm cfomri nriw lvmhec",
    "zrmmmmdp mbgcgofd tbdas rdlt cgt euiltl ddpopp",
    "საქართველოს დედაქალაქი რომელია?",
    "Երևանը Հայաստանի մայրաքաղաքն է",
    "བོད་ཡིག་གི་སྙན་ངག",
];

#[test]
fn a_text_is_as_familiar_as_its_stranger_side() {
    let familiarity = Familiarity {
        nearness: Passage { strange: 0.25, familiar: 0.75 },
        rareness: Passage { strange: 4.0, familiar: 2.0 },
    };
    let of = |nearness, rareness| familiarity.of(Resemblance { nearness, rareness });
    assert_eq!(of(0.75, 2.0), 1.0);
    assert_eq!(of(0.5, 2.0), 0.5);
    assert_eq!(of(0.9, 3.5), 0.25);
    assert_eq!(of(0.25, 1.0), 0.0);
    assert_eq!(of(1.0, 9.0), 0.0);
    assert_eq!(of(-1.0, 0.0), 0.0);
}

#[test]
fn letters_without_order_are_half_strange() {
    let trained = routing::embedded().unwrap();
    for head in trained.router().heads() {
        let plain = forecast(&trained, "Why do cats sleep so much during the day?", head);
        assert!(plain.familiarity > 0.9, "{head}: {}", plain.familiarity);
        for text in WITHOUT_ORDER {
            let strange = forecast(&trained, text, head);
            let familiarity = strange.familiarity;
            assert!((0.2..0.8).contains(&familiarity), "{head}: {text}: {familiarity}");
            let [strange, plain] = [&strange, &plain].map(|it| it.tiers.premium.uncertainty);
            assert!(strange > 0.1 && strange > 2.0 * plain, "{head}: {text}: {strange}, {plain}");
        }
    }
}

#[test]
fn far_from_everything_the_prior_speaks_and_says_so() {
    let trained = routing::embedded().unwrap();
    for card in &trained.metadata().heads {
        let prior = card.prior;
        let expected =
            [prior.premium - prior.budget_loss, prior.premium - prior.balanced_loss, prior.premium];
        let near =
            forecast(&trained, "Find the derivative of f(x) = 3x^2 + 2x at x = 1.", &card.name);
        for text in UNKNOWN {
            let nothing = forecast(&trained, text, &card.name);
            assert_eq!(nothing.familiarity, 0.0, "{text}");
            assert!(nothing.neighbours.is_empty());
            for (tier, expected) in Tier::ALL.into_iter().zip(expected) {
                let (found, near) = (nothing.tiers.get(tier), near.tiers.get(tier));
                assert!((found.score - expected).abs() < 1e-12, "{}: {tier}", card.name);
                assert!((found.uncertainty - prior.variance.get(tier).sqrt()).abs() < 1e-12);
                assert!(near.uncertainty < found.uncertainty, "{}: {tier}", card.name);
            }
        }
    }
}

#[test]
fn uncertainty_grows_from_near_to_far() {
    let trained = routing::embedded().unwrap();
    let texts = [
        "A baker sells 12 loaves an hour for 7 hours at 3 dollars each. How much does he earn?",
        "What is the derivative of x^3 - 4x at x = 2?",
        "Which of the following is a function of the kidney?\nA. Digestion\nB. Filtration\nC. Sight",
        "What is the capital of Peru?",
        "Lorem ipsum dolor sit amet, consectetur",
        "Mae hen wlad fy nhadau yn annwyl i mi",
        "Translate to Finnish: good morning",
        "Buy milk",
        "asdf",
        UNKNOWN[0],
        UNKNOWN[1],
        UNKNOWN[2],
    ];
    for head in trained.router().heads() {
        let mut forecasts = texts.map(|text| forecast(&trained, text, head));
        forecasts.sort_by(|a, b| b.familiarity.total_cmp(&a.familiarity));
        let thirds = forecasts.chunks(4).map(|third| {
            third.iter().map(|forecast| forecast.tiers.budget.uncertainty).sum::<f64>() / 4.0
        });
        let thirds: Vec<f64> = thirds.collect();
        assert!(thirds.is_sorted_by(|a, b| a < b), "{head}: {thirds:?}");
        let largest = forecasts[11].tiers.budget.uncertainty;
        assert!(forecasts.iter().all(|forecast| forecast.tiers.budget.uncertainty <= largest));
    }
}
