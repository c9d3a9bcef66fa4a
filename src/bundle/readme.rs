//! The text for whoever opens a bundle: plain words first, then each file, then how to check it, with this program and without.
//!
//! Its commands are run by a test as they stand, in the bundle's folder.

use crate::bundle::Files;
use crate::bundle::check::Bundle;
use crate::bundle::layout;
use crate::bundle::layout::Kind;
use crate::bundle::layout::Paper;
use crate::ledger::Supply;
use crate::support::number::grouped;
use crate::support::sanitize::clean;
use std::fmt::Write;

/// What files are that are no evidence, in words.
const OTHERS: [(&str, &str); 10] = [
    (layout::README, "this text"),
    (layout::SUMS, "the SHA-256 of every other file"),
    (layout::VERIFIED_TEXT, "what `residua verify --bundle` said when the bundle was made"),
    (layout::VERIFIED_JSON, "the same for programs"),
    (layout::LINES, "the originator's ledger: the lines about this supply, and of every other line its number and its SHA-256"),
    (layout::HEAD, "the number and the SHA-256 of the last of these lines"),
    (layout::PINNED, "cards that withheld lines pin"),
    (layout::KNOWN, "which record numbers are seeds (invented people) and controls (people who were not supplied)"),
    (
        layout::REPORT,
        "a page for a browser that says in plain words what was found, and verifies the newest attestation's signature",
    ),
    (
        layout::VERIFIER,
        "a page for a browser into which the documents are dropped: it checks signatures, digests and times, and judges anew",
    ),
];

/// The text for a bundle with these files, of which it is one itself.
pub(crate) fn text(bundle: &Bundle, supply: &Supply, files: &Files) -> String {
    let mut text = String::new();
    head(&mut text, supply, is_secret(supply, files));
    meaning(&mut text, supply);
    list(&mut text, bundle, files);
    checking(&mut text, files);
    by_hand(&mut text, bundle);
    text
}

/// A name as it may stand in a line of Markdown.
fn name(text: &str) -> String {
    clean(text).chars().map(|character| if "`*_[]<>|\\".contains(character) { ' ' } else { character }).collect()
}

fn head(text: &mut String, supply: &Supply, is_secret: bool) {
    let entry = &supply.entry;
    let _ = writeln!(text, "# Evidence of supply {}\n", entry.supply_id);
    if is_secret {
        text.push_str(
            "**Not for the recipient.** This folder says that there are invented people (seeds) or people who were never supplied (controls) among those who were \
             asked about, or which they are. A recipient who knows that can answer for them and keep the others.\n\n",
        );
    }
    let _ = writeln!(
        text,
        "{} supplied {} records to {}, to be deleted by {}. This folder holds what was asked about that, what was answered, and what was concluded. It holds no \
         record of a person, and no key or salt by which one could be looked for.\n",
        name(&entry.originator.name),
        grouped(entry.records),
        name(&entry.recipient.name),
        name(&entry.delete_by)
    );
}

/// Whether a bundle of this supply with these files tells what its recipient is not to know.
pub(crate) fn is_secret(supply: &Supply, files: &Files) -> bool {
    supply.entry.seeds > 0 || files.contains_key(layout::KNOWN)
}

fn meaning(text: &mut String, supply: &Supply) {
    text.push_str(
        "## What it proves, and what not\n\n\
         An *attestation* is a signed statement of the recipient: after this challenge, a scan of these databases and files found these things. The signature shows \
         that the holder of one key said so, and that nobody has changed a byte since. The challenge shows what it was an answer to. The nine checks of each attestation show \
         whether it agrees with itself, with the challenge and with the scan before the agreed day.\n\n\
         It does not prove that no copy exists elsewhere, that the databases named are those in which the recipient works, or that nothing is left on a disk. Copies that were \
         encrypted, hashed or changed beyond recognition are not seen by a scan. Whoever lies in an attestation has signed the lie.\n\n\
         What the originator kept to itself rests on its word here: which record numbers are seeds or controls, at which time something was received, \
         and that no line about this supply is withheld, such as one about a newer answer. The time stamps, where \
         there are some, are the word of somebody else.\n\n",
    );
    if supply.closing.is_some() {
        text.push_str(
            "The supply is closed: what the originator kept of it is destroyed. So answers can no longer be compared with the seeds and controls, if there were any. Each \
             attestation is judged as of when it was received, and where the originator concluded something worse then, that is what counts.\n\n",
        );
    }
}

