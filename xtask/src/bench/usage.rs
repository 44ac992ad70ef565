//! What processes have used so far, from `/proc`.

use std::fs;
use std::path::Path;

/// Sums since a process began; of several processes together where it started others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// CPU in the process and in the kernel for it, microseconds.
    pub cpu_us: u64,
    /// Bytes it caused to be written to disks.
    pub written: u64,
}

/// Microseconds of a tick of `/proc`: Linux shows a hundred a second to programs.
const TICK_US: u64 = 10_000;

/// What follows the name in `/proc/ID/stat`, which may hold anything, spaces too: field 3 is first.
fn stat(id: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

fn sum(fields: &[String], from: usize, count: usize) -> u64 {
    fields
        .iter()
        .skip(from)
        .take(count)
        .filter_map(|text| text.parse::<u64>().ok())
        .sum()
}

fn written(id: &str) -> u64 {
    value(Path::new(&format!("/proc/{id}/io")), "write_bytes:")
}

fn value(file: &Path, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Of one process.
pub fn of(id: u32) -> Usage {
    let id = id.to_string();
    Usage {
        cpu_us: stat(&id).map_or(0, |fields| sum(&fields, 11, 2)) * TICK_US,
        written: written(&id),
    }
}

/// Of a process and all that it started, those that ended included in CPU.
pub fn of_tree(id: u32) -> Usage {
    let parent = id.to_string();
    let mut usage = of(id);
    usage.cpu_us += stat(&parent).map_or(0, |fields| sum(&fields, 13, 2)) * TICK_US;
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_child = stat(&name).is_some_and(|fields| fields.get(1) == Some(&parent));
        if let (true, Ok(child)) = (is_child, name.parse()) {
            let child = of(child);
            usage.cpu_us += child.cpu_us;
            usage.written += child.written;
        }
    }
    usage
}

/// Memory a process holds, KiB.
pub fn memory_kib(id: u32) -> u64 {
    value(Path::new(&format!("/proc/{id}/status")), "VmRSS:")
}

/// CPU of the whole machine that was put to use, microseconds.
pub fn machine_us() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<u64> = text
        .lines()
        .next()
        .into_iter()
        .flat_map(|line| line.split_whitespace().skip(1).take(8))
        .filter_map(|field| field.parse().ok())
        .collect();
    // Idle, and waiting for disks, are the fourth and the fifth.
    let unused: u64 = fields.iter().skip(3).take(2).sum();
    (fields.iter().sum::<u64>() - unused) * TICK_US
}
