// Runs the real engine and the real paper exchange on loopback with a database of their own.
// DROVER_TEST_POSTGRES: libpq connection string of a superuser on a running private cluster; DROVER_ENGINE: the binary.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { Contract } from './contract.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const engine_binary = process.env.DROVER_ENGINE ?? join(root, 'build/debug/bin/engine');
const cluster = process.env.DROVER_TEST_POSTGRES;
if (!cluster) throw new Error('DROVER_TEST_POSTGRES is not set; run scripts/test system');

const ready_limit_ms = 20_000;
const poll_pause_ms = 20;
const default_parameters = { symbol: 'BTC/USDT', levels: '3', spacing: '0.001', order_notional: '50' };

/** Of an order as the paper exchange tells its state. */
export const is_open = (order) => ['open', 'partially_filled'].includes(order.status);

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until `condition` answers something true, and answers it. */
export async function until(what, condition, limit_ms = 10_000) {
  const end = Date.now() + limit_ms;
  let last;
  while (Date.now() < end) {
    last = await condition();
    if (last) return last;
    await pause(poll_pause_ms);
  }
  throw new Error(`${what}: not within ${limit_ms} ms`);
}

function psql(connection, sql) {
  return execFileSync('psql', ['-X', '-q', '-t', '-A', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-d', connection, '-c', sql], { encoding: 'utf8' }).trim();
}

/** A private PostgreSQL of one test, which may be stopped and broken: the cluster of the environment is everybody's. */
export class Cluster {
  /** `mib`: on a disk of its own of that size, for root only. */
  constructor({ mib } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'drover-cluster-'));
    this.mounted = mib !== undefined;
    if (this.mounted) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', this.folder]);
    // PostgreSQL may run as another user.
    chmodSync(this.folder, 0o755);
    this.data = join(this.folder, 'postgres');
    this.start();
  }
  shell(script) {
    return execFileSync('bash', ['-c', `source "$0/scripts/lib/common.sh"; ${script}`, root, this.data], { encoding: 'utf8', timeout: 90_000 });
  }
  start() { this.connection = `host=${this.shell('postgres_start "$1"')} user=postgres dbname=postgres`; }
  /** `how`: immediate (as a crash), fast. */
  stop(how = 'immediate') {
    this.shell(`cd "$1"; as_postgres_user "$1" "$(postgres_bin)/pg_ctl" -D "$1/data" -s -w -t 30 -m ${how} stop`);
  }
  remove() {
    this.shell('postgres_stop "$1"');
    if (this.mounted) execFileSync('umount', ['-l', this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function start_process(args, log, env = {}) {
  const out = openSync(log, 'a');
  const child = spawn(engine_binary, args, { stdio: ['ignore', out, out], env: { ...process.env, ...env } });
  child.ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  child.ended.then((how) => (child.how = how));
  return child;
}

async function wait_ready(child, file, log) {
  await until('start', () => {
    if (child.how) throw new Error(`ended at start: ${JSON.stringify(child.how)}\n${readFileSync(log, 'utf8').slice(-2000)}`);
    return existsSync(file) && readFileSync(file, 'utf8').endsWith('\n');
  }, ready_limit_ms);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** One deployment: folder, database, keys, paper exchange, engine. */
export class World {
  static async create({ paper_args = [], config = {}, start = true, connection = cluster } = {}) {
    const world = new this();
    world.cluster = connection;
    world.folder = mkdtempSync(join(tmpdir(), 'drover-system-'));
    world.name = `sys_${randomBytes(6).toString('hex')}`;
    // As the superuser; the engine has a login of its own, and the tables an owner.
    world.database = connection.replace(/dbname=\S+/, `dbname=${world.name}`);
    world.run('key', 'init', join(world.folder, 'master_key'));
    world.run('key', 'init', '--token', join(world.folder, 'token_keys'));
    await world.start_paper(paper_args);
    world.write_config(config);
    world.make_roles();
    world.run('-c', world.config, 'migrate');
    if (start) await world.start_engine();
    return world;
  }

  as(login) { return this.database.replace(/user=\S+/, `user=${login}`); }
  /** The logins, their groups and the database. */
  make_roles() {
    execFileSync('psql', ['-X', '-q', '-d', this.cluster], { input: this.run('db', 'roles', '-c', this.config), stdio: ['pipe', 'ignore', 'inherit'] });
  }

  log(name) { return join(this.folder, `${name}.log`); }
  log_text(name) { return readFileSync(this.log(name), 'utf8'); }
  sql(text) { return psql(this.database, text); }
  rows(text) { const out = this.sql(text); return out === '' ? [] : out.split('\n').map((line) => line.split('\t')); }

  /** A command to its end; answers { status, stdout, stderr }, never throws. */
  try_run(args, { input, env } = {}) {
    try {
      const stdout = execFileSync(engine_binary, args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env }, timeout: 60_000 });
      return { status: 0, stdout, stderr: '' };
    } catch (problem) {
      return { status: problem.status, signal: problem.signal, stdout: String(problem.stdout), stderr: String(problem.stderr) };
    }
  }
  run(...args) {
    const done = this.try_run(args);
    if (done.status !== 0) throw new Error(`engine ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  write_config({ bots = {}, web = {}, weight_limit = 6000, extra = '', port = 0, parameters = default_parameters } = {}) {
    this.config = join(this.folder, 'config.yaml');
    const ws = this.paper.replace('http://', 'ws://');
    const venue = (name) => `  - {name: ${name}, dialect: binance, rest_url: "${this.paper}", stream_url: "${ws}", ws_api_url: "${ws}/ws-api/v3", limit_percent: ${Math.max(1, Math.round(weight_limit / 60))}}`;
    const web_lines = Object.entries(web).map(([k, v]) => `, ${k}: ${JSON.stringify(v)}`).join('');
    const bot_lines = Object.entries({ parameters, ...bots }).map(([k, v]) => `  ${k}: ${JSON.stringify(v)}`).join('\n');
    writeFileSync(this.config, [
      `database: {url: "${this.as('drover_test')}", owner_url: "${this.as('drover_test_owner')}", migrations_folder: "${root}/migrations"}`,
      `security: {master_key_file: "${this.folder}/master_key", token_keys_file: "${this.folder}/token_keys"}`,
      `web: {address: 127.0.0.1, port: ${port}, page_folder: "${root}/web/ui/dist", environment: paper${web_lines}}`,
      `raw: {folder: "${this.folder}/spool"}`,
      'log: {format: json}',
      'bots:', bot_lines,
      'exchanges:', venue('binance'), venue('paper'), extra,
    ].join('\n') + '\n');
  }

  async start_paper(args = []) {
    rmSync(join(this.folder, 'paper.json'), { force: true });
    this.paper_process = start_process(['paper', '--port', '0', '--ready-file', join(this.folder, 'paper.json'), ...args], this.log('paper'));
    this.paper = (await wait_ready(this.paper_process, join(this.folder, 'paper.json'), this.log('paper'))).http;
  }

  /** Starts the engine and does not wait for it. */
  launch_engine(env = {}) {
    rmSync(this.ready_file, { force: true });
    this.engine = start_process(['serve', '-c', this.config, '--ready-file', this.ready_file], this.log('engine'), env);
  }
  get ready_file() { return join(this.folder, 'engine.json'); }
  async until_listening() { this.http = (await wait_ready(this.engine, this.ready_file, this.log('engine'))).http; }
  async start_engine(env = {}) {
    this.launch_engine(env);
    await this.until_listening();
  }
  async kill_engine(signal = 'SIGKILL') {
    this.engine.kill(signal);
    return this.engine.ended;
  }

  /** Answers of the engine are held against its contract, whatever was asked. */
  async call(method, path, { token, body, base = this.http, raw, headers = {} } = {}) {
    const all = { 'user-agent': 'drover-test', ...headers };
    if (token) all.authorization = `Bearer ${token}`;
    if (body !== undefined) all['content-type'] = 'application/json';
    const answer = await fetch(base + path, { method, headers: all, body: raw ?? (body === undefined ? undefined : JSON.stringify(body)) });
    const text = await answer.text();
    let json;
    try { json = JSON.parse(text); } catch { json = undefined; }
    if (base === this.http) {
      this.contract ??= await Contract.of(base);
      this.contract?.check(method, path, { status: answer.status, headers: answer.headers, text });
    }
    return { status: answer.status, headers: answer.headers, text, json };
  }
  /** As call(), but throws unless the answer is 2xx. */
  async must(method, path, options) {
    const answer = await this.call(method, path, options);
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return answer.json;
  }

  async add_user(username, { admin = false, password = `pass-${randomBytes(9).toString('hex')}` } = {}) {
    const done = this.try_run(['-c', this.config, 'user', admin ? 'create-admin' : 'create', username, '--password-stdin'], { input: password + '\n' });
    if (done.status !== 0) throw new Error(done.stderr);
    const login = await until(`login of ${username}`, async () => {
      const answer = await this.call('POST', '/client/login', { body: { username, password } });
      if (answer.status !== 200) return false;
      const who = await this.call('GET', '/api/user', { token: answer.json.token });
      return who.status === 200 && answer.json;
    });
    return { username, password, token: login.token, id: login.user.id };
  }

  async paper_key(options = {}) {
    return this.must('POST', '/paper/accounts', { base: this.paper, body: { balances: { USDT: '10000', BTC: '0.1' }, ...options } });
  }
  async add_account(user, { exchange = 'binance', label = 'Main', key } = {}) {
    const keys = key ?? (await this.paper_key());
    const account = await this.must('POST', '/user/exchanges/', {
      token: user.token, body: { exchange_name: exchange, api_key: keys.api_key, api_secret: keys.api_secret, label } });
    return { ...account, keys };
  }
  async approve(admin, account) {
    return this.must('POST', `/admin/exchanges/${account.id}/approve`, { token: admin.token, body: { notification_message: 'Welcome' } });
  }
  async bot(user, account) {
    return (await this.must('GET', `/user/exchanges/${account.id}`, { token: user.token })).bot;
  }
  async until_bot(user, account, state, limit_ms = 10_000) {
    return until(`bot of account ${account.id} ${state}`, async () => {
      const bot = await this.bot(user, account);
      return bot.state === state && bot;
    }, limit_ms);
  }
  async set_price(price, symbol = 'BTC/USDT') {
    return this.must('POST', '/paper/price', { base: this.paper, body: { symbol, price: String(price) } });
  }
  /** From here on the market moves only by set_price(). */
  async hold_market(price) {
    await this.must('POST', '/paper/market', { base: this.paper, body: { paused: true } });
    await this.set_price(price);
  }
  /** On a held market: an admin, and a tenant whose one account's bot runs. */
  async add_trader() {
    const admin = await this.add_user('root', { admin: true });
    const tenant = await this.add_user('alice');
    const account = await this.add_account(tenant);
    await this.hold_market(60_000);
    await this.approve(admin, account);
    await this.until_bot(tenant, account, 'running');
    return { admin, tenant, account };
  }
  async paper_state() {
    return this.must('GET', '/paper/state', { base: this.paper });
  }

  async close() {
    for (const child of [this.engine, this.paper_process]) {
      if (!child || child.how) continue;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 25_000);
      await child.ended;
      clearTimeout(timer);
    }
    psql(this.cluster, `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A WebSocket of the engine with its messages in order. */
export class Socket {
  static async open(world, path = '/ws/earnings', { token, headers = { 'user-agent': 'drover-test' } } = {}) {
    const socket = new Socket();
    socket.messages = [];
    socket.ws = new WebSocket(world.http.replace('http://', 'ws://') + path, { headers });
    socket.ws.on('message', (data) => socket.messages.push({ ...JSON.parse(String(data)), received_ms: performance.now() }));
    socket.closed = new Promise((resolve) => socket.ws.on('close', (code) => resolve((socket.close_code = code))));
    await new Promise((resolve, reject) => { socket.ws.on('open', resolve); socket.ws.on('error', reject); });
    if (token) {
      socket.send({ type: 'auth', payload: { token } });
      await socket.next('auth_success');
    }
    return socket;
  }
  send(message) { this.ws.send(JSON.stringify(message)); }
  async next(type, match = () => true, limit_ms = 10_000) {
    return until(`message ${type}`, () => this.messages.find((m) => m.type === type && match(m)), limit_ms);
  }
  close() { this.ws.close(); }
}
