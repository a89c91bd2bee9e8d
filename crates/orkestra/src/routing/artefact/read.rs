//! The tensors of a file and of its base → a bundle's typed tables.

use bytemuck::{AnyBitPattern, NoUninit};
use safetensors::{Dtype, SafeTensors};

use super::{Bundle, HeadTables, Metadata, Parts, Values, wrong};
use crate::{
    error::Result,
    features::{Block, StaticEmbedder, Table, Tokenizer, Vocabulary},
    routing::{HeadCard, LayerCard, index::Index, layer::Layer, network::Network},
};

/// Tensors by name: the file's own, then its base's.
pub(super) struct Tables<'a> {
    sources: Vec<(Block, SafeTensors<'a>)>,
}

impl<'a> Tables<'a> {
    pub(super) fn over(block: Block, tensors: SafeTensors<'a>) -> Self {
        Self { sources: vec![(block, tensors)] }
    }

    pub(super) fn fall_back_to(&mut self, block: Block, tensors: SafeTensors<'a>) {
        self.sources.push((block, tensors));
    }

    fn get<T: AnyBitPattern + NoUninit>(&self, name: &str, kind: Dtype) -> Result<Table<T>> {
        let found = self
            .sources
            .iter()
            .find_map(|(block, tensors)| Some((block, tensors.tensor(name).ok()?)));
        let (block, tensor) = found.ok_or_else(|| wrong(format!("it lacks {name}")))?;
        if tensor.dtype() != kind {
            let found = tensor.dtype();
            return Err(wrong(format!("{name} holds {found:?} values, expected {kind:?}")));
        }
        let data = tensor.data();
        let start = data.as_ptr() as usize - block.bytes().as_ptr() as usize;
        Table::new(block, start..start + data.len())
            .ok_or_else(|| wrong(format!("{name} is not aligned")))
    }

    pub(super) fn bundle(self, metadata: Metadata) -> Result<Bundle> {
        let layers: Result<Vec<_>> = metadata.layers.iter().map(|card| self.layer(card)).collect();
        let heads: Result<Vec<_>> =
            metadata.heads.iter().map(|card| self.head(card, &metadata.layers)).collect();
        let grams: Table<f32> = self.get("grams.weights", Dtype::F32)?;
        Ok(Bundle {
            embedder: self.embedder(&metadata)?,
            network: self.network(&metadata)?,
            rarest: grams.iter().copied().fold(0.0, f32::max),
            grams,
            layers: layers?,
            question_hashes: self.get("questions.hashes", Dtype::U64)?,
            heads: heads?,
            blocks: self.sources.into_iter().map(|source| source.0).collect(),
            metadata,
        })
    }

    fn embedder(&self, metadata: &Metadata) -> Result<StaticEmbedder> {
        let vocabulary = Vocabulary::new(
            self.get("vocabulary.text", Dtype::U8)?,
            self.get("vocabulary.ends", Dtype::U32)?,
            self.get("vocabulary.slots", Dtype::U16)?,
        )
        .map_err(wrong)?;
        StaticEmbedder::new(
            metadata.embedder.id.clone(),
            metadata.embedder.dimensions,
            Tokenizer::new(vocabulary).map_err(wrong)?,
            self.get("tokens.codes", Dtype::U8)?,
            self.get("tokens.scales", Dtype::F32)?,
        )
        .map_err(wrong)
    }

    fn network(&self, metadata: &Metadata) -> Result<Network> {
        Ok(Network {
            dimensions: metadata.embedder.dimensions,
            hidden: metadata.network.hidden,
            parts: metadata.network.parts,
            embedding: self.get("network.embedding", Dtype::F32)?,
            shape: self.get("network.shape", Dtype::F32)?,
            bias: self.get("network.bias", Dtype::F32)?,
            codes: self.get("network.codes", Dtype::U8)?,
            scales: self.get("network.scales", Dtype::F32)?,
        })
    }

    fn layer(&self, card: &LayerCard) -> Result<Layer> {
        let name = |table: &str| format!("layers.{}.{table}", card.name);
        Ok(Layer {
            card: card.clone(),
            linear: self.get(&name("linear.codes"), Dtype::I8)?,
            linear_scales: self.get(&name("linear.scales"), Dtype::F32)?,
            linear_shape: self.get(&name("linear.shape"), Dtype::F32)?,
            linear_bias: self.get(&name("linear.bias"), Dtype::F32)?,
            network: self.get(&name("outputs.weights"), Dtype::F32)?,
            network_bias: self.get(&name("outputs.bias"), Dtype::F32)?,
            index: Index {
                vectors: self.get(&name("references.vectors"), Dtype::I8)?,
                scales: self.get(&name("references.scales"), Dtype::F32)?,
                centroids: self.get(&name("clusters.centroids"), Dtype::I8)?,
                centroid_scales: self.get(&name("clusters.scales"), Dtype::F32)?,
                starts: self.get(&name("clusters.starts"), Dtype::U32)?,
            },
            families: self.get(&name("references.families"), Dtype::U16)?,
            map: self.get(&name("map.codes"), Dtype::I8)?,
            map_scales: self.get(&name("map.scales"), Dtype::F32)?,
        })
    }

    fn head(&self, card: &HeadCard, layers: &[LayerCard]) -> Result<HeadTables> {
        let each = |table: &str| -> Result<Vec<Table<u8>>> {
            let of = |layer: &LayerCard| format!("heads.{}.{table}.{}", card.name, layer.name);
            layers.iter().map(|layer| self.get(&of(layer), Dtype::U8)).collect()
        };
        Ok(HeadTables {
            outcomes: each("outcomes")?,
            output_tokens: each("output_tokens")?,
            margins: self.get(&format!("heads.{}.margins", card.name), Dtype::F32)?,
        })
    }
}

/// The embedder in `block`, which holds at least its tables.
pub(super) fn embedder(block: &Block, metadata: &Metadata) -> Result<StaticEmbedder> {
    let (tensors, _) = super::parse(block.bytes())?;
    Tables::over(block.clone(), tensors).embedder(metadata)
}

/// The network in `block`, which holds at least its tables and the embedder's.
pub(super) fn network(block: &Block, metadata: &Metadata) -> Result<Network> {
    let (tensors, _) = super::parse(block.bytes())?;
    let tables = Tables::over(block.clone(), tensors);
    let network = tables.network(metadata)?;
    network.check(tables.embedder(metadata)?.vocabulary_len()).map_err(wrong)?;
    Ok(network)
}

impl Bundle {
    /// Everything the artefact holds, its base's tables included, to make another of it.
    pub(in crate::routing) fn parts(&self) -> Result<Parts> {
        let mut parts =
            Parts { metadata: self.metadata.clone(), tables: std::collections::BTreeMap::new() };
        parts.metadata.base = None;
        for block in self.blocks.iter().rev() {
            let (tensors, _) = super::parse(block.bytes())?;
            for (name, tensor) in tensors.iter() {
                let columns = tensor.shape().get(1).copied().unwrap_or(1);
                let values = Values::of(tensor.dtype(), columns, tensor.data());
                parts.tables.insert(name.to_owned(), values);
            }
        }
        Ok(parts)
    }
}
