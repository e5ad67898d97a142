// The download route at CloudFront's edge, as a Lambda@Edge function over the artifacts bucket.
//
// A viewer's request is asked about first: the API says where the document lies if the key or token that came with the
// request opens it. Only then does the request go on, to that object and without anything that the viewer sent. Whatever
// else the API says goes back to the viewer as it is. So this function decides nothing, knows no signing key, and logs
// nothing: what it handles are credentials.
//
// It has no configuration, since Lambda@Edge has no environment: it asks under the distribution's own name, at a path
// that leads to the API.

import https from 'node:https';

// Lambda@Edge gives a viewer-request function 5 s, and 40 KB for an answer with its headers.
const PATIENCE_MS = 4000;
const MAX_REPLY_BYTES = 30 * 1024;

// What the API is told of a request, and the viewer of a reply. Some headers would make CloudFront refuse a reply.
const TOLD = ['x-api-key', 'authorization', 'user-agent', 'origin', 'access-control-request-method', 'access-control-request-headers'];
const SHOWN = ['content-type', 'cache-control', 'x-request-id', 'retry-after', 'allow', 'vary'];

export async function handler(event) {
  const { config, request, response } = event.Records[0].cf;
  return config.eventType === 'origin-response' ? answered(config, response) : requested(config, request);
}

// requested sends the viewer's request on to the object, or answers it.
async function requested(config, request) {
  let reply;
  try {
    reply = await ask(config, request);
    if (request.method !== 'GET' || reply.status !== 200) {
      return passed(config, reply);
    }
    return located(request, JSON.parse(reply.body));
  } catch {
    return failure(config, 503);
  }
}

// located is the request for the object. Of the viewer's headers only the host stays, which none may change: without
// Range and conditions the object comes whole, with 200.
function located(request, place) {
  request.uri = '/' + place.key.split('/').map(encodeURIComponent).join('/');
  request.querystring = Object.entries({
    'response-cache-control': 'private, no-store',
    'response-content-disposition': place.content_disposition,
    'response-content-type': place.content_type,
  }).map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  request.headers = { host: request.headers.host };
  return request;
}

// ask sends the request without its body to the API. Every call has a connection of its own: one that was kept may have
// ended while the function was frozen.
function ask(config, request) {
  const url = new URL(`https://${config.distributionDomainName}`);
  url.pathname = `${request.uri}/location`;
  url.search = request.querystring;
  const headers = {};
  for (const name of TOLD) {
    const values = (request.headers[name] ?? []).map((h) => h.value);
    if (values.length > 0) {
      headers[name] = values.join(', ');
    }
  }
  const options = { method: request.method, headers, agent: false, signal: AbortSignal.timeout(PATIENCE_MS) };
  return new Promise((resolve, reject) => {
    const asked = https.request(url, options, (reply) => {
      let body = '';
      let bytes = 0;
      reply.setEncoding('utf8');
      reply.on('data', (text) => {
        body += text;
        bytes += Buffer.byteLength(text);
        if (bytes > MAX_REPLY_BYTES) {
          asked.destroy(new Error('the reply is too long'));
        }
      });
      reply.on('end', () => resolve({ status: reply.statusCode, reason: reply.statusMessage, headers: reply.headers, body }));
      reply.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

// passed is the API's reply for the viewer. One that is no JSON was made by something in front of the API.
function passed(config, reply) {
  if (reply.body !== '' && !(reply.headers['content-type'] ?? '').startsWith('application/json')) {
    return failure(config, reply.status === 403 ? 403 : 503);
  }
  const headers = {};
  for (const [name, value] of Object.entries(reply.headers)) {
    if (SHOWN.includes(name) || name.startsWith('access-control-')) {
      headers[name] = [{ key: name, value: String(value) }];
    }
  }
  return { status: String(reply.status), statusDescription: reply.reason, headers, body: reply.body };
}

// answered is the bucket's answer for the viewer. The document was there a moment ago: without it something is wrong.
function answered(config, response) {
  if (Number(response.status) >= 400) {
    const { status, statusDescription, headers, body } = failure(config, 503);
    for (const name of ['transfer-encoding', 'via']) { // which a function may not remove
      if (response.headers[name]) {
        headers[name] = response.headers[name];
      }
    }
    return Object.assign(response, { status, statusDescription, headers, body });
  }
  for (const name of Object.keys(response.headers)) {
    if (name.startsWith('x-amz-') || name === 'accept-ranges') {
      delete response.headers[name];
    }
  }
  response.headers['x-content-type-options'] = [{ key: 'X-Content-Type-Options', value: 'nosniff' }];
  return response;
}

// failure is an answer of the edge's own, in the API's envelope.
function failure(config, status) {
  const [code, message] = status === 403
    ? ['request_refused', 'The request was refused.']
    : ['service_unavailable', 'The service did not answer. Try again.'];
  const headers = {
    'content-type': [{ key: 'Content-Type', value: 'application/json' }],
    'cache-control': [{ key: 'Cache-Control', value: 'no-store' }],
    'x-request-id': [{ key: 'X-Request-ID', value: config.requestId }],
  };
  if (status === 503) {
    headers['retry-after'] = [{ key: 'Retry-After', value: '1' }];
  }
  return {
    status: String(status),
    statusDescription: status === 403 ? 'Forbidden' : 'Service Unavailable',
    headers,
    body: JSON.stringify({ error: { code, message, details: {}, request_id: config.requestId } }),
  };
}
