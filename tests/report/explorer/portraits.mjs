// Portraits of small random networks, packed as src/scrubjay/report/portrait_json.py packs them, and the plain numbers
// beside them. Random numbers are determined by a seed.

/** A source of normal random numbers (a linear congruential generator and the Box-Muller transform). */
export function normals(seed) {
  let state = BigInt(seed) * 2654435761n + 1n;
  const uniform = () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    return (Number(state >> 11n) + 0.5) / 2 ** 53;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

const WRITERS = { f4: "setFloat32", f8: "setFloat64", i4: "setInt32", i2: "setInt16", u1: "setUint8" };

/** {dtype, base64} of a flat array: little-endian on any machine. */
export function packed(values, dtype) {
  const itemsize = Number(dtype[1]);
  const view = new DataView(new ArrayBuffer(itemsize * values.length));
  values.forEach((value, i) => view[WRITERS[dtype]](i * itemsize, value, true));
  return { dtype, base64: Buffer.from(view.buffer).toString("base64") };
}

/** A nested array of the given shape, filled in C order. */
export function filled([count, ...inner], draw) {
  return Array.from({ length: count }, () => (inner.length ? filled(inner, draw) : draw()));
}

/** The permutation of 0 to count - 1 that sorts random keys. */
export function permutation(count, draw) {
  const keys = filled([count], draw);
  return keys.map((_, i) => i).sort((i, j) => keys[i] - keys[j]);
}

const SIZES = { d_vocab: 9, n_ctx: 4, d_model: 5, n_heads: 2, d_head: 3, d_mlp: 7, n_layers: 1 };
const PLAIN = { act_fn: "relu", norm: "none", attention: "causal", attn_coeff: 1, attn_only: false };
const POSITIONS = [[0, 2, 5], [3, 1], [4], [8]];

/**
 * A random network with an analysis of random content, of the right shapes.
 * @param {object} wanted what differs from the usual: sizes, positions, names, filters (of the full and of the frozen
 *   network, a count or null), gate and table of the filters, kind of the reading, classes, precision, frozen (attention
 *   was held fixed in training), labelled, and scales of some weights.
 * @returns {{data: object, plain: object}} the portrait, and its numbers as nested arrays.
 */
export function portrait(wanted = {}) {
  const {
    seed = 1, positions = POSITIONS, names, filters = [2, 2], gate = "AND", table = null, kind = "margin", classes = [[1], [0]],
    precision = "f4", frozen = false, labelled = true, scales = {},
  } = wanted;
  const config = { ...SIZES, ...PLAIN, n_ctx: positions.length, ...wanted.sizes };
  config.d_vocab_out = config.d_vocab;
  const { d_vocab: v, n_ctx: s, d_model: d, n_heads: h, d_head: e, d_mlp: m } = config;
  const draw = normals(seed);
  const drawn = (scale = 1) => (precision === "f4" ? () => Math.fround(scale * draw()) : () => scale * draw());
  const shapes = {
    W_E: [v, d], W_pos: [s, d], W_Q: [h, d, e], W_K: [h, d, e], W_V: [h, d, e], W_O: [h, e, d],
    W_in: [d, m], b_in: [m], W_out: [m, d], b_out: [d], W_U: [d, v],
  };
  const weights = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, filled(shape, drawn(scales[name]))]));
  const pattern = () => filled([h, s], () => Math.exp(draw())).map((row) => row.map((weight) => weight / row.reduce((a, b) => a + b)));
  const mean = pattern();
  const frozenPattern = frozen ? pattern() : null;
  const size = positions.reduce((product, tokens) => product * tokens.length, 1);
  const labels = Array.from({ length: size }, (_, i) => i % classes.length);
  const train = Array.from({ length: size }, (_, i) => Number(i % 3 === 0));
  const class_of = Array.from({ length: v }, (_, token) => classes.findIndex((group) => group.includes(token)));
  const views = ["full", "frozen"].map((name, at) => {
    const count = Math.min(4, d);
    const site = () => ({ components: filled([count, d], draw), mean: filled([d], draw), explained: filled([count], () => 0.125) });
    const k = filters[at];
    return {
      name,
      classes: Array.from({ length: size }, (_, i) => (i + at) % classes.length),
      order: permutation(m, draw),
      mid: site(),
      post: site(),
      filters: k && {
        names: ["α", "β", "γ", "δ"].slice(0, k),
        gate,
        table: table ?? Array.from({ length: 2 ** k }, (_, row) => Number(row === 2 ** k - 1)),
        agreement: 0.75,
        directions: filled([k, d], draw),
        thresholds: filled([k], draw),
      },
    };
  });
  const reads = kind === "margin" ? classes.map(([token]) => token) : null;
  const data = {
    title: "small",
    task: "a task",
    config,
    ...(names === null ? {} : { names: names ?? ["a", "b", "c", "="] }),
    positions,
    read_at: positions.length - 1,
    listed: null,
    classes: classes.length,
    labels: labelled ? packed(labels, "i2") : null,
    train: labelled ? packed(train, "u1") : null,
    weights: Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, packed(value.flat(Infinity), precision)])),
    recorded: null,
    frozen_pattern: frozenPattern,
    mean_pattern: packed(mean.flat(), "f8"),
    reading: { kind, tokens: reads, class_of },
    views: views.map(packedView),
  };
  return { data, plain: { config, positions, weights, mean, frozenPattern, size, labels, train, views, reads, class_of } };
}

