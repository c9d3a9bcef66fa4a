#!/usr/bin/env python3
"""Verifies signed documents of residua with packages of other people, as `docs/attestation.md` §3 has it.

    tests/interop/verify.py FOLDER

FOLDER has a folder for each case, in which lie `document.json` and `card.json`: a signed document, and the card of who must
have signed it. The card is one that you were given beforehand, and never one that came with the document. Prints a line for
each case, as in

    attestation cryptography=accepted securesystemslib=accepted in-toto=accepted

and on standard error why one is refused. Exits with 0 where every case was looked at, whatever the answers are.

`requirements.txt` beside this file has the packages.
"""

import base64
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf import json_format
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Refused(Exception):
    """Why a document is not to be believed."""


def read_json(path: Path) -> dict:
    """Reads an object of JSON in which no name stands twice: two readers could take two values from it."""

    def once(members: list) -> dict:
        if len(dict(members)) != len(members):
            raise Refused("a member stands twice")
        return dict(members)

    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=once)
    except ValueError as error:
        raise Refused("not JSON") from error


def public_key(card: dict) -> Ed25519PublicKey:
    """The key by which the owner of a card signs."""
    key = load_pem_public_key(card["publicKeyPem"].encode())
    if not isinstance(key, Ed25519PublicKey):
        raise Refused("the card's key is not one of Ed25519")
    return key


def with_cryptography(document: dict, card: dict) -> bytes:
    """The payload, by the rules of the format: the envelope is taken apart here, and only the signature left to the package."""
    match document:
        case {"payload": str(text), "payloadType": str(kind), "signatures": [{"sig": str(sig), **beside}], **more}:
            if kind != PAYLOAD_TYPE:
                raise Refused("the payload is of another type")
            if more or beside.keys() - {"keyid"}:
                raise Refused("there are other members than there should be")
        case _:
            raise Refused("not in the form of an envelope with one signature")
    try:
        payload = base64.b64decode(text, validate=True)
        signature = base64.b64decode(sig, validate=True)
    except ValueError as error:
        raise Refused("not base64") from error
    signed = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    try:
        public_key(card).verify(signature, signed)
    except InvalidSignature as error:
        raise Refused("the signature does not hold") from error
    return payload


def with_securesystemslib(document: dict, card: dict) -> bytes:
    """The payload, by the package's own reading of the envelope. It leaves to its caller to look at the payload's type."""
    key = SSlibKey.from_crypto(public_key(card), keyid=card["fingerprint"])
    try:
        # The package writes into what it is given.
        envelope = Envelope.from_dict(json.loads(json.dumps(document)))
        envelope.verify([key], threshold=1)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Refused(f"not in the form of an envelope: {error}") from error
    except VerificationError as error:
        raise Refused("no signature holds") from error
    return envelope.payload


def as_statement(payload: bytes) -> Statement:
    """The in-toto statement in a payload that was verified before: the package looks at its form and at no signature."""
    try:
        statement = Statement.copy_from_pb(json_format.Parse(payload, StatementMessage()))
        statement.validate()
    except (json_format.ParseError, ValueError) as error:
        raise Refused(f"no statement: {error}") from error
    return statement


def with_in_toto(document: dict, card: dict) -> bytes:
    """The payload, where it is a statement and its signature holds."""
    payload = with_cryptography(document, card)
    as_statement(payload)
    return payload


READERS = {"cryptography": with_cryptography, "securesystemslib": with_securesystemslib, "in-toto": with_in_toto}


def main(folder: Path) -> None:
    for case in sorted(path for path in folder.iterdir() if path.is_dir()):
        answers = []
        for name, reader in READERS.items():
            try:
                reader(read_json(case / "document.json"), read_json(case / "card.json"))
                answers.append(f"{name}=accepted")
            except Refused as reason:
                answers.append(f"{name}=refused")
                print(case.name, f"{name}:", reason, file=sys.stderr)
        print(case.name, *answers)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("name a folder of cases")
    main(Path(sys.argv[1]))
