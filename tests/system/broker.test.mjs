// The key broker over the real process: other programs, as other users, have requests signed and never see a secret. Needs root.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until, World } from './harness.mjs';

const venues = ['binance', 'bybit', 'okx', 'gate', 'mexc', 'kucoin', 'coinbase', 'coinbaseexchange', 'kraken'];
/** Signatures that are the same each time they are made. */
const key_forms = { coinbase: { key_form: 'ed25519' } };
const reports = 1201, stranger = 1202;
const operations = {
  create_order: { symbol: 'BTC/USDT', side: 'buy', type: 'limit', quantity: '0.001', price: '50000', client_order_id: 'ab'.repeat(16) },
  cancel_order: { symbol: 'BTC/USDT', venue_order_id: '4711' },
  find_order: { symbol: 'BTC/USDT', venue_order_id: '4711' },
  open_orders: { symbol: 'BTC/USDT' },
  balances: {},
};

let world;
let admin;
let alice;
const accounts = {};
/** A group that is on every machine, and whose members may call. */
const group = { name: 'daemon', id: Number(execFileSync('getent', ['group', 'daemon'], { encoding: 'utf8' }).split(':')[2]) };

const socket = () => join(world.folder, 'broker.sock');
const url_of = (venue) => `${world.paper}/${venue}`;

function write_config() {
  const extra = venues.map((venue) => {
    const ws = url_of(venue).replace('http://', 'ws://');
    return `  - {name: ${venue}_here, dialect: ${venue}, rest_url: "${url_of(venue)}", stream_url: "${ws}", ws_api_url: "${ws}", allow_unknown_permissions: true}`;
  }).join('\n');
  world.write_config({ bots: { strategy: '' }, extra: `${extra}\nbroker: {socket: "${socket()}", group: ${group.name}}` });
}

/** Lines of another program in another language, run as `uid`; answers its answers, or the code of the error. */
function ask_as(uid, lines, gid = group.id) {
  const script = `
    const lines = JSON.parse(process.argv[1]);
    const s = require('net').connect(process.argv[2]);
    let text = '';
    s.on('data', (data) => { text += data; if (text.split('\\n').length > lines.length) s.end(); });
    s.on('close', () => { if (text) process.stdout.write(text); });
    s.on('error', (problem) => process.stdout.write(problem.code + '\\n'));
    for (const line of lines) s.write(line + '\\n');`;
  const ran = spawnSync(process.execPath, ['-e', script, JSON.stringify(lines), socket()], { uid, gid, cwd: '/', encoding: 'utf8', timeout: 20_000, env: {} });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout.trim().split('\n').map((line) => (line.startsWith('{') ? JSON.parse(line) : line));
}
const tokens = {};
const sign = (account, op, more = {}) => JSON.stringify({ token: tokens.reports, call: 'sign', account: account.id, op, arguments: operations[op], ...more });
const code_of = (answer) => (answer.ok ? 'ok' : answer.error.code);
const ask = (line, uid = reports) => ask_as(uid, [line])[0];

function add_client(name, uid, ids, ...more) {
  const done = world.try_run(['broker', 'add', name, '--uid', String(uid), '--accounts', ids.join(','), ...more, '-c', world.config]);
  assert.equal(done.status, 0, done.stderr);
  return (tokens[name] = done.stdout.trim());
}
const trail = (action) => world.rows(`SELECT object, detail FROM audit_events WHERE action = '${action}' ORDER BY id`);

/** What `engine venue sign` makes with the same keys, clock and nonce. */
function sign_by_hand(venue, op, keys, answer) {
  const authorization = answer.request.headers.Authorization;
  const random = venue === 'coinbase' ? JSON.parse(Buffer.from(authorization.slice('Bearer '.length).split('.')[0], 'base64url')).nonce : undefined;
  const done = world.try_run(['venue', 'sign', '--venue', venue, '--op', op, '--json', JSON.stringify(operations[op]), '--at', String(answer.signed_at_ms),
    '--nonce', String(answer.nonce), '--base-url', url_of(venue), ...(random ? ['--random', random] : [])],
  { input: JSON.stringify({ api_key: keys.api_key, api_secret: keys.api_secret, ...(keys.passphrase ? { passphrase: keys.passphrase } : {}) }) });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}

