//! Converts the built-in catalogue and the built-in forms of times from TOML, which people write, to JSON, which is read several
//! times as fast at every start.

use std::path::Path;
use std::{env, error, fs};

/// The files from which the built-in catalogue is made. Each has `[[code]]` tables.
const FILES: [&str; 3] = ["src/builtin/codes.toml", "src/builtin/nps.toml", "src/builtin/entra.toml"];

/// The file with the forms of times, in `[[time]]` tables.
const TIMES: &str = "src/builtin/times.toml";

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut text = String::new();
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
        text.push_str(&fs::read_to_string(file)?);
    }
    let catalogue: serde_json::Value = toml::from_str(&text)?;
    let folder = env::var("OUT_DIR")?;
    fs::write(Path::new(&folder).join("catalogue.json"), catalogue.to_string())?;

    println!("cargo::rerun-if-changed={TIMES}");
    let mut times: serde_json::Value = toml::from_str(&fs::read_to_string(TIMES)?)?;
    // Only the tests need the examples.
    for time in times["time"].as_array_mut().into_iter().flatten().filter_map(serde_json::Value::as_object_mut) {
        time.retain(|key, _| !matches!(key.as_str(), "examples" | "counter_examples"));
    }
    fs::write(Path::new(&folder).join("times.json"), times.to_string())?;
    Ok(())
}
