//! Reading and writing a file at an offset, whatever this system calls it.

use std::fs::File;
use std::io;

/// Reads up to `data.len()` bytes; none at the end of the file.
pub(crate) fn read_at(file: &File, data: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, data, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, data, offset);
}

/// Writes all of `data`.
#[cfg(unix)]
pub(crate) fn write_all_at(file: &File, data: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, data, offset)
}

/// Writes all of `data`.
#[cfg(windows)]
pub(crate) fn write_all_at(file: &File, mut data: &[u8], mut offset: u64) -> io::Result<()> {
    while !data.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, data, offset)?;
        data = &data[written..];
        offset += written as u64;
    }
    Ok(())
}
