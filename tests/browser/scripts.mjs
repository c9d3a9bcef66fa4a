// Runs the scripts of the pages in Node over the cases of a file, for the tests that hold them against the program: `node scripts.mjs CASES RESULTS`.
// A case is { do, … } as below; what comes of each is written as one array of JSON.
import { webcrypto } from 'node:crypto';
import fs from 'node:fs';
import vm from 'node:vm';

// Node 18 has it only here.
globalThis.crypto ??= webcrypto;

const folder = new URL('../../src/report/html/', import.meta.url);
for (const name of ['envelope.js', 'verdict.js']) vm.runInThisContext(fs.readFileSync(new URL(name, folder), 'utf8'), { filename: name });
const envelope = vm.runInThisContext('residuaEnvelope');
const verdict = vm.runInThisContext('residuaVerdict');

const bytes = text => new Uint8Array(Buffer.from(text, 'base64'));
const base64 = array => Buffer.from(array).toString('base64');
const read = { attestation: verdict.readAttestation, challenge: verdict.readChallenge, manifest: verdict.readManifest };

const ways = {
  // A predicate with a phase and a policy: the judgement, or null where it cannot be judged; and the meaning of each verdict.
  judge: ({ attestation, phase, policy }) => ({
    judgement: verdict.isCountable(attestation) ? verdict.judge(phase, policy, attestation) : null,
    meanings: verdict.VERDICTS.map(word => verdict.meaning(word, attestation)),
    isPossible: verdict.isCountable(attestation) ? verdict.isPossible(attestation) : null,
  }),
  numbers: ({ values }) => values.map(value => [verdict.decimal(value), verdict.poissonBound(value)]),
  words: () => ({ gaps: verdict.GAPS, reasons: verdict.REASONS, phases: verdict.PHASES, verdicts: verdict.VERDICTS, limitations: verdict.LIMITATIONS, policy: verdict.DEFAULT_POLICY }),
  visible: ({ text, longest }) => envelope.visible(text, longest),
  json: ({ file }) => JSON.stringify(envelope.readJson(bytes(file))) !== undefined,
  envelope: ({ file }) => {
    const { payload, keyid, signature } = envelope.readEnvelope(bytes(file));
    return { payload: base64(payload), keyid, signature: base64(signature) };
  },
  statement: ({ file }) => {
    const { kind, subject, predicate } = envelope.readStatement(bytes(file));
    read[kind](predicate);
    return { kind, subject };
  },
  card: async ({ file }) => {
    const { name, fingerprint } = await envelope.readCard(bytes(file));
    return { name, fingerprint };
  },
  signature: ({ message, signature, spki }) => envelope.verifySignature(bytes(message), bytes(signature), bytes(spki)),
  verify: async ({ file, spki }) => base64(await envelope.verify(bytes(file), bytes(spki))),
  supported: () => envelope.isSupported(),
};

const results = [];
for (const one of JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))) {
  try {
    results.push(await ways[one.do](one));
  } catch (problem) {
    // What a file is refused for is a result; anything else is a bug of a script.
    if (!(problem instanceof envelope.Problem)) throw problem;
    results.push({ refused: problem.message });
  }
}
fs.writeFileSync(process.argv[3], JSON.stringify(results));
