//! The file under an archive's writer. That writer, dropped before its end, tries to end the archive all the same, and
//! prints to standard error where it cannot: it shall have a file that takes everything once a write has failed.

use std::io::{self, Read, Seek, SeekFrom, Write};

/// A file that says once that it takes no more.
#[derive(Debug)]
pub(super) struct ArchiveFile<F> {
    file: F,
    has_failed: bool,
    /// Where the writer believes to be, after that.
    position: u64,
    end: u64,
}

impl<F> ArchiveFile<F> {
    pub(super) fn new(file: F) -> Self {
        Self {
            file,
            has_failed: false,
            position: 0,
            end: 0,
        }
    }

    fn checked<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        self.has_failed |= matches!(&done, Err(e) if e.kind() != io::ErrorKind::Interrupted);
        done
    }

    fn moved(&mut self, to: u64) {
        self.position = to;
        self.end = self.end.max(to);
    }
}

impl<F: Write> Write for ArchiveFile<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = if self.has_failed {
            bytes.len()
        } else {
            let written = self.file.write(bytes);
            self.checked(written)?
        };
        self.moved(self.position.saturating_add(written as u64));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.has_failed {
            return Ok(());
        }
        let flushed = self.file.flush();
        self.checked(flushed)
    }
}

impl<F: Seek> Seek for ArchiveFile<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = if self.has_failed {
            match to {
                SeekFrom::Start(at) => at,
                SeekFrom::Current(by) => self.position.saturating_add_signed(by),
                SeekFrom::End(by) => self.end.saturating_add_signed(by),
            }
        } else {
            let moved = self.file.seek(to);
            self.checked(moved)?
        };
        self.moved(at);
        Ok(at)
    }
}

impl<F: Read> Read for ArchiveFile<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A disk that is full after so many bytes.
    struct Full(Cursor<Vec<u8>>, u64);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0.position() + bytes.len() as u64 > self.1 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Full {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn a_full_disk_is_reported_once_and_the_rest_goes_nowhere() {
        for room in [0, 1, 30, 40, 100, 2_000] {
            let mut file = ArchiveFile::new(Full(Cursor::default(), room));
            {
                let mut zip = ZipWriter::new(&mut file);
                let stored =
                    SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
                let written = zip
                    .start_file("a", stored)
                    .map_err(io::Error::from)
                    .and_then(|()| zip.write_all(&[7; 5_000]));
                assert!(written.is_err(), "{room}");
                // What its own drop would print is what this says.
                assert!(zip.finish().is_ok(), "{room}");
            }
            assert!(file.has_failed);
        }
        let mut whole = ArchiveFile::new(Full(Cursor::default(), 10_000));
        let mut zip = ZipWriter::new(&mut whole);
        zip.start_file("a", SimpleFileOptions::default()).unwrap();
        zip.write_all(b"x").unwrap();
        zip.finish().unwrap();
        assert!(!whole.has_failed && !whole.file.0.get_ref().is_empty());
    }
}
