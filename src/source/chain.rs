//! The layers of a source that were recognised, from the outside to the text: `zip > gzip > UTF-16LE text`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::Written;
use crate::unpack::{Codec, Format};

/// The layers that were unpacked to get to a text, outermost first. It is displayed as `zip > gzip`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain(Vec<Layer>);

/// One layer around a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layer {
    /// An archive, from which one member was read.
    Archive(Format),
    /// A compressed stream, or an event log.
    Codec(Codec),
    /// Events that Windows has exported.
    Events,
}

impl Chain {
    /// Returns the number of layers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no layers, so that the text is stored as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Iterates over the layers, outermost first.
    pub fn iter(&self) -> impl Iterator<Item = &Layer> {
        self.0.iter()
    }

    /// Returns how many of the layers are archives.
    #[must_use]
    pub fn archives(&self) -> usize {
        self.0.iter().filter(|layer| matches!(layer, Layer::Archive(_))).count()
    }

    /// Whether the text consists of events.
    pub(super) fn ends_with_events(&self) -> bool {
        matches!(self.0.last(), Some(Layer::Codec(Codec::EventLog) | Layer::Events))
    }

    pub(super) fn push(&mut self, layer: Layer) {
        self.0.push(layer);
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layer::Archive(format) => format.fmt(f),
            Layer::Codec(codec) => codec.fmt(f),
            Layer::Events => f.write_str("exported events"),
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, layer) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { " > " })?;
            layer.fmt(f)?;
        }
        Ok(())
    }
}

/// A description of a source: its layers, and the encoding of the text inside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct What {
    /// The layers around the text.
    pub chain: Chain,
    /// How the text is encoded.
    pub written: Written,
}
