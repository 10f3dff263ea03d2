// The page's side of the Worker. It sends one question at a time. Of the questions that come in meanwhile, only the
// newest is kept, since the reader no longer waits for the others.

import { Network } from "./network.js";
import { Readout } from "./readout.js";

/* global WORKER_SOURCE */

export class Answers {
  /**
   * @param {object} data the portrait, as `portrait_json` writes it.
   * @param {(answer: object, asked: object) => void} arrived is called with each answer and its question.
   * @param {(isBusy: boolean) => void} busy is called when the work starts and when it ends.
   */
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

  /** Some notebooks forbid Workers. The page then computes the answers itself, and does not respond meanwhile. */
  #withoutWorker() {
    this.worker?.terminate();
    this.worker = null;
    const asked = this.running;
    this.running = null;
    if (asked) this.#send(asked);
  }

  /** Ask a question, in the form that `Readout.answer` takes. */
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

  /** Resolves when every question has been answered. */
  whenIdle() {
    return this.running ? new Promise((tell) => this.idle.push(tell)) : Promise.resolve();
  }

  stop() {
    this.worker?.terminate();
  }
}
