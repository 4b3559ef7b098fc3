//! The values of a file's tree, each of the type that its key wants, or told what is wrong with it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Reader;
use crate::pattern::definition::Place;

/// A text, and where it stands.
pub(super) type Text = (String, Place);

/// A table with its place: of a `[[pattern]]` its header.
pub(super) struct Table<'v, 'i> {
    pub(super) entries: &'v DeTable<'i>,
    pub(super) span: Range<usize>,
    /// What it is, with an article, for messages.
    pub(super) thing: &'static str,
}

impl Reader<'_> {
    /// The tables of a list of tables.
    pub(super) fn tables<'v, 'i>(
        &mut self,
        value: &'v Spanned<DeValue<'i>>,
        thing: &'static str,
        remedy: &str,
    ) -> Vec<Table<'v, 'i>> {
        let DeValue::Array(values) = value.get_ref() else {
            self.wrong_type(value, &format!("{thing} stands alone where a list is needed"), remedy);
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

    pub(super) fn required_text(&mut self, table: &Table<'_, '_>, key: &str, remedy: &str) -> Option<Text> {
        if !table.entries.contains_key(key) {
            self.missing(table, key, remedy);
        }
        self.text(table, key)
    }

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

    /// A switch, which is off where it is not set.
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

    pub(super) fn place(&self, value: &Spanned<DeValue<'_>>, text: &str) -> Place {
        Place::of_text(&self.source.text, value.span(), text)
    }

    /// `known`: what keys there are, as a list for people.
    pub(super) fn check_keys(&mut self, entries: &DeTable<'_>, known: &str, thing: &str) {
        for key in entries.keys() {
            if !known.split(", ").any(|known| known == key.get_ref()) {
                let remedy = format!("{thing} can have: {known}");
                self.report(&key.span(), format!("unknown key `{}`", key.get_ref()), "", &remedy);
            }
        }
    }

    pub(super) fn missing(&mut self, table: &Table<'_, '_>, key: &str, remedy: &str) {
        self.report(&table.span, format!("{} has no `{key}`", table.thing), "", remedy);
    }

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
