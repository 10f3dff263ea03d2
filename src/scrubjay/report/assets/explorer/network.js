// The network on every input of its domain, in float64, by the method of nets/tables.py. The last token is the same in
// all inputs, so the attention scores and the values are tables over (position, token), and attention is a softmax over
// rows that are looked up in them. Everything up to the ReLU of the MLP is linear in resid_mid.
// Axes: n inputs, s positions, h heads, e head, d model, m neurons.

import { decode } from "./decode.js";

export class Network {
  /**
   * @param {object} data the portrait, as `portrait_json` writes it. Of its entries, this class reads:
   *   config: the sizes of the network;
   *   names: a name for each position; where they are absent, positions are numbered from 1;
   *   positions: the tokens that occur at each position;
   *   weights: each weight by its name;
   *   mean_pattern: the mean over the domain of the attention pattern at the last position, [h, s];
   *   frozen_pattern: the pattern [h][s] that replaces the network's own on every input, or null.
   */
  constructor({ config, names, positions, weights, mean_pattern, frozen_pattern }) {
    this.config = config;
    this.frozenPattern = frozen_pattern;
    this.weights = Object.fromEntries(Object.entries(weights).map(([name, packed]) => [name, decode(packed)]));
    this.positions = positions;
    this.names = names ?? positions.map((_, at) => String(at + 1));
    this.counts = positions.map((tokens) => tokens.length);
    this.size = this.counts.reduce((product, count) => product * count, 1);
    this.choices = this.#choices();
    this.#tabulate();
    this.mean = this.#meanPattern(decode(mean_pattern));
    this.full = this.#pattern();
  }

  /** For each position and input, the index of the input's token among the tokens of that position: [s][n]. */
  #choices() {
    let stride = this.size;
    return this.counts.map((count) => {
      stride /= count;
      return Int32Array.from({ length: this.size }, (_, i) => Math.floor(i / stride) % count);
    });
  }

  #tabulate() {
    const { d_model: d, n_heads: h, d_head: e } = this.config;
    const { W_E, W_pos, W_Q, W_K, W_V } = this.weights;
    const stream = (token, s) => Float64Array.from({ length: d }, (_, i) => W_E[token * d + i] + W_pos[s * d + i]);
    const heads = (x, W) => {
      const out = new Float64Array(h * e);
      for (let head = 0; head < h; head++)
        for (let i = 0; i < d; i++)
          for (let j = 0; j < e; j++) out[head * e + j] += x[i] * W[(head * d + i) * e + j];
      return out;
    };
    const last = this.positions.length - 1;
    this.resid_pre = stream(this.positions[last][0], last);
    const query = heads(this.resid_pre, W_Q);
    this.scores = [];
    this.values = [];
    this.positions.forEach((tokens, s) => {
      const scores = new Float64Array(tokens.length * h);
      const values = new Float64Array(tokens.length * h * e);
      tokens.forEach((token, t) => {
        const x = stream(token, s);
        const key = heads(x, W_K);
        for (let head = 0; head < h; head++)
          if (this.frozenPattern) scores[t * h + head] = Math.log(this.frozenPattern[head][s]);
          else for (let j = 0; j < e; j++) scores[t * h + head] += (key[head * e + j] * query[head * e + j]) / Math.sqrt(e);
        values.set(heads(x, W_V), t * h * e);
      });
      this.scores.push(scores);
      this.values.push(values);
    });
  }

  /** The mean pattern as [s, h], the layout that the patterns of the inputs have. */
  #meanPattern(mean) {
    const { n_heads: h } = this.config;
    const s = this.positions.length;
    return Float64Array.from({ length: s * h }, (_, i) => mean[(i % h) * s + Math.floor(i / h)]);
  }

  /** The pattern of each input, [n, s, h]. */
  #pattern() {
    const { n_heads: h } = this.config;
    const s = this.positions.length;
    const out = new Float64Array(this.size * s * h);
    for (let i = 0; i < this.size; i++)
      for (let head = 0; head < h; head++) {
        let largest = -Infinity;
        for (let at = 0; at < s; at++)
          largest = Math.max(largest, this.scores[at][this.choices[at][i] * h + head]);
        let total = 0;
        for (let at = 0; at < s; at++) {
          const weight = Math.exp(this.scores[at][this.choices[at][i] * h + head] - largest);
          out[(i * s + at) * h + head] = weight;
          total += weight;
        }
        for (let at = 0; at < s; at++) out[(i * s + at) * h + head] /= total;
      }
    return out;
  }

  /** mean + t * (pattern - mean), [n, s, h]: the mean pattern for t = 0, each input's own for t = 1. */
  blended(t) {
    const width = this.mean.length;
    const out = new Float64Array(this.full.length);
    for (let i = 0; i < out.length; i++) {
      const mean = this.mean[i % width];
      out[i] = mean + t * (this.full[i] - mean);
    }
    return out;
  }

  /** What each token at each position would add to resid_mid along v through each head, if it got all the attention. */
  #along(v) {
    const { d_model: d, n_heads: h, d_head: e } = this.config;
    const { W_O } = this.weights;
    const out = new Float64Array(h * e);
    for (let row = 0; row < h * e; row++) for (let i = 0; i < d; i++) out[row] += W_O[row * d + i] * v[i];
    return this.values.map((values) => {
      const added = new Float64Array(values.length / e);
      for (let k = 0; k < added.length; k++) {
        const head = k % h;
        for (let j = 0; j < e; j++) added[k] += values[k * e + j] * out[head * e + j];
      }
      return added;
    });
  }

  /**
   * resid_mid · v on every input, with a pattern [n, s, h]; the result is written to `out`. Since a pattern sums to one
   * over the positions, the contribution of the last position is added once, and each other position adds its weight
   * times the difference between its contribution and that of the last.
   */
  project(v, pattern, out = new Float64Array(this.size)) {
    const { n_heads: h } = this.config;
    const added = this.#along(v);
    const given = added.pop();
    out.fill(dot(this.resid_pre, v) + given.reduce((sum, value) => sum + value, 0));
    const s = this.positions.length;
    added.forEach((table, at) => {
      for (let row = 0; row < table.length; row++) table[row] -= given[row % h];
      const choice = this.choices[at];
      for (let i = 0; i < out.length; i++) {
        let k = (i * s + at) * h;
        let row = choice[i] * h;
        let sum = 0;
        for (let head = 0; head < h; head++) sum += pattern[k++] * table[row++];
        out[i] += sum;
      }
    });
    return out;
  }

  /** The extended embeddings along v: what each token at a position adds to resid_mid with the mean pattern. */
  extended(v, at) {
    const { n_heads: h } = this.config;
    const table = this.#along(v)[at];
    const out = new Float64Array(this.counts[at]);
    for (let k = 0; k < table.length; k++) out[Math.floor(k / h)] += this.mean[at * h + (k % h)] * table[k];
    return out;
  }

  /** The direction of resid_mid that a neuron reads: its column of W_in. */
  reads(neuron) {
    const { d_model: d, d_mlp: m } = this.config;
    return Float64Array.from({ length: d }, (_, i) => this.weights.W_in[i * m + neuron]);
  }

  /** mlp_pre of a neuron on every input, plus the constant `moved`; the result is written to `out`. */
  mlpPre(neuron, pattern, moved = 0, out = new Float64Array(this.size)) {
    this.project(this.reads(neuron), pattern, out);
    const offset = this.weights.b_in[neuron] + moved;
    for (let i = 0; i < out.length; i++) out[i] += offset;
    return out;
  }
}

/** The inner product of two vectors. */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
