//! Checks the output against its documentation: the JSON Schemas, and the help page that explains every field.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

/// Returns the standard output of a run, which ends with status 0 or 3.
fn printed(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_callcodes")).args(args).env("NO_COLOR", "1").output().unwrap();
    assert!([Some(0), Some(3)].contains(&output.status.code()), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the schema for the output of a command, changed so that it allows no other fields.
fn strict(command: &str) -> Value {
    fn close(schema: &mut Value) {
        if schema["properties"].is_object() {
            schema["additionalProperties"] = json!(false);
            schema["properties"].as_object_mut().unwrap().values_mut().for_each(close);
        }
        if schema["items"].is_object() {
            close(&mut schema["items"]);
        }
    }
    let document: Value = serde_json::from_str(&printed(&["generate", "schema"])).unwrap();
    let mut schema = document["$defs"][command].clone();
    close(&mut schema);
    schema["$schema"] = document["$schema"].clone();
    schema
}

/// Collects the path of every field in `schema`, in the spelling of the help page.
fn fields(parent: &str, schema: &Value, found: &mut BTreeSet<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{parent}{name}");
        fields(&format!("{path}."), property, found);
        fields(&format!("{path}[]."), &property["items"], found);
        found.insert(path);
    }
}

fn fields_of_value(parent: &str, value: &Value, found: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = format!("{parent}{name}");
        fields_of_value(&format!("{path}."), value, found);
        for item in value.as_array().into_iter().flatten() {
            fields_of_value(&format!("{path}[]."), item, found);
        }
        found.insert(path);
    }
}

/// Returns the documents that a command writes for the fixtures and for unusual input.
fn documents(command: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("Call status: SUCCESS_WITH_PIN {}\n", "x".repeat(5 << 10));
    let odd = format!(
        "2017-02-14 call_status: \"Used Cache\" x\ncall_status: \"Never heard\" x\n2025-01-01T00:00:00Z MFA result: 777\ncall status -> 1\n{long}"
    );
    std::fs::write(folder.path().join("odd.log"), odd).unwrap();
    std::fs::write(folder.path().join("cut.gz"), b"\x1f\x8b\x08\0\0").unwrap();
    let pattern = r"who=(?<user>\w+) at=(?<address>\S+) on=(?<host>\w+) is=(?<outcome>\w+): (?<code>\d+)";
    std::fs::write(folder.path().join("own.log"), "who=ann at=10.0.0.1 on=gate is=denied: 102\n").unwrap();
    std::fs::write(folder.path().join("order.log"), "02/03/2017 02:57:24 rawCallStatus = 21\n").unwrap();
    std::fs::write(folder.path().join("twice.log"), "2017-10-29 02:30:00 rawCallStatus = 21\n").unwrap();
    let odd = folder.path().to_str().unwrap();
    let unusual = ["-e", pattern, odd, "no-such-file", "--tz", "Europe/Berlin", "--display-tz", "America/St_Johns"];
    let inputs: [&[&str]; 3] = [&["fixtures/logs"], &unusual, &["fixtures/patterns", "tests/cmd/clocks/local"]];
    let runs: Vec<Vec<&str>> = match command {
        "codes" => [&[][..], &["102"], &["100-110", "777", "Never heard"]]
            .map(|queries| [&["codes", "--format", "json"], queries].concat())
            .to_vec(),
        "timeline" => inputs
            .map(|inputs| [&["timeline", "--user", "*", "--user", "", "--format", "json"], inputs].concat())
            .to_vec(),
        "lines" => inputs.map(|inputs| [&["lines", "--format", "jsonl"], inputs].concat()).to_vec(),
        "scan" => {
            let by = ["code,group", "channel,outcome", "host,user", "address,file", "hour,day"];
            let by = by.iter().map(|by| [&[command, "--format", "json", "--by", by][..], inputs[0]].concat());
            let families =
                [command, "--format", "json", "--by", "family", "tests/cmd/families", "fixtures/logs"].to_vec();
            let checked = [&[command, "--format", "json", "--audit", "1"], inputs[1]].concat();
            let plain = inputs.iter().map(|inputs| [&[command, "--format", "json"], *inputs].concat());
            let grouped = [&[command, "--format", "json", "--grouped"], inputs[0]].concat();
            let each = [&[command, "--format", "json", "--no-join"], inputs[0]].concat();
            let repeats = [command, "--format", "json", "tests/cmd/retries"].to_vec();
            plain.chain(by).chain([checked, families, grouped, each, repeats]).collect()
        }
        "compare" => {
            let sides = ["tests/cmd/clocks/local", "fixtures/logs"];
            let by = [&[][..], &["--by", "host"], &["--by", "user"], &["fixtures/ticket.zip"]];
            let split = ["--split", "2017-02-14 03:00", "fixtures/logs"];
            let plain = by[..3].iter().map(|by| [&[command, "--format", "json"], *by, &sides].concat());
            plain
                .chain([
                    [&[command, "--format", "json"], by[3], &sides[1..]].concat(),
                    [&[command, "--format", "json"][..], &split].concat(),
                ])
                .collect()
        }
        _ => inputs.map(|inputs| [&[command, "--format", "json"], inputs].concat()).to_vec(),
    };
    let texts = runs.iter().map(|args| printed(args));
    let documents = texts.flat_map(|text| match command {
        "lines" => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        _ => vec![serde_json::from_str::<Value>(&text).unwrap()],
    });
    documents.collect()
}

