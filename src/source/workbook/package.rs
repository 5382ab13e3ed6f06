//! Workbooks that are zip archives (XLSX, XLSB, ODS), looked at before a parser takes them in.
//!
//! What a parser loads whole is measured first, so that a small file cannot unpack into all of memory; and
//! what calamine does not report is read here: see [`SheetScan`] and [`OdsScan`].

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use zip::ZipArchive;

use super::binary_looks::{self, BinaryLooks};
use super::damage::{broken, too_large};
use super::facts::Facts;
use super::kind::Kind;
use super::ods_scan::OdsScan;
use super::plain::is_plain;
use super::read_barrier::{BarrierReader, ReadBarrier};
use super::sheet_scan::SheetScan;
use super::unpacked::ShownSheets;
use super::xml::{PartName, Tag, XmlEvent, walk};
use crate::source::error::SourceError;
use crate::source::flow::Flow;
use crate::source::input::Input;

/// Bytes that a part loaded whole may unpack to: shared strings, styles.
const PART_BYTES: u64 = 256 * 1024 * 1024;
/// A packed part below this size cannot become large: deflate makes at most 1,032 bytes of one.
const HARMLESS_BYTES: u64 = 64 * 1024;
/// Shared strings and styles of so many bytes that unpack to more than so many times their size were made to fill memory: texts
/// that differ, and formats, do not pack so well. Caches of pivot tables, and rows of an ODS workbook, may.
const DOUBTFUL_BYTES: u64 = 32 * 1024 * 1024;
const LARGEST_RATIO: u64 = 200;
/// Bytes that the streamed sheet may unpack to: the largest sheet Excel can hold, generously.
const SHEET_BYTES: u64 = 16 * 1024 * 1024 * 1024;
/// Shared strings that a workbook may promise without their being counted: most have a few thousand.
const BELIEVED_STRINGS: u64 = 100_000;

/// An opened archive.
pub(super) struct Package {
    archive: ZipArchive<BufReader<BarrierReader>>,
    barrier: Arc<ReadBarrier>,
    input: Input,
    names: Vec<String>,
    sheets: ShownSheets,
}

impl Package {
    /// Opens the archive and refuses parts that would not fit in memory.
    pub(super) fn open(
        input: &Input,
        barrier: &Arc<ReadBarrier>,
    ) -> Result<(Self, Kind), SourceError> {
        let path = input.path();
        let stream = input.open();
        let archive = ZipArchive::new(BufReader::new(BarrierReader::scanner(stream, barrier)))
            .map_err(|e| broken(path, format!("its zip archive is broken: {e}")))?;
        let names: Vec<String> = (0..archive.len())
            .map(|i| match archive.name_for_index(i) {
                Some(Ok(name)) => name.into_owned(),
                _ => String::new(),
            })
            .collect();
        refuse_others(input, &names)?;
        let kind = if names.iter().any(|n| n == "mimetype") {
            Kind::Ods
        } else if names.iter().any(|n| n.ends_with("workbook.bin")) {
            Kind::Xlsb
        } else {
            Kind::Xlsx
        };
        let mut package = Self {
            archive,
            barrier: Arc::clone(barrier),
            input: input.clone(),
            names,
            sheets: ShownSheets::default(),
        };
        package.measure()?;
        package.check_shared_strings()?;
        let sheets = package.parts(|role| matches!(role, Role::XmlSheet | Role::BinarySheet));
        package.sheets = ShownSheets::of(&mut package.archive, input, sheets.into_iter())
            .map_err(|e| SourceError::read(path, e))?;
        Ok((package, kind))
    }

    /// What a parser may be shown unpacked.
    pub(super) fn sheets(&self) -> &ShownSheets {
        &self.sheets
    }

    /// The numbers of the parts that have such a role.
    fn parts(&self, is_wanted: impl Fn(Role) -> bool) -> Vec<usize> {
        let parts = self.names.iter().enumerate();
        parts
            .filter(|(_, name)| is_wanted(Role::of(name)))
            .map(|(index, _)| index)
            .collect()
    }

