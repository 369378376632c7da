#![no_main]

use bowline_sftp::{Sftp, SftpPath};
use libfuzzer_sys::fuzz_target;

// The bytes as they are, from the first one of the server on.
fuzz_target!(|input: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let stream = tokio::io::join(std::io::Cursor::new(input.to_vec()), tokio::io::sink());
        let Ok(sftp) = Sftp::start(stream).await else { return };
        while !matches!(sftp.stat(&SftpPath::here()).await, Err(error) if error.is_fatal()) {}
    });
});
