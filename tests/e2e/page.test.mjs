// scripts/run from nothing to a page that moves, seen through Chromium.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const shots = process.env.DROVER_SCREENSHOTS;
const build_limit_ms = 40 * 60_000;
const browser_args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let folder;
let ready;
let browser;

function scripts_run(...args) {
  return execFileSync(join(root, 'scripts/run'), args, { encoding: 'utf8', timeout: build_limit_ms, stdio: ['ignore', 'pipe', 'pipe'] });
}
const start = () => {
  const out = scripts_run('--data', folder, '--port', '0', '--background', '--ready-file', join(folder, 'ready.json'));
  ready = JSON.parse(readFileSync(join(folder, 'ready.json'), 'utf8'));
  return out;
};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-e2e-'));
  start();
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: browser_args });
}, { timeout: build_limit_ms });
after(async () => {
  await browser?.close();
  if (folder) {
    scripts_run('--stop', '--data', folder);
    rmSync(folder, { recursive: true, force: true });
  }
});

async function open(who, { width = 1280, height = 800, scheme = 'light' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (problem) => complaints.push(String(problem)));
  await page.goto(ready.http);
  if (who) {
    await page.getByLabel('User name').fill(who.username);
    await page.locator('input[type=password]').fill(who.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
  }
  return { page, complaints, close: () => context.close() };
}
const shoot = (page, name) => (shots ? page.screenshot({ path: join(shots, `${name}.png`) }) : undefined);

async function check_accessibility(page, name) {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  assert.deepEqual(violations.map((v) => `${name}: ${v.id} ${v.nodes.map((n) => n.target).join(' ')}`), []);
}

test('the ready file is private and complete', () => {
  assert.equal(statSync(join(folder, 'ready.json')).mode & 0o777, 0o600);
  for (const key of ['http', 'pid', 'database', 'paper', 'admin', 'tenant']) assert.ok(ready[key], key);
  assert.ok(ready.admin.token && ready.admin.password && ready.tenant.token && ready.tenant.account_id > 0);
});

test('a wrong password is told apart from an engine that is away', async () => {
  const { page, close } = await open();
  await page.getByLabel('User name').fill('demo');
  await page.locator('input[type=password]').fill('wrong-password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  await check_accessibility(page, 'login');
  await page.route('**/client/login', (route) => route.abort());
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('The engine cannot be reached').waitFor();
  await close();
});

test('the number moves while the bot trades', async () => {
  const { page, complaints, close } = await open(ready.tenant);
  await page.locator('[data-testid=live]', { hasText: 'live' }).waitFor();
  const total = page.getByTestId('total');
  const first = await total.textContent();
  await page.waitForFunction((text) => document.querySelector('[data-testid=total]').textContent !== text, first, { timeout: 180_000 });
  await page.locator('figure canvas').first().waitFor();
  await shoot(page, 'dashboard');
  await check_accessibility(page, 'dashboard');
  assert.deepEqual(complaints, []);
  await close();
});

test('a tenant adds, an admin approves, the bot runs; switching off and deleting work', async () => {
  const key = await (await fetch(`${ready.paper}/paper/accounts`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ balances: { USDT: '5000' } }) })).json();
  const tenant = await open(ready.tenant);
  const page = tenant.page;
  await page.getByRole('link', { name: 'Accounts' }).click();
  await page.getByRole('button', { name: 'Add account' }).click();
  await page.getByRole('combobox', { name: 'Exchange' }).click();
  await page.getByRole('option', { name: 'binance' }).click();
  await page.getByLabel('Label').fill('Second');
  await page.getByLabel('API key').fill(key.api_key);
  await page.getByRole('textbox', { name: 'API secret' }).fill(key.api_secret);
  await shoot(page, 'add-account');
  await page.getByRole('button', { name: 'Check and add' }).click();
  const row = page.getByRole('row', { name: /Second/ });
  await row.getByText('PENDING').waitFor();

  const admin = await open(ready.admin);
  await admin.page.getByRole('link', { name: /Approvals/ }).click();
  const request = admin.page.getByRole('row', { name: /Second/ });
  await request.getByRole('button', { name: 'Approve' }).click();
  await shoot(admin.page, 'approve');
  await admin.page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await request.waitFor({ state: 'detached' });
  await admin.close();

  await row.getByText('running').waitFor({ timeout: 15_000 });
  await shoot(page, 'accounts');
  await check_accessibility(page, 'accounts');
  await row.getByRole('switch').click({ force: true });
  await row.getByText('running').waitFor({ state: 'detached', timeout: 10_000 });
  await row.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete account' }).click();
  await row.waitFor({ state: 'detached' });
  assert.deepEqual(tenant.complaints, []);
  await tenant.close();
});

