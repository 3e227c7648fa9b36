// SEC-10: known key material goes everywhere that it is meant to go, and is then looked for everywhere that it is not.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Socket, World } from './harness.mjs';

let world;
const canaries = new Map();
const heard = [];

const plant = (name, text) => { canaries.set(name, Buffer.from(text)); return text; };
/** Every spelling in which a text could turn up. */
function spellings(bytes) {
  const text = bytes.toString('latin1');
  return [bytes, bytes.toString('hex'), bytes.toString('hex').toUpperCase(), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'),
    encodeURIComponent(text), JSON.stringify(text).slice(1, -1), Buffer.from(text, 'utf16le')].map((one) => Buffer.from(one));
}
function look(where, bytes, names = [...canaries.keys()]) {
  const hits = [];
  for (const name of names) for (const spelling of spellings(canaries.get(name))) if (bytes.includes(spelling)) hits.push(`${name} in ${where}`);
  return hits;
}
function files_below(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? files_below(join(folder, entry.name)) : entry.isFile() ? [join(folder, entry.name)] : []));
}

class listening_world extends World {
  async call(...args) {
    const answer = await super.call(...args);
    // The paper exchange is the one that may know.
    if (!args[2]?.base) heard.push(JSON.stringify([...answer.headers]), answer.text);
    return answer;
  }
}

before(async () => {
  world = await listening_world.create();
  canaries.set('master key', Buffer.from(readFileSync(join(world.folder, 'master_key'), 'utf8').trim(), 'hex'));
  canaries.set('token key', Buffer.from(readFileSync(join(world.folder, 'token_keys'), 'utf8').trim().split(' ')[1], 'hex'));
});
after(() => world?.close());

test('the sweep sees what it is shown', () => {
  const text = 'shown-' + randomBytes(12).toString('hex');
  plant('shown', text);
  for (const spelling of spellings(Buffer.from(text))) assert.equal(look('here', Buffer.concat([Buffer.from('..'), spelling, Buffer.from('..')]), ['shown']).length > 0, true);
  canaries.delete('shown');
});

test('keys, passwords and tokens go through the whole of the engine', async () => {
  const admin = await world.add_user('root', { admin: true, password: plant('admin password', `Pass-${randomBytes(12).toString('hex')}`) });
  const tenants = [];
  for (let i = 0; i < 4; i += 1) {
    const tenant = await world.add_user(`tenant${i}`, { password: plant(`password ${i}`, `Pass-${randomBytes(12).toString('hex')}`) });
    const keys = await world.paper_key();
    plant(`api key ${i}`, keys.api_key);
    plant(`api secret ${i}`, keys.api_secret);
    const account = await world.add_account(tenant, { key: keys });
    tenants.push({ tenant, account, keys });
  }
  await world.hold_market(60_000);
  for (const { account } of tenants) await world.approve(admin, account);
  for (const { tenant, account } of tenants) await world.until_bot(tenant, account, 'running');
  const socket = await Socket.open(world, '/ws/earnings', { token: tenants[0].tenant.token });
  // What a user may get wrong.
  const bad = plant('wrong secret', `wrong-${randomBytes(16).toString('hex')}`);
  await world.call('POST', '/user/exchanges/', { token: tenants[0].tenant.token, body: { exchange_name: 'binance', api_key: plant('wrong key', `key-${randomBytes(16).toString('hex')}`), api_secret: bad, label: 'x' } });
  await world.call('POST', '/user/exchanges/', { token: tenants[0].tenant.token, body: { exchange_name: 'nowhere', api_key: bad, api_secret: bad, label: 'x' } });
  await world.call('POST', '/user/exchanges/', { token: tenants[0].tenant.token, raw: `{"api_secret":"${bad}"`, headers: { 'content-type': 'application/json' } });
  await world.call('POST', '/client/login', { body: { username: 'tenant0', password: plant('wrong password', `Wrong-${randomBytes(12).toString('hex')}`) } });
  await world.call('GET', '/api/user', { token: plant('made up token', randomBytes(40).toString('base64url')) });
  const fresh = await world.paper_key();
  plant('replacing key', fresh.api_key);
  plant('replacing secret', fresh.api_secret);
  await world.must('PATCH', `/user/exchanges/${tenants[3].account.id}`, { token: tenants[3].tenant.token, body: { api_key: fresh.api_key, api_secret: fresh.api_secret } });
  await world.must('POST', `/admin/exchanges/${tenants[3].account.id}/approve`, { token: admin.token, body: { reviewed_version: 2 } });
  await world.until_bot(tenants[3].tenant, tenants[3].account, 'running');
  const backup_key = join(world.folder, 'backup_key');
  world.run('key', 'init', backup_key);
  canaries.set('backup key', Buffer.from(readFileSync(backup_key, 'utf8').trim(), 'hex'));
  world.run('backup', '-c', world.config, '--key', backup_key, join(world.folder, 'backup'));
  world.run('key', 'rotate', '-c', world.config);
  canaries.set('new master key', Buffer.from(readFileSync(join(world.folder, 'master_key'), 'utf8').split('\n')[0], 'hex'));
  for (const path of ['/metrics', '/readyz', '/user/exchanges/', '/api/user', '/openapi.json', '/admin/exchanges?status=APPROVED']) await world.call('GET', path, { token: admin.token });
  await world.kill_engine('SIGKILL');
  await world.start_engine();
  for (const { tenant, account } of tenants) await world.until_bot(tenant, account, 'running', 30_000);
  heard.push(...socket.messages.map((message) => JSON.stringify(message)));
  assert.ok(canaries.size >= 20, `${canaries.size} canaries`);
});

