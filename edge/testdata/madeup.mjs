// Holds the function against made-up requests: `node madeup.mjs MODULE SEED COUNT` prints what is wrong, and then how many
// requests got through. The API is one of this file's own, in the place of https.request, so that a run takes seconds.
import { createHmac } from 'node:crypto';
import { EventEmitter } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { pathToFileURL } from 'node:url';

const [module, seed, count] = process.argv.slice(2);
const DOMAIN = 'd111111abcdef8.cloudfront.net';
const TOLD = ['x-api-key', 'authorization', 'user-agent', 'origin', 'access-control-request-method', 'access-control-request-headers'];
const ANSWERED = /^(content-type|cache-control|x-request-id|retry-after|allow|vary|access-control-.*)$/;

// random is mulberry32: the same numbers for the same seed.
let state = Number(seed);
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const below = (n) => Math.floor(random() * n);
const one = (...of) => of[below(of.length)];
const odd = () => Array.from({ length: below(12) }, () => one('a', 'Z', '0', '.', '/', '..', '//', '\\', '?', '#', '&', '=', '+', '%', '%2e', '%2F', '%00', '%zz', ' ', '\r\n', '\0', '"', 'é', '漢', '\ud83d\ude39', '\ud800', '@', ':', 'token=')).join('');

// A token is the id of an export and its signature.
const sign = (id, key) => `v1.${id}.${createHmac('sha256', key).update(id).digest('base64url')}`;
const opens = (token) => { const id = /^v1\.(\w+)\./.exec(token)?.[1]; return id && token === sign(id, 'ours') ? id : undefined; };
const keyOf = (id) => `artifacts/acct/${id}/ä b+${id}.json`;

// api is what the API answers: where the export lies if the token opens it, or something that has gone wrong.
let trouble, approved;
function api(method, url) {
  if (trouble) {
    return trouble;
  }
  const id = /^\/api\/v2\/exports\/(\w+)\/download\/location$/.exec(url.pathname)?.[1];
  const tokens = url.searchParams.getAll('token');
  if (method !== 'GET' || !id || tokens.length !== 1 || opens(tokens[0]) !== id) {
    return { status: one(401, 403, 404, 405), headers: { 'content-type': 'application/json', 'set-cookie': ['a', 'b'], vary: 'Origin' }, text: '{"error":{"code":"no"}}' };
  }
  approved = keyOf(id);
  return { status: 200, headers: { 'content-type': 'application/json' }, text: JSON.stringify({ key: approved, content_type: 'a/b', content_disposition: `attachment; filename="${id}"` }) };
}

// troubles are answers that are no place, whatever was asked.
function madeTrouble() {
  const text = one('', 'null', '[]', '{}', '{"key":1}', '{"key":"\\ud800"}', '{"key":null}', '<html>', '"', '\ufeff{}', 'x'.repeat(40_000), '漢'.repeat(12_000), odd());
  const type = one(undefined, 'application/json', 'text/html', 'application/json; charset=utf-8', odd());
  const status = one(200, 200, 204, 302, 400, 403, 404, 429, 500, 502, 503, 599);
  return { broken: one('', '', '', 'before', 'between'), status, headers: { ...(type === undefined ? {} : { 'content-type': type }), location: 'https://evil.example/' }, text };
}

https.request = (url, options, answer) => {
  wrong(url.protocol === 'https:' && url.host === DOMAIN && url.username === '', `asks ${url}`);
  for (const [name, value] of Object.entries(options.headers)) {
    wrong(TOLD.includes(name), `tells the API ${name}`);
    http.validateHeaderValue(name, value); // throws as the real one does
  }
  if (options.method !== '' && !/^[\w-]+$/.test(options.method)) {
    throw new TypeError('no method'); // so does the real one
  }
  const method = options.method.toUpperCase() || 'GET';
  const asked = new EventEmitter();
  let destroyed = false;
  asked.destroy = (error) => { destroyed = true; asked.emit('error', error); };
  asked.end = () => queueMicrotask(() => {
    const { broken, status, headers, text } = api(method, url);
    if (broken === 'before') {
      return asked.emit('error', new Error('no connection'));
    }
    const reply = Object.assign(new EventEmitter(), { statusCode: status, statusMessage: http.STATUS_CODES[status] ?? '', headers, setEncoding() {} });
    answer(reply);
    for (let at = 0; at < text.length && !destroyed; at += 5000) {
      reply.emit('data', text.slice(at, at + 5000));
    }
    if (!destroyed) {
      reply.emit(...(broken === 'between' ? ['error', new Error('cut off')] : ['end']));
    }
  });
  return asked;
};

let current = '';
let failures = 0;
function wrong(holds, what) {
  if (!holds && ++failures <= 10) {
    console.log(`${what}: ${current}`);
  }
}
process.on('uncaughtException', (error) => wrong(false, `throws ${error}`));
process.on('unhandledRejection', (error) => wrong(false, `rejects with ${error}`));

