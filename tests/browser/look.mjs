import { chromium } from 'playwright-core';
const [,, file, out] = process.argv;
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-gpu','--disable-quic','--no-first-run','--disable-background-networking','--disable-component-update','--disable-sync'] });
for (const scheme of ['light','dark']) for (const w of [1280,390]) {
  const c = await b.newContext({ viewport: { width: w, height: 900 }, colorScheme: scheme, deviceScaleFactor: 1 });
  const p = await c.newPage();
  p.on('console', m => console.log('console', m.text())); p.on('pageerror', e => console.log('err', e.message));
  await p.goto('file://' + file);
  const h = await p.evaluate(() => [document.documentElement.scrollHeight, document.documentElement.scrollWidth]);
  console.log(scheme, w, h);
  await p.screenshot({ path: `${out}-${scheme}-${w}.png`, fullPage: true });
  await c.close();
}
await b.close();
