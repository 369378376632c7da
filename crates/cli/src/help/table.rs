//! The commands. A new one is one entry here.

use super::{Entry, Letters, Opt, Takes};

const JSON: Opt = opt("--json", "", "prints one JSON object per line");

const fn opt(names: &'static str, value: &'static str, about: &'static str) -> Opt {
    Opt { names, value, about }
}

/// Below the list of commands.
pub const CLOSING: &str = "
A host is the name of a saved host, a name in ~/.ssh/config, or an address: [user@]host[:port].
\"bowline help command\" tells more of one; \"man bowline\" is all of it. The exit status is that
of what ran on the host; 255 is a failure of Bowline's own, with one line on standard error.
Colours appear on a terminal only, and never with NO_COLOR.
";

/// What most commands have.
const PLAIN: Entry = Entry {
    name: "",
    usage: &[],
    about: "",
    text: &[],
    options: &[],
    letters: Letters::None,
    takes: Takes::Nothing,
};

pub const ENTRIES: &[Entry] = &[
    Entry {
        name: "connect",
        usage: &["[options] [user@]host[:port] [command [argument ...]]"],
        about: "a shell or a command on a host, in this terminal",
        text: &[
            "rsync, git and scp can call it in the place of ssh(1). ~. at the beginning of a line ends it.",
        ],
        letters: Letters::Ssh,
        takes: Takes::Host,
        ..PLAIN
    },
    Entry {
        name: "exec",
        usage: &[
            "[options] host ... -- command [argument ...]",
            "--detach host ... -- command [argument ...]",
            "--list host ...",
            "--read id | --stop id | --forget id host",
        ],
        about: "a command on one host or on many at once",
        text: &[
            "The exit status is the highest of all, 255 where it failed or was stopped. Ctrl-C ends the commands on the hosts too.",
        ],
        options: &[
            JSON,
            opt("--limit", "n", "how many hosts at once, 16 if not said"),
            opt(
                "--timeout",
                "time",
                "ends it on a host after so long: 30, 30s, 5m or 2h, from its start there",
            ),
            opt("--stop-on-failure", "", "begins on no further host after a status other than 0"),
            opt("--stdin", "file", "what it reads on each host; - is standard input, of at most 1 MiB"),
            opt(
                "--output",
                "dir",
                "makes a new folder in dir, and in it HOST.out and HOST.err with every byte",
            ),
            opt("--group", "", "says what several hosts wrote alike once, with their names"),
            opt("--as-is", "", "sends the command alone, for forced commands and devices without sh"),
            opt(
                "--detach",
                "",
                "leaves it running on the host, and says its id; 64 MiB of each stream are kept",
            ),
            opt("--list", "", "shows what was left running"),
            opt("--read", "id", "prints what one wrote"),
            opt("--stop", "id", "ends it"),
            opt("--forget", "id", "removes it"),
        ],
        letters: Letters::Ssh,
        takes: Takes::Host,
    },
    Entry {
        name: "cp",
        usage: &["[options] source ... target"],
        about: "copies files to, from and between hosts",
        text: &[
            "A source or target on a host is written as host:path. Files that stand there are overwritten.",
            "Names are chosen by *, ?, [...] and {a,b}, also on a host.",
        ],
        options: &[
            opt("--recursive, -r", "", "copies folders with all that is in them"),
            opt("--resume", "", "goes on where an earlier copy ended"),
            opt("--verify", "", "compares SHA-256 at both ends"),
            JSON,
        ],
        letters: Letters::Scp,
        takes: Takes::Places,
    },
    Entry {
        name: "sync",
        usage: &["[options] source target"],
        about: "makes the folder target like the folder source",
        text: &[
            "Either may be on a host. A source with a slash behind it means what is in it; without one the folder itself goes\n\
             into target, as with rsync(1).",
            "The status is 0 if all is the same then, 1 if some of it is not, 255 if nothing was done.",
        ],
        options: &[
            opt(
                "--delete",
                "",
                "deletes what source does not have, if all went well and it is no more than half",
            ),
            opt("--delete-many", "", "the same, however much it is"),
            opt("--checksum, -c", "", "compares the bytes of files of one size, and not their times"),
            opt("--exclude", "pattern", "leaves out what it matches on both sides, as in .gitignore"),
            opt("--include", "pattern", "excepts from that"),
            opt("--dry-run, -n", "", "says what would be done, in the manner of rsync -i, and does nothing"),
            opt("--watch", "", "goes on until Ctrl-C, and copies what changes in source"),
            JSON,
        ],
        letters: Letters::Scp,
        takes: Takes::Places,
    },
    Entry {
        name: "tunnel",
        usage: &["[options] host -L|-R|-D forwarding ..."],
        about: "forwardings that stay until they are ended, through lost connections",
        text: &[
            "Forwardings are written as for ssh(1): -L [address:]port:host:port, -R [address:]port:host:port,\n\
             -D [address:]port; paths of sockets may stand in place of both ends. Without any, those of ~/.ssh/config count.",
        ],
        options: &[
            opt("-L", "forwarding", "listens here, connects from the host"),
            opt("-R", "forwarding", "listens on the host, connects from here"),
            opt("-D", "listen", "listens here as a SOCKS proxy"),
            JSON,
        ],
        letters: Letters::Ssh,
        takes: Takes::Host,
    },
    Entry {
        name: "pipe",
        usage: &["[options] stage [--tee file] ..."],
        about: "sends what a command on one host writes into a command on another",
        text: &[
            "A stage is host:command; what one writes is what the next one reads. The first may be - or file:path (also ./path),\n\
             the last file:path, which gets its name when all went well; without one the last command writes to standard output.",
            "The status is that of the last stage that failed, 141 where nobody read its output to the end, 255 for what is no\n\
             command's.",
        ],
        options: &[
            opt("--tee", "file", "gets the output of the command before it as well"),
            opt("--overwrite", "", "files that are written, at the end and by --tee, may be there already"),
            JSON,
        ],
        letters: Letters::Scp,
        takes: Takes::Host,
    },
    Entry {
        name: "ssh",
        usage: &["[options] [user@]host [command [argument ...]]"],
        about: "in place of ssh(1), for git, rsync, scp and scripts",
        text: &[
            "It takes ssh(1)'s options and behaves as ssh(1) does; so does this program by the name ssh.",
        ],
        letters: Letters::AllOfSsh,
        options: &[],
        takes: Takes::Host,
    },
    Entry {
        name: "hosts",
        usage: &["list|add|rm|import|export [options]"],
        about: "the saved hosts: lists, adds, removes, imports and exports them",
        text: &["It works beside the app, whose sidebar follows at once, and without it."],
        ..PLAIN
    },
    Entry {
        name: "hosts list",
        usage: &["[--all] [--json | --names]"],
        about: "prints the saved hosts: name, where it leads, and group",
        text: &["Columns are apart by tabs where the output is no terminal."],
        options: &[
            opt("--all, -a", "", "those of ~/.ssh/config as well"),
            opt("--names", "", "only the names, one in each line"),
            JSON,
        ],
        ..PLAIN
    },
    Entry {
        name: "hosts add",
        usage: &["[options] [user@]host[:port]"],
        about: "saves a host",
        text: &[
            "No secret is taken: a password is asked for when it is needed, and can then be kept in the keyring.",
        ],
        options: &[
            opt("--name", "name", "how it is called; its address if not said"),
            opt("--group", "group", "the group that it goes into"),
            opt("--user, -l", "user", "who logs in"),
            opt("--port, -p", "port", "22 if not said"),
            opt("--key, -i", "file", "logs in with this key"),
            opt(
                "--auth",
                "method",
                "how it logs in: automatic, password, key, agent or keyboard-interactive",
            ),
            opt("--jump, -J", "hosts", "jump hosts, the nearest first, with commas between them"),
            opt("--proxy", "url", "reaches it through a proxy: socks5://host:port or http://host:port"),
            opt("--proxy-command", "command", "its standard input and output are the connection"),
            opt("--startup", "command", "is typed into each new shell"),
            opt("-A", "", "forwards the agent"),
            JSON,
        ],
        takes: Takes::Host,
        ..PLAIN
    },
    Entry {
        name: "hosts rm",
        usage: &["[--yes] [--json] name ..."],
        about: "removes saved hosts, after a question",
        text: &["Their passwords leave the keyring at the next start of the app."],
        options: &[opt("--yes, -y", "", "asks nothing"), JSON],
        takes: Takes::Saved,
        ..PLAIN
    },
    Entry {
        name: "hosts import",
        usage: &["[--only name] ... [--group group] [--dry-run] [--json] [file | -]"],
        about: "saves the hosts of a file: an ssh_config, or one that export wrote",
        text: &[
            "Without a file it is ~/.ssh/config. A host whose name is taken is left as it is, and the status is then 1 unless\n\
             both are the same. Either all others are saved or, if one of them makes no sense, none.",
        ],
        options: &[
            opt("--only", "name", "this one and no other; may be given again"),
            opt("--group", "group", "the group that they go into"),
            opt("--dry-run, -n", "", "prints their names and saves nothing"),
            JSON,
        ],
        takes: Takes::File,
        ..PLAIN
    },
    Entry {
        name: "hosts export",
        usage: &["[--output file] [--force] [name ...]"],
        about: "prints saved hosts as a JSON file without any secret",
        text: &[
            "Passwords and keys are not in it; the paths of keys are. Imported again it gives the same hosts.",
        ],
        options: &[
            opt("--output, -o", "file", "writes it there, readable by nobody else"),
            opt("--force, -f", "", "replaces a file that is there"),
        ],
        takes: Takes::Saved,
        ..PLAIN
    },
    Entry {
        name: "open",
        usage: &["host", "ssh://[user@]host[:port]"],
        about: "opens a host in the app, which is started if it does not run",
        text: &[
            "A saved host, or one of ~/.ssh/config, gets a tab. An address that is not saved brings the form of a new host,\n\
             filled in. A link connects nothing: it is shown, and the person decides.",
        ],
        takes: Takes::Host,
        ..PLAIN
    },
    Entry {
        name: "doctor",
        usage: &["[options] [--json] host"],
        about: "tries a connection step by step, and says what is wrong and what to do",
        text: &["The status is 0 if nothing failed, 1 if something did."],
        options: &[JSON],
        letters: Letters::Ssh,
        takes: Takes::Host,
    },
    Entry {
        name: "completions",
        usage: &["bash|zsh|fish"],
        about: "prints the completions of a shell",
        text: &[
            "bash: bowline completions bash > ~/.local/share/bash-completion/completions/bowline",
            "zsh:  bowline completions zsh > \"${fpath[1]}/_bowline\"",
            "fish: bowline completions fish > ~/.config/fish/completions/bowline.fish",
        ],
        takes: Takes::Words(&["bash", "zsh", "fish"]),
        ..PLAIN
    },
    Entry {
        name: "help",
        usage: &["[command]", "--man"],
        about: "tells of all commands, or of one",
        options: &[opt("--man", "", "prints the man page")],
        takes: Takes::Command,
        ..PLAIN
    },
];
