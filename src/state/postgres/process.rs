//! What shows that a process is gone for certain, to another one on the same machine: then nothing of it can wake. Where it
//! cannot be shown (another machine, another container, another system than Linux) it may still be alive.

/// What this process is told from all others by: the boot of its machine, the space that its number is of, the number, and
/// when it was started. Empty where that cannot be found out.
#[must_use]
pub(super) fn this_one() -> String {
    let id = std::process::id();
    let named = boot().and_then(|boot| Some(format!("{boot} {} {id} {}", space()?, start_of(id)?)));
    named.unwrap_or_default()
}

/// Whether the process that is told by this is gone for certain.
#[must_use]
pub(super) fn is_gone(told_by: &str) -> bool {
    let words: Vec<&str> = told_by.split(' ').collect();
    let (Some(boot), Some(space)) = (boot(), space()) else {
        return false;
    };
    let [of_boot, of_space, id, start] = words[..] else {
        return false;
    };
    let Ok(id) = id.parse::<u32>() else {
        return false;
    };
    if of_boot != boot || of_space != space {
        return false;
    }
    // One that may not be looked at may be there.
    match start_of(id) {
        Some(now) => now != start,
        None => !is_there(id),
    }
}

fn boot() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

/// The space of process numbers: containers have their own.
fn space() -> Option<String> {
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(space.to_string_lossy().into_owned())
}

/// When a process was started, in ticks since the boot; the 22nd field of its `stat` (proc(5)), behind a name in brackets that may
/// hold anything.
fn start_of(id: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(unix)]
fn is_there(id: u32) -> bool {
    let id = i32::try_from(id)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    id.is_none_or(|id| rustix::process::test_kill_process(id) != Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn is_there(_: u32) -> bool {
    true
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_gone_for_certain_is() {
        let this = this_one();
        assert!(!is_gone(&this), "{this}");
        let words: Vec<&str> = this.split(' ').collect();
        assert_eq!(words.len(), 4, "{this}");
        let with = |at: usize, word: &str| {
            let mut other = words.clone();
            other[at] = word;
            is_gone(&other.join(" "))
        };
        // Another process has its number by now.
        assert!(with(3, "1"));
        // Of another boot, another container, or unreadable: it cannot be known.
        assert!(!with(0, "another") && !with(1, "pid:[1]") && !with(2, "x"));
        assert!(!is_gone(""));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = child.id();
        child.wait().unwrap();
        assert!(with(2, &id.to_string()));
    }
}
