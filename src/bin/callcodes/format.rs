//! Chooses the format of a result: that of `--format` or, without it, the one for the extension of the `-o` file.

use std::path::Path;

use callcodes::report::wording::alternatives;
use clap::ValueEnum;

use crate::args::{CodesFormatArg, LinesFormatArg, SummaryFormatArg};
use crate::status::Failure;

/// The formats of a command, and the file extensions that select them.
pub(crate) trait ByEnding: ValueEnum + Copy + 'static {
    /// The extensions without the dot, and the formats that they select. The first format is also used for standard output and for
    /// a file without an extension.
    const ENDINGS: &'static [(&'static str, Self)];
}

impl ByEnding for SummaryFormatArg {
    const ENDINGS: &'static [(&'static str, Self)] = &[
        ("txt", SummaryFormatArg::Table),
        ("log", SummaryFormatArg::Table),
        ("json", SummaryFormatArg::Json),
        ("csv", SummaryFormatArg::Csv),
    ];
}

impl ByEnding for LinesFormatArg {
    const ENDINGS: &'static [(&'static str, Self)] = &[
        ("txt", LinesFormatArg::Text),
        ("log", LinesFormatArg::Text),
        ("jsonl", LinesFormatArg::Jsonl),
        ("ndjson", LinesFormatArg::Jsonl),
        ("csv", LinesFormatArg::Csv),
    ];
}

impl ByEnding for CodesFormatArg {
    const ENDINGS: &'static [(&'static str, Self)] =
        &[("txt", CodesFormatArg::Text), ("log", CodesFormatArg::Text), ("json", CodesFormatArg::Json)];
}

/// Returns the format of a result that is written to `target`, or to standard output if that is `None`. The format `given` with
/// `--format` takes precedence over the extension.
pub(crate) fn chosen<F: ByEnding>(given: Option<F>, target: Option<&Path>) -> Result<F, Failure> {
    let ending = target.and_then(Path::extension).filter(|ending| !ending.is_empty());
    match (given, ending) {
        (Some(given), _) => Ok(given),
        (None, None) => Ok(F::ENDINGS[0].1),
        (None, Some(ending)) => {
            let known = F::ENDINGS.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known));
            known.map(|(_, format)| *format).ok_or_else(|| unknown::<F>(&ending.to_string_lossy()))
        }
    }
}

/// Whether a format is CSV.
pub(crate) fn is_csv<F: ByEnding>(format: F) -> bool {
    format.to_possible_value().is_some_and(|value| value.get_name() == "csv")
}

fn unknown<F: ByEnding>(ending: &str) -> Failure {
    let endings: Vec<String> = F::ENDINGS.iter().map(|(ending, _)| format!(".{ending}")).collect();
    let values = F::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let formats: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
    Failure::Message(format!(
        "-o: cannot write a file that ends in .{ending}. Use a name that ends in {}, or choose a format with \
         --format: {}",
        alternatives(&endings),
        alternatives(&formats),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the name of the format for `target`, or the error message.
    fn named<F: ByEnding>(given: Option<F>, target: &str) -> String {
        match chosen(given, Some(Path::new(target))) {
            Ok(format) => format.to_possible_value().unwrap().get_name().to_owned(),
            Err(Failure::Message(message)) => message,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_ending_chooses_the_format() {
        let cases = [
            ("report.csv", "csv", "csv"),
            ("old/REPORT.CSV", "csv", "csv"),
            ("report.txt", "table", "text"),
            ("report.log", "table", "text"),
            ("report", "table", "text"),
            ("report.", "table", "text"),
            (".csv", "table", "text"),
            ("-", "table", "text"),
            ("/dev/stdout", "table", "text"),
            ("host.csv/report", "table", "text"),
        ];
        for (target, summary, lines) in cases {
            assert_eq!(named::<SummaryFormatArg>(None, target), summary, "{target}");
            assert_eq!(named::<LinesFormatArg>(None, target), lines, "{target}");
        }
        assert_eq!(named::<SummaryFormatArg>(None, "a.json"), "json");
        assert_eq!(named::<CodesFormatArg>(None, "a.json"), "json");
        assert_eq!(named::<LinesFormatArg>(None, "a.jsonl"), "jsonl");
        assert_eq!(named::<LinesFormatArg>(None, "a.ndjson"), "jsonl");
    }

    #[test]
    fn an_unknown_ending_is_refused_with_a_list_of_the_known_ones() {
        let expected = "-o: cannot write a file that ends in .html. Use a name that ends in .txt, .log, .json or \
                        .csv, or choose a format with --format: table, json or csv";
        assert_eq!(named::<SummaryFormatArg>(None, "report.html"), expected);
        let expected = "-o: cannot write a file that ends in .json. Use a name that ends in .txt, .log, .jsonl, \
                        .ndjson or \
                        .csv, or choose a format with --format: text, jsonl or csv";
        assert_eq!(named::<LinesFormatArg>(None, "report.json"), expected);
    }

    #[test]
    fn the_format_option_takes_precedence_over_the_ending() {
        assert_eq!(named(Some(SummaryFormatArg::Json), "report.csv"), "json");
        assert_eq!(named(Some(SummaryFormatArg::Table), "report.html"), "table");
        assert!(matches!(chosen::<SummaryFormatArg>(None, None), Ok(SummaryFormatArg::Table)));
    }
}