// request is made up; good tells that it has a token which opens the export that it asks for, as it was made.
function madeRequest() {
  const id = one('exp_done', 'exp_second', 'exp_3');
  let token = sign(id, 'ours');
  let uri = `/api/v2/exports/${id}/download`;
  let method = 'GET';
  let query = '';
  const headers = { host: [{ key: 'Host', value: DOMAIN }] };
  let good = true;
  const spoil = (change) => { change(); good = false; };
  switch (below(12)) {
    case 0: spoil(() => { token = sign(id, one('theirs', '', 'ours ')); }); break;
    case 1: spoil(() => { token = sign(one('exp_other', ''), 'ours'); }); break;
    case 2: spoil(() => { const at = below(token.length); token = token.slice(0, at) + odd() + token.slice(at + below(3)); }); break;
    case 3: spoil(() => { token = odd(); }); break;
    case 4: spoil(() => { uri = one(`/api/v2/exports/${odd()}/download`, `/api/v2/exports/x/..${odd()}/${id}/download`, odd()); }); break;
    case 5: spoil(() => { method = one('HEAD', 'POST', 'OPTIONS', 'get', 'G T', ''); }); break;
    case 6: spoil(() => { query = one('&token=', '&', '&a=', '#', '%') + odd(); }); break;
    case 7: spoil(() => { query = odd(); }); break;
    case 8: spoil(() => { for (const name of [...TOLD, 'cookie', 'range', 'via']) { headers[name] = Array.from({ length: below(3) }, () => ({ key: name, value: odd() })); } }); break;
    case 9: headers['user-agent'] = [{ key: 'User-Agent', value: 'agent/1.0' }]; break;
    default:
  }
  const querystring = query.startsWith('&') || query === '' ? `token=${token}${query}` : query;
  const [onLine, inLine] = [uri, querystring].map((text) => text.replaceAll(/[\r\n]/g, '%0A')); // which no request line holds as it is
  return { good, request: { clientIp: '203.0.113.7', method, uri: onLine, querystring: inLine, headers } };
}

// right reports whether the query holds one token, and it is rightly signed.
const right = (query) => { const all = new URLSearchParams(query.split('#')[0]).getAll('token'); return all.length === 1 && opens(all[0]) !== undefined; };

// checkAnswer holds that CloudFront can send the answer.
function checkAnswer({ status, headers, body, ...more }) {
  wrong(/^[2-5]\d\d$/.test(status) && typeof body === 'string' && Buffer.byteLength(body) <= 30 * 1024, `answers ${status} with ${Buffer.byteLength(String(body))} bytes`);
  wrong(Object.keys(more).every((name) => name === 'statusDescription'), `answers with ${Object.keys(more)}`);
  for (const [name, values] of Object.entries(headers)) {
    wrong(ANSWERED.test(name) && values.every(({ key, value }) => key.toLowerCase() === name && typeof value === 'string'), `answers with the header ${name}`);
  }
}

async function view(handler) {
  const { good, request } = madeRequest();
  const was = structuredClone(request);
  trouble = below(5) === 0 ? madeTrouble() : undefined;
  approved = undefined;
  current = JSON.stringify({ request, trouble });
  const config = { distributionDomainName: DOMAIN, eventType: 'viewer-request', requestId: 'id' };
  const result = await handler({ Records: [{ cf: { config, request } }] });
  if (result.status !== undefined) {
    wrong(!good || trouble, `answers ${result.status} to a good token`);
    checkAnswer(result);
    return false;
  }
  wrong(approved !== undefined && !trouble && right(was.querystring), 'lets through what was not allowed');
  wrong(result.uri === '/' + approved?.split('/').map(encodeURIComponent).join('/'), `leads to ${result.uri}`);
  wrong(result.method === 'GET' && result.clientIp === was.clientIp && JSON.stringify(result.headers) === JSON.stringify({ host: was.headers.host }), `sends on ${JSON.stringify(result)}`);
  wrong([...new URLSearchParams(result.querystring).keys()].every((name) => name.startsWith('response-')), `sends on ${result.querystring}`);
  return true;
}

async function respond(handler) {
  const response = { status: one('200', '206', '304', '403', '404', '416', '500', '503', '', odd()), statusDescription: odd(), headers: {} };
  for (const name of ['content-type', 'content-length', 'etag', 'accept-ranges', 'x-amz-id-2', 'x-amz-meta-a', 'via', 'transfer-encoding']) {
    if (below(2) === 0) {
      response.headers[name] = [{ key: name, value: odd() }];
    }
  }
  current = JSON.stringify(response);
  const bad = Number(response.status) >= 400;
  const result = await handler({ Records: [{ cf: { config: { eventType: 'origin-response', requestId: 'id' }, request: {}, response } }] });
  wrong(Object.keys(result.headers).every((name) => !name.startsWith('x-amz-') && name !== 'accept-ranges'), 'shows what is the bucket\'s');
  wrong(bad ? result.status === '503' && JSON.parse(result.body).error.code === 'service_unavailable' : result.body === undefined, `answers ${result.status} with ${result.body}`);
}

const { handler } = await import(pathToFileURL(module));
let through = 0;
for (let n = 0; n < Number(count); n++) {
  try {
    through += await view(handler);
    await respond(handler);
  } catch (error) {
    wrong(false, `throws ${error.stack}`);
  }
}
console.log(`${failures} wrong, ${through} of ${count} got through`);
