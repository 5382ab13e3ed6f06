//! The archive as the parser is shown it: its sheets are not packed.
//!
//! A parser would unpack what it parses on its own thread. It is shown an archive whose directory says that sheets are
//! stored as they are, and wherever it begins to read a sheet, a thread of its own unpacks that ahead of it. Only two
//! fields of the directory are others than in the file: the method, and the size of what is stored; the checksum is
//! that of the unpacked bytes either way (APPNOTE.TXT, 4.3.12 and 4.4.7). A sheet for which that does not do is read as
//! it is.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use zip::{CompressionMethod, ZipArchive};

use super::guard::guarded;
use super::read_barrier::{BarrierReader, ReadBarrier};
use crate::source::input::Input;

/// Bytes that are unpacked in one go.
const CHUNK: usize = 64 * 1024;
/// Chunks that wait for the parser.
const CHUNKS_AHEAD: usize = 8;

/// Where the fields of a member are in the directory, from its own start (APPNOTE.TXT, 4.3.12).
const SIGNATURE: &[u8] = b"PK\x01\x02";
const METHOD: usize = 10;
const PACKED_SIZE: usize = 20;
const SIZE: usize = 24;
/// The fields up to there.
const FIELDS: usize = 28;

/// A sheet of the archive that is shown unpacked.
#[derive(Debug)]
struct Shown {
    index: usize,
    /// Where its packed bytes begin.
    data: u64,
    /// Where its entry in the directory is, and what is shown there.
    directory: u64,
    fields: [u8; FIELDS],
}

/// The sheets of an archive that are shown unpacked.
#[derive(Debug, Clone, Default)]
pub(super) struct ShownSheets(Arc<[Shown]>);

impl ShownSheets {
    /// Those of an archive's members that can be shown so, of these.
    pub(super) fn of<R: Read + Seek>(
        archive: &mut ZipArchive<R>,
        input: &Input,
        members: impl Iterator<Item = usize>,
    ) -> io::Result<Self> {
        let mut file = input.open();
        let mut sheets = Vec::new();
        for index in members {
            let Ok(member) = archive.by_index(index) else {
                continue;
            };
            let packed = member.compression() == CompressionMethod::Deflated
                && !member.encrypted()
                && member.compressed_size() > 0;
            let (Some(data), true) = (member.data_start(), packed) else {
                continue;
            };
            let directory = member.central_header_start();
            let mut fields = [0; FIELDS];
            file.seek(SeekFrom::Start(directory))?;
            file.read_exact(&mut fields)?;
            // Sizes that stand elsewhere, as those of large files do, are left alone.
            let stands = |at: usize, size: u64| {
                fields[at..at + 4] == size.to_le_bytes()[..4] && size < u64::from(u32::MAX)
            };
            if fields.starts_with(SIGNATURE)
                && stands(PACKED_SIZE, member.compressed_size())
                && stands(SIZE, member.size())
            {
                fields[METHOD..METHOD + 2].fill(0);
                fields.copy_within(SIZE..SIZE + 4, PACKED_SIZE);
                sheets.push(Shown {
                    index,
                    data,
                    directory,
                    fields,
                });
            }
        }
        Ok(Self(sheets.into()))
    }
}

/// A reader of the archive as the parser is shown it.
pub(super) struct Unpacked {
    inner: BarrierReader,
    at: u64,
    sheets: ShownSheets,
    input: Input,
    barrier: Arc<ReadBarrier>,
    /// The sheet being read, from its first byte on.
    sheet: Option<Pipe>,
}

impl Unpacked {
    pub(super) fn new(input: &Input, barrier: &Arc<ReadBarrier>, sheets: &ShownSheets) -> Self {
        Self {
            inner: BarrierReader::parser(input.open(), barrier),
            at: 0,
            sheets: sheets.clone(),
            input: input.clone(),
            barrier: Arc::clone(barrier),
            sheet: None,
        }
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = match &mut self.sheet {
            Some(pipe) => pipe.read(buffer)?,
            None => {
                let n = self.inner.read(buffer)?;
                for sheet in &*self.sheets.0 {
                    overlay(&mut buffer[..n], self.at, &sheet.fields, sheet.directory);
                }
                n
            }
        };
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Unpacked {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            // Where the inner reader stands is not where a sheet is read.
            SeekFrom::Current(by) => SeekFrom::Start(
                self.at
                    .checked_add_signed(by)
                    .ok_or(io::ErrorKind::InvalidInput)?,
            ),
            to => to,
        };
        self.at = self.inner.seek(to)?;
        let sheet = self.sheets.0.iter().find(|sheet| sheet.data == self.at);
        self.sheet = sheet
            .map(|sheet| Pipe::begin(&self.input, &self.barrier, sheet.index))
            .transpose()?;
        Ok(self.at)
    }
}

/// Puts `shown`, which begins at `place`, over bytes that begin at `at`.
fn overlay(bytes: &mut [u8], at: u64, shown: &[u8], place: u64) {
    for (place, shown) in (place..).zip(shown) {
        let index = place.checked_sub(at).map(usize::try_from);
        if let Some(Ok(index)) = index
            && let Some(byte) = bytes.get_mut(index)
        {
            *byte = *shown;
        }
    }
}

/// Unpacked bytes on their way.
struct Pipe {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    at: usize,
}

