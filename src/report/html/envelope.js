'use strict';
// Reads and verifies signed documents of residua (docs/attestation.md, sections 2 to 4) in a browser or in Node, by WebCrypto alone.
//
// A plain script, which defines one constant, `residuaEnvelope`:
//
//   isSupported()                 a promise of whether WebCrypto verifies Ed25519 here, by a known signature and a changed one
//   readJson(bytes)               the value of a JSON text; objects have no prototype, so that no member is there that was not written
//   readEnvelope(bytes)           { payload, keyid, signature } of an envelope (section 3); nothing is verified
//   pae(payload)                  the bytes that are signed
//   verifySignature(message, signature, spki)   a promise of true or false; strict as `verify_strict` of ed25519-dalek is
//   verify(envelope, spki)        a promise of the payload's bytes; what is wrong is thrown
//   readStatement(payload)        { kind, subject: { name, sha256 }, predicate } (section 4); the predicate is not looked at
//   readCard(bytes)               a promise of { name, fingerprint, spki, publicKeyPem, ageRecipient } (section 2)
//   fingerprint(spki)             a promise of `SHA256:…`, as OpenSSH writes it
//   sha256(bytes)                 a promise of 64 hexadecimal digits
//   hasMembers(value, required, optional)   whether a value is an object with these members and no others
//   visible(text, longest)        text as a page may show it: what would hide or reorder other text is spelt out, and long text is cut
//   Problem                       what is thrown for a file's fault; `message` is a phrase for people and quotes nothing from the file
//
// All bytes are `Uint8Array`.
const residuaEnvelope = (() => {
  const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
  const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
  const KINDS = ['manifest', 'challenge', 'attestation', 'receipt', 'countersignature', 'rotation', 'destruction', 'approval'];
  const LARGEST_ENVELOPE = 64 * 1024 * 1024;
  const LARGEST_CARD = 16 * 1024;
  const LONGEST_NAME = 200;
  const DEEPEST = 32;

  class Problem extends Error {}

  // ---- JSON -------------------------------------------------------------------------------------------------------------

  const SPACE = /[ \t\n\r]*/y;
  const PLAIN = /[^"\\\u0000-\u001f]*/y;
  const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
  const HEX = /[0-9a-fA-F]{4}/y;
  const ESCAPES = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

  // JSON.parse lets the last of two members win and rounds numbers, so that two readers could see two documents. Here both are refused.
  function readJson(bytes) {
    let text;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new Problem('it is not text in UTF-8');
    }
    let at = 0;
    const refuse = what => {
      const before = text.slice(0, at).split('\n');
      throw new Problem(`${what} at line ${before.length}, column ${before[before.length - 1].length + 1}`);
    };
    const broken = () => refuse('not valid JSON');
    const take = pattern => {
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (found !== null) at = pattern.lastIndex;
      return found;
    };
    const word = (letters, value) => {
      if (!text.startsWith(letters, at)) broken();
      at += letters.length;
      return value;
    };

    function unit() {
      const found = take(HEX);
      return found === null ? broken() : parseInt(found[0], 16);
    }

    function string() {
      if (text[at] !== '"') broken();
      at += 1;
      let read = take(PLAIN)[0];
      while (text[at] !== '"') {
        if (text[at] !== '\\') broken();
        const letter = text[at + 1];
        at += 2;
        if (letter === 'u') {
          const first = unit();
          if (first >= 0xdc00 && first <= 0xdfff) broken();
          read += String.fromCharCode(first);
          if (first >= 0xd800 && first <= 0xdbff) {
            if (text[at] !== '\\' || text[at + 1] !== 'u') broken();
            at += 2;
            const second = unit();
            if (second < 0xdc00 || second > 0xdfff) broken();
            read += String.fromCharCode(second);
          }
        } else if (letter !== undefined && Object.hasOwn(ESCAPES, letter)) {
          read += ESCAPES[letter];
        } else {
          broken();
        }
        read += take(PLAIN)[0];
      }
      at += 1;
      return read;
    }

    function number() {
      const found = take(NUMBER);
      if (found === null) broken();
      const value = Number(found[0]);
      // A minus zero is a fraction to some readers and zero to others.
      if (found[1] !== undefined || found[2] !== undefined || Object.is(value, -0) || !Number.isSafeInteger(value)) {
        refuse('a number that is not a whole number up to 2^53-1');
      }
      return value;
    }

    function array(depth) {
      const values = [];
      at += 1;
      take(SPACE);
      if (text[at] === ']') {
        at += 1;
        return values;
      }
      for (;;) {
        values.push(value(depth));
        take(SPACE);
        const letter = text[at];
        at += 1;
        if (letter === ']') return values;
        if (letter !== ',') broken();
      }
    }

    function object(depth) {
      const members = Object.create(null);
      at += 1;
      take(SPACE);
      if (text[at] === '}') {
        at += 1;
        return members;
      }
      for (;;) {
        take(SPACE);
        const name = string();
        if (name in members) refuse('the same member name twice');
        take(SPACE);
        word(':');
        members[name] = value(depth);
        take(SPACE);
        const letter = text[at];
        at += 1;
        if (letter === '}') return members;
        if (letter !== ',') broken();
      }
    }

    function value(depth) {
      take(SPACE);
      const letter = text[at];
      if (letter === '{' || letter === '[') {
        if (depth === DEEPEST) refuse(`nested more than ${DEEPEST} deep`);
        return letter === '{' ? object(depth + 1) : array(depth + 1);
      }
      if (letter === '"') return string();
      if (letter === 't') return word('true', true);
      if (letter === 'f') return word('false', false);
      if (letter === 'n') return word('null', null);
      return number();
    }

    const read = value(0);
    take(SPACE);
    if (at !== text.length) broken();
    return read;
  }

  const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);

  function hasMembers(value, required, optional = []) {
    return isObject(value)
      && required.every(name => name in value)
      && Object.keys(value).every(name => required.includes(name) || optional.includes(name));
  }

  // ---- bytes and digests ------------------------------------------------------------------------------------------------

  const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  const fromHex = text => Uint8Array.from(text.match(/../g) ?? [], pair => parseInt(pair, 16));
  const isSame = (one, other) => one.length === other.length && one.every((byte, index) => byte === other[index]);

  function concat(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const VALUES = new Int8Array(128).fill(-1);
  for (let index = 0; index < 64; index += 1) VALUES[LETTERS.charCodeAt(index)] = index;

  // Either alphabet, with or without padding; never a mixture, and no bits left over (null).
  function decodeBase64(text) {
    const isForUrls = /[-_]/.test(text);
    if (isForUrls && /[+/]/.test(text)) return null;
    let plain = text;
    if (plain.endsWith('=')) {
      if (plain.length % 4 !== 0) return null;
      plain = plain.replace(/={1,2}$/, '');
    }
    if (plain.length % 4 === 1) return null;
    if (isForUrls) plain = plain.replaceAll('-', '+').replaceAll('_', '/');
    const bytes = new Uint8Array(Math.floor(plain.length * 3 / 4));
    let bits = 0;
    let held = 0;
    let at = 0;
    for (let index = 0; index < plain.length; index += 1) {
      const code = plain.charCodeAt(index);
      const value = code < 128 ? VALUES[code] : -1;
      if (value < 0) return null;
      held = (held << 6 | value) & 0xffff;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        bytes[at] = held >> bits & 0xff;
        at += 1;
      }
    }
    return (held & (1 << bits) - 1) === 0 ? bytes : null;
  }

  function encodeBase64(bytes) {
    let text = '';
    for (let index = 0; index < bytes.length; index += 3) {
      const [one, two, three] = [bytes[index], bytes[index + 1], bytes[index + 2]];
      text += LETTERS[one >> 2] + LETTERS[(one & 3) << 4 | (two ?? 0) >> 4];
      text += two === undefined ? '=' : LETTERS[(two & 15) << 2 | (three ?? 0) >> 6];
      text += three === undefined ? '=' : LETTERS[three & 63];
    }
    return text;
  }

  async function sha256(bytes) {
    return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
  }

  // ---- Ed25519 ----------------------------------------------------------------------------------------------------------

  // SubjectPublicKeyInfo of an Ed25519 key (RFC 8410): always these twelve bytes, then the key.
  const SPKI_HEAD = fromHex('302a300506032b6570032100');
  const SPKI_LENGTH = 44;

  // The order of the base point (RFC 8032, section 5.1).
  const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

  // The points whose order divides eight, as y coordinates without the sign bit, in every form in which 255 bits can write them. With such a
  // key a signature says nothing; browsers differ in whether they refuse one.
  const SMALL_ORDER = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ];

  function isOfSmallOrder(point) {
    const y = point.slice();
    y[31] &= 0x7f;
    return SMALL_ORDER.includes(hex(y));
  }

  const isKey = spki => spki.length === SPKI_LENGTH && isSame(spki.subarray(0, 12), SPKI_HEAD) && !isOfSmallOrder(spki.subarray(12));

  async function verifySignature(message, signature, spki) {
    if (signature.length !== 64 || !isKey(spki) || isOfSmallOrder(signature.subarray(0, 32))) return false;
    // One form only: S and S + L would both satisfy the equation.
    const s = BigInt(`0x${hex(signature.slice(32).reverse())}`);
    if (s >= ORDER) return false;
    let key;
    try {
      key = await crypto.subtle.importKey('spki', spki, { name: 'Ed25519' }, false, ['verify']);
    } catch {
      // A key that is no point of the curve.
      return false;
    }
    return await crypto.subtle.verify({ name: 'Ed25519' }, key, signature, message) === true;
  }

  async function isSupported() {
    try {
      // RFC 8032, section 7.1, test 2.
      const spki = concat(SPKI_HEAD, fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'));
      const signature = fromHex('92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da'
        + '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00');
      // Imported here as well, since a browser without Ed25519 must not look like a signature that does not hold.
      await crypto.subtle.importKey('spki', spki, { name: 'Ed25519' }, false, ['verify']);
      const digest = await sha256(new Uint8Array());
      return digest === 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
        && await verifySignature(Uint8Array.of(0x72), signature, spki)
        && !await verifySignature(Uint8Array.of(0x73), signature, spki);
    } catch {
      return false;
    }
  }

  // ---- the envelope and the statement -----------------------------------------------------------------------------------

  function readEnvelope(bytes) {
    if (bytes.length > LARGEST_ENVELOPE) throw new Problem('the envelope is larger than 64 MiB');
    const envelope = readJson(bytes);
    const isForm = hasMembers(envelope, ['payload', 'payloadType', 'signatures'])
      && typeof envelope.payload === 'string'
      && typeof envelope.payloadType === 'string'
      && Array.isArray(envelope.signatures)
      && envelope.signatures.every(one => hasMembers(one, ['sig'], ['keyid']) && Object.values(one).every(text => typeof text === 'string'));
    if (!isForm) throw new Problem('it is not a signed document of residua (an envelope in JSON)');
    if (envelope.payloadType !== PAYLOAD_TYPE) throw new Problem(`it is an envelope for something else: its payloadType is not ${PAYLOAD_TYPE}`);
    if (envelope.signatures.length !== 1) throw new Problem(`the envelope has ${envelope.signatures.length} signatures, and not one`);
    const [{ sig, keyid = '' }] = envelope.signatures;
    const payload = decodeBase64(envelope.payload);
    if (payload === null) throw new Problem('its payload is not base64');
    const signature = decodeBase64(sig);
    if (signature === null) throw new Problem('its sig is not base64');
    return { payload, keyid, signature };
  }

  function pae(payload) {
    return concat(new TextEncoder().encode(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload);
  }

  async function verify(bytes, spki) {
    const envelope = readEnvelope(bytes);
    if (!await verifySignature(pae(envelope.payload), envelope.signature, spki)) throw new Problem('the signature does not hold');
    return envelope.payload;
  }

  function readStatement(payload) {
    const statement = readJson(payload);
    if (!isObject(statement) || statement._type !== STATEMENT_TYPE) {
      throw new Problem('it is a signed document, and not of residua (no in-toto statement of version 1)');
    }
    const type = typeof statement.predicateType === 'string' ? statement.predicateType : '';
    const [, kind, version] = /^urn:residua:([a-z]+):v([1-9][0-9]{0,9})$/.exec(type) ?? [];
    if (!KINDS.includes(kind) || Number(version) > 0xffffffff) throw new Problem('it is a signed document of a kind that this page does not know');
    if (version !== '1') throw new Problem(`${kind} version ${version} is newer than 1, the newest that this page reads`);
    const isForm = hasMembers(statement, ['_type', 'subject', 'predicateType', 'predicate'])
      && Array.isArray(statement.subject)
      && statement.subject.every(one => hasMembers(one, ['name', 'digest']) && typeof one.name === 'string'
        && hasMembers(one.digest, ['sha256']) && typeof one.digest.sha256 === 'string');
    if (!isForm) throw new Problem('it has not the form of a document of residua');
    if (statement.subject.length !== 1) throw new Problem(`the statement has ${statement.subject.length} subjects, and not one`);
    const [subject] = statement.subject;
    if (!/^[0-9a-f]{64}$/.test(subject.digest.sha256)) throw new Problem("the subject's sha256 is not a digest");
    return { kind, subject: { name: subject.name, sha256: subject.digest.sha256 }, predicate: statement.predicate };
  }

  // ---- cards ------------------------------------------------------------------------------------------------------------

  // OpenSSH's: SHA-256 over the wire form of RFC 8709, section 4.
  async function fingerprint(spki) {
    const wire = concat(fromHex('0000000b'), new TextEncoder().encode('ssh-ed25519'), fromHex('00000020'), spki.subarray(12));
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', wire));
    return `SHA256:${encodeBase64(digest).replace(/=+$/, '')}`;
  }

  // An X25519 recipient of age: Bech32 (BIP 173) over 32 bytes. Nothing is encrypted here, so what point it is does not matter.
  function isAgeRecipient(text) {
    if (!/^age1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{58}$/.test(text)) return false;
    const data = Array.from(text.slice(4), letter => 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.indexOf(letter));
    const head = [...'age'].map(letter => letter.charCodeAt(0));
    let check = 1;
    for (const value of [...head.map(code => code >> 5), 0, ...head.map(code => code & 31), ...data]) {
      const top = check >>> 25;
      check = (check & 0x1ffffff) << 5 ^ value;
      [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].forEach((generator, bit) => {
        if (top >> bit & 1) check ^= generator;
      });
    }
    // 52 letters are 260 bits: four are left over, and are zero.
    return check === 1 && (data[51] & 15) === 0;
  }

  async function readCard(bytes) {
    if (bytes.length > LARGEST_CARD) throw new Problem(`longer than ${LARGEST_CARD} bytes`);
    const card = readJson(bytes);
    const members = ['name', 'publicKeyPem', 'fingerprint', 'ageRecipient'];
    if (!hasMembers(card, members) || !members.every(name => typeof card[name] === 'string')) throw new Problem('it is not the JSON of a card');
    if (card.name === '' || card.name.trim() !== card.name) throw new Problem('the name is empty, or begins or ends with white space');
    if (visible(card.name, LONGEST_NAME) !== card.name) throw new Problem('the name is too long or has control or invisible characters');
    const [, block] = /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=]{60})\n-----END PUBLIC KEY-----\n$/.exec(card.publicKeyPem) ?? [];
    const spki = block === undefined ? null : decodeBase64(block);
    if (spki === null || !isKey(spki)) throw new Problem('publicKeyPem is not a usable Ed25519 public key');
    if (await fingerprint(spki) !== card.fingerprint) throw new Problem('fingerprint is not that of publicKeyPem');
    if (!isAgeRecipient(card.ageRecipient)) throw new Problem('ageRecipient is not a usable X25519 recipient of age');
    return { name: card.name, fingerprint: card.fingerprint, spki, publicKeyPem: card.publicKeyPem, ageRecipient: card.ageRecipient };
  }

  // ---- text from files --------------------------------------------------------------------------------------------------

  // Control characters, and those format characters of Unicode that reorder or hide text; the same as in src/support/sanitize.rs.
  const HARMFUL = new RegExp('[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb'
    + '\\u{e0000}-\\u{e007f}]', 'u');

  function visible(text, longest = 2000) {
    let shown = '';
    let count = 0;
    for (const character of text) {
      if (count === longest) return `${shown}…`;
      shown += HARMFUL.test(character) ? `\\u{${character.codePointAt(0).toString(16)}}` : character;
      count += 1;
    }
    return shown;
  }

  return Object.freeze({
    Problem, isSupported, readJson, readEnvelope, pae, verifySignature, verify, readStatement, readCard, fingerprint, sha256, hasMembers, visible,
  });
})();
