use super::super::page::{KeyMarker, TrustedKey};
use super::*;

fn found(bed: &Bed, search: &str) -> Vec<TrustedKey> {
    bed.store.trusted_keys(search, &[]).expect("readable").keys
}

fn path_text(bed: &Bed) -> String {
    bed.path().display().to_string()
}

#[test]
fn every_line_is_shown_with_its_place_and_only_those_of_the_person_can_go() {
    let key = key("ed25519");
    let bed = Bed::new(format!("# none\n{} ada's laptop\u{202e}\n", line("web,10.0.0.1", &key).trim_end()));
    fs::write(bed.folder.path().join("system"), line("@cert-authority *.example", &key)).expect("a file");
    let keys = found(&bed, "");
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    assert_eq!(
        (keys[0].line, keys[0].names.as_slice()),
        (2, ["web".to_owned(), "10.0.0.1".to_owned()].as_slice())
    );
    assert_eq!((keys[0].algorithm.as_str(), &keys[0].fingerprint), ("ssh-ed25519", &fingerprint));
    assert!(keys[0].writable && !keys[0].hashed && keys[0].marker.is_none());
    assert!(keys[0].comment.starts_with("ada's laptop") && !keys[0].comment.contains('\u{202e}'), "{keys:?}");
    assert_eq!((keys[1].marker, keys[1].writable), (Some(KeyMarker::CertAuthority), false));
}

#[test]
fn a_search_finds_hashed_names_and_wildcards_by_the_name_of_a_host() {
    let key = key("ed25519");
    let bed = Bed::new(line("hidden.example", &key) + &line("[hidden]:2222", &key));
    Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(bed.path()).output().expect("it runs");
    fs::write(bed.folder.path().join("known_hosts2"), line("*.example", &key)).expect("a file");
    let hits =
        |search: &str| found(&bed, search).iter().map(|key| (key.hashed, key.line)).collect::<Vec<_>>();
    assert_eq!(hits("Hidden.Example"), [(true, 1), (false, 1)]);
    assert_eq!(hits("[hidden]:2222"), [(true, 2)]);
    assert_eq!(hits("hidden:2222"), [(true, 2)]);
    assert_eq!(hits("exam"), [(false, 1)]);
    assert_eq!(hits("nowhere"), []);
    assert_eq!(hits("sha256:").len(), 3);
    let page = bed.store.trusted_keys("exam", &[]).expect("readable");
    assert_eq!((page.found, page.total), (1, 3));
}

#[test]
fn a_line_that_is_removed_leaves_the_others_and_comes_back_where_it_was() {
    let (first, second) = (key("ed25519"), key("ed25519"));
    let text = format!("# top\r\n{}\n{}", line("web,other", &first), line("last", &second).trim_end());
    let bed = Bed::new(&text);
    for (line, key) in [(2, &first), (4, &second)] {
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let removal =
            bed.store.remove_trusted_key(&path_text(&bed), line, &fingerprint).expect("it is removed");
        assert!(!bed.file().contains(&key.to_openssh().expect("a line")));
        assert_eq!(found(&bed, "").len(), 1);
        bed.store.restore_trusted_key(removal).expect("it is back");
        assert_eq!(bed.file().trim_end(), text);
        assert!(bed.store.restore_trusted_key(removal).is_err(), "once is enough");
    }
}

#[test]
fn a_line_that_is_another_one_meanwhile_is_not_removed() {
    let (shown, now) = (key("ed25519"), key("ed25519"));
    let bed = Bed::new(line("web", &now));
    let fingerprint = shown.fingerprint(HashAlg::Sha256).to_string();
    for line in [0, 1, 2, u32::MAX] {
        let error =
            bed.store.remove_trusted_key(&path_text(&bed), line, &fingerprint).expect_err("not this one");
        assert_eq!(error.code, ErrorCode::TrustedKeyMoved);
    }
    assert_eq!(bed.file(), line("web", &now));
}

#[test]
fn only_the_files_of_the_person_can_be_changed() {
    let key = key("ed25519");
    let bed = Bed::new("");
    let system = bed.folder.path().join("system");
    fs::write(&system, line("web", &key)).expect("a file");
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    assert!(bed.store.remove_trusted_key(&system.display().to_string(), 1, &fingerprint).is_err());
    assert_eq!(found(&bed, "").len(), 1);
}