impl Pipe {
    fn begin(input: &Input, barrier: &Arc<ReadBarrier>, index: usize) -> io::Result<Self> {
        let (input, barrier) = (input.clone(), Arc::clone(barrier));
        let (outlet, chunks) = sync_channel(CHUNKS_AHEAD);
        thread::Builder::new()
            .name("unpack".to_owned())
            .spawn(move || {
                // What broke down is seen as an end that comes too early.
                guarded(|| unpack(&input, &barrier, index, &outlet));
            })?;
        Ok(Self {
            chunks,
            chunk: Vec::new(),
            at: 0,
        })
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            let Ok(next) = self.chunks.recv() else {
                return Ok(0);
            };
            (self.chunk, self.at) = (next?, 0);
        }
        let n = (&self.chunk[self.at..]).read(buffer)?;
        self.at += n;
        Ok(n)
    }
}

/// Unpacks a member of the archive, for as long as somebody takes it.
fn unpack(
    input: &Input,
    barrier: &Arc<ReadBarrier>,
    index: usize,
    outlet: &SyncSender<io::Result<Vec<u8>>>,
) {
    let all = || -> io::Result<()> {
        let packed = BarrierReader::parser(input.open(), barrier);
        let mut archive = ZipArchive::new(BufReader::new(packed))?;
        let mut member = archive.by_index(index)?;
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            (&mut member).take(CHUNK as u64).read_to_end(&mut chunk)?;
            if chunk.is_empty() || outlet.send(Ok(chunk)).is_err() {
                return Ok(());
            }
        }
    };
    if let Err(error) = all() {
        // Nobody waits for it any more where this is not taken.
        let _ = outlet.send(Err(error));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::SimpleFileOptions;

    use super::*;

    const SHEET: &str = "xl/worksheets/sheet1.xml";

    /// An archive with a sheet of these bytes, packed or not, between two parts.
    fn archive(sheet: &[u8], method: CompressionMethod) -> (tempfile::TempDir, Input) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("book.xlsx");
        let mut writer = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, bytes, options) in [
            ("[Content_Types].xml", &b"<Types/>"[..], packed),
            (SHEET, sheet, packed.compression_method(method)),
            ("xl/styles.xml", b"<styleSheet/>", packed),
        ] {
            writer.start_file(name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
        let (input, _) = Input::take(&path, &mut Vec::new()).unwrap();
        (dir, input)
    }

    fn shown(input: &Input) -> Unpacked {
        let mut real = ZipArchive::new(BufReader::new(input.open())).unwrap();
        let sheet = real.index_for_name(SHEET).unwrap();
        let sheets = ShownSheets::of(&mut real, input, std::iter::once(sheet)).unwrap();
        Unpacked::new(input, &Arc::default(), &sheets)
    }

    fn part(archive: &mut ZipArchive<BufReader<Unpacked>>, name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut member = archive.by_name(name).unwrap();
        member.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_sheet_is_read_unpacked_as_often_as_wanted() {
        let long: Vec<u8> = (0..400_000_u32)
            .flat_map(|n| n.to_string().into_bytes())
            .collect();
        for sheet in [&b"<worksheet/>"[..], &long] {
            for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
                let (_dir, input) = archive(sheet, method);
                let mut archive = ZipArchive::new(BufReader::new(shown(&input))).unwrap();
                let member = archive.by_name(SHEET).unwrap();
                assert_eq!(member.compression(), CompressionMethod::Stored);
                assert_eq!(member.compressed_size(), sheet.len() as u64);
                drop(member);
                // Its beginning, then all of it, then what lies before and behind it, then all of it again.
                let mut start = [0; 10];
                let mut member = archive.by_name(SHEET).unwrap();
                member.read_exact(&mut start).unwrap();
                drop(member);
                assert_eq!(start, sheet[..10]);
                assert!(part(&mut archive, SHEET) == sheet);
                assert_eq!(part(&mut archive, "[Content_Types].xml"), b"<Types/>");
                assert_eq!(part(&mut archive, "xl/styles.xml"), b"<styleSheet/>");
                assert!(part(&mut archive, SHEET) == sheet);
            }
        }
    }

    #[test]
    fn a_broken_sheet_is_an_error() {
        let long: Vec<u8> = (0..100_000_u32)
            .flat_map(|n| n.to_string().into_bytes())
            .collect();
        let (dir, input) = archive(&long, CompressionMethod::Deflated);
        let path = dir.path().join("book.xlsx");
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 100].fill(0xff);
        std::fs::write(&path, bytes).unwrap();
        let mut archive = ZipArchive::new(BufReader::new(shown(&input))).unwrap();
        let mut member = archive.by_name(SHEET).unwrap();
        assert!(member.read_to_end(&mut Vec::new()).is_err());
    }

    #[test]
    fn the_directory_differs_in_its_fields_however_it_is_read() {
        let (_dir, input) = archive(&[b'x'; 10_000], CompressionMethod::Deflated);
        let all = |step: usize| {
            let mut shown = shown(&input);
            let mut bytes = Vec::new();
            let mut buffer = vec![0; step];
            loop {
                let n = shown.read(&mut buffer).unwrap();
                if n == 0 {
                    break bytes;
                }
                bytes.extend_from_slice(&buffer[..n]);
            }
        };
        let mut real = Vec::new();
        input.open().read_to_end(&mut real).unwrap();
        let whole = all(real.len());
        let other = real.iter().zip(&whole).filter(|(a, b)| a != b).count();
        assert!((2..=6).contains(&other), "{other}");
        for step in 1..60 {
            assert!(all(step) == whole, "{step}");
        }
    }
}
