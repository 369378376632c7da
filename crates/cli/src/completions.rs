//! `bowline completions`: what the shells complete, made from the entries of the help.
//!
//! The names of hosts come from `bowline hosts list` at that moment. A name may be anything, as hosts are imported from
//! others: no shell may expand or run one, so bash compares them by itself (`compgen -W` would expand them).

use crate::help::{ENTRIES, Entry, Takes, commands, orders};

const NAMES: &str = "command bowline hosts list --all --names 2>/dev/null";
/// Without those of ssh_config, which are no hosts of ours.
const SAVED: &str = "command bowline hosts list --names 2>/dev/null";

/// Which shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "bash" => Some(Self::Bash),
            "zsh" => Some(Self::Zsh),
            "fish" => Some(Self::Fish),
            _ => None,
        }
    }
}

pub fn script(shell: Shell) -> String {
    match shell {
        Shell::Bash => bash(),
        Shell::Zsh => zsh(),
        Shell::Fish => fish(),
    }
}

/// All ways of writing the options of a command, and those that a value follows.
fn options(entry: &Entry) -> (Vec<String>, Vec<String>) {
    let letters = entry.letters.all();
    let own = entry.options.iter().flat_map(|option| {
        option.each().map(|name| (name.to_owned(), !option.value.is_empty())).collect::<Vec<_>>()
    });
    let help = [("--help".to_owned(), false)];
    let mut all: Vec<(String, bool)> = Vec::new();
    for (name, valued) in own.chain(help).chain(letters) {
        if !all.iter().any(|(one, _)| *one == name) {
            all.push((name, valued));
        }
    }
    let valued = all.iter().filter(|(_, valued)| *valued).map(|(name, _)| name.clone()).collect();
    (all.into_iter().map(|(name, _)| name).collect(), valued)
}

fn command_words() -> String {
    commands().map(|entry| entry.name).collect::<Vec<_>>().join(" ")
}

fn order_words(command: &str) -> String {
    orders(command).map(|(order, _)| order).collect::<Vec<_>>().join(" ")
}

/// What the words of a command are, in a word of the scripts.
fn takes(entry: &Entry) -> (&'static str, String) {
    match entry.takes {
        Takes::Nothing => ("nothing", String::new()),
        Takes::Host => ("host", String::new()),
        Takes::Saved => ("saved", String::new()),
        Takes::Places => ("places", String::new()),
        Takes::File => ("file", String::new()),
        Takes::Words(words) => ("words", words.join(" ")),
        Takes::Command => ("words", command_words()),
    }
}

/// The branches of a `case`, one for each command.
fn cases(form: &str) -> String {
    let case = |entry: &Entry| {
        let (options, valued) = options(entry);
        let (takes, words) = takes(entry);
        form.replace("@NAME@", entry.name)
            .replace("@OPTIONS@", &options.join(" "))
            .replace("@VALUED@", &valued.join(" "))
            .replace("@TAKES@", takes)
            .replace("@WORDS@", &words)
    };
    ENTRIES.iter().map(case).collect()
}

const BASH_CASE: &str = "        '@NAME@')
            options='@OPTIONS@'
            valued='@VALUED@'
            takes=@TAKES@ words='@WORDS@'
            ;;
";

const BASH: &str = r#"# Completion of bowline for bash, made by "bowline completions bash".

_bowline_words() {
    local cur=$1 word
    shift
    for word in "$@"; do
        [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
    done
}

_bowline_hosts() {
    local name
    while IFS= read -r name; do
        [[ $name == "$1"* ]] && COMPREPLY+=("$(printf '%q' "$name")$2")
    done
}

_bowline() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} what=${COMP_WORDS[1]}
    local options='' valued='' takes=nothing words='' file
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _bowline_words "$cur" @COMMANDS@ --help --version
        return
    fi
    if [[ $what == hosts ]]; then
        if ((COMP_CWORD == 2)); then
            _bowline_words "$cur" @ORDERS@
            return
        fi
        what="hosts ${COMP_WORDS[2]}"
    fi
    case $what in
@CASES@    esac
    # What follows an option is a file or is typed: the shell's own completion.
    [[ " $valued " == *" $prev "* ]] && return
    if [[ $cur == -* ]]; then
        _bowline_words "$cur" $options
        return
    fi
    case $takes in
        host) _bowline_hosts "$cur" '' < <(@NAMES@) ;;
        saved) _bowline_hosts "$cur" '' < <(@SAVED@) ;;
        places)
            _bowline_hosts "$cur" : < <(@NAMES@)
            while IFS= read -r file; do
                COMPREPLY+=("$(printf '%q' "$file")")
            done < <(compgen -f -- "$cur")
            compopt -o nospace
            ;;
        words) _bowline_words "$cur" $words ;;
    esac
}

complete -o bashdefault -o default -F _bowline bowline
"#;

fn bash() -> String {
    BASH.replace("@NAMES@", NAMES)
        .replace("@SAVED@", SAVED)
        .replace("@COMMANDS@", &command_words())
        .replace("@ORDERS@", &order_words("hosts"))
        .replace("@CASES@", &cases(BASH_CASE))
}

