//! Converts the built-in catalogue from TOML, which people write, to JSON, which is read several times as fast at every start.

use std::path::Path;
use std::{env, error, fs};

/// The files from which the built-in catalogue is made. Each has `[[code]]` tables.
const FILES: [&str; 3] = ["src/builtin/codes.toml", "src/builtin/nps.toml", "src/builtin/entra.toml"];

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut text = String::new();
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
        text.push_str(&fs::read_to_string(file)?);
    }
    let catalogue: serde_json::Value = toml::from_str(&text)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("catalogue.json"), catalogue.to_string())?;
    Ok(())
}