    /// Unpacks, and throws away, every part that a parser loads whole.
    fn measure(&mut self) -> Result<(), SourceError> {
        for index in self.parts(|role| role == Role::LoadedWhole) {
            let part = self.names[index].to_ascii_lowercase();
            let name = PartName {
                book: self.input.path(),
                part: &part,
            };
            let member = self
                .archive
                .by_index(index)
                .map_err(|e| name.unreadable(&e))?;
            if member.compressed_size() < HARMLESS_BYTES {
                continue;
            }
            let packed = member.compressed_size();
            let mut limited = member.take(PART_BYTES + 1);
            let size = io::copy(&mut limited, &mut io::sink()).map_err(|e| name.unreadable(&e))?;
            if size > PART_BYTES {
                return Err(too_large(
                    self.input.path(),
                    format!("\"{part}\" in it unpacks to more than 256 MiB"),
                ));
            }
            let is_kept = part.contains("sharedstrings") || part.contains("styles");
            if is_kept && size > DOUBTFUL_BYTES && size / LARGEST_RATIO > packed {
                return Err(too_large(
                    self.input.path(),
                    format!("\"{part}\" in it unpacks to more than 200 times its size"),
                ));
            }
        }
        Ok(())
    }

    /// The number of shared strings that is promised is reserved at once; a lie would take all memory.
    fn check_shared_strings(&mut self) -> Result<(), SourceError> {
        let strings = |name: &String| name.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let Some(index) = self.names.iter().position(strings) else {
            return Ok(());
        };
        let (mut promised, mut read) = (0_u64, 0_u64);
        self.walk(index, PART_BYTES, &mut |event| {
            let XmlEvent::Start(tag) = event else {
                return Ok(Flow::More);
            };
            match tag.name().local() {
                "sst" => {
                    let count = tag.attribute("uniqueCount").and_then(|v| v.parse().ok());
                    promised = count.unwrap_or(0);
                    if promised <= BELIEVED_STRINGS {
                        return Ok(Flow::Enough);
                    }
                }
                "si" => read += 1,
                _ => {}
            }
            Ok(if read < promised {
                Flow::More
            } else {
                Flow::Enough
            })
        })?;
        if promised > BELIEVED_STRINGS && read < promised {
            return Err(broken(
                self.input.path(),
                format!("it promises {promised} shared strings and has {read}"),
            ));
        }
        Ok(())
    }

    /// Finds the sheet's part and has the parser read it behind [`Package::sheet_facts`].
    pub(super) fn hold_back_sheet(&mut self, sheet: &str) -> Option<usize> {
        let part = self.sheet_part(sheet)?;
        let member = self.archive.by_index(part).ok()?;
        let start = member.data_start()?;
        let bytes = start..start + member.compressed_size();
        drop(member);
        self.barrier.hold_back(bytes);
        Some(part)
    }

    /// What the sheet of an XLSX workbook holds beside its values. Where its part is not known, all sheets are looked
    /// at for their size, and nothing is known of the one.
    pub(super) fn sheet_facts(&mut self, part: Option<usize>) -> Result<Facts, SourceError> {
        let scanner = self.barrier.scan();
        let parts = match part {
            Some(index) => vec![index],
            None => self.parts(|role| role == Role::XmlSheet),
        };
        let is_known = parts.len() == 1;
        let mut facts = Facts::default();
        for index in parts {
            let found = self.scan_sheet(index)?;
            if is_known {
                facts = found;
            }
        }
        scanner.accept();
        Ok(facts)
    }

    fn scan_sheet(&mut self, index: usize) -> Result<Facts, SourceError> {
        let barrier = Arc::clone(&self.barrier);
        let is_plain = self.archive.by_index(index).is_ok_and(|member| {
            let looked = is_plain(member.take(SHEET_BYTES), &|| barrier.advance());
            looked.is_ok_and(|plain| plain)
        });
        if is_plain {
            return Ok(Facts::default());
        }
        let input = self.input.clone();
        let mut scan = SheetScan::new(input.path());
        self.walk(index, SHEET_BYTES, &mut |event| scan.see(&event))?;
        Ok(scan.facts)
    }

