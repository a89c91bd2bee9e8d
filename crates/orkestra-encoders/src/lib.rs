//! Transformer encoders for Orkestra's routers, on the CPU: Longformer, and the BERT family (MiniLM, BGE, E5).
//!
//! A folder laid out as on the Hugging Face hub becomes an [`Embedder`](orkestra::features::Embedder):
//!
//! ```no_run
//! use std::path::Path;
//! use orkestra::features::Embedder as _;
//! use orkestra_encoders::{EncoderEmbedder, EncoderFiles, EncoderSettings};
//!
//! let files = EncoderFiles::in_folder(Path::new("longformer-base-4096"))?;
//! let embedder = EncoderEmbedder::load(&files, &EncoderSettings::default())?;
//! let vector = embedder.embed("How do magnets work?")?.vector;
//! # Ok::<(), orkestra::Error>(())
//! ```
//!
//! `files` says where things are, `config` what they say, `weights` and `tokens` load them; `encoder`, `layer`,
//! `attention` and `kernels` are the arithmetic; `embedder` makes one vector of it. Nothing here downloads, and
//! nothing of a weight file is executed.

mod attention;
mod config;
mod embedder;
mod encoder;
mod files;
mod kernels;
mod layer;
mod tokens;
mod weights;

pub use config::{EncoderConfig, Family};
pub use embedder::{EncoderEmbedder, EncoderSettings, Pooling};
pub use encoder::{Encoder, Sequence};
pub use files::{EncoderFiles, TokenizerFiles, WeightsFile};
pub use tokens::TextTokenizer;
pub use weights::Storage;

// Named in the manifest for a feature that candle leaves out; see there.
use gemm as _;