before(async () => {
  assert.equal(process.getuid(), 0, 'this test calls as other users: run it as root');
  world = await World.create({ start: false, paper_args: ['--no-limits'] });
  chmodSync(world.folder, 0o755);
  write_config();
  await world.start_engine();
  admin = await world.add_user('root', { admin: true });
  alice = await world.add_user('alice');
  for (const venue of venues) {
    const keys = await world.must('POST', '/paper/accounts', { base: world.paper, body: { venue, balances: { USDT: '10000', USD: '10000', BTC: '0.1' }, ...key_forms[venue] } });
    const account = await world.must('POST', '/user/exchanges/', { token: alice.token, body: {
      exchange_name: `${venue}_here`, api_key: keys.api_key, api_secret: keys.api_secret, passphrase: keys.passphrase, label: venue } });
    await world.approve(admin, account);
    accounts[venue] = { ...account, keys };
  }
  accounts.pending = await world.add_account(alice, { label: 'Pending' });
  accounts.foreign = await world.add_account(alice, { label: 'Foreign' });
  await world.approve(admin, accounts.foreign);
  add_client('reports', reports, [...venues, 'pending'].map((name) => accounts[name].id), '--rate', '1000');
});
after(() => world?.close());

test('what it signs is what engine venue sign makes, at every exchange', () => {
  for (const venue of venues) {
    const names = Object.keys(operations);
    const answers = ask_as(reports, names.map((op) => sign(accounts[venue], op)));
    names.forEach((op, i) => {
      const what = `${venue} ${op}`;
      assert.equal(code_of(answers[i]), 'ok', `${what}: ${JSON.stringify(answers[i])}`);
      assert.deepEqual(answers[i].request, sign_by_hand(venue, op, accounts[venue].keys, answers[i]), what);
      assert.ok(!JSON.stringify(answers[i]).includes(accounts[venue].keys.api_secret), what);
    });
  }
});

test('the exchange takes what was signed', async () => {
  const { request } = ask(sign(accounts.binance, 'create_order'));
  const placed = await fetch(request.url, { method: request.method, headers: request.headers, body: request.body || undefined });
  assert.equal(placed.status, 200, await placed.text());
  const again = ask(sign(accounts.binance, 'open_orders')).request;
  const open = await (await fetch(again.url, { headers: again.headers })).json();
  assert.equal(open.length, 1);
});

test('who is not in the group cannot connect, and the socket is open to no others', () => {
  assert.deepEqual(ask_as(reports, [sign(accounts.binance, 'balances')], stranger), ['EACCES']);
  const { mode, gid } = statSync(socket());
  assert.equal(mode & 0o777, 0o660);
  assert.equal(gid, group.id);
});

test('a token is worth nothing in another user\'s hands, and another token nothing in its own user\'s', () => {
  add_client('other', stranger, [accounts.foreign.id]);
  assert.equal(code_of(ask(sign(accounts.binance, 'balances'), stranger)), 'denied');
  assert.equal(code_of(ask(sign(accounts.binance, 'balances'), 0)), 'denied');
  assert.equal(code_of(ask(sign(accounts.foreign, 'balances', { token: tokens.other }), reports)), 'denied');
  assert.equal(code_of(ask(sign(accounts.binance, 'balances', { token: 'brk_' + '0'.repeat(64) }))), 'denied');
  assert.equal(code_of(ask(sign(accounts.foreign, 'balances', { token: tokens.other }), stranger)), 'ok');
  const denied = trail('broker.deny').map(([object]) => object);
  assert.deepEqual(denied, [`uid:${stranger}`, 'uid:0', `uid:${reports}`, `uid:${reports}`]);
});

test('a client has the accounts it was given, and only those that may trade', async () => {
  assert.equal(code_of(ask(sign(accounts.foreign, 'balances'))), 'not_given');
  assert.equal(code_of(ask(sign(accounts.pending, 'balances'))), 'account_not_ready');
  await world.must('PATCH', `/user/exchanges/${accounts.gate.id}/toggle`, { token: alice.token, body: { is_active: false } });
  assert.equal(code_of(ask(sign(accounts.gate, 'balances'))), 'account_not_ready');
  await world.must('PATCH', `/user/exchanges/${accounts.gate.id}/toggle`, { token: alice.token, body: { is_active: true } });
  assert.equal(code_of(ask(sign(accounts.gate, 'balances'))), 'ok');
});

