//! The catalogue through its public face.

#![expect(clippy::unwrap_used, reason = "clippy allows it in test functions, not beside them")]

mod bad_input;
mod dates;
mod money;
mod shipped;
mod user_file;

use jiff::civil::Date;
use orkestra::catalogue::Catalogue;

/// A day as it is written in the fixtures.
fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// The user's `text` over the built-in catalogue.
fn over_builtin(text: &str) -> orkestra::Result<Catalogue> {
    Catalogue::builtin().merged_with(text, "mine.toml")
}

/// A model of its own for tests, with `fields` beside the ones that no model can lack.
fn with_model(fields: &str) -> String {
    format!(
        "[[model]]\nid = \"new\"\nprovider = \"openai\"\ntier = \"budget\"\nrank = 1\n\
         context = 1_000\nmax_output = 100\nabilities = []\n{fields}\n"
    )
}