    /// Refuses an ODS workbook whose repeated rows and cells would fill memory; finds the sheet's hidden rows.
    pub(super) fn ods_facts(&mut self, sheet: Option<&str>) -> Result<Facts, SourceError> {
        let input = self.input.clone();
        if self.is_encrypted() {
            return Err(SourceError::Encrypted {
                path: input.path().to_owned(),
            });
        }
        let Some(content) = self.index_of("content.xml") else {
            return Err(broken(input.path(), "it has no content.xml"));
        };
        let mut scan = OdsScan::new(input.path(), sheet);
        self.walk(content, PART_BYTES, &mut |event| scan.see(&event))?;
        Ok(scan.facts)
    }

    /// Whether an ODS workbook asks for a password. Source: ODF 1.3 part 2, 4.8.
    fn is_encrypted(&mut self) -> bool {
        let manifest = self.index_of("META-INF/manifest.xml");
        let found = manifest.and_then(|manifest| {
            self.find(manifest, |tag| {
                (tag.name().local() == "encryption-data").then_some(())
            })
        });
        found.is_some()
    }

    /// The looks of the cells of a sheet of an XLSB workbook; none where no cell needs one, and where the workbook does not
    /// say where the sheet is: its parser refuses it then.
    pub(super) fn binary_looks(&mut self, sheet: &str) -> Option<BinaryLooks> {
        let styles = self.index_of("xl/styles.bin")?;
        let member = self.archive.by_index(styles).ok()?;
        let styles = binary_looks::read_styles(member.take(PART_BYTES)).ok()??;
        let book = self
            .names
            .iter()
            .position(|n| n.ends_with("workbook.bin"))?;
        let member = self.archive.by_index(book).ok()?;
        let (relation, from_1904) = binary_looks::read_book(member.take(PART_BYTES), sheet).ok()?;
        Some(BinaryLooks {
            part: self.target_of(book, &relation?)?,
            from_1904,
            styles,
        })
    }

