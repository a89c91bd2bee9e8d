//! Encoders as the [`Embedder`]s of a router.

use std::{fmt, fs, path::Path};

use orkestra::{
    Error, ErrorKind, Result,
    features::{Embedder, Embedding},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    config::Family,
    encoder::{Encoder, Sequence},
    files::{EncoderFiles, TokenizerFiles},
    tokens::TextTokenizer,
    weights::Storage,
};

/// Tokens that are encoded together. More need more memory and win no time.
const TOGETHER: usize = 1024;

/// How a text's hidden states become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// Their mean over all tokens.
    Mean,
    /// The first token's.
    First,
}

/// What an encoder's files leave open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncoderSettings {
    /// How weights are kept in memory. Default: 32 bits.
    pub storage: Storage,
    /// How vectors are pooled. Default: as `1_Pooling/config.json` says, else the mean.
    pub pooling: Option<Pooling>,
    /// What stands before every text, such as E5's `query: `. Default: nothing.
    pub prefix: String,
    /// Whether a Longformer's first token has global attention. Default: no.
    pub global_first: bool,
    /// The most tokens of a text; the rest is cut. Default: as `sentence_bert_config.json` says, else as many as
    /// the encoder takes.
    pub longest: Option<usize>,
}

impl EncoderSettings {
    /// Reads `prefix=query: &pooling=mean&storage=bf16&global=first&longest=512`; what is not named keeps its default.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config), naming the option, its value and what was expected.
    pub fn parse(options: &str) -> Result<Self> {
        let mut settings = Self::default();
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let wrong = |expected: &str| {
                let message =
                    format!("the encoder's option {name} is {value:?}; expected {expected}");
                Error::new(ErrorKind::Config, message)
            };
            match (name, value) {
                ("prefix", prefix) => prefix.clone_into(&mut settings.prefix),
                ("pooling", "mean") => settings.pooling = Some(Pooling::Mean),
                ("pooling", "first" | "cls") => settings.pooling = Some(Pooling::First),
                ("pooling", _) => return Err(wrong("mean or first")),
                ("storage", "f32") => settings.storage = Storage::F32,
                ("storage", "bf16") => settings.storage = Storage::Bf16,
                ("storage", "f16") => settings.storage = Storage::F16,
                ("storage", _) => return Err(wrong("f32, bf16 or f16")),
                ("global", "first") => settings.global_first = true,
                ("global", _) => return Err(wrong("first")),
                ("longest", tokens) => {
                    let tokens = tokens.parse().map_err(|_| wrong("a number of tokens"))?;
                    settings.longest = Some(tokens);
                }
                _ => {
                    return Err(Error::new(
                        ErrorKind::Config,
                        format!(
                            "the encoder has no option {name:?}; expected prefix, pooling, storage, global or longest"
                        ),
                    ));
                }
            }
        }
        Ok(settings)
    }
}

/// Embeds with a transformer encoder on this machine: a text's vector is its pooled hidden states, of unit length.
pub struct EncoderEmbedder {
    id: String,
    encoder: Encoder,
    tokenizer: TextTokenizer,
    pooling: Pooling,
    prefix: String,
    global_first: bool,
}

#[derive(Deserialize)]
struct PoolingFile {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
}

#[derive(Deserialize)]
struct LimitsFile {
    max_seq_length: Option<usize>,
}

impl EncoderEmbedder {
    /// Loads an encoder.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config), naming the file, when one is missing, damaged or says something that cannot be
    /// done.
    pub fn load(files: &EncoderFiles, settings: &EncoderSettings) -> Result<Self> {
        let encoder =
            Encoder::read(&files.config, &files.weights, settings.storage, settings.global_first)?;
        let pooling = match settings.pooling {
            Some(pooling) => pooling,
            None => files.pooling.as_deref().map_or(Ok(Pooling::Mean), pooling_of)?,
        };
        let longest = longest(files, settings, &encoder)?;
        let tokenizer = TextTokenizer::read(files, longest)?;
        let id = id(files, settings, &encoder, pooling, longest)?;
        Ok(Self {
            id,
            encoder,
            tokenizer,
            pooling,
            prefix: settings.prefix.clone(),
            global_first: settings.global_first,
        })
    }

    /// The encoder itself.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// What splits texts.
    #[must_use]
    pub fn tokenizer(&self) -> &TextTokenizer {
        &self.tokenizer
    }

    fn sequence(&self, text: &str) -> Result<Sequence> {
        let ids = if self.prefix.is_empty() {
            self.tokenizer.ids(text)?
        } else {
            self.tokenizer.ids(&format!("{}{text}", self.prefix))?
        };
        let global = if self.global_first { vec![0] } else { Vec::new() };
        Ok(Sequence { ids, global })
    }

    fn vectors(&self, texts: &[Sequence]) -> Result<Vec<Embedding>> {
        let states = self.encoder.hidden_states(texts)?;
        let width = self.encoder.config().hidden;
        Ok(states.iter().map(|states| embedding(self.pooling.of(states, width))).collect())
    }
}

