//! The engine's screen as a program, so that tests of the window can hold xterm.js against it (`engine.ts` beside this file).
//! Each message has a letter, the length of what follows (32 bits, little-endian) and that; some are answered with a length
//! and so many bytes.
//!
//! ```text
//! n  a new screen: columns, lines (16 bits each)     f  output of the server
//! r  another size, the same                          s  asks for a snapshot
//! g  asks for a glimpse                              q  asks for the answers to queries since the last time
//! ```

use std::io::{self, Read, Write};

use bowline_core::terminal::screen::{Query, Screen};
use bowline_core::terminal::state::TerminalSize;

/// What the tests use: those of a window.
const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut screen = Screen::new(SIZE);
    loop {
        let mut head = [0; 5];
        match input.read_exact(&mut head) {
            Err(end) if end.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let [letter, length @ ..] = head;
        let mut text = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut text)?;
        let answer = match letter {
            b'n' => {
                screen = Screen::new(size(&text)?);
                continue;
            }
            b'f' => {
                screen.feed(&text);
                continue;
            }
            b'r' => {
                screen.resize(size(&text)?);
                continue;
            }
            b's' => screen.snapshot(),
            b'g' => screen.glimpse(),
            b'q' => answers(&mut screen),
            _ => return Err(io::Error::other("no such message")),
        };
        let length = u32::try_from(answer.len()).map_err(io::Error::other)?;
        output.write_all(&length.to_le_bytes())?;
        output.write_all(&answer)?;
        output.flush()?;
    }
}

fn size(text: &[u8]) -> io::Result<TerminalSize> {
    let &[a, b, c, d] = text else { return Err(io::Error::other("no size")) };
    Ok(TerminalSize { cols: u16::from_le_bytes([a, b]), rows: u16::from_le_bytes([c, d]) })
}

/// Those that the engine gives itself; what it would ask the window is between zero bytes.
fn answers(screen: &mut Screen) -> Vec<u8> {
    let queries = screen.take_queries().into_iter().map(|query| match query {
        Query::Answered(answer) => answer,
        Query::Window(question) => format!("\0{question}\0"),
    });
    queries.collect::<String>().into_bytes()
}
