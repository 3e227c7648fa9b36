import { check, fails } from '../check.mjs';

export async function checkRefusals(world) {
  const { venue, client, control, error } = world;

  await check('names its refusals as the venue does', async () => {
    const far = await world.far();
    await fails(() => world.buy(100, far), error('funds'));
    await fails(() => world.buy(0.00002, far), error('tooSmall'));
    await fails(() => world.cancel(venue.unknownOrder), error('cancelUnknown'));
    await fails(() => world.find(venue.unknownOrder), error('findUnknown'));
  });

  if (error('duplicate'))
    await check('does not take an id twice', async () => {
      const far = await world.far();
      const id = venue.clientId('twice');
      await world.buy(0.01, far, id);
      try {
        await fails(() => world.buy(0.01, far, id), error('duplicate'));
      } finally {
        await world.cancelAll();
      }
    });

  await check('refuses wrong keys and signatures', async () => {
    const right = venue.credentials(world.keys);
    const flipped = right.apiKey.slice(0, -1) + (right.apiKey.endsWith('0') ? '1' : '0');
    const stranger = await world.make({ apiKey: flipped });
    await fails(() => stranger.fetchBalance(venue.balanceParams), error('key'));
    const other = await world.open({});
    const forger = await world.make({ secret: venue.credentials(other.keys).secret });
    await fails(() => forger.fetchBalance(venue.balanceParams), error('signature'));
    if (right.password && error('passphrase')) {
      const absentMinded = await world.make({ password: 'wrong' });
      await fails(() => absentMinded.fetchBalance(venue.balanceParams), error('passphrase'));
    }
  });

  if (error('clock'))
    await check('refuses a wrong clock', async () => {
      await control.fault({ kind: 'clock_offset', ms: venue.clockOffsetMs, count: -1 });
      try {
        await fails(() => client.fetchBalance(venue.balanceParams), error('clock'));
      } finally {
        await control.clearFaults();
      }
    });

  await check('refuses a key that may only read, or is used from elsewhere', async () => {
    const reader = await control.openAccount({ [world.quote]: '1000' }, { venue: world.name, ...venue.account, permissions: { trade: false } });
    const readOnly = await world.make(venue.credentials(reader));
    await readOnly.loadMarkets();
    await readOnly.fetchBalance(venue.balanceParams);
    const far = await world.far();
    await fails(() => readOnly.createOrder(world.symbol, 'limit', 'buy', 0.01, far), world.ccxt.BaseError);
    const bound = await control.openAccount({}, { venue: world.name, ...venue.account, addresses: ['10.1.2.3'] });
    const elsewhere = await world.make(venue.credentials(bound));
    await fails(() => elsewhere.fetchBalance(venue.balanceParams), world.ccxt.BaseError);
  });
}
