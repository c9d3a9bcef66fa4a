//! The signed document in the page, for the browser to verify and to hand out again, and how to check it without the page.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::key::Card;
use crate::report::html::shown;
use crate::support::hex;
use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use maud::Markup;
use maud::html;
use serde::Serialize;
use std::io::Write;

/// The id of the block that the script reads.
pub(super) const BLOCK: &str = "evidence";

/// What the script reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Evidence<'a> {
    /// What stands in the file before the payload, and after it.
    before: &'a str,
    after: &'a str,
    /// The payload, or where the file is not put together as expected the whole of it: compressed by gzip (RFC 1952), in base64.
    content: String,
    /// Whether `content` is the payload, and stands in the file in base64.
    is_payload: bool,
    /// The card of whom it has to be signed by.
    card: String,
}

/// A signed document and the card of its signer, as JSON for the script.
pub(super) fn block(document: &[u8], card: &Card) -> String {
    let parts = Envelope::parse(document).ok().and_then(|envelope| split(document, envelope.unverified_payload()));
    let (before, after, content) = match &parts {
        Some((before, after, payload)) => (*before, *after, payload.as_slice()),
        None => ("", "", document),
    };
    let evidence = Evidence {
        before,
        after,
        content: BASE64.encode(&compress(content)),
        is_payload: parts.is_some(),
        card: String::from_utf8(card.to_json()).unwrap_or_default(),
    };
    serde_json::to_string(&evidence).unwrap_or_default()
}

/// The text around the payload's base64, and the payload. Base64 hides from the compression what is alike in the payload.
fn split<'a>(document: &'a [u8], payload: &[u8]) -> Option<(&'a str, &'a str, Vec<u8>)> {
    let text = std::str::from_utf8(document).ok()?;
    let (before, after) = text.split_once(&BASE64.encode(payload))?;
    Some((before, after, payload.to_vec()))
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// The result of the script, until it has run.
pub(super) fn check() -> Markup {
    html! {
        div.check #check role="status" {
            p { strong #check-word { "The signature was not checked by this page." } }
            p #check-text {
                "Its script has not run, since scripts are switched off, or since this file was altered. What the page says is then worth no more than the word of whoever "
                "sent it; the file of the attestation can be checked by itself, see "
                a href="#evidence-section" { "Evidence" } "."
            }
            ul #check-list hidden {}
        }
    }
}

/// The section on how to check the document.
pub(super) fn section(document: &[u8], card: &Card) -> Markup {
    let digest = hex::encode(&sha256(document));
    html! {
        section #evidence-section {
            h2 { "Evidence, and how to check it" }
            p {
                "This page is a convenience. The evidence is the attestation's file, which the recipient signed; it is held in this page, byte for byte. "
                "Only what is marked with a tick was read out of the signed bytes again by your browser; all else on the page is what the originator's ledger says."
            }
            dl.facts {
                dt { "SHA-256 of the file" } dd { code #sha256 { (digest) } }
                dt { "Signed by the key" } dd { code #fingerprint { (card.fingerprint()) } " of " (shown(card.name())) }
            }
            p.screen { button #save type="button" disabled { "Save the attestation's file" } " " span #saved.soft aria-live="polite" {} }
            p {
                "Whoever makes a page can put any key into it. So compare the fingerprint with " (shown(card.name()))
                " by another way: a telephone call, a letter, or the card that was exchanged when the contract was made."
            }
            p { "Without this page, with the file and the recipient's card (OpenSSL 3, jq, coreutils):" }
            pre { code {
                "jq -r .payload FILE | base64 -d > payload.json\n"
                "jq -r '.signatures[0].sig' FILE | base64 -d > sig.bin\n"
                "jq -r .publicKeyPem CARD > key.pem\n"
                "{ printf 'DSSEv1 28 application/vnd.in-toto+json %d ' \"$(wc -c < payload.json)\"; cat payload.json; } > signed.bin\n"
                "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in signed.bin -sigfile sig.bin"
            } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::key::SigningKey;
    use flate2::read::GzDecoder;
    use serde_json::Value;
    use std::io::Read;

    /// The file as the script puts it together.
    fn rebuilt(block: &str) -> Vec<u8> {
        let json: Value = serde_json::from_str(block).unwrap();
        let mut content = Vec::new();
        let packed = BASE64.decode(json["content"].as_str().unwrap().as_bytes()).unwrap();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut content).unwrap();
        let middle = if json["isPayload"] == true { BASE64.encode(&content).into_bytes() } else { content };
        [json["before"].as_str().unwrap().as_bytes(), &middle, json["after"].as_str().unwrap().as_bytes()].concat()
    }

    #[test]
    fn the_file_comes_out_byte_for_byte() {
        let key = SigningKey::generate("recipient", &[7; 32]).unwrap();
        let payload = br#"{"much":"muchmuchmuchmuchmuchmuch\u00ff"}"#.to_vec();
        let ours = Envelope::sign(payload, &key).to_json();
        let text = String::from_utf8(ours.clone()).unwrap();
        // Another program's spacing, another alphabet, and what is no envelope at all.
        let other = text.replace('\n', "\r\n").into_bytes();
        let url = text.replace('+', "-").replace('/', "_").into_bytes();
        for file in [ours, other, url, b"\xff</script>".to_vec()] {
            assert_eq!(rebuilt(&block(&file, &key.card())), file);
        }
    }
}
