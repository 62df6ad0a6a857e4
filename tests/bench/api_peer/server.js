// SPDX-License-Identifier: MIT
// server.js - the same answers as catchdeal-api, by Fastify, pg and ioredis: what it is measured against.
//
// The same indexes as catchdeal-api, bodies cached as text until the minute ends, no log. With TUNED=1 it is also made to be
// good at it: answers by fast-json-stringify (Fastify's schemas) and prepared statements. Paths:
//
//   /memory/..., /redis/...   hit-products, hit-products/search, hit-products/rank from the cache
//   /plain/...                the same without any
//   /keyword-pushalarms       the push list of the token's user
//
// Environment: PGHOST, PGUSER, PGDATABASE, REDIS_PORT (optional), JWT_SECRET, PORT_FILE, TUNED.
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');
const Fastify = require('fastify');
const { Pool } = require('pg');
const Redis = require('ioredis');

const app = Fastify({ logger: false, forceCloseConnections: true });
const pool = new Pool({ max: 4 });
const redis = process.env.REDIS_PORT ? new Redis({ port: Number(process.env.REDIS_PORT) }) : null;
const SECRET = process.env.JWT_SECRET;
const TUNED = process.env.TUNED === '1';

// ---- shape -------------------------------------------------------------------------------------------

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const whole = { type: 'integer' };
const flag = { type: 'boolean' };
const flagOrNull = { type: ['boolean', 'null'] };
const dealProperties = {
  order: whole, productId: text, title: text, view: whole, comment: whole, like: whole, score: whole, dateAgo: text,
  imageUrl: textOrNull, isSoldOut: flag, isDeleted: flag, isTitleChanged: flag, url: text, shortUrl: textOrNull,
  isBookmark: flagOrNull,
};
const deals = { type: 'array', items: { type: 'object', properties: dealProperties } };
const pushes = {
  type: 'array', items: { type: 'object', properties: { order: whole, keywordTitle: text, ...dealProperties } },
};
const ok = (properties) => (TUNED ? { response: { 200: { type: 'object', properties } } } : undefined);
const LIST = ok({ pageNumber: whole, sizeOfPage: whole, time: text, data: deals });
const DATA = ok({ data: deals });
const PUSH = ok({ userId: whole, pushList: pushes });

function dateAgo(then, now) {
  const minutes = Math.round((now - then) / 60000);
  if (minutes < 45) return `${minutes}분 전`;
  if (minutes < 1440) return `약 ${Math.round(minutes / 60)}시간 전`;
  if (minutes < 2520) return '1일 전';
  if (minutes < 43200) return `${Math.round(minutes / 1440)}일 전`;
  return `약 ${Math.round(minutes / 43200)}달 전`;
}

function dealOf(row, order, now) {
  return {
    order, keywordTitle: row.keyword_title, productId: row.product_id, title: row.title, view: row.view_count | 0,
    comment: row.comment_count | 0, like: row.like_count | 0, score: row.score | 0, dateAgo: dateAgo(row.sort_at, now),
    imageUrl: row.image_url, isSoldOut: row.is_sold_out, isDeleted: row.is_deleted, isTitleChanged: row.is_title_changed,
    url: row.url, shortUrl: row.redirect_url, isBookmark: row.is_bookmark === undefined ? null : row.is_bookmark,
  };
}

const shown = (rows) => { const now = Date.now(); return rows.map((row, i) => dealOf(row, i + 1, now)); };

// ---- statements --------------------------------------------------------------------------------------

const COLUMNS = 'd.product_id, d.title, d.view_count, d.comment_count, d.like_count, d.score, d.sort_at, d.image_url, ' +
  'd.is_sold_out, d.is_deleted, d.is_title_changed, d.url, d.redirect_url';
const query = (name, sql, values) => pool.query(TUNED ? { name, text: sql, values } : { text: sql, values }).then((result) => result.rows);

const list = (page, size, until) => query('list',
  `SELECT ${COLUMNS} FROM deals d WHERE sort_at <= $3 ORDER BY sort_at DESC, id DESC LIMIT $1 OFFSET $2`,
  [size, (page - 1) * size, until]);
