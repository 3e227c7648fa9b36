// Accounts of other systems, taken over by the command line while the engine runs, until their bots trade.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { World } from './harness.mjs';

let world;
let traders;
const known_secrets = [];

before(async () => {
  world = await World.create();
  traders = await world.add_trader();
});
after(() => world?.close());

const file = (name, text) => {
  const path = join(world.folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};
const fresh_key = async () => {
  const key = await world.paper_key();
  known_secrets.push(key.api_key, key.api_secret);
  return key;
};
const accounts_stored = () => Number(world.sql('SELECT count(*) FROM user_exchanges'));

function import_files(args, { env = {}, input } = {}) {
  const done = world.try_run(['secrets', 'import', ...args, '-o', 'json', '-c', world.config], { env, input });
  for (const secret of known_secrets) assert.ok(!`${done.stdout}${done.stderr}`.includes(secret), 'a credential is shown');
  return { ...done, rows: done.stdout.startsWith('[') ? JSON.parse(done.stdout) : undefined };
}

const cbc = (key, text) => {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  return `${iv.toString('hex')}:${cipher.update(text, 'utf8', 'hex')}${cipher.final('hex')}`;
};
const fernet = (key, text) => {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', key.subarray(16), iv);
  const head = Buffer.concat([Buffer.from([0x80, 0, 0, 0, 0, 0x65, 0, 0, 0]), iv, cipher.update(text), cipher.final()]);
  return Buffer.concat([head, createHmac('sha256', key.subarray(0, 16)).update(head).digest()]).toString('base64url');
};

/** The imported account trades: its credentials are what they were. */
async function must_trade(id) {
  await world.approve(traders.admin, { id });
  await world.until_bot(traders.tenant, { id }, 'running');
}

test('environment variables: a dry run stores nothing, the real one what it said', async () => {
  const one = await fresh_key();
  const text = `export BINANCE_API_KEY=${one.api_key}\nBINANCE_SECRET_KEY="${one.api_secret}"\nDATABASE_URL=postgres://elsewhere\n`;
  const env = file('.env', text);
  const before_it = accounts_stored();
  const dry = import_files([env, '--format', 'env', '--user', traders.tenant.username, '--dry-run']);
  assert.equal(dry.status, 0, dry.stderr);
  assert.deepEqual(dry.rows.map((row) => [row.exchange, row.user, row.account, row.problem]), [['binance', traders.tenant.username, null, '']]);
  assert.equal(accounts_stored(), before_it);
  const real = import_files([env, '--format', 'env', '--user', traders.tenant.username]);
  assert.equal(real.status, 0, real.stderr);
  const [row] = real.rows;
  assert.equal(world.sql(`SELECT status || ' ' || is_active || ' ' || exchange_name FROM user_exchanges WHERE id = ${row.account}`), 'PENDING false binance');
  assert.equal(world.sql(`SELECT count(*) FROM audit_events WHERE action = 'account.create' AND object = 'account:${row.account}' AND actor IS NULL`), '1');
  await must_trade(row.account);
  const again = import_files(['-', '--format', 'env', '--user', traders.tenant.username], { input: text });
  assert.equal(again.status, 1);
  assert.match(again.rows[0].problem, /connected already/);
});

test('rows under AES-256-CBC, whatever was made of ENCRYPTION_KEY', async () => {
  const phrase = 'a phrase of any length';
  const keys = [await fresh_key(), await fresh_key()];
  const under = createHash('sha256').update(phrase).digest();
  const rows = keys.map((key, i) => JSON.stringify({ id: i + 1, userId: 17, exchange: 'Binance', accountId: `Main ${i}`, apiKey: cbc(under, key.api_key), secretKey: cbc(under, key.api_secret), passphrase: null, isActive: true }));
  const exported = file('accounts.jsonl', rows.join('\n'));
  const unset = import_files([exported, '--format', 'cbc', '--map-user', `17=${traders.tenant.username}`]);
  assert.notEqual(unset.status, 0);
  assert.match(unset.stderr, /ENCRYPTION_KEY/);
  const wrong = import_files([exported, '--format', 'cbc', '--map-user', `17=${traders.tenant.username}`], { env: { ENCRYPTION_KEY: 'another phrase' } });
  assert.equal(wrong.status, 1);
  assert.ok(wrong.rows.every((row) => /does not open/.test(row.problem)), JSON.stringify(wrong.rows));
  const done = import_files([exported, '--format', 'cbc', '--map-user', `17=${traders.tenant.username}`], { env: { ENCRYPTION_KEY: phrase } });
  assert.equal(done.status, 0, done.stderr + done.stdout);
  assert.deepEqual(done.rows.map((row) => row.label), ['Main 0', 'Main 1']);
  await must_trade(done.rows[1].account);
});

test('rows with Fernet tokens: all or none, unless those with problems are to be skipped', async () => {
  const key = randomBytes(32);
  const [good, bad] = [await fresh_key(), await fresh_key()];
  const row = (label, pair, secret) => ({ id: 1, user_id: 17, exchange_name: 'binance', label, api_key: pair.api_key, api_secret: secret, passphrase: null });
  const exported = file('user_exchanges.json', JSON.stringify([row('good', good, fernet(key, good.api_secret)), row('bad', bad, fernet(randomBytes(32), bad.api_secret)),
    { ...row('stranger', await fresh_key(), fernet(key, 'some secret')), user_id: 99 }]));
  const key_file = file('fernet_key', key.toString('base64url'));
  const args = [exported, '--format', 'fernet', '--key-file', key_file, '--map-user', `17=${traders.tenant.username}`];
  const before_it = accounts_stored();
  const refused = import_files(args);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /2 of 3 rows have a problem; nothing was stored/);
  assert.match(refused.rows[1].problem, /does not open/);
  assert.match(refused.rows[2].problem, /no user is named '99'/);
  assert.equal(accounts_stored(), before_it);
  chmodSync(key_file, 0o644);
  assert.match(import_files(args).stderr, /chmod/);
  chmodSync(key_file, 0o600);
  const skipped = import_files([...args, '--skip-problems']);
  assert.equal(accounts_stored(), before_it + 1);
  await must_trade(skipped.rows[0].account);
});