function packedView({ name, classes, order, mid, post, filters }) {
  const site = ({ components, mean, explained }) => ({ components: packed(components.flat(), "f8"), mean: packed(mean, "f8"), explained });
  return {
    name,
    classes: packed(classes, "i2"),
    order: packed(order, "i4"),
    mid: site(mid),
    post: site(post),
    filters: filters && { ...filters, directions: packed(filters.directions.flat(), "f8"), thresholds: packed(filters.thresholds, "f8") },
  };
}

/** A portrait of a network that the page does not run: a list of inputs, and what was recorded on them. */
export function recorded(wanted = {}) {
  const { layers = 2, size = 11, components = 3, labelled = true, norm = "none" } = wanted;
  const { data } = portrait({ labelled, positions: [[0, 2, 5], [3, 1], [4], [8]] });
  const draw = normals(9);
  const config = { ...data.config, n_layers: layers, norm };
  const listed = filled([size, 4], draw).map((row) => row.map((value, at) => Math.abs(Math.round(3 * value)) % data.positions[at].length));
  const sites = Array.from({ length: 2 * layers }, (_, k) => ({
    name: `blocks.${k >> 1}.${k % 2 ? "resid_post" : "resid_mid"}`,
    coordinates: filled([components, size], () => Math.fround(draw())),
    explained: Array.from({ length: components }, (_, c) => 0.5 ** (c + 1)),
  }));
  const patterns = filled([layers, config.n_heads, 4], () => Math.abs(draw()) / 4);
  const classes = ["full", "frozen"].map((_, at) => Array.from({ length: size }, (_, i) => Math.floor(i / (at + 1)) % 2));
  const labels = Array.from({ length: size }, (_, i) => Number(i > 4));
  const { weights, mean_pattern, frozen_pattern, reading, ...rest } = data;
  return {
    data: {
      ...rest,
      config,
      listed: packed(listed.flat(), "u1"),
      labels: labelled ? packed(labels, "i2") : null,
      train: null,
      recorded: {
        sites: sites.map(({ coordinates, ...site }) => ({ ...site, coordinates: packed(coordinates.flat(), "f4") })),
        patterns: packed(patterns.flat(2), "f8"),
      },
      views: ["full", "frozen"].map((name, at) => ({ name, classes: packed(classes[at], "i2") })),
    },
    plain: { listed, sites, patterns, classes, labels, size },
  };
}
