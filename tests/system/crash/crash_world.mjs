// One deployment with many bots of all kinds of orders on several venues, to be killed over and over.
import { until, World } from '../harness.mjs';

const opening = { USDT: '5000000', BTC: '50', ETH: '500' };
/** Short limits, so that an order of unknown fate is settled within seconds. */
const bots = {
  strategy: '', venue_processing_bound: '500ms', validity_window: '1s', send_limit: '1s', sweep_interval: '1s',
  backoff_floor: '20ms', backoff_ceiling: '500ms', statistics_interval: '10m', probe_interval: '0s',
};
const web = { limits: { enabled: false } };
const other_venues = ['bybit', 'okx'];

const grid = (symbol) => ({ symbol, levels: 3, spacing: '0.0003', order_notional: '50' });
const quotes = (symbol) => ({ symbol, bid_spread: '0.0003', ask_spread: '0.0003', refresh_s: 1, tolerance: '0', levels: 2 });
const slices = (symbol, side) => ({ symbol, side, total_notional: '2000000', duration_s: 36000, slices: 10000, execution: 'market', max_slippage: '0.01' });
/** Limit orders, post-only orders that are moved all the time, and orders that trade at once. */
const fleet = [
  ['binance', [['grid', grid('BTC/USDT')], ['market_making', quotes('ETH/USDT')]]],
  ['binance', [['twap', slices('BTC/USDT', 'buy')], ['grid', grid('ETH/USDT')]]],
  ['binance', [['market_making', quotes('BTC/USDT')], ['twap', slices('ETH/USDT', 'sell')]]],
  ['bybit', [['grid', grid('BTC/USDT')], ['twap', slices('ETH/USDT', 'buy')]]],
  ['okx', [['market_making', quotes('BTC/USDT')], ['grid', grid('ETH/USDT')]]],
];

export class CrashWorld extends World {
  static opening = opening;

  static async make({ connection, seed }) {
    const paper_args = ['--step-ms', '40', '--step-bps', '4', '--no-limits', '--seed', String(seed)];
    const world = await this.create({ connection, start: false, paper_args, config: { bots, web } });
    const urls = (name) => `  - {name: ${name}, dialect: ${name}, rest_url: "${world.paper}/${name}", stream_url: "${world.sockets}/${name}", ws_api_url: "${world.sockets}/${name}", limit_percent: 100000, request_timeout: 1500ms}`;
    world.write_config({ bots, web, weight_limit: 6_000_000, extra: other_venues.map(urls).join('\n') });
    await world.start_engine();
    await world.populate();
    await world.kill_engine('SIGKILL');
    return world;
  }

  get sockets() { return this.paper.replace('http://', 'ws://'); }

  async populate() {
    this.admin = await this.add_user('root', { admin: true });
    this.tenant = await this.add_user('alice');
    this.accounts = [];
    this.bot_ids = [];
    for (const [index, [exchange, kinds]] of fleet.entries()) {
      const key = await this.paper_key({ venue: exchange, balances: opening });
      const account = { ...(await this.add_own_account(exchange, key, `a${index}`)), exchange, keys: key };
      await this.approve(this.admin, account);
      this.accounts.push(account);
      for (const [strategy, parameters] of kinds) {
        const bot = await this.must('POST', '/api/bots', { token: this.tenant.token,
          body: { account_id: account.id, strategy, parameters, resume: 'flatten', start: true } });
        this.bot_ids.push(bot.id);
      }
    }
  }

  async add_own_account(exchange, key, label) {
    return this.must('POST', '/user/exchanges/', { token: this.tenant.token,
      body: { exchange_name: exchange, api_key: key.api_key, api_secret: key.api_secret, label, ...(key.passphrase ? { passphrase: key.passphrase } : {}) } });
  }

  /** The user's calls may meet an engine that has just died. */
  async ask_bot(id, what) {
    try {
      return await this.call('POST', `/api/bots/${id}/${what}`, { token: this.tenant.token });
    } catch {
      return undefined;
    }
  }

  async plan_fault(fault) { return this.must('POST', '/paper/faults', { base: this.paper, body: fault }); }
  async clear_faults() { return this.must('DELETE', '/paper/faults', { base: this.paper }); }
  async pause_market(paused) { return this.must('POST', '/paper/market', { base: this.paper, body: { paused } }); }

  /** Every bot runs. */
  async until_running(limit_ms) {
    let idle = [];
    const all_run = async () => {
      const page = await this.call('GET', '/api/bots?limit=200', { token: this.tenant.token });
      if (page.status !== 200) return false;
      idle = page.json.items.filter((b) => b.status.state !== 'running');
      // The call that was to start it may have met a dying engine.
      for (const b of idle) if (b.desired !== 'running') await this.ask_bot(b.id, 'start');
      return page.json.items.length >= this.bot_ids.length && idle.length === 0;
    };
    try {
      return await until('all bots running', all_run, limit_ms);
    } catch (problem) {
      throw new Error(`${problem.message}: ${idle.map((b) => `bot ${b.id} (${b.strategy}, ${b.desired}) ${b.status.state}: ${b.status.reason}`).join('; ')}`);
    }
  }
}
