//! The simulator as a process: `simulate [--listen ADDR] [--today YYYY-MM-DD]`.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use orkestra_simulator::Simulator;

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut builder = Simulator::builder();
    let mut arguments = std::env::args().skip(1);
    let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
    while let Some(argument) = arguments.next() {
        let value =
            arguments.next().ok_or_else(|| invalid(format!("{argument}: a value is missing")))?;
        match argument.as_str() {
            "--listen" => {
                address = value
                    .parse()
                    .map_err(|error| invalid(format!("--listen {value:?}: {error}")))?
            }
            "--today" => builder = builder.today(&value),
            _ => return Err(invalid(format!("{argument}: expected --listen or --today"))),
        }
    }
    let simulator = builder.start(address).await?;
    let mut out = io::stdout();
    writeln!(out, "listening on http://{}", simulator.address())?;
    out.flush()?;
    std::future::pending().await
}
