// The way from resid_mid through the MLP to the answers, on every input. Neurons are added one by one to running sums,
// so the cost of a change in their number is the cost of the neurons that are added or removed.

import { dot } from "./network.js";

export class Readout {
  /**
   * @param {Network} network
   * @param {{kind: string, tokens: number[] | null, class_of: number[]}} reading how an answer is read. With the kind
   *   "margin", the answer is class 1 if the logit of `tokens[1]` is larger than that of `tokens[0]`, or larger than
   *   zero if that is null, else class 0. With "logits", it is the class of the token with the largest logit among
   *   `tokens`, or among all if that is null: `class_of[token]`, which is -1 for a token that is in no class.
   */
  constructor(network, reading) {
    this.network = network;
    this.classOf = reading.class_of;
    const { d_model: d, d_mlp: m, d_vocab_out: v } = network.config;
    const { W_U, b_U, W_out } = network.weights;
    const column = (token) => Float64Array.from({ length: d }, (_, i) => (token === null ? 0 : W_U[i * v + token]));
    const bias = (token) => (b_U && token !== null ? b_U[token] : 0);
    if (reading.kind === "margin") {
      const [zero, one] = reading.tokens.map(column);
      this.columns = [one.map((value, i) => value - zero[i])];
      this.bias = [bias(reading.tokens[1]) - bias(reading.tokens[0])];
    } else {
      this.tokens = reading.tokens ?? Array.from({ length: v }, (_, token) => token);
      this.columns = this.tokens.map(column);
      this.bias = this.tokens.map(bias);
    }
    this.b_out = network.weights.b_out ?? new Float64Array(d);
    this.writes = (neuron, vector) => dot(W_out.subarray(neuron * d, (neuron + 1) * d), vector);
    const c = this.columns.length;
    this.hidden = new Float64Array(m * c);
    for (let neuron = 0; neuron < m; neuron++)
      this.columns.forEach((vector, k) => (this.hidden[neuron * c + k] = this.writes(neuron, vector)));
    this.offset = this.columns.map((vector) => dot(this.b_out, vector));
  }

  /**
   * Run the changed network on every input.
   * @param {object} asked with the attributes:
   *   t: the pattern is mean + t * (pattern - mean);
   *   move: a vector that is added to resid_mid;
   *   order, count: only the first `count` neurons of `order` are used;
   *   fraction: resid_post is resid_mid + fraction * mlp_out;
   *   planes: the vectors along which mlp_out is wanted.
   * @returns {{classes: Int16Array, margins: Float64Array, mlpOut: Float64Array[]}}
   *   classes: the class of each answer;
   *   margins: the logit of class 1 minus that of class 0, or the largest logit minus the second largest;
   *   mlpOut: mlp_out along each vector of `planes`, before `fraction`.
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
      const moved = dot(this.move, vector) + this.bias[k];
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
      const post = sign * network.activation(pre[i]);
      if (post === 0) continue;
      for (let k = 0; k < c; k++) added[i * c + k] += post * weights[k];
      for (let k = 0; k < sums.length; k++) sums[k][i] += post * along[k];
    }
  }

  #read(fraction) {
    const scores = this.direct.slice();
    const c = this.columns.length;
    for (let i = 0; i < scores.length; i++) scores[i] += fraction * (this.added[i] + this.offset[i % c]);
    return { classes: this.classesOf(scores), margins: this.#leads(scores) };
  }

  /** The class of the answer to each input, from its margin or its logits, [n, c]. */
  classesOf(scores) {
    const c = this.columns.length;
    return Int16Array.from({ length: scores.length / c }, (_, i) => {
      if (c === 1) return Number(scores[i] > 0);
      let best = 0;
      for (let k = 1; k < c; k++) if (scores[i * c + k] > scores[i * c + best]) best = k;
      return this.classOf[this.tokens[best]];
    });
  }

  /** The margin of each input, or by how much its largest logit exceeds the second largest. */
  #leads(scores) {
    const c = this.columns.length;
    if (c === 1) return scores;
    return Float64Array.from({ length: scores.length / c }, (_, i) => {
      let [best, next] = [-Infinity, -Infinity];
      for (let k = 0; k < c; k++) {
        const score = scores[i * c + k];
        if (score > best) [best, next] = [score, best];
        else if (score > next) next = score;
      }
      return best - next;
    });
  }
}
