//! The monospaced fonts that are installed, where the system has a list that one can ask for.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::process::Command;

/// Reading thousands of fonts for the first time takes fontconfig seconds.
const LISTED_WITHIN: Duration = Duration::from_secs(10);
/// More than anyone looks through.
const FAMILIES: usize = 500;
/// As long as the setting that one is put into may be.
const FAMILY_CHARACTERS: usize = 100;

/// Their family names, sorted. None where there is no fontconfig: there a name is typed.
pub async fn monospaced() -> Vec<String> {
    let listing = Command::new("fc-list")
        .args(["--format", "%{family[0]}\\n", ":spacing=100"])
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(LISTED_WITHIN, listing).await {
        Ok(Ok(output)) if output.status.success() => families(&output.stdout),
        _ => Vec::new(),
    }
}

/// A file can name its family as it likes; what could be more than a name is left out.
fn families(listed: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(listed);
    let sound = |name: &&str| {
        !name.is_empty()
            && name.chars().count() <= FAMILY_CHARACTERS
            && !name.contains(|c: char| c.is_control() || ";{}<>,\"'\\\u{fffd}".contains(c))
    };
    let names: BTreeSet<&str> = text.lines().map(str::trim).filter(sound).collect();
    names.into_iter().take(FAMILIES).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_is_there_once_and_nothing_that_is_no_name() {
        let listed = "DejaVu Sans Mono\nHack\nDejaVu Sans Mono\n\n文泉驿等宽微米黑\nx; } body { background: url(//evil)\nTwo, Names\n\u{1b}[31m\n";
        assert_eq!(families(listed.as_bytes()), ["DejaVu Sans Mono", "Hack", "文泉驿等宽微米黑"]);
        assert!(families(&[b'x'; 200]).is_empty());
        let many: String = (0..2000).map(|n| format!("Font {n}\n")).collect();
        assert_eq!(families(many.as_bytes()).len(), FAMILIES);
    }
}
