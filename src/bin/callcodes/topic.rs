//! The pages of `help TOPIC`, which are also in the man page. They explain what several commands have in common.
//!
//! The pages are files with simple markup and one line for each paragraph. `# ` begins a heading, `- ` an item of a list, which may
//! have a term before ` | `, and four spaces a line that is printed unchanged. The descriptions of JSON and CSV fields are not in
//! these files, but are generated from the declarations of the fields.

use callcodes::render::contract::{VERSION, contracts, type_of};
use callcodes::render::wrap::wrap;

use crate::args::EXIT_STATUS;

/// Every topic: its name, its heading in the man page, and its text.
pub(crate) const TOPICS: [(&str, &str, &str); 8] = [
    // By convention, the section FILES of a man page lists the files that belong to a program.
    ("files", "INPUT FILES", include_str!("topics/files.md")),
    ("archives", "ARCHIVES", include_str!("topics/archives.md")),
    ("patterns", "PATTERNS", include_str!("topics/patterns.md")),
    ("times", "TIMES", include_str!("topics/times.md")),
    ("sign-ins", "SIGN-INS", include_str!("topics/sign-ins.md")),
    ("machines", "MANY MACHINES", include_str!("topics/machines.md")),
    ("cluster", "CLUSTER", include_str!("topics/cluster.md")),
    ("output", "OUTPUT", include_str!("topics/output.md")),
];

/// A part of a page, usually a paragraph.
#[derive(Debug, PartialEq)]
pub(crate) enum Block {
    Heading(String),
    Paragraph(String),
    /// An item of a list, with its term if it has one.
    Item(Option<String>, String),
    /// A line that is printed unchanged, such as a command.
    Line(String),
}

/// Returns the page of a topic, or `None` if there is no such topic.
pub(crate) fn page(topic: &str) -> Option<Vec<Block>> {
    let (_, _, text) = TOPICS.iter().find(|(name, ..)| *name == topic)?;
    let mut blocks: Vec<Block> = text.lines().filter(|line| !line.is_empty()).map(block).collect();
    if topic == "output" {
        blocks.push(Block::Heading("Exit status".to_owned()));
        blocks.extend(EXIT_STATUS.map(|(status, meaning)| Block::Item(Some(status.to_owned()), meaning.to_owned())));
        blocks.extend(fields());
    }
    Some(blocks)
}

fn block(line: &str) -> Block {
    if let Some(heading) = line.strip_prefix("# ") {
        Block::Heading(heading.to_owned())
    } else if let Some(line) = line.strip_prefix("    ") {
        Block::Line(line.to_owned())
    } else if let Some(item) = line.strip_prefix("- ") {
        let (term, text) = item.split_once(" | ").map_or((None, item), |(term, text)| (Some(term.to_owned()), text));
        Block::Item(term, text.to_owned())
    } else {
        Block::Paragraph(line.to_owned())
    }
}

/// Returns the part of the page `output` that describes every field of every format, with its type and unit.
fn fields() -> Vec<Block> {
    let item =
        |name: &str, kind: &str, meaning: &str| Block::Item(Some(name.to_owned()), format!("{meaning} [{kind}]"));
    let mut blocks = Vec::new();
    for contract in contracts() {
        blocks.push(Block::Heading(format!("JSON of callcodes {}", contract.command)));
        blocks.push(Block::Paragraph(contract.form.to_owned()));
        blocks.extend(contract.version.map(|version| item("schema", &format!("the number {version}"), VERSION)));
        blocks.extend(contract.listed().iter().map(|(path, field)| item(path, &type_of(field), field.meaning)));
        if !contract.csv.is_empty() {
            let has_details = contract.csv.contains(&"details");
            let details = if has_details {
                " The column details has a sentence for each problem, separated by ` | `."
            } else {
                ""
            };
            let columns = contract.csv.join(", ");
            blocks.push(Block::Paragraph(format!(
                "CSV has a row for each {}, with the columns {columns}.{details}",
                contract.row
            )));
        }
    }
    blocks
}

/// The number of spaces before everything except headings.
const INDENT: usize = 2;
/// The width of the column for terms, with the gap after it. A longer term gets a line of its own.
const TERM_WIDTH: usize = 24;

/// Formats a page for a terminal that is `width` columns wide.
pub(crate) fn text(blocks: &[Block], width: usize) -> String {
    let mut text = String::new();
    let mut last: Option<&Block> = None;
    for block in blocks {
        let continues_list = matches!(
            (last, block),
            (Some(Block::Item(Some(_), _)), Block::Item(Some(_), _)) | (Some(Block::Line(_)), Block::Line(_))
        );
        if last.is_some() && !continues_list && !matches!(last, Some(Block::Heading(_))) {
            text.push('\n');
        }
        let (first, hang, words) = match block {
            Block::Heading(heading) => (String::new(), 0, format!("{heading}:")),
            Block::Paragraph(words) => (" ".repeat(INDENT), INDENT, words.clone()),
            Block::Line(line) => (format!("{}{line}", " ".repeat(2 * INDENT)), 0, String::new()),
            Block::Item(None, words) => (format!("{}- ", " ".repeat(INDENT)), INDENT + 2, words.clone()),
            Block::Item(Some(term), words) => {
                let hang = INDENT + TERM_WIDTH;
                let term = format!("{}{term:<TERM_WIDTH$}", " ".repeat(INDENT));
                let gap = if term.len() > hang || !term.ends_with("  ") {
                    format!("\n{}", " ".repeat(hang))
                } else {
                    String::new()
                };
                (format!("{}{gap}", if gap.is_empty() { &*term } else { term.trim_end() }), hang, words.clone())
            }
        };
        let lines = wrap(&words, width.saturating_sub(hang).max(TERM_WIDTH));
        text.push_str(&first);
        text.push_str(&lines.join(&format!("\n{}", " ".repeat(hang))));
        text.push('\n');
        last = Some(block);
    }
    text
}
