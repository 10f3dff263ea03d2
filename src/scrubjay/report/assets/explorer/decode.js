// Arrays in the page's data are objects {dtype, base64} that hold little-endian bytes.

const KINDS = { f4: Float32Array, f8: Float64Array, i4: Int32Array, i2: Int16Array, u1: Uint8Array };

/** The typed array that an object {dtype, base64} holds; null stays null. */
export function decode(packed) {
  if (packed === null) return null;
  const text = atob(packed.base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new KINDS[packed.dtype](bytes.buffer);
}
