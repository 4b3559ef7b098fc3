//! callcodes finds the call / SMS result codes of Azure multi-factor authentication in logs and says what they mean.

// In the order of the data flow: a module uses only modules above it.

// Vocabulary: plain values, no I/O.
pub mod code;
pub mod time;

pub mod hit;
pub mod problem;

// What is known of a code.
pub mod catalogue;

// What is looked for.
pub mod pattern;

pub mod config;

// Where bytes come from, and how they are cut up.
pub mod source;

pub mod chunk;

// From bytes to results.
pub mod scan;

pub mod summary;

pub mod pipeline;

// From results to text.
pub mod report;

pub mod render;
