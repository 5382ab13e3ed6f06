//! Where a file's bytes come from: the file itself, or a copy of what was packed or piped.
//!
//! gzip and zip are unpacked, and standard input and named pipes are copied, into a temporary file without a name: it is
//! gone when the program ends, however it ends. Every pass then reads the same bytes, at any offset: a file is opened once,
//! so that another one put in its place meanwhile is not mistaken for it.
//! An archive that unpacks to far more than it weighs is refused before it can fill the disk.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::SourceError;
use super::file_reader::FileReader;
use super::named::SourceFile;
use super::stamp::Stamp;

/// The name that stands for standard input.
pub(super) const STANDARD_INPUT: &str = "-";

/// Unpacked bytes that are always allowed: a bomb has to be larger to do harm.
const SMALL_BYTES: u64 = 256 * 1024 * 1024;
/// Bytes that a packed byte may become. Tables reach 5 to 50; deflate can make 1,032 of one.
const LARGEST_RATIO: u64 = 200;
/// Wrappings around a table that are taken off: a gzip in a zip, but no nest of them.
const MOST_WRAPPINGS: usize = 2;

const GZIP: &[u8] = b"\x1f\x8b";
const ZIP: &[u8] = b"PK\x03\x04";
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Bytes that can be read again and again.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// As people call it.
    path: PathBuf,
    /// The file, or the copy.
    file: Arc<File>,
    /// Whether it is a copy of our own.
    is_copy: bool,
    /// The file as it was when it was opened; none of a pipe.
    stamp: Option<Stamp>,
}

/// What the first bytes say the input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outside {
    /// A zip archive that holds a workbook's parts.
    ZipWorkbook,
    /// An OLE document: an old workbook, or an encrypted new one.
    OleDocument,
    /// Something else: text, it is to be hoped.
    Plain,
}

impl Input {
    /// Takes a file by its own name.
    #[cfg(test)]
    pub(super) fn take(
        path: &Path,
        notes: &mut Vec<String>,
    ) -> Result<(Self, Outside), SourceError> {
        Self::take_file(&path.into(), notes)
    }

    /// Takes a file as it is, or unpacks it. Tells what was unpacked in `notes`.
    pub(super) fn take_file(
        file: &SourceFile,
        notes: &mut Vec<String>,
    ) -> Result<(Self, Outside), SourceError> {
        let path = file.shown.as_path();
        let mut input = Self::first(&file.at, path)?;
        for _ in 0..=MOST_WRAPPINGS {
            let mut magic = Vec::with_capacity(8);
            input
                .open()
                .take(8)
                .read_to_end(&mut magic)
                .map_err(|e| SourceError::open(path, e))?;
            if magic.starts_with(OLE) {
                return Ok((input, Outside::OleDocument));
            }
            if magic.starts_with(GZIP) {
                input = input.gunzip()?;
                notes.push("gzip was unpacked".to_owned());
            } else if magic.starts_with(EMPTY_ZIP) {
                return Err(input.archive("it is a zip archive without a file"));
            } else if magic.starts_with(ZIP) {
                match input.unzip()? {
                    None => return Ok((input, Outside::ZipWorkbook)),
                    Some((unpacked, name)) => {
                        notes.push(format!("\"{name}\" was unpacked from the zip archive"));
                        input = unpacked;
                    }
                }
            } else {
                return Ok((input, Outside::Plain));
            }
        }
        Err(input.archive("it is packed more than twice"))
    }

    /// Opens what was named. It may wait for whoever writes into a pipe.
    fn first(at: &Path, path: &Path) -> Result<Self, SourceError> {
        if at.as_os_str() == STANDARD_INPUT {
            return Self::piped(path, &mut io::stdin().lock());
        }
        let cannot = |e| SourceError::open(path, e);
        if std::fs::metadata(at).map_err(cannot)?.is_dir() {
            return Err(SourceError::IsFolder {
                path: path.to_owned(),
            });
        }
        let mut file = File::open(at).map_err(cannot)?;
        let meta = file.metadata().map_err(cannot)?;
        if !meta.is_file() {
            return Self::piped(path, &mut file);
        }
        if meta.len() == 0 {
            return Err(SourceError::Empty {
                path: path.to_owned(),
            });
        }
        let file = Arc::new(file);
        Ok(Self {
            path: path.to_owned(),
            stamp: Some(Stamp::of(Arc::clone(&file)).map_err(cannot)?),
            file,
            is_copy: false,
        })
    }

