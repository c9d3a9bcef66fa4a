//! A bundle as a zip archive, the same bytes for the same evidence.

use crate::bundle::BundleError;
use crate::bundle::Files;
use jiff::Timestamp;
use std::io;
use std::path::Path;

/// Whether a path is to be an archive.
pub(crate) fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

/// Reads all files of an archive.
#[cfg(feature = "archives")]
pub(crate) fn read(path: &Path) -> Result<Files, BundleError> {
    use std::fs::File;
    use std::io::Read;
    let file = File::open(path).map_err(BundleError::Read)?;
    // Evidence is not packed so well that what is packed is larger.
    if file.metadata().map_err(BundleError::Read)?.len() > super::MOST_BYTES {
        return Err(BundleError::TooLarge("it is an archive of more than 1 GiB"));
    }
    let mut archive = zip::ZipArchive::new(file).map_err(|_| BundleError::NoArchive)?;
    if archive.len() > super::MOST_FILES {
        return Err(BundleError::TooLarge("it has more than 100,000 files"));
    }
    if archive.has_duplicate_names() {
        return Err(BundleError::Twice("one of its files".to_owned()));
    }
    let mut intake = super::Intake::default();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|_| BundleError::NoArchive)?;
        let name = std::str::from_utf8(entry.name_raw()).map_err(|_| BundleError::Name("?".to_owned()))?.to_owned();
        if let Some(folder) = name.strip_suffix('/').filter(|_| entry.size() == 0) {
            // Other programs list folders, too.
            super::check_name(folder)?;
            continue;
        }
        super::check_name(&name)?;
        if entry.is_symlink() || entry.encrypted() || !is_regular(entry.unix_mode()) {
            return Err(BundleError::NotRegular(super::shown(&name)));
        }
        drop(entry);
        let entry = archive.by_index(index).map_err(|_| BundleError::NoArchive)?;
        let mut bytes = Vec::new();
        entry.take(intake.room()).read_to_end(&mut bytes).map_err(|_| BundleError::NoArchive)?;
        intake.add(&name, bytes)?;
    }
    Ok(intake.files)
}

/// Whether a mode as Unix has it, where there is one, is that of a file.
#[cfg(feature = "archives")]
fn is_regular(mode: Option<u32>) -> bool {
    mode.is_none_or(|mode| matches!(mode & 0o170_000, 0 | 0o100_000))
}

/// The bytes of an archive of files, which all have this time.
#[cfg(feature = "archives")]
pub(crate) fn to_bytes(files: &Files, time: Timestamp) -> io::Result<Vec<u8>> {
    use std::io::Cursor;
    use std::io::Write;
    use zip::CompressionMethod;
    use zip::DateTime;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;
    let civil = time.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let number = |number: i8| u8::try_from(number).unwrap_or_default();
    let time = DateTime::from_date_and_time(
        u16::try_from(civil.year()).unwrap_or_default(),
        number(civil.month()),
        number(civil.day()),
        number(civil.hour()),
        number(civil.minute()),
        number(civil.second()),
    );
    // A time that the format cannot hold is its first one.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(time.unwrap_or_default())
        .unix_permissions(0o600);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name.as_str(), options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Without a reader of archives.
#[cfg(not(feature = "archives"))]
pub(crate) fn read(_path: &Path) -> Result<Files, BundleError> {
    Err(BundleError::NoArchives)
}

/// Without a writer of archives.
#[cfg(not(feature = "archives"))]
pub(crate) fn to_bytes(_files: &Files, _time: Timestamp) -> io::Result<Vec<u8>> {
    Err(io::Error::other(BundleError::NoArchives))
}

#[cfg(feature = "archives")]
#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Cursor;
    use std::io::Write;
    use zip::CompressionMethod;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn files() -> Files {
        let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        Files::from([file("README.md", "a"), file("ledger/head", "0"), file("cards/x.card.json", "{}")])
    }

    fn at(text: &str) -> Timestamp {
        crate::support::time::parse(text).unwrap()
    }

    fn read_bytes(bytes: &[u8]) -> Result<Files, BundleError> {
        let case = tempfile::tempdir().unwrap();
        let path = case.path().join("bundle.zip");
        fs::write(&path, bytes).unwrap();
        read(&path)
    }

    fn written(fill: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>, SimpleFileOptions)) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        fill(&mut writer, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated));
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn an_archive_reads_back_and_is_the_same_for_the_same_files() {
        let bytes = to_bytes(&files(), at("2017-07-01T09:00:00Z")).unwrap();
        assert_eq!(bytes, to_bytes(&files(), at("2017-07-01T09:00:00Z")).unwrap());
        assert_ne!(bytes, to_bytes(&files(), at("2017-07-02T09:00:00Z")).unwrap());
        assert_eq!(read_bytes(&bytes).unwrap(), files());
        // One whose time the format cannot hold.
        assert_eq!(read_bytes(&to_bytes(&files(), at("1970-01-01T00:00:00Z")).unwrap()).unwrap(), files());
        assert!(is_archive(Path::new("a/b.ZIP")) && !is_archive(Path::new("zip")));
    }

    #[test]
    fn hostile_archives_are_refused() {
        for name in ["../x", "/etc/passwd", "a/../../x", "a\\b", "C:/x"] {
            let bytes = written(|writer, options| {
                writer.start_file(name, options).unwrap();
                writer.write_all(b"x").unwrap();
            });
            assert!(matches!(read_bytes(&bytes), Err(BundleError::Name(_))), "{name}");
        }
        let link = written(|writer, options| writer.add_symlink("link", "/etc/passwd", options).unwrap());
        assert!(matches!(read_bytes(&link), Err(BundleError::NotRegular(_))));
        // A name twice: made of two names of one length, in the file's record and in the directory.
        let twice = written(|writer, options| {
            for name in ["one", "two"] {
                writer.start_file(name, options).unwrap();
                writer.write_all(b"x").unwrap();
            }
        });
        let twice: Vec<u8> = {
            let mut bytes = twice;
            while let Some(at) = bytes.windows(3).position(|window| window == b"two") {
                bytes.splice(at..at + 3, *b"one");
            }
            bytes
        };
        assert!(matches!(read_bytes(&twice), Err(BundleError::Twice(_))));
        let case = written(|writer, options| {
            for name in ["cards/a", "cards/A"] {
                writer.start_file(name, options).unwrap();
            }
        });
        assert!(matches!(read_bytes(&case), Err(BundleError::Twice(_))));
        // 65 MiB of nothing, which packs well.
        let bomb = written(|writer, options| {
            writer.start_file("bomb", options).unwrap();
            for _ in 0..65 {
                writer.write_all(&vec![0; 1 << 20]).unwrap();
            }
        });
        assert!(bomb.len() < 1 << 20);
        assert!(matches!(read_bytes(&bomb), Err(BundleError::TooLarge(_))));
        let good = to_bytes(&files(), at("2017-07-01T09:00:00Z")).unwrap();
        for bad in [&b""[..], b"PK\x03\x04", b"not a zip", &good[..good.len() - 30]] {
            assert!(matches!(read_bytes(bad), Err(BundleError::NoArchive)));
        }
    }
}
