// The page's side of the Worker: one question at a time, and of those that wait only the newest.

import { Network } from "./network.js";
import { Readout } from "./readout.js";

/* global WORKER_SOURCE */

export class Answers {
  /** `data`: what the page was given; `arrived(answer)` and `busy(yes)` are told. */
  constructor(data, arrived, busy) {
    this.data = data;
    this.arrived = arrived;
    this.busy = busy;
    this.running = null;
    this.waiting = null;
    this.idle = [];
    this.worker = this.#start();
  }

  #start() {
    try {
      const url = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: "text/javascript" }));
      const worker = new Worker(url);
      worker.onmessage = ({ data }) => this.#done(data);
      worker.onerror = (event) => {
        event.preventDefault();
        this.#withoutWorker();
      };
      worker.postMessage({ network: this.data, reading: this.data.reading });
      return worker;
    } catch {
      return null;
    }
  }

  /** Some notebooks forbid Workers; then the page itself computes, and stands still meanwhile. */
  #withoutWorker() {
    this.worker?.terminate();
    this.worker = null;
    const asked = this.running;
    this.running = null;
    if (asked) this.#send(asked);
  }

  ask(asked) {
    if (this.running) this.waiting = asked;
    else this.#send(asked);
  }

  #send(asked) {
    this.running = asked;
    this.busy(true);
    if (this.worker) {
      this.worker.postMessage({ asked });
      return;
    }
    setTimeout(() => {
      this.readout ??= new Readout(new Network(this.data), this.data.reading);
      const began = performance.now();
      const answer = this.readout.answer(asked);
      this.#done({ ...answer, ms: performance.now() - began });
    }, 0);
  }

  #done(answer) {
    const asked = this.running;
    this.running = null;
    const next = this.waiting;
    this.waiting = null;
    if (next) this.#send(next);
    this.arrived(answer, asked);
    if (this.running) return;
    this.busy(false);
    for (const tell of this.idle.splice(0)) tell();
  }

  /** Resolves when nothing is under way. */
  whenIdle() {
    return this.running ? new Promise((tell) => this.idle.push(tell)) : Promise.resolve();
  }

  stop() {
    this.worker?.terminate();
  }
}
