// The demo's people: `users` makes the first admin and a tenant before the engine starts; `account` connects the tenant to
// the paper exchange through the public API, has the admin approve it, and says where everything is.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const wait_limit_ms = 20_000;
const poll_pause_ms = 50;

function write_private(path, value) {
  writeFileSync(`${path}.new`, JSON.stringify(value) + '\n', { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function credentials_path(data) {
  return `${data}/secrets/demo_users.json`;
}

function make_users(data, engine) {
  const path = credentials_path(data);
  if (existsSync(path)) return;
  const users = {
    admin: { username: 'admin', password: randomBytes(15).toString('base64url') },
    tenant: { username: 'demo', password: randomBytes(15).toString('base64url') },
  };
  const config = ['-c', `${data}/config.yaml`];
  for (const [command, user] of [['create-admin', users.admin], ['create', users.tenant]]) {
    const args = [...config, 'user', command, user.username, '--password-stdin'];
    execFileSync(engine, args, { input: user.password + '\n', stdio: ['pipe', 'ignore', 'inherit'] });
  }
  write_private(path, users);
  console.error(`admin:  ${users.admin.username} / ${users.admin.password}`);
  console.error(`tenant: ${users.tenant.username} / ${users.tenant.password}`);
  console.error(`(shown once; kept in ${path}, mode 0600)`);
}

async function call(base, method, path, token, body) {
  const headers = { 'user-agent': 'drover-demo' };
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const answer = await fetch(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function until(what, condition) {
  const end = Date.now() + wait_limit_ms;
  let last = '';
  while (Date.now() < end) {
    last = await condition();
    if (last === true) return;
    await new Promise((resolve) => setTimeout(resolve, poll_pause_ms));
  }
  throw new Error(`${what} did not happen within ${wait_limit_ms / 1000} s (${last})`);
}

async function connect_account(http, paper, tenant, admin) {
  const existing = await call(http, 'GET', '/user/exchanges/', tenant);
  if (existing.length > 0) return existing[0].id;
  const key = await call(paper, 'POST', '/paper/accounts', undefined, { balances: { USDT: '10000' } });
  const account = await call(http, 'POST', '/user/exchanges/', tenant, {
    exchange_name: 'paper', api_key: key.api_key, api_secret: key.api_secret, label: 'Demo account',
  });
  await call(http, 'POST', `/admin/exchanges/${account.id}/approve`, admin, { notification_message: 'Welcome to the demo' });
  return account.id;
}

async function make_account(data, paper, ready_file) {
  const users = JSON.parse(readFileSync(credentials_path(data), 'utf8'));
  const engine = JSON.parse(readFileSync(`${data}/run/engine.json`, 'utf8'));
  const http = engine.http;
  const tokens = {};
  for (const [who, user] of Object.entries(users))
    tokens[who] = (await call(http, 'POST', '/client/login', undefined, { username: user.username, password: user.password })).token;
  const account_id = await connect_account(http, paper, tokens.tenant, tokens.admin);
  await until('a running bot', async () => {
    const account = await call(http, 'GET', `/user/exchanges/${account_id}`, tokens.tenant);
    return account.bot.state === 'running' || account.is_active === false || `${account.bot.state}: ${account.bot.reason}`;
  });
  const database = readFileSync(`${data}/config.yaml`, 'utf8').match(/url: "([^"]+)"/)[1];
  const ready = {
    http, pid: engine.pid, database, paper,
    admin: { ...users.admin, token: tokens.admin },
    tenant: { ...users.tenant, token: tokens.tenant, account_id },
  };
  write_private(`${data}/run/ready.json`, ready);
  if (ready_file) write_private(ready_file, ready);
  console.log(`The page: ${http}/   (log in as '${users.tenant.username}', or '${users.admin.username}' for approvals)`);
}

const [command, ...rest] = process.argv.slice(2);
try {
  if (command === 'users') make_users(...rest);
  else if (command === 'account') await make_account(...rest);
  else throw new Error(`unknown command '${command}'`);
} catch (problem) {
  console.error(`error: ${problem.message}`);
  process.exit(1);
}
