//! The file of a job, put away after a good run: only the file that was read, and over nothing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::source::Stamp;

/// What became of the file.
#[derive(Debug, PartialEq, Eq)]
enum Archived {
    /// It lies in the archive, under this name.
    Moved(PathBuf),
    /// Its name leads to another file by now, or that one was changed since it was read: it was left where it is.
    Left,
}

/// Moves the file that was `read` from `path` into `folder`, which is made. A name that is taken gets a number. False where
/// its name leads to another file by now, or that one was changed since it was read: then it is left where it is.
pub(super) fn archive(read: &Stamp, path: &Path, folder: &Path) -> io::Result<bool> {
    Ok(matches!(moved(read, path, folder)?, Archived::Moved(_)))
}

fn moved(read: &Stamp, path: &Path, folder: &Path) -> io::Result<Archived> {
    // What was read, not a link that leads to it.
    let path = match fs::canonicalize(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Archived::Left),
        path => path?,
    };
    if !is_at(read, &path)? {
        return Ok(Archived::Left);
    }
    fs::create_dir_all(folder)?;
    let (place, file) = free_place(folder, &name_of(&path))?;
    match fs::rename(&path, &place) {
        Ok(()) if is_at(read, &place)? => Ok(Archived::Moved(place)),
        // Another one took the name since it was looked at.
        Ok(()) => put_back(&place, &path).map(|()| Archived::Left),
        Err(_) => {
            let copied = copy(read, &path, file, &place);
            if !matches!(copied, Ok(Archived::Moved(_))) {
                // A copy of our own, half of it perhaps.
                let _ = fs::remove_file(&place);
            }
            copied
        }
    }
}

/// The way into another file system: the bytes that were read are copied and on the disk before the file is removed.
fn copy(read: &Stamp, path: &Path, mut file: File, place: &Path) -> io::Result<Archived> {
    read.copy_to(&mut file)?;
    file.sync_all()?;
    // A folder's entry is on the disk only when the folder is; not every system lets one do that.
    let _ = place
        .parent()
        .map(File::open)
        .map(|f| f.and_then(|f| f.sync_all()));
    // Taken aside, so that what is removed is what is looked at, whatever comes to the name meanwhile.
    let (aside, _) = free_place(
        path.parent().unwrap_or(Path::new(".")),
        &format!(".{}.archived", name_of(path)),
    )?;
    fs::rename(path, &aside).inspect_err(|_| drop(fs::remove_file(&aside)))?;
    if is_at(read, &aside)? {
        fs::remove_file(&aside)?;
        return Ok(Archived::Moved(place.to_owned()));
    }
    put_back(&aside, path).map(|()| Archived::Left)
}

/// Whether `path` leads to the file that was read; what is not there, does not.
fn is_at(read: &Stamp, path: &Path) -> io::Result<bool> {
    match read.is_at(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        answer => answer,
    }
}

/// Gives a file its name back, unless another one has it by now.
fn put_back(from: &Path, to: &Path) -> io::Result<()> {
    let linked = fs::hard_link(from, to);
    match linked {
        Ok(()) => fs::remove_file(from),
        // Where there are no links.
        Err(_) if !to.exists() => fs::rename(from, to),
        Err(_) => Err(io::Error::other(format!(
            "two files took its name while it was moved; the first of them was not read and is now {}",
            from.display()
        ))),
    }
}

