//! Weight files → tensors, one at a time, so that no second copy of a model is ever in memory.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use candle_core::{DType, Device, Tensor, pickle::PthTensors};
use half::{bf16, f16};
use orkestra::{Error, ErrorKind, Result};
use safetensors::{
    Dtype,
    tensor::{Metadata, TensorInfo},
};
use sha2::{Digest, Sha256};

use crate::files::WeightsFile;

/// No header is longer; one that claims to be is damaged.
const LONGEST_HEADER: u64 = 64 << 20;
/// The tensor that every encoder has; what stands before it in its name stands before all names.
const LANDMARK: &str = "embeddings.word_embeddings.weight";

/// How weights are kept in memory. Arithmetic is always in 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// 32 bits a number: the fastest. The default.
    #[default]
    F32,
    /// 16 bits with the range of 32: half the memory.
    Bf16,
    /// 16 bits with more precision and less range.
    F16,
}

impl Storage {
    /// How an embedder's id spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        }
    }

    fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
        }
    }
}

/// An open weight file.
pub(crate) struct Weights {
    path: PathBuf,
    source: Source,
    prefix: String,
    storage: Storage,
    /// Of every number that was taken, so that equal weights have one name whatever file they came in.
    digest: Sha256,
}

enum Source {
    Safetensors { file: BufReader<File>, metadata: Metadata, start: u64 },
    // The reader builds tensors from the zip's raw storages and treats everything else as inert values: it
    // looks up no name and calls nothing, so a hostile pickle can lie about shapes but not run.
    Pickle(PthTensors),
}

impl Weights {
    /// Opens a file and finds out what stands before its names (`bert.`, `longformer.`, `0.auto_model.`).
    pub(crate) fn open(file: &WeightsFile, storage: Storage) -> Result<Self> {
        let (path, source) = match file {
            WeightsFile::Safetensors(path) => (path, safetensors(path)?),
            WeightsFile::Pickle(path) => {
                let tensors = PthTensors::new(path, None)
                    .map_err(|cause| damaged(path, &format!("is no PyTorch file: {cause}")))?;
                (path, Source::Pickle(tensors))
            }
        };
        let names: Vec<String> = match &source {
            Source::Safetensors { metadata, .. } => metadata.offset_keys(),
            Source::Pickle(tensors) => tensors.tensor_infos().keys().cloned().collect(),
        };
        let prefix =
            names.iter().filter_map(|name| name.strip_suffix(LANDMARK)).min_by_key(|p| p.len());
        let prefix =
            prefix.ok_or_else(|| damaged(path, &format!("has no tensor {LANDMARK}")))?.to_owned();
        Ok(Self { path: path.clone(), source, prefix, storage, digest: Sha256::new() })
    }

    /// A matrix or table in the storage that was asked for.
    pub(crate) fn stored(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let tensor = self.exact(name, shape)?;
        tensor
            .to_dtype(self.storage.dtype())
            .map_err(|cause| damaged(&self.path, &cause.to_string()))
    }

    /// A vector in 32 bits: there are few, and sums are sensitive to them.
    pub(crate) fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>> {
        let tensor = self.exact(name, &[length])?;
        tensor.to_vec1().map_err(|cause| damaged(&self.path, &cause.to_string()))
    }

    /// The first row of a table of any height: every token here is of the first kind.
    pub(crate) fn first_row(&mut self, name: &str, width: usize) -> Result<Tensor> {
        let height = self.shape(name)?.first().copied().unwrap_or_default();
        let table = self.exact(name, &[height, width])?;
        table.get(0).map_err(|cause| damaged(&self.path, &cause.to_string()))
    }

    fn shape(&self, name: &str) -> Result<Vec<usize>> {
        let name = format!("{}{name}", self.prefix);
        let found = match &self.source {
            Source::Safetensors { metadata, .. } => {
                metadata.info(&name).map(|info| info.shape.clone())
            }
            Source::Pickle(tensors) => {
                tensors.tensor_infos().get(&name).map(|info| info.layout.shape().dims().to_vec())
            }
        };
        found.ok_or_else(|| lacks(&self.path, &name))
    }

