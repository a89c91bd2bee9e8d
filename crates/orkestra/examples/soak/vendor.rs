//! The simulator in a process of its own, so that its memory is not counted as ours, and what it saw of each call.

use std::{
    error::Error,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use orkestra::chat::Usage;
use orkestra_simulator::{End, Fault, FaultKind, Recorded, Simulator};
use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, time::sleep};

use crate::load::MARK;

/// Of so many requests, one meets the fault. Slow ones take so many milliseconds a piece, limited ones come back after so many.
const FAULTS: [(&str, u32); 15] = [
    ("429-ms=20", 60),
    ("500", 70),
    ("503", 120),
    ("529", 80),
    ("connect-reset", 90),
    ("html", 130),
    ("cut", 60),
    ("end-early", 90),
    ("malformed", 110),
    ("stream-error", 100),
    ("no-usage", 50),
    ("slow=3", 80),
    ("half-utf8", 70),
    ("comments", 60),
    ("crlf", 60),
];
/// Faults that only a deadline of ours ends.
const SILENCES: [(&str, u32); 2] = [("stall", 400), ("timeout", 500)];
/// The speed of the models.
const TOKENS_PER_SECOND: f64 = 25.0;
/// How often what ended is written down.
const PAUSE: Duration = Duration::from_millis(200);
/// How long answers that the client let go of may take to notice.
const GRACE: Duration = Duration::from_secs(20);
const PREFIX: &str = "listening on http://";

/// One call as the simulator saw it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// The request's serial number, which stands in its prompt.
    pub(crate) serial: u64,
    pub(crate) path: String,
    /// 0: none was sent.
    pub(crate) status: u16,
    /// `finished`, `cut`, `dropped`; `open` if it never ended.
    pub(crate) end: String,
    pub(crate) model: String,
    /// What is billed.
    pub(crate) usage: Usage,
    pub(crate) fault: Option<String>,
}

impl Seen {
    fn of(call: &Recorded) -> Self {
        let body = String::from_utf8_lossy(&call.body);
        let digits = body.split_once(MARK).map_or("", |(_, rest)| rest);
        let digits = digits.split(|char: char| !char.is_ascii_digit()).next().unwrap_or_default();
        let answer = call.answer.as_ref();
        let billed = answer.map(|answer| answer.usage).unwrap_or_default();
        Self {
            // No serial has this number: a call without one is found out.
            serial: digits.parse().unwrap_or(u64::MAX),
            path: call.path.clone(),
            status: answer.map_or(0, |answer| answer.status),
            end: match answer.map(|answer| answer.end) {
                Some(End::Finished) => "finished",
                Some(End::Cut) => "cut",
                Some(End::Dropped) => "dropped",
                _ => "open",
            }
            .to_owned(),
            model: answer.and_then(|answer| answer.model.clone()).unwrap_or_default(),
            usage: Usage {
                input: billed.input,
                cache_read: billed.cache_read,
                cache_write_5m: billed.cache_write_5m,
                cache_write_1h: billed.cache_write_1h,
                output: billed.output,
                reasoning: billed.reasoning,
                ..Usage::default()
            },
            fault: answer.and_then(|answer| Some(answer.fault?.name().to_owned())),
        }
    }
}

/// The other process.
pub(crate) struct Vendor {
    process: Child,
    lifeline: Option<ChildStdin>,
    /// Where it listens.
    pub(crate) address: String,
}

impl Vendor {
    /// Starts this program again as the simulator. It writes what it sees to `record`.
    pub(crate) fn start(
        record: &Path,
        seed: u64,
        with_silences: bool,
    ) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--serve").arg(record).args(["--seed", &seed.to_string()]);
        if with_silences {
            command.arg("--with-silences");
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let lifeline = process.stdin.take();
        let mut line = String::new();
        if let Some(out) = process.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix(PREFIX);
        let address = address.ok_or_else(|| format!("the simulator said {line:?}"))?.to_owned();
        Ok(Self { process, lifeline, address })
    }

    /// Ends it and gives what it saw, each call once.
    pub(crate) fn stop(mut self, record: &Path) -> Result<Vec<Seen>, Box<dyn Error>> {
        drop(self.lifeline.take());
        let status = self.process.wait()?;
        if !status.success() {
            return Err(format!("the simulator ended with {status}").into());
        }
        let lines = BufReader::new(File::open(record)?).lines();
        lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        // It ends by itself when its standard input does; this is for the case that it hangs.
        if self.lifeline.take().is_some() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// Serves until standard input ends.
pub(crate) async fn serve(
    record: &Path,
    seed: u64,
    with_silences: bool,
) -> Result<(), Box<dyn Error>> {
    let builder = Simulator::builder().tokens_per_second(TOKENS_PER_SECOND);
    let builder = builder.faults(faults(seed, with_silences)?).keep_requests(usize::MAX);
    let simulator = builder.start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    println!("{PREFIX}{}", simulator.address());
    let mut out = BufWriter::new(File::create(record)?);
    let (ended, mut end) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    while end.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
        write(&mut out, &simulator.take_ended())?;
        sleep(PAUSE).await;
    }
    let mut left = GRACE;
    while !left.is_zero() && !simulator.requests().is_empty() {
        sleep(PAUSE).await;
        left = left.saturating_sub(PAUSE);
        write(&mut out, &simulator.take_ended())?;
    }
    write(&mut out, &simulator.requests())?;
    out.flush()?;
    simulator.stop().await;
    Ok(())
}

fn write(out: &mut impl Write, calls: &[Recorded]) -> Result<(), Box<dyn Error>> {
    for call in calls {
        serde_json::to_writer(&mut *out, &Seen::of(call))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// All faults, for ever, each at a distance that the seed shifts.
fn faults(seed: u64, with_silences: bool) -> Result<Vec<Fault>, Box<dyn Error>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let silences = if with_silences { &SILENCES[..] } else { &[] };
    let fault = |(name, every): &(&str, u32)| {
        let every = every + random.u32(..every / 4);
        Ok(Fault::new(name.parse::<FaultKind>()?).every(every).times(u32::MAX))
    };
    FAULTS.iter().chain(silences).map(fault).collect()
}