fn list(text: &mut String, bundle: &Bundle, files: &Files) {
    text.push_str("## The files\n\n| file | what it is |\n|---|---|\n");
    for name in files.keys() {
        let paper = bundle.papers().iter().find(|paper| paper.name == *name);
        let what = match paper.map(|paper| &paper.kind) {
            Some(Kind::Document { what, card: Some(card) }) => format!("{what}; signed by the key of `{card}`"),
            Some(Kind::Document { what, card: None }) => format!("{what}; its key is not known here"),
            Some(Kind::Stamp { over: Some(over) }) => format!("time stamp over `{over}`"),
            Some(Kind::Stamp { over: None }) => "time stamp".to_owned(),
            Some(Kind::Card { role, pinned }) => {
                format!("card of {} ({role}): {}", self::name(&pinned.name), self::name(&pinned.fingerprint))
            }
            None => {
                let known = OTHERS.iter().find(|(other, _)| other == name);
                known.map_or("added by the originator; no evidence", |(_, what)| what).to_owned()
            }
        };
        let _ = writeln!(text, "| `{name}` | {what} |");
    }
    text.push('\n');
}

fn checking(text: &mut String, files: &Files) {
    text.push_str(
        "## Checking it with residua\n\n\
         Run the commands of this text in this folder. They read it and write nothing into it.\n\n\
         ```sh\nresidua verify --bundle .\n```\n\n\
         This needs no network and nothing of the originator's. It prints what is in `verification.txt`, byte for byte, if it is the same version of residua. It ends with 0 where \
         the answers that stand are clear, 10 where they are inconclusive or there are none, 11 where supplied records remain, and 12 where anything does not fit.\n\n\
         Nothing in a folder can show whose a key is. Compare the fingerprints of the cards with the two parties, by a telephone number or a letter that you have from elsewhere; \
         or take cards that you were given by them, and name these with `--from CARD` (the originator's) and `--to CARD` (the recipient's).\n\n",
    );
    if files.contains_key(layout::VERIFIER) {
        text.push_str(
            "Without the program: open `verifier.html` in a browser, from this folder, and choose the folder's files there. The page loads nothing from a network and sends nothing.\n\n",
        );
    }
}

fn by_hand(text: &mut String, bundle: &Bundle) {
    let papers = bundle.papers();
    text.push_str(
        "## Checking it without residua\n\n\
         With the coreutils of GNU, [jq](https://jqlang.org) and OpenSSL 3. First, no file was changed since the list was made:\n\n\
         ```sh\nsha256sum -c SHA256SUMS\n```\n\n\
         Then, each document is signed by the key of the card beside it. Each line has to end with `Signature Verified Successfully`.\n\n\
         ```sh\nset -e\nwork=$(mktemp -d)\n\
         signed_by() {\n\
         \x20 jq -r .payload \"$2\" | base64 -d > \"$work/payload\"\n\
         \x20 jq -r '.signatures[0].sig' \"$2\" | base64 -d > \"$work/signature\"\n\
         \x20 jq -r .publicKeyPem \"$1\" > \"$work/key\"\n\
         \x20 { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' \"$(wc -c < \"$work/payload\")\"; cat \"$work/payload\"; } > \"$work/signed\"\n\
         \x20 printf '%s: ' \"$2\"\n\
         \x20 openssl pkeyutl -verify -pubin -inkey \"$work/key\" -rawin -in \"$work/signed\" -sigfile \"$work/signature\"\n\
         }\n",
    );
    for paper in papers {
        if let Kind::Document { card: Some(card), .. } = &paper.kind {
            let _ = writeln!(text, "signed_by {card} {}", paper.name);
        }
    }
    text.push_str("rm -r \"$work\"\n```\n\n");
    statements(text, papers);
    chain(text);
    stamps(text, papers);
    salt(text, papers);
}

