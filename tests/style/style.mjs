// Rules of the tree that a compiler does not check. Run: node tests/style/style.mjs; prints "N passed, N failed".
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const tracked = execFileSync('git', ['-C', root, 'ls-files'], { encoding: 'utf8' }).split('\n').filter(Boolean);
const sources = tracked.filter((f) => /\.(cpp|hpp)$/.test(f) && !f.startsWith('tests/') && !f.startsWith('bench/'));
const text_of = new Map(sources.map((f) => [f, readFileSync(join(root, f), 'utf8')]));

// Which module may include which: the arrows of docs/ARCHITECTURE.md.
const arrows = {
  base: [],
  crypto: ['base'],
  net: ['base', 'crypto'],
  exchanges: ['base', 'crypto'],
  'exchanges/paper': ['base', 'crypto', 'net', 'exchanges'],
  tenants: ['base', 'crypto'],
  engine: ['base', 'crypto', 'tenants', 'exchanges'],
  web: ['base', 'crypto', 'net', 'tenants', 'engine'],
  simulation: ['base', 'crypto', 'exchanges', 'tenants', 'engine'],
  app: ['base', 'crypto', 'net', 'exchanges', 'exchanges/paper', 'tenants', 'engine', 'web'],
};
const module_of = (path) => (path.startsWith('exchanges/paper/') ? 'exchanges/paper' : path.split('/')[0]);

function without_comments(text) {
  return text.replace(/\/\/[^\n]*/g, '').replace(/\/\*[\s\S]*?\*\//g, '');
}

/** Lines of code that match, outside comments and outside the files that may. */
function find(pattern, allowed) {
  const hits = [];
  for (const [file, text] of text_of) {
    if (allowed.some((a) => (a instanceof RegExp ? a.test(file) : file.startsWith(a)))) continue;
    without_comments(text).split('\n').forEach((line, i) => {
      if (pattern.test(line)) hits.push(`${file}:${i + 1}: ${line.trim()}`);
    });
  }
  return hits;
}

const rules = {
  'includes follow the arrows': () => {
    const hits = [];
    for (const [file, text] of text_of) {
      const from = module_of(file);
      for (const [, target] of text.matchAll(/^#include "([^"]+)"/gm)) {
        const to = module_of(target);
        if (to !== from && arrows[to] !== undefined && !(arrows[from] ?? []).includes(to)) hits.push(`${file} includes ${target}`);
      }
    }
    return hits;
  },
  'no detached work': () => find(/asio::detached|\bdetach\(\)/, []),
  'coroutines start in a task scope': () => find(/co_spawn\(/, ['base/task_scope.cpp', 'base/deadline.hpp', 'base/run_on.hpp']),
  'clocks come in through the interface': () => find(/(steady|system|high_resolution)_clock::now/, ['base/clock.cpp']),
  'randomness comes in through the interface': () => find(/random_device|\brand\(\)|mt19937/, []),
  'threads are made in adapters': () => find(/std::(j)?thread\b(?!::hardware)/, ['base/', 'app/io_thread.cpp']),
  'sockets are opened in net and base': () => find(/\b(tcp|local)::(socket|acceptor|resolver)|ssl::stream|\btcp_stream\b/, ['net/', 'base/postgres_listener', 'base/database_listener']),
  'pqxx stays in stores and the pool': () => find(/\bpqxx\//, ['base/', /postgres[^/]*\.cpp$/, /postgres[^/]*_detail\.hpp$/]),
  'libpq stays in the PostgreSQL adapters of base': () => find(/\blibpq-fe\.h\b|\bPQ[a-z]\w+\(/, ['base/postgres']),
  'SQL stays in stores': () => find(/"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM)\s/, ['base/', /postgres[^/]*\.(cpp|hpp)$/]),
  'heavy headers stay out of headers': () =>
    find(/#include <(boost\/beast|openssl|pqxx\/|yaml-cpp|spdlog|simdjson|boost\/asio\.hpp)/, [/\.cpp$/, /_detail\.hpp$/, /openssl_handles\.hpp$/, 'net/']),
  'no umbrella includes': () => find(/#include <boost\/(asio|beast)\.hpp>/, []),
  'getenv only where settings are read': () => find(/\bgetenv\(|environ\b(?!ment)/, ['base/', 'app/']),
  'no sleeping in threads': () =>
    find(/this_thread::sleep|usleep\(/, ['base/failpoint.cpp', 'app/start_checks.cpp']),
  'money is decimal': () => find(/\bdouble\s+(price|quantity|amount|fee|notional|cost|balance)/, []),
  'no leftovers': () => find(/\b(TODO|FIXME|XXX|HACK)\b/, []),
  'every module has a README': () => ['base', 'crypto', 'net', 'exchanges', 'exchanges/binance', 'exchanges/paper', 'tenants', 'engine', 'simulation', 'web', 'web/ui']
    .filter((m) => !tracked.includes(`${m}/README.md`)).map((m) => `${m}/README.md is missing`),
  'files stay under 500 lines': () => [...text_of].map(([f, t]) => [f, t.split('\n').length]).filter(([, n]) => n > 500).map(([f, n]) => `${f} has ${n} lines`),
};

let passed = 0;
let failed = 0;
for (const [name, rule] of Object.entries(rules)) {
  const hits = rule();
  if (hits.length === 0) {
    passed += 1;
    continue;
  }
  failed += 1;
  console.log(`FAILED ${name}`);
  for (const hit of hits.slice(0, 20)) console.log(`  ${hit}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
