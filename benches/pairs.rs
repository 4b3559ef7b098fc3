//! Times commands in turn, A B A B …, for `benches/compare`, so that a drift of the machine affects all of them alike.
//!
//! `pairs [--cold] ROUNDS COMMAND ARGS… [--- COMMAND ARGS…]…` prints, for each command, the median of its wall times in seconds,
//! and the median over the rounds of the ratio of its time to that of the first command. With `--cold`, the page cache is emptied
//! before each command, for which it has to run as root on Linux.
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
    let is_cold = args.first().is_some_and(|arg| arg == "--cold");
    let Some((rounds, rest)) = args[usize::from(is_cold)..].split_first() else {
        eprintln!("usage: pairs [--cold] ROUNDS COMMAND ARGS… [--- COMMAND ARGS…]…");
        return ExitCode::SUCCESS;
    };
    let commands: Vec<&[String]> = rest.split(|arg| arg == "---").collect();
    let measured = rounds.parse().map_err(|_| format!("{rounds} is no number of rounds")).and_then(|rounds| {
        // The first round brings everything into memory.
        round(&commands, is_cold)?;
        (0..rounds).map(|_| round(&commands, is_cold)).collect::<Result<Vec<_>, _>>()
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
fn round(commands: &[&[String]], is_cold: bool) -> Result<Vec<Duration>, String> {
    commands.iter().map(|command| time(command, is_cold)).collect()
}

fn time(command: &[String], is_cold: bool) -> Result<Duration, String> {
    let (program, args) = command.split_first().ok_or("there is no command between two ---")?;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null());
    if is_cold {
        std::fs::write("/proc/sys/vm/drop_caches", "1\n")
            .map_err(|error| format!("the page cache cannot be emptied: {error}. Run this as root on Linux"))?;
    }
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
