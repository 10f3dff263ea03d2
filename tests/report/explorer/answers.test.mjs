import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Answers } from "../../../src/scrubjay/report/assets/explorer/answers.js";
import { Network } from "../../../src/scrubjay/report/assets/explorer/network.js";
import { Readout } from "../../../src/scrubjay/report/assets/explorer/readout.js";
import { portrait } from "./portraits.mjs";

const { data } = portrait();
const question = (count) => ({ t: 1, move: new Float64Array(5), order: Int32Array.of(0, 1, 2, 3, 4, 5, 6), count, fraction: 1, planes: [] });
const expected = (count) => new Readout(new Network(data), data.reading).answer(question(count));
const without = ({ ms, ...answer }) => answer;

afterEach(() => {
  delete globalThis.Worker;
  delete globalThis.WORKER_SOURCE;
});

/** Answers whose Worker, if any, is a stand-in, and a record of all that they do. */
function recorded(Worker) {
  if (Worker) Object.assign(globalThis, { Worker, WORKER_SOURCE: "the source" });
  const seen = { arrived: [], busy: [] };
  const answers = new Answers(data, (answer, asked) => seen.arrived.push([answer, asked.count]), (isBusy) => seen.busy.push(isBusy));
  return { answers, seen };
}

/** A Worker that answers when it is told to. */
class Stub {
  static last;
  constructor(url) {
    assert.match(url, /^blob:/);
    this.posted = [];
    Stub.last = this;
  }
  postMessage(message) {
    this.posted.push(message);
  }
  finish() {
    this.onmessage({ data: { count: this.posted.at(-1).asked.count } });
  }
  terminate() {
    this.isStopped = true;
  }
}

test("without a Worker the page computes the answers itself", async () => {
  const { answers, seen } = recorded();
  const began = performance.now();
  answers.ask(question(3));
  assert.deepEqual(seen, { arrived: [], busy: [true] });
  await answers.whenIdle();
  assert.deepEqual(seen.busy, [true, false]);
  const [[answer, count]] = seen.arrived;
  assert.equal(count, 3);
  assert.ok(answer.ms >= 0 && answer.ms <= performance.now() - began);
  assert.deepEqual(without(answer), expected(3));
});

test("of the questions that wait only the newest is answered", async () => {
  const { answers, seen } = recorded();
  for (const count of [1, 2, 3, 4]) answers.ask(question(count));
  await answers.whenIdle();
  assert.deepEqual(seen.arrived.map(([, count]) => count), [1, 4]);
  assert.deepEqual(without(seen.arrived[1][0]), expected(4));
  assert.equal(seen.busy.at(-1), false);
});

test("the Worker is given the network first and then one question at a time", () => {
  const { answers, seen } = recorded(Stub);
  const worker = Stub.last;
  assert.deepEqual(worker.posted, [{ network: data, reading: data.reading }]);
  for (const count of [1, 2, 3]) answers.ask(question(count));
  assert.equal(worker.posted.length, 2);
  worker.finish();
  assert.deepEqual(worker.posted.slice(1).map(({ asked }) => asked.count), [1, 3]);
  assert.deepEqual(seen.arrived, [[{ count: 1 }, 1]]);
  assert.ok(!seen.busy.includes(false));
  worker.finish();
  assert.deepEqual(seen.arrived.at(-1), [{ count: 3 }, 3]);
  assert.equal(seen.busy.at(-1), false);
  assert.equal(worker.posted.length, 3);
  answers.stop();
  assert.ok(worker.isStopped);
});

test("idle at once where nothing was asked, and only after the last answer else", async () => {
  const { answers } = recorded(Stub);
  await answers.whenIdle();
  answers.ask(question(1));
  answers.ask(question(2));
  let isIdle = false;
  const idle = answers.whenIdle().then(() => (isIdle = true));
  Stub.last.finish();
  await null;
  assert.equal(isIdle, false);
  Stub.last.finish();
  await idle;
});

test("a Worker that cannot start leaves its question to the page", async () => {
  const { answers, seen } = recorded(Stub);
  const worker = Stub.last;
  answers.ask(question(2));
  answers.ask(question(5));
  let isPrevented = false;
  worker.onerror({ preventDefault: () => (isPrevented = true) });
  assert.ok(isPrevented && worker.isStopped);
  await answers.whenIdle();
  assert.deepEqual(seen.arrived.map(([answer, count]) => [without(answer), count]), [[expected(2), 2], [expected(5), 5]]);
});

test("the Worker's own module answers as the page does", async () => {
  const sent = [];
  globalThis.self = { postMessage: (message) => sent.push(message) };
  await import("../../../src/scrubjay/report/assets/explorer/worker.js");
  const { onmessage } = globalThis.self;
  onmessage({ data: { network: data, reading: data.reading } });
  assert.deepEqual(sent, []);
  const began = performance.now();
  for (const count of [2, 7]) onmessage({ data: { asked: question(count) } });
  assert.deepEqual(sent.map(without), [expected(2), expected(7)]);
  assert.ok(sent.every(({ ms }) => ms >= 0 && ms <= performance.now() - began));
});
