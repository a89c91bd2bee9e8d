//! How much memory this process holds.

use std::fs;

const MIB: u64 = 1024 * 1024;

/// Resident bytes; `None` where the system does not say so in `/proc`.
pub(crate) fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

/// What was held over a run, sampled at equal distances.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<u64>);

impl Samples {
    pub(crate) fn take(&mut self) {
        self.0.extend(resident());
    }

    /// What was held once all was warm, and at the end: medians of the third fifth and of the last tenth. Before
    /// that, tables that hold a fixed number of things fill up.
    pub(crate) fn warm_and_end(&self) -> Option<(u64, u64)> {
        let (count, all) = (self.0.len(), &self.0);
        let warm = all.get(count * 2 / 5..count * 3 / 5)?;
        let end = all.get(count - count.div_ceil(10)..)?;
        Some((median(warm)?, median(end)?))
    }

    /// The most that may be held at the end: what was held warm, and room for the allocator to settle in, which a leak
    /// of a hundred bytes a call would exceed in minutes.
    pub(crate) fn most(warm: u64) -> u64 {
        warm + warm / 20 + 8 * MIB
    }
}

pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB as f64
}

fn median(samples: &[u64]) -> Option<u64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}
