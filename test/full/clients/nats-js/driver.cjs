// SPDX-License-Identifier: Apache-2.0
// nats.js as test_nats_clients.py drives it: driver.cjs URL self | serve PREFIX | ask PREFIX COUNT | service PREFIX.
"use strict";

const { connect, createInbox, headers, errors } = require("@nats-io/transport-node");
const { Svcm } = require("@nats-io/services");
const assert = require("node:assert");

const PATIENCE = 20000;

async function open(url, options = {}) {
  const nc = await connect({ servers: url, reconnectTimeWait: 50, maxReconnectAttempts: -1, ...options });
  (async () => {
    for await (const status of nc.status()) if (status.type === "reconnect") console.log("reconnected");
  })();
  return nc;
}

async function take(subscription, count) {
  const taken = [];
  if (count > 0) for await (const message of subscription) if (taken.push(message) === count) break;
  return taken;
}

const CHECKS = {
  async publish(nc, subject) {
    const subscription = nc.subscribe(`${subject}.*`, { max: 1000 });
    for (let i = 0; i < 1000; i++) nc.publish(`${subject}.a`, String(i));
    const got = (await take(subscription, 1000)).map((message) => message.string());
    assert.deepStrictEqual(got, Array.from({ length: 1000 }, (_, i) => String(i)));
  },
  async headers(nc, subject) {
    const subscription = nc.subscribe(subject, { max: 1 });
    const sent = headers();
    sent.append("A", "b");
    sent.append("A", "c");
    nc.publish(subject, "x", { headers: sent });
    const [got] = await take(subscription, 1);
    assert.deepStrictEqual([got.headers.values("A"), got.string()], [["b", "c"], "x"]);
  },
  async request(nc, subject) {
    nc.subscribe(subject, { callback: (_, message) => message.respond(`to ${message.string()}`) });
    for (let i = 0; i < 100; i++) {
      assert.strictEqual((await nc.request(subject, String(i), { timeout: PATIENCE })).string(), `to ${i}`);
    }
  },
  async "request many"(nc, subject) {
    for (let i = 0; i < 3; i++) nc.subscribe(subject, { callback: (_, message) => message.respond(String(i)) });
    const got = [];
    for await (const answer of await nc.requestMany(subject, "", { maxMessages: 3, maxWait: 2000 })) got.push(answer.string());
    assert.deepStrictEqual(got.sort(), ["0", "1", "2"]);
  },
  async "no responders"(nc, subject) {
    await assert.rejects(nc.request(subject, "", { timeout: PATIENCE }), (error) => error instanceof errors.NoRespondersError
      || error.cause instanceof errors.NoRespondersError);
  },
  async queue(nc, subject) {
    let total = 0;
    for (let i = 0; i < 3; i++) nc.subscribe(subject, { queue: "q", callback: () => total++ });
    for (let i = 0; i < 300; i++) nc.publish(subject);
    await nc.flush();
    assert.strictEqual(total, 300);
  },
  async "unsubscribe after two"(nc, subject) {
    let seen = 0;
    const subscription = nc.subscribe(subject, { callback: () => seen++ });
    subscription.unsubscribe(2);
    for (let i = 0; i < 5; i++) nc.publish(subject);
    await nc.flush();
    assert.strictEqual(seen, 2);
  },
  async "largest payload"(nc, subject) {
    const subscription = nc.subscribe(subject, { max: 1 });
    const payload = new Uint8Array(nc.info.max_payload).fill(120);
    nc.publish(subject, payload);
    const [got] = await take(subscription, 1);
    assert.ok(Buffer.from(got.data).equals(Buffer.from(payload)));
  },
  async "drain a subscription"(nc, subject) {
    let seen = 0;
    const subscription = nc.subscribe(subject, { callback: () => seen++ });
    for (let i = 0; i < 500; i++) nc.publish(subject);
    await subscription.drain();
    assert.strictEqual(seen, 500);
  },
  async "no echo"(nc, subject, url) {
    const deaf = await open(url, { noEcho: true });
    let own = 0;
    deaf.subscribe(subject, { callback: () => own++ });
    const other = nc.subscribe(subject, { max: 1 });
    await nc.flush();
    deaf.publish(subject);
    await take(other, 1);
    await deaf.flush();
    assert.strictEqual(own, 0);
    await deaf.close();
  },
  async "round trip"(nc) {
    assert.ok((await nc.rtt()) >= 0);
    assert.ok(nc.info.headers);
  },
};

async function self(url) {
  const nc = await open(url);
  for (const [name, check] of Object.entries(CHECKS)) {
    await check(nc, createInbox().slice(1), url);
    console.log("ok", name);
  }
  await nc.drain();
}

async function serve(url, prefix) {
  const nc = await open(url);
  let served = 0;
  nc.subscribe(`${prefix}.echo`, {
    queue: "q",
    callback: (_, message) => {
      served++;
      const who = headers();
      who.set("Who", "js");
      message.respond(`js:${message.string()}`, { headers: who });
    },
  });
  nc.subscribe(`${prefix}.stop`, { callback: () => nc.drain() });
  await nc.flush();
  console.log("ready");
  await nc.closed();
  console.log("served", served);
}

async function ask(url, prefix, count) {
  const nc = await open(url);
  for (let i = 0; i < Number(count); i++) {
    console.log((await nc.request(`${prefix}.echo`, String(i), { timeout: PATIENCE })).string());
  }
  await nc.drain();
}

async function service(url, prefix) {
  const nc = await open(url);
  const offered = await new Svcm(nc).add({ name: prefix, version: "1.0.0", description: "js" });
  offered.addEndpoint("double", {
    subject: `${prefix}.double`,
    handler: (error, message) => {
      const text = message.string();
      if (text === "") message.respondError(400, "nothing to double");
      else message.respond(text + text);
    },
  });
  nc.subscribe(`${prefix}.stop`, { callback: () => offered.stop().then(() => nc.drain()) });
  await nc.flush();
  console.log("ready");
  await nc.closed();
}

const [url, mode, ...rest] = process.argv.slice(2);
({ self, serve, ask, service })[mode](url, ...rest).catch((error) => {
  console.error("failed:", error);
  process.exit(1);
});