    /// A copy of what can be read only once.
    fn piped(path: &Path, from: &mut impl Read) -> Result<Self, SourceError> {
        let mut file = temporary(path)?;
        let copied = io::copy(from, &mut file).map_err(|e| SourceError::hold(path, e))?;
        if copied == 0 {
            return Err(SourceError::Empty {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            file: Arc::new(file),
            is_copy: true,
            stamp: None,
        })
    }

    /// A reader from the first byte. Readers do not disturb each other.
    pub(super) fn open(&self) -> FileReader {
        FileReader::new(Arc::clone(&self.file))
    }

    /// The file itself, for reading at any offset.
    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> io::Result<u64> {
        self.file.metadata().map(|m| m.len())
    }

    /// Whether the bytes are a copy, so that a change of the file no longer matters.
    pub(super) fn is_copy(&self) -> bool {
        self.is_copy
    }

    /// The file as it was when it was opened, also where its bytes were copied; none of a pipe.
    pub(super) fn stamp(&self) -> Option<&Stamp> {
        self.stamp.as_ref()
    }

    /// The file as the user named it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn is_named_as_workbook(&self) -> bool {
        let extension = self.path.extension().unwrap_or_default();
        ["xlsx", "xlsm", "xlsb", "ods"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    }

    fn archive(&self, reason: impl Into<String>) -> SourceError {
        SourceError::Archive {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    fn gunzip(&self) -> Result<Self, SourceError> {
        let packed = self.open();
        let weight = self.len().map_err(|e| SourceError::read(&self.path, e))?;
        // Several members behind each other are one file, as gzip itself reads them.
        self.hold(
            flate2::read::MultiGzDecoder::new(BufReader::new(packed)),
            weight,
        )
    }

    /// The one table in an archive; none where the archive is itself a workbook.
    fn unzip(&self) -> Result<Option<(Self, String)>, SourceError> {
        let packed = self.open();
        let mut archive = match zip::ZipArchive::new(BufReader::new(packed)) {
            Ok(archive) => archive,
            // The workbook reader says what is wrong with a workbook.
            Err(_) if self.is_named_as_workbook() => return Ok(None),
            Err(e) => return Err(self.archive(format!("its zip archive is broken: {e}"))),
        };
        let mut tables: Vec<(usize, String)> = Vec::new();
        for index in 0..archive.len() {
            let name = match archive.name_for_index(index) {
                Some(Ok(name)) => name.into_owned(),
                _ => continue,
            };
            if matches!(
                name.as_str(),
                "[Content_Types].xml" | "mimetype" | "Index/Document.iwa" | "Index.zip"
            ) {
                return Ok(None);
            }
            let file = name.rsplit('/').next().unwrap_or("");
            // Folders, and what macOS leaves in archives.
            if !file.is_empty() && !file.starts_with('.') && !name.starts_with("__MACOSX/") {
                tables.push((index, name));
            }
        }
        let [(index, name)] = tables.as_slice() else {
            let names: Vec<_> = tables.iter().take(5).map(|(_, n)| n.as_str()).collect();
            return Err(self.archive(format!(
                "its zip archive contains {} files ({}); one is expected, so unpack it and name the table",
                tables.len(),
                names.join(", ")
            )));
        };
        let member = archive.by_index(*index).map_err(|e| match e {
            zip::result::ZipError::UnsupportedArchive(zip::result::ZipError::PASSWORD_REQUIRED) => {
                SourceError::Encrypted {
                    path: self.path.clone(),
                }
            }
            e => self.archive(format!(
                "\"{name}\" in its zip archive cannot be unpacked: {e}"
            )),
        })?;
        let weight = member.compressed_size();
        Ok(Some((self.hold(member, weight)?, name.clone())))
    }

    /// Copies what `reader` unpacks from `weight` bytes.
    fn hold(&self, mut reader: impl Read, weight: u64) -> Result<Self, SourceError> {
        let mut file = temporary(&self.path)?;
        let limit = SMALL_BYTES.max(weight.saturating_mul(LARGEST_RATIO));
        let mut chunk = vec![0; 256 * 1024];
        let mut total = 0_u64;
        loop {
            let n = match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(self.archive(format!("it cannot be unpacked: {e}"))),
            };
            total += n as u64;
            if total > limit {
                return Err(self.archive(format!(
                    "it unpacks to more than {LARGEST_RATIO} times its size, as no table does"
                )));
            }
            file.write_all(&chunk[..n])
                .map_err(|e| SourceError::hold(&self.path, e))?;
        }
        if total == 0 {
            return Err(SourceError::Empty {
                path: self.path.clone(),
            });
        }
        Ok(Self {
            path: self.path.clone(),
            file: Arc::new(file),
            is_copy: true,
            stamp: self.stamp.clone(),
        })
    }
}

fn temporary(path: &Path) -> Result<File, SourceError> {
    tempfile::tempfile().map_err(|e| SourceError::hold(path, e))
}