impl Pooling {
    /// The pooled vector of rows of `width` numbers, not normalised.
    #[must_use]
    pub fn of(self, states: &[f32], width: usize) -> Vec<f32> {
        let rows = states.chunks_exact(width);
        match self {
            Self::First => rows.take(1).flatten().copied().collect(),
            Self::Mean => {
                let count = rows.len() as f32;
                let mut sums = vec![0.0; width];
                rows.for_each(|row| sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x));
                sums.iter_mut().for_each(|sum| *sum /= count);
                sums
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::First => "first",
        }
    }
}

/// `vector` at unit length.
fn embedding(mut vector: Vec<f32>) -> Embedding {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 && length.is_finite() {
        vector.iter_mut().for_each(|x| *x /= length);
    } else {
        vector.fill(0.0);
    }
    Embedding { vector, tokens: Vec::new() }
}

impl Embedder for EncoderEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.encoder.config().hidden
    }

    fn embed(&self, text: &str) -> Result<Embedding> {
        let mut vectors = self.vectors(&[self.sequence(text)?])?;
        vectors.pop().ok_or_else(|| Error::invalid("the text has no vector"))
    }

    /// Several texts share the passes over the weights, up to some thousand tokens at a time.
    fn embed_all(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        let sequences: Result<Vec<Sequence>> =
            texts.iter().map(|text| self.sequence(text)).collect();
        let mut all = Vec::with_capacity(texts.len());
        let mut together: Vec<Sequence> = Vec::new();
        let mut tokens = 0;
        for sequence in sequences? {
            if tokens + sequence.ids.len() > TOGETHER && !together.is_empty() {
                all.extend(self.vectors(&together)?);
                together.clear();
                tokens = 0;
            }
            tokens += sequence.ids.len();
            together.push(sequence);
        }
        all.extend(self.vectors(&together)?);
        Ok(all)
    }

    fn is_slow(&self) -> bool {
        true
    }
}

fn pooling_of(path: &Path) -> Result<Pooling> {
    let said: PoolingFile = json(path)?;
    match (said.pooling_mode_cls_token, said.pooling_mode_mean_tokens) {
        (true, false) => Ok(Pooling::First),
        (false, true) => Ok(Pooling::Mean),
        _ => Err(Error::new(
            ErrorKind::Config,
            format!(
                "{}: expected exactly one of pooling_mode_mean_tokens and pooling_mode_cls_token to be true",
                path.display()
            ),
        )),
    }
}

fn longest(files: &EncoderFiles, settings: &EncoderSettings, encoder: &Encoder) -> Result<usize> {
    let most = encoder.config().longest();
    if let Some(asked) = settings.longest {
        return if (2..=most).contains(&asked) {
            Ok(asked)
        } else {
            let message = format!(
                "{}: texts of {asked} tokens are asked for; expected 2 to {most}",
                files.name
            );
            Err(Error::new(ErrorKind::Config, message))
        };
    }
    let said: Option<LimitsFile> = files.limits.as_deref().map(json).transpose()?;
    Ok(said
        .and_then(|said| said.max_seq_length)
        .filter(|said| *said >= 2)
        .unwrap_or(most)
        .min(most))
}

fn json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let bad = |why: String| Error::new(ErrorKind::Config, format!("{}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|cause| bad(cause.to_string()).because(cause))?;
    serde_json::from_str(&text).map_err(|cause| bad(cause.to_string()))
}

/// Names everything that a vector depends on: two embedders with one id give the same vectors.
fn id(
    files: &EncoderFiles,
    settings: &EncoderSettings,
    encoder: &Encoder,
    pooling: Pooling,
    longest: usize,
) -> Result<String> {
    let mut hash = Sha256::new();
    let config = encoder.config();
    hash.update(encoder.digest());
    hash.update(format!("{config:?} {} {longest} {}", pooling.name(), settings.storage.name()));
    hash.update(format!("{:?} {}", settings.prefix, settings.global_first));
    let splitting: Vec<&Path> = match &files.tokenizer {
        TokenizerFiles::Whole(path) | TokenizerFiles::WordPieces(path) => vec![path],
        TokenizerFiles::BytePairs { vocabulary, merges } => vec![vocabulary, merges],
    };
    for path in splitting {
        let bytes = fs::read(path).map_err(|cause| {
            Error::new(ErrorKind::Config, format!("{} cannot be read: {cause}", path.display()))
        })?;
        hash.update(Sha256::digest(&bytes));
    }
    let short: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let family = match config.family {
        Family::Bert => "bert",
        Family::Roberta => "roberta",
        Family::XlmRoberta => "xlm-roberta",
        Family::Longformer => "longformer",
    };
    Ok(format!("{family}-{}-{short}", config.hidden))
}

impl fmt::Debug for EncoderEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncoderEmbedder").field("id", &self.id).finish_non_exhaustive()
    }
}
