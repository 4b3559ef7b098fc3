//! Writes synthetic logs and tickets of any size: `cargo bench --bench generate -- --size 1GiB big.log`, and `-- --help`
//! for more.
//!
//! This is a bench target because it needs optimisation and must not ship. Without a path, as in plain `cargo bench` and
//! `cargo test --benches`, it prints its usage.
#![expect(clippy::print_stderr, reason = "a program of its own, with nobody else to print for it")]

mod data;
mod ticket;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, ValueEnum};
use flate2::Compression;
use flate2::write::GzEncoder;

use data::{Counts, Kind, Spec};

/// Writes synthetic logs with a known number of results.
#[derive(Parser)]
#[command(name = "generate")]
struct Args {
    /// What the log looks like
    #[arg(long, value_enum, default_value = "radius")]
    kind: Kind,
    /// One event in N is a result; 0: none is [default: what suits the kind]
    #[arg(long, value_name = "N")]
    density: Option<u64>,
    /// Size of each file: a number with B, KiB, MiB or GiB, such as 0.5MiB [default: 16MiB]; with --ticket, about the size
    /// of the ticket [default: 57,312 sign-ins]
    #[arg(long, value_parser = size_bytes)]
    size: Option<u64>,
    /// Another seed, another log; the same seed, the same bytes everywhere
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write a folder of this many files instead, in folders of 100
    #[arg(long, value_name = "N")]
    files: Option<u64>,
    /// Write the files into this many folders
    #[arg(long, value_name = "N", requires = "files")]
    folders: Option<NonZeroU64>,
    /// Encode each file; its size is that of the text before
    #[arg(long, value_enum, default_value = "none")]
    encode: Encoding,
    /// Write a support ticket instead: a folder with the RADIUS and service logs of 40 machines
    #[arg(long, conflicts_with_all = ["kind", "density", "files", "encode"])]
    ticket: bool,
    /// How many people sign in; not every one of them needs to [default: 2,300]
    #[arg(long, value_name = "N", requires = "ticket")]
    users: Option<usize>,
    /// Say on stderr how many results of which code were written
    #[arg(long)]
    count: bool,
    /// The file or, with --files or --ticket, the folder; `-` is stdout
    path: Option<PathBuf>,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let Some(path) = &args.path else {
        eprintln!("{}", Args::command().render_help());
        return ExitCode::SUCCESS;
    };
    let run = if args.ticket { write_ticket } else { write_logs };
    match run(&args, path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

/// Writes a log or a folder of them.
fn write_logs(args: &Args, path: &Path) -> io::Result<()> {
    let counts = run(args, path)?;
    if args.count {
        print_counts(&counts);
    }
    Ok(())
}

fn run(args: &Args, path: &Path) -> io::Result<Counts> {
    let density = args.density.unwrap_or_else(|| args.kind.usual_density());
    let spec = Spec { kind: args.kind, density, size_bytes: args.size.unwrap_or(16 << 20), seed: args.seed };
    let Some(file_count) = args.files else {
        if path == Path::new("-") {
            return args.encode.write(&spec, io::stdout().lock());
        }
        return args.encode.write(&spec, File::create(path)?);
    };
    let in_each = args.folders.map_or(100, |folders| file_count.div_ceil(folders.get()));
    let mut total = Counts::default();
    for index in 0..file_count {
        let host = path.join(format!("host{:02}", index / in_each));
        fs::create_dir_all(&host)?;
        let name = format!("MultiFactorAuthRadiusSvc.log.{}{}", index % in_each, args.encode.extension());
        let seed = spec.seed.wrapping_add(index);
        total.add(&args.encode.write(&Spec { seed, ..spec }, File::create(host.join(name))?)?);
    }
    Ok(total)
}

/// Writes a ticket to a folder.
fn write_ticket(args: &Args, folder: &Path) -> io::Result<()> {
    let usual = args.size.map_or_else(ticket::Spec::default, ticket::Spec::of_size);
    let spec = ticket::Spec { users: args.users.unwrap_or(usual.users), ..usual };
    let (mut counts, mut twins, mut by_host) = (Counts::default(), 0, BTreeMap::new());
    ticket::write(&ticket::Spec { seed: args.seed, ..spec }, |part| {
        for (path, bytes) in &part.files {
            let path = folder.join(path);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(path, bytes)?;
            counts.bytes += bytes.len() as u64;
            counts.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        }
        for sign_in in part.truth.found() {
            *counts.by_code.entry(sign_in.code).or_default() += 1;
            *by_host.entry(sign_in.host.clone()).or_insert(0) += 1;
        }
        twins += part.truth.twins();
        Ok(())
    })?;
    if args.count {
        print_counts(&counts);
        eprintln!("twins {twins}");
        by_host.iter().for_each(|(host, count)| eprintln!("host {host} {count}"));
    }
    Ok(())
}

/// The encoding or compression of the text.
#[derive(Clone, Copy, ValueEnum)]
enum Encoding {
    None,
    /// UTF-16, low byte first, with a byte order mark
    Utf16,
    Gzip,
}

impl Encoding {
    /// By which tools that go by names know it.
    fn extension(self) -> &'static str {
        match self {
            Encoding::None | Encoding::Utf16 => "",
            Encoding::Gzip => ".gz",
        }
    }

    fn write(self, spec: &Spec, mut out: impl Write) -> io::Result<Counts> {
        match self {
            Encoding::None => {
                let counts = data::write(spec, &mut out)?;
                out.flush()?;
                Ok(counts)
            }
            Encoding::Utf16 => {
                out.write_all(b"\xFF\xFE")?;
                let mut wide = Wide { out };
                let counts = data::write(spec, &mut wide)?;
                wide.flush()?;
                Ok(counts)
            }
            Encoding::Gzip => {
                let mut packed = GzEncoder::new(out, Compression::default());
                let counts = data::write(spec, &mut packed)?;
                packed.finish()?.flush()?;
                Ok(counts)
            }
        }
    }
}

/// Writes ASCII, which all logs made here are, as UTF-16.
struct Wide<W> {
    out: W,
}

impl<W: Write> Write for Wide<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let units: Vec<u8> = text.iter().flat_map(|&byte| [byte, 0]).collect();
        self.out.write_all(&units)?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn print_counts(counts: &Counts) {
    eprintln!("bytes {}", counts.bytes);
    eprintln!("lines {}", counts.lines);
    eprintln!("results {}", counts.results());
    for (code, count) in &counts.by_code {
        eprintln!("code {code} {count}");
    }
}

/// In integers throughout, so that half a MiB is the same everywhere.
fn size_bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size; write a number with B, KiB, MiB or GiB, such as 0.5MiB");
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let unit: u64 = match text[digits..].trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(wrong()),
    };
    let (whole, fraction) = text[..digits].split_once('.').unwrap_or((&text[..digits], "0"));
    let scale = u32::try_from(fraction.len()).ok().and_then(|places| 10_u64.checked_pow(places)).ok_or_else(wrong)?;
    let part = |digits: &str| digits.parse::<u64>().ok().and_then(|value| value.checked_mul(unit)).ok_or_else(wrong);
    part(whole)?.checked_add(part(fraction)? / scale).ok_or_else(wrong)
}
