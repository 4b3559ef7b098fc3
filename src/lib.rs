//! callcodes finds the call / SMS result codes of Azure multi-factor authentication in logs and says what they mean.

pub mod catalogue;
pub mod chunk;
pub mod code;
pub mod config;
pub mod hit;
pub mod pattern;
pub mod problem;
pub mod render;
pub mod report;
pub mod summary;
pub mod time;
