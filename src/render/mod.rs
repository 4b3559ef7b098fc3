//! Presentable values as text: one small file per thing shown.

pub mod codes;
