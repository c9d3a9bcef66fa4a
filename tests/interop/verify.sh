#!/usr/bin/env bash
# Verifies signed documents of residua with jq, GNU coreutils and OpenSSL 3, as `docs/attestation.md` §3 and §10 have it.
#
#   tests/interop/verify.sh FOLDER
#
# FOLDER has a folder for each case, in which lie `document.json` and `card.json`: a signed document, and the card of who must have signed it. The
# card is one that you were given beforehand, and never one that came with the document. Prints a line for each case, as in
#
#   attestation openssl=accepted
#
# and on standard error why one is refused. Exits with 0 where every case was looked at, whatever the answers are.

set -euo pipefail

# Takes an envelope apart: payload and signature on one line, and the signer's key below. First comes what a signature does not cover: one payload of
# the one type, one signature, and nothing beside them that nobody looked at. Both texts are base64, so that neither can run into what follows.
take_apart='
  if length == 1 then .[0] else error("not one value of JSON") end
  | if (keys == ["payload", "payloadType", "signatures"]) and .payloadType == "application/vnd.in-toto+json"
      and (.signatures | type == "array" and length == 1) and (.signatures[0] | keys - ["keyid"] == ["sig"])
      and ([.payload, .signatures[0].sig] | all(test("\\A[A-Za-z0-9+/]+=*\\z")))
    then "\(.payload) \(.signatures[0].sig)", $card[0].publicKeyPem
    else error("not in the form of an envelope")
    end'

# Whether the owner of a card signed the document. The statement is then in `payload.json` of the folder for scratch files, and worth reading.
verify() {
  local document=$1 card=$2 scratch=$3 texts payload sig
  texts=$(jq --slurp --raw-output --slurpfile card "$card" "$take_apart" "$document") || return 1
  read -r payload sig <<<"$texts"
  base64 --decode <<<"$payload" >"$scratch/payload.json" || return 1
  base64 --decode <<<"$sig" >"$scratch/sig.bin" || return 1
  tail -n +2 <<<"$texts" >"$scratch/signer.pem"
  {
    printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c <"$scratch/payload.json")"
    cat "$scratch/payload.json"
  } >"$scratch/pae.bin"
  openssl pkeyutl -verify -pubin -inkey "$scratch/signer.pem" -rawin -in "$scratch/pae.bin" -sigfile "$scratch/sig.bin"
}

scratch=$(mktemp -d)
trap 'rm -r -- "$scratch"' EXIT
for case in "${1:?name a folder of cases}"/*; do
  answer=accepted
  reason=$(verify "$case/document.json" "$case/card.json" "$scratch" 2>&1) || answer=refused
  name=${case##*/}
  printf '%s openssl=%s\n' "$name" "$answer"
  if [[ $answer = refused ]]; then
    printf '%s openssl: %s\n' "$name" "$reason" >&2
  fi
done