    fn index_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n.eq_ignore_ascii_case(name))
    }

    /// The archive's part of a sheet, by the workbook's own list and relations.
    pub(super) fn sheet_part(&mut self, sheet: &str) -> Option<usize> {
        let book = self
            .names
            .iter()
            .position(|n| n.ends_with("workbook.xml"))?;
        let relation = self.find(book, |tag| {
            let is_it =
                tag.name().local() == "sheet" && tag.attribute("name").as_deref() == Some(sheet);
            is_it.then(|| tag.prefixed_attribute("id")).flatten()
        })?;
        self.target_of(book, &relation)
    }

    /// The part that a part's relation of this id names.
    fn target_of(&mut self, part: usize, relation: &str) -> Option<usize> {
        let relations = self.relations_of(part)?;
        let target = self.find(relations, |tag| {
            let is_it = tag.name().local() == "Relationship"
                && tag.attribute("Id").as_deref() == Some(relation);
            is_it.then(|| tag.attribute("Target")).flatten()
        })?;
        self.resolve(part, &target)
    }

    /// The parts that a part names in relations of a type that ends so.
    pub(super) fn targets(&mut self, part: usize, kind: &str) -> Vec<usize> {
        let mut targets = Vec::new();
        if let Some(relations) = self.relations_of(part) {
            let _: Option<()> = self.find(relations, |tag| {
                let is_it = tag.name().local() == "Relationship"
                    && tag.attribute("Type").is_some_and(|t| t.ends_with(kind));
                targets.extend(is_it.then(|| tag.attribute("Target")).flatten());
                None
            });
        }
        let found = targets
            .iter()
            .filter_map(|target| self.resolve(part, target));
        found.collect()
    }

    /// The part of another part's relations.
    fn relations_of(&self, part: usize) -> Option<usize> {
        let (folder, file) = split_name(&self.names[part]);
        self.index_of(&format!("{folder}_rels/{file}.rels"))
    }

    /// The part that a relation of another part names, from its folder or from the root.
    fn resolve(&self, from: usize, target: &str) -> Option<usize> {
        if let Some(absolute) = target.strip_prefix('/') {
            return self.index_of(absolute);
        }
        let (mut folder, _) = split_name(&self.names[from]);
        let mut rest = target;
        while let Some(above) = rest.strip_prefix("../") {
            folder = split_name(folder.strip_suffix('/')?).0;
            rest = above;
        }
        self.index_of(&format!("{folder}{rest}"))
    }

    /// The first thing that `look` finds in the tags of a part.
    pub(super) fn find<T>(
        &mut self,
        index: usize,
        mut look: impl FnMut(Tag<'_>) -> Option<T>,
    ) -> Option<T> {
        let mut found = None;
        let walked = self.walk(index, PART_BYTES, &mut |event| {
            if let XmlEvent::Start(tag) = event {
                found = look(tag);
            }
            Ok(if found.is_none() {
                Flow::More
            } else {
                Flow::Enough
            })
        });
        walked.ok().and(found)
    }

    /// Walks the events of a part, `limit` bytes of it at most.
    fn walk(
        &mut self,
        index: usize,
        limit: u64,
        each: &mut dyn FnMut(XmlEvent<'_>) -> Result<Flow, SourceError>,
    ) -> Result<(), SourceError> {
        let name = PartName {
            book: self.input.path(),
            part: &self.names[index],
        };
        let member = self
            .archive
            .by_index(index)
            .map_err(|e| name.unreadable(&e))?;
        let barrier = &self.barrier;
        walk(name, member.take(limit), &|| barrier.advance(), each)
    }
}

/// Documents of other programs, by the beginning of a name that a part of each has.
const OTHERS: [(&str, &str, &str); 4] = [
    (
        "word/document",
        "a Word document",
        "Copy its table into a workbook and save that as XLSX",
    ),
    (
        "ppt/presentation",
        "a PowerPoint presentation",
        "Name the export instead",
    ),
    (
        "index/document.iwa",
        "an Apple Numbers document",
        IN_NUMBERS,
    ),
    ("index.zip", "an Apple Numbers document", IN_NUMBERS),
];
const IN_NUMBERS: &str = "In Numbers: File, Export To, Excel";

/// Refuses an archive of another program.
fn refuse_others(input: &Input, names: &[String]) -> Result<(), SourceError> {
    let has = |start: &str| (names.iter()).any(|n| n.to_ascii_lowercase().starts_with(start));
    match OTHERS.iter().find(|(start, ..)| has(start)) {
        Some((_, what, advice)) => Err(SourceError::OtherFormat {
            path: input.path().to_owned(),
            what: (*what).to_owned(),
            advice: (*advice).to_owned(),
        }),
        None => Ok(()),
    }
}

/// A part's folder, with its slash, and its own name.
fn split_name(name: &str) -> (&str, &str) {
    let at = name.rfind('/').map_or(0, |slash| slash + 1);
    name.split_at(at)
}

/// What a part of an archive is to the parsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A sheet, which is streamed.
    XmlSheet,
    BinarySheet,
    /// Shared strings, styles, relations, the workbook itself.
    LoadedWhole,
    /// Pictures and the like, which no parser looks at.
    Ignored,
}

impl Role {
    fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let is_sheet = name.contains("/worksheets/");
        // Not `Path::extension`: the name of the archive's own relations is `.rels`, an extension only.
        match name.rsplit('.').next() {
            Some("xml") if is_sheet => Role::XmlSheet,
            Some("bin") if is_sheet => Role::BinarySheet,
            Some("xml" | "bin" | "rels") => Role::LoadedWhole,
            _ => Role::Ignored,
        }
    }
}
