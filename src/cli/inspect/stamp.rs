//! Time stamps and the requests for them: what they say, and what was not checked.

use crate::attestation::stamp;
use crate::attestation::stamp::Kind;
use crate::attestation::stamp::LONGEST;
use crate::attestation::stamp::Request;
use crate::attestation::stamp::Signer;
use crate::attestation::stamp::Stamp;
use crate::attestation::stamp::StampError;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::report::json_v1;
use crate::report::json_v1::stamp::InspectedStampV1;
use crate::report::text;
use crate::support::hex;
use crate::support::sanitize::clean;
use crate::support::time;
use anyhow::Context as _;
use std::fs;
use std::path::Path;

/// The tag of a SEQUENCE, with which both begin.
pub(super) const SEQUENCE: &[u8] = &[0x30];

/// Shows a time stamp or a request; `false` where the file is neither.
pub(super) fn inspect(path: &Path, context: &Context) -> anyhow::Result<bool> {
    let reading = || format!("cannot read `{}`", path.display());
    if fs::metadata(path).with_context(reading)?.len() > LONGEST as u64 {
        return Ok(false);
    }
    let bytes = fs::read(path).with_context(reading)?;
    match stamp::kind(&bytes) {
        None => return Ok(false),
        Some(Kind::Request) => show_request(&Request::read(&bytes).with_context(reading)?, path, context)?,
        Some(Kind::Answer) => match Stamp::read(&bytes) {
            Err(StampError::Rejected { reason }) => show_rejection(&reason, context)?,
            stamp => show_stamp(&stamp.with_context(reading)?, context)?,
        },
    }
    Ok(true)
}

fn show_request(request: &Request, path: &Path, context: &Context) -> anyhow::Result<()> {
    if context.format == Format::Json {
        return context.print(&json_v1::write(&InspectedStampV1::from(request)));
    }
    let words = text::facts(&[
        ("over", format!("SHA-256 {}", hex::encode(&request.imprint))),
        ("number", request.nonce.clone().unwrap_or_else(|| "none".to_owned())),
        ("policy", request.policy.clone().unwrap_or_else(|| "the authority's own".to_owned())),
        ("certificate", if request.wants_certificate { "asked for" } else { "not asked for" }.to_owned()),
    ]);
    context.say(&format!(
        "A request for a time stamp (RFC 3161), to be given to an authority. Its answer is put beside it, as `{}`.\n\n{words}",
        clean(&path.with_extension("tsr").to_string_lossy())
    ))
}

fn show_rejection(reason: &str, context: &Context) -> anyhow::Result<()> {
    if context.format == Format::Json {
        return context.print(&json_v1::write(&InspectedStampV1::rejected(reason.to_owned())));
    }
    context.say(&format!(
        "An answer of a time-stamping authority (RFC 3161), which gave no time stamp: {}\n",
        text::clean_long(reason)
    ))
}

fn show_stamp(stamp: &Stamp, context: &Context) -> anyhow::Result<()> {
    if context.format == Format::Json {
        return context.print(&json_v1::write(&InspectedStampV1::from(stamp)));
    }
    let mut facts = vec![
        ("over", format!("SHA-256 {}", hex::encode(&stamp.imprint))),
        ("time", format!("{}, by the authority's clock", time::format(stamp.time))),
        ("policy", stamp.policy.clone()),
        ("serial number", stamp.serial.clone()),
        ("number", stamp.nonce.clone().unwrap_or_else(|| "none".to_owned())),
    ];
    match &stamp.signer {
        Signer::Certificate { subject, fingerprint } => {
            facts.push(("signed by", format!("the key of a certificate for {}", text::clean_long(subject))));
            facts.push(("certificate", format!("SHA-256 {fingerprint}")));
        }
        Signer::Unverified { because } => facts.push(("signed by", format!("not verified: {because}"))),
    }
    context.say(&format!(
        "A time stamp (RFC 3161): an authority has signed that it saw a digest at a time.\n\n{}\nAnybody can make a certificate with any name. Whether \
         it is that of an authority to be trusted was not checked: `openssl ts -verify -in FILE.tsr -data FILE -CAfile ca.pem` does, and \
         `residua stamp keep` looks for the document in the ledger.\n",
        text::facts(&facts)
    ))
}