/// A new file in `folder`, which nobody else has.
fn free_place(folder: &Path, name: &str) -> io::Result<(PathBuf, File)> {
    for name in numbered(name) {
        let place = folder.join(name);
        match File::options().write(true).create_new(true).open(&place) {
            Ok(file) => return Ok((place, file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The names that a file may have in an archive: its own, then with a number before its endings.
pub(super) fn numbered(name: &str) -> impl Iterator<Item = String> + Send {
    let (stem, endings) = name_and_endings(name);
    let (stem, endings) = (stem.to_owned(), endings.to_owned());
    (1_u32..).map(move |number| match number {
        1 => format!("{stem}{endings}"),
        n => format!("{stem}.{n}{endings}"),
    })
}

/// A file's name cut where the number of a second one of that name stands: before its endings.
pub(super) fn name_and_endings(name: &str) -> (&str, &str) {
    // A dot at the beginning begins no ending.
    let dot = name.char_indices().skip(1).find(|(_, c)| *c == '.');
    name.split_at(dot.map_or(name.len(), |(at, _)| at))
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, SourceOptions};

    type Change = fn(&Path);

    fn opened(path: &Path) -> Stamp {
        let source = Source::open(path, &SourceOptions::default()).unwrap();
        source.stamp().unwrap().clone()
    }

    #[test]
    fn only_the_file_that_was_read_is_moved() {
        let dir = tempfile::tempdir().unwrap();
        let (path, done) = (dir.path().join("a.csv"), dir.path().join("done"));
        let text = "Id,Name\n1,One\n";
        let changes: [(Change, bool); 5] = [
            (|_| {}, true),
            (
                |path| fs::write(path, "Id,Name\n1,One\n2,Two\n").unwrap(),
                false,
            ),
            // Another file of the same length and the same time.
            (
                |path| {
                    let time = fs::metadata(path).unwrap().modified().unwrap();
                    let new = path.with_extension("new");
                    fs::write(&new, "Id,Name\n2,Two\n").unwrap();
                    let file = File::options().write(true).open(&new).unwrap();
                    file.set_modified(time).unwrap();
                    fs::rename(new, path).unwrap();
                },
                !cfg!(unix),
            ),
            (
                |path| {
                    let file = File::options().write(true).open(path).unwrap();
                    file.set_modified(std::time::UNIX_EPOCH).unwrap();
                },
                false,
            ),
            (|path| fs::remove_file(path).unwrap(), false),
        ];
        for (index, (change, moves)) in changes.into_iter().enumerate() {
            fs::write(&path, text).unwrap();
            let read = opened(&path);
            change(&path);
            let before = fs::read(&path).ok();
            let archived = moved(&read, &path, &done).unwrap();
            assert_eq!(matches!(archived, Archived::Moved(_)), moves, "{index}");
            if !moves {
                assert_eq!(
                    fs::read(&path).ok(),
                    before,
                    "{index}: it was left as it is"
                );
            }
        }
        assert_eq!(fs::read_dir(&done).unwrap().count(), 1);
    }

    #[test]
    fn nothing_in_the_archive_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let done = dir.path().join("done");
        for (name, then) in [
            ("a.csv.gz", ["a.csv.gz", "a.2.csv.gz", "a.3.csv.gz"]),
            ("a", ["a", "a.2", "a.3"]),
            (".a.csv", [".a.csv", ".a.2.csv", ".a.3.csv"]),
        ] {
            let path = dir.path().join(name);
            for (number, expected) in then.into_iter().enumerate() {
                let text = format!("Id,Name\n{number},{name}\n");
                fs::write(&path, &text).unwrap();
                let archived = moved(&opened(&path), &path, &done).unwrap();
                assert_eq!(archived, Archived::Moved(done.join(expected)));
                assert_eq!(fs::read_to_string(done.join(expected)).unwrap(), text);
            }
        }
    }

    /// As into another file system: copied, and removed only where it is still the file that was read.
    #[test]
    fn a_copy_is_whole_before_the_file_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        fs::write(&path, "Id,Name\n1,One\n").unwrap();
        let read = opened(&path);
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        let (place, file) = free_place(dir.path(), "copy.csv").unwrap();
        let copied = copy(&read, &path, file, &place).unwrap();
        assert_eq!(copied, Archived::Moved(place.clone()));
        assert_eq!(fs::read_to_string(&place).unwrap(), "Id,Name\n1,One\n");
        assert_eq!(fs::metadata(&place).unwrap().modified().unwrap(), time);
        assert!(!path.exists());
        // Another file came to its name.
        fs::write(&path, "Id,Name\n2,Two\n").unwrap();
        let (place, file) = free_place(dir.path(), "copy.csv").unwrap();
        assert_eq!(copy(&read, &path, file, &place).unwrap(), Archived::Left);
        assert_eq!(fs::read_to_string(&path).unwrap(), "Id,Name\n2,Two\n");
    }
}
