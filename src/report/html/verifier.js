'use strict';
// The page that verifies an attestation without the program. It comes after envelope.js and verdict.js, which know the formats and the rules; here
// is what is compared with what, and what is shown.
//
// Documents are told apart by what they claim to be, and believed only after a card has verified them. Everything from a file reaches the page as
// text, through `shown`. A result is `holds` only if every row of the table of checks says so.
(() => {
  const { Problem, isSupported, readJson, readEnvelope, readStatement, readCard, pae, verifySignature, sha256, visible } = residuaEnvelope;
  const { readAttestation, readChallenge, readManifest, PHASES, LIMITATIONS, DEFAULT_POLICY, isCountable, judge, isPossible, meaning, isSame, grouped, decimal } = residuaVerdict;

  const LARGEST = 64 * 1024 * 1024;
  const MOST_SHOWN = 1000;
  // Declarations and reasons that are held against one another where no challenge says which of them counts.
  const MOST_JUDGED = 10000;
  // Without a challenge, the tolerance that challenges have by default.
  const TOLERANCE = 600;

  const KINDS = {
    attestation: 'attestation', manifest: 'statement of a manifest', challenge: 'challenge', card: 'card',
    other: 'another signed document, which this page does not use', damaged: 'a document that cannot be read',
    unknown: 'not one of the documents that this page reads',
  };

  const REASONS = {
    supply_record_found: 'supplied records were found',
    person_found: 'people of the supply were found without a declared lawful source',
    gap: 'a part was not seen',
    nothing_read: 'not one row was read from which a match key could be formed',
    sentinel_missed: 'an invented row that was put in was not found, or none was put in',
    known_answer_missed: 'a known answer of the manifest was not found, or none was asked for',
    possible_coincidence: 'people may have been found, or it was chance, since so much was combined in the text of the rows',
    aggregate_excess: 'a key that often agrees by chance agreed more often than chance explains',
    weak_keys: 'records agree by a key so weak that their number tells nothing',
    rows_unkeyed: 'too many rows hold something of a person and form no match key',
    declaration_not_accepted: 'people were found in what is declared lawful, and the challenge does not accept that declaration',
    supply_record_declared_lawful: 'supplied records stand in rows that are declared lawful',
    exclusion_not_accepted: 'a part was left out, and the challenge does not accept that',
    not_scanned_not_accepted: 'a system not scanned, a backup or an onward recipient is declared, and the challenge does not accept that',
    required_key_missing: 'a key that the challenge requires was not looked for',
    baseline_share: 'fewer records were found than the challenge asks for',
  };

  // ---- the page ---------------------------------------------------------------------------------------------------------

  const at = id => document.getElementById(id);
  const shown = text => visible(String(text));

  // The only way by which anything enters the page: elements by name, and text as text.
  function element(name, classes, ...content) {
    const made = document.createElement(name);
    if (classes !== '') made.className = classes;
    for (const part of content) {
      if (part !== '') made.append(part instanceof Node ? part : shown(part));
    }
    return made;
  }

  // A head that ends in `#` is that of numbers, and one that ends in `!` of words that stay on one line.
  function table(caption, heads, rows) {
    const names = heads.map(head => head.replace(/[#!]$/, ''));
    const classes = heads.map(head => ({ '#': 'number', '!': 'mark' })[head.at(-1)] ?? '');
    const body = rows.slice(0, MOST_SHOWN).map(cells => element('tr', '', ...cells.map((content, index) => {
      const cell = element('td', classes[index], content);
      // On a narrow screen a row stands as a block, and each cell says what it is.
      cell.dataset.label = names[index];
      return cell;
    })));
    if (rows.length > MOST_SHOWN) {
      const more = element('td', 'soft', `and ${grouped(rows.length - MOST_SHOWN)} more, which are not shown`);
      more.colSpan = heads.length;
      body.push(element('tr', '', more));
    }
    const head = names.map((name, index) => {
      const cell = element('th', classes[index], name);
      cell.scope = 'col';
      return cell;
    });
    const whole = element('table', 'stacked', element('caption', '', caption), element('thead', '', element('tr', '', ...head)), element('tbody', '', ...body));
    return element('div', 'scroll', whole);
  }

  function facts(pairs) {
    return element('dl', 'facts', ...pairs.flatMap(([name, value]) => [element('dt', '', name), element('dd', '', value)]));
  }

  function bullets(lines) {
    const items = lines.slice(0, MOST_SHOWN).map(line => element('li', '', line));
    if (lines.length > MOST_SHOWN) items.push(element('li', 'soft', `and ${grouped(lines.length - MOST_SHOWN)} more, which are not shown`));
    return element('ul', '', ...items);
  }

  const setState = state => {
    document.documentElement.dataset.state = state;
  };

  // ---- files ------------------------------------------------------------------------------------------------------------

  async function load(file) {
    const read = { name: file.name, size: file.size, digest: null, kind: 'unknown', problem: null };
    if (file.size > LARGEST) return { ...read, problem: 'larger than 64 MiB, and not read' };
    let bytes;
    try {
      bytes = new Uint8Array(await file.arrayBuffer());
    } catch {
      return { ...read, kind: 'damaged', problem: 'the browser cannot read the file' };
    }
    return { ...read, digest: await sha256(bytes), ...await recognise(bytes) };
  }

  // What a document claims to be. Nothing is believed of it yet.
  async function recognise(bytes) {
    let kind = 'unknown';
    try {
      // A document that is no longer JSON is still one that was changed, and not just any file.
      const clues = new TextDecoder().decode(bytes);
      if (/^\s*\{/.test(clues) && /"publicKeyPem"|"ageRecipient"/.test(clues)) kind = 'card';
      else if (/^\s*\{/.test(clues) && /"payloadType"|"payload"|"signatures"/.test(clues)) kind = 'damaged';
      if (kind === 'unknown') return { kind };
      const names = Object.keys(readJson(bytes));
      if (!['publicKeyPem', 'ageRecipient', 'payloadType', 'payload', 'signatures'].some(name => names.includes(name))) return { kind: 'unknown' };
      if (kind === 'card') return { kind, card: await readCard(bytes) };
      const envelope = readEnvelope(bytes);
      const claimed = readStatement(envelope.payload).kind;
      return { kind: ['attestation', 'manifest', 'challenge'].includes(claimed) ? claimed : 'other', envelope };
    } catch (problem) {
      if (problem instanceof Problem) return { kind, problem: problem.message };
      throw problem;
    }
  }

  // ---- checks -----------------------------------------------------------------------------------------------------------

  class Checks {
    constructor() {
      this.rows = [];
      this.wanted = [];
    }

    // `wrongs` is what does not hold, in words; without any, the check holds and `said` stands beside it.
    add(name, wrongs, said) {
      this.rows.push(wrongs.length > 0 ? { name, state: 'fails', lines: wrongs } : { name, state: 'holds', lines: [said] });
    }

    // Something that could not be checked, and what is to be dropped for it.
    leave(name, line, wanted = null) {
      this.rows.push({ name, state: 'open', lines: [line] });
      if (wanted !== null) this.wanted.push(wanted);
    }

    state() {
      if (this.rows.some(row => row.state === 'fails')) return 'fails';
      return this.rows.length > 0 && this.rows.every(row => row.state === 'holds') ? 'holds' : 'incomplete';
    }
  }

  const wrongWhere = pairs => pairs.filter(([isWrong]) => isWrong).map(([, line]) => line);

  // The card that signed a document, or null.
  async function signer(document_, cards) {
    const signed = pae(document_.envelope.payload);
    for (const { card } of cards) {
      if (await verifySignature(signed, document_.envelope.signature, card.spki)) return card;
    }
    return null;
  }

  // Verifies one document and reads what is inside; null where either does not succeed.
  async function open(checks, title, owner, document_, cards, read) {
    const name = `${title}: signature`;
    const card = await signer(document_, cards);
    if (card === null) {
      const { keyid } = document_.envelope;
      if (cards.some(({ card: one }) => one.fingerprint === keyid) || (keyid === '' && cards.length > 1)) {
        checks.add(name, [`the signature of ${document_.name} is not that of the key which the file names, nor of another card that was dropped`]);
      } else {
        const claim = keyid === '' ? '' : `; the file claims to be signed by ${keyid}`;
        checks.leave(name, `no card that was dropped has signed ${document_.name}${claim}`, cards.length === 0 ? null : `the card of the ${owner}`);
      }
      return null;
    }
    checks.add(name, [], `Ed25519, by the card of ${card.name}`);
    try {
      const statement = readStatement(document_.envelope.payload);
      return { card, digest: document_.digest, subject: statement.subject, ...read(statement.predicate) };
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      checks.add(`${title}: form`, [`${document_.name}: ${problem.message}`]);
      return null;
    }
  }

  // Of several documents of a kind, the one that the attestation names.
  const choose = (documents, digest) => documents.find(one => one.digest === digest) ?? documents[0];

  async function examine(documents) {
    const checks = new Checks();
    for (const one of documents.filter(({ kind, problem }) => problem !== null && kind !== 'unknown')) {
      checks.add(`${one.name}: form`, [one.problem]);
    }
    const usable = documents.filter(one => one.problem === null);
    const of = kind => usable.filter(one => one.kind === kind);
    const cards = of('card').filter((one, index, all) => all.findIndex(other => other.card.fingerprint === one.card.fingerprint) === index);
    const attestations = of('attestation');
    if (cards.length === 0) checks.leave('Cards', 'none was dropped', 'the cards of both parties');

    let attestation = null;
    if (attestations.length === 0) checks.leave('Attestation', 'it was not dropped', 'the attestation');
    else if (attestations.length > 1) checks.leave('Attestation', 'more than one was dropped, and this page looks at one at a time: start again', 'one attestation only');
    else attestation = await open(checks, 'Attestation', 'recipient', attestations[0], cards, predicate => ({ stated: readAttestation(predicate) }));

    const stated = attestation?.stated;
    const manifests = of('manifest');
    let manifest = null;
    if (manifests.length === 0) checks.leave('Statement of the manifest', 'it was not dropped', 'the statement of the manifest');
    else {
      const chosen = choose(manifests, stated?.manifest.statementSha256);
      manifest = await open(checks, 'Statement of the manifest', 'originator', chosen, cards, predicate => ({ terms: readManifest(predicate) }));
    }
    const challenges = of('challenge');
    let challenge = null;
    if (challenges.length === 0) checks.leave('Challenge', 'it was not dropped; what it asks, accepts and requires is not known', 'the challenge');
    else {
      const chosen = choose(challenges, stated?.challenge.sha256);
      challenge = await open(checks, 'Challenge', 'originator', chosen, cards, predicate => ({ asked: readChallenge(predicate) }));
    }

    if (attestation !== null || challenge !== null) checkParties(checks, attestation, manifest, challenge);
    if (attestation !== null) {
      if (manifest === null) checks.leave('Manifest that was looked for', 'nothing to compare with');
      else {
        checkManifest(checks, attestation, manifest);
        checkNumbers(checks, stated, manifest.terms);
      }
      if (challenge !== null) checkChallenge(checks, attestation, manifest, challenge);
      checkTimes(checks, stated, challenge);
      checkVerdict(checks, stated, challenge);
    }
    return { checks, attestation, manifest, challenge };
  }

  function checkParties(checks, attestation, manifest, challenge) {
    const name = 'Keys';
    if (manifest === null) {
      checks.leave(name, 'which keys belong to the supply stands in the statement of the manifest');
      return;
    }
    const { supply } = manifest.terms;
    const originator = manifest.card.fingerprint;
    const recipient = attestation?.card.fingerprint ?? challenge?.asked.recipientKey;
    const isReplaced = challenge !== null && challenge.asked.recipientKey === recipient && supply.recipientKey !== recipient;
    const wrongs = wrongWhere([
      [supply.originatorKey !== originator, 'the statement of the manifest is not signed by the originator whose key it names'],
      [supply.originator !== manifest.card.name, 'the statement of the manifest names another originator than the card'],
      [challenge !== null && challenge.card.fingerprint !== originator, 'the challenge and the statement of the manifest are signed by different keys'],
      [challenge !== null && challenge.asked.recipientKey !== recipient, 'the attestation is not signed by the key that the challenge was for'],
      [challenge === null && supply.recipientKey !== recipient,
        'the attestation is not signed by the recipient whose key the statement of the manifest names (if that key was replaced, the challenge names the new one)'],
      [attestation !== null && supply.recipientKey === recipient && supply.recipient !== attestation.card.name,
        'the statement of the manifest names another recipient than the card'],
      [recipient === originator, 'originator and recipient have the same key, so that nobody else has said anything'],
    ]);
    checks.add(name, wrongs, isReplaced
      ? 'the originator signed statement and challenge, and the recipient the attestation, with another key than the statement names: the challenge names the new one'
      : 'the keys that the originator named when the supply was made are those that have signed');
  }

  function checkManifest(checks, { subject, stated }, manifest) {
    const { terms } = manifest;
    const group = stated.challenge.phase === 'baseline' ? 'baseline' : 'deletion';
    checks.add('Manifest that was looked for', wrongWhere([
      [manifest.subject.sha256 !== terms.layout.sha256, 'the statement of the manifest names two different files'],
      [subject.sha256 !== manifest.subject.sha256, 'the file attested is not the manifest of the statement'],
      [stated.manifest.statementSha256 !== manifest.digest, 'the statement of the manifest is not the one that the attestation names (SHA-256)'],
      [stated.manifest.manifestId !== terms.manifestId, "the manifest's id is another"],
      [stated.manifest.blake3 !== terms.layout.blake3, "the manifest's BLAKE3 is another"],
      [stated.supply !== terms.supply.supplyId, 'the attestation names another supply'],
      [terms.phaseGroup !== group, `the manifest is not one for the phase ${stated.challenge.phase}`],
    ]), 'file, statement, id and supply are those that the originator signed');
  }

  // Those numbers of the attestation that stand in the manifest's statement too, and a few that must agree with one another.
  function checkNumbers(checks, stated, terms) {
    const { coverage, sentinels, knownAnswers } = stated;
    const wrongs = wrongWhere([
      [coverage.records !== terms.records, "the number of records is not the manifest's"],
      [(coverage.controls ?? 0) !== (terms.controls ?? 0), "the number of people who were not supplied is not the manifest's"],
      [coverage.searchable !== Math.max(0, terms.records - terms.recordsWithoutKey), "the number of records that can be looked for is not the manifest's"],
      [coverage.expectedRows !== terms.expectedRows, "the number of rows planned for is not the manifest's"],
      [terms.keys.length !== terms.layout.sections.length, 'the statement of the manifest has not one section for each key'],
      [coverage.complete !== (coverage.gaps.length === 0 && coverage.excluded.length === 0), 'it says that it is complete where it is not, or the reverse'],
      [sentinels.injected !== sentinels.detected, `${grouped(sentinels.detected)} of ${grouped(sentinels.injected)} sentinels were found`],
      [sentinels.injected === 0 && coverage.targets.some(target => target.rowsRead > target.rowsWithoutKey), 'rows were searched without a sentinel among them'],
      [knownAnswers.asked !== terms.keys.length || knownAnswers.answered !== terms.keys.length,
        `${grouped(knownAnswers.answered)} of ${grouped(knownAnswers.asked)} known answers were given, and the manifest has ${grouped(terms.keys.length)}`],
    ]);
    const names = new Set();
    for (const target of coverage.targets) {
      const wrong = (isWrong, line) => {
        if (isWrong) wrongs.push(`${target.name}: ${line}`);
      };
      wrong(names.has(target.name), 'it stands among the targets twice');
      names.add(target.name);
      wrong(target.resumed !== undefined && target.contentDigest === null,
        'it is said to be taken over from an earlier run, and no digest says that its content is the same');
      wrong(target.rowsWithoutKey > target.rowsRead || target.rowsUnkeyed > target.rowsRead || target.rowsByNumber > target.rowsRead, 'more rows of a kind than rows');
      wrong(new Set(target.byKey.map(result => result.key)).size !== target.byKey.length, 'a key is listed twice');
      for (const result of target.byKey) {
        const number = terms.keys.findIndex(key => key.name === result.key);
        const key = terms.keys[number];
        const entries = terms.layout.sections[number]?.entries ?? 0;
        const isPlanned = key !== undefined && key.class === result.class && isSameDecimal(key.u, result.u)
          && result.fingerprints === Math.max(0, entries - 1) && (result.class !== 'S' || result.supplyOnly);
        wrong(!isPlanned, `class, u or number of fingerprints of the key ${result.key} are not the manifest's`);
        wrong(result.rows > result.hits || result.distinctRecords > result.hits || (result.hits > 0 && (result.rows === 0 || result.distinctRecords === 0)),
          `the hits of the key ${result.key} do not agree with its rows and records`);
        wrong(result.rows > Math.max(0, target.rowsRead - target.rowsWithoutKey) || result.rows > result.probes,
          `the key ${result.key} hit more rows than were looked up`);
      }
    }
    checks.add('Numbers', wrongs, 'those that stand in the statement of the manifest too are the same; sentinels and known answers were all found');
  }

  const isSameDecimal = (one, other) => {
    const isNumber = text => /^[0-9.eE+-]+$/.test(text) && Number.isFinite(Number(text));
    return isNumber(one) && isNumber(other) && decimal(Number(one)) === decimal(Number(other));
  };

  function checkChallenge(checks, { stated, subject }, manifest, challenge) {
    const { asked } = challenge;
    const named = stated.challenge;
    checks.add('Challenge that was answered', wrongWhere([
      [named.sha256 !== challenge.digest, 'the challenge is not the file that the attestation names (SHA-256)'],
      [named.challengeId !== asked.challengeId, 'its id is another'],
      [named.nonce !== asked.nonce, 'its nonce is another'],
      [named.phase !== asked.phase, 'its phase is another'],
      [!PHASES.includes(asked.phase), 'its phase is none that there is'],
      [named.issuedAt !== asked.issuedAt, 'its date of issue is another'],
      [stated.supply !== asked.supplyId, 'it is for another supply'],
      [stated.baseline !== asked.baseline, 'it names another baseline'],
      [challenge.subject.sha256 !== subject.sha256, 'it is for another manifest than was looked for'],
      [manifest !== null && challenge.subject.sha256 !== manifest.subject.sha256, 'it is for another manifest than that of the statement'],
      [!isSame(stated.spotChecks.map(check => check.record), asked.spotChecks), 'the spot checks answered are not those that it asks for'],
    ]), 'file, id, nonce, phase, date of issue, supply and baseline are those that the originator signed, and its spot checks were answered');
  }

  // Seconds since 1970 of a time in UTC, or null.
  function seconds(written) {
    const [, whole] = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?Z$/.exec(written) ?? [];
    if (whole === undefined) return null;
    const time = Date.parse(`${whole}Z`);
    return Number.isNaN(time) || new Date(time).toISOString().slice(0, 19) !== whole ? null : time / 1000;
  }

  function checkTimes(checks, stated, challenge) {
    const name = 'Times';
    const tolerance = challenge?.asked.toleranceSeconds ?? TOLERANCE;
    const written = [stated.challenge.issuedAt, stated.scan.startedAt, stated.scan.finishedAt, ...challenge === null ? [] : [challenge.asked.expiresAt]];
    const times = written.map(seconds);
    if (times.includes(null)) {
      checks.add(name, ['a time is not in UTC, as 2017-06-30T09:00:00Z']);
      return;
    }
    const [issued, started, finished, expires = Infinity] = times;
    // Targets that an earlier run of the scan read.
    const resumed = stated.coverage.targets.filter(target => target.resumed !== undefined).map(target => seconds(target.resumed.scannedAt));
    if (resumed.includes(null)) {
      checks.add(name, ['the time at which a target was scanned is not in UTC, as 2017-06-30T09:00:00Z']);
      return;
    }
    const wrongs = wrongWhere([
      [resumed.some(scanned => issued > scanned + tolerance), 'by their clocks, a target that was taken over was scanned before the challenge was issued'],
      [resumed.some(scanned => scanned > started + tolerance), 'a target is said to be taken over from an earlier run, and was scanned after this one began'],
      [issued > started + tolerance, 'by their clocks, the scan began before the challenge was issued'],
      [started > finished + tolerance, 'the scan ended before it began'],
      [finished > expires + tolerance, 'by the recipient\'s clock, the scan ended after the challenge had expired'],
    ]);
    const order = challenge === null ? 'issued, begun, ended' : 'issued, begun, ended, expired';
    checks.add(name, wrongs, `in order (${order}), with a tolerance of ${grouped(tolerance)} seconds between two clocks`);
  }

  function checkVerdict(checks, stated, challenge) {
    const name = 'Verdict';
    const phase = challenge?.asked.phase ?? stated.challenge.phase;
    if (!isCountable(stated) || !PHASES.includes(phase)) {
      checks.add(name, ['a class, a gap, a decimal or a sum is none that can be judged']);
      return;
    }
    const judgement = judge(phase, challenge?.asked.policy ?? DEFAULT_POLICY, stated);
    const isFull = wrongWhere([
      [stated.meaning !== meaning(stated.verdict, stated), 'its meaning is stated in other words than the verdict and the numbers give'],
      [!isSame(stated.limitations, LIMITATIONS), 'its limitations are not stated as they have to be'],
    ]);
    const isVerdict = stated.verdict === judgement.verdict;
    const isReasons = isSame(stated.verdictReasons, judgement.reasons);
    if (challenge !== null) {
      checks.add(name, [...wrongWhere([
        [!isVerdict, `it is stated as ${stated.verdict}, and what is attested gives ${judgement.verdict}`],
        [isVerdict && !isReasons, 'the reasons stated are not those that what is attested gives'],
      ]), ...isFull], `computed anew by what the challenge accepts and requires: ${judgement.verdict}, as stated, with the same reasons and meaning`);
      return;
    }
    const judged = [...Object.values(stated.declared), stated.coverage.excluded, stated.verdictReasons].reduce((total, all) => total + all.length, 0);
    if (judged > MOST_JUDGED) {
      checks.add(name, [`more than ${grouped(MOST_JUDGED)} declarations and reasons are not judged`]);
      return;
    }
    const wrongs = [...wrongWhere([[!isPossible(stated), `no challenge leads from what is attested to ${stated.verdict} with the reasons stated`]]), ...isFull];
    if (wrongs.length > 0) {
      checks.add(name, wrongs);
    } else {
      checks.leave(name, `computed anew as if the challenge accepted and required nothing beyond the defaults: ${judgement.verdict}${isVerdict && isReasons ? ', as stated' : `; stated is ${stated.verdict}`}. `
        + 'What the challenge accepts and requires may lead to another');
    }
  }

  // ---- what is shown ----------------------------------------------------------------------------------------------------

  const MARKS = { holds: '✓ holds', fails: '✗ does NOT hold', open: '? not checked' };

  function showResult(state, { checks, attestation }) {
    const failed = checks.rows.filter(row => row.state === 'fails');
    const wanted = [...new Set(checks.wanted)];
    const box = at('result');
    if (state === 'holds') {
      box.className = ['clear', 'present'].includes(attestation.stated.verdict) ? 'verdict good' : 'verdict plain';
      box.replaceChildren(element('div', '',
        element('p', 'word', 'Everything that this page checks holds'),
        element('p', '', `The recipient states: ${attestation.stated.verdict}. That is what its findings give.`),
        element('p', '', 'Now compare the two fingerprints below with those that the parties gave you by another way. Without that, anybody may have made these files.')));
    } else if (state === 'fails') {
      box.className = 'verdict bad';
      box.replaceChildren(element('div', '',
        element('p', 'word', 'This does NOT hold'),
        bullets(failed.map(row => `${row.name}: ${row.lines[0]}${row.lines.length > 1 ? ` (and ${grouped(row.lines.length - 1)} more)` : ''}`))));
    } else {
      box.className = 'verdict doubt';
      const next = wanted.length > 0 ? `Drop ${wanted.join(', ')}.` : 'Something could not be checked; the table says what.';
      const soFar = checks.rows.some(row => row.state === 'holds') ? ' What was checked so far does not contradict itself; that is no result.' : '';
      box.replaceChildren(element('div', '', element('p', 'word', 'Not complete'), element('p', '', `${next}${soFar}`)));
    }
  }

  function showDocuments(documents) {
    const kind = one => (one.problem === null ? KINDS[one.kind] : `${KINDS[one.kind]}: ${one.problem}`);
    const digest = one => element('span', 'mono', one.digest ?? '');
    at('documents').replaceChildren(...documents.length === 0 ? [] : [
      table('The files, recognised by what they hold', ['File', 'Taken for', 'SHA-256'], documents.map(one => [one.name, kind(one), digest(one)])),
    ]);
  }

  function showChecks(checks) {
    const rows = checks.rows.map(row => [row.name, MARKS[row.state], row.lines.length > 1 ? bullets(row.lines) : row.lines[0]]);
    at('checks').replaceChildren(element('h2', '', 'Checks'), table('What was compared, and what came of it', ['Check', 'Result!', 'Details'], rows));
  }

  function showParties({ attestation, manifest, challenge }) {
    const party = (role, card) => [role, card.name, element('span', 'mono', card.fingerprint)];
    const rows = [];
    const originator = manifest?.card ?? challenge?.card;
    if (originator !== undefined) rows.push(party('Originator', originator));
    if (attestation !== null) rows.push(party('Recipient', attestation.card));
    if (rows.length === 0) {
      at('parties').replaceChildren();
      return;
    }
    at('parties').replaceChildren(
      element('h2', '', 'Whose signatures these are'),
      element('p', '', 'A card is no proof of its name: whoever makes one can write any name on it. Ask each party for its fingerprint by another way than these files '
        + 'came (by telephone, on paper, from a contract), and compare every character.'),
      table('Keys that have signed', ['Party', 'Name on the card', 'Fingerprint'], rows));
  }

  function showContents({ attestation, manifest, challenge }, state) {
    if (attestation === null) {
      at('contents').replaceChildren();
      return;
    }
    const { stated, subject } = attestation;
    const { coverage, declared } = stated;
    const resumed = coverage.targets.filter(target => target.resumed !== undefined);
    const where = (target, column) => (column === undefined || column === null ? target : `${target}, column ${column}`);
    // Reasons come sorted; those of one kind at one place stand in one row.
    const reasons = [];
    let last = null;
    for (const one of stated.verdictReasons) {
      const isSameKind = last !== null && last.code === one.code && last.place === one.place;
      if (!isSameKind) {
        last = { code: one.code, place: one.place, keys: [], most: null };
        reasons.push(last);
      }
      if (one.key !== null) last.keys.push(one.key);
      if (one.count !== null) last.most = Math.max(last.most ?? 0, one.count);
    }
    const reasonRows = reasons.map(one => [
      Object.hasOwn(REASONS, one.code) ? REASONS[one.code] : one.code, one.place ?? '', one.keys.join(', '), one.most === null ? '' : grouped(one.most),
    ]);
    const parts = [
      element('h2', '', 'What the attestation says'),
      element('p', 'soft', state === 'holds' ? 'In the words of the recipient, who signed it.' : 'In the words of the recipient, who signed it. Not everything about it holds or was checked; see above.'),
      facts([
        ['Verdict', stated.verdict],
        ['Meaning', stated.meaning],
        ['Phase', stated.challenge.phase],
        ['Manifest', subject.name],
        ['Supply', element('span', 'mono', stated.supply)],
        ...manifest === null ? [] : [['To be deleted by', manifest.terms.supply.deleteBy]],
        ['Challenge issued', stated.challenge.issuedAt],
        ['Scan', `${stated.scan.startedAt} to ${stated.scan.finishedAt}`],
        ...resumed.length === 0 ? [] : [['Read by an earlier run', `${grouped(resumed.length)} of ${grouped(coverage.targets.length)} targets, with the same content as in this one`]],
        ...challenge === null ? [] : [['Challenge expires', challenge.asked.expiresAt]],
        ['Signed for by', [stated.operator.name, stated.operator.role].filter(text => text !== '').join(', ') || '(no name given)'],
        ['Declaration', stated.operator.declaration],
        ['Program, as it says', `${stated.tool.name} ${stated.tool.version}`],
        ['Sentinels', `${grouped(stated.sentinels.detected)} of ${grouped(stated.sentinels.injected)} found`],
        ['Known answers', `${grouped(stated.knownAnswers.answered)} of ${grouped(stated.knownAnswers.asked)} found`],
      ]),
    ];
    if (reasons.length > 0) {
      parts.push(element('h3', '', 'Reasons'),
        table('What stands against a better verdict', ['Reason', 'Place', 'Keys or declarations', 'Largest count#'], reasonRows));
    }
    if (challenge?.asked.policy.countersignatureRequired) {
      parts.push(element('p', 'note', 'The challenge requires an officer of the recipient to countersign. This page does not look at countersignatures.'));
    }
    parts.push(element('h3', '', 'What was read'), table('Targets', ['Target', 'Kind', 'Rows#', 'Without a match key#', 'Records found#'],
      coverage.targets.map(target => [target.name, target.kind, grouped(target.rowsRead), grouped(target.rowsWithoutKey), grouped(target.recordsFound)])));
    parts.push(element('h3', '', 'What was not seen'));
    if (coverage.gaps.length === 0) parts.push(element('p', '', 'It states no gap.'));
    else parts.push(table('Gaps', ['Code', 'Place', 'Count#', 'Details'], coverage.gaps.map(gap => [gap.code, where(gap.target, gap.column), gap.count === null ? '' : grouped(gap.count), gap.detail])));
    if (coverage.excluded.length > 0) parts.push(table('Left out on purpose', ['Place', 'Reason'], coverage.excluded.map(one => [where(one.target, one.column), one.reason])));
    const declarations = [
      ...declared.lawfulSources.map(one => ['lawful source', where(one.target, one.rows?.column), `${one.name}: ${one.source}`]),
      ...declared.removed.map(one => ['removed', one.target, one.reason]),
      ...declared.backups.map(one => ['backup', one.system, `last copy ${one.lastCopy}, overwritten ${one.rollOff}: ${one.rotation}`]),
      ...declared.notScanned.map(one => ['not scanned', one.system, one.reason]),
      ...declared.onward.map(one => ['passed on', one.recipient, one.reason]),
      ...declared.exclusions.map(one => ['left out', where(one.target, one.column), one.reason]),
    ];
    if (declarations.length > 0) {
      parts.push(element('h3', '', 'What the recipient declares'), element('p', '', element('span', 'stamp-of-doubt', 'declared, not verified')),
        table('Declarations', ['What', 'Where', 'In its words'], declarations));
    }
    parts.push(element('h3', '', 'What no attestation proves'), bullets(stated.limitations));
    at('contents').replaceChildren(...parts);
  }

  // ---- the flow ---------------------------------------------------------------------------------------------------------

  let documents = [];
  let last = Promise.resolve();
  let waiting = 0;

  async function examineAndShow() {
    const result = await examine(documents);
    const state = result.checks.state();
    showDocuments(documents);
    showResult(state, result);
    showParties(result);
    showChecks(result.checks);
    showContents(result, state);
    return state;
  }

  // One after the other, so that a page never shows a result of which a part is older.
  function run(change) {
    waiting += 1;
    setState('checking');
    at('result').className = 'verdict plain';
    at('result').replaceChildren(element('p', '', 'Checking.'));
    last = last.then(change).then(examineAndShow).catch(() => {
      // A bug of this page must not look like a result.
      for (const id of ['parties', 'checks', 'contents']) at(id).replaceChildren();
      at('result').className = 'verdict doubt';
      at('result').replaceChildren(element('div', '', element('p', 'word', 'Not complete'),
        element('p', '', 'This page failed, and has checked nothing. Start again, or verify with OpenSSL.')));
      return 'incomplete';
    }).then(state => {
      waiting -= 1;
      if (waiting === 0) setState(state);
    });
  }

  function take(files) {
    if (files.length === 0) return;
    run(async () => {
      for (const file of files) {
        const loaded = await load(file);
        if (loaded.digest === null || !documents.some(one => one.digest === loaded.digest)) documents.push(loaded);
      }
    });
  }

  async function start() {
    setState('checking');
    at('unrun').hidden = true;
    if (!await isSupported()) {
      setState('unsupported');
      at('result').className = 'verdict doubt';
      at('result').replaceChildren(element('div', '', element('p', 'word', 'This browser cannot verify'),
        element('p', '', 'It does not know Ed25519 signatures, or not on a page from a file. Nothing was checked, and nothing will be. Open this page in a newer browser '
          + '(Chrome or Edge 137, Firefox 130, Safari 17, or later), or verify with OpenSSL, as the section "By hand" of docs/attestation.md says.')));
      return;
    }
    const input = at('files');
    const drop = at('drop');
    input.disabled = false;
    at('again').disabled = false;
    input.addEventListener('change', () => {
      // Copied before the field is emptied, so that the same file can be chosen again.
      const files = [...input.files];
      input.value = '';
      take(files);
    });
    at('again').addEventListener('click', () => run(() => {
      documents = [];
    }));
    // Anywhere on the page; a file that misses the field would otherwise be opened in place of it.
    document.addEventListener('dragover', event => {
      event.preventDefault();
      drop.classList.add('over');
    });
    document.addEventListener('dragleave', () => drop.classList.remove('over'));
    document.addEventListener('drop', event => {
      event.preventDefault();
      drop.classList.remove('over');
      take([...event.dataTransfer.files]);
    });
    run(() => {});
  }

  start();
})();
