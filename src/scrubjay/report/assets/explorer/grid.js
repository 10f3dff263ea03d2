// The domain as a grid of inputs. The rows are the tokens at the first positions that vary, the columns those at the
// others. A list of inputs fills the rows of the grid one after the other. The reader chooses inputs in it by pointer or
// keyboard.

export class Grid {
  constructor({ counts, size, isList }) {
    const varying = counts.map((_, at) => at).filter((at) => counts[at] > 1);
    this.size = size;
    this.varying = varying.length ? varying : [0];
    const cut = isList ? 0 : squarest(varying.map((at) => counts[at]));
    this.rowAt = varying.slice(0, cut);
    this.columnAt = isList ? [] : this.varying.slice(cut);
    this.rows = isList ? Math.ceil(Math.sqrt(size / 2)) : this.rowAt.reduce((product, at) => product * counts[at], 1);
    this.columns = Math.ceil(size / this.rows);
    this.rows = Math.ceil(size / this.columns);
  }

  /** The input at a place in the image. Both coordinates run from 0 to 1, from the upper left corner. */
  input(across, down) {
    const clamp = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    return Math.min(this.size - 1, clamp(down, this.rows) * this.columns + clamp(across, this.columns));
  }

  /** The input that an arrow key leads to. At an edge it goes on at the opposite edge. */
  step(input, key) {
    const row = Math.floor(input / this.columns);
    const column = input % this.columns;
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
    const wrap = (value, count) => (value + count) % count;
    return Math.min(this.size - 1, wrap(row + down, this.rows) * this.columns + wrap(column + right, this.columns));
  }
}

/** How many of the varying positions the rows take, so that the longer side of the grid is as short as it can be. */
function squarest(counts) {
  const product = (some) => some.reduce((a, b) => a * b, 1);
  const longer = (cut) => Math.max(product(counts.slice(0, cut)), product(counts.slice(cut)));
  return counts.reduce((best, _, cut) => (cut > 0 && longer(cut) < longer(best) ? cut : best), counts.length > 1 ? 1 : 0);
}

/**
 * Let the reader choose inputs in a canvas: pointing shows an input, a click or tap pins it, the arrow keys move the
 * pinned input, and Escape unpins it.
 */
export function choosing(board, scene, grid, inputAt) {
  const { canvas } = board;
  const there = (event) => inputAt(...board.at(event));
  canvas.addEventListener("pointermove", (event) => scene.set({ hovered: there(event) }));
  canvas.addEventListener("pointerleave", () => scene.set({ hovered: null }));
  canvas.addEventListener("click", (event) => {
    const input = there(event);
    scene.set({ pinned: input === scene.settings.pinned ? null : input });
  });
  canvas.addEventListener("keydown", (event) => {
    const { pinned } = scene.settings;
    if (event.key === "Escape") scene.set({ pinned: null, hovered: null });
    else if (event.key.startsWith("Arrow")) scene.set({ pinned: pinned === null ? 0 : grid.step(pinned, event.key), hovered: null });
    else return;
    event.preventDefault();
  });
}
