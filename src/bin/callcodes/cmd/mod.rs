//! One file for each command.

pub(crate) mod codes;
pub(crate) mod compare;
pub(crate) mod files;
pub(crate) mod generate;
pub(crate) mod help;
pub(crate) mod lines;
pub(crate) mod merge;
pub(crate) mod partial;
pub(crate) mod patterns;
pub(crate) mod plan;
pub(crate) mod scan;
pub(crate) mod timeline;
