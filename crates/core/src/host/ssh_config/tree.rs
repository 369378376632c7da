//! A config file with everything that it includes.
//!
//! Bounded in depth, files and bytes: a config is read at every start, and it may include a folder that somebody else fills.

use std::path::{Path, PathBuf};

use super::{Content, FILE_MAX_BYTES, SshConfig};
use crate::host::key_file::expand_home_in;

/// OpenSSH's READCONF_MAX_DEPTH.
const DEPTH_MAX: usize = 16;
/// Files in one tree. People who split their config have one file per customer.
const FILES_MAX: usize = 1024;
/// Bytes in one tree: forty thousand hosts.
const TREE_MAX_BYTES: u64 = 8 * 1024 * 1024;

/// One file, its lines in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    pub path: PathBuf,
    pub nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Counted from 1.
    pub line: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Patterns of a `Host` line.
    Host(Vec<String>),
    /// Arguments of a `Match` line.
    Match(Vec<String>),
    /// The files of an `Include` line.
    Include(Vec<Tree>),
    /// Any other keyword, as written.
    Set { keyword: String, arguments: Vec<String> },
}

/// What was read, with what could not be understood.
#[derive(Debug)]
pub struct Loaded {
    pub tree: Tree,
    /// `line 12: missing argument`; lines of included files with their path.
    pub problems: Vec<String>,
}

/// Reads a person's config file. `home` is what `~` and paths without a `/` at their start lead to.
///
/// # Errors
/// When the file itself cannot be read. Included files that cannot are problems.
pub fn load(path: &Path, home: Option<&Path>) -> std::io::Result<Loaded> {
    let mut reader = Reader { home, root: path, open: Vec::new(), files: 0, bytes: 0, problems: Vec::new() };
    let tree = reader.read(path)?;
    Ok(Loaded { tree, problems: reader.problems })
}

struct Reader<'a> {
    home: Option<&'a Path>,
    root: &'a Path,
    /// The files that are being read, from the root to the present one, by their real paths.
    open: Vec<PathBuf>,
    files: usize,
    bytes: u64,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, path: &Path) -> std::io::Result<Tree> {
        let content = read_bounded(path)?;
        self.files += 1;
        self.bytes += content.len() as u64;
        let config = SshConfig::parse(&content);
        if config.lossy {
            self.problems.push(format!("{}: some of it is no UTF-8", path.display()));
        }
        self.open.push(std::fs::canonicalize(path)?);
        let mut nodes = Vec::new();
        for (index, line) in config.lines.into_iter().enumerate() {
            let number = index + 1;
            match line.content {
                Content::Empty => {}
                Content::Fault(fault) => self.problem(path, number, fault),
                Content::Directive(directive) if directive.arguments.iter().all(String::is_empty) => {
                    self.problem(path, number, super::Fault::MissingArgument);
                }
                Content::Directive(directive) => {
                    let kind = if directive.is("Host") {
                        Kind::Host(directive.arguments)
                    } else if directive.is("Match") {
                        Kind::Match(directive.arguments)
                    } else if directive.is("Include") {
                        Kind::Include(self.include(path, number, &directive.arguments))
                    } else {
                        Kind::Set { keyword: directive.keyword, arguments: directive.arguments }
                    };
                    nodes.push(Node { line: number, kind });
                }
            }
        }
        self.open.pop();
        Ok(Tree { path: path.to_owned(), nodes })
    }

    fn include(&mut self, from: &Path, line: usize, arguments: &[String]) -> Vec<Tree> {
        let mut trees = Vec::new();
        for argument in arguments.iter().filter(|argument| !argument.is_empty()) {
            for path in self.files_of(from, line, argument) {
                match self.refusal(&path) {
                    Some(refusal) => self.problem(from, line, refusal),
                    None => match self.read(&path) {
                        Ok(tree) => trees.push(tree),
                        Err(error) => self.problem(from, line, format!("{}: {error}", path.display())),
                    },
                }
            }
        }
        trees
    }

    /// The files that one argument names, in the order of their names. None at all is no problem, as in OpenSSH.
    fn files_of(&mut self, from: &Path, line: usize, argument: &str) -> Vec<PathBuf> {
        let mut path = expand_home_in(argument, self.home);
        if path.is_relative() {
            if argument.starts_with('~') {
                self.problem(from, line, format!("{argument}: homes of other people are not looked up"));
                return Vec::new();
            }
            path = self.home.unwrap_or(Path::new("")).join(".ssh").join(argument);
        }
        let matching = glob::MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        match glob::glob_with(&path.to_string_lossy(), matching) {
            Ok(found) => found.filter_map(Result::ok).take(FILES_MAX).collect(),
            Err(error) => {
                self.problem(from, line, format!("{argument}: {}", error.msg));
                Vec::new()
            }
        }
    }

    fn refusal(&self, path: &Path) -> Option<String> {
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let path = path.display();
        if self.open.contains(&real) {
            Some(format!("{path} includes itself"))
        } else if self.open.len() > DEPTH_MAX {
            Some(format!("{path} is included too deeply"))
        } else if self.files >= FILES_MAX || self.bytes >= TREE_MAX_BYTES {
            Some(format!("{path} is one file too many"))
        } else {
            None
        }
    }

    fn problem(&mut self, path: &Path, line: usize, what: impl std::fmt::Display) {
        self.problems.push(place(self.root, path, line, what));
    }
}

/// `line 12: what`, and before it the path if the line is not in the file that the person chose.
pub fn place(root: &Path, path: &Path, line: usize, what: impl std::fmt::Display) -> String {
    if path == root {
        format!("line {line}: {what}")
    } else {
        format!("{}, line {line}: {what}", path.display())
    }
}

/// Only regular files: opening a named pipe would wait.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::{Error, ErrorKind, Read};
    if !std::fs::metadata(path)?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut content = Vec::new();
    std::fs::File::open(path)?.take(FILE_MAX_BYTES + 1).read_to_end(&mut content)?;
    if content.len() as u64 > FILE_MAX_BYTES {
        return Err(Error::new(ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(content)
}
