// A network with one layer and no normalisation on every input of its domain, in float64, by the method of
// nets/tables.py. Attention scores are tables over pairs of a token at the position that is read and a token at another
// position, values are tables over single tokens, and attention is a softmax over rows that are looked up in them.
// Everything up to the activation of the MLP is linear in resid_mid.
// Axes: n inputs, s positions, h heads, e head, d model, m neurons, q tokens at the position that is read.

import { ACTIVATION } from "./activation.js";
import { decode } from "./decode.js";
import { Domain } from "./domain.js";

export class Network extends Domain {
  /**
   * @param {object} data the portrait, as `portrait_json` writes it. Beside what `Domain` reads, this class reads:
   *   config: the sizes and the architecture of the network;
   *   weights: each weight by its name;
   *   mean_pattern: the mean over the domain of the attention pattern at the position that is read, [h, s];
   *   frozen_pattern: the pattern [h][s] that replaces the network's own on every input, or null.
   */
  constructor(data) {
    super(data);
    this.config = data.config;
    this.activation = ACTIVATION[data.config.act_fn];
    this.frozenPattern = data.frozen_pattern;
    this.weights = Object.fromEntries(Object.entries(data.weights).map(([name, packed]) => [name, decode(packed)]));
    this.reached = this.names.map((_, at) => at).filter((at) => this.#isReached(at));
    // The weights of ordinary attention add up to one, so those of one position follow from the others.
    const ordinary = this.config.attn_coeff === 1;
    this.given = ordinary ? (this.reached.findLast((at) => this.counts[at] === 1) ?? null) : null;
    this.#tabulate();
    this.mean = this.#meanPattern(decode(data.mean_pattern));
    this.full = this.#pattern();
  }

  /** Whether attention from the position that is read reaches a position. */
  #isReached(at) {
    return at <= this.readAt || this.config.attention === "bidirectional" || this.frozenPattern !== null;
  }

  #tabulate() {
    const { d_model: d, n_heads: h, d_head: e } = this.config;
    const { W_E, W_pos, W_Q, b_Q, W_K, b_K, W_V, b_V } = this.weights;
    const stream = (token, s) =>
      Float64Array.from({ length: d }, (_, i) => W_E[token * d + i] + (W_pos ? W_pos[s * d + i] : 0));
    const heads = (x, W, bias) => {
      const out = bias ? Float64Array.from(bias) : new Float64Array(h * e);
      for (let head = 0; head < h; head++)
        for (let i = 0; i < d; i++)
          for (let j = 0; j < e; j++) out[head * e + j] += x[i] * W[(head * d + i) * e + j];
      return out;
    };
    const streams = this.positions.map((tokens, s) => tokens.map((token) => stream(token, s)));
    /** The stream before attention for each token at the position that is read, [q][d]. */
    this.resid_pre = streams[this.readAt];
    const queries = this.resid_pre.map((x) => heads(x, W_Q, b_Q));
    this.scores = streams.map((here, s) => {
      const scores = new Float64Array(queries.length * here.length * h).fill(-Infinity);
      if (!this.reached.includes(s)) return scores;
      const keys = here.map((x) => heads(x, W_K, b_K));
      queries.forEach((query, q) =>
        keys.forEach((key, t) => {
          for (let head = 0; head < h; head++) {
            let score = 0;
            for (let j = head * e; j < (head + 1) * e; j++) score += key[j] * query[j];
            const row = (q * keys.length + t) * h;
            scores[row + head] = this.frozenPattern ? Math.log(this.frozenPattern[head][s]) : score / Math.sqrt(e);
          }
        }),
      );
      return scores;
    });
    this.values = streams.map((here) => {
      const values = new Float64Array(here.length * h * e);
      here.forEach((x, t) => values.set(heads(x, W_V, b_V), t * h * e));
      return values;
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
    const { n_heads: h, attn_coeff: share } = this.config;
    const s = this.positions.length;
    const out = new Float64Array(this.size * s * h);
    const read = this.choices[this.readAt];
    for (let i = 0; i < this.size; i++)
      for (let head = 0; head < h; head++) {
        const score = (at) => this.scores[at][(read[i] * this.counts[at] + this.choices[at][i]) * h + head];
        let largest = -Infinity;
        for (let at = 0; at < s; at++) largest = Math.max(largest, score(at));
        let total = 0;
        for (let at = 0; at < s; at++) {
          const weight = Math.exp(score(at) - largest);
          out[(i * s + at) * h + head] = weight;
          total += weight;
        }
        for (let at = 0; at < s; at++) {
          const k = (i * s + at) * h + head;
          out[k] /= total;
          if (share !== 1) out[k] = score(at) === -Infinity ? 0 : share * out[k] + 1 - share;
        }
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
   * resid_mid · v on every input, with a pattern [n, s, h]; the result is written to `out`. Where a pattern sums to one
   * over the positions, the contribution of a position with a single token is added once, and each other position adds
   * its weight times the difference between its contribution and that one.
   */
  project(v, pattern, out = new Float64Array(this.size)) {
    const { n_heads: h } = this.config;
    const { b_O } = this.weights;
    const added = this.#along(v);
    const given = this.given === null ? new Float64Array(h) : added[this.given];
    const constant = (b_O ? dot(b_O, v) : 0) + given.reduce((sum, value) => sum + value, 0);
    const own = this.resid_pre.map((stream) => dot(stream, v) + constant);
    const read = this.choices[this.readAt];
    for (let i = 0; i < out.length; i++) out[i] = own[read[i]];
    const s = this.positions.length;
    for (const at of this.reached) {
      if (at === this.given) continue;
      const table = added[at].map((value, row) => value - given[row % h]);
      const choice = this.choices[at];
      for (let i = 0; i < out.length; i++) {
        let k = (i * s + at) * h;
        let row = choice[i] * h;
        let sum = 0;
        for (let head = 0; head < h; head++) sum += pattern[k++] * table[row++];
        out[i] += sum;
      }
    }
    return out;
  }

  /** What one head adds to resid_mid along v on every input with its own pattern, beyond what the given token adds. */
  added(v, head) {
    const { n_heads: h } = this.config;
    const along = this.#along(v);
    const start = this.given === null ? 0 : along[this.given][head];
    const s = this.positions.length;
    const out = new Float64Array(this.size);
    for (const at of this.reached) {
      if (at === this.given) continue;
      const choice = this.choices[at];
      for (let i = 0; i < out.length; i++) out[i] += this.full[(i * s + at) * h + head] * (along[at][choice[i] * h + head] - start);
    }
    return out;
  }

  /**
   * The extended embeddings along v: what each token at a position adds to resid_mid with the mean pattern. Where tokens
   * vary at the position that is read, this includes what they are themselves.
   */
  extended(v, at) {
    const { n_heads: h } = this.config;
    const table = this.#along(v)[at];
    const isOwn = at === this.readAt && this.counts[at] > 1;
    const out = Float64Array.from(this.positions[at], (_, t) => (isOwn ? dot(this.resid_pre[t], v) : 0));
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
