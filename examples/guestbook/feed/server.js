// The guestbook's feed (https://www.jsonfeed.org/version/1.1/): the newest entries, and how often it was read.
"use strict";

const http = require("node:http");
const { createClient } = require("redis");

const api = process.env.API;
const cache = createClient({ url: process.env.REDIS, disableOfflineQueue: true });
cache.on("error", (error) => console.error(`the cache is away: ${error.message}`));
cache.connect();

async function feed() {
  const answer = await fetch(`${api}/api/entries`);
  if (!answer.ok) throw new Error(`the API answers with ${answer.status}`);
  const { title, entries } = await answer.json();
  const reads = await cache.incr("reads").catch(() => null);
  const items = entries.map(({ id, author, text }) => ({ id, authors: [{ name: author }], content_text: text }));
  return { version: "https://jsonfeed.org/version/1.1", title, items, _reads: reads };
}

const server = http.createServer(async (request, response) => {
  try {
    const body = request.url === "/health" ? { status: "ok" } : await feed();
    response.writeHead(200, { "content-type": "application/feed+json" }).end(JSON.stringify(body));
  } catch (error) {
    console.error(error.message);
    response.writeHead(502, { "content-type": "application/json" }).end(JSON.stringify({ error: error.message }));
  }
  if (request.url !== "/health") console.log(JSON.stringify({ method: request.method, url: request.url, status: response.statusCode }));
});
server.listen(3000);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