/// What is inside of the first attestation, to be read.
fn statements(text: &mut String, papers: &[Paper]) {
    let Some(attestation) = papers.iter().rev().find(|paper| paper.name.starts_with("attestations/")) else { return };
    let _ = write!(
        text,
        "What was signed can be read. Here is the newest attestation's verdict with its meaning, and the SHA-256 of the challenge that it answers, which has to be that of a file in \
         `challenges`:\n\n\
         ```sh\njq -r .payload {0} | base64 -d | jq -r '.predicate.verdict, .predicate.meaning, .predicate.challenge.sha256'\nsha256sum challenges/*\n```\n\n",
        attestation.name
    );
}

fn chain(text: &mut String) {
    text.push_str(
        "Each line of the ledger that is shown holds the SHA-256 of the line before it, shown or withheld, and `ledger/head` that of the last one. Each challenge and each receipt \
         names the SHA-256 of the line that was the last one when it was signed.\n\n\
         ```sh\nset -e\nprevious=$(printf '%064d' 0)\nnumber=0\n\
         while IFS= read -r line; do\n\
         \x20 number=$((number + 1))\n\
         \x20 case $line in\n\
         \x20   '{\"withheld\":'*) previous=$(printf '%s' \"$line\" | jq -r .sha256) ;;\n\
         \x20   *) test \"$(printf '%s' \"$line\" | jq -r .previous)\" = \"$previous\"\n\
         \x20      previous=$(printf '%s' \"$line\" | sha256sum | cut -d ' ' -f 1) ;;\n\
         \x20 esac\n\
         done < ledger/ledger.jsonl\n\
         test \"$number $previous\" = \"$(cat ledger/head)\"\n\
         echo \"$number lines hold together\"\n```\n\n",
    );
}

fn stamps(text: &mut String, papers: &[Paper]) {
    let stamps = papers.iter().filter_map(|paper| match &paper.kind {
        Kind::Stamp { over: Some(over) } => Some((&paper.name, over)),
        _ => None,
    });
    let commands = stamps.fold(String::new(), |mut commands, (name, over)| {
        let _ = writeln!(commands, "openssl ts -verify -in {name} -data {over} -CAfile \"$ca\"");
        commands
    });
    if commands.is_empty() {
        return;
    }
    let _ = write!(
        text,
        "A time stamp says that its authority saw the SHA-256 of a document at a time. Take the certificates of authorities that you trust from somewhere else than this folder; the \
         commands look for them in `../ca.pem`.\n\n\
         ```sh\nset -e\nca=../ca.pem\n{commands}```\n\n"
    );
}

fn salt(text: &mut String, papers: &[Paper]) {
    let Some(challenge) = papers.iter().find(|paper| paper.name.starts_with("challenges/")) else { return };
    let _ = write!(
        text,
        "A challenge holds the salt of its manifest, encrypted to the recipient. Nobody else can open it. The recipient can, with its private key and \
         [age](https://age-encryption.org/v1), and so see that there is nothing but 32 bytes inside:\n\n\
         ```sh\nset -e\nkey=../recipient.key\nwork=$(mktemp -d)\n\
         jq -r .payload {} | base64 -d | jq -r .predicate.sealedSalt > \"$work/salt.age\"\n\
         grep AGE-SECRET-KEY \"$key\" | age -d -i - \"$work/salt.age\" | wc -c\nrm -r \"$work\"\n```\n",
        challenge.name
    );
}