test('nothing that moves coins is signed, under any name', () => {
  const account = accounts.coinbaseexchange;
  for (const op of ['withdraw', 'withdrawals/crypto', 'transfer']) assert.equal(code_of(ask(sign(account, op))), 'moves_coins', op);
  assert.equal(code_of(ask(sign(account, 'cancel_order', { arguments: { symbol: 'BTC/USDT', venue_order_id: '../withdrawals/crypto' } }))), 'bad_arguments');
});

test('locks and kills stop orders; cancels and reads go on', async () => {
  const orders = () => code_of(ask(sign(accounts.okx, 'create_order')));
  await world.must('POST', '/admin/trading/lock', { token: admin.token, body: { reason: 'test' } });
  const refused = ask(sign(accounts.okx, 'create_order'));
  assert.equal(refused.error.code, 'halted');
  assert.match(refused.error.message, /locked by an administrator/);
  assert.equal(code_of(ask(sign(accounts.okx, 'cancel_order'))), 'ok');
  assert.equal(code_of(ask(sign(accounts.okx, 'balances'))), 'ok');
  await world.must('POST', '/admin/trading/unlock', { token: admin.token, body: {} });
  assert.equal(orders(), 'ok');
  const kill = await world.must('POST', '/api/kill', { token: alice.token, body: { verb: 'halt', scope: 'account', id: accounts.okx.id } });
  assert.equal(orders(), 'halted');
  assert.equal(code_of(ask(sign(accounts.bybit, 'create_order'))), 'ok');
  await world.must('POST', `/api/kill/${kill.id}/release`, { token: alice.token, body: {} });
  assert.equal(orders(), 'ok');
  await world.must('POST', '/admin/lockdown', { token: admin.token, body: {} });
  assert.equal(orders(), 'halted');
  await world.must('POST', '/admin/release', { token: admin.token, body: {} });
  assert.equal(orders(), 'ok');
});

test('calls are bounded for each client', () => {
  add_client('slow', reports, [accounts.binance.id], '--rate', '1');
  const slow = sign(accounts.binance, 'balances', { token: tokens.slow });
  const [first, second] = ask_as(reports, [slow, slow]);
  assert.equal(code_of(first), 'ok');
  assert.equal(code_of(second), 'too_many');
  assert.ok(second.error.retry_after_ms > 0 && second.error.retry_after_ms <= 1000);
  assert.equal(code_of(ask(sign(accounts.binance, 'balances'))), 'ok');
});

test('a secret is shown only where the operator let the client', () => {
  const { api_key, api_secret, passphrase } = accounts.okx.keys;
  const reveal = (token) => ask(JSON.stringify({ token, call: 'reveal', account: accounts.okx.id }));
  assert.equal(code_of(reveal(tokens.reports)), 'reveal_off');
  add_client('trusted', reports, [accounts.okx.id], '--allow', 'reveal');
  assert.deepEqual(reveal(tokens.trusted), { ok: true, exchange: 'okx_here', api_key, api_secret, passphrase });
  const [[object, detail]] = trail('broker.reveal');
  assert.equal(object, `account:${accounts.okx.id}`);
  assert.match(detail, new RegExp(`client=trusted uid=${reports} pid=\\d+`));
});

test('the command signs and reveals by a token in a file', () => {
  add_client('mine', 0, [accounts.kraken.id], '--allow', 'reveal');
  const file = join(world.folder, 'token');
  writeFileSync(file, tokens.mine + '\n', { mode: 0o600 });
  const run = (...args) => world.try_run(['broker', ...args, '--socket', socket(), '--account', String(accounts.kraken.id), '--token-file', file]);
  const signed = run('sign', '--op', 'create_order', '--json', JSON.stringify(operations.create_order));
  assert.equal(signed.status, 0, signed.stderr);
  const answer = JSON.parse(signed.stdout);
  assert.deepEqual(answer.request, sign_by_hand('kraken', 'create_order', accounts.kraken.keys, answer));
  assert.equal(JSON.parse(run('reveal').stdout).api_secret, accounts.kraken.keys.api_secret);
  const by_environment = world.try_run(['broker', 'sign', '--socket', socket(), '--account', String(accounts.kraken.id), '--op', 'balances'], { env: { DROVER_BROKER_TOKEN: tokens.mine } });
  assert.equal(by_environment.status, 0, by_environment.stderr);
  chmodSync(file, 0o644);
  const open = run('sign', '--op', 'balances');
  assert.equal(open.status, 77);
  assert.match(open.stderr, /chmod 0600/);
  const withdrawn = world.try_run(['broker', 'sign', '--socket', socket(), '--account', '1', '--op', 'withdraw'], { env: { DROVER_BROKER_TOKEN: tokens.mine } });
  assert.notEqual(withdrawn.status, 0);
});

