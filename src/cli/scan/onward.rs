//! `scan --onward`: what onward recipients attested to the recipient, named by its digest.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::statement::PredicateType;
use crate::cli::document::read;
use crate::cli::failure::advised;
use crate::finding::declaration::Declarations;
use crate::support::hex;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use std::path::Path;

/// Adds the digests of attestations to the declared onward recipients whom they are of. Each is given as RECIPIENT=FILE.
pub(super) fn name(declared: &mut Declarations, given: &[String]) -> anyhow::Result<()> {
    for text in given {
        // A name may hold an `=`, and so may a path: what is declared decides.
        let is_of = |recipient: &str| text.strip_prefix(recipient).and_then(|rest| rest.strip_prefix('='));
        let named = declared.onward.iter_mut().filter(|onward| is_of(&onward.recipient).is_some());
        let Some(onward) = named.max_by_key(|onward| onward.recipient.len()) else {
            let recipient = clean(text.split('=').next().unwrap_or_default());
            return Err(advised(
                format!("the declaration file has no `[[onward]]` whose recipient is `{recipient}`"),
                "declare it with its reason, and name it here word for word: `--onward RECIPIENT=FILE`",
            ));
        };
        let digest = digest(Path::new(is_of(&onward.recipient).unwrap_or_default()))?;
        if !onward.attestations.contains(&digest) {
            onward.attestations.push(digest);
        }
    }
    match declared.fault().filter(|_| !given.is_empty()) {
        None => Ok(()),
        Some(fault) => Err(advised(
            format!("the onward recipients cannot be declared so: {}", clean(&fault)),
            "each file is what one recipient attested; name it once",
        )),
    }
}

/// The SHA-256 of a file that is an attestation. Whose it is the originator finds out.
fn digest(path: &Path) -> anyhow::Result<String> {
    let bytes = read(path, "attestation")?;
    let naming = || format!("cannot name `{}` as an attestation", path.display());
    let envelope = Envelope::parse(&bytes).with_context(naming)?;
    let kind = PredicateType::of(envelope.unverified_payload()).with_context(naming)?;
    if kind != PredicateType::Attestation {
        let help = "name the file that the onward recipient's `residua scan --out` wrote";
        return Err(advised(format!("it is a {kind}"), help).context(naming()));
    }
    Ok(hex::encode(&sha256(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::key::SigningKey;
    use crate::finding::declaration::Onward;

    #[test]
    fn a_file_is_named_for_the_recipient_who_is_declared() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::generate("Client", &[3; 32]).unwrap();
        let file = |name: &str, kind: &str| {
            let payload = serde_json::json!({
                "_type": "https://in-toto.io/Statement/v1",
                "predicateType": format!("urn:residua:{kind}:v1"),
                "of": name,
            });
            let bytes = Envelope::sign(payload.to_string().into_bytes(), &key).to_json();
            let path = folder.path().join(name);
            std::fs::write(&path, &bytes).unwrap();
            (path.display().to_string(), hex::encode(&sha256(&bytes)))
        };
        let onward = |recipient: &str| Onward { recipient: recipient.into(), reason: "x".into(), attestations: Vec::new() };
        let mut declared = Declarations { onward: vec![onward("A"), onward("A=B"), onward("C")], ..Declarations::default() };
        let (one, first) = file("one", "attestation");
        let (two, second) = file("two", "attestation");
        let given = [format!("A={one}"), format!("A=B={two}"), format!("A={one}")];
        name(&mut declared, &given).unwrap();
        assert_eq!(declared.onward[0].attestations, [first]);
        assert_eq!(declared.onward[1].attestations, [second]);
        let refused = |given: String| {
            let error = name(&mut declared.clone(), &[given]).unwrap_err();
            format!("{error:#}")
        };
        assert!(refused(format!("D={one}")).contains("no `[[onward]]` whose recipient is `D`"));
        assert!(refused("A".to_owned()).contains("no `[[onward]]` whose recipient is `A`"));
        assert!(refused(format!("C={one}")).contains("named twice"));
        assert!(refused(format!("C={}", file("three", "challenge").0)).contains("it is a challenge"));
        assert!(refused(format!("C={}/none", folder.path().display())).contains("cannot read the attestation"));
        std::fs::write(folder.path().join("four"), "{}").unwrap();
        assert!(refused(format!("C={}/four", folder.path().display())).contains("cannot name"));
    }
}
