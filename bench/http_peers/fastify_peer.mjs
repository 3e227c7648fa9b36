// GET /user/exchanges/ as Fastify does it: the same token check, the same statement, the same members. Prints its port when it
// listens, and ends with its standard input.
//   fastify_peer.mjs HOST_OF_POSTGRES DATABASE KEY
import { createHmac, timingSafeEqual } from 'node:crypto';
import fastify from 'fastify';
import pg from 'pg';

const [host, database, key] = process.argv.slice(2);
/// As many as the engine's pool.
const pool = new pg.Pool({ host, database, user: 'postgres', max: 8 });
const app = fastify();
const text = { type: 'string' };
const account = { type: 'object', properties: {
  id: { type: 'integer' }, user_id: { type: 'integer' }, exchange_name: text, label: text, status: text, is_active: { type: 'boolean' },
  error_message: { type: ['string', 'null'] }, created_at: text, updated_at: text, api_key: text, credential_version: { type: 'integer' }, region: text } };

function user_of(header) {
  const [user, at, signature] = Buffer.from((header ?? '').replace('Bearer ', ''), 'base64url').toString().split(':');
  const right = createHmac('sha256', key).update(`${user}:${at}`).digest();
  const given = Buffer.from(signature ?? '', 'base64url');
  return given.length === right.length && timingSafeEqual(given, right) && Number(at) * 1000 + 3_600_000 > Date.now() ? Number(user) : undefined;
}

app.get('/user/exchanges/', { schema: { response: { 200: { type: 'array', items: account } } } }, async (request, reply) => {
  const user = user_of(request.headers.authorization);
  if (user === undefined) return reply.code(401).send();
  const found = await pool.query({ name: 'list', values: [user, 0, 200], text:
    `SELECT id, user_id, exchange_name, label, status, is_active, api_key_mask, error_message, credential_version, created_at, updated_at, region
     FROM user_exchanges WHERE user_id = $1 AND id > $2 AND deleted_at IS NULL ORDER BY id LIMIT $3` });
  return found.rows.map((row) => ({ ...row, id: Number(row.id), user_id: Number(row.user_id), credential_version: Number(row.credential_version),
    api_key: row.api_key_mask, created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() }));
});

await app.listen({ host: '127.0.0.1', port: 0 });
console.log(app.server.address().port);
process.stdin.on('end', () => process.exit(0)).resume();
