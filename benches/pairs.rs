//! Times commands in turn, A B A B …, for `benches/compare`, so that a drift of the machine affects all of them alike.
//!
//! `pairs ROUNDS COMMAND ARGS… [--- COMMAND ARGS…]…` prints, for each command, the median of its wall times in seconds,
//! and the median over the rounds of the ratio of its time to that of the first command.
//!
//! The shell's own clock is not used, because a shell starts a process by forking itself, which takes as long as the shortest of
//! these commands. Without arguments, as in plain `cargo bench`, it prints its usage.
#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program of its own, with nobody else to print for it"
)]

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let Some((rounds, rest)) = args.split_first() else {
        eprintln!("usage: pairs ROUNDS COMMAND ARGS… [--- COMMAND ARGS…]…");
        return ExitCode::SUCCESS;
    };
    let commands: Vec<&[String]> = rest.split(|arg| arg == "---").collect();
    let measured = rounds.parse().map_err(|_| format!("{rounds} is no number of rounds")).and_then(|rounds| {
        // The first round brings everything into memory.
        round(&commands)?;
        (0..rounds).map(|_| round(&commands)).collect::<Result<Vec<_>, _>>()
    });
    match measured {
        Ok(rounds) => {
            for index in 0..commands.len() {
                let seconds = median(rounds.iter().map(|round| round[index].as_secs_f64()));
                let ratio = median(rounds.iter().map(|round| round[index].as_secs_f64() / round[0].as_secs_f64()));
                println!("{seconds:.6} {ratio:.4}");
            }
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// How long each command took.
fn round(commands: &[&[String]]) -> Result<Vec<Duration>, String> {
    commands.iter().map(|command| time(command)).collect()
}

fn time(command: &[String]) -> Result<Duration, String> {
    let (program, args) = command.split_first().ok_or("there is no command between two ---")?;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().map_err(|error| format!("{program}: {error}"))?;
    let taken = start.elapsed();
    // Of a failed command the time says nothing; 1 is a search without a result.
    match status.code() {
        Some(0 | 1) => Ok(taken),
        _ => Err(format!("{program} {}: {status}", args.join(" "))),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
