//! Reads values from the parsed tree of a pattern file. A value of the wrong type is reported and then treated as missing.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Reader;
use crate::pattern::definition::Place;

/// A string value and its position in the file.
pub(super) type Text = (String, Place);

/// A TOML table and its position in the file. For a `[[pattern]]`, this is the position of the header.
pub(super) struct Table<'v, 'i> {
    /// The keys and values of the TOML table.
    pub(super) entries: &'v DeTable<'i>,
    /// The position of the table in the file, in bytes.
    pub(super) span: Range<usize>,
    /// What messages call the table, such as `a pattern` or `an example`.
    pub(super) thing: &'static str,
}

impl Reader<'_> {
    /// Returns the tables in the list `value`. Reports an error if `value` is not a list, and for everything in it that is not a
    /// table.
    pub(super) fn tables<'v, 'i>(
        &mut self,
        value: &'v Spanned<DeValue<'i>>,
        thing: &'static str,
        remedy: &str,
    ) -> Vec<Table<'v, 'i>> {
        let DeValue::Array(values) = value.get_ref() else {
            self.wrong_type(value, &format!("{thing} must be in a list"), remedy);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for value in values.iter() {
            match value.get_ref() {
                DeValue::Table(entries) => tables.push(Table { entries, span: value.span(), thing }),
                _ => self.wrong_type(value, &format!("{thing} must be a table"), remedy),
            }
        }
        tables
    }

    /// Returns the string under `key`. Reports an error if the table does not have the key.
    pub(super) fn required_text(&mut self, table: &Table<'_, '_>, key: &str, remedy: &str) -> Option<Text> {
        if !table.entries.contains_key(key) {
            self.missing(table, key, remedy);
        }
        self.text(table, key)
    }

    /// Returns the string under `key`, if the table has it.
    pub(super) fn text(&mut self, table: &Table<'_, '_>, key: &str) -> Option<Text> {
        let value = table.entries.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some((text.to_string(), self.place(value, text))),
            _ => {
                self.wrong_type(value, &format!("`{key}` must be text"), "put it in quotes: '...'");
                None
            }
        }
    }

    /// Returns the list of strings under `key`, which is empty if the table does not have it. `thing` is what messages call one of them.
    pub(super) fn texts(&mut self, table: &Table<'_, '_>, key: &str, thing: &str) -> Vec<Text> {
        let remedy = format!("write {key} = [ '...', '...' ]");
        let mut texts = Vec::new();
        for value in self.list(table, key, "texts", &remedy) {
            match value.get_ref() {
                DeValue::String(text) => texts.push((text.to_string(), self.place(value, text))),
                _ => self.wrong_type(value, &format!("{thing} must be text"), &remedy),
            }
        }
        texts
    }

    /// Returns the values of the list under `key`, which is empty if the table does not have it. `things` is what messages call them.
    pub(super) fn list<'v, 'i>(
        &mut self,
        table: &Table<'v, 'i>,
        key: &str,
        things: &str,
        remedy: &str,
    ) -> &'v [Spanned<DeValue<'i>>] {
        let Some(value) = table.entries.get(key) else { return &[] };
        match value.get_ref() {
            DeValue::Array(values) => values,
            _ => {
                self.wrong_type(value, &format!("`{key}` must be a list of {things}"), remedy);
                &[]
            }
        }
    }

    /// Returns the boolean under `key`, or `false` if the table does not have it.
    pub(super) fn flag(&mut self, table: &Table<'_, '_>, key: &str) -> bool {
        let Some(value) = table.entries.get(key) else {
            return false;
        };
        match value.get_ref() {
            DeValue::Boolean(set) => *set,
            _ => {
                let remedy = format!("write {key} = true or {key} = false, without quotes");
                self.wrong_type(value, &format!("`{key}` must be true or false"), &remedy);
                false
            }
        }
    }

    /// Returns the position in the file of a string value.
    pub(super) fn place(&self, value: &Spanned<DeValue<'_>>, text: &str) -> Place {
        Place::of_text(&self.source.text, value.span(), text)
    }

    /// Reports every key that is not in `known`, a comma-separated list that is part of the message.
    pub(super) fn check_keys(&mut self, entries: &DeTable<'_>, known: &str, thing: &str) {
        for key in entries.keys() {
            if !known.split(", ").any(|known| known == key.get_ref()) {
                let remedy = format!("{thing} can have: {known}");
                self.report(&key.span(), format!("unknown key `{}`", key.get_ref()), "", &remedy);
            }
        }
    }

    /// Reports that a table does not have `key`.
    pub(super) fn missing(&mut self, table: &Table<'_, '_>, key: &str, remedy: &str) {
        self.report(&table.span, format!("{} has no `{key}`", table.thing), "", remedy);
    }

    /// Reports that a value has the wrong type. The label under the value names the actual type.
    pub(super) fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, message: &str, remedy: &str) {
        let label = match value.get_ref() {
            DeValue::String(_) => "this is text",
            DeValue::Integer(_) => "this is a whole number",
            DeValue::Float(_) => "this is a number",
            DeValue::Boolean(_) => "this is true or false",
            DeValue::Datetime(_) => "this is a date or time",
            DeValue::Array(_) => "this is a list",
            DeValue::Table(_) => "this is a table",
        };
        self.report(&value.span(), message.to_owned(), label, remedy);
    }
}
