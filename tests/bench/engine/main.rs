//! The engine's budgets (design, section 10), each as one line: what, measured, budget. Ratios are to peers in the same run.
//!
//! `npm run bench -- engine`, or `cargo bench -p bowline-tests --bench engine`. It fails only when something cannot be
//! measured; what a machine does not offer is skipped with its reason.
#![allow(clippy::print_stdout)]

mod borrow;
mod copiers;
mod flood;
mod idle;
mod peers;
mod pipe;
mod prompt;
mod transfer;
mod transfer_memory;
mod tunnel;

/// Prints one figure.
pub(crate) fn line(what: &str, measured: &str, budget: &str) {
    println!("  {what:<44} {measured}   (budget {budget})");
}

/// A number that the environment sets otherwise.
pub(crate) fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    // `cargo bench` passes `--bench`; anything else is the name of a part.
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let runs = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    println!("\nThe engine, built with{} optimisation\n", if cfg!(debug_assertions) { "out" } else { "" });
    if runs("prompt") {
        prompt::run();
    }
    if runs("flood") {
        flood::run();
    }
    if runs("idle") {
        idle::run();
    }
    if runs("transfer") {
        transfer::run();
    }
    if runs("transfer-long") {
        transfer::run_long();
    }
    if runs("tunnel") {
        tunnel::run();
    }
    if runs("borrow") {
        borrow::run();
    }
    if runs("pipe") {
        pipe::run();
    }
    if wanted.iter().any(|name| name == "transfer-memory") {
        transfer_memory::run();
    }
}
