// Verifies signed documents of residua with Node's own crypto and with the packages of sigstore, as `docs/attestation.md` §3 has it.
//
//   node tests/interop/verify.mjs FOLDER
//
// FOLDER has a folder for each case, in which lie `document.json` and `card.json`: a signed document, and the card of who must have signed it. The
// card is one that you were given beforehand, and never one that came with the document. Prints a line for each case, as in
//
//   attestation node=accepted sigstore=accepted
//
// and on standard error why one is refused. Exits with 0 where every case was looked at, whatever the answers are.
//
// `npm ci` in the folder above installs the packages. The first reader needs none.

import { bundleFromJSON, ValidationError } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, VerificationError, Verifier } from "@sigstore/verify";
import { createPublicKey, verify } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { argv, exit } from "node:process";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** Why a document is not to be believed. */
class Refused extends Error {}

/** Whether a value is an object with these members, in the order of the alphabet, and no other. */
function hasOnly(value, members) {
  return typeof value === "object" && value !== null && Object.keys(value).sort().join() === members.join();
}

/** A value of JSON. Of two members of one name Node takes the last, and does not say so. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refused("not JSON", { cause: error });
  }
}

/** Bytes of base64. Node's own reader skips over whatever is none. */
function decode(text) {
  if (typeof text !== "string") throw new Refused("not base64");
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new Refused("not base64");
  return bytes;
}

/** The payload, by the rules of the format: the envelope is taken apart here, and only the signature left to Node. */
function withNode(document, card) {
  if (!hasOnly(document, ["payload", "payloadType", "signatures"])) throw new Refused("the envelope has other members than it should");
  if (document.payloadType !== PAYLOAD_TYPE) throw new Refused("the payload is of another type");
  if (!Array.isArray(document.signatures) || document.signatures.length !== 1) throw new Refused("there is not exactly one signature");
  const { keyid, ...signature } = document.signatures[0];
  if (!hasOnly(signature, ["sig"])) throw new Refused("the signature has other members than it should");
  const payload = decode(document.payload);
  const head = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `;
  const key = createPublicKey(card.publicKeyPem);
  if (key.asymmetricKeyType !== "ed25519") throw new Refused("the card's key is not one of Ed25519");
  if (!verify(null, Buffer.concat([Buffer.from(head), payload]), key, decode(signature.sig))) {
    throw new Refused("the signature does not hold");
  }
  return payload;
}

/** The payload, by sigstore's own reading. It leaves to its caller to look at the payload's type. */
function withSigstore(document, card) {
  const nothing = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
  const key = { rawBytes: createPublicKey(card.publicKeyPem).export({ type: "spki", format: "der" }) };
  // The key is one that both sides know, and no transparency log, certificate or time stamp vouches for it.
  const verifier = new Verifier(toTrustMaterial(nothing, { [card.fingerprint]: key }), { tlogThreshold: 0, ctlogThreshold: 0, tsaThreshold: 0 });
  try {
    const bundle = bundleFromJSON({
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: { publicKey: { hint: card.fingerprint }, tlogEntries: [] },
      dsseEnvelope: document,
    });
    verifier.verify(toSignedEntity(bundle));
    return bundle.content.dsseEnvelope.payload;
  } catch (error) {
    if (error instanceof ValidationError || error instanceof VerificationError) throw new Refused(error.message, { cause: error });
    throw error;
  }
}

const READERS = { node: withNode, sigstore: withSigstore };

if (argv.length !== 3) {
  console.error("name a folder of cases");
  exit(1);
}
for (const entry of readdirSync(argv[2], { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  const read = (name) => parse(readFileSync(join(argv[2], entry.name, name), "utf8"));
  const answers = Object.entries(READERS).map(([name, reader]) => {
    try {
      reader(read("document.json"), read("card.json"));
      return `${name}=accepted`;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      console.error(`${entry.name} ${name}: ${error.message}`);
      return `${name}=refused`;
    }
  });
  console.log([entry.name, ...answers].join(" "));
}
