//! `bowline hosts list`.

use std::io::IsTerminal;

use bowline_core::engine::headless::Headless;
use bowline_core::host::{Host, HostDraft, HostId, LinkedFrom};
use bowline_core::prompt::visible_line;

use super::words::List;
use super::{json_of, place, print};
use crate::style::Style;

/// Spaces between columns on a terminal.
const GAP: usize = 2;

/// Prints the hosts: name, where it leads and group; apart by tabs where it is no terminal, or one object a line.
pub async fn run(engine: &Headless, list: List) -> Result<u8, String> {
    let mut hosts = engine.hosts().await.map_err(|error| error.message)?.hosts;
    if list.all {
        hosts.extend(linked(engine).await?);
    }
    let text = if list.json {
        hosts.iter().map(|host| format!("{}\n", json_of(host))).collect()
    } else if list.names {
        hosts.iter().map(|host| format!("{}\n", visible_line(host.name()))).collect()
    } else if std::io::stdout().is_terminal() {
        table(&hosts, Style::of_stdout())
    } else {
        // Columns for programs; colours only for those who ask.
        let style = Style::of_stdout();
        let line = |host: &Host| {
            let (name, group) = (style.bold(host.name()), style.dim(&host.draft.group));
            format!("{name}\t{}\t{group}\n", place(host))
        };
        hosts.iter().map(line).collect()
    };
    Ok(print(text).await)
}

/// Those of ssh_config, as the sidebar shows them.
async fn linked(engine: &Headless) -> Result<Vec<Host>, String> {
    let list = engine.linked().await.map_err(|error| error.message)?;
    let host = |one: bowline_core::host::linked::LinkedHost| Host {
        id: HostId(String::new()),
        draft: HostDraft {
            label: one.alias,
            address: one.address,
            port: one.port,
            user: one.user,
            ..HostDraft::default()
        },
        builtin: false,
        has_password: false,
        linked: Some(LinkedFrom {
            path: one.group_path.to_string_lossy().into_owned(),
            line: u32::try_from(one.line).unwrap_or(u32::MAX),
        }),
    };
    Ok(list.hosts.into_iter().map(host).collect())
}

/// In columns, for a person: what a saved host is called may hold anything, and is shown as text.
fn table(hosts: &[Host], style: Style) -> String {
    let from = |host: &Host| match &host.linked {
        Some(linked) => visible_line(&format!("{}:{}", linked.path, linked.line)),
        None => visible_line(&host.draft.group),
    };
    let rows: Vec<[String; 3]> = hosts
        .iter()
        .map(|host| [visible_line(host.name()), visible_line(&place(host)), from(host)])
        .collect();
    let width = |column: usize| {
        rows.iter().map(|row| row.get(column).map_or(0, |text| columns(text))).max().unwrap_or(0)
    };
    let (names, places) = (width(0), width(1));
    let line = |[name, place, from]: &[String; 3]| {
        let pad = |text: &str, width: usize| " ".repeat((width + GAP).saturating_sub(columns(text)));
        let text = format!(
            "{}{}{place}{}{}",
            style.bold(name),
            pad(name, names),
            if from.is_empty() { String::new() } else { pad(place, places) },
            style.dim(from)
        );
        format!("{}\n", text.trim_end())
    };
    rows.iter().map(line).collect()
}

/// How many columns of a terminal a text takes: two for each character of East Asian scripts and each emoji (UAX #11).
fn columns(text: &str) -> usize {
    let is_wide = |c: char| {
        matches!(
            u32::from(c),
            0x1100..=0x115f
                | 0x2e80..=0xa4cf
                | 0xac00..=0xd7a3
                | 0xf900..=0xfaff
                | 0xfe30..=0xfe6f
                | 0xff00..=0xff60
                | 0xffe0..=0xffe6
                | 0x1f300..=0x1faff
                | 0x20000..=0x3fffd
        )
    };
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_whatever_script_names_are_in() {
        let host = |label: &str| Host {
            id: HostId(String::new()),
            draft: HostDraft {
                label: label.into(),
                address: "a".into(),
                port: 22,
                group: "g".into(),
                ..HostDraft::default()
            },
            builtin: false,
            has_password: false,
            linked: None,
        };
        let table = table(&[host("数据"), host("web\x1b[2J")], Style::plain());
        assert_eq!(table, "数据     a  g\nweb␛[2J  a  g\n");
    }
}