test('none of it is in answers, logs, files of the engine, the database or a backup', () => {
  const hits = [];
  hits.push(...look('answers', Buffer.from(heard.join('\n'))));
  const own = new Set(['master_key', 'token_keys', 'backup_key', 'paper.log', 'paper.json'].map((name) => join(world.folder, name)));
  const swept = files_below(world.folder).filter((file) => !own.has(file));
  for (const file of swept) hits.push(...look(file, readFileSync(file)));
  assert.ok(swept.some((file) => file.includes('spool')) && swept.some((file) => file.endsWith('engine.log')) && swept.some((file) => file.endsWith('backup')), swept.join(' '));
  const dump = execFileSync('pg_dump', ['-d', world.database], { maxBuffer: 1 << 30 });
  assert.ok(dump.includes('user_exchanges'));
  hits.push(...look('the database', dump));
  for (const name of ['environ', 'cmdline']) hits.push(...look(name, readFileSync(`/proc/${world.engine.pid}/${name}`)));
  assert.deepEqual(hits, []);
});

/** What a core dump of the process would hold: its writable memory, as root reads it. */
function memory_of(pid, visit) {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [range, rights] = line.split(' ');
    if (!rights?.startsWith('rw')) continue;
    const [from, to] = range.split('-').map((x) => BigInt(`0x${x}`));
    const bytes = Buffer.alloc(Number(to - from));
    let got = 0;
    try { got = readSync(memory, bytes, 0, bytes.length, from); } catch { continue; }
    visit(bytes.subarray(0, got), line);
  }
  closeSync(memory);
}

test('no master key is in the memory that a dump of the running engine shows', () => {
  // Only root reads the memory of a process that is not dumpable.
  if (process.getuid() !== 0) return assert.throws(() => openSync(`/proc/${world.engine.pid}/mem`, 'r'), { code: 'EACCES' });
  const hits = [];
  let seen = 0;
  let control = false;
  memory_of(world.engine.pid, (bytes, line) => {
    seen += bytes.length;
    control ||= bytes.includes(world.name);
    hits.push(...look(line, bytes, ['master key', 'new master key', 'backup key']));
  });
  assert.ok(control && seen > 1 << 20, `the memory was read: ${seen} bytes, control ${control}`);
  assert.deepEqual(hits, []);
});
