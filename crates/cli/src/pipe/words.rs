//! `bowline pipe` as it was typed. The letters are those of `bowline cp`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use bowline_core::pipe::STAGES_MAX;

use crate::cp::place::Place;
use crate::options::{Options, Parsed, Usage, Words, usage};

#[derive(Debug, Default, PartialEq, Eq)]
pub struct PipeOrder {
    pub options: Options,
    pub source: Option<From>,
    pub commands: Vec<On>,
    /// Without it the last command writes to standard output.
    pub target: Option<PathBuf>,
    pub overwrite: bool,
    pub json: bool,
}

/// What the first command reads.
#[derive(Debug, PartialEq, Eq)]
pub enum From {
    Stdin,
    File(PathBuf),
}

/// A command on a host.
#[derive(Debug, PartialEq, Eq)]
pub struct On {
    pub host: String,
    pub line: Vec<u8>,
    pub tee: Option<PathBuf>,
}

/// What was asked for instead of a pipe, or the pipe.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    Pipe(Box<PipeOrder>),
    Help,
    Version,
}

/// One word.
#[derive(Debug)]
enum Stage {
    Stdin,
    File(PathBuf),
    Command(On),
}

/// Understands the words behind `pipe`.
pub fn parse(words: Vec<OsString>) -> Result<Wanted, Usage> {
    let mut order = PipeOrder::default();
    let mut words = Words::new(words);
    let mut stages: Vec<Stage> = Vec::new();
    let mut early_tee = None;
    loop {
        let mut tee = None;
        let long = |word: &str, words: &mut Words| {
            match word.split_once('=').unwrap_or((word, "")) {
                ("--tee", "") => tee = Some(words.value("--tee")?),
                ("--tee", value) => tee = Some(value.to_owned()),
                ("--json", "") => order.json = true,
                ("--overwrite", "") => order.overwrite = true,
                _ => return Ok(false),
            }
            Ok(true)
        };
        match words.next_sync_option(&mut order.options, &mut |_| false, long)? {
            Parsed::Option => {}
            Parsed::Help => return Ok(Wanted::Help),
            Parsed::Version => return Ok(Wanted::Version),
            Parsed::Word(word) => stages.push(stage(&word)?),
            Parsed::End => break,
        }
        if let Some(tee) = tee {
            let slot = match stages.last_mut() {
                None => &mut early_tee,
                Some(Stage::Command(on)) => &mut on.tee,
                Some(Stage::Stdin | Stage::File(_)) => {
                    return Err(usage("pipe: --tee stands behind the command whose output it gets"));
                }
            };
            if slot.replace(PathBuf::from(tee)).is_some() {
                return Err(usage("pipe: there is one --tee for each command"));
            }
        }
    }
    let count = stages.len();
    if count > STAGES_MAX {
        return Err(usage(format!("pipe: there are at most {STAGES_MAX} stages")));
    }
    for (number, stage) in stages.into_iter().enumerate() {
        match stage {
            Stage::Command(on) => order.commands.push(on),
            Stage::Stdin if number == 0 => order.source = Some(From::Stdin),
            Stage::File(path) if number == 0 => order.source = Some(From::File(path)),
            Stage::File(path) if number + 1 == count => order.target = Some(path),
            Stage::Stdin => return Err(usage("pipe: - is the first stage")),
            Stage::File(_) => return Err(usage("pipe: a file is the first stage or the last one")),
        }
    }
    let Some(first) = order.commands.first_mut() else {
        return Err(usage("pipe: a command on a host is missing, such as web:ls"));
    };
    if let Some(tee) = early_tee
        && first.tee.replace(tee).is_some()
    {
        return Err(usage("pipe: there is one --tee for each command"));
    }
    if order.overwrite && order.target.is_none() && order.commands.iter().all(|on| on.tee.is_none()) {
        return Err(usage("pipe: --overwrite is for a file at the end or of --tee"));
    }
    Ok(Wanted::Pipe(Box::new(order)))
}

