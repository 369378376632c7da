//! `bowline hosts` as it was typed.

use std::ffi::OsString;

use bowline_core::host::{AuthMethod, HostDraft, HostOptions};

use crate::options::{Usage, usage};
use crate::resolve::{Spelled, spelled};

#[derive(Debug, PartialEq, Eq)]
pub enum Order {
    List(List),
    Add(Box<Add>),
    Remove(Remove),
    Import(Import),
    Export(Export),
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct List {
    pub json: bool,
    /// Only the names, one in each line: what completion wants.
    pub names: bool,
    /// Those of ssh_config as well.
    pub all: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Add {
    pub draft: HostDraft,
    pub json: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Remove {
    pub names: Vec<String>,
    pub yes: bool,
    pub json: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// None: the person's ssh_config. `-` is standard input.
    pub file: Option<String>,
    /// Only these; none: all.
    pub only: Vec<String>,
    /// The group that they go into, in place of their own.
    pub group: Option<String>,
    pub dry_run: bool,
    pub json: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Export {
    pub names: Vec<String>,
    /// None: standard output.
    pub output: Option<String>,
    pub force: bool,
}

/// What was asked for instead, or the order.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    Order(Order),
    Help,
}

/// Understands the words behind `hosts`.
pub fn parse(words: Vec<OsString>) -> Result<Wanted, Usage> {
    let mut words = words.into_iter();
    let Some(first) = words.next() else {
        return Err(usage("hosts: say what to do: list, add, rm, import or export"));
    };
    let mut words = Words::of(words)?;
    let order = match first.to_str() {
        Some("list" | "ls") => list(&mut words)?,
        // As it always was.
        Some("--json") if words.take("list") => Order::List(List { json: true, ..list_of(&mut words)? }),
        Some("add") => Order::Add(Box::new(add(&mut words)?)),
        Some("rm" | "remove") => Order::Remove(remove(&mut words)?),
        Some("import") => Order::Import(import(&mut words)?),
        Some("export") => Order::Export(export(&mut words)?),
        Some("--help" | "-h") => return Ok(Wanted::Help),
        _ => {
            let shown = first.to_string_lossy();
            return Err(usage(format!("hosts: there is no \"{shown}\": list, add, rm, import or export")));
        }
    };
    Ok(if words.help { Wanted::Help } else { Wanted::Order(order) })
}

fn list(words: &mut Words) -> Result<Order, Usage> {
    Ok(Order::List(list_of(words)?))
}

fn list_of(words: &mut Words) -> Result<List, Usage> {
    let mut list = List::default();
    while let Some(word) = words.next("list")? {
        match word {
            Word::Option("--json") => list.json = true,
            Word::Option("--names") => list.names = true,
            Word::Option("--all" | "-a") => list.all = true,
            Word::Option(other) => return Err(no_option("list", other)),
            Word::Plain(word) => return Err(usage(format!("hosts list: \"{word}\" is not understood"))),
        }
    }
    Ok(list)
}

fn add(words: &mut Words) -> Result<Add, Usage> {
    let mut add = Add::default();
    let (mut place, mut label, mut auth) = (None, None, None);
    let (mut user, mut port, mut key) = (None, None, None);
    let mut draft = HostDraft { port: 22, ..HostDraft::default() };
    let mut options = HostOptions::default();
    while let Some(word) = words.next("add")? {
        match word {
            Word::Option(option) => {
                let option = option.to_owned();
                match option.as_str() {
                    "--json" => add.json = true,
                    "--name" => label = Some(words.value(&option)?),
                    "--group" => draft.group = words.value(&option)?,
                    "--auth" => auth = Some(auth_of(&words.value(&option)?)?),
                    "-l" | "--user" => user = Some(words.value(&option)?),
                    "-p" | "--port" => port = Some(port_of(&words.value(&option)?)?),
                    "-i" | "--key" => key = Some(words.value(&option)?),
                    "-J" | "--jump" => options.jump = words.value(&option)?,
                    "--proxy" => options.proxy = words.value(&option)?,
                    "--proxy-command" => options.proxy_command = words.value(&option)?,
                    "--startup" => options.startup_command = words.value(&option)?,
                    "-A" => options.forward_agent = true,
                    other => return Err(no_option("add", other)),
                }
            }
            Word::Plain(word) if place.is_none() => place = Some(word.to_owned()),
            Word::Plain(word) => {
                return Err(usage(format!("hosts add: there is one address, and \"{word}\" is another")));
            }
        }
    }
    if words.help {
        return Ok(add);
    }
    let place = place.ok_or_else(|| usage("hosts add: an address is missing: [user@]host[:port]"))?;
    let spelled = spelled(&place).map_err(|error| usage(format!("hosts add: {error}")))?;
    let Spelled { user: typed_user, name, port: typed_port } = spelled;
    draft.address = name;
    draft.user = user.or(typed_user).unwrap_or_default();
    draft.port = port.or(typed_port).unwrap_or(draft.port);
    draft.label = label.unwrap_or_default();
    // A key that is named is the one that is meant, as in the window.
    draft.auth = auth.unwrap_or(if key.is_some() { AuthMethod::Key } else { AuthMethod::Automatic });
    draft.key_path = key.unwrap_or_default();
    draft.options = options;
    add.draft = draft;
    Ok(add)
}

fn remove(words: &mut Words) -> Result<Remove, Usage> {
    let mut remove = Remove::default();
    while let Some(word) = words.next("rm")? {
        match word {
            Word::Option("--yes" | "-y") => remove.yes = true,
            Word::Option("--json") => remove.json = true,
            Word::Option(other) => return Err(no_option("rm", other)),
            Word::Plain(word) => remove.names.push(word.to_owned()),
        }
    }
    if remove.names.is_empty() && !words.help {
        return Err(usage("hosts rm: the name of a host is missing"));
    }
    Ok(remove)
}

fn import(words: &mut Words) -> Result<Import, Usage> {
    let mut import = Import::default();
    while let Some(word) = words.next("import")? {
        match word {
            Word::Option("--json") => import.json = true,
            Word::Option("--dry-run" | "-n") => import.dry_run = true,
            Word::Option("--group") => import.group = Some(words.value("--group")?),
            Word::Option("--only") => import.only.push(words.value("--only")?),
            Word::Option(other) => return Err(no_option("import", other)),
            Word::Plain(word) if import.file.is_none() => import.file = Some(word.to_owned()),
            Word::Plain(word) => {
                return Err(usage(format!("hosts import: there is one file, and \"{word}\" is another")));
            }
        }
    }
    Ok(import)
}

fn export(words: &mut Words) -> Result<Export, Usage> {
    let mut export = Export::default();
    while let Some(word) = words.next("export")? {
        match word {
            // The file is JSON anyway.
            Word::Option("--json") => {}
            Word::Option("--force" | "-f") => export.force = true,
            Word::Option("--output" | "-o") => export.output = Some(words.value("--output")?),
            Word::Option(other) => return Err(no_option("export", other)),
            Word::Plain(word) => export.names.push(word.to_owned()),
        }
    }
    Ok(export)
}

fn no_option(what: &str, option: &str) -> Usage {
    usage(format!("hosts {what}: there is no option {option}"))
}

fn auth_of(text: &str) -> Result<AuthMethod, Usage> {
    let known = "automatic, password, key, agent and keyboard-interactive";
    serde_json::from_value(text.into()).map_err(|_| usage(format!("hosts add: --auth is one of {known}")))
}

fn port_of(text: &str) -> Result<u16, Usage> {
    let port = text.parse().ok().filter(|port| *port != 0);
    port.ok_or_else(|| usage(format!("hosts add: {text} is no port: ports are 1 to 65535")))
}

/// The words, all of them text.
struct Words {
    words: Vec<String>,
    at: usize,
    only_words: bool,
    help: bool,
    /// A value in the same word, `--name=x`.
    joined: Option<String>,
}

enum Word<'a> {
    Option(&'a str),
    Plain(&'a str),
}

impl Words {
    fn of(words: impl Iterator<Item = OsString>) -> Result<Self, Usage> {
        let text = |word: OsString| {
            word.into_string().map_err(|word| usage(format!("\"{}\" is no UTF-8", word.to_string_lossy())))
        };
        let words = words.map(text).collect::<Result<_, _>>()?;
        Ok(Self { words, at: 0, only_words: false, help: false, joined: None })
    }

    /// Whether the next word is this one, which is then passed.
    fn take(&mut self, wanted: &str) -> bool {
        let is = self.words.get(self.at).is_some_and(|word| word == wanted);
        self.at += usize::from(is);
        is
    }

    fn next(&mut self, what: &str) -> Result<Option<Word<'_>>, Usage> {
        if let Some(value) = self.joined.take() {
            return Err(usage(format!("hosts {what}: \"{value}\" is a value where there is none")));
        }
        loop {
            let Some(word) = self.words.get(self.at) else { return Ok(None) };
            self.at += 1;
            if self.only_words || !word.starts_with('-') || word == "-" {
                return Ok(Some(Word::Plain(word)));
            }
            match word.as_str() {
                "--" => self.only_words = true,
                "--help" => self.help = true,
                long if long.starts_with("--") => {
                    let (name, value) = match long.split_once('=') {
                        Some((name, value)) => (name, Some(value.to_owned())),
                        None => (long, None),
                    };
                    self.joined = value;
                    return Ok(Some(Word::Option(name)));
                }
                short => {
                    // `-p22`: a letter and its value.
                    let (letter, value) = short.split_at(short.chars().take(2).map(char::len_utf8).sum());
                    self.joined = (!value.is_empty()).then(|| value.to_owned());
                    return Ok(Some(Word::Option(letter)));
                }
            }
        }
    }

    fn value(&mut self, option: &str) -> Result<String, Usage> {
        if let Some(value) = self.joined.take() {
            return Ok(value);
        }
        let value = self.words.get(self.at).cloned();
        self.at += 1;
        value.ok_or_else(|| usage(format!("{option} needs a value")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Order, String> {
        match parse(line.split_whitespace().map(OsString::from).collect()) {
            Ok(Wanted::Order(order)) => Ok(order),
            Ok(Wanted::Help) => Err("help".to_owned()),
            Err(Usage(text)) => Err(text),
        }
    }

    #[test]
    fn a_host_is_written_as_for_ssh_and_its_letters_are_those_of_ssh() {
        let Ok(Order::Add(add)) =
            parsed("add --name=web-01 ada@192.0.2.1:2222 -i ~/.ssh/id -J bastion --group prod -A --json")
        else {
            panic!()
        };
        let draft = add.draft;
        assert_eq!((draft.label.as_str(), draft.group.as_str()), ("web-01", "prod"));
        assert_eq!((draft.address.as_str(), draft.port, draft.user.as_str()), ("192.0.2.1", 2222, "ada"));
        assert_eq!((draft.auth, draft.key_path.as_str()), (AuthMethod::Key, "~/.ssh/id"));
        assert!(draft.options.forward_agent && draft.options.jump == "bastion" && add.json);
        let Ok(Order::Add(add)) = parsed("add [::1]:22 -p2200 -lroot --auth agent") else { panic!() };
        assert_eq!((add.draft.address.as_str(), add.draft.port), ("::1", 2200));
        assert_eq!((add.draft.user.as_str(), add.draft.auth), ("root", AuthMethod::Agent));
    }

    #[test]
    fn the_other_orders_take_their_words() {
        let list = List { json: true, ..List::default() };
        assert_eq!(parsed("list --json"), Ok(Order::List(List { json: true, ..List::default() })));
        assert_eq!(parsed("--json list"), Ok(Order::List(list)));
        let remove = Remove { names: vec!["a".into(), "-b".into()], yes: true, json: false };
        assert_eq!(parsed("rm a -y -- -b"), Ok(Order::Remove(remove)));
        let import = Import {
            file: Some("-".into()),
            only: vec!["a".into()],
            group: Some("g".into()),
            dry_run: true,
            json: false,
        };
        assert_eq!(parsed("import - --only a --group=g -n"), Ok(Order::Import(import)));
        let export = Export { names: vec!["a".into()], output: Some("f".into()), force: true };
        assert_eq!(parsed("export a -o f --force"), Ok(Order::Export(export)));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, part) in [
            ("", "list, add"),
            ("frob", "frob"),
            ("list x", "\"x\""),
            ("list --json=yes", "yes"),
            ("list --frob", "--frob"),
            ("add", "address"),
            ("add a b", "\"b\""),
            ("add a -p 0", "0 is no port"),
            ("add a --auth telepathy", "keyboard-interactive"),
            ("add a --name", "--name"),
            ("rm --yes", "name of a host"),
            ("import a b", "\"b\""),
            ("add --help", "help"),
            ("rm --help", "help"),
        ] {
            let error = parsed(line).expect_err(line);
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
