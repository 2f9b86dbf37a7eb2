// SPDX-License-Identifier: Apache-2.0
// node main.js send URL: sends the messages of its input, one of JSON a line, and prints the status of each answer.
// node main.js receive: a server; prints its port, then each event that comes.
import http from "node:http";
import readline from "node:readline";
import { CloudEvent, HTTP } from "cloudevents";

const modes = { binary: HTTP.binary, structured: HTTP.structured };

function say(value) {
  process.stdout.write(JSON.stringify(value) + "\n");
}

function eventOf({ attributes, extensions, data }) {
  const event = { ...attributes };
  for (const [name, value] of Object.entries(extensions)) {
    event[name] = typeof value === "object" ? value.time : value;
  }
  if (data?.json !== undefined) event.data = data.json;
  if (data?.text !== undefined) event.data = data.text;
  if (data?.base64 !== undefined) event.data = new Uint8Array(Buffer.from(data.base64, "base64"));
  return new CloudEvent(event);
}

// A message of the SDK without a body has undefined there, or null.
function bodyOf(message) {
  return message.body ?? "";
}

function post(url, message) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: "POST", headers: message.headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    });
    request.on("error", reject);
    request.end(bodyOf(message));
  });
}

async function send(url) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { mode, event } = JSON.parse(line);
    say({ status: await post(url, modes[mode](eventOf(event))) });
  }
}

function bytesOf(data) {
  if (data === undefined || data === null) return null;
  if (typeof data === "string") return Buffer.from(data);
  return Buffer.from(ArrayBuffer.isView(data) ? data : JSON.stringify(data));
}

function shown(event) {
  const { data, data_base64: _, ...rest } = event.toJSON();
  const attributes = Object.entries(rest).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  return { attributes: Object.fromEntries(attributes), data: bytesOf(event.data)?.toString("base64") ?? null };
}

// Bytes are given to the SDK as bytes; what it takes for text, as text.
function received(headers, body) {
  const isBytes = (headers["content-type"] ?? "") === "application/octet-stream";
  return HTTP.toEvent({ headers, body: isBytes ? body : body.toString() });
}

function take(request, body, response) {
  const event = received(request.headers, body);
  const mode = request.headers["content-type"]?.startsWith("application/cloudevents") ? "structured" : "binary";
  say({ path: request.url, mode, ...shown(event) });
  const write = modes[request.url.slice(1)];
  if (!write) return response.writeHead(202).end();
  // JSON by another name than application/json is left as text.
  const data = event.datacontenttype?.endsWith("+json") ? JSON.parse(event.data) : event.data;
  const message = write(event.cloneWith({ type: "reply", id: event.id + "-reply", data }));
  return response.writeHead(200, message.headers).end(bodyOf(message));
}

function receive() {
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      try {
        take(request, Buffer.concat(parts), response);
      } catch (error) {
        say({ path: request.url, error: String(error) });
        response.writeHead(400).end();
      }
    });
  });
  server.listen(0, "127.0.0.1", () => say({ port: server.address().port }));
  process.stdin.on("end", () => process.exit(0)).resume();
}

const [command, url] = process.argv.slice(2);
await { send, receive }[command](url);
