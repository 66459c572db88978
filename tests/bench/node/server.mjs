// The yardstick of P2: GitHub's own middleware verifies and parses; the delivery goes into a stream with its
// payload, as ours is stored with its body, in one transaction with what remembers it; then 202.
//
//     node server.mjs <socket of Redis> <secret>
import { createServer } from "node:http";
import { Webhooks, createNodeMiddleware } from "@octokit/webhooks";
import Redis from "ioredis";

const [socket, secret] = process.argv.slice(2);
const redis = new Redis(socket);
const webhooks = new Webhooks({ secret });

webhooks.onAny(async ({ id, name, payload }) => {
  const [[error]] = await redis.multi()
    .set(`seen:${id}`, "1", "EX", 691200, "NX")
    .xadd("events", "*", "id", id, "name", name, "payload", JSON.stringify(payload))
    .exec();
  if (error) throw error;
});

const middleware = createNodeMiddleware(webhooks, { path: "/webhooks/github.com" });
const server = createServer((request, response) => {
  const writeHead = response.writeHead.bind(response);  // the middleware says 200 where it has stored
  response.writeHead = (status, ...rest) => writeHead(status === 200 ? 202 : status, ...rest);
  return middleware(request, response);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
