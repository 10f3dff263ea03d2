// The inputs that are shown: which tokens may stand at each position, and which of them each input has.

import { decode } from "./decode.js";

export class Domain {
  /**
   * @param {object} data the portrait, as `portrait_json` writes it. Of its entries, this class reads:
   *   names: a name for each position; where they are absent, positions are numbered from 1;
   *   positions: the tokens that occur at each position;
   *   read_at: the position, from 0, at which the answer is read;
   *   listed: for each input and position, the index of its token among the tokens of that position, [n, s]; null if
   *     every combination of tokens is an input;
   *   token_names: the names of the first tokens; the others are called by their numbers.
   */
  constructor({ names, positions, read_at, listed, token_names }) {
    this.positions = positions;
    this.names = names ?? positions.map((_, at) => String(at + 1));
    this.tokenNames = token_names ?? [];
    this.readAt = read_at;
    this.counts = positions.map((tokens) => tokens.length);
    this.isList = listed !== null;
    const rows = decode(listed);
    const s = positions.length;
    this.size = rows ? rows.length / s : this.counts.reduce((product, count) => product * count, 1);
    /** For each position and input, the index of the input's token among the tokens of that position: [s][n]. */
    this.choices = rows ? positions.map((_, at) => Int32Array.from({ length: this.size }, (_, i) => rows[i * s + at])) : this.#combinations();
  }

  #combinations() {
    let stride = this.size;
    return this.counts.map((count) => {
      stride /= count;
      return Int32Array.from({ length: this.size }, (_, i) => Math.floor(i / stride) % count);
    });
  }

  /** What stands at a position of an input: the name of the token, or its number if it has none. */
  token(input, at) {
    const token = this.positions[at][this.choices[at][input]];
    return this.tokenNames[token] ?? String(token);
  }
}
