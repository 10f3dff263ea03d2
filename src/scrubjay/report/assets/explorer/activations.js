// The activation functions of an MLP, by the names that config.py gives them, in float64.

const SQRT_PI = Math.sqrt(Math.PI);
const TANH_SCALE = Math.sqrt(2 / Math.PI);

/**
 * The error function, correct to 3e-16.
 *
 * Source: W. J. Cody 1969, "Rational Chebyshev approximations for the error function", Mathematics of Computation 23,
 * with the coefficients of his routine CALERF (netlib). In each list the last coefficient but one is the constant, and
 * the last is that of the highest power.
 */
export function erf(x) {
  const y = Math.abs(x);
  if (y <= 0.46875) return x * ratio(NEAR, y * y);
  let rest = 0;
  if (y <= 4) rest = Math.exp(-y * y) * ratio(MIDDLE, y);
  else if (y < 6) rest = (Math.exp(-y * y) / y) * (1 / SQRT_PI - ratio(FAR, 1 / (y * y)) / (y * y));
  return x < 0 ? rest - 1 : 1 - rest;
}

const NEAR = [
  [3.1611237438705656, 113.864154151050156, 377.485237685302021, 3209.37758913846947, 0.185777706184603153],
  [23.6012909523441209, 244.024637934444173, 1282.61652607737228, 2844.23683343917062],
];
const MIDDLE = [
  [
    0.564188496988670089, 8.88314979438837594, 66.1191906371416295, 298.635138197400131, 881.95222124176909,
    1712.04761263407058, 2051.07837782607147, 1230.33935479799725, 2.15311535474403846e-8,
  ],
  [
    15.7449261107098347, 117.693950891312499, 537.181101862009858, 1621.38957456669019, 3290.79923573345963,
    4362.61909014324716, 3439.36767414372164, 1230.33935480374942,
  ],
];
const FAR = [
  [0.305326634961232344, 0.360344899949804439, 0.125781726111229246, 0.0160837851487422766, 6.58749161529837803e-4, 0.0163153871373020978],
  [2.56852019228982242, 1.87295284992346725, 0.527905102951428412, 0.0605183413124413191, 0.00233520497626869185],
];

function ratio([above, below], z) {
  let over = above[above.length - 1] * z;
  let under = z;
  for (let k = 0; k < below.length - 1; k++) {
    over = (over + above[k]) * z;
    under = (under + below[k]) * z;
  }
  return (over + above[above.length - 2]) / (under + below[below.length - 1]);
}

/** The activation functions. */
export const ACTIVATIONS = {
  relu: (x) => (x > 0 ? x : 0),
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  gelu_new: (x) => 0.5 * x * (1 + Math.tanh(TANH_SCALE * (x + 0.044715 * x * x * x))),
  silu: (x) => x / (1 + Math.exp(-x)),
};

/** What the activation functions are called on the page. */
export const ACTIVATION_NAMES = { relu: "ReLU", gelu: "GELU", gelu_new: "GELU", silu: "SiLU" };
