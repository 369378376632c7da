//! Screens as text: everything that a snapshot carries over, and what a person sees.

use std::fmt::Write as _;

use super::super::scrollback::unpack;
use super::super::*;

/// A cell as a window would draw it.
pub(super) fn seen(cell: Cell, extras: &Extras) -> String {
    let text = match extras.text(cell) {
        Some(text) => text.to_owned(),
        None if cell.code() > 0 => char::from_u32(cell.code()).map(String::from).unwrap_or_default(),
        None => String::new(),
    };
    let invisible = text.is_empty() || text == " ";
    let mut fg = cell.fg;
    if invisible && cell.bg & cell::RARE == 0 && fg & (cell::INVERSE | cell::UNDERLINE | cell::STRIKE) == 0 {
        fg = 0;
    }
    let none = cell::Rare::default();
    let rare = extras.rare(cell.rare).unwrap_or(&none);
    let shown = fg & (cell::INVERSE | cell::UNDERLINE | cell::STRIKE) != 0
        || cell.bg & (cell::OVERLINE | cell::RARE) != 0;
    if text.is_empty() && !shown {
        return format!("_{:x}", cell.bg & cell::COLOUR_MASK);
    }
    if text.is_empty() && cell.width() == 0 {
        return "<".to_owned();
    }
    let underline = if rare.underline == 0 { u8::from(fg & cell::UNDERLINE != 0) } else { rare.underline };
    let text = if text.is_empty() { " " } else { &text };
    let link = rare.link.as_ref().map_or("", |link| &link.uri);
    // A combining character alone may have any width; it is drawn the same.
    let alone = text.chars().next().is_some_and(|first| width::width(u32::from(first)) == 0);
    let columns = if alone { 0 } else { cell.width() };
    // An empty cell has no attributes of its own in a snapshot.
    format!(
        "{text:?}{columns}/{fg:x}/{:x}/{}:{:x}/{link}",
        cell.bg & !cell::RARE,
        underline,
        if rare.underline == 0 { 0 } else { rare.underline_colour },
    )
}

pub(super) fn line(row: &Row, extras: &Extras, out: &mut String) {
    let mut cells: Vec<String> = (0..row.len())
        .map(|at| {
            let cell = row.get(at);
            // Half of a wide character that lost its other half is drawn as nothing.
            let lone = cell.width() == 0 && !cell.has_content() && (at == 0 || row.get(at - 1).width() != 2);
            seen(if lone { Cell::erased(cell.bg) } else { cell }, extras)
        })
        .collect();
    while cells.last().is_some_and(|cell| cell == "_0") {
        cells.pop();
    }
    let _ = write!(out, "{}{}", if row.wrapped { "~" } else { "|" }, cells.join(" "));
    for mark in &row.marks {
        let _ = write!(out, " {:?}@{}", mark.kind, usize::from(mark.column).min(row.len() - 1));
    }
    out.push('\n');
}

/// Everything that a snapshot has to carry over, readable.
pub(super) fn state(screen: &Screen) -> String {
    let mut out = String::new();
    let pages = [(&screen.main, screen.scrollback.len() > 0), (&screen.alternate, false)];
    for packed in screen.scrollback.iter() {
        let mut extras = Extras::default();
        let row = unpack(packed, screen.cols, &mut extras).into_row();
        line(&row, &extras, &mut out);
    }
    for (page, above) in pages {
        out.push_str("--- page\n");
        for (at, row) in page.rows.iter().enumerate() {
            // The very first line has none to go on from.
            let mut row = row.clone();
            row.wrapped &= at > 0 || above;
            line(&row, &screen.extras, &mut out);
        }
        if !page.rows.is_empty() {
            let tabs: Vec<usize> = (0..screen.cols).filter(|&x| page.tabs.get(x) == Some(&true)).collect();
            let saved = page.saved;
            let y = saved.y.clamp(0, screen.lines as i64 - 1);
            let x = saved.x.min(screen.cols - 1);
            let _ = writeln!(
                out,
                "region {}-{} tabs {tabs:?} saved {x},{y} {:x} {:x} {:?}",
                page.top,
                page.bottom,
                saved.fg,
                saved.bg & !cell::RARE,
                saved.charset
            );
        }
    }
    // The oldest line has none to go on from.
    if out.starts_with('~') {
        out.replace_range(..1, "|");
    }
    let shown = screen.shown();
    let y = if screen.modes.origin { shown.y.clamp(shown.top, shown.bottom) } else { shown.y };
    let pen = &screen.pen;
    let _ = writeln!(out, "cursor {},{y} alternate {}", shown.x, screen.on_alternate);
    let _ = writeln!(
        out,
        "pen {:x} {:x} {} {:x} {:?}",
        pen.fg,
        pen.bg & !cell::RARE,
        pen.underline,
        pen.underline_colour,
        pen.link
    );
    let _ = writeln!(out, "{:?} {:?} {:?}", screen.modes, screen.mouse, screen.mouse_format);
    let _ = writeln!(out, "{} {:?} {}", screen.cursor_hidden, screen.cursor_blink, screen.newline_returns);
    let _ = writeln!(out, "{:?} {} {:?}", screen.charsets, screen.charset_level, screen.charset);
    let _ = writeln!(out, "{:?} {:?} {:?}", screen.title, screen.directory, screen.colours);
    out
}

/// Compares two states and shows where they differ.
pub(super) fn same(found: &Screen, wanted: &Screen, context: &str, bytes: &[u8]) {
    let (found, wanted) = (state(found), state(wanted));
    if found != wanted {
        let mut lines = found.lines().zip(wanted.lines());
        let (found, wanted) = lines.find(|(found, wanted)| found != wanted).unwrap_or((&found, &wanted));
        panic!("{context}\n found: {found}\nwanted: {wanted}\nafter {}", bytes.escape_ascii());
    }
}

/// States that no bytes can say; see `snapshot.rs`.
pub(super) fn can_be_said(screen: &Screen) -> bool {
    let pen_underline = (screen.pen.underline > 0) == (screen.pen.fg & cell::UNDERLINE != 0);
    let waits = screen.shown().x >= screen.cols
        && !screen.shown().rows[screen.shown().y].get(screen.cols - 1).has_content()
        && screen.shown().rows[screen.shown().y].get(screen.cols - 1).width() > 0;
    let pages = [&screen.main, &screen.alternate];
    let saved = pages.iter().all(|page| page.saved.y < screen.lines as i64);
    screen.charset == screen.charsets[screen.charset_level] && pen_underline && !waits && saved
}

/// What a person sees of a screen, and what decides about keys and mouse.
pub(super) fn picture(screen: &Screen) -> String {
    let mut out = String::new();
    let shown = screen.shown();
    for row in &shown.rows {
        let mut row = row.clone();
        row.wrapped = false;
        line(&row, &screen.extras, &mut out);
    }
    let Modes { application_cursor, application_keypad, bracketed_paste, focus_events, .. } = screen.modes;
    let modes = [application_cursor, application_keypad, bracketed_paste, focus_events, screen.cursor_hidden];
    let cursor = (shown.x.min(screen.cols - 1), shown.y, screen.on_alternate, screen.modes.cursor_style);
    let _ = writeln!(out, "{cursor:?} {modes:?} {:?} {:?}", screen.mouse, screen.mouse_format);
    out
}
