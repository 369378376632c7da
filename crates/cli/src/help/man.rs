//! The man page, made from the same entries: `docs/man/bowline.1` is what `bowline help --man` prints.

use super::{ENTRIES, Entry, Letters, Opt, capitalised};

const HEAD: &str = r#".\" Made by "bowline help --man". Do not edit.
.TH BOWLINE 1 "" "Bowline" "User Commands"
.SH NAME
bowline \- SSH from the command line, with Bowline's engine and hosts
.SH SYNOPSIS
"#;

const DESCRIPTION: &str = "\
.SH DESCRIPTION
The command of the SSH client Bowline: the same engine, hosts and keys, without a window. A host is the name of a saved
host, a name in
.IR ~/.ssh/config ,
or an address:
.RI [ user @] host [: port ].
";

const TAIL: &str = r#".SH EXIT STATUS
That of what ran on the host. 255 is a failure of Bowline's own, with one line on standard error. Commands that say
otherwise above have statuses of their own.
.SH ENVIRONMENT
.TP
.B NO_COLOR
If it is set and not empty, nothing is coloured.
.TP
.B CLICOLOR_FORCE
If it is set and neither empty nor 0, colours are used where the output is no terminal, too.
.TP
.B SSH_AUTH_SOCK
The socket of the agent.
.SH FILES
.TP
.I ~/.ssh/config, ~/.ssh/known_hosts
As for
.BR ssh (1).
.TP
.I ~/.local/share/dev.bowline.desktop
The saved hosts, shared with the app. No secret is in them.
.SH SEE ALSO
.BR ssh (1),
.BR scp (1),
.BR rsync (1),
.BR ssh_config (5)
"#;

/// The whole page.
pub fn man() -> String {
    let mut page = HEAD.to_owned();
    for (index, entry) in ENTRIES.iter().enumerate() {
        for (line, usage) in entry.usage.iter().enumerate() {
            if index + line > 0 {
                page.push_str(".br\n");
            }
            page.push_str(&format!(".B bowline {}\n{}\n", entry.name, escaped(usage)));
        }
    }
    page.push_str(DESCRIPTION);
    page.push_str(".SH COMMANDS\n");
    ENTRIES.iter().for_each(|entry| command(&mut page, entry));
    page.push_str(TAIL);
    page
}

fn command(page: &mut String, entry: &Entry) {
    page.push_str(&format!(".SS {}\n{}.\n", entry.name, escaped(&capitalised(entry.about))));
    for paragraph in entry.text {
        page.push_str(&format!(".PP\n{}\n", escaped(paragraph)));
    }
    for option in entry.options {
        page.push_str(&format!(".TP\n{}\n{}.\n", heading(option), escaped(&capitalised(option.about))));
    }
    if entry.letters != Letters::None {
        page.push_str(&format!(".PP\n{}.\n", escaped(entry.letters.usage())));
    }
}

fn heading(option: &Opt) -> String {
    if option.value.is_empty() {
        format!(".B {}", escaped(option.names))
    } else {
        format!(".BI \"{} \" {}", escaped(option.names), escaped(option.value))
    }
}

/// Text as roff has it: a dash that is typed is no hyphen, and a line may begin with anything.
fn escaped(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-").replace('~', "\\(ti").replace('^', "\\(ha");
    let line =
        |line: &str| if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() };
    escaped.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roff_takes_text_for_text() {
        assert_eq!(escaped("a-b\\n\n.x ~."), "a\\-b\\en\n\\&.x \\(ti.");
    }
}