fn stage(word: &OsStr) -> Result<Stage, Usage> {
    let shown = word.to_string_lossy();
    if word == "-" {
        return Ok(Stage::Stdin);
    }
    if let Some(path) = word.as_bytes().strip_prefix(b"file:") {
        if path.is_empty() {
            return Err(usage("pipe: a path is missing behind file:"));
        }
        return Ok(Stage::File(OsString::from_vec(path.to_vec()).into()));
    }
    if [&b"./"[..], b"../", b"/"].iter().any(|start| word.as_bytes().starts_with(start)) {
        return Ok(Stage::File(word.into()));
    }
    match Place::of(word).map_err(|error| usage(format!("pipe: {error}")))? {
        Place::There { host, path } if !host.is_empty() && !path.trim_ascii().is_empty() => {
            Ok(Stage::Command(On { host, line: path, tee: None }))
        }
        Place::There { .. } => Err(usage(format!("pipe: \"{shown}\" has no command"))),
        Place::Here(_) => {
            Err(usage(format!("pipe: \"{shown}\" is no stage: write host:command, file:path, ./path or -")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<PipeOrder, String> {
        match parse(words.iter().map(OsString::from).collect()) {
            Ok(Wanted::Pipe(order)) => Ok(*order),
            Ok(other) => Err(format!("{other:?}")),
            Err(Usage(text)) => Err(text),
        }
    }

    fn on(host: &str, line: &str, tee: Option<&str>) -> On {
        On { host: host.to_owned(), line: line.into(), tee: tee.map(PathBuf::from) }
    }

    #[test]
    fn stages_are_hosts_with_commands_and_files_at_the_ends() {
        let order = parsed(&["-P", "22", "web:tar c /srv:x", "ada@[::1]:cat > 'a b'"]).expect("understood");
        assert_eq!(order.commands, [on("web", "tar c /srv:x", None), on("ada@::1", "cat > 'a b'", None)]);
        assert_eq!((order.source, order.target), (None, None));
        assert_eq!(order.options.settings, [("Port".to_owned(), "22".to_owned())]);
        for (first, from) in [
            ("-", From::Stdin),
            ("./a:b", From::File("./a:b".into())),
            ("/a", From::File("/a".into())),
            ("file:a", From::File("a".into())),
        ] {
            let order = parsed(&[first, "web:wc", "file:/b"]).expect(first);
            assert_eq!((order.source, order.target), (Some(from), Some("/b".into())), "{first}");
        }
    }

    #[test]
    fn a_tee_belongs_to_the_command_before_it() {
        let order = parsed(&["--tee", "1", "a:x", "b:y", "--tee=2", "--json", "file:z", "--overwrite"]);
        let order = order.expect("understood");
        assert_eq!(order.commands, [on("a", "x", Some("1")), on("b", "y", Some("2"))]);
        assert!(order.json && order.overwrite);
        let beside = parsed(&["a:x", "--tee", "1", "--overwrite"]).expect("understood");
        assert!(beside.overwrite && beside.target.is_none());
    }

    #[test]
    fn what_makes_no_pipe_is_told() {
        for (words, part) in [
            (&[][..], "command"),
            (&["-"], "command"),
            (&["file:a", "file:b"], "command"),
            (&["web:"], "no command"),
            (&["web"], "no stage"),
            (&["a:x", "-"], "first"),
            (&["a:x", "file:y", "b:z"], "first stage or the last"),
            (&["a:x", "--tee", "1", "--tee", "2"], "one --tee"),
            (&["--tee", "1", "a:x", "--tee", "2"], "one --tee"),
            (&["-", "--tee", "1", "a:x"], "behind the command"),
            (&["a:x", "--overwrite"], "--overwrite"),
            (&["--frob", "a:x"], "--frob"),
            (&["a:1", "a:2", "a:3", "a:4", "a:5", "a:6", "a:7", "a:8", "a:9"], "at most 8"),
        ] {
            let error = parsed(words).expect_err(&format!("{words:?}"));
            assert!(error.contains(part), "{words:?}: {error}");
        }
    }
}
