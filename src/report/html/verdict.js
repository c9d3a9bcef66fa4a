'use strict';
// The verdict once more: what an attestation states, judged by the rules of docs/attestation.md, sections 6 to 9, and by nothing of the program
// that wrote it. A second implementation of `judge` and `meaning` in src/finding/verdict.rs; tests hold the two against each other.
//
// A plain script, which comes after envelope.js and defines one constant, `residuaVerdict`:
//
//   readAttestation(predicate), readChallenge(predicate), readManifest(predicate)
//                                 the predicate, if it has exactly the members of its document with values of their types; else a Problem
//   PHASES, DEFAULT_POLICY        the words; what a challenge accepts and requires that says nothing of its own
//   LIMITATIONS                   the sentences that every attestation has to end with
//   isCountable(attestation)      whether its words and numbers can be judged at all
//   judge(phase, policy, attestation)      { verdict, reasons: [{ code, place, key, count }] }, reasons sorted and each once
//   isPossible(attestation)       whether any challenge could have led to the verdict and the reasons that it states
//   meaning(verdict, attestation) the sentence that is signed with it
//   isSame(one, other)            whether two values of JSON are the same
//
// Sums and products are made with BigInt, so that numbers from a hostile file lose no digit.
const residuaVerdict = (() => {
  const { Problem } = residuaEnvelope;

  // ---- the forms of the documents ---------------------------------------------------------------------------------------

  // A form is a predicate over values. Objects are written as their members; a `?` at the end of a name means that it may be absent.
  const text = value => typeof value === 'string';
  const flag = value => typeof value === 'boolean';
  const upTo = most => value => Number.isSafeInteger(value) && value >= 0 && value <= most;
  const count = upTo(Number.MAX_SAFE_INTEGER);
  const small = upTo(0xff);
  const ordinal = upTo(0xffffffff);
  // Absent stands for none, so that writing none would be a second spelling.
  const positive = value => count(value) && value > 0;
  const yes = value => value === true;
  const said = value => text(value) && value !== '';
  const some = form => value => Array.isArray(value) && value.length > 0 && value.every(form);
  const orNull = form => value => value === null || form(value);
  const list = form => value => Array.isArray(value) && value.every(form);
  const oneOf = words => value => words.includes(value);
  const object = members => {
    const names = Object.keys(members).map(name => name.replace('?', ''));
    const required = Object.keys(members).filter(name => !name.endsWith('?'));
    const forms = Object.entries(members).map(([name, form]) => [name.replace('?', ''), form]);
    return value => residuaEnvelope.hasMembers(value, required, names) && forms.every(([name, form]) => !(name in value) || form(value[name]));
  };

  const DIGEST = object({ blake3: text });
  const FACTS = list(object({ name: text, value: text }));
  const EXCLUSIONS = list(object({ target: text, 'column?': text, reason: text }));
  const DECLARATIONS = object({
    lawfulSources: list(object({ name: text, target: text, source: text, 'rows?': object({ column: text, equals: text }) })),
    removed: list(object({ target: text, reason: text })),
    backups: list(object({
      system: text, lastCopy: text, rollOff: text, rotation: text,
      beyondUse: object({ notUsed: flag, notShared: flag, secured: flag, willBeDeleted: flag }),
    })),
    notScanned: list(object({ system: text, reason: text })),
    onward: list(object({ recipient: text, reason: text, 'attestations?': some(text) })),
    exclusions: EXCLUSIONS,
  });
  const POLICY = object({
    accept: DECLARATIONS, requiredKeys: list(text), baselinePercent: small, unkeyedPercent: small, withoutBaseline: flag, emptyAccepted: flag,
    'countersignatureRequired?': yes,
  });
  const CHALLENGE = object({
    challengeId: text, nonce: text, phase: text, supplyId: text, recipientKey: text, issuedAt: text, expiresAt: text, toleranceSeconds: count,
    policy: POLICY, spotChecks: list(ordinal), sealedSalt: text, baseline: orNull(text), ledgerHead: text,
  });
  const TARGET = object({
    name: text, source: text, kind: text, identity: FACTS, reading: FACTS, consistency: text, contentDigest: orNull(DIGEST),
    'resumed?': object({ scannedAt: text }), schemaDigest: DIGEST,
    rowsExpected: orNull(count), rowsRead: count, rowsWithoutKey: count, rowsUnkeyed: count, rowsByNumber: count, bytes: count, hashes: count,
    recordsFound: count,
    columns: list(object({ name: text, takenFor: text, by: text, filled: count, unreadable: count })),
    byKey: list(object({
      key: text, class: text, supplyOnly: flag, fingerprints: count, probes: count, hits: count, rows: count, distinctRecords: count,
      declaredRows: list(object({ declaration: text, rows: count })), doubtfulRows: count, doubtfulRecords: count, u: text, lambda: text,
    })),
  });
  const ATTESTATION = object({
    verdict: text,
    verdictReasons: list(object({ code: text, place: orNull(text), key: orNull(text), count: orNull(count) })),
    meaning: text, supply: text,
    manifest: object({ manifestId: text, statementSha256: text, blake3: text }),
    challenge: object({ challengeId: text, nonce: text, phase: text, issuedAt: text, sha256: text }),
    baseline: orNull(text),
    scan: object({ startedAt: text, finishedAt: text }),
    operator: object({ name: text, role: text, declaration: text }),
    tool: object({ name: text, version: text, sha256: orNull(text) }),
    environment: object({ os: text, arch: text }),
    configuration: DIGEST,
    coverage: object({
      complete: flag, records: count, searchable: count, 'controls?': positive, expectedRows: count, targets: list(TARGET),
      gaps: list(object({ code: text, target: text, column: orNull(text), count: orNull(count), detail: text })),
      excluded: EXCLUSIONS,
    }),
    sentinels: object({ injected: count, detected: count }),
    knownAnswers: object({ asked: count, answered: count }),
    records: object({ found: count, supplyCount: count, supply: orNull(text), personBlocks: list(ordinal) }),
    spotChecks: list(object({ record: ordinal, found: flag })),
    detail: orNull(DIGEST),
    declared: DECLARATIONS,
    limitations: list(text),
  });
  const MANIFEST = object({
    manifestId: text, phaseGroup: oneOf(['baseline', 'deletion']), createdAt: text,
    supply: object({
      supplyId: text, originator: text, originatorKey: text, recipient: text, recipientKey: text, deleteBy: text, purpose: text,
      'contract?': said, 'lawfulBasis?': said, 'manner?': said,
    }),
    records: count, 'controls?': positive, recordsWithoutKey: count, expectedRows: count, normalizer: text,
    schema: list(object({
      name: text, kind: orNull(text), role: orNull(text), origin: orNull(text), 'order?': text, 'group?': said,
    })),
    keys: list(object({
      name: text, atoms: list(text), class: text, u: text, basis: text, jointCollisions: count, lambda: text, guesses: orNull(count),
    })),
    keyCommitment: text, knownAnswer: count,
    layout: object({
      fileLength: count, ordinalBytes: small,
      sections: list(object({ entries: count, fenceBits: small, fingerprintsAt: count, fenceAt: count, ordinalsAt: count, blake3: text })),
      sha256: text, blake3: text,
    }),
    baselineManifest: orNull(text),
  });

  const reader = form => predicate => {
    if (!form(predicate)) throw new Problem('its members are not in the form that this page reads');
    return predicate;
  };

  // ---- words and numbers ------------------------------------------------------------------------------------------------

  const PHASES = ['baseline', 'deletion', 'recheck', 'restore'];
  const VERDICTS = ['present', 'clear', 'inconclusive', 'residual'];
  const GAPS = [
    'unreadable', 'unknown_format', 'empty', 'not_regular', 'symlink_loop', 'ambiguous_delimiter', 'ambiguous_encoding', 'doubtful_widths',
    'doubtful_header', 'ragged_rows', 'undecodable', 'row_too_long', 'beyond_limit', 'duplicate_column', 'changed_while_read', 'denied', 'filtered',
    'unsupported', 'cut_short', 'read_failed', 'binary_cells', 'blind', 'row_count', 'unmapped_personal', 'no_key', 'unreadable_values',
    'implausible_mapping', 'hashed_values', 'encoded_values', 'rounded_numbers', 'too_many_readings', 'attribute_rows', 'rows_above_plan',
    'not_asked', 'stale', 'missing_split',
  ];
  // In the order in which reasons are sorted; the first two lead to `residual`, all others to `inconclusive`.
  const REASONS = [
    'supply_record_found', 'person_found', 'gap', 'nothing_read', 'sentinel_missed', 'known_answer_missed', 'possible_coincidence',
    'aggregate_excess', 'weak_keys', 'rows_unkeyed', 'declaration_not_accepted', 'supply_record_declared_lawful', 'exclusion_not_accepted',
    'not_scanned_not_accepted', 'required_key_missing', 'baseline_share',
  ];
  const LIMITATIONS = [
    "It speaks of the targets listed and of no others; that these are the systems in use is the recipient's word.",
    'It does not prove that no copy exists elsewhere.',
    'It does not prove that bytes are gone from disks, backups or replicas.',
    'Copies that were encrypted, hashed, encoded or otherwise transformed are outside what the match keys find.',
    'Records without a usable match key could not be looked for; their number is stated.',
    "Declarations are the recipient's statements and were not verified.",
  ];
  const NOTHING = { lawfulSources: [], removed: [], backups: [], notScanned: [], onward: [], exclusions: [] };
  const DEFAULT_POLICY = { accept: NOTHING, requiredKeys: [], baselinePercent: 95, unkeyedPercent: 1, withoutBaseline: false, emptyAccepted: false };

  const isObject = value => typeof value === 'object' && value !== null;

  function isSame(one, other) {
    if (!isObject(one) || !isObject(other)) return one === other;
    if (Array.isArray(one) !== Array.isArray(other)) return false;
    const names = Object.keys(one);
    return names.length === Object.keys(other).length && names.every(name => name in other && isSame(one[name], other[name]));
  }

  const has = (all, one) => all.some(other => isSame(one, other));
  const sum = numbers => numbers.reduce((total, number) => total + BigInt(number), 0n);
  const grouped = number => number.toString().replace(/\B(?=(\d{3})+$)/g, ',');
  const of = (number, noun) => `${grouped(number)} ${noun}${BigInt(number) === 1n ? '' : 's'}`;

  // By code points, as UTF-8 is sorted; JavaScript itself would sort by halves of surrogate pairs.
  function compareText(one, other) {
    const [left, right] = [Array.from(one, letter => letter.codePointAt(0)), Array.from(other, letter => letter.codePointAt(0))];
    const at = left.findIndex((point, index) => point !== right[index]);
    if (at < 0) return left.length - right.length;
    return at < right.length ? left[at] - right[at] : 1;
  }

  // What is null comes first.
  function compareOr(one, other, compare) {
    if (one === null || other === null) return Number(one !== null) - Number(other !== null);
    return compare(one, other);
  }

  function compareReasons(one, other) {
    return REASONS.indexOf(one.code) - REASONS.indexOf(other.code)
      || compareOr(one.place, other.place, compareText)
      || compareOr(one.key, other.key, compareText)
      || compareOr(one.count, other.count, (left, right) => left - right);
  }

  // A decimal that is finite and not negative, or null.
  function parseDecimal(written) {
    if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(written)) return null;
    const value = Number(written);
    return Number.isFinite(value) && value >= 0 ? value : null;
  }

  // Three significant digits and an exponent, rounded to the even digit where the number lies exactly between two. `toExponential` would round
  // such a number up; of its hundred digits all but the first few are zero then.
  function decimal(value) {
    if (value === Infinity) return 'inf';
    const sign = Object.is(value, -0) ? '-' : '';
    const [digits, exponent] = value.toExponential(100).split('e');
    const isTie = /^.\..[02468]50*$/.test(digits);
    const [mantissa, power] = isTie ? [digits.slice(0, 4), exponent] : value.toExponential(2).split('e');
    return `${sign}${mantissa}e${power.replace('+', '')}`;
  }

  const lambda = result => result.fingerprints * result.probes * parseDecimal(result.u);

  // The 99.9 % quantile of the Poisson distribution.
  function poissonBound(mean) {
    if (Number.isNaN(mean) || mean <= 0) return 0;
    const z = 3.090232306167813;
    // No count is larger than 64 bits hold.
    if (mean >= 50) return Math.min(Math.floor(mean + z * Math.sqrt(mean) + (z * z - 1) / 6), 2 ** 64);
    let term = Math.exp(-mean);
    let total = term;
    let counted = 0;
    while (total < 0.999) {
      counted += 1;
      term *= mean / counted;
      total += term;
      if (counted > 1000) break;
    }
    return counted;
  }

  const bound = result => poissonBound(lambda(result));
  const isBlind = result => bound(result) >= Math.min(result.probes, result.fingerprints);
  const provedRecords = result => Math.max(0, result.distinctRecords - result.doubtfulRecords);

  // ---- what was seen ----------------------------------------------------------------------------------------------------

  function isCountable(attestation) {
    const isKey = result => ['S', 'P', 'A'].includes(result.class) && parseDecimal(result.u) !== null && decimal(lambda(result)) === result.lambda;
    const { targets } = attestation.coverage;
    return targets.every(target => target.byKey.every(isKey))
      && sum(targets.map(target => target.rowsRead)) <= BigInt(Number.MAX_SAFE_INTEGER)
      && attestation.coverage.gaps.every(gap => GAPS.includes(gap.code));
  }

  const rowsProbedOf = target => Math.max(0, target.rowsRead - target.rowsWithoutKey);
  const rowsProbed = attestation => sum(attestation.coverage.targets.map(rowsProbedOf));

  const ROLES = ['given', 'middle', 'family', 'full', 'birth', 'child', 'event', 'number', 'street', 'line', 'town', 'main'];
  // By these a field tells people apart; of the kinds without a list, whatever the role.
  const TELLING = { name: ROLES, date: ['birth', 'child'], address: ['number', 'street', 'line'], postcode: ROLES, email: ROLES, phone: ROLES };

  function isTelling(column) {
    const at = column.takenFor.indexOf('.');
    if (at < 0) return false;
    const kind = column.takenFor.slice(0, at);
    return Object.hasOwn(TELLING, kind) && TELLING[kind].includes(column.takenFor.slice(at + 1));
  }

  const couldHoldPeople = target => target.columns.some(isTelling) && target.byKey.some(result => result.key !== 'id');
  const isEmptied = target => target.rowsRead === 0 && couldHoldPeople(target);

  function isSeenEmpty(attestation) {
    const { targets } = attestation.coverage;
    const isEmpty = target => target.rowsUnkeyed === 0 && (target.rowsRead === 0 || !couldHoldPeople(target));
    return rowsProbed(attestation) === 0n && targets.every(isEmpty) && targets.some(isEmptied);
  }

  // ---- the verdict ------------------------------------------------------------------------------------------------------

  const reason = (code, { place = null, key = null, count: counted = null } = {}) => ({ code, place, key, count: counted });
  const foundBy = (code, target, result) => reason(code, { place: target.name, key: result.key, count: provedRecords(result) });

  function judge(phase, policy, attestation) {
    const { targets, gaps } = attestation.coverage;
    const reasons = [];
    for (const gap of gaps) {
      const column = gap.column === null ? '' : `, column ${gap.column}`;
      reasons.push(reason('gap', { place: `${gap.target}${column}: ${gap.code}`, count: gap.count }));
    }
    const isBaseline = phase === 'baseline';
    const isEmpty = policy.emptyAccepted && !policy.withoutBaseline && !isBaseline && isSeenEmpty(attestation);
    const hasProbed = rowsProbed(attestation) > 0n;
    if (!hasProbed && !isEmpty) reasons.push(reason('nothing_read'));
    const missed = (code, tried, found, isDue) => {
      if (found < tried || (isDue && tried === 0)) reasons.push(reason(code, { count: Math.max(0, tried - found) }));
    };
    missed('sentinel_missed', attestation.sentinels.injected, attestation.sentinels.detected, hasProbed || isEmpty);
    missed('known_answer_missed', attestation.knownAnswers.asked, attestation.knownAnswers.answered, true);
    for (const key of policy.requiredKeys) {
      const isLookedFor = target => target.byKey.some(result => result.key === key && (result.probes > 0 || (isEmpty && isEmptied(target))));
      if (!targets.some(isLookedFor)) reasons.push(reason('required_key_missing', { key }));
    }
    if (isBaseline) {
      const { found } = attestation.records;
      if (BigInt(found) * 100n < BigInt(attestation.coverage.searchable) * BigInt(policy.baselinePercent)) {
        reasons.push(reason('baseline_share', { count: found }));
      }
    } else {
      judgeDeclarations(reasons, policy, attestation);
      for (const target of targets) judgeTarget(reasons, policy, attestation.declared, target);
    }
    reasons.sort(compareReasons);
    const once = reasons.filter((one, index) => index === 0 || compareReasons(reasons[index - 1], one) !== 0);
    return { verdict: worst(isBaseline, once), reasons: once };
  }

  function worst(isBaseline, reasons) {
    if (reasons.some(one => REASONS.indexOf(one.code) < 2)) return 'residual';
    if (reasons.length > 0) return 'inconclusive';
    return isBaseline ? 'present' : 'clear';
  }

  function judgeDeclarations(reasons, policy, attestation) {
    for (const exclusion of attestation.coverage.excluded) {
      if (has(policy.accept.exclusions, exclusion)) continue;
      const column = exclusion.column === undefined ? '' : `, column ${exclusion.column}`;
      reasons.push(reason('exclusion_not_accepted', { place: `${exclusion.target}${column}` }));
    }
    const { notScanned, backups, onward } = attestation.declared;
    const isOnward = one => policy.accept.onward.some(other => one.recipient === other.recipient && one.reason === other.reason);
    const refused = [
      ...notScanned.filter(one => !has(policy.accept.notScanned, one)).map(one => one.system),
      ...backups.filter(one => !has(policy.accept.backups, one)).map(one => one.system),
      ...onward.filter(one => !isOnward(one)).map(one => one.recipient),
    ];
    for (const place of refused) reasons.push(reason('not_scanned_not_accepted', { place }));
  }

  function judgeTarget(reasons, policy, declarations, target) {
    const place = target.name;
    const ofTarget = declarations.lawfulSources.filter(one => one.target === place);
    // The first declaration of the whole target; those of rows go by their name.
    const lawful = ofTarget.find(one => one.rows === undefined);
    const ofRows = ofTarget.filter(one => one.rows !== undefined);
    const isAccepted = one => has(policy.accept.lawfulSources, one);

    for (const result of target.byKey) {
      if (result.rows === 0 && result.hits === 0 && result.distinctRecords === 0) continue;
      const declared = result.declaredRows
        .filter(one => one.rows > 0)
        .map(one => ({ declaration: ofRows.find(lawfulRows => lawfulRows.name === one.declaration), rows: one.rows }))
        .filter(one => one.declaration !== undefined);
      const declaredRows = sum(declared.map(one => one.rows));
      const rows = BigInt(result.rows);
      const undeclaredRows = rows > declaredRows ? rows - declaredRows : 0n;
      const isUndeclared = lawful === undefined && (declaredRows < rows || declared.length === 0);
      const isDoubtful = result.doubtfulRows > 0;
      const isProved = undeclaredRows > BigInt(result.doubtfulRows) || (declared.length === 0 && !isDoubtful);
      if (isDoubtful && (result.class === 'S' || (result.class === 'P' && lawful === undefined))) {
        reasons.push(reason('possible_coincidence', { place, key: result.key, count: result.doubtfulRows }));
      }
      const explanations = declared.map(one => one.declaration);
      if (lawful !== undefined) explanations.push(lawful);
      const refused = explanations.filter(one => !isAccepted(one));
      if (result.class === 'S') {
        if (isProved) reasons.push(foundBy('supply_record_found', target, result));
        else if (!isDoubtful) reasons.push(foundBy('supply_record_declared_lawful', target, result));
      } else if (result.class === 'P') {
        if (!isUndeclared) {
          for (const declaration of refused) reasons.push(reason('declaration_not_accepted', { place, key: declaration.name }));
        } else if (isProved) {
          reasons.push(foundBy('person_found', target, result));
        } else if (!isDoubtful) {
          for (const declaration of refused) reasons.push(reason('declaration_not_accepted', { place, key: declaration.name }));
        }
      } else {
        const isExplained = !result.supplyOnly && !isUndeclared && refused.length === 0;
        if (result.distinctRecords > bound(result) && !isExplained) reasons.push(foundBy('aggregate_excess', target, result));
      }
    }

    const isExplained = lawful !== undefined && isAccepted(lawful);
    if (isExplained) return;
    const probed = target.byKey.filter(result => result.probes > 0);
    const isWeak = (probed.length > 0 && probed.every(result => result.class === 'A')) || target.rowsByNumber > 0;
    for (const result of target.byKey) {
      if (isWeak && result.distinctRecords > 0 && isBlind(result)) reasons.push(foundBy('weak_keys', target, result));
    }
    if (BigInt(target.rowsUnkeyed) * 100n > BigInt(target.rowsRead) * BigInt(policy.unkeyedPercent)) {
      reasons.push(reason('rows_unkeyed', { place, count: target.rowsUnkeyed }));
    }
  }

  // Whether any challenge could have led to the verdict and the reasons that are stated: they hold all that the most lenient one gives, and none
  // that the strictest would not.
  function isPossible(attestation) {
    const { phase } = attestation.challenge;
    const stated = attestation.verdictReasons;
    const requiredKeys = stated.filter(one => one.code === 'required_key_missing' && one.key !== null).map(one => one.key);
    const isWithin = emptyAccepted => {
      const open = { requiredKeys, withoutBaseline: false, emptyAccepted };
      const accept = { ...attestation.declared, exclusions: attestation.coverage.excluded };
      const lenient = judge(phase, { ...open, accept, baselinePercent: 0, unkeyedPercent: 100 }, attestation);
      const strict = judge(phase, { ...open, accept: NOTHING, baselinePercent: 100, unkeyedPercent: 0 }, attestation);
      return lenient.reasons.every(one => has(stated, one)) && stated.every(one => has(strict.reasons, one));
    };
    return attestation.verdict === worst(phase === 'baseline', stated) && (isWithin(false) || isWithin(true));
  }

  function meaning(verdict, attestation) {
    const { records, searchable, targets, controls = 0 } = attestation.coverage;
    const others = controls === 0 ? '' : ` (and ${grouped(controls)} who were never supplied, as a measure)`;
    const probed = rowsProbed(attestation);
    const looked = `${grouped(searchable)} of ${of(records, 'supplied record')} could be looked for${others}, `
      + `in ${of(sum(targets.map(target => target.rowsRead)), 'row')} of ${of(targets.length, 'target')}, of which ${grouped(probed)} formed a key`;
    const elsewhere = 'This speaks of these targets at the time of the scan, and not of copies elsewhere.';
    switch (verdict) {
      case 'clear':
        return probed === 0n
          ? 'In the targets listed, no row of a person is left, which the originator accepted beforehand, and so no supplied record was found; '
            + `${looked}. ${elsewhere}`
          : `In the targets listed, no supplied record was found; ${looked}. ${elsewhere}`;
      case 'residual':
        return `In the targets listed, supplied records remain, or people of them without a declared lawful source; ${looked}. `
          + 'Class S names supplied records; class P speaks of people, whom the recipient may hold from elsewhere.'
          + (controls > 0 ? ' Some of those found may never have been supplied, which only the originator can tell.' : '');
      case 'inconclusive':
        return `In the targets listed, it was not established whether supplied records remain; ${looked}. The reasons say what stood in the way.`;
      default:
        return `In the targets listed, ${grouped(attestation.records.found)} of ${of(records, 'supplied record')} were found; ${looked}. `
          + 'A baseline says where the data are, and nothing about their deletion.';
    }
  }

  return Object.freeze({
    readAttestation: reader(ATTESTATION), readChallenge: reader(CHALLENGE), readManifest: reader(MANIFEST),
    PHASES, VERDICTS, GAPS, REASONS, LIMITATIONS, DEFAULT_POLICY, isCountable, judge, isPossible, meaning, isSame, decimal, poissonBound, grouped,
  });
})();
