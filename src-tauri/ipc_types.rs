//! Writes the TypeScript of the IPC; with `--check` it only says whether the committed file is up to date.

use std::path::Path;
use std::process::ExitCode;

use bowline_desktop::ipc::{GENERATED_FILE, typescript};

fn main() -> ExitCode {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(GENERATED_FILE);
    let text = typescript();
    let current = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    if current == text {
        return ExitCode::SUCCESS;
    }
    if std::env::args().any(|argument| argument == "--check") {
        eprintln!(
            "{GENERATED_FILE} does not fit the Rust types any more. Run `npm run types` and commit it."
        );
        return ExitCode::FAILURE;
    }
    match std::fs::write(&path, text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{GENERATED_FILE} could not be written: {error}");
            ExitCode::FAILURE
        }
    }
}
