// `engine backtest` over recorded and generated markets, without network or database.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const engine = process.env.DROVER_ENGINE;
const data = join(dirname(fileURLToPath(import.meta.url)), '..', 'data');
const recorded = join(data, 'binance_btcusdt_bookticker_20240808.csv');

function run(...args) {
  const done = spawnSync(engine, ['backtest', ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return { code: done.status, out: done.stdout, err: done.stderr };
}
const grid = ['--strategy', 'grid', '--parameters', '{"levels":8,"spacing":"0.0002","order_notional":"30"}'];

test('the same input gives the same bytes, in a table, as JSON and as a picture', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'backtest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const outputs = [1, 2].map((n) => {
    const picture = join(folder, `${n}.svg`);
    const done = run(...grid, '--data', recorded, '--balance', 'USDT=10000,BTC=0.002', '-o', 'json', '--picture', picture);
    assert.equal(done.code, 0, done.err);
    return done.out + readFileSync(picture, 'utf8');
  });
  assert.equal(outputs[0], outputs[1]);
  assert.ok(outputs[0].includes('<polyline'));
  const table = run(...grid, '--data', recorded, '--balance', 'USDT=10000,BTC=0.002');
  assert.match(table.out, /max drawdown +\d/);
});

test('reports what was traded', () => {
  const report = JSON.parse(run(...grid, '--data', recorded, '--fee-maker', '0', '--fee-taker', '0', '-o', 'json').out);
  assert.ok(report.trades > 0);
  assert.equal(report.trades, report.fills.length);
  assert.equal(report.fees, '0');
});

test('reads packed recordings and generates markets; parameters come from a file too', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'backtest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const packed = run('--strategy', 'market_making', '--data', join(data, 'btcusdt_excerpt.gz'), '--balance', 'USDT=10000,BTC=1');
  assert.equal(packed.code, 0, packed.err);
  const file = join(folder, 'dca.json');
  writeFileSync(file, '{"order_notional":"50","interval_s":600}');
  const generated = run('--strategy', 'dca', '--parameters', `@${file}`, '--symbol', 'ETH/EUR', '--balance', 'EUR=1000', '--generate', '7,2,0.03', '--start-price', '3000', '-o', 'json');
  assert.equal(generated.code, 0, generated.err);
  const report = JSON.parse(generated.out);
  assert.equal(report.symbol, 'ETH/EUR');
  assert.equal(report.trades, 12);
});

test('wrong options are named', () => {
  const cases = [
    [['--strategy', 'gird', '--generate', '1,1,0.1'], /no strategy 'gird'; there are grid/],
    [['--strategy', 'grid', '--generate', '1,1'], /--generate must be SEED,HOURS,VOLATILITY/],
    [['--strategy', 'grid'], /--data FILE or --generate/],
    [['--strategy', 'grid', '--generate', '1,1,0.1', '--parameters', '{"levels":0}'], /levels must be a whole number/],
    [['--strategy', 'grid', '--generate', '1,1,0.1', '--parameters', '{'], /--parameters is not JSON/],
    [['--strategy', 'grid', '--generate', '1,1,0.1', '--balance', 'USDT'], /--balance must be ASSET=AMOUNT/],
    [['--strategy', 'grid', '--generate', '1,1,0.1', '--from', 'noon'], /--from must be a time/],
    [['--strategy', 'grid', '--generate', '1,1,0.1', '--picture', 'x.png'], /--picture must be a file that ends in \.svg/],
    [['--strategy', 'grid', '--generate', '1,1,0.1', '--tick', '0'], /--tick must be a positive/],
    [['--strategy', 'grid', '--data', '/nowhere/x.csv'], /x\.csv/],
    [['--strategy', 'grid', '--data', join(data, 'btcusdt_excerpt_golden.json')], /btcusdt_excerpt_golden\.json line 1/],
  ];
  for (const [args, expected] of cases) {
    const done = run(...args);
    assert.notEqual(done.code, 0);
    assert.match(done.err, expected);
  }
});