#[test]
fn the_output_is_valid_against_the_schemas_and_has_every_field() {
    for command in ["scan", "lines", "timeline", "files", "compare", "codes"] {
        let schema = strict(command);
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let mut met = BTreeSet::new();
        for document in documents(command) {
            let errors: Vec<String> =
                validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert_eq!(errors, Vec::<String>::new(), "{command}: {document:#}");
            fields_of_value("", &document, &mut met);
        }
        let mut published = BTreeSet::new();
        fields("", &schema, &mut published);
        assert_eq!(met, published, "{command}: no output has some of the fields");
    }
}

#[test]
fn every_row_of_csv_has_a_cell_for_each_column() {
    for args in [
        &["scan"][..],
        &["scan", "--by", "host,code"],
        &["scan", "--by", "hour,code"],
        &["scan", "--no-join"],
        &["scan", "--findings", "only"],
        &["scan", "--near-misses"],
        &["lines"],
        &["lines", "--no-join"],
        &["timeline", "--user", "*", "--user", ""],
        &["files"],
        &["compare", "--split", "2017-02-14 03:00"],
        &["compare", "--by", "host", "--split", "2017-02-14 03:00"],
    ] {
        let text =
            printed(&[args, &["--format", "csv", "fixtures/logs", "tests/cmd/retries", "tests/cmd/misses"]].concat());
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let columns = rows.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        assert!(!rows.is_empty(), "{args:?}");
        for row in &rows {
            assert_eq!(row.len(), columns.len(), "{args:?}: {columns:?} {row:?}");
        }
        // A column that has the code shows that the others are in their places, too.
        if let Some(family) = columns.iter().position(|column| column == "family") {
            assert!(rows.iter().any(|row| &row[family] == "mfa"), "{args:?}");
        }
    }
}

#[test]
fn the_published_schema_allows_added_fields_and_no_missing_ones() {
    let document: Value = serde_json::from_str(&printed(&["generate", "schema"])).unwrap();
    let validator = jsonschema::validator_for(&document).unwrap();
    for command in ["scan", "lines", "timeline", "files", "compare", "codes"] {
        for mut output in documents(command) {
            assert!(validator.is_valid(&output), "{command}");
            // Within a schema version, fields may be added but not removed.
            output["added"] = json!(1);
            assert!(validator.is_valid(&output), "{command}");
            output.as_object_mut().unwrap().remove(if command == "lines" { "pattern" } else { "schema" });
            assert!(!validator.is_valid(&output), "{command}");
        }
    }
}

#[test]
fn the_page_on_output_explains_every_field() {
    let page = printed(&["help", "output"]);
    for command in ["scan", "lines", "timeline", "files", "compare", "codes"] {
        let (_, section) = page.split_once(&format!("JSON of callcodes {command}:")).unwrap();
        let section = section.split("JSON of callcodes").next().unwrap();
        let mut published = BTreeSet::new();
        fields("", &strict(command), &mut published);
        for field in published {
            let explained = section.lines().any(|line| line.split_whitespace().next() == Some(&field));
            assert!(explained, "{command}: {field}");
        }
    }
}

#[test]
fn csv_has_the_columns_that_the_page_on_output_lists() {
    let page = printed(&["help", "output"]).split_whitespace().collect::<Vec<_>>().join(" ");
    for command in ["scan", "lines", "files"] {
        let csv = printed(&[command, "--format", "csv", "fixtures/logs"]);
        let columns = csv.lines().next().unwrap().replace(',', ", ");
        assert!(page.contains(&format!("with the columns {columns}.")), "{command}: {columns}\n{page}");
    }
}

#[test]
fn the_page_on_output_explains_every_kind_of_problem() {
    let page = printed(&["help", "output"]);
    let source = include_str!("../../src/problem.rs");
    let (_, kinds) = source.split_once("pub enum Kind {").unwrap();
    let kinds: Vec<String> = kinds
        .lines()
        .take_while(|line| *line != "}")
        .filter_map(|line| line.trim().strip_suffix(','))
        .map(kebab_case)
        .collect();
    assert!(kinds.len() > 20, "{kinds:?}");
    for kind in kinds {
        assert!(page.lines().any(|line| line.split_whitespace().next() == Some(&kind)), "{kind}");
    }
}

/// Converts `TooLarge` to `too-large`.
fn kebab_case(name: &str) -> String {
    let with_hyphens = name.chars().flat_map(|letter| {
        let hyphen = letter.is_uppercase().then_some('-');
        hyphen.into_iter().chain(letter.to_lowercase())
    });
    let lower: String = with_hyphens.collect();
    lower.trim_start_matches('-').to_owned()
}
