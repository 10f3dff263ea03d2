// The activation functions of the MLP, by their names in the network's config (nets/pointwise.py).

export const ACTIVATION = {
  relu: (x) => (x > 0 ? x : 0),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  gelu_new: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: (x) => x / (1 + Math.exp(-x)),
};

/** What to call each of them. */
export const ACTIVATION_NAMES = { relu: "ReLU", gelu: "GELU", gelu_new: "GELU (tanh)", silu: "SiLU" };

/** The error function: the series of DLMF 7.6.2, in which no terms cancel. Beyond 6, it is 1 to the last digit. */
export function erf(x) {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = (2 / Math.sqrt(Math.PI)) * x * Math.exp(-x * x);
  let sum = term;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return sum;
}