test('each signature is in the audit trail, which nothing broke', () => {
  const rows = trail('broker.sign').filter(([object]) => object === `account:${accounts.binance.id}`);
  assert.match(rows[0][1], new RegExp(`^client=reports uid=${reports} pid=\\d+ create_order order\\.symbol=BTC%2FUSDT&order\\.side=buy`));
  assert.equal(trail('broker.add_client').length, 5);
  const verdict = world.try_run(['audit', 'verify', '-c', world.config]);
  assert.equal(verdict.status, 0, verdict.stdout + verdict.stderr);
});

test('clients are still there after a restart, and gone when they were removed', async () => {
  await world.kill_engine('SIGKILL');
  await world.start_engine();
  const line = sign(accounts.binance, 'balances');
  await until('the engine is open', () => code_of(ask(line)) === 'ok');
  const listed = JSON.parse(world.run('broker', 'list', '-o', 'json', '-c', world.config));
  assert.deepEqual(listed.map(({ name, uid }) => [name, uid]), [['mine', 0], ['other', stranger], ['reports', reports], ['slow', reports], ['trusted', reports]]);
  assert.ok(!JSON.stringify(listed).includes('token'));
  world.run('broker', 'remove', 'reports', '-c', world.config);
  assert.equal(code_of(ask(line)), 'denied');
  assert.equal(world.try_run(['broker', 'remove', 'reports', '-c', world.config]).status, 1);
  add_client('reports', reports, venues.map((name) => accounts[name].id));
});

test('without a commit in the trail there is no signature', () => {
  world.sql(`CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON audit_events FOR EACH ROW WHEN (NEW.action = 'broker.sign') EXECUTE FUNCTION no_room()`);
  assert.equal(code_of(ask(sign(accounts.binance, 'balances'))), 'unavailable');
  world.sql('DROP TRIGGER no_room ON audit_events; DROP FUNCTION no_room()');
  assert.equal(code_of(ask(sign(accounts.binance, 'balances'))), 'ok');
});

test('the operator\'s socket listens to nobody else, whatever its mode', () => {
  const path = readdirSync(world.folder).filter((name) => name === 'operator.sock').map((name) => join(world.folder, name))[0];
  chmodSync(path, 0o666);
  const script = `const s = require('net').connect(process.argv[1]); let text = ''; s.on('data', (d) => { text += d; });
    s.on('error', () => {}); s.on('close', () => process.stdout.write('answer:' + text)); s.write('seal 0\\n');`;
  const said = spawnSync(process.execPath, ['-e', script, path], { uid: stranger, gid: stranger, cwd: '/', encoding: 'utf8', timeout: 20_000, env: {} });
  assert.equal(said.stdout, 'answer:');
  assert.match(world.log_text('engine'), new RegExp(`a call of another user was not listened to.*"uid":"?${stranger}`));
  assert.equal(JSON.parse(world.run('key', 'status', '-o', 'json', '-c', world.config)).sealed, false);
});

test('a sealed engine says so', async () => {
  assert.equal(world.try_run(['seal', '-c', world.config]).status, 0);
  await until('sealed', () => { const answer = ask(sign(accounts.binance, 'balances', { id: 5 })); return answer.id === 5 && answer.error.code === 'sealed'; });
  assert.equal(world.try_run(['unseal', '-c', world.config]).status, 0);
  await until('open again', () => { const [answer] = ask_as(reports, [sign(accounts.binance, 'balances')]); return answer.ok; });
});

test('no secret and no token is in a log', async () => {
  await world.kill_engine('SIGTERM');
  const log = world.log_text('engine');
  for (const [name, token] of Object.entries(tokens)) assert.ok(!log.includes(token), name);
  for (const [name, { keys }] of Object.entries(accounts)) {
    assert.ok(!log.includes(keys.api_secret), name);
    if (keys.passphrase) assert.ok(!log.includes(keys.passphrase), name);
  }
  const rows = world.sql('SELECT string_agg(detail || object, \' \') FROM audit_events');
  for (const { keys } of Object.values(accounts)) assert.ok(!rows.includes(keys.api_secret));
  assert.ok(!world.sql('SELECT string_agg(token_hash, \' \') FROM broker_clients').includes(tokens.mine));
});