const rank = () => query('rank',
  `SELECT ${COLUMNS} FROM deals d WHERE sort_at >= now() - interval '7 days' ` +
  'ORDER BY score DESC NULLS LAST, sort_at DESC, id DESC LIMIT 100', []);
const search = (word) => query('search',
  `SELECT ${COLUMNS} FROM (SELECT * FROM deals WHERE deal_grams(title_fold) @> deal_grams(deal_fold($1)) OFFSET 0) d ` +
  'WHERE strpos(title_fold, deal_fold($1)) > 0 ORDER BY sort_at DESC, id DESC LIMIT 100', [word]);
const pushList = (user) => query('push',
  `SELECT ${COLUMNS}, p.keyword_title, EXISTS (SELECT 1 FROM book_marks b WHERE b.app_user_id = $1 AND b.deal_id = d.id) ` +
  'AS is_bookmark FROM (SELECT * FROM keyword_pushalarm_lists WHERE app_user_id = $1 ORDER BY id DESC LIMIT 100) p ' +
  'JOIN deals d ON d.id = p.deal_id ORDER BY d.sort_at DESC, d.id DESC', [user]);

async function listAnswer(request) {
  const page = Number(request.query.page || 1);
  const size = Math.min(Number(request.query.size || 20), 100);
  const until = request.query.time ? new Date(request.query.time + '+09:00') : new Date();
  const rows = await list(page, size, until);
  return { pageNumber: page, sizeOfPage: size, time: until.toISOString(), data: shown(rows) };
}
const rankAnswer = async () => ({ data: shown(await rank()) });
const searchAnswer = async (request) => ({ data: shown(await search(request.query.word || '')) });

// ---- caches: the finished text, until the minute ends --------------------------------------------------

const memory = new Map();
const minute = () => Math.floor(Date.now() / 60000);

function cachedInMemory(make) {
  return async (request, reply) => {
    reply.type('application/json; charset=utf-8');
    const entry = memory.get(request.url);
    if (entry && entry.minute === minute()) return entry.body;
    const body = reply.serialize(await make(request));
    memory.set(request.url, { body, minute: minute() });
    return body;
  };
}

function cachedInRedis(make) {
  return async (request, reply) => {
    reply.type('application/json; charset=utf-8');
    const key = `${minute()} ${request.url}`;
    const kept = await redis.get(key);
    if (kept) return kept;
    const body = reply.serialize(await make(request));
    await redis.set(key, body, 'EX', 60);
    return body;
  };
}

// ---- who asks ----------------------------------------------------------------------------------------

function userOf(request) {
  const [head, claims, signature] = String(request.headers.authorization || '').split('.');
  const expected = crypto.createHmac('sha256', SECRET).update(`${head}.${claims}`).digest();
  const given = Buffer.from(signature || '', 'base64url');
  if (given.length !== expected.length || !crypto.timingSafeEqual(given, expected)) return null;
  const read = JSON.parse(Buffer.from(claims, 'base64url'));
  return read.exp > Date.now() / 1000 ? read.app_user_id : null;
}

// ---- paths -------------------------------------------------------------------------------------------

function serve(path, schema, make) {
  app.get(`/plain${path}`, { schema }, make);
  app.get(`/memory${path}`, { schema }, cachedInMemory(make));
  if (redis) app.get(`/redis${path}`, { schema }, cachedInRedis(make));
}

serve('/hit-products', LIST, listAnswer);
serve('/hit-products/rank', DATA, rankAnswer);
serve('/hit-products/search', DATA, searchAnswer);
app.get('/keyword-pushalarms', { schema: PUSH }, async (request, reply) => {
  const user = userOf(request);
  if (!user) return reply.code(401).type('application/json').send('{"errors":["token"]}');
  return { userId: user, pushList: shown(await pushList(user)) };
});

process.on('SIGTERM', () => process.exit(0));
app.listen({ host: '127.0.0.1', port: 0 }).then(() => {
  const draft = process.env.PORT_FILE + '.draft';
  fs.writeFileSync(draft, `${app.server.address().port}\n`);
  fs.renameSync(draft, process.env.PORT_FILE);
});