const ZSH_CASE: &str = "        '@NAME@')
            options=(@OPTIONS@)
            valued=(@VALUED@)
            takes=@TAKES@ choices=(@WORDS@)
            ;;
";

const ZSH: &str = r#"#compdef bowline
# Completion of bowline for zsh, made by "bowline completions zsh".

_bowline_hosts() {
    local -a names
    names=("${(@f)$(@NAMES@)}")
    names=(${names:#})
    compadd "$@" -a names
}

_bowline_saved() {
    local -a names
    names=("${(@f)$(@SAVED@)}")
    names=(${names:#})
    compadd -a names
}

_bowline() {
    local what=${words[2]} takes=nothing
    local -a options valued choices
    if ((CURRENT == 2)); then
        choices=(@COMMANDS@)
        _describe 'command' choices
        return
    fi
    if [[ $what == hosts ]]; then
        if ((CURRENT == 3)); then
            choices=(@ORDERS@)
            _describe 'order' choices
            return
        fi
        what="hosts ${words[3]}"
    fi
    choices=()
    case $what in
@CASES@    esac
    if ((${valued[(Ie)${words[CURRENT - 1]}]})); then
        _files
        return
    fi
    if [[ ${words[CURRENT]} == -* ]]; then
        compadd -- $options
        return
    fi
    case $takes in
        host) _bowline_hosts ;;
        saved) _bowline_saved ;;
        places)
            _bowline_hosts -S :
            _files
            ;;
        file) _files ;;
        words) compadd -- $choices ;;
    esac
}

if [[ $funcstack[1] == _bowline ]]; then
    _bowline "$@"
else
    compdef _bowline bowline
fi
"#;

fn zsh() -> String {
    // A colon parts a word from what is said about it.
    let described = |name: &str, about: &str| format!("'{name}:{}'", about.replace('\'', "'\\''"));
    let all = commands().map(|entry| described(entry.name, entry.about)).collect::<Vec<_>>().join(" ");
    let orders =
        orders("hosts").map(|(order, entry)| described(order, entry.about)).collect::<Vec<_>>().join(" ");
    ZSH.replace("@NAMES@", NAMES)
        .replace("@SAVED@", SAVED)
        .replace("@COMMANDS@", &all)
        .replace("@ORDERS@", &orders)
        .replace("@CASES@", &cases(ZSH_CASE))
}

const FISH: &str = r#"# Completion of bowline for fish, made by "bowline completions fish".

function __bowline_hosts
    @NAMES@
end

function __bowline_saved
    @SAVED@
end

function __bowline_is
    set -l typed (commandline -opc)
    set -l last (math (count $argv) + 1)
    test (count $typed) -ge $last; or return 1
    test "$typed[2..$last]" = "$argv"
end

complete -c bowline -f
"#;

fn fish() -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let mut script = FISH.replace("@NAMES@", NAMES).replace("@SAVED@", SAVED);
    let mut line = |text: String| script.push_str(&format!("complete -c bowline {text}\n"));
    for entry in commands() {
        line(format!("-n __fish_use_subcommand -a {} -d {}", entry.name, quoted(entry.about)));
    }
    let all = order_words("hosts");
    for (order, entry) in orders("hosts") {
        let when = format!("__bowline_is hosts; and not __fish_seen_subcommand_from {all}");
        line(format!("-n {} -a {order} -d {}", quoted(&when), quoted(entry.about)));
    }
    for entry in ENTRIES {
        let when = quoted(&format!("__bowline_is {}", entry.name));
        match entry.takes {
            Takes::Nothing => {}
            Takes::Host => line(format!("-n {when} -a '(__bowline_hosts)'")),
            Takes::Saved => line(format!("-n {when} -a '(__bowline_saved)'")),
            Takes::Places => {
                line(format!("-n {when} -F"));
                line(format!("-n {when} -a '(__bowline_hosts | string replace -r \\$ :)'"));
            }
            Takes::File => line(format!("-n {when} -F")),
            Takes::Words(_) | Takes::Command => line(format!("-n {when} -a {}", quoted(&takes(entry).1))),
        }
        for option in entry.options {
            let mut text = format!("-n {when}");
            for name in option.each() {
                match name.strip_prefix("--") {
                    Some(long) => text.push_str(&format!(" -l {long}")),
                    None => text.push_str(&format!(" -s {}", name.trim_start_matches('-'))),
                }
            }
            if !option.value.is_empty() {
                // A value, and it may be a file.
                text.push_str(" -r -F");
            }
            line(format!("{text} -d {}", quoted(option.about)));
        }
        for (letter, valued) in entry.letters.all() {
            let own = entry.options.iter().any(|option| option.each().any(|name| name == letter));
            if !own {
                let value = if valued { " -r -F" } else { "" };
                line(format!("-n {when} -s {}{value}", letter.trim_start_matches('-')));
            }
        }
    }
    script
}
