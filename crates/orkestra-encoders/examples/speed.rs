//! Times an encoder on texts of given lengths, in one process, and says how much memory that took.
//!
//! Run with: `cargo run --release -p orkestra-encoders --example speed -- FOLDER STORAGE REPEATS TOKENS...`, where STORAGE
//! is f32, bf16 or f16. `benches/compare.py` runs it beside the Python original.

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write as _},
    path::Path,
    time::Instant,
};

use orkestra_encoders::{Encoder, EncoderFiles, EncoderSettings, Sequence};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, storage, repeats, lengths @ ..] = &arguments[..] else {
        return Err("FOLDER STORAGE REPEATS TOKENS... are missing".into());
    };
    let settings = EncoderSettings::parse(&format!("storage={storage}"))?;
    let begun = Instant::now();
    let files = EncoderFiles::in_folder(Path::new(folder))?;
    let encoder = Encoder::read(&files.config, &files.weights, settings.storage, false)?;
    let load = begun.elapsed().as_secs_f64();
    let mut seconds = serde_json::Map::new();
    for length in lengths {
        let ids: Vec<u32> =
            (0..length.parse()?).map(|place: u32| 10 + place * 7 % 50_000).collect();
        let text = [Sequence::from(ids)];
        // The first call fetches what the others find.
        encoder.hidden_states(&text)?;
        let mut times = Vec::new();
        for _ in 0..repeats.parse::<usize>()? {
            let begun = Instant::now();
            encoder.hidden_states(&text)?;
            times.push(begun.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let quickest = times.first().copied().unwrap_or_default();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        seconds.insert(length.clone(), json!({"quickest": quickest, "median": median}));
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
    let said = json!({"load_seconds": load, "seconds": seconds, "peak_megabytes": peak.map(|peak| peak / 1024.0)});
    writeln!(io::stdout(), "{said}")?;
    Ok(())
}
