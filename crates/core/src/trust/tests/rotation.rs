use super::super::rotation::NoRotation;
use super::*;

struct Keys {
    session: PublicKey,
    new: PublicKey,
    old: PublicKey,
}

impl Keys {
    fn new() -> Self {
        Self { session: key("ed25519"), new: key("ecdsa"), old: key("ed25519") }
    }

    fn plan(&self, bed: &Bed) -> Result<super::super::rotation::Rotation, NoRotation> {
        let announced = [self.session.clone(), self.new.clone(), self.new.clone()];
        bed.host("web", 22).plan_rotation(&self.session, &announced, None).expect("readable")
    }
}

#[test]
fn new_keys_come_and_those_that_the_server_no_longer_has_go() {
    let keys = Keys::new();
    let rest = format!("# mine\n{}", line("other", &key("ed25519")));
    for hash in [false, true] {
        let bed = Bed::new(rest.clone() + &line("web", &keys.old) + &line("web", &keys.session));
        if hash {
            Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(bed.path()).output().expect("it runs");
        }
        let rotation = keys.plan(&bed).expect("there is something to do");
        assert_eq!((rotation.to_prove.len(), rotation.added.len(), rotation.removed.len()), (2, 1, 1));
        let host = bed.host("web", 22);
        host.apply_rotation(&rotation).expect("writable");
        assert_eq!(bed.judge("web", 22, &keys.session), Verdict::Known);
        assert_eq!(bed.judge("web", 22, &keys.new), Verdict::Known);
        assert!(matches!(bed.judge("web", 22, &keys.old), Verdict::Changed { .. }));
        assert!(hash || bed.file().starts_with(&rest));
        assert_eq!(
            bed.file().lines().filter(|line| line.starts_with("|1|")).count(),
            if hash { 3 } else { 0 }
        );
        assert_eq!(keys.plan(&bed), Err(NoRotation::NothingNew));
    }
}

#[test]
fn nothing_changes_where_the_session_was_not_trusted_by_a_simple_line_of_the_person() {
    let keys = Keys::new();
    let session = |names: &str| line(names, &keys.session);
    for (text, reason) in [
        (String::new(), NoRotation::NotTrustedByLine),
        (session("@cert-authority web"), NoRotation::NotTrustedByLine),
        (session("[web]:2222"), NoRotation::NotTrustedByLine),
        (session("web,10.0.0.1"), NoRotation::SharedLine),
        (session("w*"), NoRotation::SharedLine),
        (session("web") + &line("*,!x", &keys.old), NoRotation::SharedLine),
        (session("web") + &line("other", &keys.new), NoRotation::OtherNames),
        (session("web") + &line("web", &keys.old) + &line("other", &keys.old), NoRotation::OtherNames),
        (session("web") + &line("@revoked *", &keys.new), NoRotation::Revoked),
    ] {
        assert_eq!(keys.plan(&Bed::new(&text)), Err(reason), "{text}");
    }
    let bed = Bed::new(session("web"));
    fs::write(bed.folder.path().join("system"), session("web")).expect("a file");
    assert_eq!(keys.plan(&bed), Err(NoRotation::NotTrustedByLine));
}

#[test]
fn an_announcement_without_the_key_of_the_session_is_not_believed() {
    let keys = Keys::new();
    let bed = Bed::new(line("web", &keys.session));
    let plan = bed.host("web", 22).plan_rotation(&keys.session, std::slice::from_ref(&keys.new), None);
    assert_eq!(plan.expect("readable"), Err(NoRotation::SessionKeyMissing));
}

#[test]
fn keys_that_the_config_rules_out_are_neither_learnt_nor_kept() {
    let (session, ecdsa, rsa) = (key("ed25519"), key("ecdsa"), key("rsa"));
    let announced = [session.clone(), ecdsa.clone(), rsa.clone()];
    let bed = Bed::new(line("web", &session) + &line("web", &ecdsa));
    let plan = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        bed.host("web", 22).plan_rotation(&session, &announced, Some(&names)).expect("readable")
    };
    let rotation = plan(&["ssh-ed25519"]).expect("there is something to do");
    assert_eq!(
        (rotation.added.len(), rotation.removed),
        (0, vec![PublicKey::from(ecdsa.key_data().clone())])
    );
    for signatures in ["rsa-sha2-256", "rsa-sha2-512"] {
        let rotation = plan(&["ssh-ed25519", ecdsa.algorithm().as_str(), signatures]).expect("something");
        assert_eq!((rotation.added.len(), rotation.removed.len()), (1, 0), "{signatures}");
    }
    assert_eq!(plan(&["rsa-sha2-512"]), Err(NoRotation::SessionKeyMissing));
}
