//! The simulator on a socket, as any HTTP client sees it.

#![cfg_attr(
    test,
    expect(
        clippy::needless_pass_by_value,
        reason = "requests are put together from JSON in place"
    )
)]

// `cfg(test)` tells clippy that these modules may unwrap.
#[cfg(test)]
mod anthropic;
#[cfg(test)]
mod anthropic_tools;
#[cfg(test)]
mod caches;
#[cfg(test)]
mod client;
#[cfg(test)]
mod compatible;
#[cfg(test)]
mod control;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod google;
#[cfg(test)]
mod google_tools;
#[cfg(test)]
mod media;
#[cfg(test)]
mod openai;
#[cfg(test)]
mod reasoning;
#[cfg(test)]
mod records;
#[cfg(test)]
mod statuses;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod structured;
#[cfg(test)]
mod tools;
