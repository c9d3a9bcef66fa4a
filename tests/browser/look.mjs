// Looks at pages in headless Chromium: `node look.mjs TASKS RESULTS`, both JSON. What a task asks for and what is told of it is described in
// tests/browser.rs, where all is judged; nothing is asserted here.
import fs from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import puppeteer from 'puppeteer-core';

const { chromium, isRoot, tasks } = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

// How long a page may say `checking`, and how long it may say `unchecked` before its scripts count as not run.
const LONGEST_CHECK = 60_000;
const LONGEST_START = 1_500;

const browser = await puppeteer.launch({
  executablePath: chromium,
  headless: true,
  args: [...isRoot ? ['--no-sandbox'] : [], '--disable-dev-shm-usage', '--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND'],
});

const pause = milliseconds => new Promise(resolve => {
  setTimeout(resolve, milliseconds);
});

async function settled(page) {
  const begun = Date.now();
  for (;;) {
    const state = await page.evaluate(() => document.documentElement.dataset.state ?? null);
    const waited = Date.now() - begun;
    const isOver = state === 'unchecked' ? waited > LONGEST_START : state !== 'checking';
    if (isOver || waited > LONGEST_CHECK) return state;
    await pause(20);
  }
}

async function step(page, { set, files, click, type, text, open, drop }) {
  if (set !== undefined) {
    const input = await page.$(set);
    // The event is waited for, since what it starts is what is to be looked at.
    await input.evaluate(field => {
      document.fieldChanged = new Promise(resolve => {
        field.addEventListener('change', () => resolve(), { once: true });
      });
    });
    await input.uploadFile(...files);
    await page.evaluate(() => Promise.race([document.fieldChanged, new Promise(resolve => {
      setTimeout(resolve, 5000);
    })]));
  }
  if (click !== undefined) await page.click(click);
  if (type !== undefined) await page.type(type, text);
  if (open === true) {
    await page.$$eval('details', all => all.forEach(one => {
      one.open = true;
    }));
  }
  if (drop !== undefined) {
    const dropped = drop.map(path => ({ name: basename(path), bytes: fs.readFileSync(path).toString('base64') }));
    await page.evaluate(all => {
      const dataTransfer = new DataTransfer();
      for (const { name, bytes } of all) dataTransfer.items.add(new File([Uint8Array.from(atob(bytes), letter => letter.charCodeAt(0))], name));
      for (const kind of ['dragover', 'drop']) document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    }, dropped);
  }
  await settled(page);
}

// Pages and size of a PDF as Chromium writes it, with its page objects in clear.
function measure(path) {
  const text = fs.readFileSync(path, 'latin1');
  const boxes = [...text.matchAll(/\/MediaBox\s*\[\s*([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s*\]/g)].map(found => found.slice(1).map(Number));
  const isA4 = ([left, bottom, right, top]) => Math.abs(right - left - 595.3) < 2 && Math.abs(top - bottom - 841.9) < 2;
  return { pages: [...text.matchAll(/\/Type\s*\/Page\b(?!s)/g)].length, isA4: boxes.length > 0 && boxes.every(isA4) };
}

async function look(task) {
  const page = await browser.newPage();
  const seen = { errors: [], violations: [], requests: [], dialogs: [], overflow: [], texts: {}, classes: {}, pdf: null };
  page.on('console', message => {
    if (['error', 'warn'].includes(message.type())) seen.errors.push(message.text());
  });
  page.on('pageerror', error => seen.errors.push(error.message));
  page.on('request', request => seen.requests.push(request.url()));
  page.on('dialog', dialog => {
    seen.dialogs.push(dialog.message());
    dialog.dismiss();
  });
  await page.evaluateOnNewDocument(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', event => {
      window.violations.push(`${event.effectiveDirective}: ${event.blockedURI}`);
    });
  });
  if (task.before !== null) await page.evaluateOnNewDocument(task.before);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: task.isDark ? 'dark' : 'light' }]);
  const widths = task.widths.length > 0 ? task.widths : [1200];
  await page.setViewport({ width: widths[0], height: 900 });
  const begun = performance.now();
  await page.goto(pathToFileURL(task.page).href, { waitUntil: 'load' });
  seen.milliseconds = Math.round(performance.now() - begun);
  seen.state = await settled(page);
  for (const one of task.steps) await step(page, one);
  seen.state = await settled(page);
  for (const selector of task.texts) {
    seen.texts[selector] = await page.$$eval(selector, all => all.filter(one => one.checkVisibility()).map(one => one.innerText).join('\n'));
    seen.classes[selector] = await page.$$eval(selector, all => all.map(one => one.className).join(' '));
  }
  for (const width of widths) {
    await page.setViewport({ width, height: 900 });
    seen.overflow.push(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth));
    const path = task.screenshots[String(width)];
    if (path !== undefined) await page.screenshot({ path, fullPage: true });
  }
  if (task.pdf !== null) {
    await page.pdf({ path: task.pdf, preferCSSPageSize: true, printBackground: true });
    seen.pdf = measure(task.pdf);
  }
  seen.violations = await page.evaluate(() => window.violations);
  seen.isHarmed = await page.evaluate(() => window.harmed !== undefined);
  await page.close();
  return seen;
}

const results = [];
try {
  for (const task of tasks) results.push(await look(task));
} finally {
  await browser.close();
}
fs.writeFileSync(process.argv[3], JSON.stringify(results));
