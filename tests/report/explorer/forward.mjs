// The plain forward pass at the last position, one input at a time, on nested arrays. It shares no code with the explorer.

const sum = (values) => values.reduce((total, value) => total + value, 0);
export const inner = (a, b) => sum(a.map((value, i) => value * b[i]));
const plus = (...vectors) => vectors[0].map((_, i) => sum(vectors.map((vector) => vector[i])));
const times = (k, vector) => vector.map((value) => k * value);
const apply = (vector, matrix) => matrix[0].map((_, j) => sum(vector.map((value, i) => value * matrix[i][j])));

/** The tokens of all inputs, the first position slowest. */
export const domain = (positions) =>
  positions.reduce((inputs, tokens) => inputs.flatMap((input) => tokens.map((token) => [...input, token])), [[]]);

/** Every site of an input; with the pattern blended with the mean, resid_mid moved, and only some neurons used. */
export function forward({ config, weights, mean, frozenPattern }, tokens, { t = 1, move = null, neurons = null, fraction = 1 } = {}) {
  const { n_heads: h, d_head: e, d_mlp: m } = config;
  const W = weights;
  const stream = tokens.map((token, s) => plus(W.W_E[token], W.W_pos[s]));
  const resid_pre = stream[stream.length - 1];
  const pattern = [];
  let resid_mid = move ? plus(resid_pre, move) : resid_pre;
  for (let head = 0; head < h; head++) {
    const query = apply(resid_pre, W.W_Q[head]);
    const raw = frozenPattern ? frozenPattern[head] : stream.map((x) => Math.exp(inner(query, apply(x, W.W_K[head])) / Math.sqrt(e)));
    pattern.push(raw.map((weight, s) => mean[head][s] + t * (weight / sum(raw) - mean[head][s])));
    const z = plus(...stream.map((x, s) => times(pattern[head][s], apply(x, W.W_V[head]))));
    resid_mid = plus(resid_mid, apply(z, W.W_O[head]));
  }
  const used = neurons ?? Array.from({ length: m }, (_, neuron) => neuron);
  const mlp_pre = m ? plus(apply(resid_mid, W.W_in), W.b_in) : [];
  const mlp_out = plus(W.b_out, ...used.map((neuron) => times(Math.max(0, mlp_pre[neuron]), W.W_out[neuron])));
  const resid_post = plus(resid_mid, times(fraction, mlp_out));
  return { resid_pre, pattern, resid_mid, mlp_pre, mlp_out, resid_post, logits: apply(resid_post, W.W_U) };
}

/** Every site of every input. */
export const run = (plain, changes) => domain(plain.positions).map((tokens) => forward(plain, tokens, changes));

/** The class and the margin of an answer, as the reading of the portrait has it. */
export function answer({ reads, class_of }, logits) {
  if (reads) {
    const margin = logits[reads[1]] - logits[reads[0]];
    return { class: margin > 0 ? 1 : 0, margin };
  }
  const falling = logits.map((_, token) => token).sort((a, b) => logits[b] - logits[a]);
  return { class: class_of[falling[0]], margin: logits[falling[0]] - logits[falling[1]] };
}
