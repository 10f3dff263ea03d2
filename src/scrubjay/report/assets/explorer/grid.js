// The domain as a grid of inputs: the row is the token at the first position that varies, the column is the tokens at
// the other positions. The reader chooses inputs in it by pointer or keyboard.

export class Grid {
  constructor(network) {
    const varying = network.counts.map((_, at) => at).filter((at) => network.counts[at] > 1);
    this.varying = varying.length ? varying : [0];
    this.rows = varying.length > 1 ? network.counts[varying[0]] : 1;
    this.columns = network.size / this.rows;
    this.rowAt = varying.length > 1 ? varying[0] : null;
    this.columnAt = varying.length > 1 ? varying.slice(1) : this.varying;
  }

  /** The input at a place in the image. Both coordinates run from 0 to 1, from the upper left corner. */
  input(across, down) {
    const clamp = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    return clamp(down, this.rows) * this.columns + clamp(across, this.columns);
  }

  /** The input that an arrow key leads to. At an edge it goes on at the opposite edge. */
  step(input, key) {
    const row = Math.floor(input / this.columns);
    const column = input % this.columns;
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
    const wrap = (value, count) => (value + count) % count;
    return wrap(row + down, this.rows) * this.columns + wrap(column + right, this.columns);
  }
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
