export default {
  clientId: (word) => `wire-${word}`,
  // watchBidsAsks never resolves in ccxt 4.5.84; ccxt refuses FOK itself.
  cannot: ['watchBidsAsks', 'FOK'],
  unknownOrder: 'C02__999999',
  feeOfBuy: 'USDT',
  postOnly: 'cancelled',
  unfilledStatus: ['canceled'],
  errors: { cancelUnknown: 'BadRequest', findUnknown: 'ExchangeError', key: 'BadRequest', duplicate: 'ExchangeError' },
  paths: { place: '/api/v3/order', balance: '/api/v3/account', time: '/api/v3/time' },
};
