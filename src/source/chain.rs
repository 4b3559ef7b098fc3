//! What a source turned out to be, layer by layer: `zip > gzip > UTF-16LE text`.

use std::fmt;

use crate::units::Written;
use crate::unpack::{Codec, Format};

/// What had to be unpacked to come to a text, outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain(Vec<Layer>);

/// One layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// An archive, of which one member was taken.
    Archive(Format),
    /// Compression.
    Codec(Codec),
}

impl Chain {
    /// How many layers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none: the text lies there as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The layers, outermost first.
    pub fn iter(&self) -> impl Iterator<Item = &Layer> {
        self.0.iter()
    }

    /// How many archives are around it.
    #[must_use]
    pub fn archives(&self) -> usize {
        self.0.iter().filter(|layer| matches!(layer, Layer::Archive(_))).count()
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

/// What a source is: its layers and the text in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct What {
    /// What is around the text.
    pub chain: Chain,
    /// How the text is written.
    pub written: Written,
}
