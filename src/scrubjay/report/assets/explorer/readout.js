// From resid_mid to answers, through the MLP, on every input. Neurons are added one by one to running sums, so that
// adding some more, or taking some away, costs no more than those.

import { dot } from "./network.js";

export class Readout {
  /** `reading`: {kind: "margin", tokens: [zero, one]} or {kind: "logits"}, and the class of each token. */
  constructor(network, reading) {
    this.network = network;
    this.classOf = reading.class_of;
    const { d_model: d, d_mlp: m, d_vocab: v } = network.config;
    const { W_U, W_out, b_out } = network.weights;
    const column = (token) => Float64Array.from({ length: d }, (_, i) => W_U[i * v + token]);
    if (reading.kind === "margin") {
      const [zero, one] = reading.tokens.map(column);
      this.columns = [one.map((value, i) => value - zero[i])];
    } else {
      this.columns = Array.from({ length: v }, (_, token) => column(token));
    }
    this.writes = (neuron, vector) => dot(W_out.subarray(neuron * d, (neuron + 1) * d), vector);
    const c = this.columns.length;
    this.hidden = new Float64Array(m * c);
    for (let neuron = 0; neuron < m; neuron++)
      this.columns.forEach((vector, k) => (this.hidden[neuron * c + k] = this.writes(neuron, vector)));
    this.offset = this.columns.map((vector) => dot(b_out, vector));
    this.b_out = b_out;
  }

  /**
   * The answers of the network as it is asked to be.
   * @param {{t: number, move: Float64Array, order: Int32Array, count: number, fraction: number, planes: Float64Array[]}}
   *   asked: pattern = mean + t (pattern - mean); resid_mid + move; the first `count` neurons of `order` alone;
   *   resid_mid + fraction * mlp_out; and the directions along which mlp_out is wanted.
   * @returns {{classes: Int16Array, margins: Float64Array, mlpOut: Float64Array[]}} margins: of class 1 over class 0, or
   *   of the largest logit over the next; mlpOut: mlp_out along each direction.
   */
  answer(asked) {
    this.#prepare(asked);
    while (this.on < asked.count) this.#add(asked.order[this.on++], 1);
    while (this.on > asked.count) this.#add(asked.order[--this.on], -1);
    const mlpOut = asked.planes.map((vector, k) => this.sums[k].map((value) => value + dot(this.b_out, vector)));
    return { ...this.#read(asked.fraction), mlpOut };
  }

  #prepare(asked) {
    const key = JSON.stringify([asked.t, [...asked.move], [...asked.order], asked.planes.map((v) => [...v])]);
    if (key === this.key) return;
    const { network } = this;
    this.key = key;
    this.pattern = network.blended(asked.t);
    this.move = asked.move;
    this.planes = asked.planes;
    this.on = 0;
    const c = this.columns.length;
    this.direct = new Float64Array(network.size * c);
    this.columns.forEach((vector, k) => {
      const along = network.project(vector, this.pattern);
      const moved = dot(this.move, vector);
      for (let i = 0; i < along.length; i++) this.direct[i * c + k] = along[i] + moved;
    });
    this.added = new Float64Array(network.size * c);
    this.sums = asked.planes.map(() => new Float64Array(network.size));
    this.pre = new Float64Array(network.size);
  }

  #add(neuron, sign) {
    const { network, pre, added, sums } = this;
    network.mlpPre(neuron, this.pattern, dot(this.move, network.reads(neuron)), pre);
    const c = this.columns.length;
    const weights = this.hidden.subarray(neuron * c, (neuron + 1) * c);
    const along = this.planes.map((vector) => this.writes(neuron, vector));
    for (let i = 0; i < pre.length; i++) {
      if (!(pre[i] > 0)) continue;
      const post = sign * pre[i];
      for (let k = 0; k < c; k++) added[i * c + k] += post * weights[k];
      for (let k = 0; k < sums.length; k++) sums[k][i] += post * along[k];
    }
  }

  #read(fraction) {
    const n = this.network.size;
    const c = this.columns.length;
    const classes = new Int16Array(n);
    const margins = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let best = -Infinity;
      let next = -Infinity;
      let token = 0;
      for (let k = 0; k < c; k++) {
        const score = this.direct[i * c + k] + fraction * (this.added[i * c + k] + this.offset[k]);
        if (score > best) [best, next, token] = [score, best, k];
        else if (score > next) next = score;
      }
      classes[i] = c === 1 ? Number(best > 0) : this.classOf[token];
      margins[i] = c === 1 ? best : best - next;
    }
    return { classes, margins };
  }
}
