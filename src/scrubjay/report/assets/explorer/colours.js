// Colours that people with any kind of colour vision can tell apart: Okabe and Ito's blue and orange for two classes,
// purple through white to orange for signed values, and a scale from dark blue to yellow, in which lightness rises
// steadily, for more classes. They are packed as 0xAABBGGRR, which is what image data takes.

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const packed = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

export const ZERO = "#0072b2";
export const ONE = "#e69f00";
export const STRAY = "#808080";
const SIGNED = ["#5e3c99", "#b2abd2", "#f7f7f7", "#fdb863", "#c95f00"].map(rgb);
const MANY = ["#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"].map(rgb);

function along(stops, share) {
  const place = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(place), stops.length - 2);
  return stops[low].map((value, k) => Math.round(value + (place - low) * (stops[low + 1][k] - value)));
}

const SIGNED_TABLE = Uint32Array.from({ length: 513 }, (_, i) => packed(along(SIGNED, i / 512)));

/** The colour of each of `count` classes, and last the colour of an answer that is in no class. */
export function classPalette(count) {
  const colours = count === 2 ? [ZERO, ONE].map(rgb) : Array.from({ length: count }, (_, k) => along(MANY, k / (count - 1)));
  return Uint32Array.from([...colours, rgb(STRAY)], packed);
}

/** The colours of inputs that stay the same and of inputs that change; the third is never used. */
export function changePalette() {
  return Uint32Array.from(["#cfd4dc", "#b00020", STRAY].map(rgb), packed);
}

/** The colour of each input's class; class -1 means "in no class". (A loop, since `Uint32Array.from` is far slower.) */
export function byClass(classes, palette) {
  const last = palette.length - 1;
  const out = new Uint32Array(classes.length);
  for (let i = 0; i < out.length; i++) out[i] = palette[classes[i] < 0 ? last : classes[i]];
  return out;
}

/** The colour of each value, from purple (-limit) through white (0) to orange (limit). */
export function bySign(values, limit) {
  const out = new Uint32Array(values.length);
  const scale = 256 / limit;
  for (let i = 0; i < out.length; i++) {
    const place = Math.round(256 + scale * values[i]);
    out[i] = SIGNED_TABLE[place < 0 ? 0 : place > 512 ? 512 : place];
  }
  return out;
}

/** The colour `on` where a value is above zero, and `off` elsewhere. */
export function byThreshold(values, [off, on]) {
  const out = new Uint32Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = values[i] > 0 ? on : off;
  return out;
}

/** The largest magnitude of some values, or 1 if all values are zero. */
export function largest(values) {
  let limit = 0;
  for (let i = 0; i < values.length; i++) limit = Math.max(limit, Math.abs(values[i]));
  return limit || 1;
}

/** A packed colour in the notation of style sheets. */
export const css = (colour) => `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