/** The code of now for a base32 key (RFC 6238). */
function totp(key) {
  const bits = [...key].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', bytes).update(step).digest();
  return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('a user turns a second factor on and off, and ends another session', async () => {
  const login = { username: ready.tenant.username, password: ready.tenant.password };
  const other = await fetch(`${ready.http}/client/login`, { method: 'POST', headers: { 'content-type': 'application/json', 'user-agent': 'a forgotten phone' }, body: JSON.stringify(login) });
  const { token } = await other.json();
  const { page, complaints, close } = await open(ready.tenant);
  await page.getByRole('link', { name: 'Security' }).click();
  const forgotten = page.getByRole('row', { name: /a forgotten phone/ });
  await forgotten.getByRole('button', { name: /End the session/ }).click();
  await forgotten.waitFor({ state: 'detached' });
  assert.equal((await fetch(`${ready.http}/api/user`, { headers: { authorization: `Bearer ${token}` } })).status, 401);

  await page.getByRole('button', { name: 'Turn on' }).click();
  await page.getByAltText('QR code for your authenticator app').waitFor();
  const key = await page.locator('code').first().textContent();
  await shoot(page, 'second-factor');
  await check_accessibility(page, 'security');
  await page.getByLabel('Code').fill(totp(key));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('Recovery codes', { exact: true }).waitFor();
  assert.equal(await page.getByRole('listitem').count(), 10);
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('On. Recovery codes left: 10.').waitFor();
  await page.getByRole('button', { name: 'Turn off' }).click();
  await page.getByRole('button', { name: 'Turn on' }).waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

test('the API is to be tried at /docs and to be read and searched at /redoc, from this engine alone', async () => {
  const summary = 'Get a bearer token for a username and password';
  for (const path of ['/docs', '/redoc']) {
    const context = await browser.newContext();
    // Whatever is not this engine's is away.
    await context.route((url) => url.protocol.startsWith('http') && url.origin !== ready.http, (route) => route.abort());
    const page = await context.newPage();
    const failures = [];
    page.on('pageerror', (problem) => failures.push(String(problem)));
    await page.goto(ready.http + path);
    await page.waitForFunction((text) => document.body.innerText.includes(text), summary);
    if (path === '/redoc') {
      await page.getByPlaceholder('Search...').fill('lockdown');
      await page.getByText('No trading, no logins').first().waitFor();
    } else {
      await page.getByText(summary).click();
      await page.getByRole('button', { name: 'Try it out' }).click();
      await page.getByRole('button', { name: 'Execute' }).click();
      await page.locator('.responses-table.live-responses-table').getByText('urn:engine:problem:').first().waitFor();
    }
    assert.deepEqual(failures, [], path);
    await context.close();
  }
});

test('dark on a phone: nothing is wider than the screen, nothing unreadable', async () => {
  const { page, close } = await open(ready.tenant, { width: 375, height: 740, scheme: 'dark' });
  await shoot(page, 'dashboard-phone');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 375);
  await check_accessibility(page, 'phone');
  await close();
});

test('a second start takes under ten seconds and the earnings are still there', async () => {
  scripts_run('--stop', '--data', folder);
  const began = Date.now();
  start();
  const took_s = (Date.now() - began) / 1000;
  assert.ok(took_s < 10, `${took_s} s`);
  const totals = await (await fetch(`${ready.http}/api/earnings/summary`, { headers: { authorization: `Bearer ${ready.tenant.token}` } })).json();
  assert.ok(totals.some((row) => row.source === 'trading'));
});