test('JSON under a passphrase of gpg', async () => {
  const home = join(world.folder, 'gnupg');
  mkdirSync(home, { mode: 0o700 });
  const env = { GNUPGHOME: home };
  const key = await fresh_key();
  const sealed = join(world.folder, 'binance.json.gpg');
  execFileSync('gpg', ['--batch', '--quiet', '--no-options', '--pinentry-mode', 'loopback', '--passphrase', 'open it', '--symmetric', '--cipher-algo', 'AES256', '-o', sealed],
    { input: JSON.stringify([{ id: 'binance', key: key.api_key, secret: key.api_secret, pass: '', account: '0' }]), env: { ...process.env, ...env } });
  try {
    const args = [sealed, '--format', 'json', '--user', traders.tenant.username, '--passphrase-stdin'];
    const wrong = import_files(args, { env, input: 'not this one\n' });
    assert.notEqual(wrong.status, 0);
    assert.match(wrong.stderr, /gpg cannot open/);
    const done = import_files(args, { env, input: 'open it\n' });
    assert.equal(done.status, 0, done.stderr);
    await must_trade(done.rows[0].account);
  } finally {
    execFileSync('gpgconf', ['--kill', 'all'], { env: { ...process.env, ...env } });
  }
});

test('what cannot be read is one clear error', () => {
  const refuse = (args, status, message) => {
    const done = import_files(args);
    assert.equal(done.status, status, done.stderr);
    assert.match(done.stderr, message);
  };
  refuse([file('empty.env', 'NOTHING=here\n'), '--format', 'env'], 1, /no account in there/);
  refuse([file('broken.json', '[{"id": '), '--format', 'json'], 1, /broken\.json/);
  refuse([join(world.folder, 'missing.json'), '--format', 'json'], 1, /missing\.json/);
  refuse([file('any.json', '[]'), '--format', 'xml'], 2, /xml/);
  refuse([file('one.json', '[{"id":"binance","key":"k","secret":"s"}]'), '--format', 'json', '--map-user', 'alice'], 2, /THEIRS=OURS/);
});
