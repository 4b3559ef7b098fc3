//! Makes compressed files and archives with the encoders of other crates. They share nothing with the readers under test except
//! the format.

// The fuzz targets include this file and use only parts of it.
#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod events;

use std::io::{Cursor, Write as _};

use callcodes::unpack::{Codec, Format};

/// Every compressed format. Event logs are not among them, because they contain events and not any text.
pub(crate) const CODECS: [Codec; 5] = [Codec::Gzip, Codec::Zstd, Codec::Bzip2, Codec::Xz, Codec::Lz4];

/// Compresses `plain`.
pub(crate) fn compress(codec: Codec, plain: &[u8]) -> Vec<u8> {
    match codec {
        Codec::Gzip => {
            let mut encoder = flate2::GzBuilder::new()
                .filename("host.log")
                .comment("kept")
                .extra("extra")
                .write(Vec::new(), flate2::Compression::default());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        Codec::Zstd => {
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            ruzstd::encoding::compress_to_vec(plain, level)
        }
        Codec::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        Codec::Xz => {
            let options = lzma_rust2::XzOptions::with_preset(1);
            let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        Codec::Lz4 => {
            let info = lz4_flex::frame::FrameInfo::new()
                .block_size(lz4_flex::frame::BlockSize::Max64KB)
                .content_checksum(true);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        Codec::EventLog => panic!("an event log contains events: see `events`"),
    }
}

/// Every archive format. Mails are not among them, because a damaged mail is text.
pub(crate) const FORMATS: [Format; 4] = [Format::Zip, Format::Tar, Format::SevenZip, Format::Cab];

/// Returns an archive with these members, each with its name and its content.
pub(crate) fn pack(format: Format, members: &[(&str, &[u8])]) -> Vec<u8> {
    match format {
        Format::Tar => tar(members),
        Format::Zip => zip(members, zip::CompressionMethod::Deflated),
        Format::SevenZip => seven_zip(members),
        Format::Cab => cab(members),
        Format::Mail => panic!("a mail is text: see `tests/cmd/mail.toml`"),
    }
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

/// Returns a zip archive in which all members are compressed with `method`.
pub(crate) fn zip(members: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in members {
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Returns a 7z archive with all members in one block.
fn seven_zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = sevenz_rust2::ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    let entries = members.iter().map(|(name, _)| sevenz_rust2::ArchiveEntry::new_file(name)).collect();
    let contents = members.iter().map(|(_, bytes)| sevenz_rust2::SourceReader::new(*bytes)).collect();
    archive.push_archive_entries(entries, contents).unwrap();
    archive.finish().unwrap().into_inner()
}

/// Returns a cabinet with all members in one folder.
fn cab(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = cab::CabinetBuilder::new();
    let folder = builder.add_folder(cab::CompressionType::MsZip);
    for (name, _) in members {
        folder.add_file(name.replace('/', "\\"));
    }
    let mut archive = builder.build(Cursor::new(Vec::new())).unwrap();
    let mut bytes = members.iter().map(|(_, bytes)| bytes);
    while let Some(mut file) = archive.next_file().unwrap() {
        file.write_all(bytes.next().unwrap()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
