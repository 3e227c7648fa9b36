// usage: node life_of_orders.mjs VENUE http://127.0.0.1:PORT [--root]
// Lets ccxt, REST and WebSocket, trade on a running paper exchange in the dialect of VENUE (under /VENUE; --root: without
// the prefix). venues/VENUE.mjs says what is special there. Prints "N passed, N failed".
import { finish } from './check.mjs';
import { checkAgreement } from './life/agreement.mjs';
import { checkFaults } from './life/faults.mjs';
import { checkMarket } from './life/market.mjs';
import { checkOrders } from './life/orders.mjs';
import { checkRefusals } from './life/refusals.mjs';
import { checkStreams } from './life/streams.mjs';
import { openWorld } from './life/world.mjs';

const [name, url, where] = process.argv.slice(2);
if (!name || !url) {
  console.error('usage: node life_of_orders.mjs VENUE http://127.0.0.1:PORT [--root]');
  process.exit(2);
}

const { default: venue } = await import(`./venues/${name}.mjs`);
const world = await openWorld(name, venue, url, where === '--root');
for (const part of [checkMarket, checkOrders, checkRefusals, checkStreams, checkFaults]) await part(world);
if (venue.extra) await venue.extra(world);
await checkAgreement(world);
finish();
