//! What `config.json` says of an encoder's shape.

use std::{fs, path::Path};

use orkestra::{Error, ErrorKind, Result};
use serde::Deserialize;

/// The architectures that can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Every token sees every other: MiniLM, BGE, E5.
    Bert,
    /// BERT whose positions start behind the padding token's id.
    Roberta,
    /// RoBERTa of another vocabulary: multilingual E5, BGE-M3.
    XlmRoberta,
    /// RoBERTa in which a token sees a window around itself.
    Longformer,
}

impl Family {
    /// Whether positions are counted from `pad_token_id + 1` on.
    fn offsets_positions(self) -> bool {
        self != Self::Bert
    }
}

/// An encoder's shape, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderConfig {
    /// The architecture.
    pub family: Family,
    /// Rows of the token table.
    pub vocabulary: usize,
    /// The length of a hidden state, and so of a vector.
    pub hidden: usize,
    /// Transformer layers.
    pub layers: usize,
    /// Attention heads; they share `hidden` equally.
    pub heads: usize,
    /// The width of the feed-forward part.
    pub inner: usize,
    /// Rows of the position table.
    pub positions: usize,
    /// What is added to a variance before its root is taken.
    pub epsilon: f32,
    /// The id that pads; its tokens have no position of their own.
    pub padding: u32,
    /// How far a token sees to either side, layer by layer; `None` sees everything.
    pub reach: Vec<Option<usize>>,
}

/// The file's own spelling.
#[derive(Deserialize)]
struct Raw {
    model_type: String,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "default_epsilon")]
    layer_norm_eps: f32,
    #[serde(default)]
    pad_token_id: Option<u32>,
    #[serde(default = "default_activation")]
    hidden_act: String,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    attention_window: Option<Window>,
}

/// One window for all layers, or one for each.
#[derive(Deserialize)]
#[serde(untagged)]
enum Window {
    Same(usize),
    Each(Vec<usize>),
}

fn default_epsilon() -> f32 {
    1e-12
}

fn default_activation() -> String {
    "gelu".to_owned()
}

impl EncoderConfig {
    /// Reads `config.json`.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config), naming the file and the field, when it is no encoder that can be run.
    pub fn read(path: &Path) -> Result<Self> {
        let bad = |why: String| Error::new(ErrorKind::Config, format!("{}: {why}", path.display()));
        let text = fs::read_to_string(path)
            .map_err(|cause| bad(format!("cannot be read: {cause}")).because(cause))?;
        Self::parse(&text).map_err(bad)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let raw: Raw = serde_json::from_str(text).map_err(|cause| cause.to_string())?;
        let family = family(&raw.model_type)?;
        if raw.hidden_act != "gelu" {
            return Err(format!("hidden_act is {:?}; expected \"gelu\"", raw.hidden_act));
        }
        if let Some(kind) = raw.position_embedding_type.filter(|kind| kind != "absolute") {
            return Err(format!("position_embedding_type is {kind:?}; expected \"absolute\""));
        }
        let sizes = [
            ("vocab_size", raw.vocab_size, 1 << 21),
            ("hidden_size", raw.hidden_size, 1 << 14),
            ("num_hidden_layers", raw.num_hidden_layers, 256),
            ("num_attention_heads", raw.num_attention_heads, 1 << 10),
            ("intermediate_size", raw.intermediate_size, 1 << 16),
            ("max_position_embeddings", raw.max_position_embeddings, 1 << 18),
        ];
        for (name, found, most) in sizes {
            if !(1..=most).contains(&found) {
                return Err(format!("{name} is {found}; expected 1 to {most}"));
            }
        }
        if !raw.hidden_size.is_multiple_of(raw.num_attention_heads) {
            return Err(format!(
                "num_attention_heads is {}; expected a divisor of hidden_size, which is {}",
                raw.num_attention_heads, raw.hidden_size
            ));
        }
        let reach = reach(family, raw.attention_window, raw.num_hidden_layers)?;
        let padding = raw.pad_token_id.unwrap_or(u32::from(family.offsets_positions()));
        let config = Self {
            family,
            vocabulary: raw.vocab_size,
            hidden: raw.hidden_size,
            layers: raw.num_hidden_layers,
            heads: raw.num_attention_heads,
            inner: raw.intermediate_size,
            positions: raw.max_position_embeddings,
            epsilon: raw.layer_norm_eps,
            padding,
            reach,
        };
        if config.longest() < 2 {
            return Err(format!(
                "max_position_embeddings is {}; no text fits behind pad_token_id {padding}",
                config.positions
            ));
        }
        Ok(config)
    }

    /// The most tokens that a text may have, special ones included.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.positions.saturating_sub(self.first_position())
    }

    /// The position of a text's first token: in RoBERTa's descendants the one behind the padding's.
    fn first_position(&self) -> usize {
        if self.family.offsets_positions() { self.padding as usize + 1 } else { 0 }
    }

    /// The position of every token of one text.
    pub(crate) fn positions_of(&self, ids: &[u32]) -> Vec<u32> {
        let first = self.first_position() as u32;
        if !self.family.offsets_positions() {
            return (0..ids.len() as u32).collect();
        }
        // As the original counts: a padding token inside a text has the padding's position and is skipped.
        let mut next = first;
        let position = |id: &u32| {
            if *id == self.padding {
                return self.padding;
            }
            next += 1;
            next - 1
        };
        ids.iter().map(position).collect()
    }
}

fn family(name: &str) -> Result<Family, String> {
    match name {
        "bert" => Ok(Family::Bert),
        "roberta" => Ok(Family::Roberta),
        "xlm-roberta" => Ok(Family::XlmRoberta),
        "longformer" => Ok(Family::Longformer),
        _ => Err(format!(
            "model_type is {name:?}; expected \"longformer\", \"bert\", \"roberta\" or \"xlm-roberta\""
        )),
    }
}

/// Half of each layer's window, which counts both sides.
fn reach(
    family: Family,
    window: Option<Window>,
    layers: usize,
) -> Result<Vec<Option<usize>>, String> {
    if family != Family::Longformer {
        return Ok(vec![None; layers]);
    }
    let windows = match window.unwrap_or(Window::Same(512)) {
        Window::Same(window) => vec![window; layers],
        Window::Each(windows) => windows,
    };
    if windows.len() != layers {
        return Err(format!(
            "attention_window has {} entries; expected one for each of {layers} layers",
            windows.len()
        ));
    }
    let one = |window: usize| match window {
        0 => Err("attention_window is 0; expected an even number".to_owned()),
        odd if !odd.is_multiple_of(2) => {
            Err(format!("attention_window is {odd}; expected an even number"))
        }
        even => Ok(Some(even / 2)),
    };
    windows.into_iter().map(one).collect()
}
