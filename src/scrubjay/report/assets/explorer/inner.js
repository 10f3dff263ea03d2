// The network inside the network on every input, part by part. It is a network of one layer itself, so it runs like the
// original; here every part can be held at its mean over all inputs.

import { decode } from "./decode.js";
import { Network, dot } from "./network.js";
import { Readout } from "./readout.js";

export class InnerNetwork {
  /** @param {object} data the portrait, whose entry `inner` describes the inner network; see `portrait_json`. */
  constructor(data) {
    const { inner } = data;
    const network = new Network({ ...data, config: inner.config, weights: inner.weights, mean_pattern: inner.mean_pattern, frozen_pattern: null });
    const readout = new Readout(network, data.reading);
    Object.assign(this, { network, readout, heads: inner.heads, hinges: inner.hinges });
    const { d_model: d, d_mlp: m } = network.config;
    const r = inner.dimensions;
    this.size = network.size;
    const unit = (j) => Float64Array.from({ length: d }, (_, i) => Number(i === j));
    /** What each head adds to each coordinate on every input, [h][r][n], and its mean, [h][r]. */
    this.adds = inner.heads.map((_, head) => Array.from({ length: r }, (_, j) => network.added(unit(j), head)));
    this.means = this.adds.map((coordinates) => coordinates.map(mean));
    this.base = Array.from({ length: r }, (_, j) => network.resid_pre[0][j] + (network.weights.b_O ? network.weights.b_O[j] : 0));
    this.reads = inner.hinges.map((_, k) => Float64Array.from({ length: r }, (_, j) => network.weights.W_in[j * m + k]));
    const shares = decode(inner.shares);
    /** For a margin, the affine part of what each hinge stands for, [k][r + 1]; otherwise null. */
    this.shares = shares && inner.hinges.map((_, k) => shares.subarray(k * (r + 1), (k + 1) * (r + 1)));
    const whole = this.stream(new Set());
    this.held = inner.hinges.map((_, k) => mean(this.#hinge(k, whole)));
    /** The directions of the original's resid_mid that the hinges read, each with its offset. */
    const normals = decode(inner.normals);
    const width = normals.length / inner.hinges.length;
    this.planes = inner.hinges.map(({ offset }, k) => ({ normal: normals.subarray(k * width, (k + 1) * width), offset }));
  }

  /** What `run` finds with every part on. */
  get whole() {
    this.ran ??= this.run([]);
    return this.ran;
  }

  /** The coordinates of the stream on every input, [r][n]; the heads whose keys are in `off` are held at their mean. */
  stream(off) {
    return this.base.map((start, j) => {
      const out = new Float64Array(this.size).fill(start);
      this.adds.forEach((added, head) => {
        const isOff = off.has(`head${head}`);
        for (let i = 0; i < out.length; i++) out[i] += isOff ? this.means[head][j] : added[j][i];
      });
      return out;
    });
  }

  /**
   * What a hinge gives on every input, the positive part of a weighted sum of the coordinates. For a class margin it is
   * what the hinge adds to the margin, together with the affine part that its neurons add.
   */
  #hinge(k, stream) {
    const out = affine(this.reads[k], this.network.weights.b_in[k], stream, this.size);
    const weight = this.shares ? this.readout.hidden[k] : 1;
    for (let i = 0; i < out.length; i++) out[i] = weight * Math.max(0, out[i]);
    if (!this.shares) return out;
    const share = this.shares[k];
    const added = affine(share, share.at(-1), stream, this.size);
    return out.map((value, i) => value + added[i]);
  }

  /**
   * Run it with some parts held at their mean.
   * @param {string[]} off the keys of these parts, `head0` or `hinge0` and so on.
   * @returns {{hinges: Float64Array[], linear: Float64Array | null, scores: Float64Array, classes: Int16Array}}
   *   hinges: what each hinge adds to the class margin, or, if the answer is the largest of many logits, what it gives;
   *   linear: what the coordinates add to the margin directly; for many logits null;
   *   scores: the margin or the logits, [n, c]; classes: the answers.
   */
  run(off) {
    const without = new Set(off);
    const { readout, shares, size } = this;
    const c = readout.columns.length;
    const stream = this.stream(without);
    const hinges = this.hinges.map((_, k) => (without.has(`hinge${k}`) ? new Float64Array(size).fill(this.held[k]) : this.#hinge(k, stream)));
    const scores = new Float64Array(size * c);
    readout.columns.forEach((column, out) => {
      const shared = (j) => (shares ? shares.reduce((sum, share) => sum + share.at(j), 0) : 0);
      const direct = affine(stream.map((_, j) => column[j] - shared(j)), readout.bias[out] + readout.offset[out] - shared(-1), stream, size);
      for (let i = 0; i < size; i++) scores[i * c + out] = direct[i];
    });
    const linear = shares ? scores.slice() : null;
    hinges.forEach((values, k) => {
      for (let i = 0; i < size; i++)
        if (values[i] !== 0) for (let out = 0; out < c; out++) scores[i * c + out] += values[i] * (shares ? 1 : readout.hidden[k * c + out]);
    });
    return { hinges, linear, scores, classes: readout.classesOf(scores) };
  }

  /**
   * Two curves of a head over the tokens of a position: how loud each token is (its attention score), and each of the
   * values that it moves, less their mean over the tokens.
   */
  curves(head, at) {
    const { network } = this;
    const { n_heads: h, d_head: e } = network.config;
    const count = network.counts[at];
    const loud = Float64Array.from({ length: count }, (_, t) => network.scores[at][t * h + head]);
    const values = Array.from({ length: this.heads[head].rank }, (_, j) => {
      const raw = Float64Array.from({ length: count }, (_, t) => network.values[at][t * h * e + head * e + j]);
      const middle = mean(raw);
      return raw.map((value) => value - middle);
    });
    return { loud, values };
  }

  /** Where the plane of a hinge lies in the space of some directions of resid_mid: `normal` · y + offset = 0. */
  planeIn(k, vectors, origin) {
    const { normal, offset } = this.planes[k];
    return { normal: vectors.map((vector) => dot(normal, vector)), offset: offset + dot(normal, origin) };
  }
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A weighted sum of the coordinates plus a constant, on every input. */
function affine(weights, constant, stream, size) {
  const out = new Float64Array(size).fill(constant);
  stream.forEach((coordinate, j) => {
    for (let i = 0; i < size; i++) out[i] += weights[j] * coordinate[i];
  });
  return out;
}