    /// Whether the file has a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let name = format!("{}{name}", self.prefix);
        match &self.source {
            Source::Safetensors { metadata, .. } => metadata.info(&name).is_some(),
            Source::Pickle(tensors) => tensors.tensor_infos().contains_key(&name),
        }
    }

    /// What names everything that was taken.
    pub(crate) fn digest(&self) -> String {
        self.digest.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn exact(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let full = format!("{}{name}", self.prefix);
        let tensor = match &mut self.source {
            Source::Safetensors { file, metadata, start } => {
                let info = metadata.info(&full).ok_or_else(|| lacks(&self.path, &full))?;
                if info.shape != shape {
                    return Err(misshapen(&self.path, &full, &info.shape, shape));
                }
                numbers(file, *start, info)
                    .map_err(|why| damaged(&self.path, &format!("{full} {why}")))?
            }
            Source::Pickle(tensors) => {
                let found =
                    tensors.tensor_infos().get(&full).ok_or_else(|| lacks(&self.path, &full))?;
                if found.layout.shape().dims() != shape {
                    return Err(misshapen(&self.path, &full, found.layout.shape().dims(), shape));
                }
                let tensor = tensors.get(&full);
                let tensor = tensor
                    .and_then(|found| found.map(|found| found.to_dtype(DType::F32)).transpose());
                tensor
                    .map_err(|cause| damaged(&self.path, &format!("{full}: {cause}")))?
                    .ok_or_else(|| lacks(&self.path, &full))?
            }
        };
        self.record(name, &tensor)?;
        Ok(tensor)
    }

    fn record(&mut self, name: &str, tensor: &Tensor) -> Result<()> {
        let flat = tensor.flatten_all().and_then(|flat| flat.contiguous());
        let flat = flat.map_err(|cause| damaged(&self.path, &cause.to_string()))?;
        crate::kernels::with_slice(&flat, |numbers| {
            if let Some(odd) = numbers.iter().find(|number| !number.is_finite()) {
                return Err(damaged(
                    &self.path,
                    &format!("{name} holds {odd}, which is no finite number"),
                ));
            }
            self.digest.update(name);
            self.digest.update(bytemuck::cast_slice(numbers));
            Ok(())
        })?
    }
}

fn safetensors(path: &Path) -> Result<Source> {
    let unreadable =
        |cause: std::io::Error| damaged(path, &format!("cannot be read: {cause}")).because(cause);
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut file = BufReader::new(file);
    let mut header = vec![0; 8];
    file.read_exact(&mut header).map_err(unreadable)?;
    let length = header.iter().rev().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
    if length > LONGEST_HEADER.min(size.saturating_sub(8)) {
        return Err(damaged(path, &format!("has a header of {length} bytes in a file of {size}")));
    }
    header.resize(8 + length as usize, 0);
    file.read_exact(&mut header[8..]).map_err(unreadable)?;
    // Read without the rest of the file, which may be longer than what is to be in memory.
    let metadata: Metadata = serde_json::from_slice(&header[8..])
        .map_err(|cause| damaged(path, &format!("is no safetensors file: {cause}")))?;
    let start = 8 + length;
    if size != start + metadata.data_len() as u64 {
        return Err(damaged(
            path,
            &format!("has {size} bytes, expected {}", start + metadata.data_len() as u64),
        ));
    }
    Ok(Source::Safetensors { file, metadata, start })
}

/// Reads a tensor of a file whose data begins at `start`, straight to where it stays.
fn numbers(file: &mut BufReader<File>, start: u64, info: &TensorInfo) -> Result<Tensor, String> {
    let TensorInfo { dtype: kind, shape, data_offsets: (from, to) } = info;
    let count: usize = shape.iter().product();
    if to.checked_sub(*from) != Some(count * kind.bitsize() / 8) {
        return Err(format!("has the bytes {from} to {to} for {count} numbers of type {kind:?}"));
    }
    let place = SeekFrom::Start(start + *from as u64);
    file.seek(place).map_err(|cause| format!("cannot be read: {cause}"))?;
    let mut read = |bytes: &mut [u8]| {
        file.read_exact(bytes).map_err(|cause| format!("cannot be read: {cause}"))
    };
    let halves = |bytes: &[u8], widen: fn(u16) -> f32| {
        bytes.chunks_exact(2).map(|pair| widen(u16::from_le_bytes([pair[0], pair[1]]))).collect()
    };
    let numbers: Vec<f32> = match kind {
        Dtype::F32 => {
            let mut numbers = vec![0.0_f32; count];
            read(bytemuck::cast_slice_mut(&mut numbers))?;
            if cfg!(target_endian = "big") {
                numbers.iter_mut().for_each(|x| *x = f32::from_bits(x.to_bits().swap_bytes()));
            }
            numbers
        }
        Dtype::BF16 | Dtype::F16 => {
            let mut bytes = vec![0; count * 2];
            read(&mut bytes)?;
            let widen: fn(u16) -> f32 = if *kind == Dtype::BF16 {
                |bits| bf16::from_bits(bits).to_f32()
            } else {
                |bits| f16::from_bits(bits).to_f32()
            };
            halves(&bytes, widen)
        }
        other => return Err(format!("has the type {other:?}; expected F32, BF16 or F16")),
    };
    Tensor::from_vec(numbers, shape.as_slice(), &Device::Cpu).map_err(|cause| cause.to_string())
}

fn damaged(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{} {why}", path.display()))
}

fn lacks(path: &Path, name: &str) -> Error {
    damaged(path, &format!("has no tensor {name}"))
}

fn misshapen(path: &Path, name: &str, found: &[usize], expected: &[usize]) -> Error {
    damaged(path, &format!("has {name} of shape {found:?}, expected {expected:?}"))
}
