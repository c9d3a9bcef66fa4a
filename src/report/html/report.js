
'use strict';
// Verifies the signed document that the page holds, and holds what the page shows against it. Nothing is sent anywhere.
(() => {
  const root = document.documentElement;
  const at = id => document.getElementById(id);

  // What the script says, in the place where the page says that it was not checked.
  const conclude = (state, word, text, items = []) => {
    root.dataset.state = state;
    at('check-word').textContent = word;
    at('check-text').textContent = text;
    const list = at('check-list');
    list.replaceChildren(...items.slice(0, 20).map(item => make('li', item)));
    if (items.length > 20) list.append(make('li', `and ${items.length - 20} more`));
    list.hidden = items.length === 0;
  };

  const make = (name, text, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  const { isSupported, verify, readStatement, readCard, sha256, visible, Problem } = residuaEnvelope;

  const fromBase64 = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));

  const toBase64 = bytes => {
    let text = '';
    for (let start = 0; start < bytes.length; start += 0x8000) {
      text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
    }
    return btoa(text);
  };

  const unpack = async bytes => {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  // The file, byte for byte as it was signed and sent.
  const rebuild = async evidence => {
    const content = await unpack(fromBase64(evidence.content));
    const middle = evidence.isPayload ? new TextEncoder().encode(toBase64(content)) : content;
    const [before, after] = [evidence.before, evidence.after].map(text => new TextEncoder().encode(text));
    const file = new Uint8Array(before.length + middle.length + after.length);
    file.set(before, 0);
    file.set(middle, before.length);
    file.set(after, before.length + middle.length);
    return file;
  };

  // A value as the page shows it.
  const shown = value => {
    if (typeof value === 'number') return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
    return visible(String(value));
  };

  const follow = (value, path) =>
    path.split('.').reduce((inner, name) => (inner !== null && typeof inner === 'object' ? inner[name] : undefined), value);

  // What every page shows, and what is shown whole or not at all.
  const REQUIRED = ['verdict', 'meaning', 'supply', 'coverage.records', 'coverage.searchable'].map(path => `predicate.${path}`);
  const LISTS = [
    'limitations', 'coverage.excluded', 'declared.lawfulSources', 'declared.removed', 'declared.backups', 'declared.notScanned', 'declared.onward',
    'declared.exclusions',
  ].map(path => `predicate.${path}`);
  const ROWS = {
    target: ['name', 'kind', 'rowsRead', 'rowsWithoutKey', 'recordsFound', 'S', 'P'],
    gap: ['target', 'column', 'detail', 'count', 'code'],
  };

  // The most that the keys of a class found, as the program counts it.
  const most = (target, letter) => {
    const numbers = target.byKey.filter(key => key.class === letter).map(key => key.distinctRecords);
    return numbers.length > 0 ? numbers.reduce((one, other) => Math.max(one, other)) : '–';
  };

  const valueOf = (item, member) => (member === 'S' || member === 'P' ? most(item, member) : item[member]);

  // The places of all that is said inside of a value. Digests of others' attestations stand in no sentence.
  const leaves = (value, path) => {
    if (value === null || path.endsWith('.attestations')) return [];
    if (typeof value !== 'object') return [path];
    return Object.keys(value).flatMap(name => leaves(value[name], `${path}.${name}`));
  };

  // What the page says otherwise than the signed document, in words; each place that agrees gets its tick.
  const differences = statement => {
    const found = [];
    // A tick is for this script alone to set.
    if (document.querySelector('.agrees') !== null) found.push('The page has ticks that were set before anything was checked.');
    const agrees = (element, value, what) => {
      if (value !== undefined && element.textContent === shown(value)) return true;
      element.classList.add('differs');
      found.push(`The page shows another ${what} than was signed.`);
      return false;
    };
    for (const element of document.querySelectorAll('[data-signed]')) {
      const path = element.dataset.signed;
      if (agrees(element, follow(statement, path), path.replace(/^predicate\./, ''))) element.classList.add('agrees');
    }
    for (const element of document.querySelectorAll('[data-promise]')) {
      const isPromised = !element.textContent.includes('not promised');
      if (follow(statement, element.dataset.promise) === isPromised) continue;
      element.classList.add('differs');
      found.push('The page shows another promise than was signed.');
    }
    const places = new Set([...document.querySelectorAll('[data-signed], [data-promise]')].map(({ dataset }) => dataset.signed ?? dataset.promise));
    for (const path of [...REQUIRED, ...LISTS.flatMap(path => leaves(follow(statement, path), path))]) {
      if (!places.has(path)) found.push(`The page does not show the ${path.replace(/^predicate\./, '')} that was signed.`);
    }
    for (const path of LISTS) {
      const within = [...places].filter(place => place.startsWith(`${path}.`));
      const listed = new Set(within.map(place => place.slice(path.length + 1).split('.')[0]));
      const signed = follow(statement, path).length;
      if (listed.size !== signed) found.push(`Of ${path.replace(/^predicate\./, '')} the page lists ${listed.size}, and ${signed} were signed.`);
    }
    const { targets, gaps } = statement.predicate.coverage;
    for (const [name, items] of [['target', targets], ['gap', gaps]]) {
      const rows = [...document.querySelectorAll(`tr[data-${name}]`)];
      rows.forEach((row, index) => {
        const item = row.dataset[name] === String(index) ? items[index] : undefined;
        const cells = [...row.querySelectorAll('[data-member]')];
        const isSame = cell => agrees(cell, item && valueOf(item, cell.dataset.member), `${cell.dataset.member} of ${name} ${index + 1}`);
        const shows = new Set(cells.map(cell => cell.dataset.member));
        const isMissing = member => !shows.has(member) && (valueOf(item, member) ?? null) !== null;
        if (item && ROWS[name].some(isMissing)) found.push(`The page does not show all of ${name} ${index + 1} that was signed.`);
        // One tick a row.
        if (cells.length > 0 && cells.map(isSame).every(Boolean)) cells[0].classList.add('agrees');
      });
      if (rows.length !== items.length) found.push(`The page lists ${rows.length} of its ${name}s, and ${items.length} were signed.`);
    }
    // The originator may conclude worse than the recipient states, and never better.
    const worth = word => ['present', 'clear', 'inconclusive', 'residual', 'failed'].indexOf(word);
    const concluded = at('conclusion') ? worth(at('conclusion').textContent) : -1;
    // That the data were there before is no statement of their deletion, though no word is better than it.
    const { verdict } = statement.predicate;
    const isBetter = concluded < worth(verdict) || (at('conclusion').textContent === 'clear' && verdict !== 'clear');
    if (isBetter) found.push('The page concludes better than what was signed allows.');
    return found;
  };

  const table = (head, rows) => {
    const whole = make('table');
    const line = whole.createTHead().insertRow();
    for (const name of head) line.append(make('th', name));
    const body = whole.createTBody();
    for (const row of rows) {
      const cells = body.insertRow();
      for (const cell of row) cells.append(make('td', shown(cell), typeof cell === 'number' ? 'number' : ''));
    }
    const frame = make('div', undefined, 'scroll');
    frame.append(whole);
    return frame;
  };

  // One target, from the signed document.
  const detail = target => {
    const facts = make('dl', undefined, 'facts');
    const known = [...target.identity, ...target.reading].map(fact => [fact.name, fact.value]);
    for (const [name, value] of [['source', target.source], ['rows held still by', target.consistency], ...known]) {
      facts.append(make('dt', shown(name)), make('dd', shown(value)));
    }
    const place = at('detail');
    place.replaceChildren(
      make('h3', shown(target.name)),
      facts,
      table(
        ['column', 'taken for', 'by', 'filled', 'not understood'],
        target.columns.map(column => [column.name, column.takenFor, column.by, column.filled, column.unreadable]),
      ),
      table(
        ['key', 'class', 'probes', 'records found', 'rows', 'coincidences to expect'],
        target.byKey.map(key => [key.key, key.class, key.probes, key.distinctRecords, key.rows, key.lambda]),
      ),
    );
    place.hidden = false;
    place.focus();
    place.scrollIntoView({ block: 'nearest' });
  };

  // Rows of targets open, and the file can be saved.
  const enable = (statement, file) => {
    const { targets } = statement.predicate.coverage;
    const open = event => {
      const row = event.target instanceof Element ? event.target.closest('tr[data-target]') : null;
      const isMeant = event.type === 'click' || event.key === 'Enter';
      if (row && isMeant) detail(targets[Number(row.dataset.target)]);
    };
    for (const id of ['targets', 'more-targets']) {
      const rows = at(id);
      if (!rows) continue;
      rows.addEventListener('click', open);
      rows.addEventListener('keydown', open);
      for (const cell of rows.querySelectorAll('tbody th')) {
        cell.tabIndex = 0;
        cell.title = 'Show its columns and keys';
      }
    }
    const save = at('save');
    save.addEventListener('click', () => {
      const link = make('a');
      link.href = URL.createObjectURL(new Blob([file], { type: 'application/json' }));
      link.download = `${statement.predicate.challenge.phase}.attestation.json`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      at('saved').textContent = 'Its SHA-256 is the one above.';
    });
    save.disabled = false;
  };

  const run = async () => {
    root.dataset.state = 'checking';
    if (!(await isSupported()) || typeof DecompressionStream === 'undefined') {
      conclude(
        'unsupported',
        'This browser cannot check the signature.',
        'It has no Ed25519. Open the page in a newer browser, or check the file of the attestation with OpenSSL, as is said under “Evidence”.',
      );
      return;
    }
    const evidence = JSON.parse(at('evidence').textContent);
    const file = await rebuild(evidence);
    const card = await readCard(new TextEncoder().encode(evidence.card));
    const statement = readStatement(await verify(file, card.spki));
    if (statement.kind !== 'attestation') throw new Problem('the document in the page is no attestation');
    const found = differences(statement);
    if ((await sha256(file)) !== at('sha256').textContent) found.push('The page shows another SHA-256 than its file has.');
    if (card.fingerprint !== at('fingerprint').textContent) found.push('The page shows another fingerprint than its key has.');
    if (found.length > 0) {
      conclude('fails', 'This page says other things than were signed.', 'The signature in it holds, but the page was altered. Do not rely on it.', found);
      return;
    }
    conclude(
      'holds',
      'The signature holds, and what is marked with a tick is what was signed.',
      `Your browser verified it just now, with nothing but this file. Signed by the key ${card.fingerprint}: compare this fingerprint with the recipient by another way, for this page could hold any key.`,
    );
    enable(statement, file);
  };

  run().catch(error => {
    const reason = error instanceof Problem ? `${error.message}.` : 'The script met something that it does not expect.';
    conclude('fails', 'The signature does not hold.', 'The page, or the attestation in it, was altered or damaged. Do not rely on it.', [reason]);
  });
})();
