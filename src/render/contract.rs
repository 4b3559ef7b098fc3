//! Describes the output formats for scripts: the name, type, unit and meaning of every field.
//!
//! The fields of a format are declared as [`Column`]s next to the code that writes them. `callcodes help output` and the JSON
//! Schemas are both generated from these declarations, so they cannot disagree. A test validates real output against the schemas.
//!
//! Fields may be added without a new version of the format, so the schemas allow unknown fields.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{codes, csv, lines};
use crate::report::SUMMARY;
use crate::report::comparison::COMPARISON;
use crate::report::files::FILES;
use crate::report::sheet::{Column, Holds, Presence, Sheet};
use crate::report::timeline::TIMELINE;

/// The output of one command for scripts, and its fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// The command that writes the output, such as `scan`. The schema has the same name.
    pub command: &'static str,
    /// A sentence that describes the output as a whole, such as `One object.`
    pub form: &'static str,
    /// The version of the format, or `None` if the output has no version.
    pub version: Option<u32>,
    /// The fields of the outermost JSON object, except its version.
    pub fields: Vec<Column>,
    /// The names of the CSV columns. Empty if the command does not write CSV.
    pub csv: Vec<&'static str>,
    /// A noun for what each CSV row describes, such as `file`.
    pub row: &'static str,
}

/// Returns the contracts of all commands that write output for scripts.
#[must_use]
pub fn contracts() -> [Contract; 6] {
    let sheet = |sheet: &'static Sheet, command, form, row, rows| Contract {
        command,
        form,
        version: Some(sheet.schema),
        fields: [sheet.before, &[Column::for_scripts(sheet.rows, Holds::Records(sheet.columns), rows)], sheet.after]
            .concat(),
        csv: csv::head(sheet.columns).collect(),
        row,
    };
    [
        sheet(&SUMMARY, "scan", "One object.", "code or name", "The results, the most frequent first."),
        Contract {
            command: "lines",
            form: "JSON Lines: one line with an object for each result, in the order of the files and lines.",
            version: None,
            fields: lines::FIELDS.to_vec(),
            csv: csv::head(lines::FIELDS).collect(),
            row: "result",
        },
        sheet(
            &FILES,
            "files",
            "One object. Each file is on a line of its own.",
            "file",
            "The files, in the order in which they are read.",
        ),
        sheet(
            &TIMELINE,
            "timeline",
            "One object. Each result is on a line of its own.",
            "result",
            "The results in the order of time, and then those without a time.",
        ),
        sheet(
            &COMPARISON,
            "compare",
            "One object.",
            "code",
            "The codes: by their change, and then the most frequent first.",
        ),
        Contract {
            command: "codes",
            form: "One object.",
            version: Some(codes::SCHEMA),
            fields: codes::FIELDS.to_vec(),
            csv: Vec::new(),
            row: "",
        },
    ]
}

impl Contract {
    /// Returns all fields, including nested ones, with their paths, such as `results[].count`. An object comes before its fields.
    #[must_use]
    pub fn listed(&self) -> Vec<(String, Column)> {
        listed("", &self.fields)
    }
}

fn listed(parent: &str, fields: &[Column]) -> Vec<(String, Column)> {
    let named = fields.iter().filter_map(|field| Some((format!("{parent}{}", field.name?), *field)));
    let with_parts = named.flat_map(|(path, field)| {
        let parts = match field.holds {
            Holds::Record(fields) => listed(&format!("{path}."), fields),
            Holds::Records(fields) | Holds::Problems(fields) => listed(&format!("{path}[]."), fields),
            _ => Vec::new(),
        };
        [(path, field)].into_iter().chain(parts)
    });
    with_parts.collect()
}

/// Returns the type and the unit of a field in words, such as `whole number, in bytes, or null`.
#[must_use]
pub fn type_of(field: &Column) -> String {
    let kind = match field.holds {
        Holds::Text | Holds::Path | Holds::Prose | Holds::Trend | Holds::Bar => "text",
        Holds::Code | Holds::Count => "whole number",
        Holds::Bytes => "whole number, in bytes",
        Holds::Duration => "whole number, in milliseconds",
        Holds::Share => "number from 0 to 1",
        Holds::Rate => "number",
        Holds::Time => "time",
        Holds::Flag => "true or false",
        Holds::Texts => "list of texts",
        Holds::Codes => "list of whole numbers",
        Holds::Record(_) => "object",
        Holds::Records(_) | Holds::Problems(_) => "list of objects",
    };
    let otherwise = match field.presence {
        Presence::Always => "",
        Presence::OrNull => ", or null",
        Presence::OrMissing | Presence::IfSought => ", or left out",
        Presence::OrNullOrMissing => ", or null, or left out",
    };
    format!("{kind}{otherwise}")
}

/// Writes the JSON Schemas of all commands as one document. The schema of each command is in `$defs`, under the command's name.
///
/// # Errors
///
/// Returns any error from writing to `out`.
pub fn write_schemas(out: &mut impl Write) -> io::Result<()> {
    let contracts = contracts();
    let definitions: Map<String, Value> =
        contracts.iter().map(|contract| (contract.command.to_owned(), schema(contract))).collect();
    let any: Vec<Value> =
        contracts.iter().map(|contract| json!({ "$ref": format!("#/$defs/{}", contract.command) })).collect();
    let document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "JSON output of callcodes",
        "description": "`callcodes help output` explains all fields.",
        "anyOf": any,
        "$defs": definitions,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn schema(contract: &Contract) -> Value {
    let mut object = object(&contract.fields);
    object["title"] = json!(format!("callcodes {}", contract.command));
    object["description"] = json!(contract.form);
    if let Some(version) = contract.version {
        object["properties"]["schema"] = json!({ "const": version, "description": VERSION });
        if let Some(required) = object["required"].as_array_mut() {
            required.insert(0, json!("schema"));
        }
    }
    object
}

/// The description of the field `schema`, which holds the version of a format.
pub const VERSION: &str =
    "The version of this format. It changes if a field is renamed, removed or gets another meaning.";

/// Returns the JSON Schema of an object with these fields.
fn object(fields: &[Column]) -> Value {
    let named = || fields.iter().filter_map(|field| Some((field.name?, field)));
    let properties: Map<String, Value> = named().map(|(name, field)| (name.to_owned(), property(field))).collect();
    let required: Vec<&str> = named()
        .filter(|(_, field)| {
            !matches!(field.presence, Presence::OrMissing | Presence::OrNullOrMissing | Presence::IfSought)
        })
        .map(|(name, _)| name)
        .collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// Returns the JSON Schema of a field.
fn property(field: &Column) -> Value {
    let mut schema = match field.holds {
        Holds::Text | Holds::Path | Holds::Prose | Holds::Trend | Holds::Bar => json!({ "type": "string" }),
        Holds::Code => json!({ "type": "integer" }),
        Holds::Count | Holds::Bytes | Holds::Duration => json!({ "type": "integer", "minimum": 0 }),
        Holds::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Holds::Rate => json!({ "type": "number", "minimum": 0 }),
        Holds::Time => json!({ "type": "string", "format": "date-time" }),
        Holds::Flag => json!({ "type": "boolean" }),
        Holds::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Holds::Codes => json!({ "type": "array", "items": { "type": "integer" } }),
        Holds::Record(fields) => object(fields),
        Holds::Records(fields) | Holds::Problems(fields) => json!({ "type": "array", "items": object(fields) }),
    };
    if matches!(field.presence, Presence::OrNull | Presence::OrNullOrMissing) {
        schema["type"] = json!([schema["type"], "null"]);
    }
    schema["description"] = json!(field.meaning);
    schema
}
